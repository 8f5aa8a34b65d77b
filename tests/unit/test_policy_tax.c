/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The seed's rule by its numbers, before any guard; in KiB, though any unit would do. */
#include "unit/test.h"

#include <inttypes.h>
#include <string.h>

#include "share.h"
#include "unit/world.h"

#define ROWS_MAX 5

struct tax_case {
	const char *name;
	uint64_t budget, free;
	bool is_auto, is_equal;
	uint32_t fixed_ppm;
	size_t count;
	uint64_t use[ROWS_MAX];
	uint32_t tau_ppm;
	uint64_t wish[ROWS_MAX];
};

static uint32_t apply(const struct mm_config *cfg, uint64_t budget, const uint64_t *use,
	size_t count, uint64_t now_ms, struct mm_history *hist, uint64_t *ret_wish)
{
	struct mm_share rows[ROWS_MAX] = {0};
	struct mm_shares shares = {.rows = rows, .count = count, .budget_kib = budget};
	uint32_t tau;

	for (size_t i = 0; i < count; i++)
		rows[i].use_kib = use[i];
	tau = mm_policy_tax(cfg, &shares, now_ms, hist);
	for (size_t i = 0; ret_wish && i < count; i++)
		ret_wish[i] = rows[i].wish_kib;
	return tau;
}

static bool is_near(uint64_t a, uint64_t b, uint64_t tolerance)
{
	return a > b ? a - b <= tolerance : b - a <= tolerance;
}

static void test_worked_examples(void **state)
{
	static const struct tax_case cases[] = {
		{"one hot, tau 0.75", 10000, 100, false, false, 750000, 5,
			{6000, 500, 500, 500, 500}, 750000, {5300, 1175, 1175, 1175, 1175}},
		{"one hot, AUTO", 10000, 100, true, false, 0, 5, {6000, 500, 500, 500, 500}, 931818,
			{6100, 975, 975, 975, 975}},
		{"beyond the budget, AUTO: no negative target", 2000, 100, true, false, 0, 2,
			{3000, 100}, 1000000, {2450, 0}},
		{"tau 0: equal sizes", 900, 100, false, false, 0, 3, {500, 100, 0}, 0,
			{300, 300, 300}},
		{"tau 1: equal free memory", 900, 100, false, false, 1000000, 3, {500, 100, 0},
			1000000, {600, 200, 100}},
		{"-r wins over a fixed rate", 900, 100, false, true, 1000000, 3, {500, 100, 0}, 0,
			{300, 300, 300}},
		{"-r wins over AUTO", 900, 100, true, true, 0, 3, {500, 100, 0}, 0,
			{300, 300, 300}},
		{"AUTO: the biggest has its share and -f already", 9000, 100, true, false, 0, 3,
			{500, 100, 0}, 0, {3000, 3000, 3000}},
		{"AUTO: all use the same", 900, 100, true, false, 0, 3, {290, 290, 290}, 0,
			{300, 300, 300}},
		{"AUTO: nobody uses anything", 900, 100, true, false, 0, 3, {0, 0, 0}, 0,
			{300, 300, 300}},
		{"AUTO: one guest", 900, 100, true, false, 0, 1, {890}, 0, {900}},
		{"fixed: one guest", 900, 100, false, false, 750000, 1, {890}, 750000, {900}},
		{"AUTO: no budget", 0, 100, true, false, 0, 2, {890, 0}, 1000000, {445, 0}},
		{"AUTO: huge sizes", UINT64_C(1) << 44, 1, true, false, 0, 2,
			{UINT64_C(1) << 44, 0}, 1000000, {UINT64_C(1) << 44, 0}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct tax_case *c = &cases[i];
		struct mm_config cfg = {.is_tax_auto = c->is_auto,
			.is_equal = c->is_equal,
			.tax_ppm = c->fixed_ppm,
			.free_kib = c->free};
		struct mm_history hist = {0};
		uint64_t wish[ROWS_MAX];
		uint32_t tau = apply(&cfg, c->budget, c->use, c->count, 1000, &hist, wish);

		if (!is_near(tau, c->tau_ppm, 1))
			fail_msg("%s: tau %" PRIu32, c->name, tau);
		for (size_t k = 0; k < c->count; k++)
			if (!is_near(wish[k], c->wish[k], 1))
				fail_msg("%s: row %zu wishes %" PRIu64, c->name, k, wish[k]);
	}
}

static void test_no_rows(void **state)
{
	struct mm_config cfg = {.is_tax_auto = true};
	struct mm_history hist = {.tau_ppm = 5, .tau_ms = 1};

	(void)state;
	assert_int_equal(apply(&cfg, 1000, NULL, 0, 1000, &hist, NULL), 5);
}

/* A world in which AUTO's raw tau is 931,818 or 0. */
static uint32_t auto_tau(struct mm_history *hist, bool is_hot, uint64_t now_ms)
{
	static const uint64_t hot[] = {6000, 500, 500, 500, 500};
	static const uint64_t calm[] = {500, 500, 500, 500, 500};
	struct mm_config cfg = {.is_tax_auto = true, .free_kib = 100};

	return apply(&cfg, 10000, is_hot ? hot : calm, 5, now_ms, hist, NULL);
}

static void test_auto_rises_at_once(void **state)
{
	struct mm_history hist = {0};

	(void)state;
	assert_int_equal(auto_tau(&hist, false, 1000), 0);
	assert_int_equal(auto_tau(&hist, true, 1001), 931818);
}

struct decay_case {
	const char *name;
	size_t rounds;
	uint64_t round_ms;
	uint32_t left; /* of 931,818 */
	uint32_t tolerance;
};

static void test_auto_falls_by_time(void **state)
{
	static const struct decay_case cases[] = {
		{"one round of 2 s: a tenth", 1, 2000, 838636, 1},
		{"two rounds of 2 s", 2, 2000, 754773, 2},
		{"7 rounds of 2 s: about half", 7, 2000, 445682, 10},
		{"20 rounds of 100 ms", 20, 100, 838636, 5000},
		{"2000 rounds of 1 ms", 2000, 1, 838636, 6000},
		{"one round of 10 s", 1, 10000, 550229, 10},
		{"one round of 1 s: a twentieth", 1, 1000, 885228, 1},
		{"a minute in one", 1, 60000, 39500, 20},
		{"a year in one", 1, UINT64_C(366) * 86400000, 9, 9},
		{"no time", 5, 0, 931818, 0},
		{"an hour of 100 ms", 36000, 100, 200, 200},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm_history hist = {0};
		uint64_t now_ms = 1000;
		uint32_t tau = auto_tau(&hist, true, now_ms);

		for (size_t k = 0; k < cases[i].rounds; k++)
			tau = auto_tau(&hist, false, now_ms += cases[i].round_ms);
		if (!is_near(tau, cases[i].left, cases[i].tolerance))
			fail_msg("%s: tau %" PRIu32 ", not %" PRIu32, cases[i].name, tau,
				cases[i].left);
	}
}

static void test_auto_survives_a_clock_that_steps_back(void **state)
{
	struct mm_history hist = {0};

	(void)state;
	auto_tau(&hist, true, 1000000);
	assert_int_equal(auto_tau(&hist, false, 500000), 931818);
	assert_int_equal(auto_tau(&hist, false, 1002000), 838637);
	assert_int_equal(auto_tau(&hist, true, 3000), 931818);
}

static void test_fault_03_all_equal_use_is_no_nan(void **state)
{
	struct mm_history hist = {0};

	(void)state;
	/* The seed divided 0 by 0 here, and no number ever came out again. */
	auto_tau(&hist, false, 1000);
	assert_int_equal(auto_tau(&hist, false, 3000), 0);
	assert_int_equal(auto_tau(&hist, true, 5000), 931818);
}

static void test_free_goal(void **state)
{
	static const struct {
		const char *name;
		uint64_t given, budget;
		size_t count;
		uint64_t goal;
	} cases[] = {
		{"as given", MIB(40), GIB(8), 3, MIB(40)},
		{"a quarter of a share", 0, GIB(8), 4, MIB(512)},
		{"not below 64 MiB", 0, MIB(256), 4, MIB(64)},
		{"not above 1 GiB", 0, GIB(800), 4, GIB(1)},
		{"no guest", 0, GIB(8), 0, MIB(64)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm_config cfg = {.free_kib = cases[i].given};
		struct mm_shares shares = {.count = cases[i].count, .budget_kib = cases[i].budget};

		if (mm_free_goal(&cfg, &shares) != cases[i].goal)
			fail_msg("%s: %" PRIu64, cases[i].name, mm_free_goal(&cfg, &shares));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worked_examples),
		cmocka_unit_test(test_no_rows),
		cmocka_unit_test(test_auto_rises_at_once),
		cmocka_unit_test(test_auto_falls_by_time),
		cmocka_unit_test(test_auto_survives_a_clock_that_steps_back),
		cmocka_unit_test(test_fault_03_all_equal_use_is_no_nan),
		cmocka_unit_test(test_free_goal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
