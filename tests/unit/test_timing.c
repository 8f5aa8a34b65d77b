/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include "timing.h"

static void rounds_fall_into_buckets(void **state)
{
	struct mm_timing timing = {.failed = 0};

	(void)state;
	mm_timing_begin(&timing, 1000);
	mm_timing_end(&timing, 1100, false); /* a bound belongs to its bucket */
	mm_timing_begin(&timing, 2000);
	mm_timing_end(&timing, 2101, true);
	mm_timing_begin(&timing, 3000);
	mm_timing_end(&timing, 3000 + 5000000, false);
	assert_int_equal(timing.duration.counts[0], 1);
	assert_int_equal(timing.duration.counts[1], 1);
	assert_int_equal(timing.duration.counts[MM_TIMING_BUCKETS], 1);
	assert_int_equal(timing.duration.count, 3);
	assert_int_equal(timing.duration.sum_us, 5000201);
	assert_int_equal(timing.duration.last_us, 5000000);
	assert_int_equal(timing.failed, 1);
	assert_int_equal(timing.lag.count, 0); /* none of them was due */
}

static void a_round_is_late_or_not(void **state)
{
	struct mm_timing timing = {.failed = 0};

	(void)state;
	mm_timing_due(&timing, 1000, 2); /* due at 3000 */
	mm_timing_begin(&timing, 3300);
	assert_int_equal(timing.lag.last_us, 300);
	mm_timing_due(&timing, 4000, 100);
	mm_timing_begin(&timing, 5000); /* an event called for it */
	assert_int_equal(timing.lag.last_us, 0);
	assert_int_equal(timing.lag.count, 2);
}

static void bounds_rise(void **state)
{
	(void)state;
	for (size_t i = 1; i < MM_TIMING_BUCKETS; i++)
		assert_true(mm_timing_bounds_us[i] > mm_timing_bounds_us[i - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds_fall_into_buckets),
		cmocka_unit_test(a_round_is_late_or_not),
		cmocka_unit_test(bounds_rise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
