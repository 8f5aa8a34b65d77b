/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only thing that survives a round: the tax rate that decays, and for each domain how its balloon has
 * followed. Can be printed and compared; holds no pointer into a snapshot.
 */
#ifndef XENMM_HISTORY_H
#define XENMM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/snapshot.h"

/* How a balloon follows its target. */
enum mm_progress {
	MM_PROGRESS_SETTLED, /* at its target */
	MM_PROGRESS_MOVING,  /* on its way */
	MM_PROGRESS_LAGGING, /* no movement for a while; Linux pauses up to 32 s, so this is no verdict yet */
	MM_PROGRESS_STUCK, /* given up on; probed now and then */
	MM_PROGRESS_COUNT
};

struct mm_track {
	uint32_t domid;
	char uuid[MM_UUID_LEN + 1]; /* with domid: a reused id is another domain */
	uint64_t first_ms;	    /* when its first report was seen; 0: none yet */

	enum mm_progress progress;
	bool is_shrinking;     /* direction in which progress is measured */
	uint64_t anchor_kib;   /* what it held when it was last seen to move ... */
	uint64_t anchor_ms;    /* ... and when that was */
	uint64_t wake_ms;      /* last nudge or probe; 0: none since it last moved */
	uint64_t wake_wait_ms; /* time to the next one; doubles */
	int64_t offset_kib;    /* current - target when settled: a constant of HVM and PVH guests */
	bool is_offset_known;
	uint64_t last_kib; /* current in the round before, and since when it is that */
	uint64_t last_ms;

	uint64_t report_ms;	  /* arrival of the last report seen ... */
	uint64_t report_held_kib; /* ... and what the guest held then */
	uint64_t use_kib;	  /* hard use, as smoothed for deciding */
	uint64_t use_ms;	  /* when it was smoothed last; 0: never */
};

struct mm_history {
	uint32_t tau_ppm;	 /* tax rate of the last round; 0 before the first */
	uint64_t tau_ms;	 /* when that was */
	struct mm_track *tracks; /* sorted by domid */
	size_t count;
	size_t capacity;
};

/* A zeroed history is empty. free() releases what it holds and zeroes it. */
void mm_history_free(struct mm_history *hist);

/* The track of a domain, or NULL. */
const struct mm_track *mm_history_find(const struct mm_history *hist, uint32_t domid);

/* What the domain holds, in terms of its target: current less the constant offset of its type. */
uint64_t mm_track_held(const struct mm_track *track, const struct mm_domain *dom);

/*
 * What a balloon that rests may be set to: what it holds, and never more than Xen itself counts, because the
 * offset that was read off may have been a lag.
 */
uint64_t mm_track_surely_held(const struct mm_track *track, const struct mm_domain *dom);

/* Whether the domain is still to give memory back, more than rounding, until it is at its target. */
bool mm_track_is_shrinking(const struct mm_track *track, const struct mm_domain *dom);

const char *mm_progress_name(enum mm_progress progress);

#endif
