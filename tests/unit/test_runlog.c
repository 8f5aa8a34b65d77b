/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runlog.h"

#define TITLES                                                                                     \
	"# time\ttg_mem\tuse_mem\tfree_mem\ttot_mem\theld_mem\twish_mem\ttau\tswap_in\tswap_out\t" \
	"psi_some_us\treason\tbudget_mem\thost_free"

static void line(struct mm_run_guest *guest, const char *text)
{
	assert_int_equal(mm_run_guest_line(guest, text, strlen(text)), 0);
}

static void test_row(void **state)
{
	struct mm_run_guest g;

	(void)state;
	mm_run_guest_init(&g, "file");
	line(&g, "# xenmm 1 data log of guest a, domain 9\033[2J, domain 3, uuid x");
	line(&g, TITLES);
	line(&g, "2026-11-21T10:00:01.250\t1000\t300\t600\t900\t1100\t950\t0."
		 "750\t7\t8\t99\tgrow\t5000\t700");
	assert_string_equal(g.name, "a, domain 9?[2J");
	assert_int_equal(g.count, 1);
	assert_int_equal(g.rows[0].time_ms, UINT64_C(1795255201250));
	assert_int_equal(g.rows[0].target_kib, 1000);
	assert_int_equal(g.rows[0].used_kib, 300);
	assert_int_equal(g.rows[0].free_kib, 600);
	assert_int_equal(g.rows[0].held_kib, 1100);
	assert_int_equal(g.rows[0].swapin_pages, 7);
	assert_int_equal(g.rows[0].swapout_pages, 8);
	assert_int_equal(g.rows[0].stall_us, 99);
	assert_int_equal(g.rows[0].budget_kib, 5000);
	assert_int_equal(g.rows[0].host_free_kib, 700);
	free(g.rows);
}

/* The first xenmm's columns: what is held is not told. */
static void test_old_row(void **state)
{
	struct mm_run_guest g;

	(void)state;
	mm_run_guest_init(&g, "domain 7");
	line(&g, "1999-12-31T23:59:59 1 2 3 4");
	line(&g, "2000-03-01T00:00:00 1 2 3 4");
	assert_string_equal(g.name, "domain 7");
	assert_int_equal(g.count, 2);
	assert_int_equal(g.rows[0].held_kib, 4);
	assert_int_equal(g.rows[1].time_ms - g.rows[0].time_ms, (UINT64_C(60) * 86400 + 1) * 1000);
	free(g.rows);
}

static void test_garbage(void **state)
{
	static const char *const lines[] = {
		"",
		"#",
		"# time",
		"# data log of guest , domain 3",
		"2026-11-21T10:00:01 1 2 3",
		"2026-11-21T10:00:01 1 2 3 -4",
		"2026-11-21T10:00:01 1 2 3 99999999999999999999",
		"2026-11-21T10:00:01 1 2 3 17592186044417",
		"2026-13-21T10:00:01 1 2 3 4",
		"2026-11-21T24:00:01 1 2 3 4",
		"2026-11-21 10:00:01 1 2 3 4",
		"2026-11-21T10:00:0 1 2 3 4",
		"1 2 3 4 5",
		"x y z",
	};
	struct mm_run_guest g;

	(void)state;
	mm_run_guest_init(&g, "g");
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		line(&g, lines[i]);
		if (g.count > 0)
			fail_msg("taken for data: %s", lines[i]);
	}
	assert_string_equal(g.name, "g");
	/* and after the clock was set back */
	line(&g, "2026-11-21T10:00:01 1 2 3 4");
	line(&g, "2026-11-21T10:00:00 1 2 3 4");
	assert_int_equal(g.count, 1);
	free(g.rows);
}

/* ---- sums ------------------------------------------------------------------------------------ */

/* A run of two guests: the second comes after 10 s, and the first is not heard of after 20. */
static struct mm_run two_guests(void)
{
	struct mm_run run = {.guests = calloc(2, sizeof(*run.guests)), .count = 2, .capacity = 2};

	mm_run_guest_init(&run.guests[0], "a");
	line(&run.guests[0], TITLES);
	line(&run.guests[0],
		"2026-11-21T10:00:00\t100\t40\t60\t90\t100\t95\t0.5\t0\t0\t0\tsteady\t500\t9");
	line(&run.guests[0],
		"2026-11-21T10:00:10\t200\t80\t60\t90\t100\t95\t0.5\t2\t5\t1000000\tgrow\t600\t8");
	line(&run.guests[0],
		"2026-11-21T10:00:20\t200\t50\t60\t90\t200\t95\t0.5\t1\t1\t10\tsteady\t600\t7");
	mm_run_guest_init(&run.guests[1], "b");
	line(&run.guests[1], "2026-11-21T10:00:10 1000 400 60 1000");
	line(&run.guests[1], "2026-11-21T10:01:40 1000 400 60 1000");
	return run;
}

static void test_figures(void **state)
{
	struct mm_run run = two_guests();
	struct mm_run_figures f = mm_run_figures(&run.guests[0]);

	(void)state;
	assert_int_equal(f.mean_used_kib, 60);
	assert_int_equal(f.peak_used_kib, 80);
	assert_int_equal(f.mean_held_kib, 100);
	assert_int_equal(f.changes, 1);
	assert_int_equal(f.stall_ppm, 50000);
	assert_int_equal(f.swapin_kib, 8);
	assert_int_equal(f.swapout_kib, 20); /* a counter that fell began anew */
	mm_run_free(&run);
}

static void test_sums(void **state)
{
	struct mm_run run = two_guests();
	struct mm_run_span span = mm_run_span(&run);
	struct mm_run_sum *sums;
	size_t count = mm_run_sums(&run, 11, &sums);

	(void)state;
	assert_int_equal(span.end_ms - span.start_ms, 100000);
	assert_int_equal(count, 11);
	assert_int_equal(sums[0].held_kib, 100);
	assert_int_equal(sums[0].budget_kib, 500);
	assert_int_equal(sums[1].held_kib, 1100);
	assert_int_equal(sums[1].target_kib, 1200);
	assert_int_equal(sums[2].used_kib, 450);
	assert_int_equal(sums[2].host_free_kib, 7);
	assert_int_equal(sums[8].held_kib, 1200); /* a minute without a row may be */
	assert_int_equal(
		sums[9].held_kib, 1000); /* more is not, unless there is another one later */
	assert_int_equal(sums[10].held_kib, 1000);
	free(sums);
	mm_run_free(&run);
}

static void test_thin(void **state)
{
	struct mm_run_guest g;
	struct mm_run_row *rows;
	size_t count;

	(void)state;
	mm_run_guest_init(&g, "g");
	for (int i = 0; i < 10; i++) {
		char text[64];

		snprintf(text, sizeof(text), "2026-11-21T10:00:%02d %d %d %d 50", i, i,
			i == 4 ? 40 : 10, i == 1 ? 3 : 20);
		line(&g, text);
	}
	count = mm_run_thin(&g, 100, &rows);
	assert_int_equal(count, 10);
	free(rows);
	count = mm_run_thin(&g, 3, &rows); /* by fours */
	assert_int_equal(count, 3);
	assert_int_equal(rows[0].target_kib, 3);
	assert_int_equal(rows[0].free_kib, 3);
	assert_int_equal(rows[1].used_kib, 40);
	assert_int_equal(rows[2].target_kib, 9);
	free(rows);
	free(g.rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row),
		cmocka_unit_test(test_old_row),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_figures),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_thin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
