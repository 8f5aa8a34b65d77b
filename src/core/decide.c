/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One round: survey, policy and guard, and which of their wishes can be done now. The steps stand
 * in mm_decide() in their order.
 */
#include "xenmm/decide.h"

#include <errno.h>
#include <stdlib.h>

#include "probing.h"
#include "progress.h"
#include "share.h"
#include "survey.h"
#include "xenmm/units.h"

/*
 * How far below what it holds a target is set at once: a quarter, at least this. A balloon frees
 * about 100 MiB a second in the lab and rounds follow each other in 0.1 s while one moves, so it
 * never has to wait; and what a guest begins to use meanwhile stops the next step.
 */
#define LEASH_PART    4
#define LEASH_MIN_KIB (64 * MM_KIB_PER_MIB)

/* A probed balloon has this long to answer before its target goes back. */
#define PROBE_ANSWER_MS 10000

/* Memory that is promised twice is worse than memory that waits a round: the smallest grant. */
#define GRANT_MIN_KIB 256

/* The smallest gift that is asked for where a guest is short. */
#define PRESS_MIN_KIB 64

static uint64_t dead_band(const struct mm_share *row)
{
	return mm_target_step(row->held_kib);
}

static void change(
	struct mm_decision *d, const struct mm_share *row, uint64_t new_kib, enum mm_reason reason)
{
	struct mm_plan_entry *entry = &d->plan->entries[row->index];

	new_kib -= new_kib % MM_KIB_PER_PAGE;
	entry->reason = reason;
	if (new_kib == entry->old_kib || new_kib == 0) /* 0: no guest could live with it */
		return;
	entry->new_kib = new_kib;
	entry->is_change = true;
}

static enum mm_reason shrink_reason(const struct mm_share *row)
{
	if (row->reason == MM_REASON_DOUBT)
		return row->reason;
	return row->cap_kib && row->wish_kib == row->cap_kib ? MM_REASON_PRESS : MM_REASON_DONATE;
}

/* Below its present target, or what it holds: memory, or the promise of it, is given back. */
static void plan_shrink(struct mm_decision *d, const struct mm_share *row)
{
	uint64_t leash = mm_max_u64(row->held_kib / LEASH_PART, LEASH_MIN_KIB);
	uint64_t new_kib = mm_max_u64(row->wish_kib, mm_sub_floor(row->held_kib, leash));
	uint64_t sure_kib = mm_min_u64(new_kib, row->sure_kib);

	if (row->target_kib > new_kib + dead_band(row))
		change(d, row, new_kib, shrink_reason(row));
	else if (sure_kib > row->target_kib + dead_band(row) && row->wish_kib >= new_kib)
		change(d, row, sure_kib, MM_REASON_HARD_USE);
	else
		d->plan->entries[row->index].reason = row->reason;
}

/* Memory that the row holds already, or was promised: its target can be there at no cost. */
static uint64_t base_of(const struct mm_share *row)
{
	return mm_min_u64(mm_max_u64(row->target_kib, row->sure_kib), row->wish_kib);
}

static uint64_t lack_of(const struct mm_share *row, bool is_urgent)
{
	uint64_t goal = is_urgent ? mm_min_u64(row->soft_kib, row->wish_kib) : row->wish_kib;

	return mm_sub_floor(goal, base_of(row) + row->gain_kib);
}

/* What is missing below the guarantees, grants counted; -f that nobody can have in full is no shortage. */
static uint64_t shortage(const struct mm_shares *shares)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < shares->count; i++) {
		const struct mm_share *row = &shares->rows[i];
		uint64_t lack_kib = mm_sub_floor(
			mm_min_u64(row->low_kib, row->wish_kib), base_of(row) + row->gain_kib);

		if (lack_kib >= GRANT_MIN_KIB) /* a few pages are below what a balloon rounds */
			sum += lack_kib;
	}
	return sum;
}

/* Shares what is free now among the rows that lack something, each by what it lacks. */
static void grant(struct mm_decision *d, uint64_t *available_kib, bool is_urgent)
{
	struct mm_shares *shares = &d->shares;
	uint64_t lack = 0;
	uint64_t given = 0;
	uint64_t part;

	for (size_t i = 0; i < shares->count; i++)
		lack += lack_of(&shares->rows[i], is_urgent);
	part = mm_min_u64(*available_kib, lack);
	for (size_t i = 0; i < shares->count && lack > 0; i++) {
		struct mm_share *row = &shares->rows[i];
		uint64_t gain = mm_scale(part, lack_of(row, is_urgent), lack);

		row->gain_kib += gain;
		given += gain;
	}
	*available_kib -= given;
}

static enum mm_reason growth_reason(const struct mm_share *row, bool is_short)
{
	if (row->is_urgent)
		return MM_REASON_EMERGENCY;
	if (is_short)
		return MM_REASON_SHORT;
	return row->reason == MM_REASON_STEP_BACK ? row->reason : MM_REASON_GROW;
}

static void plan_grow(struct mm_decision *d, const struct mm_share *row)
{
	struct mm_plan_entry *entry = &d->plan->entries[row->index];
	uint64_t base = base_of(row);
	uint64_t new_kib = base + row->gain_kib;
	bool is_short = row->low_kib > base;
	uint64_t worth = is_short ? GRANT_MIN_KIB : dead_band(row);
	enum mm_reason reason = growth_reason(row, is_short);

	if (row->target_kib > new_kib + dead_band(row))
		change(d, row, new_kib, MM_REASON_DONATE);
	else if (new_kib >= row->target_kib + worth)
		change(d, row, new_kib, reason);
	else if (row->wish_kib >= row->target_kib + dead_band(row))
		entry->reason = MM_REASON_WAIT;
	else
		entry->reason = row->reason;
}

static uint64_t surely_held(const struct mm_decision *d, const struct mm_share *row)
{
	return mm_track_surely_held(&d->hist->tracks[row->index], &d->snap->domains[row->index]);
}

/*
 * Stuck balloons are tried with a small step now and then: down where they idle, up where they are
 * short.
 */
static bool plan_probe(struct mm_decision *d, const struct mm_share *row)
{
	if (surely_held(d, row) > row->need_kib + MM_PROBE_KIB)
		change(d, row, surely_held(d, row) - MM_PROBE_KIB, MM_REASON_PROBE);
	else if (row->probe_kib > 0 && row->gain_kib >= row->probe_kib)
		change(d, row, row->held_kib + row->probe_kib, MM_REASON_PROBE);
	return d->plan->entries[row->index].is_change;
}

/* A balloon that rests short of its target: wait, wake it by another target, or give up on it. */
static void plan_still(struct mm_decision *d, const struct mm_share *row, struct mm_track *track)
{
	struct mm_plan_entry *entry = &d->plan->entries[row->index];
	uint64_t now_ms = d->snap->now_ms;
	uint64_t held_kib = surely_held(d, row);
	bool is_due = mm_progress_should_wake(track, now_ms, row->probe_kib > 0);

	if (track->progress == MM_PROGRESS_LAGGING) {
		entry->reason = MM_REASON_NUDGE;
		if (is_due && track->is_shrinking)
			change(d, row, row->target_kib + MM_KIB_PER_PAGE, MM_REASON_NUDGE);
		else if (is_due)
			change(d, row, row->target_kib - MM_KIB_PER_PAGE, MM_REASON_NUDGE);
		return;
	}
	entry->reason = MM_REASON_STUCK;
	if (is_due && plan_probe(d, row))
		return;
	if (now_ms != track->wake_ms && mm_sub_floor(now_ms, track->wake_ms) <= PROBE_ANSWER_MS)
		return;
	/* Nearer than that it is there: a target after each page that it holds besides would creep. */
	if (row->target_kib > held_kib + MM_ARRIVED_KIB ||
		held_kib > row->target_kib + MM_ARRIVED_KIB)
		change(d, row, held_kib, MM_REASON_STUCK);
}

static bool is_still(const struct mm_share *row, const struct mm_track *track)
{
	if (track->progress == MM_PROGRESS_STUCK)
		return true;
	/* One that was to shrink and now runs short shall grow, and most likely can. */
	return track->progress == MM_PROGRESS_LAGGING &&
	       (!track->is_shrinking || row->wish_kib <= row->held_kib);
}

static void plan_row(struct mm_decision *d, const struct mm_share *row)
{
	struct mm_track *track = &d->hist->tracks[row->index];
	struct mm_plan_entry *entry = &d->plan->entries[row->index];

	entry->wish_kib = row->wish_kib;
	if (is_still(row, track))
		plan_still(d, row, track);
	else if (row->wish_kib < row->held_kib)
		plan_shrink(d, row);
	else
		plan_grow(d, row);
	if (entry->is_change || track->progress == MM_PROGRESS_MOVING)
		d->plan->is_moving = true;
}

/* What the row is about to give: it is on its way down, or sets out now. */
static uint64_t given_up(const struct mm_decision *d, const struct mm_share *row)
{
	uint64_t bound_kib = mm_max_u64(row->target_kib, row->held_kib);
	uint64_t new_kib = d->plan->entries[row->index].new_kib;

	if (!row->may_shrink || new_kib + MM_ARRIVED_KIB >= bound_kib)
		return 0;
	return bound_kib - mm_min_u64(new_kib, row->wish_kib);
}

/*
 * What the dead bands keep back can be what short guests, or a guest that starts, lack: a thousand idle guests have little
 * to give each. Then as many as are needed give a whole band, and none so much that it runs short.
 */
static void press(struct mm_decision *d, uint64_t lack_kib)
{
	for (size_t i = 0; i < d->shares.count; i++)
		lack_kib = mm_sub_floor(lack_kib, given_up(d, &d->shares.rows[i]));
	for (size_t i = 0; i < d->shares.count && lack_kib > 0; i++) {
		const struct mm_share *row = &d->shares.rows[i];
		uint64_t new_kib =
			mm_max_u64(row->soft_kib, mm_sub_floor(row->target_kib, dead_band(row)));

		if (d->plan->entries[row->index].is_change || !row->may_shrink || !row->may_grow ||
			row->wish_kib >= row->target_kib ||
			new_kib + PRESS_MIN_KIB > row->target_kib)
			continue;
		change(d, row, new_kib, shrink_reason(row));
		lack_kib = mm_sub_floor(lack_kib, row->target_kib - new_kib);
		d->plan->is_moving = true;
	}
}

/* An agent that fell silent while its guest was shrinking: the squeeze stops where it is. */
static void freeze_silent(struct mm_decision *d)
{
	for (size_t i = 0; i < d->snap->count; i++) {
		struct mm_plan_entry *entry = &d->plan->entries[i];
		const struct mm_track *track = &d->hist->tracks[i];
		const struct mm_share row = {.index = i};

		if (entry->reason == MM_REASON_SILENT &&
			mm_track_is_shrinking(track, &d->snap->domains[i]))
			change(d, &row, mm_track_surely_held(track, &d->snap->domains[i]),
				MM_REASON_SILENT);
	}
}

/* Shrinking before growing, each in the order of the domains. */
static void order_changes(struct mm_plan *plan)
{
	plan->change_count = 0;
	for (int is_growing = 0; is_growing <= 1; is_growing++)
		for (size_t i = 0; i < plan->count; i++) {
			const struct mm_plan_entry *entry = &plan->entries[i];

			if (entry->is_change &&
				(entry->new_kib > entry->old_kib) == (bool)is_growing)
				plan->order[plan->change_count++] = (uint32_t)i;
		}
}

static int reserve(struct mm_plan *plan, size_t count)
{
	size_t capacity = plan->capacity ? plan->capacity : 16;
	void *entries, *order, *shares;

	while (capacity < count)
		capacity *= 2;
	if (capacity == plan->capacity)
		return 0;
	entries = calloc(capacity, sizeof(*plan->entries));
	order = calloc(capacity, sizeof(*plan->order));
	shares = calloc(capacity, sizeof(*plan->shares));
	if (!entries || !order || !shares) {
		free(entries);
		free(order);
		free(shares);
		return -ENOMEM;
	}
	mm_plan_free(plan);
	plan->entries = entries;
	plan->order = order;
	plan->shares = shares;
	plan->capacity = capacity;
	return 0;
}

/* Wishes, bent to what must hold: policy and guard. */
static void wish(struct mm_decision *d)
{
	const struct mm_config *cfg = d->cfg;
	enum mm_policy policy = cfg->is_equal ? MM_POLICY_TAX : cfg->policy; /* -r: tau 0 */
	uint64_t free_goal_kib = 0;

	switch (policy) {
	case MM_POLICY_NEED:
		mm_probe_guests(d);
		d->plan->tau_ppm = mm_policy_need(cfg, &d->shares);
		break;
	case MM_POLICY_COORDINATOR:
		d->plan->tau_ppm = 0;
		mm_policy_coordinator(d);
		free_goal_kib = cfg->free_kib;
		break;
	default:
		d->plan->tau_ppm = mm_policy_tax(cfg, &d->shares, d->snap->now_ms, d->hist);
		free_goal_kib = mm_free_goal(cfg, &d->shares);
		break;
	}
	d->plan->is_overcommitted = mm_guard(&d->shares, free_goal_kib);
	d->plan->pool_kib = d->shares.budget_kib;
	for (size_t i = 0; i < d->shares.count; i++)
		d->plan->pool_kib = mm_sub_floor(d->plan->pool_kib, d->shares.rows[i].wish_kib);
}

int mm_decide(const struct mm_config *cfg, const struct mm_snapshot *snap, struct mm_history *hist,
	struct mm_plan *ret_plan)
{
	struct mm_decision d = {.cfg = cfg, .snap = snap, .hist = hist, .plan = ret_plan};
	uint64_t available_kib;
	int r = reserve(ret_plan, snap->count);

	if (!r)
		r = mm_history_match(hist, snap);
	if (r)
		return r;
	ret_plan->count = snap->count;
	ret_plan->is_moving = false;
	d.shares.rows = ret_plan->shares;
	mm_survey(&d);
	wish(&d);

	available_kib = ret_plan->available_kib;
	grant(&d, &available_kib, true);
	grant(&d, &available_kib, false);
	for (size_t i = 0; i < d.shares.count; i++)
		plan_row(&d, &d.shares.rows[i]);
	press(&d, shortage(&d.shares) + mm_sub_floor(snap->host.reserved_kib, ret_plan->spare_kib));
	freeze_silent(&d);
	order_changes(ret_plan);
	return 0;
}
