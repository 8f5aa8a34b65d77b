/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include "bound.h"

#define MIB UINT64_C(1024)
#define GIB (1024 * MIB)

/* ---- capacity -------------------------------------------------------------------------------- */

static void test_capacity(void **state)
{
	static const struct {
		const char *name;
		struct mm_bound_host host;
		uint64_t expected_kib;
	} cases[] = {
		{"less dom0 and reserve",
			{.total_kib = 8 * GIB, .dom0_kib = GIB, .reserve_kib = 192 * MIB},
			7 * GIB - 192 * MIB},
		{"a budget",
			{.total_kib = 8 * GIB,
				.dom0_kib = GIB,
				.budget_kib = 2 * GIB,
				.outside_kib = 5 * MIB},
			2 * GIB + 5 * MIB},
		{"a budget beyond what there is",
			{.total_kib = 8 * GIB,
				.dom0_kib = GIB,
				.reserve_kib = GIB,
				.budget_kib = 20 * GIB},
			6 * GIB},
		{"what they began with counts although it exceeds the budget",
			{.total_kib = 8 * GIB,
				.dom0_kib = GIB,
				.budget_kib = 2 * GIB,
				.start_kib = 3 * GIB},
			3 * GIB},
		{"what was built out of the reserve",
			{.total_kib = 8 * GIB,
				.dom0_kib = GIB,
				.reserve_kib = GIB,
				.created_kib = 512 * MIB},
			6 * GIB + 512 * MIB},
		{"never more than the machine has",
			{.total_kib = 8 * GIB,
				.dom0_kib = GIB,
				.reserve_kib = GIB,
				.created_kib = 30 * GIB},
			7 * GIB},
		{"a reserve larger than the host",
			{.total_kib = 8 * GIB, .dom0_kib = GIB, .reserve_kib = 20 * GIB}, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t kib = mm_bound_capacity(&cases[i].host);

		if (kib != cases[i].expected_kib)
			fail_msg("%s: %llu KiB, not %llu", cases[i].name, (unsigned long long)kib,
				(unsigned long long)cases[i].expected_kib);
	}
}

/* ---- unmet need ------------------------------------------------------------------------------ */

static struct mm_bound_guest guest(uint64_t need_mib, uint64_t max_mib)
{
	return (struct mm_bound_guest){
		.is_there = true,
		.need_kib = need_mib * MIB,
		.max_kib = max_mib * MIB,
		.least_kib = need_mib * MIB,
		.killable_kib = need_mib * MIB / 2,
	};
}

static void test_unmet_where_all_fits(void **state)
{
	struct mm_bound_guest guests[] = {guest(300, 900), guest(400, 900)};

	(void)state;
	assert_int_equal(mm_bound_unmet(guests, 2, 700 * MIB), 0);
	assert_int_equal(mm_bound_unmet(guests, 0, 0), 0);
}

static void test_unmet_together(void **state)
{
	struct mm_bound_guest guests[] = {guest(300, 900), guest(400, 900)};

	(void)state;
	assert_int_equal(mm_bound_unmet(guests, 2, 600 * MIB), 100 * MIB);
	assert_int_equal(mm_bound_unmet(guests, 2, 0), 700 * MIB);
}

static void test_unmet_beyond_a_maximum(void **state)
{
	struct mm_bound_guest guests[] = {guest(1000, 900), guest(400, 900)};

	(void)state;
	/* What one cannot hold does not help the other to be short. */
	assert_int_equal(mm_bound_unmet(guests, 2, 2000 * MIB), 100 * MIB);
	assert_int_equal(mm_bound_unmet(guests, 2, 1200 * MIB), 200 * MIB);
}

static void test_absent_guests_need_nothing(void **state)
{
	struct mm_bound_guest guests[] = {guest(300, 900), guest(400, 900)};

	(void)state;
	guests[1].is_there = false;
	assert_int_equal(mm_bound_unmet(guests, 2, 200 * MIB), 100 * MIB);
}

static void test_fixed_guests(void **state)
{
	struct mm_bound_guest guests[] = {guest(300, 900), guest(400, 900)};

	(void)state;
	guests[1].is_fixed = true;
	guests[1].held_kib = 350 * MIB;
	/* It lacks 50 MiB whatever there is, and what it uses is not to be had for the other. */
	assert_int_equal(mm_bound_unmet(guests, 2, 5000 * MIB), 50 * MIB);
	assert_int_equal(mm_bound_unmet(guests, 2, 600 * MIB), 50 * MIB + 50 * MIB);
}

/* ---- kills ----------------------------------------------------------------------------------- */

/* Whether, and who, within `ms` of that state. */
static size_t victim_within(
	struct mm_bound_guest *guests, size_t count, uint64_t capacity_kib, uint64_t ms)
{
	struct mm_bound bound = {0};

	for (uint64_t t = 0; t < ms; t += 10) {
		size_t victim = mm_bound_add(&bound, guests, count, capacity_kib, 10);

		if (victim != count)
			return victim;
	}
	return count;
}

static void test_no_kill_while_swap_holds_it(void **state)
{
	struct mm_bound_guest guests[] = {guest(300, 900), guest(400, 900)};

	(void)state;
	guests[0].swap_kib = 100 * MIB;
	assert_int_equal(victim_within(guests, 2, 600 * MIB, 10000), 2);
	assert_int_equal(victim_within(guests, 2, 599 * MIB, 10000), 1);
}

static void test_swap_that_a_guest_needs_itself(void **state)
{
	struct mm_bound_guest guests[] = {guest(1000, 900), guest(400, 900)};

	(void)state;
	guests[0].swap_kib = 150 * MIB; /* 100 of them for what it cannot hold at all */
	assert_int_equal(victim_within(guests, 2, 1250 * MIB, 10000), 2);
	assert_int_equal(victim_within(guests, 2, 1249 * MIB, 10000), 0);
}

static void test_kills_take_their_time(void **state)
{
	struct mm_bound_guest guests[] = {guest(300, 900), guest(400, 900)};

	(void)state;
	assert_int_equal(victim_within(guests, 2, 600 * MIB, 90), 2);
	assert_int_equal(victim_within(guests, 2, 600 * MIB, 100), 1);
}

static void test_patience_starts_anew(void **state)
{
	struct mm_bound_guest guests[] = {guest(300, 900), guest(400, 900)};
	struct mm_bound bound = {0};

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(mm_bound_add(&bound, guests, 2, 600 * MIB, 90), 2);
		assert_int_equal(mm_bound_add(&bound, guests, 2, 800 * MIB, 10), 2);
	}
}

static void test_sums_over_time(void **state)
{
	struct mm_bound_guest guests[] = {guest(300, 900), guest(400, 900)};
	struct mm_bound bound = {0};

	(void)state;
	guests[0].swap_kib = guests[1].swap_kib = GIB;
	mm_bound_add(&bound, guests, 2, 600 * MIB, 2000);
	mm_bound_add(&bound, guests, 2, 700 * MIB, 3000);
	assert_int_equal(bound.need_kib_ms, 5000 * 700 * MIB);
	assert_int_equal(bound.unmet_kib_ms, 2000 * 100 * MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_unmet_where_all_fits),
		cmocka_unit_test(test_unmet_together),
		cmocka_unit_test(test_unmet_beyond_a_maximum),
		cmocka_unit_test(test_absent_guests_need_nothing),
		cmocka_unit_test(test_fixed_guests),
		cmocka_unit_test(test_no_kill_while_swap_holds_it),
		cmocka_unit_test(test_swap_that_a_guest_needs_itself),
		cmocka_unit_test(test_kills_take_their_time),
		cmocka_unit_test(test_patience_starts_anew),
		cmocka_unit_test(test_sums_over_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
