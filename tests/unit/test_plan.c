/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <string.h>

#include "xenmm/plan.h"

/* Log, status and traces carry these words: they are unique, and come back as they went. */
static void test_reason_names(void **state)
{
	(void)state;
	for (int i = 0; i < MM_REASON_COUNT; i++) {
		enum mm_reason reason = (enum mm_reason)i;
		const char *name = mm_reason_name(reason);

		assert_non_null(name);
		assert_non_null(mm_reason_text(reason));
		if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz-") != strlen(name))
			fail_msg("reason %d: name '%s'", i, name);
		if (mm_reason_from_name(name) != reason)
			fail_msg("reason '%s' comes back as '%s'", name,
				mm_reason_name(mm_reason_from_name(name)));
	}
	assert_string_equal(mm_reason_name(MM_REASON_DONATE), "donate");
	assert_string_equal(mm_reason_name(MM_REASON_COUNT), "unknown");
	assert_string_equal(mm_reason_text(MM_REASON_COUNT), "unknown");
}

static void test_reason_from_name(void **state)
{
	static const char *const unknown[] = {"", "grow ", "Grow", "gro", "growth", "unknown"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		if (mm_reason_from_name(unknown[i]) != MM_REASON_COUNT)
			fail_msg("'%s' is taken", unknown[i]);
}

static void test_plan_free(void **state)
{
	struct mm_plan plan = {.count = 3};

	(void)state;
	mm_plan_free(&plan);
	assert_int_equal(plan.count, 0);
	mm_plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reason_names),
		cmocka_unit_test(test_reason_from_name),
		cmocka_unit_test(test_plan_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
