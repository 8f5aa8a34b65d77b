/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The track of one balloon, fed by hand; and what the decision makes of balloons that do not follow. */
#include "unit/test.h"

#include <inttypes.h>
#include <string.h>

#include "progress.h"
#include "unit/world.h"

#define NOW WORLD_START_MS

struct step {
	uint64_t at_ms; /* after NOW */
	uint64_t current_mib, target_mib;
	enum mm_progress progress;
};

struct progress_case {
	const char *name;
	size_t count;
	struct step steps[10];
};

static const struct progress_case cases[] = {
	{"at rest", 2,
		{{0, 256, 256, MM_PROGRESS_SETTLED}, {100000, 256, 256, MM_PROGRESS_SETTLED}}},
	{"no target", 2, {{0, 256, 0, MM_PROGRESS_SETTLED}, {100000, 256, 0, MM_PROGRESS_SETTLED}}},
	{"shrinks and arrives", 3,
		{{0, 256, 200, MM_PROGRESS_MOVING}, {1000, 220, 200, MM_PROGRESS_MOVING},
			{2000, 200, 200, MM_PROGRESS_SETTLED}}},
	{"grows and arrives", 3,
		{{0, 200, 256, MM_PROGRESS_MOVING}, {1000, 230, 256, MM_PROGRESS_MOVING},
			{2000, 256, 256, MM_PROGRESS_SETTLED}}},
	{"a MiB from its target it has arrived", 1, {{0, 257, 256, MM_PROGRESS_SETTLED}}},
	{"no movement: lags, then is stuck", 6,
		{{0, 256, 100, MM_PROGRESS_MOVING}, {2999, 256, 100, MM_PROGRESS_MOVING},
			{3000, 256, 100, MM_PROGRESS_LAGGING},
			{39999, 256, 100, MM_PROGRESS_LAGGING},
			{40000, 256, 100, MM_PROGRESS_STUCK},
			{400000, 256, 100, MM_PROGRESS_STUCK}}},
	{"one look after a long time is enough to know", 2,
		{{0, 256, 100, MM_PROGRESS_MOVING}, {50000, 256, 100, MM_PROGRESS_STUCK}}},
	{"Linux pauses 32 s: late, not stuck", 3,
		{{0, 256, 100, MM_PROGRESS_MOVING}, {32000, 256, 100, MM_PROGRESS_LAGGING},
			{32100, 200, 100, MM_PROGRESS_MOVING}}},
	{"rewriting the target is no sign of life", 5,
		{{0, 256, 100, MM_PROGRESS_MOVING}, {10000, 256, 90, MM_PROGRESS_LAGGING},
			{20000, 256, 110, MM_PROGRESS_LAGGING},
			{30000, 256, 80, MM_PROGRESS_LAGGING},
			{40000, 256, 70, MM_PROGRESS_STUCK}}},
	{"the other direction is a new task", 3,
		{{0, 256, 100, MM_PROGRESS_MOVING}, {39000, 256, 100, MM_PROGRESS_LAGGING},
			{41000, 256, 300, MM_PROGRESS_MOVING}}},
	{"moves away from its target", 3,
		{{0, 256, 100, MM_PROGRESS_MOVING}, {20000, 280, 100, MM_PROGRESS_LAGGING},
			{40000, 300, 100, MM_PROGRESS_STUCK}}},
	{"stuck, then moves by itself: recovers", 4,
		{{0, 256, 100, MM_PROGRESS_MOVING}, {40000, 256, 100, MM_PROGRESS_STUCK},
			{50000, 230, 100, MM_PROGRESS_MOVING},
			{51000, 100, 100, MM_PROGRESS_SETTLED}}},
	{"stuck, its target set to what it holds: still stuck", 3,
		{{0, 256, 100, MM_PROGRESS_MOVING}, {40000, 256, 100, MM_PROGRESS_STUCK},
			{41000, 256, 256, MM_PROGRESS_STUCK}}},
	{"stuck, answers a probe: settled", 4,
		{{0, 256, 100, MM_PROGRESS_MOVING}, {40000, 256, 100, MM_PROGRESS_STUCK},
			{100000, 256, 252, MM_PROGRESS_STUCK},
			{100100, 252, 252, MM_PROGRESS_SETTLED}}},
};

/* PV, reporting, with what it holds and shall hold. */
static struct mm_domain make_domain(uint64_t current_kib, uint64_t target_kib)
{
	struct mm_domain dom = {.domid = 1, .current_kib = current_kib, .target_kib = target_kib};

	dom.report.source = MM_SOURCE_XENMM;
	return dom;
}

/* A large guest's way is long, but its balloon is no faster: 100 MiB a second is movement all the way. */
static void test_a_large_guest_on_its_way_moves(void **state)
{
	static const struct {
		uint64_t from_mib, to_mib;
	} ways[] = {{400 * 1024, 300 * 1024}, {10 * 1024, 500 * 1024}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct mm_track track = {0};

		for (uint64_t ms = 0; ms <= 200000; ms += 100) {
			uint64_t moved = MIB(ms / 10);
			struct mm_domain dom = make_domain(ways[i].from_mib > ways[i].to_mib
								   ? MIB(ways[i].from_mib) - moved
								   : MIB(ways[i].from_mib) + moved,
				MIB(ways[i].to_mib));

			mm_progress_update(&track, &dom, NOW + ms);
			if (track.progress != MM_PROGRESS_MOVING)
				fail_msg("%s after %" PRIu64 " ms",
					mm_progress_name(track.progress), ms);
		}
	}
}

static void test_a_trickle_is_no_progress(void **state)
{
	struct mm_track track = {0};

	(void)state;
	for (uint64_t ms = 0; ms <= MM_STUCK_MS; ms += 10000) {
		struct mm_domain dom = make_domain(MIB(256) - MIB(1) * (ms / 10000), MIB(100));

		mm_progress_update(&track, &dom, NOW + ms);
	}
	assert_int_equal(track.progress, MM_PROGRESS_STUCK);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm_track track = {0};

		for (size_t k = 0; k < cases[i].count; k++) {
			const struct step *step = &cases[i].steps[k];
			struct mm_domain dom =
				make_domain(MIB(step->current_mib), MIB(step->target_mib));

			mm_progress_update(&track, &dom, NOW + step->at_ms);
			if (track.progress != step->progress)
				fail_msg("%s: %s at %" PRIu64 " ms", cases[i].name,
					mm_progress_name(track.progress), step->at_ms);
		}
	}
}

/* A page now and then would keep a balloon alive for ever if it counted as movement. */
static void test_a_page_every_5_s_is_no_progress(void **state)
{
	struct mm_track track = {0};

	(void)state;
	for (uint64_t ms = 0; ms <= MM_STUCK_MS; ms += 5000) {
		struct mm_domain dom = make_domain(MIB(256) - 4 * (ms / 5000), MIB(100));

		mm_progress_update(&track, &dom, NOW + ms);
	}
	assert_int_equal(track.progress, MM_PROGRESS_STUCK);
}

static void test_only_running_guests_are_judged(void **state)
{
	static const struct {
		const char *name;
		enum mm_dom_state state;
		uint64_t pod_kib;
	} idle[] = {
		{"paused", MM_DOM_PAUSED, 0},
		{"saving", MM_DOM_SAVING, 0},
		{"building", MM_DOM_BUILDING, 0},
		{"dying", MM_DOM_DYING, 0},
		{"populated on demand", MM_DOM_RUNNING, 4096},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++) {
		struct mm_domain dom = make_domain(MIB(256), MIB(100));
		struct mm_track track = {0};

		mm_progress_update(&track, &dom, NOW);
		dom.state = idle[i].state;
		dom.pod_kib = idle[i].pod_kib;
		mm_progress_update(&track, &dom, NOW + 39000);
		mm_progress_update(&track, &dom, NOW + 500000);
		if (track.progress != MM_PROGRESS_SETTLED)
			fail_msg("%s: %s", idle[i].name, mm_progress_name(track.progress));
		/* Back again, it gets the whole time. */
		dom.state = MM_DOM_RUNNING;
		dom.pod_kib = 0;
		mm_progress_update(&track, &dom, NOW + 500100);
		mm_progress_update(&track, &dom, NOW + 502000);
		if (track.progress != MM_PROGRESS_MOVING)
			fail_msg("%s: %s once it runs", idle[i].name,
				mm_progress_name(track.progress));
	}
}

static void test_offset(void **state)
{
	static const struct {
		const char *name;
		enum mm_dom_type type;
		uint64_t current_kib, target_kib, pod_kib;
		bool is_known;
		int64_t offset_kib;
	} offsets[] = {
		{"PV has none", MM_DOM_PV, MIB(260), MIB(256), 0, false, 0},
		{"HVM with video memory", MM_DOM_HVM, MIB(272), MIB(256), 0, true,
			(int64_t)MIB(16)},
		{"HVM a little below", MM_DOM_HVM, MIB(256) - 1040, MIB(256), 0, true, -1040},
		{"HVM far off is not at rest", MM_DOM_HVM, MIB(512), MIB(256), 0, true, 0},
		{"HVM still being populated", MM_DOM_HVM, MIB(272), MIB(256), 4, false, 0},
		{"HVM without a target", MM_DOM_HVM, MIB(272), 0, 0, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct mm_domain dom = make_domain(offsets[i].current_kib, offsets[i].target_kib);
		struct mm_track track = {0};

		dom.type = offsets[i].type;
		dom.pod_kib = offsets[i].pod_kib;
		for (uint64_t ms = 0; ms <= 5000; ms += 1000)
			mm_progress_update(&track, &dom, NOW + ms);
		if (track.is_offset_known != offsets[i].is_known ||
			track.offset_kib != offsets[i].offset_kib)
			fail_msg("%s: %" PRId64 ", known %d", offsets[i].name, track.offset_kib,
				track.is_offset_known);
	}
}

static void test_offset_is_read_off_at_rest_and_kept(void **state)
{
	struct mm_domain dom = make_domain(MIB(272), MIB(256));
	struct mm_track track = {0};

	(void)state;
	dom.type = MM_DOM_HVM;
	for (uint64_t ms = 0; ms <= 20000; ms += 1000) {
		dom.current_kib -= 4; /* never at rest */
		mm_progress_update(&track, &dom, NOW + ms);
	}
	assert_false(track.is_offset_known);
	dom.current_kib = MIB(266);
	mm_progress_update(&track, &dom, NOW + 21000);
	mm_progress_update(&track, &dom, NOW + 23999);
	assert_false(track.is_offset_known);
	mm_progress_update(&track, &dom, NOW + 24000);
	assert_true(track.is_offset_known);
	assert_int_equal(track.offset_kib, MIB(10));
	assert_int_equal(mm_track_held(&track, &dom), MIB(256));

	dom.target_kib = MIB(200);
	dom.current_kib = MIB(215);
	for (uint64_t ms = 25000; ms <= 40000; ms += 1000)
		mm_progress_update(&track, &dom, NOW + ms);
	assert_int_equal(track.offset_kib, MIB(10));
	assert_true(mm_track_is_shrinking(&track, &dom));
	dom.current_kib = MIB(2); /* less than its offset: no underflow */
	assert_int_equal(mm_track_held(&track, &dom), 0);
}

static void test_wake_times(void **state)
{
	struct mm_domain dom = make_domain(MIB(256), MIB(100));
	struct mm_track track = {0};
	static const uint64_t expected[] = {5000, 10000, 20000, /* nudges */
		100000, 220000, 460000, 940000, 1540000,
		2140000}; /* probes: 60 s, doubling up to 600 s */
	size_t seen = 0;

	(void)state;
	for (uint64_t ms = 0; ms <= 2200000; ms += 100) {
		mm_progress_update(&track, &dom, NOW + ms);
		if (!mm_progress_should_wake(&track, NOW + ms, false))
			continue;
		if (seen == ARRAY_SIZE(expected) || ms != expected[seen])
			fail_msg("woken at %" PRIu64 " ms, as number %zu", ms, seen);
		seen++;
	}
	assert_int_equal(seen, ARRAY_SIZE(expected));
}

static void test_wake_times_when_short(void **state)
{
	struct mm_domain dom = make_domain(MIB(256), MIB(100));
	struct mm_track track = {0};
	size_t woken = 0;

	(void)state;
	for (uint64_t ms = 0; ms < 340000; ms += 100) {
		mm_progress_update(&track, &dom, NOW + ms);
		if (track.progress == MM_PROGRESS_STUCK)
			woken += mm_progress_should_wake(&track, NOW + ms, true);
	}
	assert_int_equal(woken, 300000 / MM_PROBE_SHORT_MS - 1);
	/* Not short any more: back to the long intervals. */
	assert_false(mm_progress_should_wake(&track, NOW + 345000, false));
}

static void test_a_clock_that_steps_back_makes_nobody_stuck(void **state)
{
	struct mm_domain dom = make_domain(MIB(256), MIB(100));
	struct mm_track track = {0};

	(void)state;
	mm_progress_update(&track, &dom, NOW);
	mm_progress_update(&track, &dom, NOW - 500000);
	assert_int_equal(track.progress, MM_PROGRESS_MOVING);
	assert_false(mm_progress_should_wake(&track, NOW - 500000, true));
	dom.type = MM_DOM_HVM;
	mm_progress_update(&track, &dom, 0);
	assert_false(track.is_offset_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_a_page_every_5_s_is_no_progress),
		cmocka_unit_test(test_a_trickle_is_no_progress),
		cmocka_unit_test(test_a_large_guest_on_its_way_moves),
		cmocka_unit_test(test_only_running_guests_are_judged),
		cmocka_unit_test(test_offset),
		cmocka_unit_test(test_offset_is_read_off_at_rest_and_kept),
		cmocka_unit_test(test_wake_times),
		cmocka_unit_test(test_wake_times_when_short),
		cmocka_unit_test(test_a_clock_that_steps_back_makes_nobody_stuck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
