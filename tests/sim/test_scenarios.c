/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the decision achieves on the shipped scenarios of loads: who needs memory gets it, nobody pays with swap. */
#include "unit/test.h"

#include "harness.h"

static struct sim_run run;

static int teardown(void **state)
{
	(void)state;
	if (run.backend)
		sim_run_close(&run);
	run.backend = NULL;
	return 0;
}

static void assert_never_suffered(const char *guest)
{
	const struct mm_sim_guest_stats *s = sim_run_stats(&run, guest);

	if (s->swapout_pages || s->oom_kills || s->crashes)
		fail_msg("%s: %s swapped out %llu pages, %llu were killed", run.label, guest,
			(unsigned long long)s->swapout_pages,
			(unsigned long long)(s->oom_kills + s->crashes));
}

static void assert_at_most(const char *what, uint64_t value, uint64_t limit)
{
	if (value > limit)
		fail_msg("%s: %s is %llu, above %llu", run.label, what, (unsigned long long)value,
			(unsigned long long)limit);
}

static void assert_at_least(const char *what, uint64_t value, uint64_t limit)
{
	if (value < limit)
		fail_msg("%s: %s is %llu, below %llu", run.label, what, (unsigned long long)value,
			(unsigned long long)limit);
}

/* With memory free on the host a burst is answered before the guest swaps. */
static void burst_with_host_memory(void **state)
{
	(void)state;
	sim_run_open(&run, "burst.scn", 1);
	sim_run_to_end(&run);
	assert_at_most("swap-out of web", sim_run_stats(&run, "web")->swapout_pages, 500);
	assert_at_most("relief", mm_sim_relief_percentile(mm_sim_stats(run.backend), 100), 500);
	assert_never_suffered("db");
	assert_never_suffered("batch");
}

/* The benchmark of the lab: -N 768M, so that every page for web must first come from the others. */
static void burst_within_the_budget(void **state)
{
	(void)state;
	sim_run_open(&run, "burst.scn", 1);
	sim_run_set(&run, "budget", "768M");
	sim_run_until(&run, 26000);
	assert_at_least("web at 26 s", sim_run_truth(&run, "web").held_kib, 420 * MIB);
	sim_run_to_end(&run);
	assert_at_most("swap-out of web", sim_run_stats(&run, "web")->swapout_pages, 3000);
	assert_at_most("relief", mm_sim_relief_percentile(mm_sim_stats(run.backend), 100), 3000);
	assert_int_equal(sim_run_stats(&run, "web")->oom_kills, 0);
	assert_never_suffered("db");
	assert_never_suffered("batch");
}

/* The same with every kind of tax. */
static void burst_with_each_tax_rate(void **state)
{
	static const char *const rates[] = {"AUTO", "0.5", "0.75", "1.0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		sim_run_open(&run, "burst.scn", 1);
		sim_run_set(&run, "budget", "768M");
		sim_run_set(&run, "tax-rate", rates[i]);
		sim_run_to_end(&run);
		assert_at_most("swap-out of web", sim_run_stats(&run, "web")->swapout_pages, 3000);
		assert_never_suffered("db");
		assert_never_suffered("batch");
		teardown(NULL);
	}
}

/* Two want more than there is. Nobody dies, the third lives, and what is there is shared fairly. */
static void two_bursts_and_too_little(void **state)
{
	struct mm_sim_truth web, db;

	(void)state;
	sim_run_open(&run, "two-bursts.scn", 1);
	sim_run_until(&run, 75000);
	web = sim_run_truth(&run, "web");
	db = sim_run_truth(&run, "db");
	assert_at_least("rounds known to be short", run.overcommitted_rounds, 1);
	assert_at_least("the smaller share",
		web.held_kib < db.held_kib ? web.held_kib : db.held_kib, 256 * MIB);
	sim_run_to_end(&run);
	assert_int_equal(sim_run_stats(&run, "web")->oom_kills, 0);
	assert_int_equal(sim_run_stats(&run, "db")->oom_kills, 0);
	assert_never_suffered("batch");
	assert_at_least("db at the end", sim_run_truth(&run, "db").held_kib, 400 * MIB);
}

/* A leak ends with the leaker, not with its neighbours. */
static void leak_hurts_the_leaker_alone(void **state)
{
	(void)state;
	sim_run_open(&run, "leak.scn", 1);
	sim_run_to_end(&run);
	assert_int_equal(sim_run_stats(&run, "web")->oom_kills, 1);
	assert_never_suffered("db");
	assert_never_suffered("batch");
}

static void ping_pong(void **state)
{
	(void)state;
	sim_run_open(&run, "ping-pong.scn", 1);
	sim_run_to_end(&run);
	assert_at_most("swap-out of web", sim_run_stats(&run, "web")->swapout_pages, 5000);
	assert_at_most("swap-out of db", sim_run_stats(&run, "db")->swapout_pages, 5000);
	assert_at_most("relief", mm_sim_relief_percentile(mm_sim_stats(run.backend), 100), 3000);
	assert_never_suffered("batch");
	/* Need changes by 190 MiB 20 times; to follow that moves as much up and down at each turn. */
	assert_at_most("memory moved, MiB",
		(sim_run_stats(&run, "web")->grown_kib + sim_run_stats(&run, "db")->grown_kib) /
			MIB,
		20 * 190);
}

/* Constant input: after a beginning nothing is written any more. */
/* Idle guests are pressed as long as they do not miss anything: slowly, and never so that they suffer. */
static void probing_is_gentle(void **state)
{
	(void)state;
	sim_run_open(&run, "calm.scn", 1);
	sim_run_set(&run, "policy", "need");
	sim_run_until(&run, 10000);
	run.writes = run.moved_kib = 0;
	sim_run_to_end(&run);
	assert_at_most("targets", run.writes, 60);
	assert_at_most("MiB moved", run.moved_kib / MIB, 200);
	assert_at_least("MiB free on the host at the end", run.snap.host.free_kib / MIB, 200);
	assert_never_suffered("web");
	assert_never_suffered("db");
	assert_never_suffered("batch");
	assert_never_suffered("pvh");
}

static void calm_stays_calm(void **state)
{
	uint64_t writes;

	(void)state;
	sim_run_open(&run, "calm.scn", 1);
	if (run.cfg.policy == MM_POLICY_NEED) /* probing_is_gentle has that */
		sim_run_set(&run, "probing", "off");
	sim_run_until(&run, 60000);
	writes = run.writes;
	assert_at_most("targets in the first minute", writes, 60);
	sim_run_to_end(&run);
	assert_at_most("targets afterwards", run.writes - writes, 12);
	assert_never_suffered("web");
	assert_never_suffered("db");
	assert_never_suffered("batch");
	assert_never_suffered("pvh");
}

/* Another seed changes the noise, never the outcome. */
static void burst_under_other_seeds(void **state)
{
	(void)state;
	for (uint64_t seed = 2; seed < 12; seed++) {
		sim_run_open(&run, "burst.scn", seed);
		sim_run_set(&run, "budget", "768M");
		sim_run_to_end(&run);
		assert_at_most("swap-out of web", sim_run_stats(&run, "web")->swapout_pages, 3000);
		assert_never_suffered("db");
		assert_never_suffered("batch");
		teardown(NULL);
	}
}

/* Steps of 300 MiB up, shared among those that are starved; of 100 MiB down, when what is unused is still. */
static void coordinator_answers_in_steps(void **state)
{
	uint64_t peak_kib;

	(void)state;
	sim_run_open(&run, "burst.scn", 1);
	sim_run_set(&run, "policy", "coordinator");
	sim_run_until(&run, 40000);
	assert_at_least(
		"web", sim_run_truth(&run, "web").held_kib, sim_run_truth(&run, "web").need_kib);
	sim_run_until(&run, 79000);
	peak_kib = sim_run_truth(&run, "web").held_kib;
	sim_run_until(&run, 86000);
	assert_at_most("web", sim_run_truth(&run, "web").held_kib, peak_kib - 100 * MIB);
	sim_run_to_end(&run);
	assert_at_least("web", sim_run_truth(&run, "web").avail_kib, 150 * MIB);
	assert_at_most("swap-out of web", sim_run_stats(&run, "web")->swapout_pages, 500);
	assert_never_suffered("db");
	assert_never_suffered("batch");
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(burst_with_host_memory),
		TEST(burst_within_the_budget),
		TEST(burst_with_each_tax_rate),
		TEST(two_bursts_and_too_little),
		TEST(leak_hurts_the_leaker_alone),
		TEST(ping_pong),
		TEST(calm_stays_calm),
		TEST(probing_is_gentle),
		TEST(burst_under_other_seeds),
		TEST(coordinator_answers_in_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
