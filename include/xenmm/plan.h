/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The outcome of one decision: which targets to write, in which order, and why. The same reason is
 * printed by the log, the status and whatever else shows a decision.
 */
#ifndef XENMM_PLAN_H
#define XENMM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/need.h"

/* Why a domain's target is what it is. mm_reason_text() says it in words. */
enum mm_reason {
	MM_REASON_STEADY,    /* at its target, or nearer than the dead band */
	MM_REASON_DONATE,    /* shrinks: the policy gives its idle memory to others */
	MM_REASON_GROW,	     /* grows: the policy wished it and the memory is there */
	MM_REASON_SHORT,     /* grows first: less available than its headroom */
	MM_REASON_EMERGENCY, /* stalls, or falls steeply: grows at once out of the burst pool */
	MM_REASON_WAIT,	     /* would grow; the memory is not free yet */
	MM_REASON_MINIMUM,   /* raised to, or kept at, its minimum */
	MM_REASON_MAXIMUM,   /* its maximum stops it */
	MM_REASON_HARD_USE,  /* kept: less would cut into what it cannot give back */
	MM_REASON_DOUBT,     /* claims to be full, but nothing in it stalls: kept at its share */
	MM_REASON_OVERCOMMITTED, /* hard use of all does not fit the budget; left alone */
	MM_REASON_NUDGE,	 /* balloon does not move: another target wakes it */
	MM_REASON_STUCK,	 /* balloon does not follow: target set to what it holds */
	MM_REASON_PROBE,	 /* stuck before: a small step to see whether it follows again */
	MM_REASON_PRESS,	 /* idle and calm: pressed gently to learn its working set */
	MM_REASON_STEP_BACK,	 /* pressed too far: gets back what it missed */
	MM_REASON_SILENT,	 /* its agent has gone quiet: left alone */
	MM_REASON_NO_AGENT,	 /* never reported: not balanced */
	MM_REASON_BOOTING,	 /* new, or its balloon has not caught up: not squeezed yet */
	MM_REASON_PAUSED,
	MM_REASON_SAVING,
	MM_REASON_BUILDING,
	MM_REASON_FOREIGN,
	MM_REASON_DYING,
	MM_REASON_EXCLUDED,
	MM_REASON_COUNT
};

/* One domain's part in the plan. Sizes KiB. */
struct mm_plan_entry {
	uint32_t domid;
	enum mm_reason reason;
	bool is_balanced; /* takes part in the sharing */
	bool is_change;	  /* new_kib is to be written */
	uint64_t current_kib;
	uint64_t use_kib;    /* hard use of its last report: what it cannot give back */
	struct mm_need need; /* as estimated for deciding; all 0 where it does not take part */
	uint64_t min_kib;    /* bounds, and weight, that held for it */
	uint64_t max_kib;
	uint32_t weight;
	uint64_t wish_kib; /* what policy and guard want in the end */
	uint64_t old_kib;  /* target before ... */
	uint64_t new_kib;  /* ... and after; equal where is_change is false */
};

struct mm_plan {
	uint32_t tau_ppm;    /* the tax rate that was applied */
	uint64_t budget_kib; /* what the balanced guests may hold in all */
	uint64_t
		spare_kib; /* host memory that is free and nobody's: less claims, reserve and promises; leases are still in it */
	uint64_t available_kib;	       /* of the host's free memory, what could be handed out now */
	uint64_t pool_kib;	       /* of the surplus, what the host keeps for bursts */
	bool is_overcommitted;	       /* the hard use of all does not fit the budget */
	bool is_moving;		       /* balloons are under way: look again soon */
	struct mm_plan_entry *entries; /* one for each domain of the snapshot, in its order */
	uint32_t *order;	       /* indices of the entries to write, shrinking ones first */
	size_t count;		       /* entries */
	size_t change_count;	       /* entries of order */
	size_t capacity;
	struct mm_share *shares; /* working memory of mm_decide() */
};

/* A zeroed plan is empty. free() releases what it holds and zeroes it. */
void mm_plan_free(struct mm_plan *plan);

/* The smallest change of target that is worth a write to a guest that holds so much, KiB. */
uint64_t mm_target_step(uint64_t held_kib);

/* Whether the entry's new target is that one, or nearer to it than a step: what is wanted anew each round is no news then. */
bool mm_is_same_target(uint64_t told_kib, const struct mm_plan_entry *entry);

/* Short stable word ("donate"), and a phrase for people ("gives idle memory"). */
const char *mm_reason_name(enum mm_reason reason);
const char *mm_reason_text(enum mm_reason reason);

/* The reason of that name, or MM_REASON_COUNT. */
enum mm_reason mm_reason_from_name(const char *name);

#endif
