/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking into guests with probes: what of a kernel's counters becomes a report, and probes that behave or do not. */
#include "unit/test.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/inside.h"
#include "unit/fake_mmprobe.h"
#include "vmi/vmi.h"
#include "xenmm/units.h"

#define MIB(n) ((uint64_t)(n)*MM_KIB_PER_MIB)

/* Turns of the loop; each ends with an event, and the last one of a test that goes well is far from it. */
#define TURNS_MAX 1000

/* ---- counters to reports --------------------------------------------------------------------- */

static struct mm_counters whole(void)
{
	return (struct mm_counters){.release = "6.1.0",
		.uptime_ms = 83250,
		.cpus = 2,
		.total_kib = MIB(400),
		.free_kib = MIB(50),
		.avail_kib = MIB(120),
		.swap_total_kib = MIB(100),
		.swap_free_kib = MIB(90),
		.swapin_pages = 1,
		.swapout_pages = 2,
		.majfaults = 3,
		.refault_anon = 4,
		.refault_file = 5,
		.psi_some_us = 6,
		.psi_full_us = 7,
		.has_psi = true,
		.balloon_current_kib = MIB(450),
		.balloon_target_kib = MIB(450),
		.has_balloon = true};
}

static void test_report(void **state)
{
	struct mm_counters c = whole();
	struct mm_report none = {.source = MM_SOURCE_NONE}, report, second;
	char record[MM_RECORD_MAX];

	(void)state;
	assert_int_equal(mm_inside_report(&c, &none, &report), 0);
	assert_true(mm_report_format(&report, record, sizeof(record)) > 0);
	assert_string_equal(record,
		"1 seq=1 up=83250 tot=409600 free=51200 avail=122880 cur=460800 mov=0 swt=102400 "
		"swf=92160 si=1 so=2 mf=3 ra=4 rf=5 ps=6 pf=7");
	assert_int_equal(report.source, MM_SOURCE_INTROSPECTION);
	c.balloon_current_kib -= 4;
	assert_int_equal(mm_inside_report(&c, &report, &second), 0);
	assert_int_equal(second.seq, 2);
	assert_true(second.is_moving);
	/* a kernel without these */
	c.has_psi = c.has_balloon = false;
	assert_int_equal(mm_inside_report(&c, &second, &report), 0);
	assert_false(report.has_psi || report.is_moving);
	assert_int_equal(report.psi_some_us + report.balloon_kib, 0);
}

static void test_what_cannot_be(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
		uint64_t value;
		int r;
	} cases[] = {
		{"no memory", offsetof(struct mm_counters, total_kib), 0, -ERANGE},
		{"too much", offsetof(struct mm_counters, total_kib), MM_SIZE_MAX_KIB + 1, -ERANGE},
		{"more free than there is", offsetof(struct mm_counters, free_kib), MIB(401),
			-ERANGE},
		{"more available: an estimate", offsetof(struct mm_counters, avail_kib), MIB(401),
			0},
		{"more swap free than there is", offsetof(struct mm_counters, swap_free_kib),
			MIB(101), -ERANGE},
		{"a balloon of any size", offsetof(struct mm_counters, balloon_current_kib),
			UINT64_MAX, -ERANGE},
		{"a clock of any age", offsetof(struct mm_counters, uptime_ms), UINT64_MAX,
			-ERANGE},
		{"stalls beyond all time", offsetof(struct mm_counters, psi_some_us), UINT64_MAX,
			-ERANGE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm_report none = {.source = MM_SOURCE_NONE}, report;
		struct mm_counters c = whole();
		int r;

		memcpy((char *)&c + cases[i].offset, &cases[i].value, sizeof(cases[i].value));
		r = mm_inside_report(&c, &none, &report);
		if (r != cases[i].r)
			fail_msg("%s: %d", cases[i].name, r);
		if (r == 0 && report.avail_kib > report.total_kib)
			fail_msg("%s: taken as it is", cases[i].name);
	}
}

static void test_figures_that_were_not_found(void **state)
{
	struct mm_report none = {.source = MM_SOURCE_NONE}, report;
	struct mm_counters c = whole();

	(void)state;
	c.free_kib = c.avail_kib = 0;
	assert_int_equal(mm_inside_report(&c, &none, &report), -ERANGE);
}

/* ---- probes ---------------------------------------------------------------------------------- */

static struct event_base *base;
static struct mm_insides *insides;
static unsigned int looks, news;

static void on_look(
	void *arg, void *owner, const struct mm_report *report, uint64_t at_ms, bool is_news)
{
	(void)arg;
	(void)owner;
	assert_int_equal(report->source, MM_SOURCE_INTROSPECTION);
	assert_int_equal(report->avail_kib, 500);
	assert_true(at_ms > 0);
	looks++;
	news += is_news;
}

static int set_up(void **state)
{
	(void)state;
	looks = news = 0;
	setenv("XENMM_PROBE", FAKE_MMPROBE, 1);
	base = event_base_new();
	if (!base || mm_insides_new(on_look, NULL, &insides) < 0)
		return -1;
	mm_insides_join(insides, base);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mm_insides_join(insides, NULL);
	mm_insides_free(insides);
	event_base_free(base);
	/* No child is left. */
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

static struct mm_inside *watched(uint32_t kind)
{
	struct mm_inside *in;

	assert_int_equal(mm_inside_new(insides, kind, NULL, &in), 0);
	mm_inside_wish(in, MM_INSIDE_WATCH);
	return in;
}

static void turn_until_state(struct mm_inside *in, const char *word)
{
	for (int i = 0; strcmp(mm_inside_seen(in)->state, word); i++) {
		if (i == TURNS_MAX)
			fail_msg("state %s, not %s", mm_inside_seen(in)->state, word);
		assert_true(event_base_loop(base, EVLOOP_ONCE) >= 0);
	}
}

static void turn_until_looks(unsigned int count)
{
	for (int i = 0; looks < count; i++) {
		if (i == TURNS_MAX)
			fail_msg("%u looks, not %u", looks, count);
		assert_true(event_base_loop(base, EVLOOP_ONCE) >= 0);
	}
}

static void test_watched(void **state)
{
	struct mm_inside *in = watched(FAKE_WELL);

	(void)state;
	assert_string_equal(mm_inside_seen(in)->state, "waiting");
	turn_until_looks(3);
	assert_int_equal(news, 1);
	assert_string_equal(mm_inside_seen(in)->state, "ok");
	assert_int_equal(mm_inside_seen(in)->looks, 3);
	assert_int_equal(mm_inside_seen(in)->cost_us, 7);
	assert_int_equal(mm_inside_seen(in)->spent_us, 21);
	assert_int_equal(mm_inside_seen(in)->avail_kib, 500);
	mm_inside_free(in);
}

static void test_left(void **state)
{
	struct mm_inside *in = watched(FAKE_WELL);

	(void)state;
	turn_until_looks(1);
	mm_inside_wish(in, MM_INSIDE_LEAVE);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* its child is gone already */
	assert_string_equal(mm_inside_seen(in)->state, "");
	assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 1); /* nothing is due any more */
	mm_inside_wish(in, MM_INSIDE_CHECK);
	turn_until_looks(2);
	assert_int_equal(news, 1); /* its agent tells the news */
	mm_inside_free(in);
}

/* An agent that comes and goes makes us neither look for the kernel each time, nor forget that the last tries failed. */
static void test_flapping_agent(void **state)
{
	struct mm_inside *slow = watched(FAKE_HANGS), *failing;

	(void)state;
	while (waitpid(-1, NULL, WNOHANG) < 0) /* until it has started */
		assert_true(event_base_loop(base, EVLOOP_ONCE) >= 0);
	usleep(200000); /* a start that takes so long may be repeated in 10 s */
	mm_inside_wish(slow, MM_INSIDE_LEAVE);
	mm_inside_wish(slow, MM_INSIDE_WATCH);
	failing = watched(FAKE_NO_BTF);
	turn_until_state(failing, "no-btf");
	mm_inside_wish(failing, MM_INSIDE_LEAVE);
	mm_inside_wish(failing, MM_INSIDE_WATCH);
	for (int i = 0; i < 10; i++)
		assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* neither was started again */
	mm_inside_free(slow);
	mm_inside_free(failing);
}

/* Paused: not asked, but its probe stays. */
static void test_rests(void **state)
{
	struct mm_inside *in = watched(FAKE_WELL);

	(void)state;
	turn_until_looks(1);
	mm_inside_wish(in, MM_INSIDE_REST);
	assert_string_equal(mm_inside_seen(in)->state, "waiting");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
	mm_inside_wish(in, MM_INSIDE_WATCH);
	turn_until_looks(2);
	mm_inside_free(in);
}

static void test_troubles(void **state)
{
	static const struct {
		uint32_t kind;
		const char *word;
	} cases[] = {
		{FAKE_ENDS, "killed"},
		{FAKE_DIES, "killed"},
		{FAKE_NONSENSE, "killed"},
		{FAKE_UNASKED, "killed"},
		{FAKE_TOO_MUCH, "killed"},
		{FAKE_NO_BTF, "no-btf"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm_inside *in = watched(cases[i].kind);

		turn_until_state(in, cases[i].word);
		assert_non_null(mm_inside_seen(in)->text);
		assert_int_equal(looks, 0);
		mm_inside_free(in);
	}
}

/* Two that never answer do not keep the others from being looked into when they are given up, or left. */
static void test_waits_in_line(void **state)
{
	struct mm_inside *hung[2] = {watched(FAKE_HANGS), watched(FAKE_HANGS)};
	struct mm_inside *in;

	(void)state;
	while (waitpid(-1, NULL, WNOHANG) < 0) /* until they have started */
		assert_true(event_base_loop(base, EVLOOP_ONCE) >= 0);
	assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
	in = watched(FAKE_WELL);
	assert_true(event_base_loop(base, EVLOOP_NONBLOCK) >= 0);
	assert_int_equal(looks, 0);
	mm_inside_free(hung[0]);
	turn_until_looks(2);
	mm_inside_free(hung[1]);
	mm_inside_free(in);
}

/* It comes back by itself; one that answers but once is started again. */
static void test_started_again(void **state)
{
	struct mm_inside *in = watched(FAKE_ONCE);

	(void)state;
	turn_until_looks(2);
	mm_inside_free(in);
}

static void test_missing(void **state)
{
	struct mm_inside *in;

	(void)state;
	setenv("XENMM_PROBE", "/nowhere/mmprobe", 1);
	assert_false(mm_insides_take_missing(insides));
	in = watched(FAKE_WELL);
	turn_until_state(in, "no-probe");
	assert_true(mm_insides_take_missing(insides));
	assert_false(mm_insides_take_missing(insides));
	mm_inside_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_what_cannot_be),
		cmocka_unit_test(test_figures_that_were_not_found),
		cmocka_unit_test_setup_teardown(test_watched, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flapping_agent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_troubles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_waits_in_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_started_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
