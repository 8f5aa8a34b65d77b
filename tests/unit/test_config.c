/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xenmm/config.h"

static size_t index_of(const char *name)
{
	const struct mm_setting_info *info;

	for (size_t i = 0; (info = mm_setting_info(i)); i++)
		if (!strcmp(info->name, name))
			return i;
	fail_msg("no setting %s", name);
	return 0;
}

static const struct {
	const char *name, *value;
	int result;
	const char *text; /* as mm_config_get() writes it; after a failure: unchanged */
} cases[] = {
	{"budget", "768M", 0, "768M"},
	{"budget", "1024", 0, "1M"},
	{"budget", "auto", 0, "auto"},
	{"budget", "0", -ERANGE, "auto"},
	{"budget", "16384T", 0, "16384T"},
	{"budget", "16385T", -ERANGE, "auto"},
	{"budget", "AUTO", -EINVAL, "auto"},
	{"budget", "", -EINVAL, "auto"},
	{"budget", " 5", -EINVAL, "auto"},
	{"free", "1", 0, "1K"},
	{"free", "-1", -EINVAL, "auto"},
	{"min", "0", 0, "0K"},
	{"min", "auto", -EINVAL, "64M"},
	{"max", "auto", 0, "auto"},
	{"reserve", "0", 0, "0K"},
	{"reserve", "1.5G", 0, "1536M"},
	{"equal", "yes", 0, "yes"},
	{"equal", "no", 0, "no"},
	{"equal", "maybe", -EINVAL, "no"},
	{"equal", "", -EINVAL, "no"},
	{"tax-rate", "AUTO", 0, "AUTO"},
	{"tax-rate", "auto", 0, "AUTO"},
	{"tax-rate", "0", 0, "0.000000"},
	{"tax-rate", "1", 0, "1.000000"},
	{"tax-rate", "1.000000", 0, "1.000000"},
	{"tax-rate", "0.5", 0, "0.500000"},
	{"tax-rate", "0.000001", 0, "0.000001"},
	{"tax-rate", "1.000001", -ERANGE, "0.750000"},
	{"tax-rate", "0.0000001", -EINVAL, "0.750000"},
	{"tax-rate", "2", -EINVAL, "0.750000"},
	{"tax-rate", "-0.1", -EINVAL, "0.750000"},
	{"tax-rate", ".5", -EINVAL, "0.750000"},
	{"tax-rate", "1.", -EINVAL, "0.750000"},
	{"tax-rate", "0.5.5", -EINVAL, "0.750000"},
	{"tax-rate", "nan", -EINVAL, "0.750000"},
	{"tax-rate", "1e-1", -EINVAL, "0.750000"},
	{"tax-rate", "", -EINVAL, "0.750000"},
	{"policy", "tax", 0, "tax"},
	{"policy", "need", 0, "need"},
	{"policy", "coordinator", 0, "coordinator"},
	{"policy", "Tax", -EINVAL, "need"},
	{"interval", "0.1", 0, "100ms"},
	{"interval", "60", 0, "60s"},
	{"interval", "250ms", 0, "250ms"},
	{"interval", "0.099", -ERANGE, "2s"},
	{"interval", "60.001", -ERANGE, "2s"},
	{"interval", "x", -EINVAL, "2s"},
	{"burst-pool", "0", 0, "0"},
	{"burst-pool", "90", 0, "90"},
	{"burst-pool", "25%", 0, "25"},
	{"burst-pool", "91", -ERANGE, "50"},
	{"burst-pool", "-1", -EINVAL, "50"},
	{"burst-pool", "%", -EINVAL, "50"},
	{"burst-pool", "", -EINVAL, "50"},
	{"burst-pool", "1.5", -EINVAL, "50"},
	{"probing", "on", 0, "on"},
	{"probing", "off", 0, "off"},
	{"probing", "auto", 0, "auto"},
	{"probing", "yes", -EINVAL, "auto"},
	{"introspection", "agentless", 0, "agentless"},
	{"introspection", "strict", 0, "strict"},
	{"introspection", "yes", -EINVAL, "off"},
	{"exclude", "a", 0, "a"},
	{"exclude", "\"a\"", -EINVAL, ""},
	{"exclude", "a* b?", 0, "a*?b?"},
	{"exclude", "b\303\274ro", 0, "b??ro"},
	{"exclude", "", -EINVAL, ""},
	{"exclude", "1234567890123456789012345678901234567890123456789012345678901234", 0,
		"123456789012345678901234567890123456789012345678901234567890123"},
};

/* What is set comes back as text, and that text sets the same again: traces depend on it. */
static void test_set_and_get(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm_config cfg, again, before;
		char err[128] = "", text[128];
		size_t row = index_of(cases[i].name);
		int r;

		mm_config_init(&cfg);
		if (!strcmp(cases[i].name, "tax-rate")) /* the default is the build's */
			assert_int_equal(
				mm_config_set(&cfg, "tax-rate", "0.75", err, sizeof(err)), 0);
		again = before = cfg;
		r = mm_config_set(&cfg, cases[i].name, cases[i].value, err, sizeof(err));
		assert_int_equal(mm_config_get(&cfg, row, text, sizeof(text)), 0);
		if (r != cases[i].result || strcmp(text, cases[i].text))
			fail_msg("%s '%s': %d, '%s'", cases[i].name, cases[i].value, r, text);
		if (r && (!strstr(err, cases[i].name) || strchr(err, '\n') ||
				 cfg.exclude_count != before.exclude_count))
			fail_msg("%s '%s': says '%s'", cases[i].name, cases[i].value, err);
		if (!r && *text)
			assert_int_equal(
				mm_config_set(&again, cases[i].name, text, err, sizeof(err)), 0);
		if (!r)
			assert_memory_equal(&cfg, &again, sizeof(cfg));
	}
}

static void test_defaults(void **state)
{
	struct mm_config cfg;
	char err[128];

	(void)state;
	memset(&cfg, 0xa5, sizeof(cfg));
	mm_config_init(&cfg);
	assert_int_equal(cfg.budget_kib, 0);
	assert_int_equal(cfg.free_kib, 0);
	assert_int_equal(cfg.min_kib, 65536);
	assert_int_equal(cfg.max_kib, 0);
	assert_int_equal(cfg.reserve_kib, 196608);
	assert_int_equal(cfg.interval_ms, 2000);
	assert_int_equal(cfg.exclude_count, 0);
	assert_int_equal(cfg.rule_count, 0);
	assert_int_equal(cfg.burst_percent, 50);
	assert_int_equal(cfg.probing, MM_PROBING_AUTO);
	assert_int_equal(cfg.introspection, MM_INTROSPECTION_OFF);
	assert_false(cfg.is_equal);
	assert_true(cfg.tax_ppm <= MM_TAU_ONE);
	assert_int_equal(mm_config_check(&cfg, err, sizeof(err)), 0);
	assert_string_equal(mm_policy_name(cfg.policy), "need");
	assert_string_equal(mm_policy_name(MM_POLICY_COUNT), "unknown");
}

static void test_check(void **state)
{
	struct mm_config cfg;
	char err[128];

	(void)state;
	mm_config_init(&cfg);
	cfg.min_kib = cfg.max_kib = 5000;
	assert_int_equal(mm_config_check(&cfg, err, sizeof(err)), 0);
	cfg.min_kib = 5001;
	assert_int_equal(mm_config_check(&cfg, err, sizeof(err)), -EINVAL);
	cfg.max_kib = 0;
	assert_int_equal(mm_config_check(&cfg, err, sizeof(err)), 0);
}

static void test_unknown_setting(void **state)
{
	struct mm_config cfg;
	char err[128];

	(void)state;
	mm_config_init(&cfg);
	assert_int_equal(mm_config_set(&cfg, "no-such", "1", err, sizeof(err)), -ENOENT);
	assert_int_equal(mm_config_set(&cfg, "", "1", err, sizeof(err)), -ENOENT);
	assert_null(mm_setting_info(1000));
}

/* The table drives the command line: names are unique, so are letters where there are any; every row has its help. */
static void test_table(void **state)
{
	const struct mm_setting_info *a, *b;

	(void)state;
	for (size_t i = 0; (a = mm_setting_info(i)); i++) {
		assert_true(a->help && *a->help);
		for (size_t k = 0; k < i; k++) {
			b = mm_setting_info(k);
			if ((a->letter && a->letter == b->letter) || !strcmp(a->name, b->name))
				fail_msg("%s and %s are alike", a->name, b->name);
		}
	}
}

static void test_exclude(void **state)
{
	static const struct {
		const char *patterns, *name;
		bool is_excluded;
	} excludes[] = {
		{"web", "web", true},
		{"web", "web1", false},
		{"web*", "web1", true},
		{"w?b", "web", true},
		{"[a-c]*", "build", true},
		{"[a-c]*", "db", false},
		{"x web y", "web", false},
		{"my vm", "my?vm", true}, /* as mm_name_copy() leaves "my vm" */
		{"my vm", "vm", false},
		{"*", "", true},
		{"web", "", false},
		{"a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(excludes); i++) {
		struct mm_config cfg;
		char err[128];

		mm_config_init(&cfg);
		assert_int_equal(
			mm_config_set(&cfg, "exclude", excludes[i].patterns, err, sizeof(err)), 0);
		if (mm_config_is_excluded(&cfg, excludes[i].name) != excludes[i].is_excluded)
			fail_msg("'%s' and '%s'", excludes[i].patterns, excludes[i].name);
	}
}

static void test_too_many_patterns(void **state)
{
	struct mm_config cfg;
	char err[128];
	char text[MM_EXCLUDE_MAX * (MM_PATTERN_MAX + 1)];

	(void)state;
	mm_config_init(&cfg);
	for (int i = 0; i < MM_EXCLUDE_MAX - 1; i++)
		assert_int_equal(mm_config_set(&cfg, "exclude", "name", err, sizeof(err)), 0);
	assert_int_equal(mm_config_set(&cfg, "exclude", "last", err, sizeof(err)), 0);
	assert_int_equal(mm_config_set(&cfg, "exclude", "more", err, sizeof(err)), -ERANGE);
	assert_int_equal(mm_config_get(&cfg, index_of("exclude"), text, sizeof(text)), 0);
	assert_int_equal(strlen(text), MM_EXCLUDE_MAX * 5 - 1);
	assert_int_equal(mm_config_get(&cfg, index_of("exclude"), text, 20), -ENOSPC);
	assert_int_equal(mm_config_get(&cfg, index_of("min"), text, 3), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_and_get),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_unknown_setting),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_exclude),
		cmocka_unit_test(test_too_many_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
