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
#include "xenmm/need.h"
#include "xenmm/plan.h"

struct mm_share {
	size_t index;	   /* of its entry in the plan */
	uint64_t held_kib; /* what it holds, in its target's terms */
	uint64_t
		sure_kib; /* the same, and no more than Xen counts: its offset may have been a lag */
	uint64_t target_kib; /* its balloon target now; held_kib where none is set */
	uint64_t use_kib;    /* hard use: held - available */
	uint64_t need_kib;   /* hard use plus a margin, and its minimum */
	uint64_t min_kib;    /* what the administrator guarantees */
	uint64_t doubt_kib;  /* no more of its claim is believed (need.h); 0: all is */
	uint64_t cap_kib;    /* probing: no more than this of the surplus; 0: no cap */
	struct mm_need need;
	uint64_t core_kib;  /* as low_kib, with what of the margin it keeps in a shortage */
	uint64_t low_kib;   /* guarantee: need_kib, or what it holds while it may not shrink */
	uint64_t soft_kib;  /* low_kib and as much of -f on top as everybody can have */
	uint64_t high_kib;  /* maximum */
	uint64_t wish_kib;  /* what it shall hold in the end */
	uint64_t gain_kib;  /* scratch of the guard: what a proportional step gives or takes */
	uint64_t probe_kib; /* a stuck balloon that is short may be tried with this much more */
	uint32_t weight;    /* of its claim to what is left over */
	bool may_shrink;
	bool may_grow;
	bool is_stuck;
	bool is_urgent;	       /* an emergency (need.h) */
	bool is_contrary;      /* its claim is not believed beyond its share (need.h) */
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
 * Need first: guarantees, the warm part, headroom, then surplus; see policy_need.c. Sets wish_kib
 * and soft_kib of every row, and returns the tax on idle memory that decided a tier that did not fit.
 */
uint32_t mm_policy_need(const struct mm_config *cfg, struct mm_shares *shares);

/*
 * Bends the wishes until they keep the invariants: low <= wish <= high, sum <= budget, nobody below
 * soft_kib while another is above its own. Returns true when even the guarantees do not fit; then
 * rows above theirs are lowered to it, nobody loses what it holds of its own, and what is left
 * raises those first that hold least for their weight.
 */
bool mm_guard(struct mm_shares *shares, uint64_t free_goal_kib);

#endif
