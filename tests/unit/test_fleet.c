/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Many probes: who is started when, what is kept, and how failures are met. The clock is the test's. */
#include "unit/test.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "probe/fleet.h"
#include "unit/fake_mmprobe.h"

#define PATIENCE_MS   30000 /* of the real clock */
#define INTERVAL_MS   1000
#define PROCESSES_MAX 10

static struct mm_fleet *fleet;

static int set_up(void **state)
{
	(void)state;
	return mm_fleet_new(2, PROCESSES_MAX, &fleet);
}

static int tear_down(void **state)
{
	(void)state;
	mm_fleet_free(fleet);
	/* No child is left. */
	return waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD ? 0 : -1;
}

static struct mm_fleet_want want(const char *uuid, uint32_t kind)
{
	return (struct mm_fleet_want){.target.domid = kind,
		.uuid = uuid,
		.with_processes = true,
		.interval_ms = INTERVAL_MS};
}

static struct mm_fleet_view look(const char *uuid, uint64_t now_ms)
{
	struct mm_fleet_view view;

	assert_int_equal(mm_fleet_look(fleet, uuid, now_ms, &view), 0);
	return view;
}

/* The next thing that happens by itself. */
static void turn(uint64_t now_ms)
{
	struct pollfd fd = {.fd = mm_fleet_fd(fleet), .events = POLLIN};

	if (poll(&fd, 1, PATIENCE_MS) != 1)
		fail_msg("nothing happens within %d ms", PATIENCE_MS);
	(void)mm_fleet_run(fleet, now_ms);
}

static void run_until_tried(const char *uuid, uint64_t now_ms)
{
	(void)mm_fleet_run(fleet, now_ms);
	while (!look(uuid, now_ms).has_tried)
		turn(now_ms);
}

static void run_until_failures(const char *uuid, uint32_t failures, uint64_t now_ms)
{
	(void)mm_fleet_run(fleet, now_ms);
	while (look(uuid, now_ms).failures < failures)
		turn(now_ms);
}

static void test_samples_at_the_interval(void **state)
{
	struct mm_fleet_want one = want("a", FAKE_WELL);
	struct mm_fleet_view view;

	(void)state;
	assert_int_equal(mm_fleet_update(fleet, &one, 1, 1000), 0);
	assert_false(look("a", 1000).has_tried);
	run_until_tried("a", 1000);
	view = look("a", 1250);
	assert_non_null(view.sample);
	assert_null(view.previous);
	assert_int_equal(view.sample->count, 3);
	assert_int_equal(view.reason, MM_VMI_OK);
	assert_int_equal(view.age_ms, 250);
	assert_int_equal(view.retry_ms, 0);
	assert_int_equal(mm_fleet_run(fleet, 1500), 1000 + INTERVAL_MS); /* nothing to do before */
	(void)mm_fleet_run(fleet, 2000);
	while (!look("a", 2000).previous)
		turn(2000);
	assert_int_equal(look("a", 2000).sample->taken_ms, 2000);
	assert_int_equal(look("a", 2000).previous->taken_ms, 1000);
}

/* Three each, ten in all: the third guest's second sample, of the fourth nothing. */
static void test_lists_are_bounded(void **state)
{
	struct mm_fleet_want wants[] = {want("a", FAKE_WELL), want("b", FAKE_WELL),
		want("c", FAKE_WELL), want("d", FAKE_WELL)};
	size_t partial = 0, processes = 0;

	(void)state;
	assert_int_equal(mm_fleet_update(fleet, wants, 4, 1000), 0);
	for (size_t i = 0; i < 4; i++) {
		struct mm_fleet_view view;

		run_until_tried(wants[i].uuid, 1000);
		view = look(wants[i].uuid, 1000);
		partial += view.sample->is_partial;
		processes += view.sample->count;
	}
	assert_int_equal(partial, 1);
	assert_int_equal(processes, 9);
	/* What a guest that goes held is free for others; d is not asked again yet. */
	assert_int_equal(mm_fleet_update(fleet, &wants[3], 1, 1500), 0);
	assert_int_equal(mm_fleet_update(fleet, wants, 4, 1500), 0);
	for (size_t i = 0; i < 3; i++)
		run_until_tried(wants[i].uuid, 1500);
	assert_int_equal(look("a", 1500).sample->count + look("b", 1500).sample->count +
				 look("c", 1500).sample->count + look("d", 1500).sample->count,
		9);
}

static void test_interval_has_a_floor(void **state)
{
	struct mm_fleet_want one = want("a", FAKE_WELL);

	(void)state;
	one.interval_ms = 0;
	assert_int_equal(mm_fleet_update(fleet, &one, 1, 0), 0);
	run_until_tried("a", 0);
	assert_int_equal(mm_fleet_run(fleet, 1), 100);
}

static void test_few_bootstraps_at_once(void **state)
{
	struct mm_fleet_want wants[] = {
		want("a", FAKE_HANGS), want("b", FAKE_HANGS), want("c", FAKE_WELL)};

	(void)state;
	assert_int_equal(mm_fleet_update(fleet, wants, 3, 0), 0);
	/* Two are looked into; the third waits for one of them to end. */
	assert_int_equal(mm_fleet_run(fleet, 0), MM_PROBE_BOOTSTRAP_MS);
	assert_int_equal(mm_fleet_run(fleet, 5000), MM_PROBE_BOOTSTRAP_MS);
	assert_false(look("c", 5000).has_tried);
	run_until_tried("c", MM_PROBE_BOOTSTRAP_MS);
	assert_int_equal(look("c", MM_PROBE_BOOTSTRAP_MS).reason, MM_VMI_OK);
	assert_int_equal(look("a", MM_PROBE_BOOTSTRAP_MS).reason, MM_VMI_LIMIT);
	assert_int_equal(look("a", MM_PROBE_BOOTSTRAP_MS).error, -ETIMEDOUT);
}

static const struct {
	const char *name;
	enum fake_kind kind;
	enum mm_vmi_reason reason;
	int error;
	uint64_t pause_ms;
} failures[] = {
	{"ends", FAKE_ENDS, MM_VMI_DAMAGED, -EPIPE, 1000},
	{"dies", FAKE_DIES, MM_VMI_DAMAGED, -EPIPE, 1000},
	{"nonsense", FAKE_NONSENSE, MM_VMI_DAMAGED, -EPROTO, 10000},
	{"unasked", FAKE_UNASKED, MM_VMI_DAMAGED, -EPROTO, 10000},
	{"no BTF", FAKE_NO_BTF, MM_VMI_NO_BTF, 0, 60000},
};

static void test_failures(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		struct mm_fleet_want one = want(failures[i].name, failures[i].kind);
		struct mm_fleet_view view;

		assert_int_equal(mm_fleet_update(fleet, &one, 1, 1000), 0);
		run_until_failures(one.uuid, 1, 1000);
		view = look(one.uuid, 1000);
		if (view.reason != failures[i].reason || view.error != failures[i].error ||
			view.retry_ms != 1000 + failures[i].pause_ms)
			fail_msg("%s: reason %d, error %d, again at %d", failures[i].name,
				view.reason, view.error, (int)view.retry_ms);
		assert_null(view.sample);
		assert_int_equal(mm_fleet_run(fleet, 1000), view.retry_ms);
	}
}

static void test_pauses_double_up_to_five_minutes(void **state)
{
	static const uint64_t pauses[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
	struct mm_fleet_want one = want("a", FAKE_ENDS);
	uint64_t now_ms = 0;

	(void)state;
	assert_int_equal(mm_fleet_update(fleet, &one, 1, 0), 0);
	for (uint32_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		run_until_failures("a", i + 1, now_ms);
		assert_int_equal(look("a", now_ms).retry_ms, now_ms + pauses[i] * 1000);
		now_ms += pauses[i] * 1000;
	}
}

/* A guest in which we search in vain for all the time that there is: it waits so long that this costs little. */
static void test_costly_tries_are_rare(void **state)
{
	static const uint64_t pauses[] = {10, 20, 40, 80, 160, 320, 640, 1000, 1000};
	struct mm_fleet_want one = want("a", FAKE_HANGS);
	uint64_t now_ms = 0;

	(void)state;
	assert_int_equal(mm_fleet_update(fleet, &one, 1, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		assert_int_equal(mm_fleet_run(fleet, now_ms), now_ms + MM_PROBE_BOOTSTRAP_MS);
		now_ms += MM_PROBE_BOOTSTRAP_MS;
		assert_int_equal(mm_fleet_run(fleet, now_ms), now_ms + pauses[i] * 1000);
		now_ms += pauses[i] * 1000;
	}
}

/* One that answered for a while and then ends is tried again soon, and its last sample stays, growing old. */
static void test_steady_then_gone(void **state)
{
	struct mm_fleet_want one = want("a", FAKE_ONCE);

	(void)state;
	assert_int_equal(mm_fleet_update(fleet, &one, 1, 0), 0);
	run_until_failures("a", 1, 0);
	assert_non_null(look("a", 0).sample);
	assert_int_equal(look("a", 5000).age_ms, 5000);
	assert_int_equal(look("a", 5000).retry_ms, 1000);
	run_until_failures("a", 2, 1000);
	assert_int_equal(look("a", 1000).retry_ms, 3000);
}

/* One whose time is used up ends between two samples: the next one takes over, and no failure is counted. */
static void test_worn_probes_are_replaced(void **state)
{
	const uint64_t later_ms = MM_PROBE_STEADY_MS;
	struct mm_fleet_want one = want("a", FAKE_ONCE);
	struct mm_fleet_view view;

	(void)state;
	assert_int_equal(mm_fleet_update(fleet, &one, 1, 0), 0);
	run_until_tried("a", 0);
	turn(later_ms); /* its end */
	view = look("a", later_ms);
	assert_int_equal(view.failures, 0);
	assert_int_equal(view.reason, MM_VMI_OK);
	assert_int_equal(view.error, 0);
	assert_int_equal(view.retry_ms, 0); /* it runs */
	assert_int_equal(view.age_ms, later_ms);
	while (!look("a", later_ms).previous)
		turn(later_ms);
	assert_int_equal(look("a", later_ms).age_ms, 0);
	turn(2 * later_ms - 1); /* too soon */
	assert_int_equal(look("a", 2 * later_ms - 1).failures, 1);
}

static void test_floods_are_ended(void **state)
{
	struct mm_fleet_want one = want("a", FAKE_FLOODS);

	(void)state;
	assert_int_equal(mm_fleet_update(fleet, &one, 1, 0), 0);
	run_until_failures("a", 1, 0);
	assert_int_equal(look("a", 0).error, -EPROTO);
}

static void test_guests_come_and_go(void **state)
{
	struct mm_fleet_want wants[] = {want("a", FAKE_WELL), want("b", FAKE_WELL)};
	struct mm_fleet_view view;

	(void)state;
	assert_int_equal(mm_fleet_update(fleet, wants, 2, 0), 0);
	run_until_tried("a", 0);
	run_until_tried("b", 0);
	assert_int_equal(mm_fleet_update(fleet, wants + 1, 1, 500), 0);
	assert_int_equal(mm_fleet_look(fleet, "a", 500, &view), -ENOENT);
	assert_non_null(look("b", 500).sample); /* untouched */
	wants[1].target.domid = FAKE_SLOW;	/* it was rebooted: another domain */
	assert_int_equal(mm_fleet_update(fleet, wants + 1, 1, 600), 0);
	assert_null(look("b", 600).sample);
	assert_false(look("b", 600).has_tried);
	run_until_tried("b", 600);
	assert_int_equal(mm_fleet_update(fleet, NULL, 0, 700), 0);
	assert_true(mm_fleet_run(fleet, 700) == UINT64_MAX);
}

static void test_a_hanging_sample_is_given_up(void **state)
{
	struct mm_fleet_want one = want("a", FAKE_WELL);

	(void)state;
	one.target.domid = FAKE_HANGS;
	assert_int_equal(mm_fleet_update(fleet, &one, 1, 0), 0);
	(void)mm_fleet_run(fleet, 0);
	(void)mm_fleet_run(fleet, MM_PROBE_BOOTSTRAP_MS);
	assert_int_equal(look("a", 0).failures, 1);
	assert_int_equal(look("a", 0).retry_ms, MM_PROBE_BOOTSTRAP_MS + 10000);
}

static void test_no_program(void **state)
{
	struct mm_fleet_want one = want("a", FAKE_WELL);

	(void)state;
	setenv("XENMM_PROBE", "/nonexistent/mmprobe", 1);
	assert_int_equal(mm_fleet_update(fleet, &one, 1, 0), 0);
	(void)mm_fleet_run(fleet, 0);
	assert_int_equal(look("a", 0).error, -ENOENT);
	assert_int_equal(look("a", 0).reason, MM_VMI_NO_ACCESS);
	setenv("XENMM_PROBE", FAKE_MMPROBE, 1);
}

#define FLEET_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FLEET_TEST(test_samples_at_the_interval),
		FLEET_TEST(test_lists_are_bounded),
		FLEET_TEST(test_interval_has_a_floor),
		FLEET_TEST(test_few_bootstraps_at_once),
		FLEET_TEST(test_failures),
		FLEET_TEST(test_pauses_double_up_to_five_minutes),
		FLEET_TEST(test_costly_tries_are_rare),
		FLEET_TEST(test_steady_then_gone),
		FLEET_TEST(test_worn_probes_are_replaced),
		FLEET_TEST(test_floods_are_ended),
		FLEET_TEST(test_guests_come_and_go),
		FLEET_TEST(test_a_hanging_sample_is_given_up),
		FLEET_TEST(test_no_program),
	};

	setenv("XENMM_PROBE", FAKE_MMPROBE, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
