/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shares of CPU, order, harmless texts and JSON of what was seen in a guest. */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/process_json.h"
#include "monitor/share.h"
#include "monitor/text.h"
#include "xenmm/units.h"

#define MS UINT64_C(1000000) /* ns */

static struct mm_process process(int32_t pid, const char *name, uint64_t cpu_ns)
{
	struct mm_process p = {.pid = pid, .cpu_ns = cpu_ns, .start_ns = (uint64_t)pid * MS};

	snprintf(p.comm, sizeof(p.comm), "%s", name);
	return p;
}

static struct mm_sample sample(struct mm_process *processes, size_t count, uint64_t taken_ms)
{
	return (struct mm_sample){.processes = processes,
		.count = count,
		.taken_ms = taken_ms,
		.counters = {.cpus = 2}};
}

/* ---- shares ---------------------------------------------------------------------------------- */

static void test_shares(void **state)
{
	struct mm_process then[] = {
		process(1, "init", 5 * MS),
		process(7, "gone", 9 * MS),
		process(8, "busy", 100 * MS),
		process(9, "again", 100 * MS),
		process(12, "back", 100 * MS),
		process(13, "liar", 0),
	};
	struct mm_process now[] = {
		process(1, "init", 5 * MS),
		process(2, "new", 400 * MS),
		process(8, "busy", 1600 * MS),
		process(9, "again", 200 * MS),
		process(12, "back", 90 * MS),
		process(13, "liar", UINT64_MAX),
	};
	struct mm_sample a = sample(then, ARRAY_SIZE(then), 5000);
	struct mm_sample b = sample(now, ARRAY_SIZE(now), 6000);
	uint32_t shares[ARRAY_SIZE(now)];

	(void)state;
	now[3].start_ns++; /* another process under the same pid */
	mm_share_cpu(&a, &b, shares);
	assert_int_equal(shares[0], 0);
	assert_int_equal(shares[1], MM_SHARE_UNKNOWN);
	assert_int_equal(shares[2], 15000); /* a CPU and a half */
	assert_int_equal(shares[3], MM_SHARE_UNKNOWN);
	assert_int_equal(shares[4], 0);
	assert_int_equal(shares[5], 20000); /* more than both CPUs is not to be had */
	b.counters.cpus = 0;
	mm_share_cpu(&a, &b, shares);
	assert_int_equal(shares[5], 10000);
	b.counters.cpus = UINT32_MAX;
	mm_share_cpu(&a, &b, shares);
	assert_int_equal(shares[5], 10000 * MM_VMI_CPUS_MAX);
}

static void test_no_shares(void **state)
{
	struct mm_process list[] = {process(1, "init", 5 * MS)};
	struct mm_sample a = sample(list, 1, 5000), b = sample(list, 1, 5000);
	uint32_t share = 0;

	(void)state;
	mm_share_cpu(NULL, &b, &share);
	assert_int_equal(share, MM_SHARE_UNKNOWN);
	mm_share_cpu(&a, &b, &share); /* no time passed */
	assert_int_equal(share, MM_SHARE_UNKNOWN);
	b.taken_ms = 6000;
	mm_share_cpu(&a, &b, &share);
	assert_int_equal(share, 0);
	a.reason = MM_VMI_DAMAGED;
	mm_share_cpu(&a, &b, &share);
	assert_int_equal(share, MM_SHARE_UNKNOWN);
	a = sample(NULL, 0, 5000);
	mm_share_cpu(&a, &b, &share);
	assert_int_equal(share, MM_SHARE_UNKNOWN);
	mm_share_cpu(&b, &a, NULL); /* nothing to write */
}

/* ---- order ----------------------------------------------------------------------------------- */

static void test_order(void **state)
{
	struct mm_process list[] = {
		process(3, "b", 10),
		process(5, "a", 30),
		process(4, "c", 20),
		process(9, "a", 30),
	};
	struct mm_process_row rows[ARRAY_SIZE(list)];
	static const struct {
		const char *name;
		int32_t pids[ARRAY_SIZE(list)];
	} cases[] = {
		{"cpu", {4, 5, 3, 9}},
		{"rss", {9, 3, 4, 5}},
		{"swap", {4, 3, 5, 9}},
		{"pid", {3, 4, 5, 9}},
		{"time", {5, 9, 4, 3}},
		{"name", {5, 9, 3, 4}},
		{"threads", {9, 4, 5, 3}},
	};

	(void)state;
	list[0].rss_anon_kib = 5;
	list[2].rss_file_kib = 3;
	list[3].rss_shmem_kib = UINT64_MAX;
	list[3].rss_anon_kib = UINT64_MAX;
	list[2].swap_kib = 1;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		enum mm_sort sort;

		for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
			list[i].threads = (uint32_t)(i == 2 ? 1 : i);
			rows[i] = (struct mm_process_row){
				&list[i], i == 3 ? MM_SHARE_UNKNOWN : (uint32_t)(i * 7 % 3)};
		}
		assert_int_equal(mm_sort_parse(cases[c].name, &sort), 0);
		assert_string_equal(mm_sort_name(sort), cases[c].name);
		assert_int_equal(mm_process_rows_sort(rows, ARRAY_SIZE(list), sort, 3), 3);
		for (size_t i = 0; i < ARRAY_SIZE(list); i++)
			if (rows[i].process->pid != cases[c].pids[i])
				fail_msg("%s: place %zu has %d", cases[c].name, i,
					rows[i].process->pid);
	}
	assert_int_equal(ARRAY_SIZE(cases), MM_SORT_COUNT);
}

static void test_order_words(void **state)
{
	enum mm_sort sort = MM_SORT_PID;

	(void)state;
	assert_int_equal(mm_sort_parse("memory", &sort), -EINVAL);
	assert_int_equal(mm_sort_parse("", &sort), -EINVAL);
	assert_int_equal(sort, MM_SORT_PID);
	for (int i = 0; i < MM_SORT_COUNT; i++)
		assert_non_null(strstr(MM_SORT_WORDS, mm_sort_name((enum mm_sort)i)));
}

static void test_rows(void **state)
{
	struct mm_process list[] = {process(1, "init", 0), process(2, "kthreadd", 0)};
	struct mm_sample s = sample(list, 2, 0), none = sample(NULL, 0, 0);
	struct mm_process_row *rows;
	size_t count;

	(void)state;
	list[1].is_kernel = true;
	assert_int_equal(mm_process_rows_new(NULL, &s, false, &rows, &count), 0);
	assert_int_equal(count, 1);
	assert_ptr_equal(rows[0].process, &list[0]);
	assert_int_equal(rows[0].share, MM_SHARE_UNKNOWN);
	free(rows);
	assert_int_equal(mm_process_rows_new(&s, &s, true, &rows, &count), 0);
	assert_int_equal(count, 2);
	free(rows);
	assert_int_equal(mm_process_rows_new(NULL, &none, true, &rows, &count), 0);
	assert_null(rows);
	assert_int_equal(count, 0);
	assert_int_equal(mm_process_rows_sort(rows, count, MM_SORT_RSS, 20), 0);
}

static void test_many(void **state)
{
	struct mm_process *list = calloc(MM_VMI_TASKS_MAX, sizeof(*list));
	struct mm_sample s = sample(list, MM_VMI_TASKS_MAX, 0);
	struct mm_process_row *rows;
	size_t count;

	(void)state;
	assert_non_null(list);
	for (uint32_t i = 0; i < MM_VMI_TASKS_MAX; i++) {
		list[i] = process((int32_t)i + 1, "x", 0);
		list[i].rss_anon_kib = i * UINT64_C(2654435761) % 65521;
	}
	assert_int_equal(mm_process_rows_new(NULL, &s, false, &rows, &count), 0);
	assert_int_equal(mm_process_rows_sort(rows, count, MM_SORT_RSS, 10), 10);
	for (size_t i = 1; i < count; i++)
		assert_true(mm_process_row_compare(MM_SORT_RSS, &rows[i - 1], &rows[i]) < 0);
	free(rows);
	free(list);
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void test_texts(void **state)
{
	static const struct {
		const char *bytes, *plain, *utf8;
	} cases[] = {
		{"", "", ""},
		{"kworker/0:1-events", "kworker/0:1-events", "kworker/0:1-events"},
		{"\033[2J\a\n\177", "\\x1b[2J\\x07\\x0a\\x7f", "\033[2J\a\n\177"},
		{"gr\xc3\xb6\xc3\x9f", "gr\\xc3\\xb6\\xc3\\x9f", "gr\xc3\xb6\xc3\x9f"},
		{"\xc3", "\\xc3", "\xef\xbf\xbd"},
		{"\xe2\x82", "\\xe2\\x82", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe2\x82\xac|", "\\xe2\\x82\\xac|", "\xe2\x82\xac|"},
		{"\xf0\x9f\x98\x80", "\\xf0\\x9f\\x98\\x80", "\xf0\x9f\x98\x80"},
		{"\xc0\xaf", "\\xc0\\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80",
			"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\x80z\xff", "\\x80z\\xff", "\xef\xbf\xbdz\xef\xbf\xbd"},
	};
	char buf[MM_TEXT_SIZE(20)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(
			mm_text_plain(buf, sizeof(buf), cases[i].bytes, 20), cases[i].plain);
		assert_string_equal(
			mm_text_utf8(buf, sizeof(buf), cases[i].bytes, 20), cases[i].utf8);
	}
}

static void test_short_texts(void **state)
{
	char buf[6];

	(void)state;
	assert_string_equal(mm_text_plain(buf, sizeof(buf), "ab\033", 3), "ab");
	assert_string_equal(mm_text_plain(buf, sizeof(buf), "a\033b", 3), "a\\x1b");
	assert_string_equal(mm_text_plain(buf, sizeof(buf), "abcdefgh", 8), "abcde");
	assert_string_equal(mm_text_plain(buf, 1, "abc", 3), "");
	assert_string_equal(mm_text_plain(buf, sizeof(buf), "abc", 2), "ab");
	assert_string_equal(mm_text_utf8(buf, 3, "a\xc3\xb6", 3), "a");
	assert_string_equal(mm_text_utf8(buf, sizeof(buf), "a\xc3\xb6", 2), "a\xef\xbf\xbd");
	assert_string_equal(mm_text_utf8(buf, 1, "abc", 3), "");
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void check_json(json_t *object, const char *expected)
{
	char *text = json_dumps(object, MM_GUEST_JSON_FLAGS | JSON_COMPACT);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(object);
}

static void test_process_json(void **state)
{
	struct mm_process p = process(77, "\033[31m\xff\"", 1999999);

	(void)state;
	p.parent = 1;
	p.uid = UINT32_MAX;
	p.state = '\n';
	p.rss_anon_kib = 3;
	p.rss_file_kib = 4;
	p.vm_kib = UINT64_MAX;
	p.is_torn = true;
	check_json(mm_process_json(&p, 12340),
		"{\"pid\":77,\"ppid\":1,\"uid\":4294967295,\"name\":\"\\u001B[31m\\uFFFD\\\"\","
		"\"state\":\"?\",\"kernel\":false,\"threads\":0,\"rss_kib\":7,\"rss_anon_kib\":3,"
		"\"rss_file_kib\":4,\"rss_shmem_kib\":0,\"swap_kib\":0,"
		"\"vm_kib\":9223372036854775807,\"cpu_ms\":1,\"cpu_percent\":123.4,\"start_ms\":77,"
		"\"torn\":true}");
}

static void test_readable_guest(void **state)
{
	struct mm_process list[] = {process(1, "init", 0)};
	struct mm_sample s = sample(list, 1, 5000);
	struct mm_guest_view view = {.domid = 3,
		.uuid = "8c5c906b-1aeb-45f8-ae12-5d006cd3d6af",
		.name = "web\xff",
		.type = "pv",
		.sample = &s,
		.now_ms = 5200};

	(void)state;
	s.counters = (struct mm_counters){.release = "6.1.0-42-amd64",
		.cpus = 2,
		.total_kib = 1024,
		.slab_reclaimable_kib = 5,
		.slab_unreclaimable_kib = 6,
		.oom_kills = 1,
		.psi_some_avg10_pct100 = 117,
		.has_psi = true,
		.load_milli = {1230, 500, 0}};
	check_json(mm_guest_json(&view),
		"{\"domid\":3,\"uuid\":\"8c5c906b-1aeb-45f8-ae12-5d006cd3d6af\",\"name\":"
		"\"web\\uFFFD\","
		"\"type\":\"pv\",\"readable\":true,\"reason\":\"ok\",\"reason_text\":\"readable\","
		"\"kernel\":\"6.1.0-42-amd64\",\"uptime_ms\":0,\"cpus\":2,\"memory\":{\"total_"
		"kib\":1024,"
		"\"free_kib\":0,\"available_kib\":0,\"anon_kib\":0,\"file_kib\":0,\"shmem_kib\":0,"
		"\"slab_kib\":11,\"committed_kib\":0,\"swap_total_kib\":0,\"swap_free_kib\":0},"
		"\"counters\":{\"swapin_pages\":0,\"swapout_pages\":0,\"majfaults\":0,\"oom_"
		"kills\":1,"
		"\"refault_anon\":0,\"refault_file\":0},\"psi\":{\"some_us\":0,\"full_us\":0,"
		"\"some_avg10\":1.17},\"load\":[1.23,0.5,0.0],\"balloon\":null,\"processes\":1,"
		"\"partial\":false,\"torn\":0,\"retries\":0,\"cost_us\":0,\"bootstrap_us\":0,"
		"\"age_ms\":200}");
	view.reason = "timeout";
	view.reason_text = "took too long";
	s.counters.has_balloon = true;
	s.counters.balloon_target_kib = 9;
	json_t *o = mm_guest_json(&view);
	assert_true(json_is_false(json_object_get(o, "readable")));
	assert_string_equal(json_string_value(json_object_get(o, "reason")), "timeout");
	assert_true(json_is_object(json_object_get(o, "memory"))); /* the last that was seen */
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(o, "balloon"), "target_kib")),
		9);
	json_decref(o);
}

static void test_unreadable_guest(void **state)
{
	struct mm_sample s = {.reason = MM_VMI_NO_BTF, .cost_us = 7, .taken_ms = 9};
	struct mm_guest_view view = {
		.domid = MM_NO_DOMID, .name = "dump", .type = "file", .sample = &s, .now_ms = 8};
	json_t *o = mm_guest_json(&view), *p;
	const char *key;
	json_t *value;

	(void)state;
	assert_true(json_is_null(json_object_get(o, "domid")));
	assert_true(json_is_null(json_object_get(o, "uuid")));
	assert_true(json_is_false(json_object_get(o, "readable")));
	assert_string_equal(json_string_value(json_object_get(o, "reason")), "no-btf");
	assert_string_equal(json_string_value(json_object_get(o, "reason_text")),
		mm_vmi_reason_text(MM_VMI_NO_BTF));
	assert_true(json_is_null(json_object_get(o, "memory")));
	assert_int_equal(json_integer_value(json_object_get(o, "cost_us")), 7);
	assert_int_equal(json_integer_value(json_object_get(o, "age_ms")), 0);
	view.sample = NULL;
	view.reason = "died";
	p = mm_guest_json(&view);
	/* The same members, whatever is known of it. */
	assert_int_equal(json_object_size(o), json_object_size(p));
	json_object_foreach(o, key, value) assert_non_null(json_object_get(p, key));
	assert_true(json_is_null(json_object_get(p, "age_ms")));
	json_decref(o);
	json_decref(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_no_shares),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_order_words),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_short_texts),
		cmocka_unit_test(test_process_json),
		cmocka_unit_test(test_readable_guest),
		cmocka_unit_test(test_unreadable_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
