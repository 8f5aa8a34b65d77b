/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/fleet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "xenmm/units.h"

#define INTERVAL_MIN_MS 100u
#define EVENTS_MAX	64 /* taken in one turn; the rest in the next one */
#define START_SHARE	50 /* see longest_pause_ms() */

struct member {
	char *uuid, *file;
	struct mm_fleet_want want; /* with the strings above */
	struct mm_probe *probe;	   /* NULL: waits for due_ms */
	bool is_bootstrapping, is_named;
	uint64_t due_ms; /* of the next question, or the next try */
	uint64_t begun_ms;
	bool has_tried;
	enum mm_vmi_reason reason;
	int error;
	uint32_t failures;
	bool has_sample, has_previous;
	struct mm_sample sample, previous;
};

struct mm_fleet {
	int epoll_fd;
	unsigned bootstraps_max, bootstraps;
	struct member **members;
	size_t count, capacity;
	size_t processes, processes_max; /* kept, of all members */
	size_t next; /* whoever looks at all of them goes by their order: the next one is here */
};

/* ---- how long to wait -------------------------------------------------------------------------- */

/*
 * By how likely it is that something changes, and what a try costs: a guest that boots is cheap to ask and soon up; one that
 * is no Linux was searched from end to end, but may be in its boot loader.
 */
static uint64_t first_pause_ms(enum mm_vmi_reason reason, int error)
{
	if (error)
		return error == -EPIPE ? 1000 : 10000;
	switch (reason) {
	case MM_VMI_NOT_BOOTED:
	case MM_VMI_DAMAGED:
		return 1000;
	case MM_VMI_POD:
	case MM_VMI_GONE:
		return 5000;
	case MM_VMI_NOT_LINUX:
	case MM_VMI_LIMIT:
		return 10000;
	default:
		return 60000;
	}
}

/*
 * A guest that was not up yet is asked a question that costs nothing; nobody shall wait minutes for it. One that is searched in
 * vain again and again, up to our last second, does not take more of a CPU than one part in START_SHARE.
 */
static uint64_t longest_pause_ms(enum mm_vmi_reason reason, uint64_t took_ms)
{
	return reason == MM_VMI_NOT_BOOTED
		       ? 15000
		       : mm_max_u64(MM_FLEET_RETRY_MAX_MS, START_SHARE * took_ms);
}

static uint64_t pause_ms(const struct member *m, uint64_t took_ms)
{
	uint64_t pause = first_pause_ms(m->reason, m->error);
	uint64_t longest = longest_pause_ms(m->reason, took_ms);

	for (uint32_t i = 1; i < m->failures && pause < longest; i++)
		pause *= 2;
	return mm_min_u64(pause, longest);
}

/* ---- members ----------------------------------------------------------------------------------- */

static void end_probe(struct mm_fleet *fleet, struct member *m)
{
	if (!m->probe)
		return;
	(void)epoll_ctl(fleet->epoll_fd, EPOLL_CTL_DEL, mm_probe_fd(m->probe), NULL);
	mm_probe_free(m->probe);
	m->probe = NULL;
	if (m->is_bootstrapping)
		fleet->bootstraps--;
	m->is_bootstrapping = false;
}

static void drop_sample(struct mm_fleet *fleet, struct mm_sample *sample)
{
	fleet->processes -= sample->count;
	mm_sample_free(sample);
}

static void free_member(struct mm_fleet *fleet, struct member *m)
{
	if (!m)
		return;
	end_probe(fleet, m);
	drop_sample(fleet, &m->sample);
	drop_sample(fleet, &m->previous);
	free(m->uuid);
	free(m->file);
	free(m);
}

static bool is_same(const struct member *m, const struct mm_fleet_want *want)
{
	const char *file = want->target.file;

	return !strcmp(m->uuid, want->uuid) && m->want.target.domid == want->target.domid &&
	       m->want.target.below == want->target.below && !m->file == !file &&
	       (!file || !strcmp(m->file, file));
}

/* The i-th to be looked at, from the one that is likely to be meant on. */
static struct member *member_at(const struct mm_fleet *fleet, size_t i)
{
	return fleet->members[(fleet->next + i) % fleet->count];
}

/* Sets what the next search begins with. The fleet is the caller's, whom we promised no change that can be seen. */
static void note_found(const struct mm_fleet *fleet, size_t i)
{
	((struct mm_fleet *)fleet)->next = (fleet->next + i + 1) % fleet->count;
}

static struct member *find_same(const struct mm_fleet *fleet, const struct mm_fleet_want *want)
{
	for (size_t i = 0; i < fleet->count; i++) {
		struct member *m = member_at(fleet, i);

		if (!is_same(m, want))
			continue;
		note_found(fleet, i);
		return m;
	}
	return NULL;
}

static struct member *add_member(
	struct mm_fleet *fleet, const struct mm_fleet_want *want, uint64_t now_ms)
{
	struct member *m;

	if (fleet->count == fleet->capacity) {
		size_t capacity = fleet->capacity ? 2 * fleet->capacity : 16;
		struct member **members =
			reallocarray(fleet->members, capacity, sizeof(struct member *));

		if (!members)
			return NULL;
		fleet->members = members;
		fleet->capacity = capacity;
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->uuid = strdup(want->uuid);
	m->file = want->target.file ? strdup(want->target.file) : NULL;
	if (!m->uuid || (want->target.file && !m->file)) {
		free_member(fleet, m);
		return NULL;
	}
	m->due_ms = now_ms;
	fleet->members[fleet->count++] = m;
	return m;
}

static void set_want(struct member *m, const struct mm_fleet_want *want)
{
	m->want = *want;
	m->want.uuid = m->uuid;
	m->want.target.file = m->file;
	m->want.interval_ms = mm_max_u64(want->interval_ms, INTERVAL_MIN_MS);
	m->is_named = true;
}

static void drop_unnamed(struct mm_fleet *fleet)
{
	size_t kept = 0;

	for (size_t i = 0; i < fleet->count; i++) {
		if (fleet->members[i]->is_named)
			fleet->members[kept++] = fleet->members[i];
		else
			free_member(fleet, fleet->members[i]);
	}
	fleet->count = kept;
	fleet->next = 0;
}

int mm_fleet_update(
	struct mm_fleet *fleet, const struct mm_fleet_want *wants, size_t count, uint64_t now_ms)
{
	int r = 0;

	for (size_t i = 0; i < fleet->count; i++)
		fleet->members[i]->is_named = false;
	fleet->next = 0;
	for (size_t i = 0; i < count; i++) {
		struct member *m = find_same(fleet, &wants[i]);

		if (!m)
			m = add_member(fleet, &wants[i], now_ms);
		if (m)
			set_want(m, &wants[i]);
		else
			r = -ENOMEM;
	}
	drop_unnamed(fleet);
	return r;
}

/* ---- one turn ---------------------------------------------------------------------------------- */

static void fail(struct mm_fleet *fleet, struct member *m, enum mm_vmi_reason reason, int error,
	uint64_t now_ms)
{
	uint64_t took_ms = m->is_bootstrapping ? mm_sub_floor(now_ms, m->begun_ms) : 0;

	end_probe(fleet, m);
	m->has_tried = true;
	m->reason = reason;
	m->error = error;
	m->failures++;
	m->due_ms = now_ms + pause_ms(m, took_ms);
}

/* Guests with tens of thousands of processes must not take the memory that the others' lists need. */
static void keep_sample(struct mm_fleet *fleet, struct member *m, struct mm_sample *sample)
{
	drop_sample(fleet, &m->previous);
	m->previous = m->sample;
	m->has_previous = m->has_sample;
	if (sample->count > fleet->processes_max - fleet->processes) {
		mm_sample_free(sample);
		sample->is_partial = true;
	}
	fleet->processes += sample->count;
	m->sample = *sample;
}

static void keep(
	struct mm_fleet *fleet, struct member *m, struct mm_sample *sample, uint64_t now_ms)
{
	keep_sample(fleet, m, sample);
	m->has_sample = true;
	m->has_tried = true;
	m->reason = MM_VMI_OK;
	m->error = 0;
	if (m->is_bootstrapping)
		fleet->bootstraps--;
	m->is_bootstrapping = false;
	if (now_ms - m->begun_ms >= MM_PROBE_STEADY_MS)
		m->failures = 0;
}

/* Why a guest cannot be read, when it is its probe that failed. */
static enum mm_vmi_reason reason_of(int error)
{
	return error == -ETIMEDOUT || error == -ENOMEM ? MM_VMI_LIMIT : MM_VMI_DAMAGED;
}

/* Its probe failed, or was but at the end of its time: then another one is started in its turn, at once. */
static void fail_probe(struct mm_fleet *fleet, struct member *m, int error, uint64_t now_ms)
{
	if (error == -EPIPE && mm_probe_is_worn(m->probe, now_ms)) {
		end_probe(fleet, m);
		m->due_ms = now_ms;
	} else {
		fail(fleet, m, reason_of(error), error, now_ms);
	}
}

static void take_answer(struct mm_fleet *fleet, struct member *m, uint64_t now_ms)
{
	struct mm_sample sample;
	int r = mm_probe_read(m->probe, now_ms, &sample);

	if (r == -EAGAIN)
		return;
	if (r < 0)
		fail_probe(fleet, m, r, now_ms);
	else if (sample.reason != MM_VMI_OK)
		fail(fleet, m, sample.reason, 0, now_ms);
	else
		keep(fleet, m, &sample, now_ms);
}

static void take_answers(struct mm_fleet *fleet, uint64_t now_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(fleet->epoll_fd, events, EVENTS_MAX, 0);

	for (int i = 0; i < n; i++)
		take_answer(fleet, events[i].data.ptr, now_ms);
}

static void ask(struct mm_fleet *fleet, struct member *m, uint64_t now_ms)
{
	int r = mm_probe_ask(m->probe, m->want.with_processes, now_ms);

	if (r < 0 && r != -EBUSY)
		fail_probe(fleet, m, r, now_ms);
	else
		m->due_ms = now_ms + m->want.interval_ms;
}

static void start(struct mm_fleet *fleet, struct member *m, uint64_t now_ms)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = m};
	int r = mm_probe_start(&m->want.target, &m->probe);

	m->begun_ms = now_ms;
	if (r < 0) {
		fail(fleet, m, MM_VMI_NO_ACCESS, r, now_ms);
		return;
	}
	m->is_bootstrapping = true;
	fleet->bootstraps++;
	if (epoll_ctl(fleet->epoll_fd, EPOLL_CTL_ADD, mm_probe_fd(m->probe), &event) < 0)
		fail(fleet, m, MM_VMI_LIMIT, -errno, now_ms);
	else
		ask(fleet, m, now_ms);
}

static bool is_asked(const struct member *m)
{
	return m->probe && mm_probe_deadline(m->probe) != UINT64_MAX;
}

/* Whoever waits longest for its first look, or next try; NULL: nobody is due. */
static struct member *next_to_start(const struct mm_fleet *fleet, uint64_t now_ms)
{
	struct member *best = NULL;

	for (size_t i = 0; i < fleet->count; i++) {
		struct member *m = fleet->members[i];

		if (!m->probe && m->due_ms <= now_ms && (!best || m->due_ms < best->due_ms))
			best = m;
	}
	return best;
}

static uint64_t next_call(const struct mm_fleet *fleet)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < fleet->count; i++) {
		const struct member *m = fleet->members[i];

		/* Who waits for its turn is woken by another one's answer. */
		if (!m->probe && fleet->bootstraps >= fleet->bootstraps_max)
			continue;
		next = mm_min_u64(next, is_asked(m) ? mm_probe_deadline(m->probe) : m->due_ms);
	}
	return next;
}

uint64_t mm_fleet_run(struct mm_fleet *fleet, uint64_t now_ms)
{
	struct member *m;

	take_answers(fleet, now_ms);
	for (size_t i = 0; i < fleet->count; i++) {
		m = fleet->members[i];
		if (is_asked(m) && now_ms >= mm_probe_deadline(m->probe))
			take_answer(fleet, m, now_ms);
		else if (m->probe && !is_asked(m) && m->due_ms <= now_ms)
			ask(fleet, m, now_ms);
	}
	while (fleet->bootstraps < fleet->bootstraps_max && (m = next_to_start(fleet, now_ms)))
		start(fleet, m, now_ms);
	return next_call(fleet);
}

/* ------------------------------------------------------------------------------------------------ */

int mm_fleet_fd(const struct mm_fleet *fleet)
{
	return fleet->epoll_fd;
}

int mm_fleet_look(const struct mm_fleet *fleet, const char *uuid, uint64_t now_ms,
	struct mm_fleet_view *ret_view)
{
	for (size_t i = 0; i < fleet->count; i++) {
		const struct member *m = member_at(fleet, i);

		if (strcmp(m->uuid, uuid) != 0)
			continue;
		note_found(fleet, i);
		*ret_view = (struct mm_fleet_view){
			.sample = m->has_sample ? &m->sample : NULL,
			.previous = m->has_previous ? &m->previous : NULL,
			.age_ms = m->has_sample ? mm_sub_floor(now_ms, m->sample.taken_ms) : 0,
			.reason = m->reason,
			.error = m->error,
			.has_tried = m->has_tried,
			.failures = m->failures,
			.retry_ms = m->probe || !m->has_tried ? 0 : m->due_ms,
		};
		return 0;
	}
	return -ENOENT;
}

int mm_fleet_new(unsigned bootstraps, size_t processes_max, struct mm_fleet **ret_fleet)
{
	struct mm_fleet *fleet = calloc(1, sizeof(*fleet));

	if (!fleet)
		return -ENOMEM;
	fleet->bootstraps_max = bootstraps ? bootstraps : 1;
	fleet->processes_max = processes_max;
	fleet->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (fleet->epoll_fd < 0) {
		int r = -errno;

		free(fleet);
		return r;
	}
	*ret_fleet = fleet;
	return 0;
}

void mm_fleet_free(struct mm_fleet *fleet)
{
	if (!fleet)
		return;
	for (size_t i = 0; i < fleet->count; i++)
		free_member(fleet, fleet->members[i]);
	free(fleet->members);
	(void)close(fleet->epoll_fd);
	free(fleet);
}
