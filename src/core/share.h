/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The working table of one decision: a row for each balanced guest. Policy, guard and decide hand
 * it on; it does not leave src/core.
 */
#ifndef XENMM_SHARE_H
#define XENMM_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/config.h"
#include "xenmm/history.h"
#include "xenmm/plan.h"

struct mm_share {
	size_t index;	     /* of its entry in the plan */
	uint64_t held_kib;   /* what it holds, in its target's terms */
	uint64_t target_kib; /* its balloon target now; held_kib where none is set */
	uint64_t use_kib;    /* hard use: held - available */
	uint64_t need_kib;   /* hard use plus a margin, and its minimum */
	uint64_t low_kib;    /* guarantee: need_kib, or what it holds while it may not shrink */
	uint64_t soft_kib;   /* low_kib and as much of -f on top as everybody can have */
	uint64_t high_kib;   /* maximum */
	uint64_t wish_kib;   /* what it shall hold in the end */
	uint64_t gain_kib;   /* scratch of the guard: what a proportional step gives or takes */
	uint64_t probe_kib;  /* a stuck balloon that is short may be tried with this much more */
	uint32_t weight;     /* of its claim to what is left over */
	bool may_shrink;
	bool may_grow;
	bool is_stuck;
	enum mm_reason reason; /* set where something but the policy decided */
};

struct mm_shares {
	struct mm_share *rows;
	size_t count;
	uint64_t budget_kib; /* for these guests together */
	bool is_rest_kept;   /* the policy leaves what nobody wishes with the host */
};

/* a * b / c without overflow; c > 0 and the result must fit, as it does for b <= c. */
static inline uint64_t mm_scale(uint64_t a, uint64_t b, uint64_t c)
{
	return (uint64_t)((unsigned __int128)a * b / c);
}

/* -f, or its default for that budget and number of guests; 0 with -r. */
uint64_t mm_free_goal(const struct mm_config *cfg, const struct mm_shares *shares);

/*
 * The seed's rule: wish = N/n + tau * (use - mean use). Sets wish_kib of every row (0 where the
 * rule goes below), moves hist's tau and returns it.
 */
uint32_t mm_policy_tax(const struct mm_config *cfg, struct mm_shares *shares, uint64_t now_ms,
	struct mm_history *hist);

/*
 * Bends the wishes until they keep the invariants: low <= wish <= high, sum <= budget, nobody below
 * soft_kib while another is above its own. Returns true when even the guarantees do not fit; then
 * rows above theirs are lowered to it, and the others share what is left without losing what they
 * hold.
 */
bool mm_guard(struct mm_shares *shares, uint64_t free_goal_kib);

#endif
