/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long rounds take and how late they begin: counts in buckets, as Prometheus' histograms are made of. */
#ifndef XENMM_TIMING_H
#define XENMM_TIMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Upper bounds in microseconds, from a tenth of a millisecond to a second: a round of 3 to 10,000 guests. */
#define MM_TIMING_BOUNDS                                                                           \
	100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000
#define MM_TIMING_BUCKETS 13

struct mm_histogram {
	uint64_t counts[MM_TIMING_BUCKETS + 1]; /* not cumulative; the last: above all bounds */
	uint64_t sum_us, count, last_us;
};

struct mm_timing {
	struct mm_histogram duration; /* of rounds */
	struct mm_histogram
		lag; /* between when one was due and when it began; 0 where an event called for it */
	uint64_t failed;   /* rounds that could not read the domains or had no memory */
	uint64_t begin_us; /* of the one that runs */
	uint64_t due_us;   /* when the next is; 0: not known */
};

extern const uint64_t mm_timing_bounds_us[MM_TIMING_BUCKETS];

/* Around a round; now_us of a monotonic clock. */
void mm_timing_begin(struct mm_timing *timing, uint64_t now_us);
void mm_timing_end(struct mm_timing *timing, uint64_t now_us, bool is_failed);

/* The next round is to begin at now_us + delay_ms at the latest. */
void mm_timing_due(struct mm_timing *timing, uint64_t now_us, uint64_t delay_ms);

#endif
