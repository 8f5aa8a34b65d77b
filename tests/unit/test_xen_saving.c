/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding the save and restore helpers among processes: in a made-up proc file system. */
#include "unit/test.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/xen/saving.h"

#define SAVE_7                                                                                     \
	"/usr/lib/xen-4.17/bin/libxl-save-helper\0--save-domain\0"                                 \
	"9\0-1\0"                                                                                  \
	"7\0"                                                                                      \
	"1\0"                                                                                      \
	"2\0"                                                                                      \
	"0"

/* A command line as the kernel shows it: the last argument is ended, too. */
#define ARGS(text) text, sizeof(text)

static char root[64];

static void write_file(const char *name, const char *text, size_t len)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* uids: real, effective, saved and file system user, as the kernel shows them. */
static void make_process_of(const char *uids, int pid, const char *cmdline, size_t len)
{
	char path[PATH_MAX], status[256];

	snprintf(path, sizeof(path), "%s/%d", root, pid);
	if (mkdir(path, 0700) < 0)
		assert_int_equal(access(path, F_OK), 0);
	snprintf(path, sizeof(path), "%d/cmdline", pid);
	write_file(path, cmdline, len);
	snprintf(path, sizeof(path), "%d/status", pid);
	snprintf(status, sizeof(status),
		"Name:\tlibxl-save-help\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t%d\nNgid:\t0\n"
		"Pid:\t%d\nPPid:\t1\nTracerPid:\t0\nUid:\t%s\nGid:\t0\t0\t0\t0\n",
		pid, pid, uids);
	write_file(path, status, strlen(status));
}

static void make_process(int pid, const char *cmdline, size_t len)
{
	make_process_of("0\t0\t0\t0", pid, cmdline, len);
}

static void end_process(int pid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d/cmdline", root, pid);
	assert_int_equal(unlink(path), 0);
}

static void set_last_pid(int pid)
{
	char line[64];

	snprintf(line, sizeof(line), "0.00 0.01 0.05 1/123 %d\n", pid);
	write_file("loadavg", line, strlen(line));
}

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/xenmm-test-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_parse(void **state)
{
	static const struct {
		const char *cmdline;
		size_t len;
		bool is_helper;
	} rows[] = {
		{ARGS(SAVE_7), true},
		{ARGS("libxl-save-helper\0--restore-domain\0"
		      "5\0-1\0"
		      "7"),
			true},
		{ARGS("libxl-save-helper\0--save-domain\0"
		      "5\0-1\0"
		      "x7"),
			false},
		{ARGS("libxl-save-helper\0--save-domain\0"
		      "5\0-1"),
			false},
		{ARGS("libxl-save-helper\0--other\0"
		      "5\0-1\0"
		      "7"),
			false},
		{ARGS("xl\0--save-domain\0"
		      "5\0-1\0"
		      "7"),
			false},
		{ARGS("libxl-save-helper --save-domain 5 -1 7"), false},
		{ARGS("\0\0\0\0"), false},
		{"", 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mm_helper helper = {0};

		if (mm_helper_parse(rows[i].cmdline, rows[i].len, &helper) != rows[i].is_helper)
			fail_msg("row %zu", i);
		if (rows[i].is_helper)
			assert_int_equal(helper.domid, 7);
	}
}

static void test_running_before_us(void **state)
{
	struct mm_saving saving = {0};

	(void)state;
	make_process(1, "init", 5);
	make_process(4711, SAVE_7, sizeof(SAVE_7));
	set_last_pid(30000);
	mm_saving_look(&saving, root, 1000, false);
	assert_non_null(mm_saving_find(&saving, 7));
	assert_false(mm_saving_find(&saving, 7)->is_restore);
	assert_null(mm_saving_find(&saving, 8));
	/* not looked at again before its time */
	end_process(4711);
	mm_saving_look(&saving, root, 1500, false);
	assert_non_null(mm_saving_find(&saving, 7));
	mm_saving_look(&saving, root, 2000, false);
	assert_null(mm_saving_find(&saving, 7));
}

static void test_started_later(void **state)
{
	struct mm_saving saving = {0};

	(void)state;
	set_last_pid(30000);
	mm_saving_look(&saving, root, 1000, false);
	mm_saving_look(&saving, root, 2000, false);
	/* seen between fork and exec first */
	make_process(30004, "xl\0migrate", 11);
	set_last_pid(30005);
	mm_saving_look(&saving, root, 3000, false);
	assert_null(mm_saving_find(&saving, 7));
	make_process(30004, SAVE_7, sizeof(SAVE_7));
	mm_saving_look(&saving, root, 3300, true);
	assert_non_null(mm_saving_find(&saving, 7));
	assert_int_equal(saving.count, 1);
	/* found once, it is followed by its number */
	set_last_pid(30100);
	mm_saving_look(&saving, root, 5000, false);
	mm_saving_look(&saving, root, 6000, false);
	assert_int_equal(saving.count, 1);
	/* process numbers began again from the bottom */
	end_process(30004);
	make_process(301, SAVE_7, sizeof(SAVE_7));
	set_last_pid(400);
	mm_saving_look(&saving, root, 7000, false);
	assert_int_equal(saving.count, 1);
	assert_int_equal(saving.helpers[0].pid, 301);
}

/* Anybody can start a process with a helper's arguments, even one that runs a setuid program. */
static void test_of_somebody_else(void **state)
{
	struct mm_saving saving = {0};

	(void)state;
	make_process_of("1000\t1000\t1000\t1000", 4711, SAVE_7, sizeof(SAVE_7));
	make_process_of("1000\t0\t0\t0", 4712, SAVE_7, sizeof(SAVE_7));
	make_process_of("0\t1000\t0\t0", 4713, SAVE_7, sizeof(SAVE_7));
	set_last_pid(30000);
	mm_saving_look(&saving, root, 1000, false);
	assert_int_equal(saving.count, 0);
	make_process(4714, SAVE_7, sizeof(SAVE_7));
	set_last_pid(4714);
	mm_saving_look(&saving, root, 2000, false);
	assert_int_equal(saving.count, 1);
	assert_int_equal(saving.helpers[0].pid, 4714);
}

static void test_no_proc(void **state)
{
	struct mm_saving saving = {0};

	(void)state;
	mm_saving_look(&saving, "/nonexistent", 1000, false);
	assert_int_equal(saving.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test_setup_teardown(test_running_before_us, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_started_later, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_of_somebody_else, make_root, remove_root),
		cmocka_unit_test(test_no_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
