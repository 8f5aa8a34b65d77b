/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trace to scenario. The simulated guest keeps, above what its programs use, what a kernel keeps free; that
 * is taken off again, so that a guest needs in the end what its reports say.
 */
#include "recorded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/trace.h"
#include "xenmm/units.h"

#define MAGIC	       "xenmm-trace "
#define MEMORY_MIN_KIB (32 * MM_KIB_PER_MIB) /* what a scenario allows */
#define ROOM_KIB       (8 * MM_KIB_PER_MIB)  /* above the kernel's own part */
#define LONGEST_DAYS   31		     /* a run takes a while then */
#define LONGEST_MS     ((uint64_t)LONGEST_DAYS * 24 * 3600 * 1000)
#define RAMP_MS	       1000  /* an agent looks once a second: use may have changed since then */
#define WAIT_MS	       60000 /* it did start: so it may take what memory it needs to */
#define STEP_MS	       10
#define STEP_COARSE_MS 50
#define COARSE_MS      (UINT64_C(1800) * 1000) /* longer runs take coarser steps */
#define GRAIN_PART     256 /* changes of use below this part of what it may hold are left out ... */
#define GRAIN_WORST    16  /* ... or below this, where there are too many */

/* A guest while the trace is read. */
struct seen {
	char uuid[MM_UUID_LEN + 1];
	bool is_here;
	bool was_seen; /* in this round */
	bool is_paused;
	uint64_t use_kib; /* in force */
	uint64_t cache_kib;
	uint64_t report_ms;
};

struct reading {
	struct mm_scenario scenario;
	struct seen *seen; /* as scenario.guests */
	size_t capacity;
	uint64_t start_ms;
	uint64_t now_ms; /* since then */
	uint64_t grain_part;
	bool has_started;
};

bool mm_is_trace(const char *text, size_t len)
{
	return len >= strlen(MAGIC) && memcmp(text, MAGIC, strlen(MAGIC)) == 0;
}

/* ---- what a report says ---------------------------------------------------------------------- */

static uint64_t held_of(const struct mm_domain *d)
{
	return d->report.balloon_kib ? d->report.balloon_kib : d->current_kib;
}

/* What the kernel keeps and does not show; the older agents do not tell. */
static uint64_t kernel_of(const struct mm_domain *d)
{
	uint64_t kernel_kib = 49 * MM_KIB_PER_MIB + d->static_max_kib / 64;

	if (d->report.balloon_kib && !d->report.is_moving)
		kernel_kib = mm_sub_floor(d->report.balloon_kib, d->report.total_kib);
	return kernel_kib;
}

/* What its programs use, in memory and in swap; the kernel keeps free 6 roots of it (sim_guest.c). */
static uint64_t use_of(const struct mm_domain *d, uint64_t kernel_kib)
{
	const struct mm_report *r = &d->report;
	uint64_t use_kib = mm_sub_floor(held_of(d), r->avail_kib);

	use_kib += mm_sub_floor(r->swap_total_kib, r->swap_free_kib);
	use_kib = mm_sub_floor(use_kib, kernel_kib);
	return mm_max_u64(mm_sub_floor(use_kib, 6 * mm_root_u64(use_kib)), MM_KIB_PER_MIB);
}

static uint64_t cache_of(const struct mm_domain *d)
{
	return mm_sub_floor(d->report.avail_kib, d->report.free_kib);
}

/* ---- guests ---------------------------------------------------------------------------------- */

static enum mm_scn_agent agent_of(enum mm_source source)
{
	static const enum mm_scn_agent agents[MM_SOURCE_COUNT] = {
		[MM_SOURCE_NONE] = MM_SCN_AGENT_NONE,
		[MM_SOURCE_XENSERVER] = MM_SCN_AGENT_XENSERVER,
		[MM_SOURCE_SEED] = MM_SCN_AGENT_SEED,
		[MM_SOURCE_INTROSPECTION] = MM_SCN_AGENT_NONE, /* it can be looked into again */
		[MM_SOURCE_XENMM] = MM_SCN_AGENT_XENMM,
	};

	return agents[source];
}

static struct mm_scn_guest guest_of(const struct mm_domain *d, bool is_at_start)
{
	struct mm_scn_guest g = mm_scn_guest_default();

	/* Whatever its type: when it was first seen it had booted, or its balloon was about to catch up. */
	memcpy(g.name, d->name, sizeof(g.name));
	g.is_at_start = is_at_start;
	g.wait_ms = WAIT_MS;
	g.agent = agent_of(d->report.source);
	g.is_readable = d->report.source == MM_SOURCE_INTROSPECTION;
	g.memory_kib = mm_max_u64(d->current_kib, MEMORY_MIN_KIB);
	g.maxmem_kib = mm_max_u64(d->static_max_kib, g.memory_kib);
	g.kernel_kib = mm_min_u64(kernel_of(d), g.memory_kib - ROOM_KIB);
	g.has_kernel = true;
	g.swap_kib = d->report.swap_total_kib;
	g.use_kib = d->report.source ? use_of(d, g.kernel_kib) : MM_KIB_PER_MIB;
	g.cache_kib = cache_of(d);
	return g;
}

static struct seen *find_seen(struct reading *reading, const struct mm_domain *d)
{
	for (size_t i = 0; i < reading->scenario.guest_count; i++) {
		if (strcmp(reading->seen[i].uuid, d->uuid) == 0)
			return &reading->seen[i];
	}
	return NULL;
}

static int add_event(
	struct reading *reading, size_t guest, enum mm_scn_action action, uint64_t value_kib)
{
	const struct mm_scn_event event = {
		.at_ms = reading->now_ms, .guest = guest, .action = action, .value_kib = value_kib};

	return mm_scenario_add_event(&reading->scenario, &event);
}

static int add_guest(struct reading *reading, const struct mm_domain *d)
{
	const struct mm_scn_guest g = guest_of(d, !reading->has_started);
	size_t count = reading->scenario.guest_count;
	size_t wanted = reading->capacity ? reading->capacity * 2 : 64;
	struct seen *grown;
	int r;

	if (count == reading->capacity) {
		grown = reallocarray(reading->seen, wanted, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		reading->seen = grown;
		reading->capacity = wanted;
	}
	r = mm_scenario_add_guest(&reading->scenario, &g);
	if (r < 0)
		return r;
	reading->seen[count] = (struct seen){.is_here = reading->has_started ? false : true,
		.use_kib = g.use_kib,
		.cache_kib = g.cache_kib};
	memcpy(reading->seen[count].uuid, d->uuid, sizeof(d->uuid));
	return 0;
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static bool is_change(const struct reading *reading, size_t i, uint64_t was_kib, uint64_t is_kib)
{
	uint64_t grain_kib = reading->scenario.guests[i].maxmem_kib / reading->grain_part;
	uint64_t gap_kib = was_kib > is_kib ? was_kib - is_kib : is_kib - was_kib;

	return gap_kib > mm_max_u64(grain_kib, MM_KIB_PER_MIB);
}

/* A report: what it tells happened between the one before, or a second ago, and its arrival. */
static int follow_report(struct reading *reading, size_t i, const struct mm_domain *d)
{
	struct seen *seen = &reading->seen[i];
	struct mm_scn_guest *g = &reading->scenario.guests[i];
	uint64_t at_ms = mm_sub_floor(d->report_ms, reading->start_ms);
	uint64_t from_ms = mm_sub_floor(at_ms, RAMP_MS);
	uint64_t use_kib = use_of(d, g->kernel_kib), cache_kib = cache_of(d);
	int r = 0;

	from_ms = mm_max_u64(from_ms, seen->report_ms);
	seen->report_ms = at_ms;
	g->swap_kib = mm_max_u64(g->swap_kib, d->report.swap_total_kib);
	if (g->agent == MM_SCN_AGENT_NONE)
		g->agent = agent_of(d->report.source);
	if (d->report.source == MM_SOURCE_INTROSPECTION)
		g->is_readable = true;
	if (is_change(reading, i, seen->use_kib, use_kib)) {
		const struct mm_scn_event event = {.at_ms = from_ms,
			.guest = i,
			.action = MM_SCN_USE,
			.value_kib = use_kib,
			.span_ms = mm_max_u64(at_ms - from_ms, 1)};

		seen->use_kib = use_kib;
		r = mm_scenario_add_event(&reading->scenario, &event);
	}
	if (r == 0 && is_change(reading, i, seen->cache_kib, cache_kib)) {
		seen->cache_kib = cache_kib;
		r = add_event(reading, i, MM_SCN_CACHE, cache_kib);
	}
	return r;
}

static int follow_state(struct reading *reading, size_t i, const struct mm_domain *d)
{
	struct seen *seen = &reading->seen[i];
	bool is_paused = d->state == MM_DOM_PAUSED;
	int r = 0;

	seen->was_seen = true;
	if (!seen->is_here) {
		seen->is_here = true;
		seen->is_paused = false;
		r = add_event(reading, i, MM_SCN_CREATE, 0);
	}
	if (r == 0 && is_paused != seen->is_paused)
		r = add_event(reading, i, is_paused ? MM_SCN_PAUSE : MM_SCN_UNPAUSE, 0);
	seen->is_paused = is_paused;
	return r;
}

static int follow_domain(struct reading *reading, const struct mm_domain *d)
{
	struct seen *seen;
	size_t i;
	int r = 0;

	/* What is being built or torn down holds an odd part of its memory. */
	if (d->state == MM_DOM_BUILDING || d->state == MM_DOM_DYING)
		return 0;
	if (!find_seen(reading, d))
		r = add_guest(reading, d);
	if (r < 0)
		return r;
	seen = find_seen(reading, d);
	i = (size_t)(seen - reading->seen);
	r = follow_state(reading, i, d);
	if (r == 0 && d->report.source && d->report_ms > reading->start_ms &&
		d->report_ms - reading->start_ms > seen->report_ms)
		r = follow_report(reading, i, d);
	return r;
}

static void set_host(struct reading *reading, const struct mm_snapshot *snap)
{
	uint64_t used_kib = snap->host.free_kib;

	for (size_t i = 0; i < snap->count; i++)
		used_kib += snap->domains[i].current_kib;
	reading->start_ms = snap->now_ms;
	reading->scenario.total_kib = snap->host.total_kib;
	/* Dom0, Xen, and whatever else is no guest's. */
	reading->scenario.dom0_kib = mm_sub_floor(snap->host.total_kib, used_kib);
}

static int follow_round(struct reading *reading, const struct mm_snapshot *snap)
{
	int r = 0;

	if (!reading->has_started)
		set_host(reading, snap);
	reading->now_ms = mm_sub_floor(snap->now_ms, reading->start_ms);
	for (size_t i = 0; i < reading->scenario.guest_count; i++)
		reading->seen[i].was_seen = false;
	for (size_t i = 0; r == 0 && i < snap->count; i++)
		r = follow_domain(reading, &snap->domains[i]);
	for (size_t i = 0; r == 0 && i < reading->scenario.guest_count; i++) {
		struct seen *seen = &reading->seen[i];

		if (!seen->is_here || seen->was_seen)
			continue;
		seen->is_here = false;
		r = add_event(reading, i, MM_SCN_DESTROY, 0);
	}
	reading->has_started = true;
	return r;
}

/* ---- all ------------------------------------------------------------------------------------- */

/* Two guests of one name, as after a rename, would be taken for one another. */
static void tell_apart(struct mm_scenario *s)
{
	for (size_t i = 0; i < s->guest_count; i++) {
		char *name = s->guests[i].name;
		char mark[24];
		size_t j = 0;

		while (j < i && strcmp(name, s->guests[j].name) != 0)
			j++;
		if (j == i)
			continue;
		snprintf(mark, sizeof(mark), "#%zu", i);
		name[mm_min_u64(strlen(name), MM_NAME_MAX - sizeof(mark))] = '\0';
		strcat(name, mark);
	}
}

static int read_rounds(
	struct reading *reading, struct mm_trace_reader *reader, char *err, size_t err_size)
{
	const struct mm_trace_change *changes;
	struct mm_snapshot snap = {0};
	size_t count;
	int r = 0;

	while (r == 0) {
		r = mm_trace_next(reader, &snap, &changes, &count, err, err_size);
		if (r == 0)
			r = follow_round(reading, &snap);
	}
	mm_snapshot_free(&snap);
	if (r == -ENODATA && reading->scenario.guest_count > 0)
		return 0;
	if (r == -ENODATA)
		snprintf(err, err_size, "the trace has no guests");
	return r == -ENODATA ? -EINVAL : r;
}

/* Guests start with no less than the simulator allows; the host must have that. */
static void make_room(struct mm_scenario *s)
{
	uint64_t held_kib = s->dom0_kib;

	for (size_t i = 0; i < s->guest_count; i++)
		held_kib += s->guests[i].is_at_start ? s->guests[i].memory_kib : 0;
	s->total_kib = mm_max_u64(s->total_kib, held_kib);
}

static int read_trace(const char *text, size_t len, struct reading *reading,
	struct mm_config *ret_cfg, char *err, size_t err_size)
{
	struct mm_trace_reader *reader;
	struct mm_scenario *s = &reading->scenario;
	int r = mm_trace_open(text, len, ret_cfg, err, err_size, &reader);

	if (r < 0)
		return -EINVAL;
	r = read_rounds(reading, reader, err, err_size);
	mm_trace_close(reader);
	if (r < 0)
		return r;
	if (reading->now_ms > LONGEST_MS) {
		snprintf(err, err_size, "the trace is longer than %d days", LONGEST_DAYS);
		return -EINVAL;
	}
	tell_apart(s);
	make_room(s);
	s->seed = 1;
	s->set_cost_ms = 15; /* a scenario's default */
	s->duration_ms = reading->now_ms + ret_cfg->interval_ms;
	s->step_ms = s->duration_ms > COARSE_MS ? STEP_COARSE_MS : STEP_MS;
	return mm_scenario_sort(s);
}

int mm_recorded_scenario(const char *text, size_t len, struct mm_scenario *ret_scenario,
	struct mm_config *ret_cfg, char *err, size_t err_size)
{
	uint64_t grain_part = GRAIN_PART;
	int r = -E2BIG;

	for (; r == -E2BIG && grain_part >= GRAIN_WORST; grain_part /= 4) {
		struct reading reading = {.grain_part = grain_part};

		snprintf(err, err_size, "out of memory");
		r = read_trace(text, len, &reading, ret_cfg, err, err_size);
		free(reading.seen);
		if (r == 0)
			*ret_scenario = reading.scenario;
		else
			mm_scenario_free(&reading.scenario);
	}
	if (r == -E2BIG) {
		snprintf(err, err_size, "the trace has more than %d guests or %d changes of use",
			MM_SCN_GUESTS_MAX, MM_SCN_EVENTS_MAX);
		r = -EINVAL;
	}
	return r;
}
