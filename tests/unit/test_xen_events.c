/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Xen back end's tokens, what an event makes dirty, and the brake on floods. */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/xen/events.h"

static void test_token_round_trip(void **state)
{
	(void)state;
	for (int watch = 0; watch < MM_WATCH_COUNT; watch++) {
		char token[MM_TOKEN_MAX];
		enum mm_watch seen;
		uint32_t domid, serial;

		mm_token_format(token, (enum mm_watch)watch, UINT32_MAX, UINT32_MAX - 1);
		assert_int_equal(mm_token_parse(token, &seen, &domid, &serial), 0);
		assert_int_equal(seen, watch);
		assert_int_equal(domid, UINT32_MAX);
		assert_int_equal(serial, UINT32_MAX - 1);
	}
}

static void test_token_refused(void **state)
{
	static const char *const tokens[] = {"", "r", "r1", "r1.", "r.1", "z1.1", "r1.1x", "r-1.1",
		"r4294967296.1", "r1.4294967296", "1.1", " r1.1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
		enum mm_watch watch;
		uint32_t domid, serial;

		if (mm_token_parse(tokens[i], &watch, &domid, &serial) != -EINVAL)
			fail_msg("\"%s\" was taken for a token", tokens[i]);
	}
}

static void test_dirty(void **state)
{
	static const struct {
		const char *path;
		enum mm_watch watch;
		unsigned int dirty;
	} rows[] = {
		{"/local/domain/3/data/xenmm", MM_WATCH_RECORD, MM_DIRTY_RECORD},
		{"/local/domain/3/data/meminfo_free", MM_WATCH_XS, MM_DIRTY_XS},
		{"/local/domain/3/name", MM_WATCH_NAME, MM_DIRTY_NAME},
		{"/local/domain/3/control/shutdown", MM_WATCH_SHUTDOWN, MM_DIRTY_SHUTDOWN},
		{"/local/domain/3/memory", MM_WATCH_MEMORY,
			MM_DIRTY_PAIR | MM_DIRTY_TARGET | MM_DIRTY_POLICY},
		{"/local/domain/3/memory/free", MM_WATCH_MEMORY, MM_DIRTY_PAIR},
		{"/local/domain/3/memory/tot", MM_WATCH_MEMORY, MM_DIRTY_PAIR},
		{"/local/domain/3/memory/target", MM_WATCH_MEMORY, MM_DIRTY_TARGET},
		{"/local/domain/3/memory/static-max", MM_WATCH_MEMORY, MM_DIRTY_TARGET},
		{"/local/domain/3/memory/xenmm", MM_WATCH_MEMORY, MM_DIRTY_POLICY},
		{"/local/domain/3/memory/xenmm/x", MM_WATCH_MEMORY, 0},
		/* what a guest may make below its own keys is nothing to us */
		{"/local/domain/3/memory/free/x", MM_WATCH_MEMORY, 0},
		{"/local/domain/3/memory/free/memory/target", MM_WATCH_MEMORY, 0},
		{"/local/domain/3/memory/videoram", MM_WATCH_MEMORY, 0},
		{"@introduceDomain", MM_WATCH_INTRODUCE, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (mm_watch_dirty(rows[i].watch, rows[i].path) != rows[i].dirty)
			fail_msg("%s: 0x%x", rows[i].path,
				mm_watch_dirty(rows[i].watch, rows[i].path));
}

static void test_flood(void **state)
{
	struct mm_flood flood = {0};
	bool is_flood = false;

	(void)state;
	/* an agent at its fastest: ten samples a second, three keys each */
	for (uint64_t ms = 1000; ms < 60000; ms += 100)
		for (int key = 0; key < 3; key++)
			is_flood |= mm_flood_count(&flood, ms);
	assert_false(is_flood);
	/* a loop that writes once a millisecond is noticed well within a second */
	for (uint64_t ms = 60000; ms < 60300; ms++)
		is_flood |= mm_flood_count(&flood, ms);
	assert_true(is_flood);
	/* and it is forgiven */
	assert_false(mm_flood_count(&flood, 62000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_round_trip),
		cmocka_unit_test(test_token_refused),
		cmocka_unit_test(test_dirty),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
