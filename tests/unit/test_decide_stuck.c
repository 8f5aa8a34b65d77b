/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is decided about balloons that do not follow, and guests that fall silent or come back. */
#include "unit/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "progress.h"
#include "unit/world.h"
#include "xenmm/units.h"

/* Guest 1 idles and shall give to guest 2, but its balloon does not move. */
static void init_stuck(struct world *w)
{
	world_init(w, 0);
	world_add(w, 1, MIB(1000), MIB(100))->rate_kib = 0;
	world_add(w, 2, MIB(1000), MIB(990));
	world_add(w, 3, MIB(1000), MIB(600));
}

static void test_lagging_balloon_is_woken_by_another_target(void **state)
{
	struct world w;
	uint64_t first;

	(void)state;
	init_stuck(&w);
	world_run(&w, 1, 100);
	first = world_domain(&w, 1)->target_kib;
	assert_true(first < MIB(1000));
	world_run(&w, 50, 100);
	assert_int_equal(world_domain(&w, 1)->target_kib, first); /* not before 5 s */
	world_run(&w, 1, 100);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_NUDGE);
	assert_int_equal(world_domain(&w, 1)->target_kib, first + 4);
	world_run(&w, 1, 100);
	assert_false(world_entry(&w, 1)->is_change);
	/* It wakes: all goes on as if nothing had been. */
	world_guest(&w, 1)->rate_kib = MIB(100);
	world_run(&w, 100, 100);
	assert_true(world_held(&w, 1) < MIB(700));
	world_free(&w);
}

static void test_stuck_balloon_gets_the_target_it_holds(void **state)
{
	struct world w;

	(void)state;
	init_stuck(&w);
	world_run(&w, 400, 100);
	assert_true(world_domain(&w, 1)->target_kib < MIB(1000));
	world_run(&w, 2, 100);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_STUCK);
	assert_int_equal(world_domain(&w, 1)->target_kib, MIB(1000));
	/* Others no longer wait for it, and it is not given more. */
	world_run(&w, 100, 500);
	assert_int_equal(world_held(&w, 1), MIB(1000));
	assert_true(world_held(&w, 2) > MIB(1050) && world_held(&w, 3) < MIB(950));
	world_free(&w);
}

static void test_stuck_balloon_is_probed_and_recovers(void **state)
{
	struct world w;
	size_t probes = 0;
	uint64_t last_ms = 0;
	uint64_t gap_ms = 0;

	(void)state;
	init_stuck(&w);
	for (uint64_t ms = 0; ms < 2000000; ms += 500) {
		world_run(&w, 1, 500);
		if (world_entry(&w, 1)->reason != MM_REASON_PROBE)
			continue;
		assert_int_equal(world_entry(&w, 1)->new_kib, MIB(1000) - MM_PROBE_KIB);
		gap_ms = ms - last_ms;
		last_ms = ms;
		probes++;
	}
	assert_in_range(probes, 5, 7);
	assert_int_equal(gap_ms, MM_PROBE_MAX_MS);
	assert_int_equal(
		world_domain(&w, 1)->target_kib, MIB(1000)); /* unanswered ones are taken back */
	world_guest(&w, 1)->rate_kib = MIB(100);
	world_run(&w, 1300, 500);
	assert_true(world_entry(&w, 1)->is_balanced);
	assert_true(world_held(&w, 1) < MIB(800));
	world_free(&w);
}

static void test_stuck_guest_recovers_by_itself_when_it_moves(void **state)
{
	struct world w;

	(void)state;
	init_stuck(&w);
	world_run(&w, 110, 500);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_STUCK);
	world_domain(&w, 1)->current_kib -= MIB(20);
	w.snap.host.free_kib += MIB(20);
	world_guest(&w, 1)->rate_kib = MIB(100);
	world_run(&w, 60, 500);
	assert_true(world_held(&w, 1) < MIB(700));
	world_free(&w);
}

/* A balloon that gave up shrinking, as Linux' does after an OOM kill, and whose guest then runs short. */
static void test_stuck_guest_that_runs_short_is_tried_soon(void **state)
{
	struct world w;

	(void)state;
	init_stuck(&w);
	world_guest(&w, 2)->use_kib = MIB(700);
	world_run(&w, 3000, 500); /* 25 minutes: probes are far apart by now */
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_STUCK);
	assert_int_equal(w.hist.tracks[0].progress, MM_PROGRESS_STUCK);
	world_guest(&w, 1)->use_kib = MIB(1200);
	world_guest(&w, 1)->rate_kib = MIB(100);
	world_run(&w, 60, 500);
	if (world_held(&w, 1) < MIB(1200))
		fail_msg("holds %" PRIu64 " MiB after 30 s", world_held(&w, 1) / 1024);
	world_free(&w);
}

/* The same where it cannot grow either: it costs the others no more than a probe. */
static void test_stuck_guest_that_runs_short_is_not_promised_more_than_a_probe(void **state)
{
	struct world w;
	uint64_t highest = 0;

	(void)state;
	init_stuck(&w);
	world_run(&w, 200, 500);
	world_guest(&w, 1)->use_kib = MIB(1200);
	for (int round = 0; round < 400; round++) {
		world_run(&w, 1, 500);
		highest = mm_max_u64(highest, world_domain(&w, 1)->target_kib);
	}
	assert_int_equal(highest, MIB(1000) + MM_PROBE_KIB);
	world_free(&w);
}

static void test_growth_that_lags_gives_its_promise_back(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, MIB(400));
	world_add(&w, 1, MIB(500), MIB(480))->rate_kib = 0;
	world_add(&w, 2, MIB(500), MIB(100));
	world_run(&w, 10, 100);
	assert_true(world_domain(&w, 1)->target_kib > MIB(600));
	world_run(&w, 50, 1000);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_STUCK);
	assert_int_equal(world_domain(&w, 1)->target_kib, MIB(500));
	/* What it did not take, the other gets. */
	assert_true(world_held(&w, 2) > MIB(800));
	world_free(&w);
}

static void test_lagging_shrinker_that_runs_short_grows(void **state)
{
	struct world w;

	(void)state;
	init_stuck(&w);
	world_run(&w, 80, 100);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_NUDGE);
	world_guest(&w, 1)->use_kib = MIB(1100);
	world_guest(&w, 1)->rate_kib = MIB(100);
	world_report(&w);
	world_run(&w, 1, 100);
	assert_true(world_domain(&w, 1)->target_kib >= MIB(1000));
	world_free(&w);
}

static void test_silent_guest_stops_shrinking_where_it_is(void **state)
{
	struct world w;
	uint64_t held;

	(void)state;
	init_stuck(&w);
	world_guest(&w, 1)->rate_kib = MIB(1);
	world_run(&w, 10, 100);
	world_guest(&w, 1)->is_silent = true;
	world_run(&w, 310, 100);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_SILENT);
	held = world_held(&w, 1);
	assert_true(held > MIB(900));
	assert_in_range(world_domain(&w, 1)->target_kib, held - 1024, held);
	world_guest(&w, 1)->rate_kib = MIB(100);
	world_run(&w, 100, 1000);
	assert_in_range(world_held(&w, 1), held - 1024, held);
	/* It counts as held: nobody is promised what it has. */
	assert_true(world_held(&w, 1) + world_held(&w, 2) + world_held(&w, 3) <= MIB(3000));
	/* Its agent is back. */
	world_guest(&w, 1)->is_silent = false;
	world_run(&w, 100, 1000);
	assert_true(world_held(&w, 1) < MIB(900));
	world_free(&w);
}

static void test_reused_domid_starts_anew(void **state)
{
	struct world w;

	(void)state;
	init_stuck(&w);
	world_run(&w, 100, 500);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_STUCK);
	strcpy(world_domain(&w, 1)->uuid, "11111111-2222-3333-4444-555555555555");
	world_decide(&w);
	assert_int_equal(w.hist.tracks[0].progress, MM_PROGRESS_SETTLED);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_DONATE);
	world_free(&w);
}

static void test_paused_saving_and_populated_guests_are_not_judged(void **state)
{
	static const struct {
		enum mm_dom_state state;
		uint64_t pod_kib;
		enum mm_reason reason;
	} cases[] = {
		{MM_DOM_PAUSED, 0, MM_REASON_PAUSED},
		{MM_DOM_SAVING, 0, MM_REASON_SAVING},
		{MM_DOM_RUNNING, 4096, MM_REASON_BOOTING},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world w;
		uint64_t target;

		init_stuck(&w);
		world_run(&w, 2, 100);
		target = world_domain(&w, 1)->target_kib;
		world_domain(&w, 1)->state = cases[i].state;
		world_domain(&w, 1)->pod_kib = cases[i].pod_kib;
		world_run(&w, 200, 1000);
		if (world_entry(&w, 1)->reason != cases[i].reason ||
			w.hist.tracks[0].progress != MM_PROGRESS_SETTLED ||
			world_domain(&w, 1)->target_kib != target)
			fail_msg("%s: %s", mm_reason_name(cases[i].reason),
				mm_reason_name(world_entry(&w, 1)->reason));
		/* Awake again, it shrinks as if it had never paused. */
		world_domain(&w, 1)->state = MM_DOM_RUNNING;
		world_domain(&w, 1)->pod_kib = 0;
		world_guest(&w, 1)->rate_kib = MIB(100);
		world_run(&w, 60, 500);
		assert_true(world_held(&w, 1) < MIB(700));
		world_free(&w);
	}
}

/* Between a sample and its targets a domain can vanish; the next sample simply lacks it. */
static void test_guest_that_dies_in_mid_balance(void **state)
{
	struct world w;

	(void)state;
	init_stuck(&w);
	world_guest(&w, 1)->rate_kib = MIB(100);
	world_run(&w, 3, 100);
	world_domain(&w, 1)->state = MM_DOM_DYING;
	world_run(&w, 3, 100);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_DYING);
	world_remove(&w, 1);
	world_run(&w, 60, 500);
	assert_int_equal(w.plan.count, 2);
	assert_in_range(world_held(&w, 2) + world_held(&w, 3), MIB(2960), MIB(3000));
	world_free(&w);
}

static void test_clock_that_steps_back_changes_nothing_rash(void **state)
{
	struct world w;

	(void)state;
	init_stuck(&w);
	world_run(&w, 20, 100);
	w.snap.now_ms = 5;
	world_report(&w);
	world_decide(&w);
	assert_int_not_equal(w.hist.tracks[0].progress, MM_PROGRESS_STUCK);
	assert_true(world_entry(&w, 1)->is_balanced);
	world_run(&w, 20, 100);
	assert_int_not_equal(w.hist.tracks[0].progress, MM_PROGRESS_STUCK);
	world_free(&w);
}

static bool is_near(int64_t a, int64_t b)
{
	return a - b <= 1024 && b - a <= 1024;
}

/*
 * An HVM guest whose balloon rests short of its target while it is seen first: its lag is taken for its
 * offset, or its offset for a lag. The error must stay that large: neither may its target climb step by
 * step, nor sink, and in the end the offset is the right one.
 */
static void test_lag_taken_for_an_offset_does_not_ratchet(void **state)
{
	static const struct {
		int64_t lag_mib, offset_mib; /* beyond its target at first, and for good */
	} cases[] = {{14, 0}, {-14, 0}, {57, 17}, {-40, 8}, {0, 16}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world_guest *guest;
		struct mm_domain *dom;
		struct world w;

		world_init(&w, MIB(400));
		w.cfg.budget_kib = MIB(600);
		guest = world_add(&w, 1, MIB(256), MIB(80));
		(void)world_add(&w, 2, MIB(256), MIB(80));
		guest = world_guest(&w, 1);
		dom = world_domain(&w, 1);
		dom->type = MM_DOM_HVM;
		dom->current_kib += (uint64_t)(cases[i].lag_mib * 1024);
		guest->offset_kib = cases[i].offset_mib * 1024;
		guest->rate_kib = 0;
		world_run(&w, 50, 100);
		guest->rate_kib = MIB(100);
		for (int k = 0; k < 6000; k++) {
			if (k == 1000)
				world_guest(&w, 2)->use_kib = MIB(220);
			world_run(&w, 1, 100);
			if (k > 1500)
				assert_in_range(dom->current_kib, MIB(90), MIB(400));
			if (dom->current_kib + world_held(&w, 2) > MIB(600) + MIB(60))
				fail_msg("case %zu: %" PRIu64 " KiB held at %d", i,
					dom->current_kib + world_held(&w, 2), k);
		}
		if (!is_near(mm_history_find(&w.hist, 1)->offset_kib, cases[i].offset_mib * 1024))
			fail_msg("case %zu: offset %" PRId64, i,
				mm_history_find(&w.hist, 1)->offset_kib);
		world_free(&w);
	}
}

/* What is missing up to its target may be a lag, whatever was read off: it is promised, and not free for others. */
static void test_a_lag_taken_for_an_offset_stays_promised(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, MIB(10));
	world_add(&w, 1, MIB(300), MIB(100))->rate_kib = 0;
	world_domain(&w, 1)->type = MM_DOM_HVM;
	world_domain(&w, 1)->target_kib = MIB(310);
	world_add(&w, 2, MIB(300), MIB(400));
	for (int i = 0; i < 5; i++) {
		world_decide(&w);
		assert_int_equal(w.plan.available_kib, 0);
		world_advance(&w, 1000);
	}
	assert_int_equal(mm_history_find(&w.hist, 1)->offset_kib, -(int64_t)MIB(10));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lag_taken_for_an_offset_does_not_ratchet),
		cmocka_unit_test(test_lagging_balloon_is_woken_by_another_target),
		cmocka_unit_test(test_stuck_balloon_gets_the_target_it_holds),
		cmocka_unit_test(test_stuck_balloon_is_probed_and_recovers),
		cmocka_unit_test(test_stuck_guest_recovers_by_itself_when_it_moves),
		cmocka_unit_test(test_stuck_guest_that_runs_short_is_tried_soon),
		cmocka_unit_test(
			test_stuck_guest_that_runs_short_is_not_promised_more_than_a_probe),
		cmocka_unit_test(test_growth_that_lags_gives_its_promise_back),
		cmocka_unit_test(test_lagging_shrinker_that_runs_short_grows),
		cmocka_unit_test(test_silent_guest_stops_shrinking_where_it_is),
		cmocka_unit_test(test_reused_domid_starts_anew),
		cmocka_unit_test(test_paused_saving_and_populated_guests_are_not_judged),
		cmocka_unit_test(test_guest_that_dies_in_mid_balance),
		cmocka_unit_test(test_clock_that_steps_back_changes_nothing_rash),
		cmocka_unit_test(test_a_lag_taken_for_an_offset_stays_promised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
