/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xenmm/config.h"
#include "xenmm/guest_policy.h"

static const struct {
	const char *words;
	int result;
	const char *text; /* as it is written; of a failure: part of what is said */
} cases[] = {
	{"", 0, ""},
	{" \t ", 0, ""},
	{"min=256M max=2G weight=200 exclude=no probing=off", 0,
		"min=256M max=2G weight=200 exclude=no probing=off"},
	{"  probing=on\texclude=yes  ", 0, "exclude=yes probing=on"},
	{"min=0", 0, "min=0K"},
	{"min=1025", 0, "min=1025K"},
	{"min=1.5G", 0, "min=1536M"},
	{"max=auto", 0, "max=auto"},
	{"min=16384T max=auto", 0, "min=16384T max=auto"},
	{"max=16384T min=16384T weight=10000 exclude=yes probing=off", 0,
		"min=16384T max=16384T weight=10000 exclude=yes probing=off"},
	{"weight=1", 0, "weight=1"},
	{"min=2G max=1G", -EINVAL, "min: 2G is above max, 1G"},
	{"min=16385T", -ERANGE, "min: '16385T' is not a size from 0 to 16384T"},
	{"min=", -EINVAL, "min: '' is not a size"},
	{"min=auto", -EINVAL, "min: 'auto'"},
	{"min=-1", -EINVAL, "min: '-1'"},
	{"max=0", -ERANGE, "max: '0' is neither auto nor a size from 1M to 16384T"},
	{"max=x", -EINVAL, "max: 'x'"},
	{"weight=0", -ERANGE, "weight: '0' is not a number from 1 to 10000"},
	{"weight=10001", -ERANGE, "weight: '10001'"},
	{"weight=99999999999999999999", -ERANGE, "weight: '99999999999999999999'"},
	{"weight=1.5", -EINVAL, "weight: '1.5'"},
	{"exclude=true", -EINVAL, "exclude: 'true' is neither yes nor no"},
	{"probing=auto", -EINVAL, "probing: 'auto' is neither on nor off"},
	{"min=1M min=2M", -EINVAL, "min: given twice"},
	{"min", -EINVAL, "'min' is not of the form KEY=VALUE"},
	{"=1", -EINVAL, "'' is none of min, max, weight, exclude and probing"},
	{"Min=1M", -EINVAL, "'Min' is none of"},
	{"min =1M", -EINVAL, "'min' is not of the form"},
	{"min=1M,max=2M", -EINVAL, "min: '1M,max=2M'"},
	{"min=1000000000000000000000000000000000000000000000000000000000000000", -EINVAL,
		"'min=100000000000...' is longer than 63 bytes"},
};

static void words_come_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm_guest_policy policy, again, untouched;
		char err[160] = "", text[MM_POLICY_TEXT_MAX];
		int r;

		memset(&policy, 0x5a, sizeof(policy));
		untouched = policy;
		r = mm_guest_policy_parse(cases[i].words, &policy, err, sizeof(err));
		if (r != cases[i].result)
			fail_msg("'%s': %d, %s", cases[i].words, r, err);
		if (r) {
			assert_memory_equal(&policy, &untouched, sizeof(policy));
			if (!strstr(err, cases[i].text) || strchr(err, '\n'))
				fail_msg("'%s' says '%s'", cases[i].words, err);
			continue;
		}
		assert_int_equal(mm_guest_policy_format(&policy, text, sizeof(text)), 0);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(mm_guest_policy_parse(text, &again, err, sizeof(err)), 0);
		assert_int_equal(mm_guest_policy_format(&again, text, sizeof(text)), 0);
		assert_string_equal(text, cases[i].text);
	}
}

static void short_buffers_are_told(void **state)
{
	const char *words = "min=256M max=2G weight=200 exclude=no probing=off";
	struct mm_guest_policy policy;
	char err[160], text[MM_POLICY_TEXT_MAX];

	(void)state;
	assert_int_equal(mm_guest_policy_parse(words, &policy, err, sizeof(err)), 0);
	for (size_t size = 0; size <= strlen(words); size++)
		assert_int_equal(mm_guest_policy_format(&policy, text, size), -ENOSPC);
	assert_int_equal(mm_guest_policy_format(&policy, text, strlen(words) + 1), 0);
}

static void every_key_is_listed(void **state)
{
	static const char *const values[] = {"1M", "2M", "3", "yes", "off"};
	size_t i;

	(void)state;
	for (i = 0; mm_guest_policy_key(i); i++) {
		struct mm_guest_policy policy;
		char word[64], err[160];

		assert_true(i < ARRAY_SIZE(values));
		snprintf(word, sizeof(word), "%s=%s", mm_guest_policy_key(i), values[i]);
		assert_int_equal(mm_guest_policy_parse(word, &policy, err, sizeof(err)), 0);
	}
	assert_int_equal(i, ARRAY_SIZE(values));
}

/* ---- rules --------------------------------------------------------------------------------------------- */

#define UUID "c0ffee00-1234-5678-9abc-def012345678"

static const struct guest_case {
	const char *title;
	const char *general[4]; /* setting, value, ... */
	const char *rules[8];	/* match, words, ... */
	const char *own;	/* the domain's own key */
	const char *text;	/* what holds for "web1" */
} guest_cases[] = {
	{"defaults", {NULL}, {NULL}, "", "min=64M max=auto weight=100 exclude=no"},
	{"general settings", {"max", "4G", "probing", "off"}, {NULL}, "",
		"min=64M max=4G weight=100 exclude=no probing=off"},
	{"general probing", {"probing", "on"}, {NULL}, "",
		"min=64M max=auto weight=100 exclude=no probing=on"},
	{"by pattern", {NULL}, {"web*", "weight=200", "db*", "weight=300"}, "",
		"min=64M max=auto weight=200 exclude=no"},
	{"by uuid, in either case", {NULL}, {"C0FFEE00-1234-5678-9ABC-DEF012345678", "min=1G"}, "",
		"min=1G max=auto weight=100 exclude=no"},
	{"another uuid", {NULL}, {"c0ffee00-1234-5678-9abc-def012345679", "min=1G"}, "",
		"min=64M max=auto weight=100 exclude=no"},
	{"later rules win", {NULL}, {"*", "weight=1 min=1G", "web?", "weight=2"}, "",
		"min=1G max=auto weight=2 exclude=no"},
	{"in their order", {NULL}, {"web?", "weight=2", "*", "weight=1"}, "",
		"min=64M max=auto weight=1 exclude=no"},
	{"the own key wins", {NULL}, {"web1", "weight=2 probing=on"}, "weight=3 probing=off",
		"min=64M max=auto weight=3 exclude=no probing=off"},
	{"excluded in general", {"exclude", "web*"}, {NULL}, "",
		"min=64M max=auto weight=100 exclude=yes"},
	{"but not by its rule", {"exclude", "web*"}, {"web1", "exclude=no"}, "",
		"min=64M max=auto weight=100 exclude=no"},
	{"nor by its key", {"exclude", "*"}, {"web1", "exclude=yes"}, "exclude=no",
		"min=64M max=auto weight=100 exclude=no"},
	{"a small maximum takes the minimum along", {NULL}, {"web1", "max=32M"}, "",
		"min=32M max=32M weight=100 exclude=no"},
	{"a large minimum takes the maximum along", {"max", "1G"}, {NULL}, "min=2G",
		"min=2G max=2G weight=100 exclude=no"},
	{"both of a rule against both in general", {"min", "1G", "max", "2G"},
		{"web1", "min=10M max=20M"}, "", "min=10M max=20M weight=100 exclude=no"},
	{"no maximum of its own", {"max", "1G"}, {"web1", "max=auto"}, "",
		"min=64M max=auto weight=100 exclude=no"},
	{"a name with a blank", {NULL}, {"web 1", "weight=7"}, "",
		"min=64M max=auto weight=100 exclude=no"},
};

static void configure(struct mm_config *cfg, const struct guest_case *c)
{
	char err[160] = "";

	mm_config_init(cfg);
	for (size_t i = 0; i < ARRAY_SIZE(c->general) && c->general[i]; i += 2)
		if (mm_config_set(cfg, c->general[i], c->general[i + 1], err, sizeof(err)))
			fail_msg("%s: %s", c->title, err);
	for (size_t i = 0; i < ARRAY_SIZE(c->rules) && c->rules[i]; i += 2)
		if (mm_config_add_rule(cfg, c->rules[i], c->rules[i + 1], err, sizeof(err)))
			fail_msg("%s: %s", c->title, err);
}

static void what_holds_for_a_guest(void **state)
{
	static struct mm_config cfg;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(guest_cases); i++) {
		const struct guest_case *c = &guest_cases[i];
		struct mm_domain dom = {.uuid = UUID, .name = "web1"};
		struct mm_guest_policy policy;
		char err[160] = "", text[MM_POLICY_TEXT_MAX];

		configure(&cfg, c);
		assert_int_equal(mm_guest_policy_parse(c->own, &dom.policy, err, sizeof(err)), 0);
		memset(&policy, 0x5a, sizeof(policy));
		mm_config_guest(&cfg, &dom, &policy);
		assert_int_equal(mm_guest_policy_format(&policy, text, sizeof(text)), 0);
		if (strcmp(text, c->text) != 0)
			fail_msg("%s: %s", c->title, text);
	}
}

static void bad_rules_change_nothing(void **state)
{
	static struct mm_config cfg, before;
	char err[160] = "";

	(void)state;
	mm_config_init(&cfg);
	before = cfg;
	assert_int_equal(mm_config_add_rule(&cfg, "", "weight=1", err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "guest: ''"));
	assert_int_equal(mm_config_add_rule(&cfg, "a", "weight=0", err, sizeof(err)), -ERANGE);
	assert_non_null(strstr(err, "weight: '0'"));
	assert_memory_equal(&cfg, &before, sizeof(cfg));
	for (int i = 0; i < MM_RULE_MAX; i++)
		assert_int_equal(mm_config_add_rule(&cfg, "a", "weight=1", err, sizeof(err)), 0);
	before = cfg;
	assert_int_equal(mm_config_add_rule(&cfg, "one", "", err, sizeof(err)), -ERANGE);
	assert_non_null(strstr(err, "guest: 'one' is one more than 256 rules"));
	assert_memory_equal(&cfg, &before, sizeof(cfg));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_come_back),
		cmocka_unit_test(short_buffers_are_told),
		cmocka_unit_test(every_key_is_listed),
		cmocka_unit_test(what_holds_for_a_guest),
		cmocka_unit_test(bad_rules_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
