/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One timer for each guest says what comes next: start its probe, ask it, or give up waiting for its answer. Finding a
 * kernel takes CPU time, so few probes start at once; the others wait in line.
 */
#include "inside.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "probe/probe.h"
#include "xenmm/units.h"

/* Kernels that are looked for at the same time. */
#define STARTS_MAX 2

/*
 * How long to wait after a failure; doubles with each one in a row. A guest that boots is soon up; what is no Linux, or lacks
 * what is needed, stays so until somebody boots another kernel in it, which is another domain, save for kexec.
 */
#define PAUSE_BOOT_MS	   1000
#define PAUSE_BOOT_MAX_MS  15000
#define PAUSE_POD_MS	   5000
#define PAUSE_BROKEN_MS	   1000
#define PAUSE_NEVER_MS	   60000
#define PAUSE_MAX_MS	   60000
#define PAUSE_NEVER_MAX_MS 3600000

/*
 * Finding a kernel anew because an agent came and went again takes no more than one part in so many of a CPU: the guest could have
 * it come and go all the time.
 */
#define START_SHARE 50

struct mm_inside {
	struct mm_insides *all;
	uint32_t domid;
	void *owner;
	enum mm_inside_wish wish;
	struct mm_probe *probe;
	struct event *answer; /* of the probe */
	struct event *timer;
	bool is_starting, is_in_line, has_answered, is_quick;
	uint64_t due_ms;   /* of what comes next */
	uint64_t begun_ms; /* when its probe was started */
	uint32_t failures; /* in a row */
	struct mm_look_pace pace;
	struct mm_seen seen;
	TAILQ_ENTRY(mm_inside) line, others;
};

TAILQ_HEAD(inside_list, mm_inside);

struct mm_insides {
	mm_inside_fn *fn;
	void *arg;
	struct event_base *base;
	struct inside_list guests;
	struct inside_list line; /* those that wait to be started */
	unsigned int starting;
	size_t watched; /* probes that have answered ... */
	size_t quick;	/* ... and those in whose guests something moves */
	bool is_missing, is_missing_told;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- what comes next ------------------------------------------------------------------------- */

static bool is_asked(const struct mm_inside *in)
{
	return in->probe && mm_probe_deadline(in->probe) != UINT64_MAX;
}

static void set_timer(struct mm_inside *in)
{
	uint64_t due_ms = is_asked(in) ? mm_probe_deadline(in->probe) : in->due_ms;
	uint64_t ms = mm_sub_floor(due_ms, now_ms());
	struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (long)(ms % 1000) * 1000};

	/* without memory for it the next round's wish sets it */
	if (in->timer && (is_asked(in) || in->wish >= MM_INSIDE_CHECK))
		(void)event_add(in->timer, &tv);
}

static void leave_line(struct mm_inside *in)
{
	if (in->is_in_line)
		TAILQ_REMOVE(&in->all->line, in, line);
	in->is_in_line = false;
}

/* Its place is free: the next in line is due. */
static void end_start(struct mm_inside *in)
{
	struct mm_inside *next = TAILQ_FIRST(&in->all->line);

	if (!in->is_starting)
		return;
	in->is_starting = false;
	in->all->starting--;
	if (!next)
		return;
	leave_line(next);
	next->due_ms = 0;
	set_timer(next);
}

static void count_quick(struct mm_inside *in, bool is_quick)
{
	in->all->quick += is_quick;
	in->all->quick -= in->is_quick;
	in->is_quick = is_quick;
}

static void end_probe(struct mm_inside *in)
{
	if (in->answer)
		event_free(in->answer);
	in->answer = NULL;
	mm_probe_free(in->probe);
	in->probe = NULL;
	count_quick(in, false);
	if (in->has_answered)
		in->all->watched--;
	in->has_answered = false;
	end_start(in);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Where not even the kernel was found in time, or in the memory that there is, trying again takes as long each time. */
static bool is_costly(const struct mm_inside *in, enum mm_vmi_reason reason)
{
	return reason == MM_VMI_LIMIT && !in->has_answered;
}

static uint64_t pause_ms(enum mm_vmi_reason reason, bool is_costly, uint32_t failures)
{
	uint64_t pause = PAUSE_NEVER_MS, longest = PAUSE_NEVER_MAX_MS;

	if (reason == MM_VMI_NOT_BOOTED) {
		pause = PAUSE_BOOT_MS;
		longest = PAUSE_BOOT_MAX_MS;
	} else if (reason == MM_VMI_POD) {
		pause = PAUSE_POD_MS;
		longest = PAUSE_MAX_MS;
	} else if (!is_costly &&
		   (reason == MM_VMI_DAMAGED || reason == MM_VMI_GONE || reason == MM_VMI_LIMIT)) {
		pause = PAUSE_BROKEN_MS;
		longest = PAUSE_MAX_MS;
	}
	for (uint32_t i = 1; i < failures && pause < longest; i++)
		pause *= 2;
	return mm_min_u64(pause, longest);
}

static void fail(struct mm_inside *in, enum mm_vmi_reason reason)
{
	bool costs = is_costly(in, reason);

	end_probe(in);
	in->failures++;
	in->due_ms = now_ms() + pause_ms(reason, costs, in->failures);
	memset(&in->pace, 0, sizeof(in->pace));
	mm_seen_set_state(&in->seen, mm_vmi_reason_name(reason), mm_vmi_reason_text(reason));
}

/* The probe failed, not the guest: an errno. One that was but at the end of its time is followed by another one at once. */
static void fail_probe(struct mm_inside *in, int error)
{
	if (error == -EPIPE && in->probe && mm_probe_is_worn(in->probe, now_ms())) {
		end_probe(in);
		in->due_ms = now_ms();
		return;
	}
	if (error == -ENOENT) {
		in->all->is_missing = true;
		fail(in, MM_VMI_NO_ACCESS);
		mm_seen_set_state(&in->seen, "no-probe", "mmprobe is not installed");
		return;
	}
	fail(in, error == -ETIMEDOUT ? MM_VMI_LIMIT : MM_VMI_DAMAGED);
	mm_seen_set_state(&in->seen, "killed",
		error == -ETIMEDOUT ? "mmprobe took too long, and is started anew later"
		: error == -EPROTO  ? "mmprobe answered nonsense, and is started anew later"
				    : "mmprobe ended, and is started anew later");
}

/* ---- looking --------------------------------------------------------------------------------- */

static void schedule(struct mm_inside *in, const struct mm_report *report)
{
	uint64_t wait_ms = mm_look_next_ms(&in->pace, report);
	size_t count;

	count_quick(in, in->wish == MM_INSIDE_WATCH && mm_look_is_quick(&in->pace));
	count = in->is_quick ? in->all->quick : in->all->watched;
	if (in->wish == MM_INSIDE_CHECK)
		wait_ms = MM_LOOK_CHECK_MS;
	in->due_ms = now_ms() +
		     mm_max_u64(wait_ms, mm_look_least_ms(in->seen.cost_us, count, in->is_quick));
}

static void note_answer(struct mm_inside *in, const struct mm_sample *sample)
{
	if (!in->has_answered) {
		in->has_answered = true;
		in->all->watched++;
		in->seen.start_us = sample->bootstrap_us;
		in->seen.spent_us += sample->bootstrap_us;
		end_start(in);
	}
	if (sample->taken_ms >= in->begun_ms + MM_PROBE_STEADY_MS)
		in->failures = 0;
}

/* Without symbols there are processes, but no totals. */
static enum mm_vmi_reason why_no_report(const struct mm_inside *in, const struct mm_sample *sample)
{
	if (in->seen.looks > 0)
		return MM_VMI_DAMAGED;
	return sample->counters.total_kib ? MM_VMI_UNSUPPORTED : MM_VMI_NO_SYMBOLS;
}

static void take_sample(struct mm_inside *in, const struct mm_sample *sample)
{
	struct mm_report last = in->pace.last, report;

	if (sample->reason != MM_VMI_OK) {
		fail(in, sample->reason);
		return;
	}
	note_answer(in, sample);
	if (mm_inside_report(&sample->counters, &last, &report) < 0) {
		fail(in, why_no_report(in, sample));
		return;
	}
	if (in->wish < MM_INSIDE_CHECK) /* it was paused meanwhile */
		return;
	mm_seen_look(&in->seen, &report, sample->taken_ms, sample->cost_us);
	schedule(in, &report);
	in->all->fn(in->all->arg, in->owner, &report, sample->taken_ms,
		in->wish == MM_INSIDE_WATCH && mm_report_is_news(&last, &report));
}

static void take_answer(struct mm_inside *in)
{
	struct mm_sample sample;
	int r = mm_probe_read(in->probe, now_ms(), &sample);

	if (r == -EAGAIN)
		return;
	if (r < 0) {
		fail_probe(in, r);
		return;
	}
	take_sample(in, &sample);
	mm_sample_free(&sample);
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
	struct mm_inside *in = arg;

	(void)fd;
	(void)what;
	take_answer(in);
	set_timer(in);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int watch_answer(struct mm_inside *in)
{
	if (!in->probe || in->answer || !in->all->base)
		return 0;
	in->answer = event_new(
		in->all->base, mm_probe_fd(in->probe), EV_READ | EV_PERSIST, on_answer, in);
	return in->answer && event_add(in->answer, NULL) == 0 ? 0 : -ENOMEM;
}

static void ask(struct mm_inside *in)
{
	int r = mm_probe_ask(in->probe, false, now_ms());

	if (r < 0 && r != -EBUSY)
		fail_probe(in, r);
}

static void start(struct mm_inside *in)
{
	const struct mm_probe_target target = {.domid = in->domid};
	int r;

	if (in->is_in_line)
		return;
	if (in->all->starting >= STARTS_MAX) {
		TAILQ_INSERT_TAIL(&in->all->line, in, line);
		in->is_in_line = true;
		return;
	}
	in->begun_ms = now_ms();
	r = mm_probe_start(&target, &in->probe);
	if (r == 0) {
		in->is_starting = true;
		in->all->starting++;
		r = watch_answer(in);
	}
	if (r < 0)
		fail_probe(in, r);
	else
		ask(in);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct mm_inside *in = arg;

	(void)fd;
	(void)what;
	if (is_asked(in))
		take_answer(in); /* says that it is too late */
	else if (in->wish < MM_INSIDE_CHECK)
		return;
	else if (in->probe)
		ask(in);
	else
		start(in);
	if (!in->is_in_line)
		set_timer(in);
}

/* ---- guests ---------------------------------------------------------------------------------- */

static void leave_base(struct mm_inside *in)
{
	if (in->timer)
		event_free(in->timer);
	if (in->answer)
		event_free(in->answer);
	in->timer = in->answer = NULL;
}

static void join_base(struct mm_inside *in)
{
	if (!in->all->base || in->timer)
		return;
	in->timer = evtimer_new(in->all->base, on_timer, in);
	if (watch_answer(in) < 0)
		fail_probe(in, -ENOMEM);
	if (!in->is_in_line)
		set_timer(in);
}

int mm_inside_new(
	struct mm_insides *insides, uint32_t domid, void *owner, struct mm_inside **ret_inside)
{
	struct mm_inside *in = calloc(1, sizeof(*in));

	if (!in)
		return -ENOMEM;
	in->all = insides;
	in->domid = domid;
	in->owner = owner;
	TAILQ_INSERT_TAIL(&insides->guests, in, others);
	*ret_inside = in;
	return 0;
}

void mm_inside_free(struct mm_inside *inside)
{
	if (!inside)
		return;
	leave_line(inside);
	end_probe(inside);
	leave_base(inside);
	TAILQ_REMOVE(&inside->all->guests, inside, others);
	free(inside);
}

/* What its probe's start took, by the child's word or, until it has answered, by the clock. */
static uint64_t start_ms(const struct mm_inside *in)
{
	if (in->has_answered)
		return mm_min_u64(in->seen.start_us / 1000, MM_PROBE_BOOTSTRAP_MS);
	return mm_min_u64(mm_sub_floor(now_ms(), in->begun_ms), MM_PROBE_BOOTSTRAP_MS);
}

/* Failures, and the pause after them, are remembered. */
static void forget(struct mm_inside *in)
{
	leave_line(in);
	if (in->probe)
		in->due_ms = now_ms() + START_SHARE * start_ms(in);
	end_probe(in);
	if (in->timer)
		(void)event_del(in->timer);
	memset(&in->pace, 0, sizeof(in->pace));
	memset(&in->seen, 0, sizeof(in->seen));
}

static void rest(struct mm_inside *in)
{
	leave_line(in);
	if (in->timer && !is_asked(in))
		(void)event_del(in->timer);
	mm_seen_set_state(&in->seen, MM_SEEN_WAITING, NULL);
}

void mm_inside_wish(struct mm_inside *inside, enum mm_inside_wish wish)
{
	bool was_on = inside->wish >= MM_INSIDE_CHECK;

	if (wish >= MM_INSIDE_CHECK && !inside->timer)
		join_base(inside);
	if (wish == inside->wish)
		return;
	inside->wish = wish;
	if (wish == MM_INSIDE_LEAVE)
		forget(inside);
	else if (wish == MM_INSIDE_REST)
		rest(inside);
	else if (!was_on) {
		mm_seen_set_state(&inside->seen, MM_SEEN_WAITING, NULL);
		set_timer(inside);
	} else if (wish == MM_INSIDE_WATCH && !is_asked(inside) && inside->probe) {
		inside->due_ms = now_ms(); /* its agent has gone silent */
		set_timer(inside);
	}
}

struct mm_seen *mm_inside_seen(struct mm_inside *inside)
{
	return &inside->seen;
}

/* ---- all of them ----------------------------------------------------------------------------- */

int mm_insides_new(mm_inside_fn *fn, void *arg, struct mm_insides **ret_insides)
{
	struct mm_insides *all = calloc(1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	all->fn = fn;
	all->arg = arg;
	TAILQ_INIT(&all->guests);
	TAILQ_INIT(&all->line);
	*ret_insides = all;
	return 0;
}

void mm_insides_free(struct mm_insides *insides)
{
	free(insides);
}

void mm_insides_join(struct mm_insides *insides, struct event_base *base)
{
	struct mm_inside *in;

	if (insides->base == base)
		return;
	insides->base = base;
	TAILQ_FOREACH(in, &insides->guests, others)
	{
		leave_base(in);
		join_base(in);
	}
}

bool mm_insides_take_missing(struct mm_insides *insides)
{
	bool is_new = insides->is_missing && !insides->is_missing_told;

	insides->is_missing_told |= insides->is_missing;
	return is_new;
}
