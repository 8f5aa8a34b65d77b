/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guard keeps what no policy may break, however it errs: bounds, the budget, and that nobody is
 * short while another idles. Whole KiB, no rounding that could exceed the budget.
 */
#include "share.h"

#include "xenmm/units.h"

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return mm_max_u64(low, mm_min_u64(value, high));
}

/* A row with `level` of free memory on top of its use, but never below its guarantee. */
static uint64_t with_free(const struct mm_share *row, uint64_t level)
{
	return clamp(row->use_kib + level, row->low_kib, row->high_kib);
}

static uint64_t sum_with_free(const struct mm_shares *shares, uint64_t level)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < shares->count; i++)
		sum += with_free(&shares->rows[i], level);
	return sum;
}

static uint64_t sum_with_gain(const struct mm_shares *shares, uint64_t level)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < shares->count; i++) {
		const struct mm_share *row = &shares->rows[i];

		sum += mm_min_u64(row->wish_kib + level, row->high_kib);
	}
	return sum;
}

/*
 * The highest level, up to `limit`, at which the sum still fits the budget: bisection, so that the
 * cost does not depend on how the bounds lie. The sum at level 0 is known to fit.
 */
static uint64_t highest_level(const struct mm_shares *shares, uint64_t limit,
	uint64_t (*sum)(const struct mm_shares *shares, uint64_t level))
{
	uint64_t low = 0;
	uint64_t high = limit;

	if (sum(shares, limit) <= shares->budget_kib)
		return limit;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (sum(shares, middle) <= shares->budget_kib)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Takes `excess` from what rows wish above soft_kib, in proportion to it; it is known to suffice. */
static void take_back(struct mm_shares *shares, uint64_t excess_kib)
{
	uint64_t above = 0;

	for (size_t i = 0; i < shares->count; i++)
		above += shares->rows[i].wish_kib - shares->rows[i].soft_kib;
	for (size_t i = 0; i < shares->count && above > 0; i++) {
		struct mm_share *row = &shares->rows[i];
		uint64_t part = row->wish_kib - row->soft_kib;
		uint64_t cut = mm_scale(excess_kib, part, above);

		/*
		 * What is left is shared anew with the rows that are left, so that rounding cannot
		 * remain.
		 */
		above -= part;
		excess_kib -= cut;
		row->wish_kib -= cut;
	}
}

/* Hands out what the budget leaves, in equal parts to all rows that are below their maximum. */
static void hand_out(struct mm_shares *shares, uint64_t rest_kib)
{
	uint64_t level = highest_level(shares, rest_kib, sum_with_gain);

	for (size_t i = 0; i < shares->count; i++) {
		struct mm_share *row = &shares->rows[i];

		row->wish_kib = mm_min_u64(row->wish_kib + level, row->high_kib);
	}
}

/*
 * In a shortage: a row at that level for its weight, within what it keeps and its guarantee. Levels
 * are what a row of the highest weight gets, so that one step is never more than a KiB of any row.
 */
static uint64_t at_level(const struct mm_share *row, uint64_t level)
{
	uint64_t kept = mm_min_u64(row->low_kib, row->held_kib);

	return clamp(mm_scale(level, row->weight, MM_WEIGHT_MAX), kept, row->low_kib);
}

static uint64_t sum_at_level(const struct mm_shares *shares, uint64_t level)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < shares->count; i++)
		sum += at_level(&shares->rows[i], level);
	return sum;
}

/*
 * The guarantees do not fit. Whoever holds more than its own goes down to it; the others keep what
 * they hold, and what came free raises those first that hold least for their weight (max-min
 * fairness), so that two guests that run short together end alike.
 */
static void share_shortage(struct mm_shares *shares)
{
	uint64_t level = 0;

	if (sum_at_level(shares, 0) <= shares->budget_kib)
		level = highest_level(shares, MM_SIZE_MAX_KIB * MM_WEIGHT_MAX, sum_at_level);
	for (size_t i = 0; i < shares->count; i++) {
		struct mm_share *row = &shares->rows[i];

		row->soft_kib = row->low_kib;
		row->wish_kib = at_level(row, level);
		if (row->reason != MM_REASON_DOUBT &&
			(row->wish_kib < row->low_kib || row->wish_kib == row->held_kib))
			row->reason = MM_REASON_OVERCOMMITTED;
	}
}

/* Pulls the wish within its bounds and notes which bound it was. */
static void bound(struct mm_share *row)
{
	uint64_t wish = clamp(row->wish_kib, row->soft_kib, row->high_kib);

	if (wish < row->wish_kib)
		row->reason = MM_REASON_MAXIMUM;
	else if (wish > row->wish_kib)
		row->reason = MM_REASON_HARD_USE;
	row->wish_kib = wish;
}

bool mm_guard(struct mm_shares *shares, uint64_t free_goal_kib)
{
	uint64_t sum = 0;
	uint64_t level;

	if (sum_with_free(shares, 0) > shares->budget_kib) {
		share_shortage(shares);
		return true;
	}
	level = highest_level(shares, free_goal_kib, sum_with_free);
	for (size_t i = 0; i < shares->count; i++) {
		struct mm_share *row = &shares->rows[i];

		row->soft_kib = mm_max_u64(row->soft_kib, with_free(row, level));
		bound(row);
		sum += row->wish_kib;
	}
	if (sum > shares->budget_kib)
		take_back(shares, sum - shares->budget_kib);
	else if (!shares->is_rest_kept)
		hand_out(shares, shares->budget_kib - sum);
	return false;
}
