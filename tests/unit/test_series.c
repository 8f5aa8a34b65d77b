/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "series.h"

#define WALL_MS INT64_C(1700000000000)

static struct mm_series *series;
static struct mm_snapshot snap;
static struct mm_row samples[2 * MM_SERIES_GUESTS];

static int setup(void **state)
{
	(void)state;
	memset(samples, 0, sizeof(samples));
	snap.now_ms = 0;
	return mm_series_new(&series);
}

static int teardown(void **state)
{
	(void)state;
	mm_series_free(series);
	mm_snapshot_free(&snap);
	return 0;
}

static void add(uint32_t domid, const char *name)
{
	struct mm_domain *dom;

	assert_int_equal(mm_snapshot_add(&snap, &dom), 0);
	dom->domid = domid;
	snprintf(dom->name, sizeof(dom->name), "%s", name);
	snprintf(dom->uuid, sizeof(dom->uuid), "u-%s", name);
}

/* A round at that time; the first guest holds so much, and that is its pressure, too. */
static void look(uint64_t now_ms, uint64_t figure)
{
	const struct mm_host_row host = {{figure, 1, 2, 3, 4, 5}};

	snap.now_ms = now_ms;
	samples[0].of[MM_ROW_HELD] = figure;
	samples[0].of[MM_ROW_PRESSURE] = figure;
	mm_series_round(series, &snap, &host, samples);
}

/* The answer as JSON; NULL where there is no such guest. */
static json_t *ask(const char *guest, uint64_t since_ms)
{
	const struct mm_series_query query = {guest, snap.now_ms - since_ms, WALL_MS, snap.now_ms};
	char *text = NULL;
	size_t len = 0;
	int r = mm_series_json(series, &query, &text, &len);
	json_t *answer;

	if (r == -ENOENT)
		return NULL;
	assert_int_equal(r, 0);
	assert_int_equal(len, strlen(text));
	answer = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(answer);
	free(text);
	return answer;
}

static size_t row_count(const json_t *answer)
{
	return json_array_size(json_object_get(answer, "rows"));
}

/* -1: null. */
static long long cell(const json_t *answer, size_t row, size_t column)
{
	const json_t *value =
		json_array_get(json_array_get(json_object_get(answer, "rows"), row), column);

	assert_non_null(value);
	return json_is_null(value) ? -1 : json_integer_value(value);
}

static long long step(const json_t *answer)
{
	return json_integer_value(json_object_get(answer, "step_ms"));
}

static void a_row_for_each_second(void **state)
{
	json_t *answer;

	(void)state;
	add(1, "a");
	look(5000, 10);
	look(5400, 30); /* in the same second: the last holds, the largest pressure too */
	look(5900, 20);
	look(8000, 40); /* two seconds were left out */
	answer = ask("a", 0);
	assert_int_equal(step(answer), 1000);
	assert_int_equal(row_count(answer), 2);
	assert_int_equal(cell(answer, 0, 0), WALL_MS + 5000);
	assert_int_equal(cell(answer, 0, 1 + MM_ROW_HELD), 20);
	assert_int_equal(cell(answer, 0, 1 + MM_ROW_PRESSURE), 30);
	assert_int_equal(cell(answer, 1, 0), WALL_MS + 8000);
	assert_int_equal(cell(answer, 1, 1 + MM_ROW_HELD), 40);
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(answer, "columns"), 1 + MM_ROW_PRESSURE)),
		"pressure_ppm");
	json_decref(answer);
}

static void what_is_not_known_is_null(void **state)
{
	json_t *answer;

	(void)state;
	add(1, "a");
	samples[0].of[MM_ROW_USED] = MM_ROW_NONE;
	samples[0].of[MM_ROW_HARD] = UINT64_C(1) << 40; /* larger than a cell can say */
	look(1000, 1);
	answer = ask("a", 0);
	assert_int_equal(cell(answer, 0, 1 + MM_ROW_USED), -1);
	assert_int_equal(cell(answer, 0, 1 + MM_ROW_HARD), UINT32_MAX - 1);
	json_decref(answer);
}

/* Coarser rings keep a burst of one round in sight, and go back to their length and no further. */
static void rings_reach_back(void **state)
{
	const uint64_t day_ms = 86400000, end_ms = 2 * day_ms;
	json_t *answer;
	long long largest = 0;

	(void)state;
	add(1, "a");
	for (uint64_t ms = 0; ms <= end_ms; ms += 500)
		look(ms, ms == end_ms - day_ms / 2 ? 777 : 100);
	answer = ask("a", end_ms - 300000);
	assert_int_equal(step(answer), 1000);
	assert_int_equal(row_count(answer), 301);
	json_decref(answer);
	answer = ask("a", end_ms - 3600000);
	assert_int_equal(step(answer), 10000);
	assert_in_range(row_count(answer), 360, 361);
	json_decref(answer);
	answer = ask("a", 0); /* more than there is */
	assert_int_equal(step(answer), 60000);
	assert_in_range(row_count(answer), 1440, 1441);
	for (size_t i = 0; i < row_count(answer); i++)
		if (cell(answer, i, 1 + MM_ROW_PRESSURE) > largest)
			largest = cell(answer, i, 1 + MM_ROW_PRESSURE);
	assert_int_equal(largest, 777);
	assert_true(cell(answer, 0, 0) >= WALL_MS + (long long)(end_ms - day_ms) - 60000);
	json_decref(answer);
	answer = ask(NULL, end_ms - 3600000);
	assert_in_range(row_count(answer), 360, 361);
	assert_true(json_is_null(json_object_get(answer, "domain")));
	json_decref(answer);
}

/* A pause longer than a ring leaves nothing of before in it. */
static void a_long_pause_empties(void **state)
{
	json_t *answer;

	(void)state;
	add(1, "a");
	look(1000, 1);
	look(1000 + 10 * 300000, 2);
	answer = ask("a", snap.now_ms - 300000);
	assert_int_equal(row_count(answer), 1);
	assert_int_equal(cell(answer, 0, 1 + MM_ROW_HELD), 2);
	json_decref(answer);
	answer = ask("a", 0); /* what the fine ring dropped is in a coarser one */
	assert_int_equal(row_count(answer), 1);
	json_decref(answer);
}

static void guests_come_and_go(void **state)
{
	json_t *answer;

	(void)state;
	add(1, "a");
	add(2, "b");
	look(1000, 1);
	mm_snapshot_clear(&snap);
	add(2, "b");
	look(2000, 2);
	answer = ask("a", 0); /* gone, and still remembered */
	assert_int_equal(row_count(answer), 1);
	json_decref(answer);
	assert_null(ask("c", 0));
	mm_snapshot_clear(&snap);
	add(2, "b");
	add(7, "a"); /* rebooted: another domid, the same uuid */
	look(3000, 3);
	answer = ask("7", 0);
	assert_int_equal(row_count(answer), 2);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(answer, "domain"), "uuid")),
		"u-a");
	json_decref(answer);
	mm_snapshot_clear(&snap);
	add(2, "other"); /* a domid that is used again is another guest */
	look(4000, 4);
	answer = ask("2", 0);
	assert_int_equal(row_count(answer), 1);
	json_decref(answer);
	look(4000 + MM_SERIES_SPAN_MS + 1, 5);
	assert_null(ask("b", 0)); /* a day later */
}

static void names_are_quoted(void **state)
{
	json_t *answer;

	(void)state;
	add(1, "a\"\\<b>");
	look(1000, 1);
	answer = ask("1", 0);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(answer, "domain"), "name")),
		"a\"\\<b>");
	json_decref(answer);
}

/* However many guests there are and have been, so many have a history: those that are there before those that left. */
static void memory_is_bounded(void **state)
{
	char name[16];
	json_t *answer;

	(void)state;
	for (uint32_t domid = 1; domid <= MM_SERIES_GUESTS + 10; domid++) {
		snprintf(name, sizeof(name), "g%u", domid);
		add(domid, name);
	}
	look(1000, 1);
	assert_non_null(answer = ask("850", 0));
	json_decref(answer);
	assert_null(ask("851", 0));
	mm_snapshot_clear(&snap);
	for (uint32_t domid = 5000; domid < 5000 + MM_SERIES_GUESTS; domid++) {
		snprintf(name, sizeof(name), "n%u", domid);
		add(domid, name);
	}
	look(2000, 1);
	assert_null(ask("1", 0));
	assert_non_null(answer = ask("5849", 0));
	json_decref(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_row_for_each_second, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_known_is_null, setup, teardown),
		cmocka_unit_test_setup_teardown(rings_reach_back, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_pause_empties, setup, teardown),
		cmocka_unit_test_setup_teardown(guests_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(names_are_quoted, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_is_bounded, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
