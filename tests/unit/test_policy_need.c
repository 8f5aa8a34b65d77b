/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Policy `need`: tiers, the price in the one that does not fit, the surplus and the pool. */
#include "unit/test.h"

#include <inttypes.h>

#include "share.h"
#include "unit/world.h"
#include "xenmm/units.h"

#define ROWS_MAX 4

struct need_row {
	uint64_t held, core, margin, warm, headroom, high; /* MiB */
	uint32_t weight;
	uint64_t wish_low, wish_high; /* MiB, both allowed */
};

struct need_case {
	const char *name;
	uint64_t budget; /* MiB */
	uint32_t pool_percent;
	size_t count;
	struct need_row rows[ROWS_MAX];
};

static const struct need_case cases[] = {
	{"nobody", 100, 50, 0, {{0}}},
	{"plenty: what it holds stays within the band", 1200, 50, 2,
		{{400, 100, 20, 0, 30, 2000, 100, 400, 400},
			{400, 100, 20, 0, 30, 2000, 100, 400, 400}}},
	{"plenty: far below its part it grows, to a quarter of it", 1200, 50, 2,
		{{160, 100, 20, 0, 30, 2000, 100, 206, 207},
			{400, 100, 20, 0, 30, 2000, 100, 400, 400}}},
	{"plenty: far above its part it gives", 1200, 50, 2,
		{{1000, 100, 20, 0, 30, 2000, 100, 543, 544},
			{200, 100, 20, 0, 30, 2000, 100, 206, 207}}},
	{"the pool may be all of the surplus but a tenth", 1200, 90, 2,
		{{600, 100, 20, 0, 30, 2000, 100, 228, 229},
			{600, 100, 20, 0, 30, 2000, 100, 228, 229}}},
	{"no pool", 1200, 0, 2,
		{{900, 100, 20, 0, 30, 2000, 100, 600, 600},
			{100, 100, 20, 0, 30, 2000, 100, 262, 263}}},
	{"surplus goes by weight", 1200, 50, 2,
		{{1000, 100, 20, 0, 30, 2000, 300, 740, 741},
			{1000, 100, 20, 0, 30, 2000, 100, 346, 347}}},
	{"nobody above its maximum", 1200, 50, 2,
		{{160, 100, 20, 0, 30, 170, 100, 160, 170},
			{160, 100, 20, 0, 30, 2000, 100, 206, 207}}},
	{"headroom does not fit: warm and margin whole, the rest by price", 350, 50, 2,
		{{200, 100, 20, 40, 60, 2000, 100, 160, 200},
			{200, 100, 20, 0, 60, 2000, 100, 130, 180}}},
	{"the margin gives way before what is warm", 245, 50, 2,
		{{120, 100, 20, 40, 60, 2000, 100, 140, 143},
			{120, 100, 20, 0, 60, 2000, 100, 100, 105}}},
	{"a large guest is not the one that pays for all", 1200, 50, 2,
		{{1000, 900, 50, 0, 200, 2000, 100, 955, 1060},
			{200, 100, 20, 0, 60, 2000, 100, 125, 175}}},
	{"hard use does not fit: each wishes its own", 150, 50, 2,
		{{100, 100, 20, 0, 30, 2000, 100, 100, 100},
			{100, 100, 20, 0, 30, 2000, 100, 100, 100}}},
};

static void fill(struct mm_share *row, const struct need_row *from)
{
	*row = (struct mm_share){
		.held_kib = MIB(from->held),
		.target_kib = MIB(from->held),
		.use_kib = MIB(from->core),
		.core_kib = MIB(from->core),
		.need_kib = MIB(from->core + from->margin),
		.low_kib = MIB(from->core + from->margin),
		.high_kib = MIB(from->high),
		.need = {.hard_kib = MIB(from->core),
			.warm_kib = MIB(from->warm),
			.headroom_kib = MIB(from->headroom)},
		.weight = from->weight,
		.may_shrink = true,
		.may_grow = true,
	};
}

static void test_cases(void **state)
{
	struct mm_config cfg;

	(void)state;
	mm_config_init(&cfg);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct need_case *c = &cases[i];
		struct mm_share rows[ROWS_MAX];
		struct mm_shares shares = {
			.rows = rows, .count = c->count, .budget_kib = MIB(c->budget)};
		uint64_t sum = 0;

		cfg.burst_percent = c->pool_percent;
		for (size_t k = 0; k < c->count; k++)
			fill(&rows[k], &c->rows[k]);
		assert_int_equal(mm_policy_need(&cfg, &shares), 750000);
		for (size_t k = 0; k < c->count; k++) {
			sum += rows[k].wish_kib;
			if (rows[k].wish_kib < MIB(c->rows[k].wish_low) ||
				rows[k].wish_kib > MIB(c->rows[k].wish_high))
				fail_msg("%s: row %zu wishes %" PRIu64 " KiB (%" PRIu64 " MiB)",
					c->name, k, rows[k].wish_kib, rows[k].wish_kib / 1024);
		}
		if (sum > shares.budget_kib && rows[0].wish_kib != rows[0].core_kib)
			fail_msg("%s: %" PRIu64 " KiB are more than the budget", c->name, sum);
	}
}

/* The higher the tax, the more of the headroom goes to those whose memory is in use. */
static void test_tax_decides_who_yields(void **state)
{
	static const struct need_row from[] = {
		{600, 100, 0, 400, 400, 2000, 100, 0, 0},
		{600, 500, 0, 0, 400, 2000, 100, 0, 0},
	};
	uint64_t low_tax = 0;
	struct mm_config cfg;

	(void)state;
	mm_config_init(&cfg);
	cfg.is_tax_auto = false;
	for (cfg.tax_ppm = 0; cfg.tax_ppm <= 1000000; cfg.tax_ppm += 500000) {
		struct mm_share rows[2];
		struct mm_shares shares = {.rows = rows, .count = 2, .budget_kib = MIB(1200)};

		fill(&rows[0], &from[0]);
		fill(&rows[1], &from[1]);
		(void)mm_policy_need(&cfg, &shares);
		assert_true(rows[0].wish_kib + rows[1].wish_kib <= shares.budget_kib);
		assert_true(rows[0].wish_kib + rows[1].wish_kib + 2 * 1024 > shares.budget_kib);
		if (cfg.tax_ppm == 0)
			low_tax = rows[1].wish_kib;
		assert_true(rows[1].wish_kib <= low_tax);
	}
}

static void test_a_claim_that_is_not_believed_gets_its_share(void **state)
{
	static const struct need_row from[] = {
		{900, 900, 50, 0, 100, 2000, 100, 0, 0},
		{100, 100, 20, 0, 60, 2000, 100, 0, 0},
	};
	struct mm_share rows[2];
	struct mm_shares shares = {.rows = rows, .count = 2, .budget_kib = MIB(1000)};
	struct mm_config cfg;

	(void)state;
	mm_config_init(&cfg);
	fill(&rows[0], &from[0]);
	fill(&rows[1], &from[1]);
	rows[0].doubt_kib = MIB(500);
	(void)mm_policy_need(&cfg, &shares);
	assert_true(rows[0].wish_kib >= MIB(500) && rows[0].wish_kib < MIB(800));
	assert_int_equal(rows[0].reason, MM_REASON_DOUBT);
	assert_true(rows[1].wish_kib >= MIB(180));
}

static void test_pressed_guests_hold_no_more_than_their_cap(void **state)
{
	static const struct need_row from = {400, 100, 20, 0, 30, 2000, 100, 0, 0};
	struct mm_share row;
	struct mm_shares shares = {.rows = &row, .count = 1, .budget_kib = MIB(600)};
	struct mm_config cfg;

	(void)state;
	mm_config_init(&cfg);
	cfg.burst_percent = 50;
	fill(&row, &from);
	row.cap_kib = MIB(300);
	(void)mm_policy_need(&cfg, &shares);
	assert_int_equal(row.wish_kib, MIB(300));
	fill(&row, &from);
	row.cap_kib = MIB(50); /* never below its need */
	(void)mm_policy_need(&cfg, &shares);
	assert_int_equal(row.wish_kib, MIB(150));
}

/* A price that no purse can reach ends the search all the same. */
static void test_absurd_sizes_end(void **state)
{
	struct mm_share rows[2] = {
		{.high_kib = MM_SIZE_MAX_KIB,
			.weight = 1,
			.need = {.headroom_kib = MM_SIZE_MAX_KIB}},
		{.high_kib = MM_SIZE_MAX_KIB,
			.weight = MM_WEIGHT_MAX,
			.need = {.hard_kib = GIB(1), .headroom_kib = MM_SIZE_MAX_KIB}},
	};
	struct mm_shares shares = {.rows = rows, .count = 2, .budget_kib = 2 * MM_SIZE_MAX_KIB - 4};
	struct mm_config cfg;

	(void)state;
	mm_config_init(&cfg);
	cfg.is_tax_auto = false;
	cfg.tax_ppm = 990000;
	for (size_t i = 0; i < 2; i++)
		rows[i].may_shrink = rows[i].may_grow = true;
	(void)mm_policy_need(&cfg, &shares);
	assert_true(rows[0].wish_kib + rows[1].wish_kib <= shares.budget_kib);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_tax_decides_who_yields),
		cmocka_unit_test(test_a_claim_that_is_not_believed_gets_its_share),
		cmocka_unit_test(test_absurd_sizes_end),
		cmocka_unit_test(test_pressed_guests_hold_no_more_than_their_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
