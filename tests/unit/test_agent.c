/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <string.h>

#include "agent.h"
#include "xenmm/units.h"

#define MIB MM_KIB_PER_MIB

/* A quiet 256 MiB guest; tests change what they are about. Its threshold is 4 MiB (1/64 of the total). */
static const struct mm_report quiet = {
	.total_kib = 256 * MIB,
	.free_kib = 150 * MIB,
	.avail_kib = 180 * MIB,
	.balloon_kib = 320 * MIB,
	.swap_total_kib = 256 * MIB,
	.swap_free_kib = 256 * MIB,
	.swapin_pages = 1000,
	.swapout_pages = 1000,
	.psi_some_us = 50000,
	.has_psi = true,
};

static void test_threshold(void **state)
{
	struct mm_report report = quiet;

	(void)state;
	assert_int_equal(mm_change_threshold_kib(&report), 4 * MIB);
	report.avail_kib = 32 * MIB; /* little left: finer */
	assert_int_equal(mm_change_threshold_kib(&report), 2 * MIB);
	report.avail_kib = 0;
	assert_int_equal(mm_change_threshold_kib(&report), MIB);
}

/* ---- mm_should_publish -------------------------------------------------------------------------------- */

struct publish_case {
	const char *name;
	int64_t avail_mib; /* changes from the published report to now */
	int64_t balloon_mib;
	bool is_now_moving;
	bool was_moving;
	bool is_balloon_at_rest; /* the sample before had the same size as now */
	int64_t swap_mib;
	uint64_t missed_pages;
	uint64_t stall_us;
	uint64_t elapsed_ms;
	enum mm_publish_reason reason;
};

static const struct publish_case publish_cases[] = {
	{.name = "nothing changed", .elapsed_ms = 9999, .reason = MM_PUBLISH_NO},
	{.name = "sign of life", .elapsed_ms = 10000, .reason = MM_PUBLISH_HEARTBEAT},
	{.name = "less by the threshold", .avail_mib = -4, .reason = MM_PUBLISH_NO},
	{.name = "less by more than the threshold", .avail_mib = -5, .reason = MM_PUBLISH_AVAIL},
	{.name = "more by more than the threshold", .avail_mib = 5, .reason = MM_PUBLISH_AVAIL},
	{.name = "half of what was left went", .avail_mib = -170, .reason = MM_PUBLISH_AVAIL},
	{.name = "balloon on its way, a little", .balloon_mib = -2, .reason = MM_PUBLISH_NO},
	{.name = "balloon on its way", .balloon_mib = -6, .reason = MM_PUBLISH_BALLOON},
	{.name = "balloon came to rest",
		.balloon_mib = -2,
		.is_balloon_at_rest = true,
		.reason = MM_PUBLISH_BALLOON},
	{.name = "balloon still at work",
		.balloon_mib = -2,
		.is_balloon_at_rest = true,
		.is_now_moving = true,
		.reason = MM_PUBLISH_NO},
	{.name = "balloon at rest, last told as moving",
		.was_moving = true,
		.is_balloon_at_rest = true,
		.reason = MM_PUBLISH_BALLOON},
	{.name = "swap fills", .swap_mib = -5, .reason = MM_PUBLISH_SWAP},
	{.name = "swap fills a little", .swap_mib = -3, .reason = MM_PUBLISH_NO},
	{.name = "1 MiB came back", .missed_pages = 256, .reason = MM_PUBLISH_NO},
	{.name = "more than 1 MiB came back", .missed_pages = 257, .reason = MM_PUBLISH_SWAP},
	{.name = "tasks stalled 10 ms", .stall_us = 10000, .reason = MM_PUBLISH_NO},
	{.name = "tasks stalled longer", .stall_us = 10001, .reason = MM_PUBLISH_PRESSURE},
};

static void test_should_publish(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(publish_cases); i++) {
		const struct publish_case *c = &publish_cases[i];
		struct mm_report published = quiet;
		struct mm_report now = quiet;
		struct mm_report prev;
		enum mm_publish_reason reason;

		published.is_moving = c->was_moving;
		now.avail_kib += (uint64_t)(c->avail_mib * (int64_t)MIB);
		now.balloon_kib += (uint64_t)(c->balloon_mib * (int64_t)MIB);
		now.swap_free_kib += (uint64_t)(c->swap_mib * (int64_t)MIB);
		now.swapin_pages += c->missed_pages;
		now.psi_some_us += c->stall_us;
		now.is_moving = c->is_now_moving;
		prev = c->is_balloon_at_rest ? now : published;
		reason = mm_should_publish(&published, &prev, &now, c->elapsed_ms);
		if (reason != c->reason)
			fail_msg("%s: %s, not %s", c->name, mm_publish_reason_name(reason),
				mm_publish_reason_name(c->reason));
	}
}

static void test_first(void **state)
{
	(void)state;
	assert_int_equal(mm_should_publish(NULL, NULL, &quiet, 0), MM_PUBLISH_FIRST);
	assert_int_equal(mm_should_publish(NULL, &quiet, &quiet, 0), MM_PUBLISH_FIRST);
	assert_string_equal(mm_publish_reason_name(MM_PUBLISH_FIRST), "first");
	assert_string_equal(mm_publish_reason_name(MM_PUBLISH_REASON_COUNT), "no");
}

/* A counter that falls (another guest restored in our place) is no news and no underflow. */
static void test_counters_fall(void **state)
{
	struct mm_report now = quiet;

	(void)state;
	now.swapin_pages = now.swapout_pages = now.psi_some_us = 0;
	assert_int_equal(mm_should_publish(&quiet, &quiet, &now, 1000), MM_PUBLISH_NO);
	assert_int_equal(mm_next_sample_ms(&quiet, &now, 1000, 1000, 1000), 1000);
}

/* Noise below the threshold for an hour of samples: one write in 10 s and not one more. */
static void test_idle_hour(void **state)
{
	struct mm_report published = quiet;
	struct mm_report prev = quiet;
	uint64_t published_ms = 0;
	unsigned int writes = 0;

	(void)state;
	for (uint64_t now_ms = 1000; now_ms <= 3600 * 1000; now_ms += 1000) {
		struct mm_report now = quiet;

		now.avail_kib -= (now_ms * 7919) % (4 * MIB);
		assert_int_equal(
			mm_next_sample_ms(&prev, &now, 1000, 1000, 1000) < MM_SAMPLE_FAST_MS, 0);
		if (mm_should_publish(&published, &prev, &now, now_ms - published_ms)) {
			published_ms = now_ms;
			writes++;
		}
		prev = now;
	}
	assert_int_equal(writes, 360);
}

/* ---- mm_next_sample_ms -------------------------------------------------------------------------------- */

struct delay_case {
	const char *name;
	uint64_t prev_avail_mib;
	uint64_t avail_mib;
	uint64_t stall_us;
	uint64_t missed_pages;
	bool is_balloon_moving;
	uint64_t elapsed_ms;
	uint64_t last_delay_ms;
	uint64_t interval_ms;
	uint64_t delay_ms;
};

static const struct delay_case delay_cases[] = {
	/* name, avail before and now, stall, pages, balloon, elapsed, last, interval, expected */
	{"calm", 180, 180, 0, 0, false, 1000, 1000, 1000, 1000},
	{"rising", 150, 180, 0, 0, false, 1000, 1000, 1000, 1000},
	{"falls, lasts 180 s", 181, 180, 0, 0, false, 1000, 1000, 1000, 1000},
	{"falls, lasts 18 s", 190, 180, 0, 0, false, 1000, 1000, 1000, 562},
	{"falls, lasts 6 s", 210, 180, 0, 0, false, 1000, 1000, 1000, 187},
	{"falls, lasts 2 s", 180, 120, 0, 0, false, 1000, 1000, 1000, 100},
	{"falls, seen at the quick rate", 180, 174, 0, 0, false, 100, 100, 1000, 100},
	{"nothing left", 10, 0, 0, 0, false, 1000, 1000, 1000, 100},
	{"nothing left, but still", 0, 0, 0, 0, false, 1000, 1000, 1000, 1000},
	{"tasks stall 1 % of the time", 180, 180, 10000, 0, false, 1000, 1000, 1000, 1000},
	{"tasks stall more", 180, 180, 11000, 0, false, 1000, 1000, 1000, 100},
	{"tasks stall in a quick sample", 180, 180, 1100, 0, false, 100, 100, 1000, 100},
	{"pages move", 180, 180, 0, 300, false, 1000, 1000, 1000, 100},
	{"balloon moves", 180, 180, 0, 0, true, 1000, 1000, 1000, 100},
	{"calm again, by doubling", 180, 180, 0, 0, false, 100, 100, 1000, 200},
	{"calm again, the last step", 180, 180, 0, 0, false, 800, 800, 1000, 1000},
	{"no last delay", 180, 180, 0, 0, false, 100, 0, 1000, 200},
	{"interval is the quickest", 180, 120, 0, 0, false, 100, 100, 100, 100},
	{"long interval", 180, 180, 0, 0, false, 10000, 10000, 10000, 10000},
	{"two samples in the same ms", 180, 180, 0, 0, false, 0, 1000, 1000, 1000},
};

static void test_next_sample(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(delay_cases); i++) {
		const struct delay_case *c = &delay_cases[i];
		struct mm_report prev = quiet;
		struct mm_report now = quiet;
		uint64_t delay_ms;

		prev.avail_kib = c->prev_avail_mib * MIB;
		now.avail_kib = c->avail_mib * MIB;
		now.psi_some_us += c->stall_us;
		now.swapout_pages += c->missed_pages;
		if (c->is_balloon_moving)
			now.balloon_kib -= 4;
		delay_ms = mm_next_sample_ms(
			&prev, &now, c->elapsed_ms, c->last_delay_ms, c->interval_ms);
		if (delay_ms != c->delay_ms)
			fail_msg("%s: %llu ms", c->name, (unsigned long long)delay_ms);
	}
}

static void test_next_sample_extremes(void **state)
{
	struct mm_report prev = quiet;
	struct mm_report now = quiet;

	(void)state;
	assert_int_equal(mm_next_sample_ms(NULL, &quiet, 0, 0, 1000), MM_SAMPLE_FAST_MS);
	prev.avail_kib = prev.total_kib = now.total_kib = MM_SIZE_MAX_KIB;
	now.avail_kib = MM_SIZE_MAX_KIB / 2;
	assert_int_equal(mm_next_sample_ms(&prev, &now, UINT64_MAX, 1000, 1000), 1000);
	now.psi_some_us = now.swapin_pages = now.swapout_pages = now.refault_anon = MM_COUNTER_MAX;
	assert_in_range(mm_next_sample_ms(&prev, &now, 1, 1000, 1000), MM_SAMPLE_FAST_MS, 1000);
}

/* The burst the sampling is made for: 60 MiB/s into 180 MiB. How often does dom0 hear before they are gone? */
static void test_burst(void **state)
{
	struct mm_report published = quiet;
	struct mm_report prev = quiet;
	uint64_t delay_ms = 1000;
	unsigned int writes = 0;
	unsigned int samples = 0;

	(void)state;
	for (uint64_t now_ms = delay_ms; now_ms < 3000; now_ms += delay_ms) {
		struct mm_report now = quiet;

		now.avail_kib -= now_ms * 60 * MIB / 1000;
		if (mm_should_publish(&published, &prev, &now, 0)) {
			published = now;
			writes++;
		}
		delay_ms = mm_next_sample_ms(&prev, &now, delay_ms, delay_ms, 1000);
		prev = now;
		samples++;
	}
	assert_in_range(samples, 18, 22);
	assert_in_range(writes, 15, samples);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threshold),
		cmocka_unit_test(test_should_publish),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_counters_fall),
		cmocka_unit_test(test_idle_hour),
		cmocka_unit_test(test_next_sample),
		cmocka_unit_test(test_next_sample_extremes),
		cmocka_unit_test(test_burst),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
