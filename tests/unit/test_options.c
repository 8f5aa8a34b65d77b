/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "http.h"
#include "options.h"

#define WORDS_MAX 8

static enum mm_options_result parse(const char *const *words, const struct mm_config_file *base,
	struct mm_options *ret, char err[256])
{
	static char text[WORDS_MAX][64]; /* the options point into it */
	char *argv[WORDS_MAX + 2] = {"mmserver"};
	int argc = 1;

	for (; argc <= WORDS_MAX && words[argc - 1]; argc++) {
		snprintf(text[argc - 1], sizeof(text[0]), "%s", words[argc - 1]);
		argv[argc] = text[argc - 1];
	}
	memset(ret, 0xa5, sizeof(*ret)); /* nothing may depend on what was there */
	err[0] = '\0';
	return mm_options_parse(argc, argv, base, ret, err, 256);
}

/* What a command line says about the settings, in one line. */
static void describe(const struct mm_options *o, char *buf, size_t size)
{
	const struct mm_config *c = &o->config;

	snprintf(buf, size, "N%llu f%llu r%d t%s%u m%llu M%llu R%llu i%llu x%zu %s v%d n%d 1%d",
		(unsigned long long)c->budget_kib, (unsigned long long)c->free_kib, c->is_equal,
		c->is_tax_auto ? "A" : "", c->is_tax_auto ? 0 : c->tax_ppm,
		(unsigned long long)c->min_kib, (unsigned long long)c->max_kib,
		(unsigned long long)c->reserve_kib, (unsigned long long)c->interval_ms,
		c->exclude_count, o->backend, o->is_verbose, o->is_dry_run, o->is_once);
}

struct right_case {
	const char *words[WORDS_MAX];
	const char *result;
};

static const struct right_case rights[] = {
	{{NULL}, "N0 f0 r0 t750000 m65536 M0 R196608 i2000 x0 xen v0 n0 10"},
	{{"-N", "768M", "-f", "40M"},
		"N786432 f40960 r0 t750000 m65536 M0 R196608 i2000 x0 xen v0 n0 10"},
	{{"-N768m", "-f", "40960"},
		"N786432 f40960 r0 t750000 m65536 M0 R196608 i2000 x0 xen v0 n0 10"},
	{{"-rv", "-d", "/tmp"}, "N0 f0 r1 t750000 m65536 M0 R196608 i2000 x0 xen v1 n0 10"},
	{{"--budget=1.5g", "--free=1k"},
		"N1572864 f1 r0 t750000 m65536 M0 R196608 i2000 x0 xen v0 n0 10"},
	{{"--tax-rate", "AUTO"}, "N0 f0 r0 tA0 m65536 M0 R196608 i2000 x0 xen v0 n0 10"},
	{{"-t0.123456", "-t", "1.0"}, "N0 f0 r0 t1000000 m65536 M0 R196608 i2000 x0 xen v0 n0 10"},
	{{"--min", "0", "--max", "2T", "--reserve", "0"},
		"N0 f0 r0 t750000 m0 M2147483648 R0 i2000 x0 xen v0 n0 10"},
	{{"--min=1G", "--max=1G"},
		"N0 f0 r0 t750000 m1048576 M1048576 R196608 i2000 x0 xen v0 n0 10"},
	{{"-N", "auto"}, "N0 f0 r0 t750000 m65536 M0 R196608 i2000 x0 xen v0 n0 10"},
	{{"-i", "0.1", "-p", "tax"}, "N0 f0 r0 t750000 m65536 M0 R196608 i100 x0 xen v0 n0 10"},
	{{"-x", "a", "--exclude", "b*", "-x", "c d"},
		"N0 f0 r0 t750000 m65536 M0 R196608 i2000 x3 xen v0 n0 10"},
	{{"--dry-run", "--once", "--verbose"},
		"N0 f0 r0 t750000 m65536 M0 R196608 i2000 x0 xen v1 n1 11"},
	{{"-n1", "--backend", "sim"}, "N0 f0 r0 t750000 m65536 M0 R196608 i2000 x0 sim v0 n1 11"},
	{{"--verb", "--dry"}, "N0 f0 r0 t750000 m65536 M0 R196608 i2000 x0 xen v1 n1 10"},
};

static void test_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		struct mm_options options;
		char err[256], text[256];

		if (parse(rights[i].words, NULL, &options, err) != MM_OPTIONS_RUN)
			fail_msg("row %zu: %s", i, err);
		describe(&options, text, sizeof(text));
		if (strcmp(text, rights[i].result))
			fail_msg("row %zu: %s", i, text);
	}
}

static const struct {
	const char *words[WORDS_MAX];
	const char *message; /* part of it */
} wrongs[] = {
	{{"--no-such"}, "unknown option '--no-such'"},
	{{"-Z"}, "unknown option '-Z'"},
	{{"-Zv"}, "unknown option '-Z'"},
	{{"--dry-run", "-Zv"}, "unknown option '-Z'"},
	{{"--dry-run", "-vZ"}, "unknown option '-Z'"},
	{{"--equal=1"}, "option '--equal=1' takes no value"},
	{{"--once=yes"}, "option '--once=yes' takes no value"},
	{{"--re", "1"}, "unknown option '--re'"}, /* --record or --reserve */
	{{"-N"}, "option '-N' needs a value"},
	{{"-vN"}, "option '-vN' needs a value"},
	{{"--record"}, "option '--record' needs a value"},
	{{"12"}, "unexpected '12'"},
	{{"-v", "--", "x"}, "unexpected 'x'"},
	{{"-v", "x", "-n"}, "unexpected 'x'"},
	{{"-N", "12q"}, "budget: '12q'"},
	{{"-N", "-5M"}, "budget: '-5M'"},
	{{"-N", "0"}, "budget: '0'"},
	{{"-f", "20000T"}, "free: '20000T'"},
	{{"-m", "auto"}, "min: 'auto'"},
	{{"-t", "1.01"}, "tax-rate: '1.01'"},
	{{"-t", "nan"}, "tax-rate: 'nan'"},
	{{"-i", "0.05"}, "interval: '0.05' is not a time from 0.1 to 60 seconds"},
	{{"-i", "61"}, "interval: '61'"},
	{{"-p", "fair"}, "policy: 'fair' is not need, tax or coordinator"},
	{{"--burst-pool", "91"}, "burst-pool: '91' is not a percentage from 0 to 90"},
	{{"--burst-pool"}, "option '--burst-pool' needs a value"},
	{{"--probing=maybe"}, "probing: 'maybe' is not auto, on or off"},
	{{"-x", ""}, "exclude: ''"},
	{{"--backend", ""}, "backend: ''"},
	{{"--backend", ":file"}, "backend: ':file'"},
	{{"--backend", "a-name-that-is-far-too-long"}, "backend: 'a-name"},
	{{"--seed", "x"}, "seed: 'x'"},
	{{"--seed", "18446744073709551616"}, "seed: '18446744073709551616'"},
	{{"--pace", "fast"}, "pace: 'fast'"},
	{{"--seed", "3"}, "seed: only '--backend sim'"},
	{{"--backend", "replay:x", "--pace", "real"}, "pace: only '--backend sim'"},
	{{"--backend", "sim:"}, "names no file"},
	{{"--backend", "xen:x"}, "takes no file"},
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct mm_options options;
		char err[256];

		if (parse(wrongs[i].words, NULL, &options, err) != MM_OPTIONS_WRONG)
			fail_msg("row %zu: taken", i);
		if (!strstr(err, wrongs[i].message) || strchr(err, '\n'))
			fail_msg("row %zu: %s", i, err);
	}
}

static void test_own_options(void **state)
{
	static const char *const words[] = {"--backend", "sim:/tmp/a:b", "--record", "out", "-d",
		"logs", "--seed=9", "--pace=real", NULL};
	static const char *const none[] = {NULL};
	static const char *const off[] = {"--http", "off", NULL};
	static const char *const addr[] = {"--http", "127.0.0.1:1", NULL};
	struct mm_options options;
	char err[256];

	(void)state;
	assert_int_equal(parse(words, NULL, &options, err), MM_OPTIONS_RUN);
	assert_string_equal(options.backend, "sim");
	assert_string_equal(options.world.file, "/tmp/a:b");
	assert_string_equal(options.record, "out");
	assert_string_equal(options.log_dir, "logs");
	assert_true(
		options.world.has_seed && options.world.is_real_pace && !options.world.is_dry_run);
	assert_int_equal(options.world.seed, 9);

	assert_int_equal(parse(none, NULL, &options, err), MM_OPTIONS_RUN);
	assert_null(options.record);
	assert_null(options.log_dir);
	assert_null(options.world.file);
	assert_false(options.world.has_seed || options.world.is_real_pace);
	assert_true((options.http != NULL) == mm_http_is_built());
	assert_int_equal(parse(off, NULL, &options, err), MM_OPTIONS_RUN);
	assert_null(options.http);
	assert_int_equal(parse(addr, NULL, &options, err), MM_OPTIONS_RUN);
	assert_string_equal(options.http, "127.0.0.1:1");
}

/* Replay starts from the recorded settings; what is typed lies on top, once. */
static void test_base(void **state)
{
	static const char *const words[] = {"-N", "1G", "-x", "b", NULL};
	struct mm_config_file base = {.log_dir = "logs", .control = "/run/c", .is_verbose = true};
	struct mm_options options;
	char err[256];

	(void)state;
	mm_config_init(&base.config);
	assert_int_equal(mm_config_set(&base.config, "free", "99M", err, sizeof(err)), 0);
	assert_int_equal(mm_config_set(&base.config, "exclude", "a", err, sizeof(err)), 0);
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(parse(words, &base, &options, err), MM_OPTIONS_RUN);
		assert_int_equal(options.config.free_kib, 99 * 1024);
		assert_int_equal(options.config.budget_kib, 1024 * 1024);
		assert_int_equal(options.config.exclude_count, 2);
		assert_string_equal(options.log_dir, "logs");
		assert_string_equal(options.control, "/run/c");
		assert_true(options.is_verbose && !options.is_dry_run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_own_options),
		cmocka_unit_test(test_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
