/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meminfo.h"
#include "xenmm/units.h"

/* ---- parsers ------------------------------------------------------------------------------------------ */

struct text_case {
	const char *name;
	const char *text;
	int result;
	struct mm_report report; /* what is expected; on failure it stays all zero */
};

static void check_case(const struct text_case *c,
	int (*parse)(const char *text, size_t len, struct mm_report *report))
{
	struct mm_report report;
	size_t len = strlen(c->text);
	char *copy = malloc(len + 1); /* no terminator: a read behind the end is seen */
	int r;

	assert_non_null(copy);
	memcpy(copy, c->text, len);
	memset(&report, 0, sizeof(report));
	r = parse(copy, len, &report);
	free(copy);
	if (r != c->result)
		fail_msg("%s: returned %d", c->name, r);
	if (report.total_kib != c->report.total_kib || report.free_kib != c->report.free_kib ||
		report.avail_kib != c->report.avail_kib ||
		report.swap_total_kib != c->report.swap_total_kib ||
		report.swap_free_kib != c->report.swap_free_kib)
		fail_msg("%s: total %llu free %llu avail %llu", c->name,
			(unsigned long long)report.total_kib, (unsigned long long)report.free_kib,
			(unsigned long long)report.avail_kib);
	if (report.swapin_pages != c->report.swapin_pages ||
		report.swapout_pages != c->report.swapout_pages ||
		report.majfaults != c->report.majfaults ||
		report.refault_anon != c->report.refault_anon ||
		report.refault_file != c->report.refault_file)
		fail_msg("%s: a counter is wrong", c->name);
	if (report.psi_some_us != c->report.psi_some_us ||
		report.psi_full_us != c->report.psi_full_us || report.has_psi != c->report.has_psi)
		fail_msg("%s: a stall total is wrong", c->name);
}

static const struct text_case meminfo_cases[] = {
	{"Linux 6.1",
		"MemTotal:         204924 kB\nMemFree:          171764 kB\nMemAvailable:     "
		"175096 kB\n"
		"Buffers:               0 kB\nCached:            12000 kB\nSwapCached:            "
		"1 kB\n"
		"SwapTotal:        262140 kB\nSwapFree:         262139 kB\nShmem:                 "
		"5 kB\n",
		0,
		{.total_kib = 204924,
			.free_kib = 171764,
			.avail_kib = 175096,
			.swap_total_kib = 262140,
			.swap_free_kib = 262139}},
	{"Linux 2.6.32, no MemAvailable",
		"MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 10 kB\nCached: 200 kB\nShmem: 50 kB\n"
		"SReclaimable: 7 kB\n",
		0, {.total_kib = 1000, .free_kib = 100, .avail_kib = 267}},
	{"more shmem than cache", "MemTotal: 1000 kB\nMemFree: 100 kB\nShmem: 500 kB\n", 0,
		{.total_kib = 1000, .free_kib = 100, .avail_kib = 0}},
	{"the least", "MemTotal: 1000 kB\nMemFree: 100 kB\n", 0,
		{.total_kib = 1000, .free_kib = 100, .avail_kib = 100}},
	{"free and avail above total are cut",
		"MemTotal: 1000 kB\nMemFree: 1001 kB\nMemAvailable: 1002 kB\nSwapTotal: 5 "
		"kB\nSwapFree: 6 "
		"kB\n",
		0,
		{.total_kib = 1000,
			.free_kib = 1000,
			.avail_kib = 1000,
			.swap_total_kib = 5,
			.swap_free_kib = 5}},
	{"the first of two counts", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemFree: 200 kB\n", 0,
		{.total_kib = 1000, .free_kib = 100, .avail_kib = 100}},
	{"lines without sense in between", "\n\n:\nMemTotal: 1000 kB\n   \nMemFree: 100 kB\nx", 0,
		{.total_kib = 1000, .free_kib = 100, .avail_kib = 100}},
	{"no unit", "MemTotal: 1000\nMemFree: 100\n", 0,
		{.total_kib = 1000, .free_kib = 100, .avail_kib = 100}},
	{"empty", "", -EINVAL, {0}},
	{"no MemTotal", "MemFree: 100 kB\n", -EINVAL, {0}},
	{"no MemFree", "MemTotal: 1000 kB\n", -EINVAL, {0}},
	{"last line cut off", "MemTotal: 1000 kB\nMemFree: 10", -EINVAL, {0}},
	{"total of zero", "MemTotal: 0 kB\nMemFree: 0 kB\n", -EINVAL, {0}},
	{"negative", "MemTotal: 1000 kB\nMemFree: -100 kB\n", -EINVAL, {0}},
	{"no number", "MemTotal: 1000 kB\nMemFree:\n", -EINVAL, {0}},
	{"huge digits", "MemTotal: 99999999999999999999999 kB\nMemFree: 100 kB\n", -EINVAL, {0}},
	{"total above 16 PiB", "MemTotal: 17592186044417 kB\nMemFree: 100 kB\n", -EINVAL, {0}},
	{"largest values do not overflow",
		"MemTotal: 1000 kB\nMemFree: 9007199254740992 kB\nBuffers: 9007199254740992 kB\n"
		"Cached: 9007199254740992 kB\nSReclaimable: 9007199254740992 kB\n",
		0, {.total_kib = 1000, .free_kib = 1000, .avail_kib = 1000}},
};

static const struct text_case vmstat_cases[] = {
	{"since Linux 5.9",
		"nr_free_pages 42941\nworkingset_refault_anon 11\nworkingset_refault_file "
		"12\npswpin 1\n"
		"pswpout 2\npgmajfault 3\n",
		0,
		{.swapin_pages = 1,
			.swapout_pages = 2,
			.majfaults = 3,
			.refault_anon = 11,
			.refault_file = 12}},
	{"before Linux 5.9", "workingset_refault 9\npswpin 1\npswpout 2\npgmajfault 3\n", 0,
		{.swapin_pages = 1, .swapout_pages = 2, .majfaults = 3, .refault_file = 9}},
	{"without swap or any of it", "nr_free_pages 42941\n", 0, {0}},
	{"empty", "", 0, {0}},
	{"names that only begin like ours", "pswpinx 5\npswp 6\n", 0, {0}},
	{"no number", "pswpin x\n", -EINVAL, {0}},
	{"huge digits", "pswpin 99999999999999999999999\n", -EINVAL, {0}},
};

static const struct text_case pressure_cases[] = {
	{"both",
		"some avg10=1.26 avg60=0.22 avg300=0.04 total=2937222\n"
		"full avg10=0.54 avg60=0.09 avg300=0.01 total=1722791\n",
		0, {.psi_some_us = 2937222, .psi_full_us = 1722791, .has_psi = true}},
	{"some alone", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", 0,
		{.psi_some_us = 5, .has_psi = true}},
	{"full alone", "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", -EINVAL, {0}},
	{"empty", "", -EINVAL, {0}},
	{"no total", "some avg10=0.00\n", -EINVAL, {0}},
	{"total without number", "some avg10=0.00 total=\n", -EINVAL, {0}},
	{"full without number", "some avg10=0.00 total=5\nfull avg10=0 total=x\n", -EINVAL, {0}},
	{"huge digits", "some total=99999999999999999999999\n", -EINVAL, {0}},
	{"cut off", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5", -EINVAL, {0}},
};

static void test_parsers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(meminfo_cases); i++)
		check_case(&meminfo_cases[i], mm_parse_meminfo);
	for (size_t i = 0; i < ARRAY_SIZE(vmstat_cases); i++)
		check_case(&vmstat_cases[i], mm_parse_vmstat);
	for (size_t i = 0; i < ARRAY_SIZE(pressure_cases); i++)
		check_case(&pressure_cases[i], mm_parse_pressure);
}

static void test_embedded_nul(void **state)
{
	static const char text[] = "MemTotal: 1000 kB\n\0\nMemFree: 1\00000 kB\nMemFree: 5 kB\n";
	struct mm_report report;

	(void)state;
	memset(&report, 0, sizeof(report));
	assert_int_equal(mm_parse_meminfo(text, sizeof(text) - 1, &report), 0);
	assert_int_equal(report.free_kib, 1);
}

/* ---- files -------------------------------------------------------------------------------------------- */

#define BALLOON_PATH "sys/devices/system/xen_memory/xen_memory0/info/current_kb"

static char root[64];

static void put(const char *path, const char *text)
{
	char full[256];
	FILE *file;

	(void)snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(full, 0700);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int make_root(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/xenmm-meminfo-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	static const char *const paths[] = {"proc/pressure/memory", "proc/pressure", "proc/meminfo",
		"proc/vmstat", "proc", BALLOON_PATH,
		"sys/devices/system/xen_memory/xen_memory0/info",
		"sys/devices/system/xen_memory/xen_memory0", "sys/devices/system/xen_memory",
		"sys/devices/system", "sys/devices", "sys"};
	char full[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		(void)snprintf(full, sizeof(full), "%s/%s", root, paths[i]);
		(void)remove(full);
	}
	return remove(root);
}

/* One sampler over the life of a guest: files appear, change and break, and each read tells the truth. */
static void test_sampler(void **state)
{
	struct mm_sampler *sampler;
	struct mm_report report = {.total_kib = 77};

	(void)state;
	assert_int_equal(mm_sampler_new(root, &sampler), 0);
	assert_int_equal(mm_sampler_read(sampler, &report), -ENOENT);
	assert_int_equal(report.total_kib, 77);

	put("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 300 kB\n");
	assert_int_equal(mm_sampler_read(sampler, &report), 0);
	assert_int_equal(report.source, MM_SOURCE_XENMM);
	assert_int_equal(report.avail_kib, 300);
	assert_int_equal(report.balloon_kib, 0);
	assert_false(report.has_psi);

	put("proc/vmstat", "pswpin 4\npswpout 5\n");
	put("proc/pressure/memory", "some total=6\nfull total=7\n");
	put(BALLOON_PATH, "2000\n");
	put("proc/meminfo", "MemTotal: 1001 kB\nMemFree: 100 kB\nMemAvailable: 300 kB\n");
	assert_int_equal(mm_sampler_read(sampler, &report), 0);
	assert_int_equal(report.total_kib, 1001);
	assert_int_equal(report.swapin_pages, 4);
	assert_int_equal(report.psi_full_us, 7);
	assert_true(report.has_psi);
	assert_int_equal(report.balloon_kib, 2000);
	assert_false(report.is_moving);

	put(BALLOON_PATH, "none of your business\n");
	put("proc/vmstat", "pswpin many\n");
	assert_int_equal(mm_sampler_read(sampler, &report), 0);
	assert_int_equal(report.balloon_kib, 0);
	assert_int_equal(report.swapin_pages, 0);

	put("proc/meminfo", "nonsense\n");
	assert_int_equal(mm_sampler_read(sampler, &report), -EINVAL);
	mm_sampler_free(sampler);
	mm_sampler_free(NULL);
}

/* A vmstat of many pages, longer than what is kept of it: what is kept counts, whole lines only. */
static void test_long_file(void **state)
{
	static char text[40000];
	struct mm_sampler *sampler;
	struct mm_report report;
	size_t used = 0;

	(void)state;
	used += (size_t)snprintf(text, sizeof(text), "pswpin 8\n");
	while (used < sizeof(text) - 40)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "nr_%zu 1\n", used);
	(void)snprintf(text + used, sizeof(text) - used, "pswpout 9\n");
	put("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 100 kB\n");
	put("proc/vmstat", text);
	assert_int_equal(mm_sampler_new(root, &sampler), 0);
	assert_int_equal(mm_sampler_read(sampler, &report), 0);
	assert_int_equal(report.swapin_pages, 8);
	assert_int_equal(report.swapout_pages, 0);
	mm_sampler_free(sampler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parsers),
		cmocka_unit_test(test_embedded_nul),
		cmocka_unit_test_setup_teardown(test_sampler, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_long_file, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
