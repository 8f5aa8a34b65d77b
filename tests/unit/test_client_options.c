/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <string.h>

#include "options.h"

#define ARGS_MAX 6

struct options_case {
	const char *args[ARGS_MAX];
	enum mm_client_action action;
	uint64_t interval_ms;
	const char *error; /* a part of it */
};

static const struct options_case cases[] = {
	{{NULL}, MM_CLIENT_RUN, 1000, NULL},
	{{"-1nv"}, MM_CLIENT_RUN, 1000, NULL},
	{{"--once", "--dry-run", "--verbose"}, MM_CLIENT_RUN, 1000, NULL},
	{{"-i", "0.5"}, MM_CLIENT_RUN, 500, NULL},
	{{"-i250ms"}, MM_CLIENT_RUN, 250, NULL},
	{{"--interval=0.1"}, MM_CLIENT_RUN, 100, NULL},
	{{"--interval", "10s"}, MM_CLIENT_RUN, 10000, NULL},
	{{"--root", "/tmp/x"}, MM_CLIENT_RUN, 1000, NULL},
	{{"--help"}, MM_CLIENT_HELP, 1000, NULL},
	{{"-h", "--nonsense"}, MM_CLIENT_HELP, 1000, NULL},
	{{"-V"}, MM_CLIENT_VERSION, 1000, NULL},
	{{"--interval", "0.09"}, MM_CLIENT_MISUSE, 0, "'0.09': must be a time from 0.1 to 10 s"},
	{{"--interval", "11"}, MM_CLIENT_MISUSE, 0, "'11': must be a time from 0.1 to 10 s"},
	{{"--interval", "99999999999999999999"}, MM_CLIENT_MISUSE, 0, "from 0.1 to 10 s"},
	{{"--interval", "-1"}, MM_CLIENT_MISUSE, 0, "'-1'"},
	{{"--interval", ""}, MM_CLIENT_MISUSE, 0, "''"},
	{{"--interval", "fast"}, MM_CLIENT_MISUSE, 0, "'fast'"},
	{{"--interval"}, MM_CLIENT_MISUSE, 0, "'--interval': needs a value"},
	{{"-i"}, MM_CLIENT_MISUSE, 0, "'-i': needs a value"},
	{{"--root"}, MM_CLIENT_MISUSE, 0, "'--root': needs a value"},
	{{"--root", ""}, MM_CLIENT_MISUSE, 0, "must name a folder"},
	{{"--nonsense"}, MM_CLIENT_MISUSE, 0, "'--nonsense': unknown"},
	{{"--once=3"}, MM_CLIENT_MISUSE, 0, "'--once=3'"},
	{{"-x"}, MM_CLIENT_MISUSE, 0, "'-x': unknown"},
	{{"-vx"}, MM_CLIENT_MISUSE, 0, "'-x': unknown"},
	{{"--once", "-xv"}, MM_CLIENT_MISUSE, 0, "'-x': unknown"},
	{{"stray"}, MM_CLIENT_MISUSE, 0, "'stray': none is expected"},
	{{"--once", "--", "stray"}, MM_CLIENT_MISUSE, 0, "'stray'"},
};

static enum mm_client_action parse(const char *const *args, struct mm_client_options *options)
{
	static char words[ARGS_MAX + 1][64];
	char *argv[ARGS_MAX + 2] = {words[0]};
	int argc = 1;

	strcpy(words[0], "mmclient");
	for (size_t i = 0; i < ARGS_MAX && args[i]; i++) {
		strncpy(words[argc], args[i], sizeof(words[0]) - 1);
		argv[argc] = words[argc];
		argc++;
	}
	return mm_client_options_parse(argc, argv, options);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct options_case *c = &cases[i];
		struct mm_client_options options;
		enum mm_client_action action = parse(c->args, &options);

		if (action != c->action)
			fail_msg("row %zu: action %d", i, (int)action);
		if (c->error && !strstr(options.error, c->error))
			fail_msg("row %zu: \"%s\"", i, options.error);
		if (strchr(options.error, '\n'))
			fail_msg("row %zu: more than a line", i);
		if (!c->error && options.interval_ms != c->interval_ms)
			fail_msg("row %zu: interval %llu ms", i,
				(unsigned long long)options.interval_ms);
	}
}

static void test_flags(void **state)
{
	static const char *const args[ARGS_MAX] = {"-1", "-n", "-v", "--root", "/"};
	struct mm_client_options options;

	(void)state;
	assert_int_equal(parse(args, &options), MM_CLIENT_RUN);
	assert_true(options.is_once && options.is_dry_run && options.is_verbose);
	assert_string_equal(options.root, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
