/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The replay back end by itself: what it shows, what it compares, what it says in the end. */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xenmm/backend.h"

static const char trace[] = "xenmm-trace 1\n"
			    "C budget 768M\n"
			    "T 1000 2000000 100000 0\n"
			    "D 1 u1 pv running 200000 200000 900000 0 990 none web\n"
			    "D 2 u2 pv running 200000 200000 900000 0 990 none db\n"
			    "P 2 200000 190000 donate\n"
			    "P 1 200000 210000 grow\n"
			    ".\n"
			    "T 3000 2000000 100000 0\n"
			    "D 1 u1 pv running 210000 210000 900000 0 990 none web\n"
			    ".\n";

static char path[] = "/tmp/xenmm-replay-XXXXXX";
static struct mm_backend *replay;
static struct mm_snapshot snap;

static int setup(void **state)
{
	int fd;

	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	if (replay)
		replay->ops->close(replay);
	replay = NULL;
	mm_snapshot_free(&snap);
	return unlink(path);
}

static int try_open(const char *text, char *err, size_t err_size)
{
	struct mm_backend_options options = {.file = path};
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	return mm_backend_open("replay", &options, err, err_size, &replay);
}

static void open_trace(const char *text)
{
	char err[256];

	if (try_open(text, err, sizeof(err)) < 0)
		fail_msg("%s", err);
}

static void look(void)
{
	assert_int_equal(replay->ops->sample(replay, &snap), 0);
}

/* Tells the replay of a plan that changes these targets. */
static void decide(const struct mm_plan_entry *entries, size_t count)
{
	struct mm_plan_entry copy[4];
	uint32_t order[4];
	struct mm_plan plan = {
		.entries = copy, .order = order, .count = count, .change_count = count};

	for (size_t i = 0; i < count; i++) {
		copy[i] = entries[i];
		order[i] = (uint32_t)i;
	}
	assert_int_equal(replay->ops->decided(replay, &snap, &plan), 0);
}

static void assert_summary(int status, const char *wanted)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(replay->ops->summary(replay, out), status);
	fclose(out);
	if (!strstr(text, wanted))
		fail_msg("\"%s\" does not hold \"%s\"", text, wanted);
	free(text);
}

#define DONATE                                                                                     \
	{                                                                                          \
		.domid = 2, .old_kib = 200000, .new_kib = 190000, .reason = MM_REASON_DONATE       \
	}
#define GROW                                                                                       \
	{                                                                                          \
		.domid = 1, .old_kib = 200000, .new_kib = 210000, .reason = MM_REASON_GROW         \
	}

static void the_same_plans(void **state)
{
	static const struct mm_plan_entry entries[] = {DONATE, GROW};
	struct mm_config cfg;

	(void)state;
	open_trace(trace);
	assert_int_equal(replay->ops->settings(replay, &cfg), 0);
	assert_int_equal(cfg.budget_kib, 768 * 1024);
	look();
	assert_int_equal(snap.now_ms, 1000);
	assert_int_equal(snap.count, 2);
	assert_string_equal(snap.domains[1].name, "db");
	assert_int_equal(replay->ops->set_target(replay, 1, 210000), 0);
	decide(entries, 2);
	assert_int_equal(replay->ops->wait(replay, NULL, 99999), 0);
	look();
	assert_int_equal(snap.now_ms, 3000);
	decide(NULL, 0);
	assert_int_equal(replay->ops->sample(replay, &snap), -ENODATA);
	assert_summary(0, "replay: 2 rounds, 0 differ\n");
}

static void other_plans(void **state)
{
	static const struct {
		struct mm_plan_entry entries[3];
		size_t count;
		const char *wanted;
	} rows[] = {
		{{DONATE}, 1, "domain 1: then 200000 -> 210000 grow, now nothing"},
		{{DONATE, GROW,
			 {.domid = 3, .old_kib = 1, .new_kib = 2, .reason = MM_REASON_SHORT}},
			3, "domain 3: then nothing, now 1 -> 2 short"},
		{{DONATE, {.domid = 1,
				  .old_kib = 200000,
				  .new_kib = 210004,
				  .reason = MM_REASON_GROW}},
			2, "then 200000 -> 210000 grow, now 200000 -> 210004 grow"},
		{{DONATE, {.domid = 1,
				  .old_kib = 200000,
				  .new_kib = 210000,
				  .reason = MM_REASON_SHORT}},
			2, "round 1, 1000 ms, domain 1: then 200000 -> 210000 grow, now"},
		{{GROW, DONATE}, 2, "replay: 1 rounds, 1 differ"}, /* in another order */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		open_trace(trace);
		look();
		decide(rows[i].entries, rows[i].count);
		assert_summary(-EPROTO, rows[i].wanted);
		assert_summary(-EPROTO, "replay: 1 rounds, 1 differ\n");
		replay->ops->close(replay);
		replay = NULL;
	}
}

/* All rounds are counted, the first twenty differences printed. */
static void many_differences(void **state)
{
	char *text = NULL, *summary = NULL;
	size_t len, lines = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	fputs("xenmm-trace 1\n", out);
	for (int i = 0; i < 100; i++)
		fprintf(out, "T %d 2000000 100000 0\nP 1 2 3 grow\n.\n", i);
	fclose(out);
	open_trace(text);
	free(text);
	while (replay->ops->sample(replay, &snap) == 0)
		decide(NULL, 0);
	assert_summary(-EPROTO, "replay: 100 rounds, 100 differ\n");
	out = open_memstream(&summary, &len);
	(void)replay->ops->summary(replay, out);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		lines += summary[i] == '\n';
	assert_int_equal(lines, 21);
	free(summary);
}

static void a_broken_trace(void **state)
{
	char err[256];

	(void)state;
	assert_int_equal(try_open("no trace\n", err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, path));
	assert_non_null(strstr(err, "line 1: not a trace"));
	assert_int_equal(try_open("xenmm-trace 7\n", err, sizeof(err)), -EPROTONOSUPPORT);
	open_trace("xenmm-trace 1\nT 1 2 3 0\n.\nT x\n");
	look();
	assert_int_equal(replay->ops->sample(replay, &snap), -EPROTO);
	assert_int_equal(replay->ops->sample(replay, &snap), -EPROTO);
	assert_summary(-EPROTO, "replay: line 4: time must be a number");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_plans),
		TEST(other_plans),
		TEST(many_differences),
		TEST(a_broken_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
