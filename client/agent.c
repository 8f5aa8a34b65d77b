/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent.h"

#include "xenmm/units.h"

/*
 * Stalls worth a report: 10 ms in all since the last one. That is 1 % of a second, where pressure
 * starts to be felt (senpai aims at 0.1 %, the default alarms of oomd begin at 10 %).
 */
#define STALL_US UINT64_C(10000)

/* The same for kernels without PSI: pages swapped or refaulted since the last report; 1 MiB. */
#define MOVED_PAGES UINT64_C(256)

/*
 * Samples wanted before available memory is used up at the present rate. In the Xen lab a
 * neighbour's balloon gives 100 MiB in about 1 s and ours takes it in 0.3 s; with 32 samples dom0
 * hears of a fall that leaves 3.2 s at the quickest rate, and one that leaves 32 s is watched from
 * the calm rate on.
 */
#define SAMPLES_LEFT UINT64_C(32)

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

const char *mm_publish_reason_name(enum mm_publish_reason reason)
{
	static const char *const names[MM_PUBLISH_REASON_COUNT] = {
		[MM_PUBLISH_NO] = "no",
		[MM_PUBLISH_FIRST] = "first",
		[MM_PUBLISH_AVAIL] = "avail",
		[MM_PUBLISH_BALLOON] = "balloon",
		[MM_PUBLISH_SWAP] = "swap",
		[MM_PUBLISH_PRESSURE] = "pressure",
		[MM_PUBLISH_HEARTBEAT] = "heartbeat",
	};

	return (unsigned int)reason < MM_PUBLISH_REASON_COUNT ? names[reason] : "no";
}

uint64_t mm_change_threshold_kib(const struct mm_report *now)
{
	return mm_max_u64(MM_KIB_PER_MIB, mm_min_u64(now->total_kib / 64, now->avail_kib / 16));
}

/* Pages that came in from swap or were refaulted: memory was taken that was needed. */
static uint64_t pages_missed(const struct mm_report *report)
{
	return report->swapin_pages + report->swapout_pages + report->refault_anon;
}

static bool is_balloon_moving(const struct mm_report *prev, const struct mm_report *now)
{
	return now->is_moving || (prev && prev->balloon_kib != now->balloon_kib);
}

static bool is_balloon_news(const struct mm_report *published, const struct mm_report *prev,
	const struct mm_report *now)
{
	uint64_t threshold = mm_change_threshold_kib(now);

	if (distance(now->balloon_kib, published->balloon_kib) > threshold ||
		distance(now->total_kib, published->total_kib) > threshold)
		return true;
	/* At rest: dom0 wants the exact end, and that it is the end. */
	return !is_balloon_moving(prev, now) &&
	       (published->is_moving || published->balloon_kib != now->balloon_kib);
}

enum mm_publish_reason mm_should_publish(const struct mm_report *published,
	const struct mm_report *prev, const struct mm_report *now, uint64_t elapsed_ms)
{
	uint64_t threshold = mm_change_threshold_kib(now);

	if (!published)
		return MM_PUBLISH_FIRST;
	if (mm_sub_floor(now->psi_some_us, published->psi_some_us) > STALL_US)
		return MM_PUBLISH_PRESSURE;
	if (distance(now->avail_kib, published->avail_kib) > threshold)
		return MM_PUBLISH_AVAIL;
	if (is_balloon_news(published, prev, now))
		return MM_PUBLISH_BALLOON;
	if (distance(now->swap_free_kib, published->swap_free_kib) > threshold ||
		now->swap_total_kib != published->swap_total_kib ||
		mm_sub_floor(pages_missed(now), pages_missed(published)) > MOVED_PAGES)
		return MM_PUBLISH_SWAP;
	return elapsed_ms >= MM_PUBLISH_MAX_MS ? MM_PUBLISH_HEARTBEAT : MM_PUBLISH_NO;
}

/* Did tasks stall, or pages move, at a rate of more than 1 % of the time, or 1 MiB a second? */
static bool is_pressed(
	const struct mm_report *prev, const struct mm_report *now, uint64_t elapsed_ms)
{
	uint64_t stall_us = mm_sub_floor(now->psi_some_us, prev->psi_some_us);
	uint64_t pages = mm_sub_floor(pages_missed(now), pages_missed(prev));

	return stall_us * 1000 > STALL_US * elapsed_ms || pages * 1000 > MOVED_PAGES * elapsed_ms;
}

/*
 * The time until avail is used up at the rate of the last sample, over SAMPLES_LEFT; interval_ms if
 * never.
 */
static uint64_t falling_delay_ms(const struct mm_report *prev, const struct mm_report *now,
	uint64_t elapsed_ms, uint64_t interval_ms)
{
	uint64_t fallen_kib = mm_sub_floor(prev->avail_kib, now->avail_kib);
	uint64_t left_ms;

	/* A page or two is noise, however little is left. */
	if (fallen_kib < MM_KIB_PER_MIB / 4)
		return interval_ms;
	if (__builtin_mul_overflow(now->avail_kib, elapsed_ms, &left_ms))
		return interval_ms;
	return left_ms / fallen_kib / SAMPLES_LEFT;
}

uint64_t mm_next_sample_ms(const struct mm_report *prev, const struct mm_report *now,
	uint64_t elapsed_ms, uint64_t last_delay_ms, uint64_t interval_ms)
{
	uint64_t delay_ms = interval_ms;

	if (!prev)
		return MM_SAMPLE_FAST_MS;
	elapsed_ms = mm_max_u64(elapsed_ms, 1);
	if (is_balloon_moving(prev, now) || is_pressed(prev, now, elapsed_ms))
		delay_ms = MM_SAMPLE_FAST_MS;
	else
		delay_ms = falling_delay_ms(prev, now, elapsed_ms, interval_ms);
	delay_ms = mm_min_u64(delay_ms, 2 * mm_max_u64(last_delay_ms, MM_SAMPLE_FAST_MS));
	return mm_max_u64(MM_SAMPLE_FAST_MS, mm_min_u64(delay_ms, interval_ms));
}
