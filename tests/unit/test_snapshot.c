/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test.h"

#include <string.h>

#include "xenmm/snapshot.h"

static void sorts_and_finds(void **state)
{
	static const uint32_t domids[] = {9, 3, 70000, 1, 12};
	struct mm_snapshot snap = {0};
	struct mm_domain *d;

	(void)state;
	assert_null(mm_snapshot_find(&snap, 1));
	for (size_t i = 0; i < ARRAY_SIZE(domids); i++) {
		assert_int_equal(mm_snapshot_add(&snap, &d), 0);
		d->domid = domids[i];
		d->current_kib = domids[i] * 10;
	}
	mm_snapshot_sort(&snap);
	for (size_t i = 1; i < snap.count; i++)
		assert_true(snap.domains[i - 1].domid < snap.domains[i].domid);
	for (size_t i = 0; i < ARRAY_SIZE(domids); i++)
		assert_int_equal(mm_snapshot_find(&snap, domids[i])->current_kib, domids[i] * 10);
	assert_null(mm_snapshot_find(&snap, 2));
	mm_snapshot_free(&snap);
	assert_int_equal(snap.capacity, 0);
}

/* A steady state allocates nothing, and a new domain carries nothing over from an old one. */
static void clearing_keeps_the_memory(void **state)
{
	struct mm_snapshot snap = {.now_ms = 7, .host = {.total_kib = 1}};
	struct mm_domain *d;
	size_t capacity;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(mm_snapshot_add(&snap, &d), 0);
		memset(d, 0xff, sizeof(*d));
	}
	capacity = snap.capacity;
	mm_snapshot_clear(&snap);
	assert_int_equal(snap.count, 0);
	assert_int_equal(snap.now_ms, 0);
	assert_int_equal(snap.host.total_kib, 0);
	assert_int_equal(snap.capacity, capacity);
	assert_int_equal(mm_snapshot_add(&snap, &d), 0);
	assert_int_equal(d->domid, 0);
	assert_int_equal(d->name[0], '\0');
	mm_snapshot_free(&snap);
}

static void names_become_printable(void **state)
{
	static const struct {
		const char *untrusted;
		size_t len;
		const char *name;
	} rows[] = {
		{"web", 3, "web"},
		{"", 0, ""},
		{"a b\n", 4, "a?b?"},
		{"x\0y", 3, "x?y"},
		{"\x1b[31m\xff", 6, "?[31m?"},
		{"tail", 2, "ta"},
	};
	char longest[100];
	char name[MM_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		mm_name_copy(name, rows[i].untrusted, rows[i].len);
		assert_string_equal(name, rows[i].name);
	}
	memset(longest, 'a', sizeof(longest));
	mm_name_copy(name, longest, sizeof(longest));
	assert_int_equal(strlen(name), MM_NAME_MAX - 1);
}

static void words_are_distinct(void **state)
{
	(void)state;
	for (int i = 0; i < MM_DOM_STATE_COUNT; i++) {
		assert_string_not_equal(mm_dom_state_name((enum mm_dom_state)i), "unknown");
		for (int j = 0; j < i; j++)
			assert_string_not_equal(mm_dom_state_name((enum mm_dom_state)i),
				mm_dom_state_name((enum mm_dom_state)j));
	}
	assert_string_equal(mm_dom_state_name(MM_DOM_STATE_COUNT), "unknown");
	assert_string_equal(mm_dom_type_name(MM_DOM_PV), "pv");
	assert_string_equal(mm_dom_type_name(MM_DOM_HVM), "hvm");
	assert_string_equal(mm_dom_type_name(MM_DOM_TYPE_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_and_finds),
		cmocka_unit_test(clearing_keeps_the_memory),
		cmocka_unit_test(names_become_printable),
		cmocka_unit_test(words_are_distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
