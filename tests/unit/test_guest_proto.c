/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

#define GOOD "1 seq=1 tot=200 free=50 avail=100"

static const struct mm_report full_report = {
	.source = MM_SOURCE_XENMM,
	.seq = 17,
	.uptime_ms = 83250,
	.total_kib = 196608,
	.free_kib = 51200,
	.avail_kib = 120000,
	.balloon_kib = 262144,
	.is_moving = true,
	.swap_total_kib = 524284,
	.swap_free_kib = 524283,
	.swapin_pages = 1,
	.swapout_pages = 2,
	.majfaults = 211,
	.refault_anon = 3,
	.refault_file = 12,
	.psi_some_us = 1500,
	.psi_full_us = 900,
	.has_psi = true,
};

static const char full_text[] =
	"1 seq=17 up=83250 tot=196608 free=51200 avail=120000 cur=262144 mov=1 swt=524284 "
	"swf=524283 si=1 so=2 mf=211 ra=3 rf=12 ps=1500 pf=900";

/* Parses a copy on the heap of exactly len bytes, so that a sanitizer sees a read behind the end. */
static int parse_exact(const char *text, size_t len, struct mm_report *ret_report)
{
	char *copy = malloc(len ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	r = mm_report_parse(copy, len, ret_report);
	free(copy);
	return r;
}

/* The record holds every field but source and has_psi; the struct has padding, so no memcmp(). */
static void assert_same_report(const struct mm_report *a, const struct mm_report *b)
{
	char text_a[MM_RECORD_MAX];
	char text_b[MM_RECORD_MAX];

	assert_true(mm_report_format(a, text_a, sizeof(text_a)) > 0);
	assert_true(mm_report_format(b, text_b, sizeof(text_b)) > 0);
	assert_string_equal(text_a, text_b);
	assert_int_equal(a->source, b->source);
	assert_int_equal(a->has_psi, b->has_psi);
}

static void test_format_full(void **state)
{
	char buf[MM_RECORD_MAX];

	(void)state;
	assert_int_equal(mm_report_format(&full_report, buf, sizeof(buf)), (int)strlen(full_text));
	assert_string_equal(buf, full_text);
}

static void test_parse_full(void **state)
{
	struct mm_report report;

	(void)state;
	assert_int_equal(parse_exact(full_text, strlen(full_text), &report), 0);
	assert_same_report(&report, &full_report);
	assert_int_equal(report.total_kib, full_report.total_kib);
	assert_int_equal(report.psi_full_us, full_report.psi_full_us);
	assert_true(report.is_moving);
}

struct parse_case {
	const char *name;
	const char *text;
	int result;
};

static const struct parse_case parse_cases[] = {
	{"the least", GOOD, 0},
	{"any order", "1 avail=100 free=50 tot=200 seq=1", 0},
	{"unknown key", GOOD " zz=5", 0},
	{"unknown key, unknown kind of value", GOOD " next_9=a,b:-3.5/x", 0},
	{"unknown key twice", GOOD " zz=5 zz=6", 0},
	{"avail and free equal total", "1 seq=1 tot=200 free=200 avail=200", 0},
	{"both PSI totals", GOOD " ps=5 pf=3", 0},
	{"counter at its limit", GOOD " si=9007199254740992", 0},
	{"size at its limit", "1 seq=1 tot=17592186044416 free=0 avail=0", 0},
	{"empty", "", -EINVAL},
	{"version alone", "1", -EINVAL},
	{"no version", "seq=1 tot=200 free=50 avail=100", -EINVAL},
	{"version 2", "2 whatever\x01 it may hold", -EPROTONOSUPPORT},
	{"version 0", "0 seq=1 tot=200 free=50 avail=100", -EPROTONOSUPPORT},
	{"version 10", "10 seq=1 tot=200 free=50 avail=100", -EPROTONOSUPPORT},
	{"version beyond 64 bits", "99999999999999999999 seq=1", -ERANGE},
	{"negative version", "-1 seq=1 tot=200 free=50 avail=100", -EINVAL},
	{"leading space", " " GOOD, -EINVAL},
	{"trailing space", GOOD " ", -EINVAL},
	{"two spaces", "1  seq=1 tot=200 free=50 avail=100", -EINVAL},
	{"tab between words", "1\tseq=1 tot=200 free=50 avail=100", -EINVAL},
	{"trailing newline", GOOD "\n", -EINVAL},
	{"second line", GOOD "\n" GOOD, -EINVAL},
	{"no seq", "1 tot=200 free=50 avail=100", -EINVAL},
	{"no tot", "1 seq=1 free=50 avail=100", -EINVAL},
	{"no free", "1 seq=1 tot=200 avail=100", -EINVAL},
	{"no avail", "1 seq=1 tot=200 free=50", -EINVAL},
	{"known key twice", GOOD " seq=2", -EINVAL},
	{"known key twice, same value", GOOD " seq=1", -EINVAL},
	{"optional key twice", GOOD " cur=1 cur=1", -EINVAL},
	{"negative value", "1 seq=1 tot=200 free=-50 avail=100", -EINVAL},
	{"plus sign", GOOD " cur=+5", -EINVAL},
	{"fraction", GOOD " cur=5.5", -EINVAL},
	{"hexadecimal", GOOD " cur=0x10", -EINVAL},
	{"exponent", GOOD " cur=1e3", -EINVAL},
	{"empty value", GOOD " cur=", -EINVAL},
	{"empty unknown value", GOOD " zz=", -EINVAL},
	{"no equals sign", GOOD " cur", -EINVAL},
	{"empty key", GOOD " =5", -EINVAL},
	{"two equals signs", GOOD " cur==5", -EINVAL},
	{"upper-case key", GOOD " Cur=5", -EINVAL},
	{"key is a prefix of ours", GOOD " se=5", 0},
	{"control byte in an unknown value", GOOD " zz=a\x01", -EINVAL},
	{"high byte in an unknown value", GOOD " zz=\xff", -EINVAL},
	{"mov beyond 1", GOOD " mov=2", -ERANGE},
	{"total of zero", "1 seq=1 tot=0 free=0 avail=0", -ERANGE},
	{"free above total", "1 seq=1 tot=200 free=201 avail=100", -ERANGE},
	{"avail above total", "1 seq=1 tot=200 free=50 avail=201", -ERANGE},
	{"swap free above swap total", GOOD " swt=10 swf=11", -ERANGE},
	{"swap free without total", GOOD " swf=11", -ERANGE},
	{"size above its limit", "1 seq=1 tot=17592186044417 free=0 avail=0", -ERANGE},
	{"counter above its limit", GOOD " si=9007199254740993", -ERANGE},
	{"seq beyond 64 bits", "1 seq=18446744073709551616 tot=200 free=50 avail=100", -ERANGE},
	{"huge digits", GOOD " rf=99999999999999999999999999999999999999999999999", -ERANGE},
	{"one PSI total alone", GOOD " ps=5", -EINVAL},
	{"the other alone", GOOD " pf=5", -EINVAL},
};

static void test_parse_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parse_cases); i++) {
		const struct parse_case *c = &parse_cases[i];
		struct mm_report untouched;
		struct mm_report report;
		int r;

		memset(&untouched, 0x5a, sizeof(untouched));
		report = untouched;
		r = parse_exact(c->text, strlen(c->text), &report);
		if (r != c->result)
			fail_msg("%s: returned %d, not %d", c->name, r, c->result);
		if (r < 0 && memcmp(&report, &untouched, sizeof(report)) != 0)
			fail_msg("%s: failed, yet wrote to the report", c->name);
	}
}

static void test_embedded_nul(void **state)
{
	static const char inside[] = GOOD "\0 cur=5";
	static const char at_end[] = GOOD "\0";
	struct mm_report report;

	(void)state;
	assert_int_equal(parse_exact(inside, sizeof(inside) - 1, &report), -EINVAL);
	assert_int_equal(parse_exact(at_end, sizeof(at_end) - 1, &report), -EINVAL);
	assert_int_equal(mm_report_parse(NULL, 0, &report), -EINVAL);
}

static void test_lengths(void **state)
{
	char text[2048];
	struct mm_report report;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, GOOD " ", strlen(GOOD " "));
	text[strlen(GOOD) + 4] = '=';
	assert_int_equal(parse_exact(text, MM_RECORD_MAX, &report), 0);
	assert_int_equal(parse_exact(text, MM_RECORD_MAX + 1, &report), -EMSGSIZE);
	assert_int_equal(parse_exact(text, sizeof(text), &report), -EMSGSIZE);
	memset(text, ' ', sizeof(text));
	assert_int_equal(parse_exact(text, MM_RECORD_MAX, &report), -EINVAL);
	memset(text, '9', sizeof(text));
	assert_int_equal(parse_exact(text, MM_RECORD_MAX, &report), -ERANGE);
}

/* Every prefix and every single flipped byte of a good record is either refused or a sane report. */
static void test_damaged(void **state)
{
	size_t len = strlen(full_text);
	struct mm_report report;
	char text[sizeof(full_text)];

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		if (parse_exact(full_text, cut, &report) == 0)
			assert_true(report.avail_kib <= report.total_kib);
	}
	for (size_t i = 0; i < len * 256; i++) {
		memcpy(text, full_text, sizeof(text));
		text[i / 256] = (char)(i % 256);
		if (mm_report_parse(text, len, &report) < 0)
			continue;
		assert_true(report.avail_kib <= report.total_kib);
		assert_true(report.swap_free_kib <= report.swap_total_kib);
		assert_int_equal(report.source, MM_SOURCE_XENMM);
	}
}

static void test_longest_record_fits(void **state)
{
	struct mm_report report = full_report;
	struct mm_report back;
	char buf[MM_RECORD_MAX];
	int len;

	(void)state;
	report.total_kib = report.free_kib = report.avail_kib = MM_SIZE_MAX_KIB;
	report.balloon_kib = report.swap_total_kib = report.swap_free_kib = MM_SIZE_MAX_KIB;
	report.seq = report.uptime_ms = report.swapin_pages = MM_COUNTER_MAX;
	report.swapout_pages = report.majfaults = report.refault_anon = MM_COUNTER_MAX;
	report.refault_file = report.psi_some_us = report.psi_full_us = MM_COUNTER_MAX;
	len = mm_report_format(&report, buf, sizeof(buf));
	assert_true(len > 0);
	assert_int_equal(parse_exact(buf, (size_t)len, &back), 0);
	assert_same_report(&back, &report);
}

static void test_format_refuses(void **state)
{
	struct mm_report report = full_report;
	char buf[MM_RECORD_MAX];

	(void)state;
	for (size_t size = 0; size <= strlen(full_text); size++)
		assert_int_equal(mm_report_format(&report, buf, size), -ENOSPC);
	assert_true(mm_report_format(&report, buf, strlen(full_text) + 1) > 0);
	report.avail_kib = report.total_kib + 1;
	assert_int_equal(mm_report_format(&report, buf, sizeof(buf)), -ERANGE);
	report = full_report;
	report.seq = MM_COUNTER_MAX + 1;
	assert_int_equal(mm_report_format(&report, buf, sizeof(buf)), -ERANGE);
	report = full_report;
	report.total_kib = report.free_kib = report.avail_kib = 0;
	assert_int_equal(mm_report_format(&report, buf, sizeof(buf)), -ERANGE);
}

static void test_format_without_psi(void **state)
{
	struct mm_report report = full_report;
	struct mm_report back;
	char buf[MM_RECORD_MAX];

	(void)state;
	report.has_psi = false;
	assert_true(mm_report_format(&report, buf, sizeof(buf)) > 0);
	assert_null(strstr(buf, "ps="));
	assert_int_equal(mm_report_parse(buf, strlen(buf), &back), 0);
	assert_false(back.has_psi);
}

static void test_pair(void **state)
{
	static const struct {
		const char *name;
		enum mm_source source;
		const char *free;
		const char *tot;
		int result;
	} cases[] = {
		{"seed", MM_SOURCE_SEED, "50", "200", 0},
		{"xenserver", MM_SOURCE_XENSERVER, "50", "200", 0},
		{"all free", MM_SOURCE_SEED, "200", "200", 0},
		{"key made, not yet written", MM_SOURCE_SEED, "", "", -EINVAL},
		{"free alone", MM_SOURCE_SEED, "50", "", -EINVAL},
		{"free above total", MM_SOURCE_SEED, "201", "200", -ERANGE},
		{"total of zero", MM_SOURCE_SEED, "0", "0", -ERANGE},
		{"negative", MM_SOURCE_SEED, "-5", "200", -EINVAL},
		{"huge", MM_SOURCE_SEED, "5", "99999999999999999999", -ERANGE},
		{"newline", MM_SOURCE_SEED, "5\n", "200", -EINVAL},
		{"a record is no pair", MM_SOURCE_XENMM, "50", "200", -EINVAL},
		{"no source", MM_SOURCE_NONE, "50", "200", -EINVAL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm_report report = {.total_kib = 77};
		int r = mm_report_parse_pair(cases[i].source, cases[i].free, strlen(cases[i].free),
			cases[i].tot, strlen(cases[i].tot), &report);

		if (r != cases[i].result)
			fail_msg("%s: returned %d", cases[i].name, r);
		assert_int_equal(report.total_kib, r < 0 ? 77 : 200);
		if (r == 0)
			assert_int_equal(report.source, cases[i].source);
	}
}

static void test_news(void **state)
{
	const struct mm_report calm = {.source = MM_SOURCE_XENMM,
		.total_kib = 1048576,
		.balloon_kib = 1100000,
		.avail_kib = 500000,
		.seq = 1,
		.uptime_ms = 1000};
	static const struct {
		const char *name;
		struct mm_report add;
		bool is_news;
	} cases[] = {
		{"a sign of life", {.seq = 1, .uptime_ms = 10000}, false},
		{"a little more available", {.avail_kib = 8192}, false},
		{"a 128th more", {.avail_kib = 8193}, true},
		{"a larger balloon", {.balloon_kib = 1025}, true},
		{"less memory", {.total_kib = 1025}, true},
		{"the balloon moves", {.is_moving = true}, true},
		{"one page swapped out", {.swapout_pages = 1}, true},
		{"one page swapped in", {.swapin_pages = 1}, true},
		{"a few pages read again", {.refault_file = 16}, false},
		{"more of them", {.refault_file = 17}, true},
		{"a short stall", {.psi_some_us = 5000}, false},
		{"a longer one", {.psi_some_us = 5001}, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct mm_report *add = &cases[i].add;
		struct mm_report now = calm;

		now.seq += add->seq;
		now.uptime_ms += add->uptime_ms;
		now.avail_kib += add->avail_kib;
		now.balloon_kib += add->balloon_kib;
		now.total_kib -= add->total_kib;
		now.is_moving = add->is_moving;
		now.swapin_pages += add->swapin_pages;
		now.swapout_pages += add->swapout_pages;
		now.refault_file += add->refault_file;
		now.psi_some_us += add->psi_some_us;
		if (mm_report_is_news(&calm, &now) != cases[i].is_news)
			fail_msg("%s: news or not?", cases[i].name);
	}
}

static void test_source_name(void **state)
{
	(void)state;
	assert_string_equal(mm_source_name(MM_SOURCE_XENMM), "xenmm");
	assert_string_equal(mm_source_name(MM_SOURCE_NONE), "none");
	assert_string_equal(mm_source_name(MM_SOURCE_SEED), "seed");
	assert_string_equal(mm_source_name(MM_SOURCE_XENSERVER), "xenserver");
	assert_string_equal(mm_source_name(MM_SOURCE_COUNT), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_full),
		cmocka_unit_test(test_parse_full),
		cmocka_unit_test(test_parse_cases),
		cmocka_unit_test(test_embedded_nul),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_longest_record_fits),
		cmocka_unit_test(test_format_refuses),
		cmocka_unit_test(test_format_without_psi),
		cmocka_unit_test(test_pair),
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_source_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
