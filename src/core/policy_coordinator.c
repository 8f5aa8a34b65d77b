/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policy `coordinator`, the rule of memory_coordinator (kkim651): a state for each guest by its
 * unused memory, and fixed steps, once an interval. Not copied are its faults: half of a donor's
 * whole size counted as given, no minimum and no maximum, more tax paid out than was paid in, the
 * first in the list served first, and figures that went to another guest when the list changed.
 * "The host can" is our budget and reserve, not 80 MiB free; unused is what the kernel calls
 * available, so that a full cache is no shortage.
 */
#include "share.h"
#include "survey.h"
#include "xenmm/units.h"

/* memory_coordinator's thresholds and steps. */
#define STARVED_KIB (150 * MM_KIB_PER_MIB)
#define AMPLE_KIB   (350 * MM_KIB_PER_MIB)
#define GIVE_KIB    (100 * MM_KIB_PER_MIB)
#define GET_KIB	    (300 * MM_KIB_PER_MIB)
#define TAX_KIB	    (2 * MM_KIB_PER_MIB)

/* So far apart, wish and target are the same to decide.c, and taxes add up until it acts. */
#define NEAR_KIB (16 * MM_KIB_PER_MIB)

/* Its target when it began to take part in the steps, or what the last step wished for it. */
static uint64_t last_wish(const struct mm_share *row, const struct mm_step_track *step)
{
	return step->is_known ? step->wish_kib : row->target_kib;
}

/* Where a step starts for those that neither give nor lack: a wish that never came true is over. */
static uint64_t rest_of(const struct mm_share *row, const struct mm_step_track *step)
{
	uint64_t wish = last_wish(row, step);
	bool is_near = wish <= row->target_kib + NEAR_KIB && row->target_kib <= wish + NEAR_KIB;

	return is_near ? wish : row->target_kib;
}

static enum mm_step_state state_of(uint64_t unused_kib, const struct mm_step_track *step)
{
	if (unused_kib <= STARVED_KIB)
		return MM_STEP_STARVED;
	if (unused_kib < AMPLE_KIB)
		return MM_STEP_NORMAL;
	return step->is_known && step->unused_mib == unused_kib / MM_KIB_PER_MIB
		       ? MM_STEP_OVERCOMMITTED
		       : MM_STEP_ACTIVE;
}

/* What it gives at most: never into its guarantee. */
static uint64_t give(struct mm_share *row, uint64_t most_kib)
{
	uint64_t floor_kib = mm_max_u64(row->low_kib, row->soft_kib);
	uint64_t given = row->may_shrink ? mm_sub_floor(row->wish_kib, floor_kib) : 0;

	given = mm_min_u64(given, most_kib);
	row->wish_kib -= given;
	return given;
}

/* States, and what over-committed guests give. Returns that. */
static uint64_t classify(struct mm_decision *d)
{
	uint64_t freed_kib = 0;

	for (size_t i = 0; i < d->shares.count; i++) {
		struct mm_share *row = &d->shares.rows[i];
		struct mm_step_track *step = &d->hist->tracks[row->index].step;
		uint64_t unused_kib =
			mm_sub_floor(row->held_kib, d->plan->entries[row->index].use_kib);

		step->is_known = step->is_known && step->step_ms == d->hist->step_ms;
		step->state = state_of(unused_kib, step);
		row->gain_kib = 0;
		row->wish_kib = rest_of(row, step);
		if (step->state == MM_STEP_STARVED || step->state == MM_STEP_OVERCOMMITTED)
			row->wish_kib = row->held_kib;
		row->wish_kib = mm_min_u64(mm_max_u64(row->wish_kib, row->low_kib), row->high_kib);
		if (step->state == MM_STEP_OVERCOMMITTED)
			freed_kib += give(row, GIVE_KIB);
		step->unused_mib = unused_kib / MM_KIB_PER_MIB;
	}
	return freed_kib;
}

static uint64_t room_of(const struct mm_decision *d, const struct mm_share *row,
	enum mm_step_state state, uint64_t most_kib)
{
	if (d->hist->tracks[row->index].step.state != state || !row->may_grow)
		return 0;
	return mm_min_u64(most_kib, mm_sub_floor(row->high_kib, row->wish_kib));
}

/* Hands out up to rest_kib to guests in that state, up to most_kib each; in parts when it is less. */
static uint64_t hand_to(
	struct mm_decision *d, enum mm_step_state state, uint64_t most_kib, uint64_t rest_kib)
{
	uint64_t room = 0;
	uint64_t part, given = 0;

	for (size_t i = 0; i < d->shares.count; i++)
		room += room_of(d, &d->shares.rows[i], state, most_kib);
	part = mm_min_u64(rest_kib, room);
	for (size_t i = 0; i < d->shares.count && room > 0; i++) {
		struct mm_share *row = &d->shares.rows[i];
		uint64_t gain = mm_scale(part, room_of(d, row, state, most_kib), room);

		row->gain_kib += gain;
		row->wish_kib += gain;
		given += gain;
	}
	return given;
}

static size_t count_state(const struct mm_decision *d, enum mm_step_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < d->shares.count; i++)
		count += d->hist->tracks[d->shares.rows[i].index].step.state == state;
	return count;
}

/* A gain that is worth the name: less than a tax would let all pay for nothing. */
static bool has_grown(const struct mm_share *row)
{
	return row->gain_kib >= TAX_KIB;
}

/* If anything grew, normal guests pay, and those that grew share what was paid, a tax each at most. */
static void tax(struct mm_decision *d)
{
	uint64_t paid_kib = 0;
	uint64_t part_kib;
	size_t grown = 0;

	for (size_t i = 0; i < d->shares.count; i++)
		grown += has_grown(&d->shares.rows[i]);
	if (!grown)
		return;
	for (size_t i = 0; i < d->shares.count; i++) {
		struct mm_share *row = &d->shares.rows[i];

		if (d->hist->tracks[row->index].step.state == MM_STEP_NORMAL)
			paid_kib += give(row, TAX_KIB);
	}
	part_kib = mm_min_u64(paid_kib / grown, TAX_KIB);
	for (size_t i = 0; i < d->shares.count; i++) {
		struct mm_share *row = &d->shares.rows[i];

		if (has_grown(row))
			row->wish_kib = mm_min_u64(row->wish_kib + part_kib, row->high_kib);
	}
}

static void take_step(struct mm_decision *d)
{
	uint64_t freed_kib = classify(d);
	uint64_t rest_kib = d->shares.budget_kib;
	uint64_t given_kib;
	size_t active;

	for (size_t i = 0; i < d->shares.count; i++)
		rest_kib = mm_sub_floor(rest_kib, d->shares.rows[i].wish_kib);
	given_kib = hand_to(d, MM_STEP_STARVED, GET_KIB, rest_kib);
	freed_kib = mm_min_u64(mm_sub_floor(freed_kib, given_kib), rest_kib - given_kib);
	active = count_state(d, MM_STEP_ACTIVE);
	if (active > 0)
		(void)hand_to(d, MM_STEP_ACTIVE, freed_kib / active, freed_kib);
	tax(d);
	for (size_t i = 0; i < d->shares.count; i++) {
		struct mm_share *row = &d->shares.rows[i];
		struct mm_step_track *step = &d->hist->tracks[row->index].step;

		row->gain_kib = 0;
		step->wish_kib = row->wish_kib;
		step->step_ms = d->snap->now_ms;
		step->is_known = true;
	}
	d->hist->step_ms = d->snap->now_ms;
}

void mm_policy_coordinator(struct mm_decision *d)
{
	uint64_t now_ms = d->snap->now_ms;
	uint64_t last_ms = d->hist->step_ms;

	d->shares.is_rest_kept = true;
	if (last_ms == 0 || now_ms < last_ms || now_ms - last_ms >= d->cfg->interval_ms) {
		take_step(d);
		return;
	}
	for (size_t i = 0; i < d->shares.count; i++) {
		struct mm_share *row = &d->shares.rows[i];
		struct mm_step_track *step = &d->hist->tracks[row->index].step;

		step->is_known = step->is_known && step->step_ms == last_ms;
		row->wish_kib = last_wish(row, step);
	}
}
