/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The decision: from (config, snapshot, history) to a plan. Pure: same inputs, same plan, always.
 */
#ifndef XENMM_DECIDE_H
#define XENMM_DECIDE_H

#include "xenmm/config.h"
#include "xenmm/history.h"
#include "xenmm/plan.h"
#include "xenmm/snapshot.h"

/*
 * Decides one round. Updates *hist (which needs only be zeroed before the first call) and fills *ret_plan,
 * whose memory is reused from round to round. snap must be sorted.
 *
 * Kept, whatever the guests say: the targets of the balanced guests together with what the unbalanced ones
 * of them hold never exceed the budget, unless their present holdings already do; min <= target <= max, as far
 * as what the guest holds allows (it comes down step by step, and a wake-up call may be a page off); no target
 * below hard use plus a margin, unless a maximum demands it; growth only out of memory that is free now (free -
 * claims - reserve - promised); shrinking entries come first. Returns 0 or -ENOMEM, then nothing has changed.
 */
int mm_decide(const struct mm_config *cfg, const struct mm_snapshot *snap, struct mm_history *hist,
	struct mm_plan *ret_plan);

#endif
