/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages of the event stream: what has changed since the one before, and nothing else. */
#include "unit/test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "publish.h"
#include "xenmm/decide.h"

static struct world {
	struct mm_config config;
	struct mm_snapshot snap;
	struct mm_history hist;
	struct mm_plan plan;
	struct mm_leases leases;
	struct mm_journal journal;
	struct mm_publisher publisher;
} world;

/* A round in which these guests exist, each with so much available. */
static void run_round(const uint32_t *domids, const uint64_t *avail_kib, size_t count)
{
	const struct timespec wall = {.tv_sec = 1700000000 + (time_t)(world.snap.now_ms / 1000)};
	uint64_t now_ms = world.snap.now_ms + 1000;

	mm_snapshot_clear(&world.snap);
	world.snap.now_ms = now_ms;
	world.snap.host.total_kib = 4194304;
	world.snap.host.free_kib = 1048576;
	for (size_t i = 0; i < count; i++) {
		struct mm_domain *dom;

		assert_int_equal(mm_snapshot_add(&world.snap, &dom), 0);
		dom->domid = domids[i];
		snprintf(dom->uuid, sizeof(dom->uuid), "00000000-0000-0000-0000-%012u", domids[i]);
		snprintf(dom->name, sizeof(dom->name), "guest%u", domids[i]);
		dom->current_kib = dom->target_kib = dom->static_max_kib = 262144;
		dom->report_ms = now_ms;
		dom->report = (struct mm_report){
			.source = MM_SOURCE_XENMM, .total_kib = 250000, .avail_kib = avail_kib[i]};
	}
	assert_int_equal(mm_decide(&world.config, &world.snap, &world.hist, &world.plan), 0);
	mm_journal_decided(&world.journal, &wall);
	mm_publisher_note(&world.publisher);
}

static int open_world(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	mm_config_init(&world.config);
	world.journal.view = (struct mm_view){.backend = "test",
		.config = &world.config,
		.snap = &world.snap,
		.plan = &world.plan,
		.hist = &world.hist,
		.leases = &world.leases,
		.timing = &world.journal.timing,
		.is_paused = true};
	mm_journal_open(&world.journal);
	world.publisher.journal = &world.journal;
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	mm_publisher_rest(&world.publisher);
	assert_int_equal(world.publisher.total, 0);
	mm_journal_free(&world.journal);
	mm_plan_free(&world.plan);
	mm_history_free(&world.hist);
	mm_snapshot_free(&world.snap);
	return 0;
}

/* Its data; the text around it is checked. */
static json_t *data_of(const struct mm_body *message)
{
	const char *data = NULL;
	json_t *json;

	for (size_t i = 0; i + 6 < message->len && !data; i++)
		if (!memcmp(message->text + i, "data: ", 6))
			data = message->text + i + 6;
	assert_non_null(data);
	assert_memory_equal(message->text + message->len - 2, "\n\n", 2);
	json = json_loadb(data, message->len - (size_t)(data - message->text), 0, NULL);
	assert_non_null(json);
	return json;
}

static json_t *last_data(void)
{
	return data_of(world.publisher.kept[world.publisher.last % MM_PUBLISH_KEPT]);
}

/* "guests' domids; gone; number of decisions", of an object that is released. */
static const char *content(json_t *data)
{
	static char text[200];
	json_t *value;
	size_t i, n = 0;

	json_array_foreach(json_object_get(data, "guests"), i, value) n +=
		(size_t)snprintf(text + n, sizeof(text) - n, "%d ",
			(int)json_integer_value(json_array_get(value, 0)));
	n += (size_t)snprintf(text + n, sizeof(text) - n, "- ");
	json_array_foreach(json_object_get(data, "gone"), i, value) n +=
		(size_t)snprintf(text + n, sizeof(text) - n, "%d ", (int)json_integer_value(value));
	snprintf(text + n, sizeof(text) - n, "%s",
		json_is_true(json_object_get(data, "full")) ? "full" : "since");
	json_decref(data);
	return text;
}

static const uint32_t three[] = {1, 5, 9};

static void test_nothing_while_nobody_listens(void **state)
{
	(void)state;
	run_round(three, (const uint64_t[]){90000, 90000, 90000}, 3);
	assert_int_equal(mm_publisher_round(&world.publisher), 1);
	assert_int_equal(world.publisher.last, 0);
	assert_null(world.publisher.guests);
}

static void test_changes_alone(void **state)
{
	struct mm_body *full;

	(void)state;
	run_round(three, (const uint64_t[]){90000, 90000, 90000}, 3);
	full = mm_publisher_full(&world.publisher);
	assert_string_equal(content(data_of(full)), "1 5 9 - full");
	mm_body_unref(full);
	assert_int_equal(mm_publisher_round(&world.publisher), 1); /* there was no round since */

	run_round(three, (const uint64_t[]){90000, 80000, 90000}, 3);
	assert_int_equal(mm_publisher_round(&world.publisher), 0);
	assert_string_equal(content(last_data()), "5 - since");

	run_round((const uint32_t[]){1, 7, 9}, (const uint64_t[]){90000, 90000, 90000}, 3);
	assert_int_equal(mm_publisher_round(&world.publisher), 0);
	assert_string_equal(content(last_data()), "7 - 5 since");

	run_round(NULL, NULL, 0);
	assert_int_equal(mm_publisher_round(&world.publisher), 0);
	assert_string_equal(content(last_data()), "- 1 7 9 since");
	assert_int_equal(world.publisher.last, 3);
}

/* What was left out for lack of time is in the next message. */
static void test_rounds_that_were_passed_over(void **state)
{
	(void)state;
	run_round(three, (const uint64_t[]){90000, 90000, 90000}, 3);
	mm_body_unref(mm_publisher_full(&world.publisher));
	run_round(three, (const uint64_t[]){90000, 80000, 90000}, 3);
	run_round((const uint32_t[]){5, 9}, (const uint64_t[]){80000, 90000}, 2);
	run_round((const uint32_t[]){5, 9}, (const uint64_t[]){80000, 90000}, 2);
	assert_int_equal(mm_publisher_round(&world.publisher), 0);
	assert_string_equal(content(last_data()), "5 - 1 since");
}

static size_t count_decisions(json_t *data, json_int_t *ret_first, json_int_t *ret_last)
{
	json_t *decisions = json_object_get(data, "decisions");
	size_t count = json_array_size(decisions);

	*ret_last = json_integer_value(json_object_get(json_array_get(decisions, 0), "seq"));
	*ret_first =
		json_integer_value(json_object_get(json_array_get(decisions, count - 1), "seq"));
	json_decref(data);
	return count;
}

/* Each decision is told once, and who comes hears those of the round. */
static void test_decisions(void **state)
{
	json_int_t first, last, later;
	struct mm_body *full;
	size_t count;

	(void)state;
	run_round(three, (const uint64_t[]){90000, 90000, 90000}, 3);
	run_round(
		(const uint32_t[]){1, 5, 9, 11}, (const uint64_t[]){90000, 90000, 90000, 90000}, 4);
	full = mm_publisher_full(&world.publisher);
	count = count_decisions(data_of(full), &first, &last);
	assert_true(first > 3);
	assert_int_equal(last, (json_int_t)world.journal.decisions.last_seq);
	assert_int_equal(count, last - first + 1);
	mm_body_unref(full);

	run_round((const uint32_t[]){1, 5, 9, 11, 12, 13},
		(const uint64_t[]){90000, 90000, 90000, 90000, 90000, 90000}, 6);
	assert_int_equal(mm_publisher_round(&world.publisher), 0);
	count = count_decisions(last_data(), &first, &later);
	assert_true(count >= 2);
	assert_int_equal(first, last + 1);
	assert_int_equal(later, (json_int_t)world.journal.decisions.last_seq);
}

/* A message lives for as long as somebody reads it. */
static void test_messages_are_shared(void **state)
{
	struct mm_body *first;

	(void)state;
	run_round(three, (const uint64_t[]){90000, 90000, 90000}, 3);
	mm_body_unref(mm_publisher_full(&world.publisher));
	run_round(three, (const uint64_t[]){90000, 80000, 90000}, 3);
	assert_int_equal(mm_publisher_round(&world.publisher), 0);
	first = mm_body_ref(world.publisher.kept[world.publisher.last % MM_PUBLISH_KEPT]);
	for (size_t i = 0; i < 2 * MM_PUBLISH_KEPT; i++) {
		run_round(three, (const uint64_t[]){90000, 80000 + i, 90000}, 3);
		assert_int_equal(mm_publisher_round(&world.publisher), 0);
	}
	assert_int_equal(first->refs, 1);
	assert_string_equal(content(data_of(first)), "5 - since");
	mm_body_unref(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_nothing_while_nobody_listens, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_changes_alone, open_world, close_world),
		cmocka_unit_test_setup_teardown(
			test_rounds_that_were_passed_over, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_decisions, open_world, close_world),
		cmocka_unit_test_setup_teardown(test_messages_are_shared, open_world, close_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
