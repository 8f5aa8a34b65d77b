/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/scenario.h"

#define MIB UINT64_C(1024)

static void a_full_scenario(void **state)
{
	static const char text[] =
		"# comment\n"
		"\n"
		"host total=8G dom0=1G set-cost=20ms step=50ms # and another\n"
		"duration 2m\n"
		"seed 18446744073709551615\n"
		"guest\tweb memory=256M maxmem=1G use=80M cache=40M rate-down=50M/s rate-up=400M/s"
		" swap=512M agent=seed type=hvm balloon=ideal kernel=60M offset=5M noise=1M"
		" swap-rate=10M/s read-rate=20M/s hot=7 latency=50ms boot=2s\r\n"
		"at 40s web use 80M\n"
		"at 10s web use 350M over 6s\n"
		"at 10s web silent\n"
		"at 30s create new memory=128M\n"
		"at 1m new floor 64M\n"
		"at 20s every 5s until 30s web cache 10M";
	struct mm_scenario s;
	const struct mm_scn_guest *g;
	char err[256] = "";

	(void)state;
	if (mm_scenario_parse(text, strlen(text), &s, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	assert_int_equal(s.total_kib, 8192 * MIB);
	assert_int_equal(s.dom0_kib, 1024 * MIB);
	assert_int_equal(s.set_cost_ms, 20);
	assert_int_equal(s.step_ms, 50);
	assert_int_equal(s.duration_ms, 120000);
	assert_true(s.seed == UINT64_MAX);
	assert_int_equal(s.guest_count, 2);
	g = &s.guests[0];
	assert_string_equal(g->name, "web");
	assert_true(g->is_at_start);
	assert_int_equal(g->type, MM_DOM_HVM);
	assert_int_equal(g->agent, MM_SCN_AGENT_SEED);
	assert_int_equal(g->balloon, MM_SCN_BALLOON_IDEAL);
	assert_int_equal(g->memory_kib, 256 * MIB);
	assert_int_equal(g->maxmem_kib, 1024 * MIB);
	assert_int_equal(g->kernel_kib, 60 * MIB);
	assert_int_equal(g->offset_kib, 5 * MIB);
	assert_int_equal(g->use_kib, 80 * MIB);
	assert_int_equal(g->cache_kib, 40 * MIB);
	assert_int_equal(g->swap_kib, 512 * MIB);
	assert_int_equal(g->noise_kib, 1 * MIB);
	assert_int_equal(g->down_kib_s, 50 * MIB);
	assert_int_equal(g->up_kib_s, 400 * MIB);
	assert_int_equal(g->swap_kib_s, 10 * MIB);
	assert_int_equal(g->read_kib_s, 20 * MIB);
	assert_int_equal(g->hot_percent, 7);
	assert_int_equal(g->latency_ms, 50);
	assert_int_equal(g->boot_ms, 2000);
	assert_false(s.guests[1].is_at_start);
	assert_int_equal(s.guests[1].maxmem_kib, 128 * MIB);

	assert_int_equal(s.event_count, 8);
	assert_int_equal(s.events[0].at_ms, 10000);
	assert_int_equal(s.events[0].action, MM_SCN_USE);
	assert_int_equal(s.events[0].value_kib, 350 * MIB);
	assert_int_equal(s.events[0].span_ms, 6000);
	assert_int_equal(s.events[1].action, MM_SCN_SILENT); /* file order at the same time */
	assert_int_equal(s.events[2].at_ms, 20000);
	assert_int_equal(s.events[3].at_ms, 25000);
	assert_int_equal(s.events[4].at_ms, 30000);
	assert_int_equal(s.events[5].action,
		s.events[4].action == MM_SCN_CREATE ? MM_SCN_CACHE : MM_SCN_CREATE);
	assert_int_equal(s.events[7].guest, 1);
	mm_scenario_free(&s);
	assert_null(s.guests);
}

static void many_guests_at_once(void **state)
{
	static const char text[] = "host total=8G\nguest g memory=96M count=20 kernel=40M\n"
				   "at 1s g20 stuck\n";
	struct mm_scenario s;
	char err[256];

	(void)state;
	assert_int_equal(mm_scenario_parse(text, strlen(text), &s, err, sizeof(err)), 0);
	assert_int_equal(s.guest_count, 20);
	assert_string_equal(s.guests[0].name, "g1");
	assert_int_equal(s.events[0].guest, 19);
	mm_scenario_free(&s);
}

static void every_word_that_can_happen(void **state)
{
	static const char *const words[] = {"stuck", "unstick", "intermittent", "silent", "talk",
		"lie", "flood", "honest", "pause", "unpause", "save", "restore", "start", "destroy",
		"vanish", "floor 100M", "ceiling 0", "use 0", "cache 10M"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct mm_scenario s;
		char text[100], err[256] = "";

		snprintf(text, sizeof(text), "guest a memory=256M\nat 0 a %s", words[i]);
		if (mm_scenario_parse(text, strlen(text), &s, err, sizeof(err)) < 0)
			fail_msg("%s: %s", words[i], err);
		mm_scenario_free(&s);
	}
}

/* Line and column of the word that is wrong, and what is wrong with it. */
static void complaints_are_precise(void **state)
{
	static const struct {
		const char *text;
		const char *complaint;
	} rows[] = {
		{"hots total=1G", "line 1, column 1: \"hots\": must be host"},
		{"host total=1X", "line 1, column 12: \"1X\" is not a size"},
		{"host total", "line 1, column 6: \"total\" is not key=value"},
		{"host colour=1", "line 1, column 6: no setting \"colour\""},
		{"host total=1G dom0=2G", "dom0 must be smaller than total"},
		{"host step=0", "step must be 1ms to 50ms"},
		{"duration", "line 1, column 9: a duration expected"},
		{"duration 5 6", "line 1, column 12: unexpected \"6\""},
		{"duration soon", "\"soon\" is not a duration"},
		{"seed -1", "line 1, column 6: \"-1\" is not a number"},
		{"\n\nguest", "line 3, column 6: a guest's name expected"},
		{"guest a=b", "\"a=b\" is no guest's name"},
		{"guest create", "\"create\" is no guest's name"},
		{"guest a memory=256M\nguest a memory=256M",
			"line 2, column 20: a second guest \"a\""},
		{"guest a memory=256M maxmem=128M", "maxmem is smaller than memory"},
		{"guest a memory=16M", "memory must be at least 32M"},
		{"guest a memory=64M maxmem=8G", "less than 8M above the kernel"},
		{"guest a memory=256M offset=256M", "offset must be smaller"},
		{"guest a memory=256M type=arm", "\"arm\" must be one of pv, hvm"},
		{"guest a memory=256M agent=x", "one of xenmm, seed, xenserver, none"},
		{"guest a memory=256M balloon=x", "one of linux, ideal, none"},
		{"guest a memory=256M hot=101", "a number from 0 to 100"},
		{"guest a memory=256M rate-up=5M", "\"5M\" is not a rate such as 100M/s"},
		{"guest a memory=256M rate-up=/s", "is not a rate"},
		{"guest a memory=256M boot=0", "boot must be above 0"},
		{"guest a memory=256M count=0", "count must be 1 to"},
		{"host total=1G dom0=512M\nguest a memory=600M",
			"hold 1138688 KiB, the host has 1048576"},
		{"at", "line 1, column 3: a time expected"},
		{"at 5s", "a guest's name or \"create\" expected"},
		{"at 5s web use 5M", "line 1, column 7: no guest \"web\" above this line"},
		{"guest a memory=256M\nat 5s a", "line 2, column 8: what happens expected"},
		{"guest a memory=256M\nat 5s a dance", "nothing called \"dance\" can happen"},
		{"guest a memory=256M\nat 5s a use", "a size expected"},
		{"guest a memory=256M\nat 5s a use 5M under 3s", "\"over\" or the end"},
		{"guest a memory=256M\nat 5s a use 5M over", "a duration expected"},
		{"guest a memory=256M\nat 5s a stuck now", "unexpected \"now\""},
		{"guest a memory=256M\nat 5s every 0 until 9s a stuck", "must be above 0"},
		{"guest a memory=256M\nat 5s every 1s to 9s a stuck", "\"until\" expected"},
		{"guest a memory=256M\nat 0 every 1ms until 1h a stuck", "more than 65536 events"},
		{"at 5s create a memory=256M count=2", "count must be 1"},
		{"random guests=0", "guests must be 1 to 1000"},
		{"random period=1ms", "period must be at least 1s"},
		{"random memory=1M", "memory must be at least 128M"},
		{"random\nrandom", "line 2, column 1: a second random line"},
		{"random faults=maybe", "\"maybe\" must be one of off, on"},
		{"guest \x01", "line 1, column 7: not printable ASCII"},
		{"guest \xc3\xa4", "not printable ASCII"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mm_scenario s;
		char err[256] = "";
		int r = mm_scenario_parse(rows[i].text, strlen(rows[i].text), &s, err, sizeof(err));

		if (r != -EINVAL || !strstr(err, rows[i].complaint))
			fail_msg("\"%s\": %d, \"%s\", not \"%s\"", rows[i].text, r, err,
				rows[i].complaint);
	}
}

static void bounds_are_kept(void **state)
{
	char *text = malloc(MM_SCN_TEXT_MAX + 2);
	struct mm_scenario s;
	char err[256];
	char tiny[8];

	(void)state;
	assert_non_null(text);
	memset(text, '\n', MM_SCN_TEXT_MAX + 1);
	assert_int_equal(mm_scenario_parse(text, MM_SCN_TEXT_MAX, &s, err, sizeof(err)), 0);
	mm_scenario_free(&s);
	assert_int_equal(
		mm_scenario_parse(text, MM_SCN_TEXT_MAX + 1, &s, err, sizeof(err)), -EINVAL);
	memset(text, '#', MM_SCN_LINE_MAX + 1);
	assert_int_equal(mm_scenario_parse(text, 5000, &s, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "line 1, column 1: line longer than 1024 characters");
	memset(text, 'x', 200);
	assert_int_equal(mm_scenario_parse(text, 200, &s, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "line 1, column 1: word longer than 127 characters");
	assert_int_equal(mm_scenario_parse("x", 1, &s, tiny, sizeof(tiny)), -EINVAL);
	assert_int_equal(strlen(tiny), sizeof(tiny) - 1);
	free(text);
}

static void random_lines_expand_by_seed(void **state)
{
	static const char text[] = "host total=4G dom0=512M\nduration 300s\n"
				   "random guests=5 faults=on period=4s until=200s\n";
	struct mm_scenario a, b;
	char err[256];

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		assert_int_equal(mm_scenario_parse(text, strlen(text), &a, err, sizeof(err)), 0);
		assert_int_equal(mm_scenario_parse(text, strlen(text), &b, err, sizeof(err)), 0);
		assert_int_equal(mm_scenario_expand(&a, seed, err, sizeof(err)), 0);
		assert_int_equal(mm_scenario_expand(&b, seed, err, sizeof(err)), 0);
		assert_int_equal(a.guest_count, 5);
		assert_true(a.event_count > 100);
		assert_int_equal(a.event_count, b.event_count);
		assert_memory_equal(a.events, b.events, a.event_count * sizeof(*a.events));
		for (size_t i = 1; i < a.event_count; i++)
			assert_true(a.events[i - 1].at_ms <= a.events[i].at_ms);
		mm_scenario_free(&a);
		mm_scenario_free(&b);
	}
	assert_int_equal(mm_scenario_parse("random guests=1000", 18, &a, err, sizeof(err)), 0);
	assert_int_equal(mm_scenario_expand(&a, 1, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "random guests do not fit the host");
	mm_scenario_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_scenario),
		cmocka_unit_test(many_guests_at_once),
		cmocka_unit_test(every_word_that_can_happen),
		cmocka_unit_test(complaints_are_precise),
		cmocka_unit_test(bounds_are_kept),
		cmocka_unit_test(random_lines_expand_by_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
