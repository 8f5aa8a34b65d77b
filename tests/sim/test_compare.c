/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What comparisons rest on: need is the same whoever balances, the bound is below every policy, warm cache is missed. */
#include "unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backend/sim.h"
#include "compare.h"
#include "play.h"

#define MIB	    UINT64_C(1024)
#define SEEDS	    20
#define TRIAL_COUNT 4

static const char *const trials[TRIAL_COUNT] = {
	"need", "tax", "coordinator", "tax,tax-rate=0.2,reserve=512M"};

static struct mm_config config(const char *trial)
{
	struct mm_config base;
	struct mm_trial parsed;
	char err[256] = "";

	mm_config_init(&base);
	base.is_tax_auto = true;
	if (mm_trial_parse(trial, &base, &parsed, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	return parsed.cfg;
}

static struct mm_scenario scenario(const char *text)
{
	struct mm_scenario s;
	char err[256] = "";

	if (mm_scenario_parse(text, strlen(text), &s, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	return s;
}

static void play(const struct mm_scenario *s, uint64_t seed, const struct mm_config *cfg,
	struct mm_figures *figures, struct mm_figures *bound)
{
	const struct mm_play what = {.name = "test", .scenario = s, .has_seed = true, .seed = seed};
	char err[256] = "";

	if (mm_play(&what, cfg, figures, bound, err, sizeof(err)) < 0)
		fail_msg("seed %" PRIu64 ": %s", seed, err);
}

/* ---- bound ----------------------------------------------------------------------------------- */

static void check_below(const char *text, uint64_t seeds)
{
	struct mm_scenario s = scenario(text);

	for (uint64_t seed = 1; seed <= seeds; seed++) {
		uint64_t need_kib_ms = 0;

		for (size_t t = 0; t < TRIAL_COUNT; t++) {
			struct mm_config cfg = config(trials[t]);
			struct mm_figures f, bound;

			play(&s, seed, &cfg, &f, &bound);
			if (f.unmet_kib_ms < bound.unmet_kib_ms)
				fail_msg("seed %" PRIu64 ", %s: unmet %" PRIu64
					 " KiB*ms, the bound %" PRIu64,
					seed, trials[t], f.unmet_kib_ms, bound.unmet_kib_ms);
			assert_int_equal(f.need_kib_ms, bound.need_kib_ms);
			/* A kill that nobody could help makes need smaller, and depends on reserve. */
			if (t > 0 && bound.kills == 0 && t + 1 < TRIAL_COUNT)
				assert_int_equal(f.need_kib_ms, need_kib_ms);
			need_kib_ms = f.need_kib_ms;
		}
	}
	mm_scenario_free(&s);
}

static void test_no_policy_is_below_the_bound(void **state)
{
	(void)state;
	check_below("host total=1500M dom0=256M step=50ms\nduration 120s\n"
		    "random guests=4 memory=256M period=6s\n",
		SEEDS);
	check_below("host total=2200M dom0=256M step=50ms\nduration 90s\n"
		    "random guests=7 memory=256M period=8s faults=on\n",
		SEEDS);
}

static void test_no_policy_is_below_the_bound_when_guests_come(void **state)
{
	(void)state;
	check_below("host total=1700M dom0=512M step=20ms\nduration 120s\n"
		    "guest web memory=400M maxmem=900M use=150M cache=100M warm=60M swap=512M "
		    "noise=9M\n"
		    "guest db  memory=400M maxmem=900M use=250M swap=256M noise=9M\n"
		    "guest fix memory=128M use=40M balloon=none\n"
		    "at 10s create new memory=200M maxmem=600M use=60M swap=256M wait=20s\n"
		    "at 30s create more memory=150M maxmem=600M use=60M swap=256M\n"
		    "at 40s web use 600M over 5s\nat 50s new use 400M over 3s\n"
		    "at 60s db save\nat 80s db restore\nat 90s more vanish\nat 95s web use 1800M "
		    "over 9s\n",
		4);
}

static void test_bound_is_reached_where_nothing_moves(void **state)
{
	/* 100 MiB more than it can hold, from the beginning, and nothing that could be moved. */
	struct mm_scenario s = scenario("host total=2G dom0=512M step=10ms\nduration 20s\n"
					"guest a memory=256M use=300M kernel=50M swap=1G\n");
	struct mm_config cfg = config("need");
	struct mm_figures f, bound;

	(void)state;
	play(&s, 1, &cfg, &f, &bound);
	assert_true(bound.unmet_kib_ms > 19000 * 95 * MIB);
	assert_true(bound.unmet_kib_ms < 20000 * 105 * MIB);
	assert_int_equal(f.unmet_kib_ms, bound.unmet_kib_ms);
	assert_int_equal(bound.kills, 0);
	mm_scenario_free(&s);
}

static void test_kills_that_nobody_can_help(void **state)
{
	/* Together 700 MiB, without swap, on a host that has 512 for them. */
	struct mm_scenario s = scenario("host total=1024M dom0=512M\nduration 60s\n"
					"guest a memory=200M maxmem=900M use=50M\n"
					"guest b memory=200M maxmem=900M use=50M\n"
					"at 10s a use 300M over 2s\nat 10s b use 280M over 2s\n");
	struct mm_config cfg = config("need,reserve=0");
	struct mm_figures f, bound;

	(void)state;
	play(&s, 1, &cfg, &f, &bound);
	assert_int_equal(bound.kills, 1);
	assert_true(f.kills >= 1);
	mm_scenario_free(&s);
}

static void test_a_guest_that_is_not_started_counts(void **state)
{
	struct mm_scenario s = scenario("host total=1024M dom0=512M\nduration 60s\n"
					"guest a memory=400M maxmem=900M use=300M\n"
					"at 10s create b memory=256M use=100M boot=1s\n");
	struct mm_config cfg = config("need,reserve=0");
	struct mm_figures f, bound;

	(void)state;
	play(&s, 1, &cfg, &f, &bound);
	assert_int_equal(f.not_started, 1);
	/* Some 150 MiB that it needs, for 48 s. */
	assert_true(f.unmet_kib_ms > 46000 * 140 * MIB);
	mm_scenario_free(&s);
}

static void test_a_toolstack_that_waits(void **state)
{
	struct mm_scenario s = scenario("host total=1024M dom0=512M\nduration 60s\n"
					"guest a memory=480M maxmem=900M use=60M swap=256M\n"
					"at 10s create b memory=256M use=100M boot=1s wait=30s\n"
					"at 20s create c memory=900M use=100M boot=1s wait=5s\n");
	struct mm_config cfg = config("need,reserve=0");
	struct mm_figures f, bound;

	(void)state;
	play(&s, 1, &cfg, &f, &bound);
	assert_int_equal(f.not_started, 1); /* c, once */
	mm_scenario_free(&s);
}

/* ---- warm cache ------------------------------------------------------------------------------ */

static struct mm_backend *open_sim(const char *text)
{
	const struct mm_backend_options options = {.has_seed = false};
	struct mm_backend *b = NULL;
	char err[256] = "";

	if (mm_sim_open_text("test", text, strlen(text), &options, err, sizeof(err), &b) < 0)
		fail_msg("%s", err);
	return b;
}

static void test_warm_cache_is_missed(void **state)
{
	struct mm_backend *b = open_sim(
		"host total=2G dom0=512M\nduration 120s\n"
		"guest a memory=512M maxmem=512M use=100M cache=300M warm=250M kernel=50M\n");
	struct mm_sim_truth before = mm_sim_truth_at(b, 0), after;

	(void)state;
	assert_true(before.need_kib >= (50 + 100 + 250) * MIB);
	assert_true(before.need_kib < (50 + 100 + 250 + 12) * MIB);
	assert_int_equal(mm_sim_run(b, 10000), 0);
	assert_int_equal(mm_sim_guest_stats(b, 0)->refault_pages, 0);
	/* 200 MiB less: 50 of cold cache, then warm. */
	assert_int_equal(b->ops->set_target(b, before.domid, 312 * MIB), 0);
	assert_int_equal(mm_sim_run(b, 30000), 0);
	after = mm_sim_truth_at(b, 0);
	assert_int_equal(after.need_kib, before.need_kib);
	assert_true(after.cache_kib < 250 * MIB);
	assert_true(mm_sim_guest_stats(b, 0)->refault_pages * 4 > 100 * MIB);
	assert_int_equal(b->ops->set_target(b, before.domid, 512 * MIB), 0);
	assert_int_equal(mm_sim_run(b, 60000), 0);
	after = mm_sim_truth_at(b, 0);
	assert_true(after.cache_kib >= 250 * MIB);
	b->ops->close(b);
}

static void test_what_is_read_once_is_not_missed(void **state)
{
	struct mm_backend *b =
		open_sim("host total=2G dom0=512M\nduration 120s\n"
			 "guest a memory=512M maxmem=512M use=100M cache=300M warm=0 kernel=50M\n");
	struct mm_sim_truth before = mm_sim_truth_at(b, 0);

	(void)state;
	assert_true(before.need_kib < (50 + 100 + 12) * MIB);
	assert_int_equal(b->ops->set_target(b, before.domid, 212 * MIB), 0);
	assert_int_equal(mm_sim_run(b, 30000), 0);
	assert_int_equal(b->ops->set_target(b, before.domid, 512 * MIB), 0);
	assert_int_equal(mm_sim_run(b, 60000), 0);
	assert_int_equal(mm_sim_guest_stats(b, 0)->refault_pages, 0);
	assert_true(mm_sim_truth_at(b, 0).cache_kib >= 290 * MIB);
	b->ops->close(b);
}

static void test_warm_event(void **state)
{
	struct mm_backend *b = open_sim("host total=2G dom0=512M\nduration 60s\n"
					"guest a memory=512M use=100M cache=300M kernel=50M\n"
					"at 10s a warm 200M\n");
	uint64_t before = mm_sim_truth_at(b, 0).need_kib;

	(void)state;
	assert_int_equal(mm_sim_run(b, 11000), 0);
	assert_true(mm_sim_truth_at(b, 0).need_kib >= before + 200 * MIB);
	b->ops->close(b);
}

/* ---- shipped scenarios ----------------------------------------------------------------------- */

static void test_shipped_scenarios(void **state)
{
	(void)state;
	assert_true(mm_shipped_count >= 10);
	for (size_t i = 0; i < mm_shipped_count; i++) {
		struct mm_input input;
		char err[512] = "";

		if (mm_input_open_shipped(&mm_shipped_scenarios[i], &input, err, sizeof(err)) < 0)
			fail_msg("%s", err);
		if (strlen(input.story) < 20)
			fail_msg("%s: a shipped scenario begins with its story", input.name);
		mm_input_free(&input);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_policy_is_below_the_bound),
		cmocka_unit_test(test_no_policy_is_below_the_bound_when_guests_come),
		cmocka_unit_test(test_bound_is_reached_where_nothing_moves),
		cmocka_unit_test(test_kills_that_nobody_can_help),
		cmocka_unit_test(test_a_guest_that_is_not_started_counts),
		cmocka_unit_test(test_a_toolstack_that_waits),
		cmocka_unit_test(test_warm_cache_is_missed),
		cmocka_unit_test(test_what_is_read_once_is_not_missed),
		cmocka_unit_test(test_warm_event),
		cmocka_unit_test(test_shipped_scenarios),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
