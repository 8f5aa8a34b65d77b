/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <inttypes.h>

#include "share.h"
#include "unit/world.h"

#define ROWS_MAX      4
#define RANDOM_TABLES 20000
#define RANDOM_ROWS   24

struct guard_row {
	uint64_t held, use, low, high, wish; /* wish: the policy's */
	uint64_t result;
	enum mm_reason reason;
};

struct guard_case {
	const char *name;
	uint64_t budget, goal;
	bool is_overcommitted;
	size_t count;
	struct guard_row rows[ROWS_MAX];
};

static const struct guard_case cases[] = {
	{"nobody", 100, 10, false, 0, {{0}}},
	{"the policy's wishes fit: they stay", 1000, 50, false, 2,
		{{500, 300, 320, 1000, 700, 700, 0}, {500, 100, 120, 1000, 300, 300, 0}}},
	{"below its guarantee: raised, the other pays", 1000, 50, false, 2,
		{{500, 300, 320, 1000, 100, 350, MM_REASON_HARD_USE},
			{500, 100, 120, 1000, 900, 650, 0}}},
	{"everybody gets -f where it fits", 400, 50, false, 2,
		{{200, 100, 110, 1000, 400, 250, 0},
			{200, 100, 110, 1000, 0, 150, MM_REASON_HARD_USE}}},
	{"as much of -f as fits", 300, 80, false, 2,
		{{150, 100, 110, 1000, 300, 150, 0},
			{150, 100, 110, 1000, 0, 150, MM_REASON_HARD_USE}}},
	{"above the maximum: cut, the other has the rest", 1000, 50, false, 2,
		{{500, 300, 320, 600, 900, 600, MM_REASON_MAXIMUM},
			{500, 100, 120, 1000, 100, 400, MM_REASON_HARD_USE}}},
	{"all at their maximum: the budget is not used up", 5000, 50, false, 2,
		{{500, 300, 320, 600, 900, 600, MM_REASON_MAXIMUM},
			{500, 100, 120, 700, 4100, 700, MM_REASON_MAXIMUM}}},
	{"wishes above the budget: taken back in proportion", 1000, 1, false, 2,
		{{500, 100, 100, 2000, 1101, 633, 0}, {500, 100, 100, 2000, 601, 367, 0}}},
	{"wishes below the budget: the rest in equal parts", 1000, 1, false, 2,
		{{500, 100, 100, 2000, 300, 450, 0}, {500, 100, 100, 2000, 400, 550, 0}}},
	{"overcommitted: nobody below its guarantee, the rest alike", 1000, 50, true, 3,
		{{700, 200, 300, 2000, 0, 300, 0},
			{200, 200, 500, 2000, 0, 350, MM_REASON_OVERCOMMITTED},
			{200, 200, 500, 2000, 0, 350, MM_REASON_OVERCOMMITTED}}},
	{"overcommitted: whoever holds least is raised first", 1000, 50, true, 3,
		{{400, 400, 500, 2000, 0, 400, MM_REASON_OVERCOMMITTED},
			{100, 100, 500, 2000, 0, 300, MM_REASON_OVERCOMMITTED},
			{200, 200, 500, 2000, 0, 300, MM_REASON_OVERCOMMITTED}}},
	{"overcommitted, all hold less than their guarantee: nobody moves", 300, 50, true, 2,
		{{100, 100, 200, 2000, 0, 150, MM_REASON_OVERCOMMITTED},
			{100, 100, 200, 2000, 0, 150, MM_REASON_OVERCOMMITTED}}},
	{"no budget at all: nobody is squeezed", 0, 50, true, 2,
		{{100, 80, 100, 2000, 0, 100, MM_REASON_OVERCOMMITTED},
			{150, 80, 100, 2000, 0, 100, 0}}},
	{"maximum below what is used", 1000, 50, false, 1,
		{{500, 300, 200, 200, 900, 200, MM_REASON_MAXIMUM}}},
	{"nothing to hand out above a maximum of 0", 1000, 50, false, 1,
		{{0, 0, 0, 0, 10, 0, MM_REASON_MAXIMUM}}},
};

static void fill(struct mm_share *row, const struct guard_row *from)
{
	*row = (struct mm_share){.held_kib = from->held,
		.target_kib = from->held,
		.use_kib = from->use,
		.need_kib = from->low,
		.low_kib = from->low,
		.high_kib = from->high,
		.wish_kib = from->wish,
		.weight = MM_WEIGHT_DEFAULT};
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct guard_case *c = &cases[i];
		struct mm_share rows[ROWS_MAX];
		struct mm_shares shares = {
			.rows = rows, .count = c->count, .budget_kib = c->budget};

		for (size_t k = 0; k < c->count; k++)
			fill(&rows[k], &c->rows[k]);
		if (mm_guard(&shares, c->goal) != c->is_overcommitted)
			fail_msg("%s: wrong about overcommitment", c->name);
		for (size_t k = 0; k < c->count; k++)
			if (rows[k].wish_kib != c->rows[k].result ||
				rows[k].reason != c->rows[k].reason)
				fail_msg("%s: row %zu wishes %" PRIu64 ", reason %s", c->name, k,
					rows[k].wish_kib, mm_reason_name(rows[k].reason));
	}
}

/* Sizes of all magnitudes, small ones as often as large ones. */
static uint64_t any_size(uint64_t *random)
{
	return random_below(random, UINT64_C(1) << random_below(random, 40));
}

static void random_row(struct mm_share *row, uint64_t *random)
{
	*row = (struct mm_share){.held_kib = any_size(random),
		.high_kib = any_size(random),
		.wish_kib = any_size(random),
		.weight = 1 + (uint32_t)random_below(random, MM_WEIGHT_MAX)};
	row->target_kib = row->held_kib;
	row->use_kib = random_below(random, row->held_kib + 1);
	row->need_kib = row->use_kib + random_below(random, 1000);
	row->low_kib = row->need_kib < row->high_kib ? row->need_kib : row->high_kib;
}

static void check_table(const struct mm_shares *shares, bool is_overcommitted, uint64_t held_floor)
{
	uint64_t sum = 0;
	uint64_t high = 0;

	for (size_t i = 0; i < shares->count; i++) {
		const struct mm_share *row = &shares->rows[i];
		uint64_t guarantee = is_overcommitted && row->held_kib < row->low_kib
					     ? row->held_kib
					     : row->low_kib;

		sum += row->wish_kib;
		high += row->high_kib;
		if (row->wish_kib < guarantee || row->wish_kib > row->high_kib)
			fail_msg("row %zu: %" PRIu64 " is outside %" PRIu64 "..%" PRIu64, i,
				row->wish_kib, guarantee, row->high_kib);
	}
	if (is_overcommitted && sum > shares->budget_kib && sum > held_floor)
		fail_msg("sum %" PRIu64 " is above the budget %" PRIu64, sum, shares->budget_kib);
	if (!is_overcommitted && sum > shares->budget_kib)
		fail_msg("sum %" PRIu64 " is above the budget %" PRIu64, sum, shares->budget_kib);
	/* What fits nobody is left over; otherwise less than a KiB a row is. */
	if (!is_overcommitted && high >= shares->budget_kib &&
		sum + shares->count < shares->budget_kib)
		fail_msg("sum %" PRIu64 " leaves the budget %" PRIu64 " unused", sum,
			shares->budget_kib);
}

/* Nobody short of -f while another has more than it. */
static void check_fairness(const struct mm_shares *shares, uint64_t goal)
{
	for (size_t i = 0; i < shares->count; i++)
		for (size_t k = 0; k < shares->count; k++) {
			const struct mm_share *poor = &shares->rows[i];
			const struct mm_share *rich = &shares->rows[k];

			if (poor->wish_kib + 1 < poor->use_kib + goal &&
				poor->wish_kib < poor->high_kib && rich->wish_kib > rich->low_kib &&
				rich->wish_kib > rich->use_kib + goal)
				fail_msg("row %zu is short while row %zu idles", i, k);
		}
}

static void test_random_tables(void **state)
{
	uint64_t random = random_seed(1);

	(void)state;
	for (int n = 0; n < RANDOM_TABLES; n++) {
		struct mm_share rows[RANDOM_ROWS];
		struct mm_shares shares = {
			.rows = rows, .count = random_below(&random, RANDOM_ROWS + 1)};
		uint64_t goal = 1 + any_size(&random);
		uint64_t floor = 0;
		bool is_overcommitted;

		shares.budget_kib = any_size(&random) * random_below(&random, 4);
		for (size_t i = 0; i < shares.count; i++) {
			random_row(&rows[i], &random);
			floor += rows[i].held_kib < rows[i].low_kib ? rows[i].held_kib
								    : rows[i].low_kib;
		}
		is_overcommitted = mm_guard(&shares, goal);
		check_table(&shares, is_overcommitted, floor);
		if (!is_overcommitted)
			check_fairness(&shares, goal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_random_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
