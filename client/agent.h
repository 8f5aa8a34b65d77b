/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When the agent looks and when it speaks. Pure functions: dom0 should learn of every change that
 * could alter a decision, and of nothing else.
 */
#ifndef XENMM_CLIENT_AGENT_H
#define XENMM_CLIENT_AGENT_H

#include "xenmm/guest_proto.h"

#define MM_SAMPLE_FAST_MS UINT64_C(100)	  /* the quickest sampling */
#define MM_SAMPLE_CALM_MS UINT64_C(1000)  /* default of --interval */
#define MM_PUBLISH_MAX_MS UINT64_C(10000) /* a sign of life at least this often */

/* Why a sample is published; MM_PUBLISH_NO is 0. */
enum mm_publish_reason {
	MM_PUBLISH_NO,
	MM_PUBLISH_FIRST,   /* nothing was published yet, or it was lost */
	MM_PUBLISH_AVAIL,   /* available memory changed */
	MM_PUBLISH_BALLOON, /* the balloon moved, or has come to rest */
	MM_PUBLISH_SWAP, /* swap filled or emptied, or pages came back that had been thrown out */
	MM_PUBLISH_PRESSURE,  /* tasks stalled for memory */
	MM_PUBLISH_HEARTBEAT, /* nothing changed for MM_PUBLISH_MAX_MS */
	MM_PUBLISH_REASON_COUNT
};

const char *mm_publish_reason_name(enum mm_publish_reason reason);

/*
 * A change of memory below this many KiB is not worth telling: 1/64 of the total or 1/16 of what is
 * available, whichever is less, but at least 1 MiB. A guest with plenty reports coarsely; one that
 * runs out reports at least 16 times on the way.
 */
uint64_t mm_change_threshold_kib(const struct mm_report *now);

/*
 * Is `now` worth a write? `published` is what dom0 last got (NULL: nothing), elapsed_ms ago; `prev`
 * is the sample before `now` (NULL: none).
 */
enum mm_publish_reason mm_should_publish(const struct mm_report *published,
	const struct mm_report *prev, const struct mm_report *now, uint64_t elapsed_ms);

/*
 * How long until the next sample. Between MM_SAMPLE_FAST_MS and interval_ms: quick at once while
 * the balloon moves, while tasks stall, or while available memory falls so that it would be used up
 * within 32 samples; calm again by doubling last_delay_ms. elapsed_ms lies between prev and now;
 * prev may be NULL.
 */
uint64_t mm_next_sample_ms(const struct mm_report *prev, const struct mm_report *now,
	uint64_t elapsed_ms, uint64_t last_delay_ms, uint64_t interval_ms);

#endif
