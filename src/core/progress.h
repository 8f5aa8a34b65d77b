/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the balloons follow: measured each round from what a domain holds and was asked to hold.
 * Knows nothing of policies.
 */
#ifndef XENMM_PROGRESS_H
#define XENMM_PROGRESS_H

#include "xenmm/history.h"

/* Nearer to its target than this a balloon has arrived: Linux rounds, PVH keeps some pages back. */
#define MM_ARRIVED_KIB (1 * MM_KIB_PER_MIB)

/* Without movement this long, others need no longer wait for it. Seen: 100 MiB take about 1 s. */
#define MM_LAGGING_MS 3000

/*
 * Linux retries up to 32 s apart (xen_memory0/max_schedule_delay); only beyond that is a balloon
 * stuck.
 */
#define MM_STUCK_MS 40000

/*
 * A balloon that gave up wakes at any other target: tried first after this, then at doubling
 * intervals.
 */
#define MM_NUDGE_MS 5000

/* A stuck balloon is tried after this, then at doubling intervals up to the maximum. */
#define MM_PROBE_MS	60000
#define MM_PROBE_MAX_MS 600000
#define MM_PROBE_KIB	(4 * MM_KIB_PER_MIB)

/*
 * A stuck guest that runs short is tried this often instead: a balloon that gave up shrinking can
 * nearly always grow. Longer than a probe has to answer, so that each writes a target that differs.
 */
#define MM_PROBE_SHORT_MS 15000

/*
 * Gives every domain of the snapshot its track, in the same order, and drops the others. Returns 0
 * or -ENOMEM (nothing changed).
 */
int mm_history_match(struct mm_history *hist, const struct mm_snapshot *snap);

/* Brings the track up to date with its domain. */
void mm_progress_update(struct mm_track *track, const struct mm_domain *dom, uint64_t now_ms);

/*
 * Whether it is time to wake the balloon (nudge, or probe when stuck). Says so once per interval,
 * and sooner where a stuck guest is short of memory.
 */
bool mm_progress_should_wake(struct mm_track *track, uint64_t now_ms, bool is_short);

#endif
