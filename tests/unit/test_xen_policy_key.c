/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest's policy key: what holds after each change of it, and what is told. */
#include "unit/test.h"

#include <string.h>

#include "backend/xen/policy_key.h"

static void hear(struct mm_policy_key *key, const char *text)
{
	mm_policy_key_hear(key, text, strlen(text));
}

static void test_taken(void **state)
{
	struct mm_policy_key key = {.was_foreign = false};

	(void)state;
	hear(&key, "min=256M weight=200 exclude=no");
	assert_string_equal(key.fault, "");
	assert_true(key.policy.has_min);
	assert_int_equal(key.policy.min_kib, 256 * 1024);
	assert_int_equal(key.policy.weight, 200);
	assert_int_equal(key.policy.exclude, MM_CHOICE_NO);
	assert_int_equal(key.policy.probing, MM_CHOICE_UNSET);
	/* a new text replaces all of the old one */
	hear(&key, "max=1G");
	assert_false(key.policy.has_min);
	assert_int_equal(key.policy.weight, 0);
	assert_int_equal(key.policy.max_kib, 1024 * 1024);
	mm_policy_key_clear(&key);
	assert_false(key.policy.has_max);
}

static void test_broken(void **state)
{
	struct mm_policy_key key = {.was_foreign = false};

	(void)state;
	hear(&key, "weight=200");
	hear(&key, "weight=much");
	assert_non_null(strstr(key.fault, "memory/xenmm"));
	assert_non_null(strstr(key.fault, "much"));
	assert_int_equal(key.policy.weight, 200);
	mm_policy_key_hear(&key, "weight=300\0x", 12);
	assert_string_not_equal(key.fault, "");
	assert_int_equal(key.policy.weight, 200);
	/* right again: nothing is left to be told */
	hear(&key, "weight=300");
	assert_string_equal(key.fault, "");
	assert_int_equal(key.policy.weight, 300);
}

static void test_foreign(void **state)
{
	struct mm_policy_key key = {.was_foreign = false};

	(void)state;
	hear(&key, "weight=200");
	mm_policy_key_refuse(&key);
	assert_int_equal(key.policy.weight, 0);
	assert_non_null(strstr(key.fault, "dom0"));
	/* told once, however often the guest makes it so */
	hear(&key, "weight=200");
	mm_policy_key_refuse(&key);
	assert_string_equal(key.fault, "");
	assert_int_equal(key.policy.weight, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
