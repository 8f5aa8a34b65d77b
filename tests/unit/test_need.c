/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The estimate of need, report by report. */
#include "unit/test.h"

#include <inttypes.h>

#include "need.h"
#include "unit/world.h"
#include "xenmm/units.h"

#define START_MS 100000

/* One guest, its history, and dom0's clock. */
struct subject {
	struct mm_track track;
	struct mm_domain dom;
	uint64_t now_ms;
};

/* 1 GiB, half of it used, nothing ever swapped. */
static void begin(struct subject *s)
{
	*s = (struct subject){.now_ms = START_MS};
	s->dom.current_kib = s->dom.target_kib = GIB(1);
	s->dom.report = (struct mm_report){
		.source = MM_SOURCE_XENMM,
		.uptime_ms = 5000000,
		.total_kib = MIB(960),
		.free_kib = MIB(512),
		.avail_kib = MIB(512),
		.balloon_kib = GIB(1),
		.swap_total_kib = GIB(1),
		.swap_free_kib = GIB(1),
		.has_psi = true,
	};
}

/* A report arrives after so much time. */
static void hear(struct subject *s, uint64_t ms, uint64_t use_kib)
{
	struct mm_report *r = &s->dom.report;

	s->now_ms += ms;
	r->uptime_ms += ms;
	r->avail_kib = use_kib >= GIB(1) ? 0 : mm_min_u64(GIB(1) - use_kib, r->total_kib);
	s->dom.report_ms = s->now_ms;
	mm_need_update(&s->track, &s->dom, use_kib, GIB(1), s->now_ms);
}

/* Time passes without one. */
static void pass(struct subject *s, uint64_t ms)
{
	s->now_ms += ms;
	mm_need_update(&s->track, &s->dom, s->track.need.use_kib, GIB(1), s->now_ms);
}

static struct mm_need need_of(const struct subject *s)
{
	return mm_need_estimate(&s->track, s->dom.report.source, s->track.need.use_kib, 0);
}

static uint64_t surge_of(const struct subject *s)
{
	struct mm_need need = need_of(s);

	return mm_need_surge(&s->track, &need);
}

static void test_idle_guest_needs_its_use_and_an_eighth(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	hear(&s, 1000, MIB(512));
	hear(&s, 10000, MIB(512));
	assert_int_equal(need_of(&s).hard_kib, MIB(512));
	assert_int_equal(need_of(&s).warm_kib, 0);
	assert_int_equal(need_of(&s).headroom_kib, MIB(64));
	assert_int_equal(need_of(&s).pressure_ppm, 0);
	assert_false(mm_need_is_emergency(&s.track, s.now_ms));
	assert_int_equal(surge_of(&s), 0);
}

static void test_what_the_administrator_wants_free_is_headroom(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	hear(&s, 1000, MIB(512));
	assert_int_equal(
		mm_need_estimate(&s.track, MM_SOURCE_XENMM, MIB(512), MIB(120)).headroom_kib,
		MIB(120));
}

static void test_growth_asks_for_a_second_of_it(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	hear(&s, 1000, MIB(400));
	hear(&s, 1000, MIB(450)); /* 50 MiB/s */
	assert_int_equal(need_of(&s).headroom_kib, MIB(450) / 8 + MIB(50));
	/* falls by itself, but how fast it can grow, and to what size, is remembered for a while */
	pass(&s, 10000);
	assert_int_equal(need_of(&s).headroom_kib, MIB(450) / 8);
	hear(&s, 1000, MIB(200));
	assert_true(need_of(&s).headroom_kib > MIB(200));
	pass(&s, 60000);
	assert_int_equal(need_of(&s).headroom_kib, MIB(32));
}

static void test_stall_doubles_the_headroom_and_is_forgotten(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	hear(&s, 1000, MIB(512));
	s.dom.report.psi_some_us += 100000; /* with half of it available: somebody took its CPU */
	hear(&s, 1000, MIB(512));
	assert_int_equal(need_of(&s).pressure_ppm, 0);
	s.dom.report.psi_some_us += 100000;
	s.dom.report.swapin_pages++;
	hear(&s, 1000, MIB(512));
	assert_int_equal(need_of(&s).pressure_ppm, 100000);
	assert_int_equal(need_of(&s).headroom_kib, MIB(128));
	assert_true(mm_need_is_emergency(&s.track, s.now_ms));
	assert_true(surge_of(&s) > 0);
	pass(&s, 5000);
	assert_int_equal(need_of(&s).pressure_ppm, 0);
	assert_int_equal(need_of(&s).headroom_kib, MIB(64));
}

static void test_a_balloon_that_takes_memory_is_no_complaint(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	hear(&s, 1000, MIB(512));
	s.track.is_shrinking = true;
	s.track.progress = MM_PROGRESS_MOVING;
	s.dom.report.psi_some_us += 50000;
	hear(&s, 1000, MIB(512));
	assert_int_equal(need_of(&s).pressure_ppm, 0);
	s.dom.report.psi_some_us += 50000;
	hear(&s, 1000, GIB(1)); /* but where nothing is left, it is */
	assert_int_equal(need_of(&s).pressure_ppm, 50000);
}

static void test_swapped_memory_is_wanted_until_it_is_cold(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	hear(&s, 1000, MIB(512));
	s.dom.report.swapout_pages += 25600;
	s.dom.report.swap_free_kib -= MIB(100);
	hear(&s, 1000, MIB(512));
	assert_int_equal(need_of(&s).warm_kib, MIB(100));
	s.dom.report.swap_free_kib += MIB(60); /* back, or given up */
	s.dom.report.swapin_pages += 100;
	hear(&s, 1000, MIB(512));
	assert_int_equal(need_of(&s).warm_kib, MIB(40));
	pass(&s, 60000);
	assert_int_equal(need_of(&s).warm_kib, 0);
}

static void test_cache_that_comes_back_is_warm(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	s.dom.report.free_kib = MIB(500); /* of 512 MiB available: hardly any cache is left */
	hear(&s, 1000, MIB(512));
	s.dom.report.refault_file += 10; /* a few pages at any time */
	hear(&s, 1000, MIB(512));
	assert_int_equal(need_of(&s).warm_kib, 0);
	s.dom.report.refault_file += 128; /* half a MiB, and so some of what is still there */
	hear(&s, 1000, MIB(512));
	assert_int_equal(need_of(&s).warm_kib, MIB(2));
	for (int i = 0; i < 10; i++) { /* the same pages again and again */
		s.dom.report.refault_file += 2560;
		hear(&s, 1000, MIB(512));
	}
	assert_int_equal(need_of(&s).warm_kib, MIB(22));
	s.dom.report.refault_file += UINT64_C(1) << 50; /* no more than it holds */
	hear(&s, 1000, MIB(512));
	assert_int_equal(need_of(&s).warm_kib, GIB(1));
}

static void test_absurd_reports_are_bounded(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	hear(&s, 1000, 0);
	s.dom.report.psi_some_us = MM_COUNTER_MAX;
	s.dom.report.swapin_pages = s.dom.report.swapout_pages = MM_COUNTER_MAX;
	s.dom.report.refault_file = s.dom.report.refault_anon = MM_COUNTER_MAX;
	s.dom.report.swap_total_kib = MM_SIZE_MAX_KIB;
	s.dom.report.swap_free_kib = 0;
	hear(&s, 0, GIB(1));
	assert_true(need_of(&s).pressure_ppm <= 1000000);
	assert_true(need_of(&s).headroom_kib <= GIB(1));
	assert_true(surge_of(&s) <= GIB(1));
	/* counters that go back are another boot */
	s.dom.report.psi_some_us = s.dom.report.refault_file = 0;
	hear(&s, 1000, MIB(512));
	pass(&s, 700000);
	assert_int_equal(need_of(&s).headroom_kib, MIB(64));
}

static uint64_t doubt(struct subject *s, uint64_t ms)
{
	hear(s, ms, GIB(1));
	return mm_need_doubt(&s->track, &s->dom, GIB(1), MIB(600), true, s->now_ms);
}

static void test_full_but_calm_is_put_to_the_test(void **state)
{
	struct subject s;
	uint64_t believed;
	uint64_t held = GIB(1);

	(void)state;
	begin(&s);
	hear(&s, 1000, GIB(1));
	for (int i = 0; i < 10; i++) /* something is believed on credit */
		assert_int_equal(doubt(&s, 1000), GIB(1) + MIB(128));
	assert_int_equal(doubt(&s, 1000), GIB(1) - GIB(1) / 25);
	s.dom.report.psi_some_us += 50000; /* one that is really full stalls, and is believed */
	assert_int_equal(doubt(&s, 1000), 0);
	for (int i = 0; i < 59; i++)
		assert_true(doubt(&s, 1000) > GIB(1));
	believed = doubt(&s, 12000);
	assert_true(believed < GIB(1)); /* but asked again a minute later */
	for (int i = 0; i < 100; i++) {
		hear(&s, 2000, GIB(1));
		believed = mm_need_doubt(&s.track, &s.dom, held, MIB(600), true, s.now_ms);
		assert_true(believed >= held - held / 25); /* however slow its balloon is */
		if (i % 2)
			held = mm_min_u64(held, believed);
	}
	assert_int_equal(believed, MIB(600)); /* a liar keeps its fair share */
	hear(&s, 1000, MIB(512));
	assert_int_equal(mm_need_doubt(&s.track, &s.dom, GIB(1), MIB(600), true, s.now_ms), 0);
}

static void test_counters_that_go_back_confirm_nothing(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	s.dom.report.psi_some_us = 1000;
	hear(&s, 1000, GIB(1));
	for (int i = 0; i < 10; i++) {
		s.dom.report.psi_some_us = i % 2 ? 1000 : 0;
		assert_true(doubt(&s, 1000) > 0);
	}
}

static void test_slow_agents_get_more(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	s.dom.report = (struct mm_report){.source = MM_SOURCE_XENSERVER, .total_kib = MIB(960)};
	hear(&s, 60000, MIB(512));
	assert_int_equal(need_of(&s).headroom_kib, MIB(512));
	hear(&s, 60000, MIB(100)); /* and what it once used is remembered for ten minutes */
	assert_true(need_of(&s).headroom_kib > MIB(400));
	pass(&s, 600000);
	assert_int_equal(need_of(&s).headroom_kib, MIB(100));
}

static bool probe(struct subject *s, uint64_t ms, bool is_wanted)
{
	hear(s, ms, MIB(512));
	return mm_need_probe(&s->track,
		s->track.need.press_cap_kib ? s->track.need.press_cap_kib : GIB(1), true, is_wanted,
		s->now_ms);
}

static void test_probing_steps_down_and_back(void **state)
{
	struct subject s;
	uint64_t cap;

	(void)state;
	begin(&s);
	for (int i = 0; i < 10; i++)
		assert_false(probe(&s, 6000, true));
	cap = s.track.need.press_cap_kib;
	assert_true(cap < GIB(1) && cap > GIB(1) * 85 / 100);
	assert_false(probe(&s, 6000, false)); /* not welcome: no further, and not back */
	assert_int_equal(s.track.need.press_cap_kib, cap);
	s.dom.report.refault_file += 100;
	assert_true(probe(&s, 1000, true));
	assert_int_equal(s.track.need.press_cap_kib, 0);
	assert_true(s.track.need.working_set_kib + MIB(512) > cap &&
		    s.track.need.working_set_kib + MIB(512) < GIB(1));
	/* what it missed is part of its need now, and it has a minute's rest */
	{
		struct mm_need need = need_of(&s);

		assert_true(mm_need_sum(&need) >= MIB(512) + s.track.need.working_set_kib);
	}
	for (int i = 0; i < 9; i++)
		assert_false(probe(&s, 6000, true));
	assert_int_equal(s.track.need.press_cap_kib, 0);
	assert_false(probe(&s, 8000, true));
	assert_true(s.track.need.press_cap_kib > 0);
	assert_false(mm_need_probe(&s.track, GIB(1), false, true, s.now_ms));
	assert_int_equal(s.track.need.press_cap_kib, 0);
}

static void test_slow_swap_is_noticed(void **state)
{
	struct subject s;

	(void)state;
	begin(&s);
	hear(&s, 1000, MIB(512));
	s.dom.report.swapin_pages += 1000;
	s.dom.report.psi_some_us += 50000; /* 50 us a page: zram */
	hear(&s, 1000, MIB(512));
	assert_false(mm_need_swaps_slowly(&s.track));
	for (int i = 0; i < 3; i++) {
		s.dom.report.swapin_pages += 100;
		s.dom.report.psi_some_us += 500000; /* 5 ms: a disk */
		hear(&s, 1000, MIB(512));
	}
	assert_true(mm_need_swaps_slowly(&s.track));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle_guest_needs_its_use_and_an_eighth),
		cmocka_unit_test(test_what_the_administrator_wants_free_is_headroom),
		cmocka_unit_test(test_growth_asks_for_a_second_of_it),
		cmocka_unit_test(test_stall_doubles_the_headroom_and_is_forgotten),
		cmocka_unit_test(test_a_balloon_that_takes_memory_is_no_complaint),
		cmocka_unit_test(test_swapped_memory_is_wanted_until_it_is_cold),
		cmocka_unit_test(test_cache_that_comes_back_is_warm),
		cmocka_unit_test(test_absurd_reports_are_bounded),
		cmocka_unit_test(test_full_but_calm_is_put_to_the_test),
		cmocka_unit_test(test_counters_that_go_back_confirm_nothing),
		cmocka_unit_test(test_slow_agents_get_more),
		cmocka_unit_test(test_probing_steps_down_and_back),
		cmocka_unit_test(test_slow_swap_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
