/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"

static struct mm_config_file file;
static struct mm_ini_fault fault;

static int parse(const char *text, size_t len)
{
	memset(&fault, 0, sizeof(fault));
	return mm_config_file_parse(text, len, NULL, &file, &fault);
}

/* Parses what must be right, and returns it as it is written, to be freed. */
static char *rewrite(const char *text)
{
	char *written = NULL;
	size_t len;
	FILE *out = open_memstream(&written, &len);

	if (parse(text, strlen(text)))
		fail_msg("\"%s\": line %zu: %s", text, fault.line, fault.text);
	assert_int_equal(mm_config_file_write(out, &file, &fault), 0);
	fclose(out);
	return written;
}

/* ---- what is understood ------------------------------------------------------------------------ */

#define DASHES "----------------------------------------"

static const struct {
	const char *text;
	const char *plain; /* the same, as plain as can be */
} rights[] = {
	{"", ""},
	{"\n\n  \n\t\n", ""},
	{"# a\n;b\n   # c\n\t;d", ""},
	{"min=128M", "min = 128M\n"},
	{"\tmin  =\t128M  \r\n", "min = 128M\n"},
	{"min = 128M # a comment\nmax = 1G ; another = one\n", "min = 128M\nmax = 1G\n"},
	{"\xef\xbb\xbfmin = 128M\n", "min = 128M\n"},
	{"exclude = a\nexclude = b\n", "exclude = a\nexclude = b\n"},
	{"exclude =#a\nexclude =;b\nexclude = c#d;e\n",
		"exclude =#a\nexclude =;b\nexclude = c#d;e\n"},
	{"exclude = my vm\n", "exclude = my?vm\n"},
	{"exclude = a=b\n", "exclude = a=b\n"},
	{"log-dir = /var/log/x y\n", "log-dir = /var/log/x y\n"},
	{"log-dir = a\t\tb\t\n", "log-dir = a\t\tb\n"},
	{"log-dir =##\n", "log-dir =##\n"},
	{"http = 127.0.0.1:9091\ncontrol = off\n", "control = off\nhttp = 127.0.0.1:9091\n"},
	{"verbose = yes\ndry-run = yes\n", "dry-run = yes\nverbose = yes\n"},
	{"verbose = no\n", ""},
	{"[guest a]", "[guest a]\n"},
	{"[guest a]\nmin = 1M\n", "[guest a]\nmin = 1M\n"},
	{"  [ guest   a  ]  # why\n  min = 1M\n", "[guest a]\nmin = 1M\n"},
	{"[guest [a-c]*] ; three]\nweight = 3\n", "[guest [a-c]*]\nweight = 3\n"},
	{"[guest [ab]]\n[guest a]b]\n", "[guest [ab]]\n[guest a]b]\n"},
	{"[guest my vm]\n", "[guest my?vm]\n"},
	{"[guest #1]\n", "[guest #1]\n"},
	{"[guest a]\nmin=1M\nmax=2M\nweight=3\nexclude=yes\nprobing=on\n[guest b]\nmax=auto\n",
		"[guest a]\nmin=1M\nmax=2M\nweight=3\nexclude=yes\nprobing=on\n[guest "
		"b]\nmax=auto\n"},
	{"# " DASHES DASHES DASHES DASHES DASHES DASHES DASHES "\n", ""},
	{"min = 1M # " DASHES DASHES DASHES DASHES DASHES "\n", "min = 1M\n"},
};

static void files_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		char *a, *b, *c;

		a = rewrite(rights[i].text);
		b = rewrite(rights[i].plain);
		c = rewrite(a);
		if (strcmp(a, b) != 0 || strcmp(a, c) != 0)
			fail_msg("\"%s\" is not \"%s\" but\n%s\nand then\n%s", rights[i].text,
				rights[i].plain, a, c);
		free(a);
		free(b);
		free(c);
	}
}

static void every_setting_is_read(void **state)
{
	static const char text[] = "budget = 2G\n"
				   "free = 100M\n"
				   "equal = yes\n"
				   "tax-rate = AUTO\n"
				   "policy = need\n"
				   "min = 128M\n"
				   "max = 1G\n"
				   "reserve = 1M\n"
				   "exclude = x\n"
				   "interval = 250ms\n"
				   "burst-pool = 20\n"
				   "probing = off\n"
				   "introspection = strict\n"
				   "log-dir = logs\n"
				   "http = off\n"
				   "control = /run/c\n"
				   "verbose = yes\n"
				   "dry-run = yes\n"
				   "\n"
				   "[guest x]\n"
				   "weight = 7\n";
	char *again;

	(void)state;
	again = rewrite(text);
	assert_string_equal(again, text);
	free(again);
	assert_int_equal(file.config.budget_kib, 2 * 1024 * 1024);
	assert_int_equal(file.config.burst_percent, 20);
	assert_int_equal(file.config.rules[0].policy.weight, 7);
	assert_true(file.is_verbose && file.is_dry_run);
	assert_string_equal(file.log_dir, "logs");
	assert_int_equal(file.bounds_line, 7);
	assert_int_equal(file.http_line, 15);
	for (size_t i = 0; mm_setting_info(i); i++)
		if (!strstr(text, mm_setting_info(i)->name))
			fail_msg("%s is not tried", mm_setting_info(i)->name);
}

/* Recorded settings lie below a file: it adds to their lists, and its sections are its own. */
static void a_file_lies_on_other_settings(void **state)
{
	static const char text[] = "max = 1G\nexclude = b\n[guest a]\nweight = 2\n";
	static struct mm_config base;
	char err[100];

	(void)state;
	mm_config_init(&base);
	assert_int_equal(mm_config_set(&base, "min", "1M", err, sizeof(err)), 0);
	assert_int_equal(mm_config_set(&base, "exclude", "a", err, sizeof(err)), 0);
	assert_int_equal(mm_config_add_rule(&base, "a", "weight=1", err, sizeof(err)), 0);
	assert_int_equal(mm_config_file_parse(text, strlen(text), &base, &file, &fault), 0);
	assert_int_equal(file.config.min_kib, 1024);
	assert_int_equal(file.config.exclude_count, 2);
	assert_int_equal(file.config.rule_count, 2);
	assert_int_equal(file.config.rules[0].policy.weight, 1);
	assert_int_equal(file.config.rules[1].policy.weight, 2);
}

/* ---- what is refused --------------------------------------------------------------------------- */

static const struct {
	const char *text;
	size_t line;
	const char *message; /* part of it */
} wrongs[] = {
	{"mni = 5\n", 1, "mni: no such key; did you mean 'min'?"},
	{"\n\nburst_pool = 5\n", 3, "did you mean 'burst-pool'?"},
	{"taxrate = 1\n", 1, "did you mean 'tax-rate'?"},
	{"nothing-like-it = 1\n", 1, "nothing-like-it: no such key"},
	{"a-key-that-is-longer-than-any-word-of-ours = 1\n", 1, "no such key"},
	{"Min = 5\n", 1, "did you mean 'min'?"},
	{"backend = sim\n", 1, "backend: on the command line only"},
	{"record = x\n", 1, "record: on the command line only"},
	{"weight = 5\n", 1, "weight: belongs into a section [guest NAME]"},
	{"min = 12q\n", 1, "min: '12q' is not a size"},
	{"min =\n", 1, "min: '' is not a size"},
	{"min = 1M\nmax = 2M\nmin = 3M\n", 3, "min: given twice, first in line 1"},
	{"log-dir = a\nlog-dir = a\n", 2, "log-dir: given twice"},
	{"log-dir =\n", 1, "log-dir: no value"},
	{"log-dir = # none\n", 1, "log-dir: no value"},
	{"verbose = 1\n", 1, "verbose: '1' is neither yes nor no"},
	{"exclude = #a\n", 1, "exclude: '' is not a name"},
	{"min\n", 1, "not of the form KEY = VALUE"},
	{"= 5\n", 1, "not of the form KEY = VALUE"},
	{"min: 5\n", 1, "not of the form KEY = VALUE"},
	{"exclude: a=b\n", 1, "not of the form KEY = VALUE"},
	{"exclude = a\n  b\n", 2, "not of the form KEY = VALUE"},
	{"min = 1M\rmax = 2M\n", 1, "byte 0x0d"},
	{"min = 1M\x1b\n", 1, "byte 0x1b"},
	{"min = 1M\x7f\n", 1, "byte 0x7f"},
	{"\n\xef\xbb\xbfmin = 1M\n", 2, "no such key"},
	{"[]\n", 1, "[]: the only sections are [guest NAME]"},
	{"[general]\n", 1, "[general]: the only sections are [guest NAME]"},
	{"[guests a]\n", 1, "[guests a]: the only"},
	{"[Guest a]\n", 1, "[Guest a]: the only"},
	{"[guest]\n", 1, "guest: '' is not a name, pattern or uuid"},
	{"[guest a\n", 1, "a section is [guest NAME], with nothing behind it"},
	{"[guest a] min = 5\n", 1, "nothing behind it"},
	{"[guest a]x\n", 1, "nothing behind it"},
	{"[", 1, "nothing behind it"},
	{"[guest a]\n[guest b]\n[guest a]\n", 3, "guest a: has a section already, in line 1"},
	{"[guest a]\nreserve = 5\n", 2, "reserve: a general setting; those stand above"},
	{"[guest a]\nwieght = 5\n", 2, "wieght: no such key; did you mean 'weight'?"},
	{"[guest a]\nweight = 0\n", 2, "weight: '0' is not a number from 1 to 10000"},
	{"[guest a]\nweight = 5 6\n", 2, "weight: '5 6' is not one value"},
	{"[guest a]\nweight =\n", 2, "weight: '' is not one value"},
	{"[guest a]\nmin = 1M\nmin = 1M\n", 3, "min: given twice"},
	{"[guest a]\nmin = 2M\n\nmax = 1M\n", 4, "min: 2M is above max, 1M"},
	{"[guest a]\nmin = 1M max=2M\n", 2, "min: '1M max=2M' is not one value"},
	{"log-dir = " DASHES DASHES DASHES DASHES DASHES "\n", 1, "longer than 190 bytes"},
	{"log-dir=" DASHES DASHES DASHES DASHES "123456789012345678901\n", 1, "longer than 180"},
	{"[guest " DASHES DASHES DASHES DASHES DASHES "]\n", 1, "longer than 190 bytes"},
	{DASHES DASHES DASHES DASHES DASHES "\n", 1, "longer than 190 bytes"},
};

static void faults_are_located(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		static struct mm_config_file before;

		memset(&file, 0x5a, sizeof(file));
		before = file;
		if (parse(wrongs[i].text, strlen(wrongs[i].text)) != -EINVAL)
			fail_msg("\"%s\": taken", wrongs[i].text);
		if (fault.line != wrongs[i].line || !strstr(fault.text, wrongs[i].message) ||
			strchr(fault.text, '\n'))
			fail_msg("\"%s\": line %zu: %s", wrongs[i].text, fault.line, fault.text);
		assert_memory_equal(&file, &before, sizeof(file));
	}
}

/* libinih would end at a zero byte and take what came before for the whole. */
static void a_zero_byte_is_refused(void **state)
{
	static const char text[] = "min = 1M\nmax = 1\0G\n";

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1), -EINVAL);
	assert_int_equal(fault.line, 2);
	assert_non_null(strstr(fault.text, "byte 0x00"));
}

static void too_many_rules(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	for (int i = 0; i <= MM_RULE_MAX; i++)
		fprintf(out, "[guest g%d]\n", i);
	fclose(out);
	assert_int_equal(parse(text, len), -EINVAL);
	assert_int_equal(fault.line, MM_RULE_MAX + 1);
	assert_non_null(strstr(fault.text, "is one more than 256 rules"));
	text[len - strlen("[guest g256]\n")] = '\0';
	assert_int_equal(parse(text, strlen(text)), 0);
	assert_int_equal(file.config.rule_count, MM_RULE_MAX);
	free(text);
}

/* What no file can hold is not written as something else. */
static void unwritable_values_are_told(void **state)
{
	static const char *const values[] = {"a\nb", "a #b", "a\t;b", " a", "a ", "\x01"};
	FILE *out = fopen("/dev/null", "w");

	(void)state;
	assert_non_null(out);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_int_equal(parse("", 0), 0);
		strcpy(file.log_dir, values[i]);
		assert_int_equal(mm_config_file_write(out, &file, &fault), -EINVAL);
		assert_non_null(strstr(fault.text, "log-dir: '"));
	}
	fclose(out);
}

static void a_full_disk_is_told(void **state)
{
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	if (!out)
		skip();
	assert_int_equal(parse("", 0), 0);
	assert_int_equal(mm_config_file_write(out, &file, &fault), -ENOSPC);
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_understood),
		cmocka_unit_test(every_setting_is_read),
		cmocka_unit_test(a_file_lies_on_other_settings),
		cmocka_unit_test(faults_are_located),
		cmocka_unit_test(a_zero_byte_is_refused),
		cmocka_unit_test(too_many_rules),
		cmocka_unit_test(unwritable_values_are_told),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
