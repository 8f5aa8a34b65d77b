/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policy `tax`, the rule of the first xenmm: everybody gets an equal share of the budget, plus or
 * minus tau times the distance of its use from the mean use. tau 0 makes all sizes equal, tau 1
 * makes all free memory equal.
 */
#include "share.h"

#include "xenmm/units.h"

/*
 * AUTO lowers tau by a tenth of the gap in this time: the first xenmm's step a round, with its
 * rounds of 2 s. Its half-life is about 13 s.
 */
#define TAU_DECAY_MS   2000
#define TAU_DECAY_PART 10

/* -f unless given: a quarter of an equal share, within these. */
#define FREE_GOAL_PART	  4
#define FREE_GOAL_MIN_KIB (64 * MM_KIB_PER_MIB)
#define FREE_GOAL_MAX_KIB (1024 * MM_KIB_PER_MIB)

uint64_t mm_free_goal(const struct mm_config *cfg, const struct mm_shares *shares)
{
	uint64_t goal;

	if (cfg->is_equal) /* the same for all, whatever they have free */
		return 0;
	if (cfg->free_kib)
		return cfg->free_kib;
	if (!shares->count)
		return FREE_GOAL_MIN_KIB;
	goal = shares->budget_kib / shares->count / FREE_GOAL_PART;
	return mm_min_u64(mm_max_u64(goal, FREE_GOAL_MIN_KIB), FREE_GOAL_MAX_KIB);
}

/*
 * tau at which the biggest user gets its use plus the goal: (f + Amax - N/n) / (Amax - A), within
 * 0..1. Where all use the same there is nothing to tax.
 */
static uint32_t raw_tau(uint64_t goal_kib, uint64_t share_kib, uint64_t max_use, uint64_t mean_use)
{
	uint64_t wanted = goal_kib + max_use;

	if (max_use <= mean_use || wanted <= share_kib)
		return 0;
	if (wanted - share_kib >= max_use - mean_use)
		return MM_TAU_ONE;
	return (uint32_t)mm_scale(MM_TAU_ONE, wanted - share_kib, max_use - mean_use);
}

/* What is left of the gap after that time. */
static uint64_t decay(uint64_t gap, uint64_t elapsed_ms)
{
	for (; elapsed_ms >= TAU_DECAY_MS && gap >= TAU_DECAY_PART; elapsed_ms -= TAU_DECAY_MS)
		gap -= gap / TAU_DECAY_PART;
	return gap -
	       mm_scale(gap, mm_min_u64(elapsed_ms, TAU_DECAY_MS), TAU_DECAY_MS * TAU_DECAY_PART);
}

/* Up at once; down by a tenth of the gap for each TAU_DECAY_MS, whatever the rhythm of the rounds. */
static uint32_t follow_tau(struct mm_history *hist, uint32_t raw, uint64_t now_ms)
{
	uint64_t gap, left;

	if (raw >= hist->tau_ppm || hist->tau_ms == 0) {
		hist->tau_ppm = raw;
		hist->tau_ms = now_ms;
		return raw;
	}
	gap = hist->tau_ppm - raw;
	left = decay(gap, mm_sub_floor(now_ms, hist->tau_ms));
	if (left < gap) { /* rounds in quick succession add up */
		hist->tau_ppm = raw + (uint32_t)left;
		hist->tau_ms = now_ms;
	}
	return hist->tau_ppm;
}

static uint32_t choose_tau(const struct mm_config *cfg, const struct mm_shares *shares,
	uint64_t mean_use, uint64_t now_ms, struct mm_history *hist)
{
	uint64_t max_use = 0;

	if (cfg->is_equal)
		return 0;
	if (!cfg->is_tax_auto)
		return cfg->tax_ppm;
	for (size_t i = 0; i < shares->count; i++)
		max_use = mm_max_u64(max_use, shares->rows[i].use_kib);
	return follow_tau(hist,
		raw_tau(mm_free_goal(cfg, shares), shares->budget_kib / shares->count, max_use,
			mean_use),
		now_ms);
}

uint32_t mm_policy_tax(const struct mm_config *cfg, struct mm_shares *shares, uint64_t now_ms,
	struct mm_history *hist)
{
	uint64_t sum = 0;
	uint64_t mean, share;
	uint32_t tau;

	if (!shares->count)
		return cfg->is_tax_auto || cfg->is_equal ? hist->tau_ppm : cfg->tax_ppm;
	for (size_t i = 0; i < shares->count; i++)
		sum += shares->rows[i].use_kib;
	mean = sum / shares->count;
	share = shares->budget_kib / shares->count;
	tau = choose_tau(cfg, shares, mean, now_ms, hist);
	for (size_t i = 0; i < shares->count; i++) {
		struct mm_share *row = &shares->rows[i];

		if (row->use_kib >= mean)
			row->wish_kib = share + mm_scale(row->use_kib - mean, tau, MM_TAU_ONE);
		else
			row->wish_kib =
				mm_sub_floor(share, mm_scale(mean - row->use_kib, tau, MM_TAU_ONE));
	}
	return tau;
}
