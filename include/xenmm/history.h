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

#include "xenmm/guest_policy.h"
#include "xenmm/snapshot.h"

/* How a balloon follows its target. */
enum mm_progress {
	MM_PROGRESS_SETTLED, /* at its target */
	MM_PROGRESS_MOVING,  /* on its way */
	MM_PROGRESS_LAGGING, /* no movement for a while; Linux pauses up to 32 s, so this is no verdict yet */
	MM_PROGRESS_STUCK, /* given up on; probed now and then */
	MM_PROGRESS_COUNT
};

/* What need is estimated from, and what has been learnt (need.c). */
struct mm_need_track {
	uint64_t report_ms; /* arrival of the last report that was taken in; 0: none yet */
	uint64_t uptime_ms; /* its clock and counters ... */
	uint64_t swapin_pages, swapout_pages;
	uint64_t refault_file;
	uint64_t psi_us;
	uint64_t use_kib;   /* ... and the hard use in it */
	uint64_t held_kib;  /* what it held then ... */
	bool was_shrinking; /* ... and whether that was on its way down */

	uint64_t decay_ms;     /* when what follows was let fall last */
	uint64_t slope_kib_s;  /* growth of hard use, as last seen */
	uint64_t growth_kib_s; /* of hard use: the steepest of late */
	uint64_t rise_kib; /* the largest growth within an answer's time, remembered for longer */
	uint64_t base_use_kib;	 /* hard use from which that is measured ... */
	uint64_t base_ms;	 /* ... and when it was read */
	uint64_t peak_use_kib;	 /* hard use: the highest of late */
	uint64_t warm_swap_kib;	 /* swapped out, and likely to be wanted back */
	uint64_t warm_cache_kib; /* cache that came back after it was thrown out */
	uint64_t pressure_ppm;	 /* share of time stalled */
	uint64_t boost_percent;	 /* on headroom: it ran short in spite of it */
	uint64_t swapin_us;	 /* stall for each page swapped in, averaged; 0: not known */
	uint64_t
		contrary_ms; /* since when it claims to be full while nothing in it stalls; 0: does not */

	uint64_t urgent_ms;	/* last time it stalled, or was about to run dry; 0: never */
	uint64_t contrary_kib;	/* what it held then */
	uint64_t doubt_cap_kib; /* so much of that claim is believed; 0: all of it */
	uint64_t doubt_ms;	/* when it was put to the test last ... */
	uint64_t doubt_wait_ms; /* ... and how long it rests after it stalled; doubles */
	uint64_t restless_ms;	/* last sign that it missed something; 0: none yet */
	uint64_t press_cap_kib; /* probing: it shall hold no more than this; 0: not pressed */
	uint64_t press_ms;	/* last step ... */
	uint64_t press_wait_ms; /* ... and how long it waited after it last stepped back; doubles */
	uint64_t press_use_kib; /* hard use at that step */
	uint64_t
		working_set_kib; /* with less than this besides hard use it missed something; 0: not found */
	uint64_t working_set_ms; /* when that was */
};

/* What a guest is to policy `coordinator` (policy_coordinator.c). */
enum mm_step_state {
	MM_STEP_STARVED,       /* hardly anything unused: gets a step */
	MM_STEP_NORMAL,	       /* pays tax when another grew */
	MM_STEP_ACTIVE,	       /* much unused, but it moves: nothing is taken */
	MM_STEP_OVERCOMMITTED, /* much unused, and still: gives a step */
	MM_STEP_COUNT
};

struct mm_step_track {
	bool is_known; /* it took part in the last step: */
	enum mm_step_state state;
	uint64_t step_ms;    /* when that was */
	uint64_t unused_mib; /* unused then */
	uint64_t wish_kib;   /* and what it shall hold until the next */
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
	struct mm_need_track need;
	struct mm_step_track step;

	struct mm_guest_policy policy; /* what the administrator wants for it, resolved ... */
	bool is_policy_known;	       /* ... with these: */
	uint32_t policy_generation;
	char policy_name[MM_NAME_MAX];
	struct mm_guest_policy policy_own;
};

struct mm_history {
	uint32_t tau_ppm;	 /* tax rate of the last round; 0 before the first */
	uint64_t tau_ms;	 /* when that was */
	uint64_t step_ms;	 /* last step of policy coordinator; 0: none yet */
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
