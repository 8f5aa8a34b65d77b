/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmserver's loop without its logs, signals and services: sample, decide, apply, wait. */
#include "play.h"

#include <errno.h>

#include "xenmm/decide.h"
#include "xenmm/units.h"

#define QUICK_MS 100 /* mmserver's pace while balloons move */

struct play {
	struct mm_backend *backend;
	const struct mm_config *cfg;
	struct mm_snapshot snap;
	struct mm_history hist;
	struct mm_plan plan;
};

/* Returns whether a target was refused; a domain that is gone does not count, as in mmserver. */
static bool apply(struct play *p)
{
	bool has_failed = false;

	for (size_t i = 0; i < p->plan.change_count; i++) {
		const struct mm_plan_entry *e = &p->plan.entries[p->plan.order[i]];
		int r = p->backend->ops->set_target(p->backend, e->domid, e->new_kib);

		has_failed |= r < 0 && r != -ENOENT;
	}
	return has_failed;
}

static int play_round(struct play *p)
{
	uint64_t delay_ms = p->cfg->interval_ms;
	int r = p->backend->ops->sample(p->backend, &p->snap);

	if (r < 0)
		return r;
	r = mm_decide(p->cfg, &p->snap, &p->hist, &p->plan);
	if (r < 0)
		return r;
	if (!apply(p) && p->plan.is_moving)
		delay_ms = mm_min_u64(delay_ms, QUICK_MS);
	return p->backend->ops->wait(p->backend, NULL, p->snap.now_ms + delay_ms);
}

int mm_play(struct mm_backend *b, const struct mm_config *cfg)
{
	struct play p = {.backend = b, .cfg = cfg};
	int r;

	do
		r = play_round(&p);
	while (r == 0);
	mm_plan_free(&p.plan);
	mm_history_free(&p.hist);
	mm_snapshot_free(&p.snap);
	return r == -ENODATA ? 0 : r;
}
