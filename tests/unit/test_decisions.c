/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "decisions.h"

#define GUESTS_MAX 80

static struct mm_decisions decisions;
static struct mm_snapshot snap;
static struct mm_plan_entry entries[GUESTS_MAX];
static struct mm_plan plan;

static int setup(void **state)
{
	(void)state;
	memset(entries, 0, sizeof(entries));
	plan = (struct mm_plan){
		.entries = entries, .budget_kib = 1000, .spare_kib = 70, .available_kib = 50};
	snap.now_ms = 1000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mm_decisions_free(&decisions);
	mm_snapshot_free(&snap);
	return 0;
}

static void add(uint32_t domid, const char *name)
{
	struct mm_domain *dom;

	assert_int_equal(mm_snapshot_add(&snap, &dom), 0);
	dom->domid = domid;
	strcpy(dom->name, name);
	snprintf(dom->uuid, sizeof(dom->uuid), "uuid-of-%s", name);
	entries[plan.count++] = (struct mm_plan_entry){.domid = domid};
}

/* A round at that second in which the first guest has that target and reason. */
static void look(uint64_t new_kib, enum mm_reason reason, enum mm_outcome outcome)
{
	const struct timespec wall = {.tv_sec = (time_t)(snap.now_ms / 1000)};
	struct mm_plan_entry *entry = &entries[0];

	if (plan.count > 0) {
		entry->new_kib = new_kib;
		entry->is_change = new_kib != entry->old_kib;
		entry->reason = reason;
	}
	mm_decisions_round(&decisions, &snap, &plan, outcome, &wall);
	if (outcome == MM_OUTCOME_SET && plan.count > 0)
		entry->old_kib = new_kib;
	snap.now_ms += 1000;
}

/* "old>new reason outcome" of the decisions, newest first. */
static void assert_kept(const char *guest, const char *want)
{
	const struct mm_decided_guest *found = mm_decisions_find(&decisions, guest);
	json_t *array = found ? mm_decisions_json(found, MM_DECISIONS_KEPT) : NULL;
	char got[1000] = "";
	size_t i;
	json_t *row;

	assert_non_null(array);
	json_array_foreach(array, i, row)
	{
		size_t len = strlen(got);

		snprintf(got + len, sizeof(got) - len, "%s%d>%d %s %s", i ? ", " : "",
			(int)json_integer_value(json_object_get(row, "old_kib")),
			(int)json_integer_value(json_object_get(row, "new_kib")),
			json_string_value(json_object_get(row, "reason")),
			json_string_value(json_object_get(row, "outcome")));
	}
	json_decref(array);
	assert_string_equal(got, want);
}

static void test_changes(void **state)
{
	(void)state;
	add(1, "web");
	look(0, MM_REASON_BOOTING, MM_OUTCOME_SET);
	look(0, MM_REASON_BOOTING, MM_OUTCOME_SET);
	look(100, MM_REASON_GROW, MM_OUTCOME_SET);
	look(100, MM_REASON_STEADY, MM_OUTCOME_SET); /* it got there: nothing new */
	look(90, MM_REASON_DONATE, MM_OUTCOME_SET);
	look(80, MM_REASON_DONATE, MM_OUTCOME_SET);
	look(80, MM_REASON_SILENT, MM_OUTCOME_SET);
	assert_kept("web", "80>80 silent none, 90>80 donate set, 100>90 donate set, "
			   "0>100 grow set, 0>0 booting none");
	look(80, MM_REASON_STEADY, MM_OUTCOME_SET); /* it is back: that is something */
	assert_kept("1", "80>80 steady none, 80>80 silent none, 90>80 donate set, "
			 "100>90 donate set, 0>100 grow set, 0>0 booting none");
}

/* What is not done is decided anew every round, and takes one place. */
static void test_not_done(void **state)
{
	(void)state;
	add(1, "web");
	entries[0].old_kib = 100;
	for (int i = 0; i < 5; i++)
		look(50, MM_REASON_DONATE, MM_OUTCOME_DRY_RUN);
	look(50, MM_REASON_DONATE, MM_OUTCOME_PAUSED);
	look(50, MM_REASON_DONATE, MM_OUTCOME_PAUSED);
	for (int i = 0; i < 3; i++) {
		look(50, MM_REASON_DONATE, MM_OUTCOME_SET);
		entries[0].old_kib = 100;
		mm_decisions_refused(&decisions, 1);
	}
	mm_decisions_refused(&decisions, 2); /* nobody */
	assert_kept("web", "100>50 donate refused, 100>50 donate paused, 100>50 donate dry-run");
	look(50, MM_REASON_DONATE, MM_OUTCOME_SET);
	assert_kept("web", "100>50 donate set, 100>50 donate paused, 100>50 donate dry-run");
}

/* What a dry run wants moves with its guest's noise: that is one decision, until it is off by a step (1 MiB here). */
static void test_not_done_noise(void **state)
{
	static const uint64_t wanted[] = {5000, 5900, 4100, 6000, 6025, 7000, 7049};

	(void)state;
	add(1, "web");
	entries[0].old_kib = 9000;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		look(wanted[i], MM_REASON_DONATE, MM_OUTCOME_DRY_RUN);
	assert_kept("web", "9000>7049 donate dry-run, 9000>6000 donate dry-run");
	look(7051, MM_REASON_PRESS, MM_OUTCOME_DRY_RUN);
	look(7051, MM_REASON_PRESS, MM_OUTCOME_PAUSED);
	look(7052, MM_REASON_PRESS, MM_OUTCOME_PAUSED);
	assert_int_equal(decisions.last_seq, 4);
	look(7053, MM_REASON_PRESS, MM_OUTCOME_SET); /* what is done is told, however small */
	look(7054, MM_REASON_PRESS, MM_OUTCOME_SET);
	assert_int_equal(decisions.last_seq, 6);
}

static void test_bounded(void **state)
{
	const struct mm_decided_guest *guest;
	json_t *array, *row;

	(void)state;
	add(1, "web");
	for (uint64_t i = 1; i <= 1000; i++)
		look(i, MM_REASON_GROW, MM_OUTCOME_SET);
	guest = mm_decisions_find(&decisions, "web");
	assert_int_equal(guest->count, MM_DECISIONS_KEPT);
	assert_int_equal(guest->capacity, MM_DECISIONS_KEPT);
	array = mm_decisions_json(guest, MM_DECISIONS_KEPT);
	for (size_t i = 0; i < MM_DECISIONS_KEPT; i++) {
		row = json_array_get(array, i);
		assert_int_equal(json_integer_value(json_object_get(row, "new_kib")), 1000 - i);
	}
	assert_int_equal(json_integer_value(json_object_get(row, "budget_kib")), 1000);
	assert_int_equal(json_integer_value(json_object_get(row, "spare_kib")), 70);
	assert_int_equal(json_integer_value(json_object_get(row, "available_kib")), 50);
	json_decref(array);
	array = mm_decisions_json(guest, 3);
	assert_int_equal(json_array_size(array), 3);
	json_decref(array);
}

/* A guest that is gone is remembered for a while, and a new one of its id or name is another. */
static void test_gone(void **state)
{
	(void)state;
	add(1, "web");
	add(2, "db");
	look(100, MM_REASON_GROW, MM_OUTCOME_SET);
	strcpy(snap.domains[0].uuid, "another");
	strcpy(snap.domains[0].name, "mail");
	look(100, MM_REASON_NO_AGENT, MM_OUTCOME_SET);
	assert_kept("web", "0>100 grow set");
	assert_kept("uuid-of-web", "0>100 grow set");
	assert_kept("mail", "100>100 no-agent none");
	assert_kept("1", "100>100 no-agent none");
	assert_true(mm_decisions_find(&decisions, "web")->gone_ms > 0);
	assert_true(mm_decisions_find(&decisions, "mail")->gone_ms == 0);
	assert_null(mm_decisions_find(&decisions, "we"));
	assert_null(mm_decisions_find(&decisions, ""));

	snap.now_ms += 599000;
	look(100, MM_REASON_NO_AGENT, MM_OUTCOME_SET);
	assert_non_null(mm_decisions_find(&decisions, "web"));
	snap.now_ms += 2000;
	look(100, MM_REASON_NO_AGENT, MM_OUTCOME_SET);
	assert_null(mm_decisions_find(&decisions, "web"));
}

static void test_many_gone(void **state)
{
	char name[16];

	(void)state;
	for (uint32_t i = 0; i < GUESTS_MAX; i++) {
		snprintf(name, sizeof(name), "g%u", i);
		add(i + 1, name);
	}
	look(100, MM_REASON_GROW, MM_OUTCOME_SET);
	mm_snapshot_clear(&snap);
	plan.count = 0;
	look(0, MM_REASON_STEADY, MM_OUTCOME_SET);
	assert_int_equal(decisions.count, 0);
	assert_non_null(mm_decisions_find(&decisions, "g79"));
	assert_null(mm_decisions_find(&decisions, "g0")); /* more than are kept: the first go */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_done, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_done_noise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
