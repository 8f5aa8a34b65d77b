/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timing.h"

#include "xenmm/units.h"

const uint64_t mm_timing_bounds_us[MM_TIMING_BUCKETS] = {MM_TIMING_BOUNDS};

static void note(struct mm_histogram *histogram, uint64_t us)
{
	size_t bucket = 0;

	while (bucket < MM_TIMING_BUCKETS && us > mm_timing_bounds_us[bucket])
		bucket++;
	histogram->counts[bucket]++;
	histogram->sum_us += us;
	histogram->count++;
	histogram->last_us = us;
}

void mm_timing_begin(struct mm_timing *timing, uint64_t now_us)
{
	if (timing->due_us)
		note(&timing->lag, mm_sub_floor(now_us, timing->due_us));
	timing->due_us = 0;
	timing->begin_us = now_us;
}

void mm_timing_end(struct mm_timing *timing, uint64_t now_us, bool is_failed)
{
	note(&timing->duration, mm_sub_floor(now_us, timing->begin_us));
	timing->failed += is_failed;
}

void mm_timing_due(struct mm_timing *timing, uint64_t now_us, uint64_t delay_ms)
{
	timing->due_us = now_us + delay_ms * 1000;
}
