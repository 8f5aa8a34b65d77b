/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the decision achieves when guests, balloons or agents misbehave, come and go. */
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

/* Whether the guest holds what it needs now. */
static void assert_satisfied(const char *guest)
{
	struct mm_sim_truth truth = sim_run_truth(&run, guest);

	if (truth.held_kib < truth.need_kib)
		fail_msg("%s: %s holds %llu KiB, needs %llu", run.label, guest,
			(unsigned long long)truth.held_kib, (unsigned long long)truth.need_kib);
}

static enum mm_reason reason_of(const char *guest)
{
	return sim_run_entry(&run, guest)->reason;
}

/* A stuck donor is found out, does not keep web from memory others have, and takes part again later. */
static void stuck_balloon(void **state)
{
	uint64_t held;

	(void)state;
	sim_run_open(&run, "stuck.scn", 1);
	sim_run_until(&run, 10100);
	held = sim_run_truth(&run, "db").held_kib;
	sim_run_until(&run, 30000);
	assert_satisfied("web");
	assert_int_equal(sim_run_truth(&run, "db").held_kib, held);
	sim_run_until(&run, 115000);
	assert_int_equal(mm_history_find(&run.hist, sim_run_truth(&run, "db").domid)->progress,
		MM_PROGRESS_STUCK);
	sim_run_until(&run, 245000);
	assert_true(sim_run_truth(&run, "db").held_kib < held - 20 * MIB);
	sim_run_to_end(&run);
	assert_never_suffered("db");
	assert_never_suffered("batch");
}

/* Asked for what it needs itself, the balloon stops short and gives up; it is woken, and nobody is killed. */
static void balloon_that_gave_up(void **state)
{
	struct mm_sim_truth db;

	(void)state;
	sim_run_open(&run, "gave-up.scn", 1);
	sim_run_until(&run, 36000);
	db = sim_run_truth(&run, "db");
	assert_true(db.held_kib > db.target_kib + 10 * MIB);
	assert_true(db.avail_kib < 4 * MIB);
	assert_int_equal(reason_of("db"), MM_REASON_NUDGE);
	sim_run_until(&run, 59000);
	assert_satisfied("db");
	sim_run_until(&run, 90000);
	assert_true(sim_run_truth(&run, "db").held_kib < 190 * MIB);
	assert_satisfied("web");
	sim_run_to_end(&run);
	assert_int_equal(sim_run_stats(&run, "db")->oom_kills, 0);
	assert_never_suffered("web");
	assert_never_suffered("batch");
}

static void silent_agent(void **state)
{
	uint64_t held;

	(void)state;
	sim_run_open(&run, "silent.scn", 1);
	sim_run_until(&run, 50000);
	assert_int_equal(reason_of("db"), MM_REASON_SILENT);
	held = sim_run_truth(&run, "db").held_kib;
	sim_run_until(&run, 119000);
	assert_int_equal(sim_run_truth(&run, "db").held_kib, held);
	assert_satisfied("web");
	sim_run_until(&run, 150000);
	assert_int_not_equal(reason_of("db"), MM_REASON_SILENT);
	sim_run_to_end(&run);
	assert_never_suffered("web");
	assert_never_suffered("db");
	assert_never_suffered("batch");
}

/*
 * A liar is one who uses much: it gets what idles, but nobody is pressed below the own use for it, and what
 * it held is there again when it turns honest.
 */
static void lying_guest(void **state)
{
	struct mm_sim_truth web;

	(void)state;
	sim_run_open(&run, "liar.scn", 1);
	sim_run_until(&run, 58000); /* and a round: before its own burst */
	web = sim_run_truth(&run, "web");
	assert_true(web.held_kib >= web.need_kib);
	assert_never_suffered("web");
	sim_run_until(&run, 119000);	      /* it lies on ... */
	if (run.cfg.policy == MM_POLICY_NEED) /* ... and what nothing confirms is not believed */
		assert_satisfied("web");
	sim_run_to_end(&run);
	assert_satisfied("web");
	assert_int_equal(sim_run_stats(&run, "web")->oom_kills, 0);
	assert_never_suffered("batch");
}

static void flooding_guest(void **state)
{
	(void)state;
	sim_run_open(&run, "flood.scn", 1);
	sim_run_to_end(&run);
	assert_satisfied("web");
	assert_never_suffered("web");
	assert_never_suffered("db");
	assert_never_suffered("batch");
	assert_true(run.rounds < 90 * 25); /* not one for each of its 9,000 writes */
}

static void guests_come_and_go(void **state)
{
	(void)state;
	sim_run_open(&run, "come-and-go.scn", 1);
	sim_run_set(&run, "reserve", "192M");
	sim_run_until(&run, 50000);
	assert_satisfied("new");
	sim_run_until(&run, 90000);
	assert_satisfied("web");
	sim_run_to_end(&run);
	assert_int_equal(mm_sim_stats(run.backend)->creations_failed, 0);
	assert_satisfied("db");
	assert_never_suffered("web");
	assert_never_suffered("new");
}

/* Pressed before its balloon had caught up, it would have been killed (the rules check that, too). */
static void pvh_guest_boots(void **state)
{
	(void)state;
	sim_run_open(&run, "pvh-boot.scn", 1);
	sim_run_set(&run, "reserve", "192M");
	sim_run_until(&run, 12000);
	assert_false(sim_run_entry(&run, "pvh")->is_balanced);
	sim_run_to_end(&run);
	assert_int_equal(sim_run_stats(&run, "pvh")->crashes, 0);
	assert_satisfied("pvh");
	assert_satisfied("web");
	assert_never_suffered("pvh");
	assert_never_suffered("batch");
}

static void save_and_restore(void **state)
{
	(void)state;
	sim_run_open(&run, "save-restore.scn", 1);
	sim_run_set(&run, "reserve", "256M");
	sim_run_until(&run, 55000);
	assert_satisfied("web");
	sim_run_until(&run, 118000);
	assert_satisfied("db");
	sim_run_until(&run, 140000);
	assert_int_equal(reason_of("batch"), MM_REASON_PAUSED);
	sim_run_to_end(&run);
	assert_int_equal(mm_sim_stats(run.backend)->creations_failed, 0);
	assert_satisfied("web");
	assert_satisfied("db");
	assert_never_suffered("web");
	assert_never_suffered("batch");
}

static void intermittent_balloon(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		sim_run_open(&run, "intermittent.scn", seed);
		sim_run_until(&run, 90000);
		assert_satisfied("web");
		sim_run_to_end(&run);
		assert_int_equal(sim_run_stats(&run, "web")->oom_kills, 0);
		assert_never_suffered("db");
		assert_never_suffered("batch");
		teardown(NULL);
	}
}

/* Reports are up to a minute old: slow, but nobody is killed, and idle guests do not suffer. */
static void guests_without_mmclient(void **state)
{
	(void)state;
	sim_run_open(&run, "xenserver.scn", 1);
	sim_run_until(&run, 150000);
	assert_satisfied("batch");
	assert_int_equal(reason_of("other"), MM_REASON_NO_AGENT);
	sim_run_to_end(&run);
	assert_satisfied("web");
	assert_int_equal(sim_run_stats(&run, "web")->oom_kills, 0);
	assert_int_equal(sim_run_stats(&run, "batch")->oom_kills, 0);
	assert_never_suffered("db");
	assert_int_equal(sim_run_stats(&run, "other")->targets, 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stuck_balloon),
		TEST(balloon_that_gave_up),
		TEST(silent_agent),
		TEST(lying_guest),
		TEST(flooding_guest),
		TEST(guests_come_and_go),
		TEST(pvh_guest_boots),
		TEST(save_and_restore),
		TEST(intermittent_balloon),
		TEST(guests_without_mmclient),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
