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
	MM_PROGRESS_STUCK,   /* given up on; probed now and then */
	MM_PROGRESS_COUNT
};

struct mm_track {
	uint32_t domid;
	char uuid[MM_UUID_LEN + 1]; /* with domid: a reused id is another domain */
	bool is_seen;               /* in this round's snapshot; scratch of mm_decide() */
	uint64_t first_report_ms;   /* 0: none yet */
	enum mm_progress progress;
	uint64_t gap_kib;        /* |current - target| that progress is measured against ... */
	uint64_t gap_ms;         /* ... and when it was last seen to get smaller by enough, or target to change */
	uint64_t target_kib;     /* as seen last */
	uint64_t offset_kib;     /* current - target when settled: a constant of HVM and PVH guests */
	bool is_offset_known;
	uint64_t nudge_ms;       /* last nudge or probe */
	uint32_t nudges;         /* in a row, without movement */
	uint64_t probe_wait_ms;  /* stuck: time between probes, doubling */
	uint64_t use_kib;        /* hard use, as smoothed for deciding */
	uint64_t use_ms;
};

struct mm_history {
	bool has_tau;
	uint32_t tau_ppm;
	uint64_t tau_ms;  /* when tau was last moved */
	struct mm_track *tracks; /* sorted by domid */
	size_t count;
	size_t capacity;
};

/* A zeroed history is empty. free() releases what it holds and zeroes it. */
void mm_history_free(struct mm_history *hist);

/* The track of a domain, or NULL. */
const struct mm_track *mm_history_find(const struct mm_history *hist, uint32_t domid);

const char *mm_progress_name(enum mm_progress progress);

#endif
