/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking into guests: the rhythm, and agents that say other things than their kernels. */
#include "unit/test.h"

#include <string.h>

#include "xenmm/introspection.h"
#include "xenmm/units.h"

#define MIB(n) ((uint64_t)(n)*MM_KIB_PER_MIB)
#define NOW    UINT64_C(1000000)

static struct mm_report said(uint64_t total_kib, uint64_t avail_kib)
{
	return (struct mm_report){.source = MM_SOURCE_INTROSPECTION,
		.total_kib = total_kib,
		.free_kib = avail_kib,
		.avail_kib = avail_kib};
}

static void test_slower_while_nothing_moves(void **state)
{
	static const uint64_t waits[] = {250, 500, 500};
	struct mm_look_pace pace = {.wait_ms = 0};
	struct mm_report report = said(MIB(512), MIB(200));

	(void)state;
	assert_false(mm_look_is_quick(&pace));
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++)
		assert_int_equal(mm_look_next_ms(&pace, &report), waits[i]);
	assert_false(mm_look_is_quick(&pace));
	report.avail_kib -= MIB(10);
	assert_int_equal(mm_look_next_ms(&pace, &report), 100);
	assert_true(mm_look_is_quick(&pace));
	report.avail_kib -= 1025; /* less than what is news */
	assert_int_equal(mm_look_next_ms(&pace, &report), 100);
	report.psi_some_us += 100000;
	assert_int_equal(mm_look_next_ms(&pace, &report), 250);
	report.avail_kib += MIB(10);
	assert_int_equal(mm_look_next_ms(&pace, &report), 250);
	assert_int_equal(mm_look_next_ms(&pace, &report), 500);
}

static void test_short_guest_is_watched(void **state)
{
	struct mm_look_pace pace = {.wait_ms = 0};
	struct mm_report report = said(MIB(512), MIB(20));

	(void)state;
	for (int i = 0; i < 5; i++)
		(void)mm_look_next_ms(&pace, &report);
	assert_int_equal(mm_look_next_ms(&pace, &report), 250);
}

static void test_cost_is_bounded(void **state)
{
	static const struct {
		uint64_t cost_us;
		size_t count;
		bool is_quick;
		uint64_t wait_ms;
	} cases[] = {
		{500, 0, false, 0},
		{500, 3, false, 15},
		{500, 1000, false, 5000}, /* 500 ms of every 5 s: a tenth */
		{2000, 1000, false, 10000},
		{UINT64_MAX, SIZE_MAX, false, 10000},
		{500, 3, true, 3},
		{500, 1000, true, 1000}, /* half */
		{UINT64_MAX, SIZE_MAX, true, 10000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			mm_look_least_ms(cases[i].cost_us, cases[i].count, cases[i].is_quick),
			cases[i].wait_ms);
}

/* A guest of 512 MiB over time: what its agent and its kernel say, each second. */
struct scene {
	const char *name;
	uint64_t agent_mib[6], kernel_mib[6]; /* available */
	uint64_t agent_total_mib;
	bool is_different;
	uint64_t differences;
};

static const struct scene scenes[] = {
	{"honest", {400, 400, 400, 400, 400, 400}, {400, 399, 401, 400, 400, 400}, 512, false, 0},
	{"within the tolerance", {400, 400, 400, 400, 400, 400}, {360, 360, 360, 360, 360, 360},
		512, false, 0},
	{"honest while it fills up at 60 MiB a second", {400, 340, 280, 220, 160, 100},
		{390, 330, 270, 210, 150, 90}, 512, false, 0},
	{"its agent is two seconds late then", {400, 400, 400, 340, 280, 220},
		{400, 340, 280, 220, 160, 100}, 512, false, 0},
	{"once is no difference", {400, 400, 400, 10, 400, 400}, {400, 400, 400, 400, 400, 400},
		512, false, 0},
	{"hides what it lacks", {400, 400, 400, 400, 400, 400}, {20, 20, 20, 20, 20, 20}, 512, true,
		1},
	{"claims to be full", {0, 0, 0, 0, 0, 0}, {400, 400, 400, 400, 400, 400}, 512, true, 1},
	{"claims to be larger", {400, 400, 400, 400, 400, 400}, {400, 400, 400, 400, 400, 400},
		4096, true, 1},
	{"mends its ways", {0, 0, 0, 400, 400, 400}, {400, 400, 400, 400, 400, 400}, 512, false, 1},
	{"every other word a lie", {0, 400, 0, 400, 0, 400}, {400, 400, 400, 400, 400, 400}, 512,
		true, 1},
	{"lies again", {0, 0, 400, 400, 0, 0}, {400, 400, 400, 400, 400, 400}, 512, true, 2},
};

static void play(const struct scene *scene, struct mm_witness *w, struct mm_seen *seen)
{
	for (size_t i = 0; i < 6; i++) {
		uint64_t at_ms = NOW + 1000 * i;
		struct mm_report kernel = said(MIB(512), MIB(scene->kernel_mib[i]));
		struct mm_report agent =
			said(MIB(scene->agent_total_mib), MIB(scene->agent_mib[i]));

		mm_witness_hear(w, &agent, at_ms + 100);
		(void)mm_witness_look(w, &kernel, at_ms + 200, seen);
	}
}

static void test_scenes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
		struct mm_witness w = {0};
		struct mm_seen seen = {.at_ms = 0};

		play(&scenes[i], &w, &seen);
		if (seen.is_different != scenes[i].is_different ||
			seen.differences != scenes[i].differences)
			fail_msg("%s: different %d, %d times", scenes[i].name, seen.is_different,
				(int)seen.differences);
	}
}

static void test_told_once(void **state)
{
	struct mm_report agent = said(MIB(512), 0), kernel = said(MIB(512), MIB(400));
	struct mm_witness w = {0};
	struct mm_seen seen = {.at_ms = 0};
	unsigned int told = 0;
	char text[128];

	(void)state;
	for (uint64_t i = 0; i < 8; i++) {
		mm_witness_hear(&w, &agent, NOW + 1000 * i);
		told += mm_witness_look(&w, &kernel, NOW + 1000 * i + 10, &seen);
	}
	assert_int_equal(told, 1);
	assert_string_equal(mm_seen_difference(&seen, text, sizeof(text)),
		"its agent says 0 MiB of 512 MiB available, its kernel 400 MiB of 512 MiB");
	assert_true(mm_witness_rest(&w, &seen));
	assert_false(seen.is_different);
	assert_false(mm_witness_rest(&w, &seen));
}

/* A word that was written long before the first look cannot be judged; nor one that nobody looked after. */
static void test_far_apart(void **state)
{
	struct mm_report agent = said(MIB(512), 0), kernel = said(MIB(512), MIB(400));
	struct mm_witness w = {0};
	struct mm_seen seen = {.at_ms = 0};

	(void)state;
	for (uint64_t i = 0; i < 8; i++) {
		mm_witness_hear(&w, &agent, NOW + 10000 * i);
		assert_false(mm_witness_look(&w, &kernel, NOW + 10000 * i + 5000, &seen));
		assert_false(mm_witness_look(&w, &kernel, NOW + 10000 * i + 7000, &seen));
	}
	assert_false(seen.is_different);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(mm_introspection_name(MM_INTROSPECTION_OFF), "off");
	assert_string_equal(mm_introspection_name(MM_INTROSPECTION_STRICT), "strict");
	assert_string_equal(mm_introspection_name(MM_INTROSPECTION_COUNT), "unknown");
}

/* The longest of mmprobe's words; it is what an administrator looks up in mmps(8). */
static void test_state_keeps_its_word(void **state)
{
	struct mm_seen seen = {.at_ms = 0};

	(void)state;
	mm_seen_set_state(&seen, "populate-on-demand", NULL);
	assert_string_equal(seen.state, "populate-on-demand");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_state_keeps_its_word),
		cmocka_unit_test(test_slower_while_nothing_moves),
		cmocka_unit_test(test_short_guest_is_watched),
		cmocka_unit_test(test_cost_is_bounded),
		cmocka_unit_test(test_scenes),
		cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_far_apart),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
