/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mmps prints, and whom it looks at. */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ps_guests.h"
#include "monitor/ps_options.h"
#include "monitor/ps_show.h"
#include "monitor/ps_table.h"
#include "monitor/ps_tree.h"

/* ---- figures --------------------------------------------------------------------------------- */

static void test_times(void **state)
{
	static const struct {
		uint64_t ms;
		const char *time, *uptime;
	} cases[] = {
		{0, "0:00", "0 s"},
		{59999, "0:59", "59 s"},
		{60000, "1:00", "1 min"},
		{3599999, "59:59", "59 min"},
		{3600000, "1:00:00", "1:00 h"},
		{86400000, "24:00:00", "1 day"},
		{359999999, "99:59:59", "4 days"},
		{360000000, "4d04h", "4 days"},
		{UINT64_MAX, "213503982334d14h", "213503982334 days"},
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(mm_ps_time(buf, sizeof(buf), cases[i].ms), cases[i].time);
		assert_string_equal(mm_ps_uptime(buf, sizeof(buf), cases[i].ms), cases[i].uptime);
	}
}

static void test_percents(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(mm_ps_percent(buf, sizeof(buf), MM_SHARE_UNKNOWN), "-");
	assert_string_equal(mm_ps_percent(buf, sizeof(buf), 0), "0.0");
	assert_string_equal(mm_ps_percent(buf, sizeof(buf), 4), "0.0");
	assert_string_equal(mm_ps_percent(buf, sizeof(buf), 5), "0.1");
	assert_string_equal(mm_ps_percent(buf, sizeof(buf), 20000), "200.0");
	assert_string_equal(mm_ps_percent(buf, sizeof(buf), MM_SHARE_UNKNOWN - 1), "42949672.9");
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void number_cell(const void *arg, size_t row, int id, char buf[MM_PS_CELL])
{
	(void)arg;
	snprintf(buf, MM_PS_CELL, "%zu%s", row * 99, id ? "th" : "");
}

static char *print_table(const struct mm_ps_table *table)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	mm_ps_table_print(out, table);
	fclose(out);
	return text;
}

static void test_table(void **state)
{
	static const struct mm_ps_column columns[] = {
		{1, "PLACE", true}, {0, "N", false}, {1, "LAST", true}};
	struct mm_ps_table table = {
		.columns = columns, .column_count = 3, .row_count = 3, .cell = number_cell};
	char *text = print_table(&table);

	(void)state;
	assert_string_equal(text, "PLACE    N  LAST\n"
				  "0th      0  0th\n"
				  "99th    99  99th\n"
				  "198th  198  198th\n");
	free(text);
	table.width = 9;
	table.row_count = 1;
	text = print_table(&table);
	assert_string_equal(text, "PLACE  N \n0th    0 \n");
	free(text);
	table.is_bare = true;
	table.width = 0;
	text = print_table(&table);
	assert_string_equal(text, "0th  0  0th\n");
	free(text);
	table.row_count = 0;
	text = print_table(&table);
	assert_string_equal(text, "");
	free(text);
}

/* ---- trees ----------------------------------------------------------------------------------- */

#define TREE_MAX 8

static void check_tree(const int32_t pairs[][2], size_t count, const char *expected)
{
	struct mm_process list[TREE_MAX] = {0};
	struct mm_process_row rows[TREE_MAX];
	uint32_t depths[TREE_MAX];
	char text[128] = "";

	for (size_t i = 0; i < count; i++) {
		list[i].pid = pairs[i][0];
		list[i].parent = pairs[i][1];
		rows[i] = (struct mm_process_row){&list[i], 0};
	}
	assert_int_equal(mm_ps_tree(rows, count, depths), 0);
	for (size_t i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u:%d ", depths[i],
			rows[i].process->pid);
	assert_string_equal(text, expected);
}

static void test_trees(void **state)
{
	static const int32_t family[][2] = {
		{30, 10}, {1, 0}, {20, 10}, {10, 1}, {2, 0}, {5, 2}, {11, 1}, {99, 77}};
	static const int32_t circle[][2] = {{4, 4}, {1, 2}, {2, 3}, {3, 1}, {7, 1}};

	(void)state;
	check_tree(family, 8, "0:1 1:10 2:30 2:20 1:11 0:2 1:5 0:99 ");
	check_tree(circle, 5, "0:4 0:1 0:2 0:3 0:7 ");
	check_tree(NULL, 0, "");
}

/* As deep, and as wide, as a guest can make it. */
static void test_large_trees(void **state)
{
	struct mm_process *list = calloc(MM_VMI_TASKS_MAX, sizeof(*list));
	struct mm_process_row *rows = calloc(MM_VMI_TASKS_MAX, sizeof(*rows));
	uint32_t *depths = calloc(MM_VMI_TASKS_MAX, sizeof(*depths));

	(void)state;
	assert_true(list && rows && depths);
	for (int wide = 0; wide < 2; wide++) {
		for (int32_t i = 0; i < MM_VMI_TASKS_MAX; i++) {
			list[i].pid = i + 1;
			list[i].parent = wide ? 1 : i;
			rows[i].process = &list[MM_VMI_TASKS_MAX - 1 - i];
		}
		for (int32_t i = 0; i < MM_VMI_TASKS_MAX; i++)
			rows[i].process = &list[MM_VMI_TASKS_MAX - 1 - i];
		assert_int_equal(mm_ps_tree(rows, MM_VMI_TASKS_MAX, depths), 0);
		assert_int_equal(rows[0].process->pid, 1);
		assert_int_equal(depths[MM_VMI_TASKS_MAX - 1], wide ? 1 : MM_VMI_TASKS_MAX - 1);
		assert_int_equal(
			rows[MM_VMI_TASKS_MAX - 1].process->pid, wide ? 2 : MM_VMI_TASKS_MAX);
	}
	free(list);
	free(rows);
	free(depths);
}

/* ---- whom to look at ------------------------------------------------------------------------- */

static void test_find(void **state)
{
	char web[] = "web", seven[] = "7", none[] = "";
	struct mm_ps_guest list[] = {
		{.domid = 3, .uuid = "8c5c906b-1aeb-45f8-ae12-5d006cd3d6af", .name = web},
		{.domid = 7, .uuid = "71c18690-ee42-490b-a71b-54d8d101b5b9", .name = web},
		{.domid = 8, .uuid = "00000000-0000-0000-0000-000000000000", .name = seven},
		{.domid = 9, .name = none},
	};
	struct mm_ps_guests guests = {list, ARRAY_SIZE(list)}, empty = {0};

	(void)state;
	assert_int_equal(mm_ps_guests_find(&guests, "3"), 0);
	assert_int_equal(mm_ps_guests_find(&guests, "7"), 1); /* a domid before a name */
	assert_int_equal(mm_ps_guests_find(&guests, "71C18690-EE42-490b-a71b-54d8d101b5b9"), 1);
	assert_int_equal(mm_ps_guests_find(&guests, "web"), -EEXIST);
	assert_int_equal(mm_ps_guests_find(&guests, "WEB"), -ENOENT);
	assert_int_equal(mm_ps_guests_find(&guests, "4294967295"), -ENOENT);
	assert_int_equal(mm_ps_guests_find(&guests, "99999999999999999999"), -ENOENT);
	assert_int_equal(mm_ps_guests_find(&empty, "web"), -ENOENT);
	list[1].domid = 6;
	assert_int_equal(mm_ps_guests_find(&guests, "7"), 2);
}

/* ---- the list of guests ---------------------------------------------------------------------- */

static char *show(int (*how)(FILE *, const struct mm_ps_scene *), const struct mm_ps_scene *scene)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(how(out, scene), 0);
	fclose(out);
	return text;
}

static void test_guests(void **state)
{
	struct mm_process list[] = {{.pid = 1, .state = 'S', .comm = "init", .threads = 1}};
	char web[] = "web", evil[] = "\033[31mdb", win[] = "win";
	struct mm_ps_guest guests[] = {
		{.domid = 3, .name = web, .type = "pv", .look = {.has_now = true}},
		{.domid = 12, .name = evil, .type = "hvm", .look = {.error = -ETIMEDOUT}},
		{.domid = 13,
			.name = win,
			.type = "hvm",
			.look = {.has_now = true, .now = {.reason = MM_VMI_NOT_LINUX}}},
	};
	struct mm_ps_options options = {0};
	struct mm_ps_scene scene = {
		.options = &options, .guests = guests, .count = 3, .is_list = true};
	char *text;

	(void)state;
	guests[0].look.now = (struct mm_sample){.processes = list,
		.count = 1,
		.counters = {.release = "6.1.0-42-amd64",
			.total_kib = 500 << 10,
			.free_kib = 1536,
			.committed_kib = 1,
			.swap_total_kib = 1 << 20,
			.swap_free_kib = 1 << 19,
			.psi_some_avg10_pct100 = 205,
			.has_psi = true,
			.load_milli = {10069}}};
	text = show(mm_ps_show_text, &scene);
	assert_string_equal(text,
		"NAME        ID  TYPE  KERNEL          PROCS  TOTAL  FREE  AVAIL  COMMIT  SWAP  "
		"STALL%   LOAD  STATE\n"
		"web          3  pv    6.1.0-42-amd64      1   500M  1.5M      -      1K  512M  "
		"  2.05  10.06  ok\n"
		"\\x1b[31mdb  12  hvm   -                   -      -     -      -       -     -  "
		"     -      -  probe-late: it took too long: the host is busy, or the guest is "
		"not "
		"to "
		"be trusted; try again\n"
		"win         13  hvm   -                   -      -     -      -       -     -  "
		"     -      -  not-linux: no Linux kernel found in its memory (Windows, BSD or "
		"firmware?)\n");
	free(text);
	scene.count = 0;
	options.is_bare = true;
	text = show(mm_ps_show_text, &scene);
	assert_string_equal(text, "");
	free(text);
}

static void test_guests_json(void **state)
{
	char name[] = "\xff";
	struct mm_ps_guest guests[] = {
		{.domid = 12, .name = name, .type = "hvm", .look = {.error = -EPIPE}}};
	struct mm_ps_options options = {.is_json = true};
	struct mm_ps_scene scene = {.options = &options,
		.guests = guests,
		.count = 1,
		.is_list = true,
		.wall_ms = 1764000000123};
	char *text = show(mm_ps_show_json, &scene);
	json_t *whole = json_loads(text, 0, NULL), *guest;

	(void)state;
	assert_non_null(whole);
	assert_int_equal(json_integer_value(json_object_get(whole, "schema_version")), 1);
	assert_int_equal(json_integer_value(json_object_get(whole, "time_ms")), 1764000000123);
	guest = json_array_get(json_object_get(whole, "guests"), 0);
	assert_string_equal(json_string_value(json_object_get(guest, "reason")), "probe-died");
	assert_string_equal(json_string_value(json_object_get(guest, "name")), "\xef\xbf\xbd");
	json_decref(whole);
	free(text);
	scene.is_list = false;
	scene.count = 0;
	options.watch_ms = 1000;
	text = show(mm_ps_show_json, &scene);
	assert_string_equal(text, "{\"schema_version\":1,\"time_ms\":1764000000123,\"guest\":null,"
				  "\"processes\":[]}\n");
	free(text);
}

/* Each reason is a word and a sentence, and no word stands for two. */
static void test_reasons(void **state)
{
	const char *words[64], *text;
	size_t count = 0;

	(void)state;
	while ((words[count] = mm_look_reason_word(count, &text))) {
		assert_true(*words[count] && *text);
		for (size_t i = 0; i < count; i++)
			assert_string_not_equal(words[i], words[count]);
		assert_true(++count < ARRAY_SIZE(words));
	}
	assert_true(count > MM_VMI_REASON_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_percents),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_large_trees),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_guests),
		cmocka_unit_test(test_guests_json),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
