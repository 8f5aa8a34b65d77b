/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Data logs in real directories; the clock is given, nothing is waited for. */
#include "unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "datalog.h"
#include "log.h"

#define EVERY_MS 2000
#define FILE_MAX 65536

struct run {
	char dir[64];
	struct mm_snapshot snap;
	struct mm_plan plan;
	struct timespec wall;
	struct mm_datalog *log;
};

static void init(struct run *run)
{
	memset(run, 0, sizeof(*run));
	strcpy(run->dir, "/tmp/xenmm-datalog-XXXXXX");
	assert_non_null(mkdtemp(run->dir));
	setenv("TZ", "UTC0", 1);
	tzset();
	run->wall = (struct timespec){
		.tv_sec = 1772454896, .tv_nsec = 7000000}; /* 2026-03-02 12:34:56.007 */
	run->snap.now_ms = 1000;
}

static void start(struct run *run)
{
	assert_int_equal(mm_datalog_new(run->dir, &run->wall, &run->log), 0);
}

static void stop(struct run *run)
{
	mm_datalog_free(run->log);
	run->log = NULL;
}

static void finish(struct run *run)
{
	char path[512];
	struct dirent *item;
	DIR *dir = opendir(run->dir);

	stop(run);
	while (dir && (item = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", run->dir, item->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	rmdir(run->dir);
	free(run->plan.entries);
	mm_snapshot_free(&run->snap);
}

static void add(struct run *run, uint32_t domid, const char *name, const char *uuid)
{
	struct mm_domain *dom;
	struct mm_plan_entry *entries;

	assert_int_equal(mm_snapshot_add(&run->snap, &dom), 0);
	dom->domid = domid;
	snprintf(dom->name, sizeof(dom->name), "%s", name);
	snprintf(dom->uuid, sizeof(dom->uuid), "%s", uuid);
	dom->current_kib = 300000;
	dom->report.source = MM_SOURCE_XENMM;
	dom->report.total_kib = 250000;
	dom->report.avail_kib = 90000;
	dom->report.swapin_pages = 11;
	dom->report.swapout_pages = 22;
	dom->report.psi_some_us = 33;
	entries = realloc(run->plan.entries, run->snap.count * sizeof(*entries));
	assert_non_null(entries);
	run->plan.entries = entries;
	run->plan.count = run->snap.count;
	run->plan.tau_ppm = 750000;
	run->plan.budget_kib = 1000000;
	run->snap.host.free_kib = 50000;
	entries[run->snap.count - 1] = (struct mm_plan_entry){.domid = domid,
		.reason = MM_REASON_DONATE,
		.current_kib = 300000,
		.use_kib = 210000,
		.wish_kib = 280000,
		.old_kib = 300000,
		.new_kib = 290000};
}

static void write_round(struct run *run)
{
	mm_datalog_write(run->log, &run->snap, &run->plan, &run->wall, EVERY_MS);
	run->snap.now_ms += EVERY_MS;
}

/* The text of a file in the directory, or NULL. */
static const char *read_log(const struct run *run, const char *name)
{
	static char text[FILE_MAX];
	char path[512];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", run->dir, name);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	return text;
}

static void put_file(const struct run *run, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", run->dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static size_t count_lines(const char *text, char first)
{
	size_t n = 0;

	for (const char *line = text; line && *line;
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		n += (*line == '#') == (first == '#');
	return n;
}

static size_t count_files(const struct run *run)
{
	size_t n = 0;
	struct dirent *item;
	DIR *dir = opendir(run->dir);

	assert_non_null(dir);
	while ((item = readdir(dir)))
		n += item->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* What was logged to stderr between the two calls. */
static int capture_begin(FILE **ret_file)
{
	int saved = dup(STDERR_FILENO);

	*ret_file = tmpfile();
	assert_non_null(*ret_file);
	fflush(stderr);
	dup2(fileno(*ret_file), STDERR_FILENO);
	return saved;
}

static const char *capture_end(int saved, FILE *file)
{
	static char text[8192];
	size_t len;

	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	return text;
}

static size_t count_words(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

static void test_rows(void **state)
{
	struct run run;
	const char *text;

	(void)state;
	init(&run);
	add(&run, 3, "web", "uuid-3");
	add(&run, 7, "db", "uuid-7");
	add(&run, 9, "no agent", "uuid-9");
	run.snap.domains[2].report.source = MM_SOURCE_NONE;
	start(&run);
	assert_int_equal(count_files(&run), 0);
	write_round(&run);
	assert_int_equal(count_files(&run), 2);
	text = read_log(&run, "26_03_02_1_3.log");
	assert_non_null(text);
	assert_non_null(strstr(text, "web"));
	assert_non_null(strstr(text, "uuid-3"));
	assert_non_null(strstr(text, "# time\ttg_mem\tuse_mem\tfree_mem\ttot_mem\t"));
	assert_non_null(
		strstr(text, "\n2026-03-02T12:34:56."
			     "007\t290000\t210000\t90000\t250000\t300000\t280000\t0.750\t11\t22\t33"
			     "\tdonate\t1000000\t50000\txenmm\n"));
	assert_int_equal(count_lines(text, ' '), 1);
	finish(&run);
}

static void test_rows_come_with_changes_or_time(void **state)
{
	struct run run;

	(void)state;
	init(&run);
	add(&run, 1, "web", "u");
	start(&run);
	for (int i = 0; i < 20; i++, run.snap.now_ms += 100) /* 2 s, nothing changes */
		mm_datalog_write(run.log, &run.snap, &run.plan, &run.wall, EVERY_MS);
	assert_int_equal(count_lines(read_log(&run, "26_03_02_1_1.log"), ' '), 1);
	for (int i = 0; i < 5; i++, run.snap.now_ms += 100) {
		run.snap.domains[0].current_kib += 4;
		mm_datalog_write(run.log, &run.snap, &run.plan, &run.wall, EVERY_MS);
	}
	assert_int_equal(count_lines(read_log(&run, "26_03_02_1_1.log"), ' '), 6);
	run.plan.entries[0].new_kib -= 4;
	mm_datalog_write(run.log, &run.snap, &run.plan, &run.wall, EVERY_MS);
	assert_int_equal(count_lines(read_log(&run, "26_03_02_1_1.log"), ' '), 7);
	finish(&run);
}

struct number_case {
	const char *name;
	const char *existing[4];
	const char *expected; /* file of domain 5 */
};

static const struct number_case numbers[] = {
	{"the first of the day", {NULL}, "26_03_02_1_5.log"},
	{"the next", {"26_03_02_1_5.log"}, "26_03_02_2_5.log"},
	{"behind a run of other guests", {"26_03_02_4_900.log"}, "26_03_02_5_5.log"},
	{"the highest counts, by number", {"26_03_02_9_1.log", "26_03_02_10_1.log"},
		"26_03_02_11_5.log"},
	{"yesterday's do not count", {"26_03_01_8_5.log"}, "26_03_02_1_5.log"},
	{"nor what is no log", {"26_03_02_x_5.log", "26_03_02_", "26_03_02_3.png"},
		"26_03_02_1_5.log"},
	{"nor numbers that are none", {"26_03_02_-1_5.log", "26_03_02_4294967295_5.log"},
		"26_03_02_1_5.log"},
};

static void test_run_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct run run;

		init(&run);
		for (size_t k = 0; numbers[i].existing[k]; k++)
			put_file(&run, numbers[i].existing[k], "precious\n");
		add(&run, 5, "web", "u");
		start(&run);
		write_round(&run);
		if (!read_log(&run, numbers[i].expected))
			fail_msg("%s: no %s", numbers[i].name, numbers[i].expected);
		/* fault 13: the seed truncated them */
		for (size_t k = 0; numbers[i].existing[k]; k++)
			assert_string_equal(read_log(&run, numbers[i].existing[k]), "precious\n");
		finish(&run);
	}
}

static void test_two_runs_one_after_the_other(void **state)
{
	struct run run;

	(void)state;
	init(&run);
	add(&run, 1, "web", "u");
	for (int i = 0; i < 3; i++) {
		start(&run);
		write_round(&run);
		write_round(&run);
		stop(&run);
	}
	assert_int_equal(count_files(&run), 3);
	for (int i = 1; i <= 3; i++) {
		char name[32];

		snprintf(name, sizeof(name), "26_03_02_%d_1.log", i);
		assert_int_equal(count_lines(read_log(&run, name), ' '), 2);
	}
	finish(&run);
}

/* A file that someone else makes in the middle of a run is added to, never emptied. */
static void test_file_that_appears_is_not_overwritten(void **state)
{
	struct run run;
	const char *text;

	(void)state;
	init(&run);
	add(&run, 1, "web", "u");
	start(&run);
	write_round(&run);
	put_file(&run, "26_03_02_1_2.log", "precious\n");
	add(&run, 2, "db", "v");
	write_round(&run);
	text = read_log(&run, "26_03_02_1_2.log");
	assert_int_equal(strncmp(text, "precious\n", 9), 0);
	assert_int_equal(count_lines(text, ' '), 2);
	finish(&run);
}

static void test_symbolic_link_is_not_followed(void **state)
{
	struct run run;
	char link[128], target[128];

	(void)state;
	init(&run);
	put_file(&run, "target", "precious\n");
	add(&run, 1, "web", "u");
	start(&run);
	write_round(&run);
	snprintf(target, sizeof(target), "%s/target", run.dir);
	snprintf(link, sizeof(link), "%s/26_03_02_1_2.log", run.dir);
	assert_int_equal(symlink(target, link), 0);
	add(&run, 2, "db", "v");
	write_round(&run);
	assert_string_equal(read_log(&run, "target"), "precious\n");
	finish(&run);
}

static void test_reused_domid_gets_a_head_of_its_own(void **state)
{
	struct run run;
	const char *text;

	(void)state;
	init(&run);
	add(&run, 1, "first", "uuid-first");
	start(&run);
	write_round(&run);
	write_round(&run);
	strcpy(run.snap.domains[0].uuid, "uuid-second");
	strcpy(run.snap.domains[0].name, "second");
	write_round(&run);
	assert_int_equal(count_files(&run), 1);
	text = read_log(&run, "26_03_02_1_1.log");
	assert_true(strstr(text, "uuid-first") < strstr(text, "uuid-second"));
	assert_int_equal(count_lines(text, ' '), 3);
	finish(&run);
}

static size_t open_files(void)
{
	size_t n = 0;
	DIR *dir = opendir("/proc/self/fd");

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_files_of_guests_that_are_gone_are_closed(void **state)
{
	struct run run;
	size_t before = open_files();

	(void)state;
	init(&run);
	for (uint32_t id = 1; id <= 20; id++)
		add(&run, id, "web", "u");
	start(&run);
	write_round(&run);
	assert_int_equal(open_files(), before + 20);
	run.snap.count = 1;
	write_round(&run);
	assert_int_equal(open_files(), before + 1);
	run.snap.count = 0;
	write_round(&run);
	assert_int_equal(open_files(), before);
	finish(&run);
	assert_int_equal(open_files(), before);
}

/* The limit on the file's size cuts a row in the middle, as a full disk does. */
static void test_torn_row_spoils_no_other(void **state)
{
	struct run run;
	struct rlimit old, limit;
	const char *text, *line;
	size_t len;

	(void)state;
	init(&run);
	signal(SIGXFSZ, SIG_IGN);
	add(&run, 1, "web", "u");
	start(&run);
	write_round(&run);
	len = strlen(read_log(&run, "26_03_02_1_1.log"));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = len + 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	write_round(&run);
	write_round(&run);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(strlen(read_log(&run, "26_03_02_1_1.log")), len + 20);
	write_round(&run);
	text = read_log(&run, "26_03_02_1_1.log");
	assert_int_equal(count_lines(text, ' '), 3); /* whole, torn, whole */
	line = text + len + 21;
	assert_int_equal(line[-1], '\n');
	assert_int_equal(strncmp(line, "2026-03-02T12:34:56.007\t", 24), 0);
	assert_int_equal(text[strlen(text) - 1], '\n');
	finish(&run);
}

/* Told once, not with every row; and once more when it is over. */
static void test_trouble_is_told_once(void **state)
{
	struct run run;
	struct rlimit old, limit;
	const char *told;
	FILE *file;
	int saved;

	(void)state;
	init(&run);
	signal(SIGXFSZ, SIG_IGN);
	add(&run, 1, "web", "u");
	add(&run, 2, "db", "v");
	start(&run);
	write_round(&run);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 400; /* less than the logs have by now; the captured text is a file too */
	saved = capture_begin(&file);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 10; i++)
		write_round(&run);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	told = capture_end(saved, file);
	assert_int_equal(count_words(told, "cannot write"), 1);
	saved = capture_begin(&file);
	write_round(&run);
	write_round(&run);
	told = capture_end(saved, file);
	assert_int_equal(count_words(told, "written again"), 1);
	finish(&run);
}

static void test_directory_that_cannot_be_used(void **state)
{
	static const char *const bad[] = {"/nonexistent/dir", "/dev/null", "/proc"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct run run;
		struct mm_datalog *log;
		const char *told;
		FILE *file;
		int saved;

		init(&run);
		add(&run, 1, "web", "u");
		assert_int_equal(mm_datalog_new(bad[i], &run.wall, &log), 0);
		saved = capture_begin(&file);
		for (int k = 0; k < 5; k++, run.snap.now_ms += EVERY_MS)
			mm_datalog_write(log, &run.snap, &run.plan, &run.wall, EVERY_MS);
		told = capture_end(saved, file);
		if (count_words(told, bad[i]) != 1 || count_words(told, "cannot open") != 1)
			fail_msg("%s: says '%s'", bad[i], told);
		mm_datalog_free(log);
		finish(&run);
	}
}

/* A directory that is missing is made, also when it was deleted under the run. */
static void test_missing_directory_is_made(void **state)
{
	struct run run;

	(void)state;
	init(&run);
	assert_int_equal(rmdir(run.dir), 0);
	add(&run, 1, "web", "u");
	start(&run);
	write_round(&run);
	assert_int_equal(count_lines(read_log(&run, "26_03_02_1_1.log"), ' '), 1);
	finish(&run);
}

/* One guest's file cannot be opened, and were it followed the device would be full: the others' rows are written. */
static void test_trouble_with_one_file_stops_no_other(void **state)
{
	struct run run;
	char path[128];

	(void)state;
	init(&run);
	add(&run, 1, "web", "u");
	start(&run);
	write_round(&run);
	snprintf(path, sizeof(path), "%s/26_03_02_1_2.log", run.dir);
	assert_int_equal(symlink("/dev/full", path), 0);
	add(&run, 2, "db", "v");
	add(&run, 3, "mail", "w");
	write_round(&run);
	write_round(&run);
	assert_int_equal(count_lines(read_log(&run, "26_03_02_1_1.log"), ' '), 3);
	assert_int_equal(count_lines(read_log(&run, "26_03_02_1_3.log"), ' '), 2);
	finish(&run);
}

/* A pipe under the name of a log to come would block whoever opens it for writing. */
static void test_pipe_in_place_of_a_log(void **state)
{
	struct run run;
	char path[128];

	(void)state;
	init(&run);
	add(&run, 1, "web", "u");
	start(&run);
	write_round(&run);
	snprintf(path, sizeof(path), "%s/26_03_02_1_2.log", run.dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	add(&run, 2, "db", "v");
	write_round(&run);
	write_round(&run);
	assert_int_equal(count_lines(read_log(&run, "26_03_02_1_1.log"), ' '), 3);
	assert_int_equal(unlink(path), 0);
	finish(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_come_with_changes_or_time),
		cmocka_unit_test(test_run_numbers),
		cmocka_unit_test(test_two_runs_one_after_the_other),
		cmocka_unit_test(test_file_that_appears_is_not_overwritten),
		cmocka_unit_test(test_symbolic_link_is_not_followed),
		cmocka_unit_test(test_reused_domid_gets_a_head_of_its_own),
		cmocka_unit_test(test_files_of_guests_that_are_gone_are_closed),
		cmocka_unit_test(test_torn_row_spoils_no_other),
		cmocka_unit_test(test_trouble_is_told_once),
		cmocka_unit_test(test_directory_that_cannot_be_used),
		cmocka_unit_test(test_missing_directory_is_made),
		cmocka_unit_test(test_pipe_in_place_of_a_log),
		cmocka_unit_test(test_trouble_with_one_file_stops_no_other),
	};

	mm_log_init(false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
