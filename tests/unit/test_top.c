/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "top_layout.h"
#include "top_view.h"

#define GUEST(name, domid, held, hard, ppm, reason, text, age)                                     \
	"{\"name\":\"" name "\",\"domid\":" #domid ",\"uuid\":\"u" #domid                          \
	"\",\"state\":\"running\",\"balanced\":true,\"held_kib\":" #held ",\"target_kib\":" #held  \
	",\"wish_kib\":" #held ",\"need\":{\"hard_kib\":" #hard                                    \
	",\"warm_kib\":1024,\"headroom_kib\":2048,\"pressure_ppm\":" #ppm                          \
	"},\"min_kib\":65536,\"max_kib\":1048576,\"weight\":100,\"balloon\":\"settled\","          \
	"\"reason\":\"" reason "\",\"reason_text\":\"" text                                        \
	"\",\"agent\":{\"source\":\"xenmm\",\"age_ms\":" #age                                      \
	",\"total_kib\":9000,\"available_kib\":1000}}"

static const char answer_text[] =
	"{\"ok\":true,\"version\":1,\"server\":{\"version\":\"1.2\",\"backend\":\"xen\",\"policy\":"
	"\"need\",\"interval_ms\":2000,\"rounds\":7,\"time_ms\":100000,\"start_ms\":55000,"
	"\"round_us\":1234,\"paused\":true},"
	"\"host\":{\"total_kib\":65536,\"free_kib\":16384,\"spare_kib\":1024,\"budget_kib\":40960,"
	"\"overcommitted\":true},\"guests\":[" GUEST("web", 1, 8192, 2048, 500, "steady",
		"has what it shall have", 250) "," GUEST("Db", 2, 16384, 20480, 120000, "short",
		"runs short, is served first", 61000) "," GUEST("a\\u001b[31mz", 3, 4096, 1024, 500,
		"silent", "agent is silent, left alone",
		7000) ","
		      "{\"name\":\"mute\",\"domid\":4,\"uuid\":\"u4\",\"state\":\"paused\","
		      "\"balanced\":false,"
		      "\"held_kib\":1024,\"reason\":\"no-agent\",\"reason_text\":\"never "
		      "reported\",\"agent\":"
		      "{\"source\":\"none\",\"age_ms\":null}}]}";

static struct mm_top_status read_status(void)
{
	json_error_t error;
	json_t *answer = json_loads(answer_text, 0, &error);
	struct mm_top_status status;

	assert_non_null(answer);
	assert_int_equal(mm_top_read(answer, &status), 0);
	json_decref(answer);
	return status;
}

static void test_read(void **state)
{
	struct mm_top_status s = read_status();

	(void)state;
	assert_int_equal(s.count, 4);
	assert_int_equal(s.rounds, 7);
	assert_true(s.is_paused && s.is_overcommitted && !s.is_dry_run);
	assert_string_equal(s.rows[2].name, "a?[31mz");
	assert_int_equal(s.rows[0].used_kib, 8000);
	assert_int_equal(mm_top_need_kib(&s.rows[0]), 2048 + 1024 + 2048);
	assert_int_equal(s.rows[1].mood, MM_TOP_ALERT);
	assert_int_equal(s.rows[2].mood, MM_TOP_WATCH);
	assert_false(s.rows[3].has_age || s.rows[3].has_used || s.rows[3].is_balanced);
	mm_top_status_free(&s);
}

static void test_read_garbage(void **state)
{
	json_t *answer = json_loads("{\"guests\":[{},1,null],\"host\":3}", 0, NULL);
	struct mm_top_status s;

	(void)state;
	assert_int_equal(mm_top_read(answer, &s), 0);
	assert_int_equal(s.count, 3);
	assert_string_equal(s.rows[1].name, "");
	json_decref(answer);
	mm_top_status_free(&s);
}

/* ---- order ----------------------------------------------------------------------------------- */

static void test_sort(void **state)
{
	static const struct {
		enum mm_top_column column;
		bool is_reverse;
		const char *ids;
	} cases[] = {
		{MM_TOP_ID, false, "1234"},
		{MM_TOP_ID, true, "4321"},
		{MM_TOP_NAME, false, "3241"},
		{MM_TOP_STATE, false, "4123"},
		{MM_TOP_HELD, false, "2134"},
		{MM_TOP_HELD, true, "4312"},
		{MM_TOP_STALL, false, "2134"},
		{MM_TOP_STALL, true, "4132"},
		{MM_TOP_AGE, false, "4231"},
		{MM_TOP_NEED, false, "2134"},
		{MM_TOP_WHY, false, "3142"},
	};
	struct mm_top_status s = read_status();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_top_order order = {
			.column = cases[i].column, .is_reverse = cases[i].is_reverse};
		char ids[5] = "";

		assert_int_equal(mm_top_arrange(&s, &order), 4);
		for (size_t k = 0; k < 4; k++)
			ids[k] = (char)('0' + s.rows[k].domid);
		if (strcmp(ids, cases[i].ids) != 0)
			fail_msg("case %zu: %s, not %s", i, ids, cases[i].ids);
	}
	mm_top_status_free(&s);
}

static void test_filter(void **state)
{
	static const struct {
		const char *filter;
		size_t shown;
		uint32_t first;
	} cases[] = {
		{"", 4, 1}, {"dB", 1, 2}, {"silent", 1, 3}, {"paused", 1, 4}, {"nobody", 0, 0}};
	struct mm_top_status s = read_status();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_top_order order = {0};

		strcpy(order.filter, cases[i].filter);
		assert_int_equal(mm_top_arrange(&s, &order), cases[i].shown);
		if (cases[i].shown > 0)
			assert_int_equal(s.rows[0].domid, cases[i].first);
	}
	assert_int_equal(s.count, 4); /* nobody gets lost on the way */
	mm_top_status_free(&s);
}

static void test_columns(void **state)
{
	(void)state;
	assert_int_equal(mm_top_column_named("P"), MM_TOP_STALL);
	assert_int_equal(mm_top_column_named("stall"), MM_TOP_STALL);
	assert_int_equal(mm_top_column_named("Held"), MM_TOP_HELD);
	assert_int_equal(mm_top_column_named(""), MM_TOP_COLUMN_COUNT);
	assert_int_equal(mm_top_column_named("HARD# WARM= ROOM-"), MM_TOP_COLUMN_COUNT);
}

/* ---- bars and lines -------------------------------------------------------------------------- */

static void test_need_bar(void **state)
{
	static const struct {
		uint64_t held, hard, warm, room;
		bool is_balanced;
		const char *bar;
	} cases[] = {
		{100, 30, 20, 10, true, "[###==-....]"},
		{100, 100, 0, 0, true, "[##########]"},
		{100, 0, 0, 0, true, "[..........]"},
		{50, 30, 20, 50, true, "[###==!!!!!]"},
		{50, 100, 0, 0, true, "[#####!!!!!]"},
		{0, 0, 0, 0, true, "[          ]"},
		{100, 0, 0, 0, false, "[          ]"},
		{UINT64_C(1) << 44, UINT64_C(1) << 43, 0, 0, true, "[#####.....]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mm_top_row row = {.is_balanced = cases[i].is_balanced,
			.held_kib = cases[i].held,
			.hard_kib = cases[i].hard,
			.warm_kib = cases[i].warm,
			.headroom_kib = cases[i].room};
		struct mm_top_line line = {.width = 20};

		mm_top_need_bar(&line, &row, 12);
		if (strcmp(line.text, cases[i].bar) != 0)
			fail_msg("case %zu: %s", i, line.text);
	}
}

static void test_host_bar(void **state)
{
	struct mm_top_status s = read_status();
	struct mm_top_line line = {.width = 66};

	(void)state;
	mm_top_host_bar(
		&line, &s, 66); /* a cell a MiB; 29 MiB are the guests', 19 the host's own */
	assert_string_equal(
		line.text, "[####################==----...@@@@@@@@@@@@@@@@@@@                ]");
	mm_top_status_free(&s);
}

static void test_stall_bar(void **state)
{
	static const uint64_t ppm[] = {0, 999, 1000, 60000, 1000000};
	static const char *const bars[] = {"      ", "      ", "|     ", "|||   ", "||||||"};

	(void)state;
	for (size_t i = 0; i < sizeof(ppm) / sizeof(ppm[0]); i++) {
		struct mm_top_line line = {.width = 20};

		mm_top_stall_bar(&line, ppm[i]);
		assert_string_equal(line.text, bars[i]);
	}
}

static void test_age(void **state)
{
	static const uint64_t ages[] = {
		0, 1250, 45000, 100000, 7200000, UINT64_C(864000000), UINT64_MAX};
	static const char *const texts[] = {"0.0s", "1.2s", "45s", "1m", "2h", "10d", "9999d"};
	char buf[16];

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
		assert_string_equal(mm_top_age(buf, ages[i]), texts[i]);
}

/* A line holds printable ASCII only, and no more than its width. */
static void test_line(void **state)
{
	struct mm_top_page page = {.width = 10};
	struct mm_top_line *line = mm_top_add(&page);

	(void)state;
	mm_top_put(line, MM_TOP_BOLD, "a\033[2Jb\xc3\xa4");
	assert_string_equal(line->text, "a?[2Jb??");
	mm_top_put(line, MM_TOP_PLAIN, "0123456789");
	assert_string_equal(line->text, "a?[2Jb??01");
	assert_int_equal(line->style[0], MM_TOP_BOLD);
	mm_top_wrap(&page, "one two three fourfivesixseven", 2);
	assert_int_equal(page.count, 5);
	assert_string_equal(page.lines[1].text, "one two");
	assert_string_equal(page.lines[2].text, "  three");
	assert_string_equal(page.lines[3].text, "  fourfive");
	assert_string_equal(page.lines[4].text, "  sixseven");
	mm_top_page_free(&page);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static const char *find_line(const struct mm_top_page *page, const char *text)
{
	for (size_t i = 0; i < page->count; i++)
		if (strstr(page->lines[i].text, text))
			return page->lines[i].text;
	return NULL;
}

static void test_page(void **state)
{
	struct mm_top_status s = read_status();
	struct mm_top_page page = {.width = 150};
	struct mm_top_scene scene = {.host = "h", .clock = "12:00:00"};

	(void)state;
	scene.shown = mm_top_arrange(&s, &scene.order);
	mm_top_head(&page, &s, &scene);
	assert_string_equal(page.lines[0].text, "mmctl top - h 12:00:00  mmserver 1.2 (xen) up "
						"45s, policy need, round 7 took 1.2 ms");
	assert_non_null(find_line(&page, "4 hold 29M, budget 40M, need 32M; 1 short; 2 to watch; "
					 "23.4M used; 3 balanced; by ID"));
	assert_non_null(find_line(&page, "OVERCOMMITTED PAUSED"));
	mm_top_list(&page, &s, &scene);
	assert_non_null(find_line(
		&page, "    2 Db       running      16M     16M    7.8M     23M [#############"));
	assert_non_null(find_line(&page, "12.0 ||||     61s runs short, is served first"));
	assert_non_null(
		find_line(&page, "    4 mute     paused        1M       -       -       - [ "));
	mm_top_page_clear(&page);
	scene.trouble = "gone";
	scene.trouble_ms = 61000;
	mm_top_head(&page, &s, &scene);
	assert_string_equal(page.lines[0].text, " OLD FIGURES, of 12:00:00 (61s ago): gone ");
	mm_top_page_free(&page);
	mm_top_status_free(&s);
}

/* A narrow window loses whole items, the least important ones, and no word is cut. */
static void test_narrow(void **state)
{
	struct mm_top_status s = read_status();
	struct mm_top_page page = {.width = 80};
	struct mm_top_scene scene = {.host = "h", .clock = "12:00:00"};

	(void)state;
	s.reserved_kib = 51200;
	s.is_dry_run = true;
	mm_top_head(&page, &s, &scene);
	assert_string_equal(page.lines[0].text,
		"mmctl top - h 12:00:00  mmserver 1.2 (xen) up 45s, policy need");
	assert_string_equal(page.lines[1].text,
		"Host:   64M total, 16M free, 1M spare, 50M set aside, 0K burst pool, 0K reserve");
	assert_string_equal(page.lines[2].text,
		"Guests: 4 hold 29M, budget 40M, need 32M; 1 short; 2 to watch; 23.4M used; by ID");
	assert_non_null(strstr(page.lines[3].text, "] OVERCOMMITTED PAUSED DRY RUN"));
	page.width = 60;
	mm_top_page_clear(&page);
	mm_top_head(&page, &s, &scene);
	assert_string_equal(
		page.lines[0].text, "mmctl top - h 12:00:00  mmserver 1.2 (xen) up 45s");
	assert_string_equal(
		page.lines[1].text, "Host:   64M total, 16M free, 1M spare, 50M set aside");
	assert_non_null(strstr(page.lines[3].text, "] OVERCOMMITTED PAUSED DRY RUN"));
	mm_top_page_free(&page);
	mm_top_status_free(&s);
}

/* The server's machine is what counts, where it says which. */
static void test_host_name(void **state)
{
	json_t *answer = json_loads("{\"server\":{\"host\":\"xen1\"}}", 0, NULL);
	struct mm_top_scene scene = {.host = "h", .clock = "12:00:00"};
	struct mm_top_page page = {.width = 80};
	struct mm_top_status s;

	(void)state;
	assert_int_equal(mm_top_read(answer, &s), 0);
	mm_top_head(&page, &s, &scene);
	assert_non_null(find_line(&page, "mmctl top - xen1 12:00:00"));
	json_decref(answer);
	mm_top_page_free(&page);
	mm_top_status_free(&s);
}

/* Whatever the width, titles and figures stand above each other, and nothing is wider. */
static void test_widths(void **state)
{
	struct mm_top_status s = read_status();
	struct mm_top_scene scene = {.host = "h", .clock = "12:00:00"};

	(void)state;
	scene.shown = mm_top_arrange(&s, &scene.order);
	for (int width = 0; width <= MM_TOP_WIDTH_MAX + 10; width++) {
		struct mm_top_page page = {.width = width};
		const char *held;

		mm_top_head(&page, &s, &scene);
		mm_top_list(&page, &s, &scene);
		mm_top_help(&page);
		for (size_t i = 0; i < page.count; i++)
			assert_true(page.lines[i].len <= width);
		held = strstr(page.lines[4].text, "HELD");
		if (width >= 80) {
			assert_memory_equal(
				page.lines[5].text + (held - page.lines[4].text) + 1, " 8M", 3);
			assert_non_null(strstr(page.lines[4].text, "WHY"));
		}
		mm_top_page_free(&page);
	}
	mm_top_status_free(&s);
}

static void test_detail(void **state)
{
	json_t *answer = json_loads(answer_text, 0, NULL);
	json_t *guest = json_array_get(json_object_get(answer, "guests"), 1);
	json_t *history = json_pack("{s:b, s:I, s:[s,s,s,s,s], s:[[I,i,i,i,i],[I,i,i,i,i]]}", "ok",
		1, "time_ms", (json_int_t)300000, "columns", "time_ms", "held_kib", "used_kib",
		"target_kib", "pressure_ppm", "rows", (json_int_t)1000, 8192, 4096, 8192, 0,
		(json_int_t)150000, 4096, 1024, 6144, 600000);
	json_t *why = json_pack("{s:b, s:[{s:I, s:s, s:i, s:i, s:s, s:i}]}", "ok", 1, "decisions",
		"time_ms", (json_int_t)1000, "outcome", "set", "old_kib", 1, "new_kib", 2,
		"reason_text", "gets its share", "held_kib", 3);
	struct mm_top_page page = {.width = 100};

	(void)state;
	assert_non_null(history);
	assert_non_null(why);
	mm_top_detail(&page, guest, history, why, 300000);
	assert_non_null(find_line(&page, "Db  domain 2"));
	assert_non_null(find_line(&page, "runs short, is served first"));
	assert_non_null(find_line(&page, "20M hard, 1M warm, 2M headroom; stalls 12.0 % ||||"));
	assert_non_null(find_line(&page, "grew 1 -> 2 KiB: gets its share"));
	/* half of the time it held 8 MiB and used 4; since then 4 and 1, with a target of 6 */
	assert_string_equal(find_line(&page, "      8M "),
		"      8M --------------------------------------------"
		"                                              ");
	mm_top_page_clear(&page);
	mm_top_detail(&page, NULL, NULL, NULL, 0);
	assert_non_null(find_line(&page, "is gone"));
	mm_top_page_free(&page);
	json_decref(answer);
	json_decref(history);
	json_decref(why);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void press(struct mm_top_view *view, struct mm_top_status *s, const char *keys)
{
	for (; *keys; keys++) {
		size_t shown;

		mm_top_view_key(view,
			*keys == '\n'	? MM_TOP_KEY_ENTER
			: *keys == '\t' ? MM_TOP_KEY_DOWN
					: *keys,
			s, mm_top_arrange(s, &view->order), 2);
		shown = mm_top_arrange(s, &view->order);
		mm_top_view_settle(view, s, shown, 2);
	}
}

static void test_keys(void **state)
{
	struct mm_top_status s = read_status();
	struct mm_top_view v = {.order.column = MM_TOP_ID};

	(void)state;
	press(&v, &s, "\t\t");
	assert_string_equal(v.uuid, "u3");
	assert_int_equal(v.first, 1); /* two rows fit */
	press(&v, &s, "M");	      /* it stays the one chosen, wherever it goes */
	assert_int_equal(v.order.column, MM_TOP_HELD);
	assert_string_equal(v.uuid, "u3");
	assert_int_equal(v.selected, 2);
	press(&v, &s, "r");
	assert_int_equal(v.selected, 1);
	press(&v, &s, ">");
	assert_int_equal(v.order.column, MM_TOP_TARGET);
	press(&v, &s, ">>>"); /* over the bars, which have no order */
	assert_int_equal(v.order.column, MM_TOP_STALL);
	press(&v, &s, "<<<<<<<<<<<<<");
	assert_int_equal(v.order.column, MM_TOP_ID);
	press(&v, &s, "/dbq"); /* q is text here */
	assert_string_equal(v.order.filter, "dbq");
	mm_top_view_key(&v, MM_TOP_KEY_RUBOUT, &s, 0, 2);
	press(&v, &s, "\n");
	assert_int_equal(v.mode, MM_TOP_MODE_LIST);
	assert_string_equal(v.uuid, "u2");
	press(&v, &s, "\n");
	assert_int_equal(v.mode, MM_TOP_MODE_GUEST);
	press(&v, &s, "\t\t");
	assert_int_equal(v.scroll, 2);
	press(&v, &s, "q");
	assert_int_equal(v.mode, MM_TOP_MODE_LIST);
	assert_false(v.is_over);
	mm_top_view_key(&v, MM_TOP_KEY_ESCAPE, &s, 1, 2);
	assert_string_equal(v.order.filter, "");
	press(&v, &s, "hq");
	assert_false(v.is_over);
	press(&v, &s, "q");
	assert_true(v.is_over);
	mm_top_status_free(&s);
}

/* Whatever is pressed on however few rows, what is chosen is among them. */
static void test_keys_at_random(void **state)
{
	struct mm_top_status s = read_status();
	struct mm_top_view v = {0};
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t room = (seed >> 8) % 4, shown;

		seed = seed * 1103515245 + 12345;
		mm_top_view_key(&v,
			(seed >> 16) % 3 ? (int)(' ' + (seed >> 18) % 95)
					 : (int)(MM_TOP_KEY_NONE + (seed >> 18) % 12),
			&s, mm_top_arrange(&s, &v.order), room);
		shown = mm_top_arrange(&s, &v.order);
		mm_top_view_settle(&v, &s, shown, room);
		assert_true(v.mode == MM_TOP_MODE_GUEST || shown == 0 || v.selected < shown);
		assert_true(v.mode == MM_TOP_MODE_GUEST || shown == 0 || v.first < shown);
		assert_true(strlen(v.order.filter) < MM_TOP_FILTER_MAX);
	}
	mm_top_status_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_garbage),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_need_bar),
		cmocka_unit_test(test_host_bar),
		cmocka_unit_test(test_stall_bar),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_host_name),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_keys_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
