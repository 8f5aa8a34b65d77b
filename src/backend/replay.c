/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recorded run as a back end: it shows what was seen then, and compares what is decided now with what was
 * decided then.
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "read_file.h"
#include "xenmm/backend.h"
#include "xenmm/trace.h"
#include "xenmm/units.h"

#define TRACE_MAX	((size_t)1 << 30) /* months of a small host, a day of a large one */
#define DIFFERENCES_MAX 20		  /* printed; all are counted */

/* One target that was planned then or now, or differently. */
struct difference {
	uint64_t round;
	uint64_t now_ms;
	uint32_t domid;
	bool was_planned, is_planned;
	struct mm_trace_change then, now;
};

struct replay {
	struct mm_backend backend; /* first */
	char *text;
	struct mm_trace_reader *reader;
	const struct mm_trace_change *changes; /* of the round under way */
	size_t change_count;
	uint64_t rounds; /* compared */
	uint64_t differ; /* rounds of them */
	struct difference differences[DIFFERENCES_MAX];
	size_t difference_count;
	char error[160]; /* what ended the trace early, or "" */
};

static struct replay *replay_of(struct mm_backend *b)
{
	return (struct replay *)(void *)b;
}

static int replay_sample(struct mm_backend *b, struct mm_snapshot *snap)
{
	struct replay *replay = replay_of(b);
	int r;

	replay->change_count = 0;
	if (replay->error[0])
		return -EPROTO;
	r = mm_trace_next(replay->reader, snap, &replay->changes, &replay->change_count,
		replay->error, sizeof(replay->error));
	if (r < 0)
		return r == -ENODATA ? r : -EPROTO;
	return 0;
}

/* What happened then has happened: nothing can be set, nothing fails. */
static int replay_set_target(struct mm_backend *b, uint32_t domid, uint64_t target_kib)
{
	(void)b;
	(void)domid;
	(void)target_kib;
	return 0;
}

static int replay_wait(struct mm_backend *b, struct event_base *base, uint64_t until_ms)
{
	(void)b;
	(void)until_ms;
	return base ? mm_backend_loop_ms(base, 0) : 0;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static bool is_same(const struct mm_trace_change *a, const struct mm_trace_change *b)
{
	return a->domid == b->domid && a->old_kib == b->old_kib && a->new_kib == b->new_kib &&
	       a->reason == b->reason;
}

static struct mm_trace_change change_of(const struct mm_plan *plan, size_t i)
{
	const struct mm_plan_entry *e = &plan->entries[plan->order[i]];

	return (struct mm_trace_change){
		.domid = e->domid,
		.old_kib = e->old_kib,
		.new_kib = e->new_kib,
		.reason = e->reason,
	};
}

/* The order counts too: it is the order in which targets are written. */
static bool is_plan_same(const struct replay *replay, const struct mm_plan *plan)
{
	if (plan->change_count != replay->change_count)
		return false;
	for (size_t i = 0; i < plan->change_count; i++) {
		struct mm_trace_change now = change_of(plan, i);

		if (!is_same(&now, &replay->changes[i]))
			return false;
	}
	return true;
}

static void note(struct replay *replay, const struct mm_snapshot *snap,
	const struct mm_trace_change *then, const struct mm_trace_change *now)
{
	struct difference d = {.round = replay->rounds, .now_ms = snap->now_ms};

	if (replay->difference_count == DIFFERENCES_MAX)
		return;
	d.was_planned = then != NULL;
	d.is_planned = now != NULL;
	if (then)
		d.then = *then;
	if (now)
		d.now = *now;
	d.domid = then ? then->domid : now->domid;
	replay->differences[replay->difference_count++] = d;
}

static const struct mm_trace_change *find_then(const struct replay *replay, uint32_t domid)
{
	for (size_t i = 0; i < replay->change_count; i++) {
		if (replay->changes[i].domid == domid)
			return &replay->changes[i];
	}
	return NULL;
}

static bool is_planned_now(const struct mm_plan *plan, uint32_t domid)
{
	for (size_t i = 0; i < plan->change_count; i++) {
		if (plan->entries[plan->order[i]].domid == domid)
			return true;
	}
	return false;
}

static int replay_decided(
	struct mm_backend *b, const struct mm_snapshot *snap, const struct mm_plan *plan)
{
	struct replay *replay = replay_of(b);

	replay->rounds++;
	if (is_plan_same(replay, plan))
		return 0;
	replay->differ++;
	for (size_t i = 0; i < replay->change_count; i++) {
		if (!is_planned_now(plan, replay->changes[i].domid))
			note(replay, snap, &replay->changes[i], NULL);
	}
	for (size_t i = 0; i < plan->change_count; i++) {
		struct mm_trace_change now = change_of(plan, i);
		const struct mm_trace_change *then = find_then(replay, now.domid);

		if (!then || !is_same(then, &now))
			note(replay, snap, then, &now);
	}
	return 0;
}

/* ---- summary --------------------------------------------------------------------------------- */

static void print_change(
	FILE *out, const char *when, bool is_there, const struct mm_trace_change *c)
{
	if (is_there)
		fprintf(out, "%s %" PRIu64 " -> %" PRIu64 " %s", when, c->old_kib, c->new_kib,
			mm_reason_name(c->reason));
	else
		fprintf(out, "%s nothing", when);
}

static int replay_summary(struct mm_backend *b, FILE *out)
{
	const struct replay *replay = replay_of(b);

	for (size_t i = 0; i < replay->difference_count; i++) {
		const struct difference *d = &replay->differences[i];

		fprintf(out, "replay: round %" PRIu64 ", %" PRIu64 " ms, domain %" PRIu32 ":",
			d->round, d->now_ms, d->domid);
		print_change(out, " then", d->was_planned, &d->then);
		print_change(out, ", now", d->is_planned, &d->now);
		fputc('\n', out);
	}
	if (replay->error[0])
		fprintf(out, "replay: %s\n", replay->error);
	fprintf(out, "replay: %" PRIu64 " rounds, %" PRIu64 " differ\n", replay->rounds,
		replay->differ);
	if (fflush(out) != 0 || ferror(out))
		return -EIO;
	return replay->differ || replay->error[0] ? -EPROTO : 0;
}

static int replay_settings(struct mm_backend *b, struct mm_config *ret_cfg)
{
	*ret_cfg = *mm_trace_config(replay_of(b)->reader);
	return 0;
}

static void replay_close(struct mm_backend *b)
{
	struct replay *replay = replay_of(b);

	mm_trace_close(replay->reader);
	free(replay->text);
	free(replay);
}

static const struct mm_backend_ops replay_ops = {
	.name = "replay",
	.is_virtual_time = true,
	.sample = replay_sample,
	.set_target = replay_set_target,
	.wait = replay_wait,
	.decided = replay_decided,
	.settings = replay_settings,
	.summary = replay_summary,
	.close = replay_close,
};

int mm_backend_replay_open(
	const struct mm_backend_options *o, char *err, size_t n, struct mm_backend **ret)
{
	struct replay *replay;
	struct mm_config cfg; /* the reader keeps it too */
	char reason[256] = "";
	size_t len;
	int r;

	if (!o->file) {
		snprintf(err, n, "replay needs a trace: --backend=replay:FILE");
		return -EINVAL;
	}
	replay = calloc(1, sizeof(*replay));
	if (!replay) {
		snprintf(err, n, "out of memory");
		return -ENOMEM;
	}
	replay->backend.ops = &replay_ops;
	r = mm_read_file(o->file, TRACE_MAX, &replay->text, &len, err, n);
	if (r == 0) {
		r = mm_trace_open(replay->text, len, &cfg, reason, sizeof(reason), &replay->reader);
		if (r < 0)
			snprintf(err, n, "%s: %s", o->file, reason);
	}
	if (r < 0) {
		replay_close(&replay->backend);
		return r;
	}
	*ret = &replay->backend;
	return 0;
}
