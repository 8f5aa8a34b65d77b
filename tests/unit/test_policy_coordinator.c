/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Policy `coordinator`: states, steps, and the tax, by what a whole decision wishes. */
#include "unit/test.h"

#include <inttypes.h>

#include "unit/world.h"

#define ROWS_MAX 3
#define STEP_MS	 2000

struct step_row {
	uint64_t held, use, use_last, max; /* MiB; use_last: in the last step; max 0: ample */
	uint64_t wish;
};

struct step_case {
	const char *name;
	uint64_t free; /* MiB */
	size_t steps, count;
	struct step_row rows[ROWS_MAX];
};

static const struct step_case cases[] = {
	{"starved: a step of 300 MiB", 1000, 1, 1, {{400, 300, 300, 0, 700}}},
	{"starved: what the host has", 120, 1, 1, {{400, 300, 300, 0, 520}}},
	{"starved: no more than its maximum", 1000, 1, 1, {{400, 300, 300, 450, 450}}},
	{"two starved get the same part of what there is", 200, 1, 2,
		{{400, 300, 300, 0, 500}, {600, 500, 500, 0, 700}}},
	{"150 MiB unused are starved, 151 pay the tax", 1000, 1, 2,
		{{400, 250, 250, 0, 702}, {400, 249, 249, 0, 398}}},
	{"349 MiB unused are normal", 0, 2, 1, {{400, 51, 51, 0, 400}}},
	{"350 MiB unused may move, as long as nothing is known", 0, 1, 1, {{400, 50, 50, 0, 400}}},
	{"350 MiB unused that stay give 100", 0, 2, 1, {{400, 50, 50, 0, 300}}},
	{"nothing from one whose unused memory moves", 0, 2, 1, {{600, 100, 101, 0, 600}}},
	{"nothing below what it uses and a margin", 0, 2, 1, {{4446, 4096, 4096, 0, 4352}}},
	{"what is given goes to active ones", 0, 2, 2,
		{{600, 100, 100, 0, 500}, {600, 100, 110, 0, 700}}},
	{"to each the same", 0, 2, 3,
		{{600, 100, 100, 0, 500}, {600, 100, 110, 0, 650}, {900, 90, 100, 0, 950}}},
	{"starved ones come before active ones", 0, 2, 3,
		{{600, 100, 100, 0, 500}, {600, 100, 110, 0, 600}, {400, 300, 300, 0, 500}}},
	{"what a starved one cannot hold goes to active ones", 0, 2, 3,
		{{600, 100, 100, 0, 500}, {600, 100, 110, 0, 660}, {400, 300, 300, 440, 440}}},
	{"no more tax is paid out than was paid in", 1000, 1, 3,
		{{400, 300, 300, 0, 701}, {400, 249, 249, 0, 398}, {400, 300, 300, 0, 701}}},
	{"no tax when nothing grew", 0, 1, 2, {{400, 300, 300, 0, 400}, {400, 249, 249, 0, 400}}},
	{"taxes add up", 2000, 3, 2, {{900, 800, 800, 0, 1202}, {400, 200, 200, 0, 394}}},
};

static void open_case(struct world *w, const struct step_case *c)
{
	world_init(w, MIB(c->free));
	w->cfg.policy = MM_POLICY_COORDINATOR;
	w->cfg.interval_ms = STEP_MS;
	for (size_t i = 0; i < c->count; i++) {
		const struct step_row *row = &c->rows[i];

		world_add(w, (uint32_t)i + 1, MIB(row->held), MIB(row->use));
		if (row->max)
			world_domain(w, (uint32_t)i + 1)->static_max_kib = MIB(row->max);
	}
}

static void test_steps(void **state)
{
	(void)state;
	for (size_t n = 0; n < ARRAY_SIZE(cases); n++) {
		const struct step_case *c = &cases[n];
		struct world w;
		uint64_t sum = 0;

		open_case(&w, c);
		for (size_t step = 1; step <= c->steps; step++) {
			for (uint32_t i = 0; i < c->count && step == c->steps; i++)
				world_guest(&w, i + 1)->use_kib = MIB(c->rows[i].use_last);
			world_report(&w);
			world_decide(&w);
			w.snap.now_ms += STEP_MS;
		}
		for (uint32_t i = 0; i < c->count; i++) {
			uint64_t wish = world_entry(&w, i + 1)->wish_kib;

			sum += wish;
			if (wish != MIB(c->rows[i].wish))
				fail_msg("%s: guest %" PRIu32 " shall hold %" PRIu64
					 " KiB, not %" PRIu64,
					c->name, i + 1, wish, MIB(c->rows[i].wish));
		}
		assert_int_equal(sum + w.plan.pool_kib, w.plan.budget_kib);
		world_free(&w);
	}
}

/* However many rounds there are between two steps, the wishes stay. */
static void test_one_step_an_interval(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, GIB(8));
	w.cfg.policy = MM_POLICY_COORDINATOR;
	w.cfg.interval_ms = STEP_MS;
	world_add(&w, 1, MIB(400), MIB(300));
	world_add(&w, 2, MIB(600), MIB(100));
	for (int i = 0; i < 20; i++) {
		world_decide(&w);
		assert_int_equal(world_entry(&w, 1)->wish_kib, MIB(700));
		assert_int_equal(world_entry(&w, 2)->wish_kib, MIB(600));
		world_advance(&w, STEP_MS / 20);
	}
	world_decide(&w);
	assert_int_equal(world_entry(&w, 1)->wish_kib, MIB(700));
	assert_int_equal(world_entry(&w, 2)->wish_kib, MIB(500));
	world_free(&w);
}

/* Between the steps, too, nobody is left with less than it uses. */
static void test_the_guard_does_not_wait(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, GIB(1));
	w.cfg.policy = MM_POLICY_COORDINATOR;
	world_add(&w, 1, MIB(500), MIB(250));
	world_decide(&w);
	assert_int_equal(world_entry(&w, 1)->wish_kib, MIB(500));
	world_guest(&w, 1)->use_kib = MIB(496);
	world_advance(&w, 100);
	world_decide(&w);
	assert_true(world_entry(&w, 1)->wish_kib >= MIB(496 + 16));
	assert_true(world_entry(&w, 1)->new_kib > MIB(500));
	world_free(&w);
}

/* What a guest had when it was last seen is not compared with, once it missed a step. */
static void test_a_guest_that_was_away_is_new(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	w.cfg.policy = MM_POLICY_COORDINATOR;
	world_add(&w, 1, MIB(600), MIB(100));
	world_decide(&w);
	world_domain(&w, 1)->state = MM_DOM_PAUSED;
	w.snap.now_ms += STEP_MS;
	world_decide(&w);
	world_add(&w, 2, MIB(600), MIB(100));
	w.snap.now_ms += STEP_MS;
	world_decide(&w);
	world_domain(&w, 1)->state = MM_DOM_RUNNING;
	w.snap.now_ms += STEP_MS;
	world_decide(&w);
	assert_int_equal(world_entry(&w, 1)->wish_kib, MIB(700)); /* active: what the other gave */
	assert_int_equal(world_entry(&w, 2)->wish_kib, MIB(500));
	w.snap.now_ms += STEP_MS;
	world_decide(&w);
	assert_int_equal(world_entry(&w, 1)->wish_kib, MIB(500));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_one_step_an_interval),
		cmocka_unit_test(test_the_guard_does_not_wait),
		cmocka_unit_test(test_a_guest_that_was_away_is_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
