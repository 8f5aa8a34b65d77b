/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmmon.conf: what is understood, what is refused and in which line, and what settings are together. */
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "monitor/service/settings.h"

static int parse(const char *text, struct mm_mon_settings *settings, struct mm_ini_fault *fault)
{
	mm_mon_settings_init(settings);
	return mm_mon_read(settings, text, strlen(text), fault);
}

static void test_all_settings(void **state)
{
	static const char text[] = "listen = 0.0.0.0:9092\n"
				   "interval = 1m   # slow\n"
				   "processes = yes\n"
				   "top = 20\n"
				   "memory = a=/ram/a\n"
				   "memory = b=/ram/b=c\n"
				   "token-file = /etc/t\n"
				   "tls-cert = /c\ntls-key = /k\n"
				   "insecure = no\n"
				   "stale-after = 90\n"
				   "timeout = 2s\n"
				   "verbose = yes\n";
	struct mm_mon_settings s;
	struct mm_ini_fault fault;
	char err[300] = "";

	(void)state;
	assert_int_equal(parse(text, &s, &fault), 0);
	assert_int_equal(mm_mon_check(&s, err, sizeof(err)), 0);
	assert_string_equal(mm_mon_listen(&s), "0.0.0.0:9092");
	assert_int_equal(s.interval_ms, 60000);
	assert_int_equal(mm_mon_stale_ms(&s), 90000);
	assert_int_equal(s.timeout_ms, 2000);
	assert_int_equal(s.top, 20);
	assert_true(s.with_processes && s.is_verbose && !s.is_insecure);
	assert_int_equal(s.memory_count, 2);
	assert_string_equal(s.memory[1].name, "b");
	assert_string_equal(s.memory[1].file, "/ram/b=c");
	mm_mon_settings_free(&s);
}

static void test_defaults(void **state)
{
	struct mm_mon_settings s;
	struct mm_ini_fault fault;
	char err[300] = "";

	(void)state;
	assert_int_equal(parse("", &s, &fault), 0);
	assert_string_equal(mm_mon_listen(&s), "127.0.0.1:9092");
	assert_int_equal(s.interval_ms, 10000);
	assert_int_equal(mm_mon_stale_ms(&s), 30000);
	assert_false(s.with_processes);
	assert_int_equal(mm_mon_check(&s, err, sizeof(err)), 0);
	s.is_controller = true;
	assert_string_equal(mm_mon_listen(&s), "127.0.0.1:9093");
	mm_mon_settings_free(&s);
}

static void test_hosts(void **state)
{
	static const char text[] = "interval = 5\n"
				   "[host alpha]\n"
				   "url = https://alpha.example:9092\n"
				   "token-file = /etc/a\n"
				   "ca-file = /etc/ca\n"
				   "\n[host beta-2]\nurl = http://[::1]:9092\n";
	struct mm_mon_settings s;
	struct mm_ini_fault fault;
	char err[300] = "";

	(void)state;
	assert_int_equal(parse(text, &s, &fault), 0);
	assert_int_equal(s.host_count, 2);
	assert_string_equal(s.hosts[0].name, "alpha");
	assert_string_equal(s.hosts[0].ca_file, "/etc/ca");
	assert_string_equal(s.hosts[1].url, "http://[::1]:9092");
	assert_int_not_equal(mm_mon_check(&s, err, sizeof(err)), 0); /* a client has none */
	assert_non_null(strstr(err, "alpha"));
	s.is_controller = true;
	assert_int_equal(mm_mon_check(&s, err, sizeof(err)), 0);
	mm_mon_settings_free(&s);
}

static const struct {
	const char *text;
	size_t line;
	const char *says;
} wrongs[] = {
	{"intervall = 5\n", 1, "did you mean 'interval'"},
	{"\n\nprocess = yes\n", 3, "processes"},
	{"interval = 0\n", 1, "'0' is not a time from 1s to 1h"},
	{"interval = 61m\n", 1, "1h"},
	{"timeout = 2m\n", 1, "1m"},
	{"stale-after = 25h\n", 1, "24h"},
	{"top = 21\n", 1, "0 to 20"},
	{"processes = true\n", 1, "neither yes nor no"},
	{"listen =\n", 1, "1 to"},
	{"interval = 5\ninterval = 5\n", 2, "twice, first in line 1"},
	{"memory = x\n", 1, "NAME=FILE"},
	{"memory = =x\n", 1, "NAME=FILE"},
	{"memory = a=1\nmemory = a=2\n", 2, "a is there twice"},
	{"controller = yes\n", 1, "command line only"},
	{"url = http://x\n", 1, "[host NAME]"},
	{"[hosts a]\n", 1, "[hosts a]"},
	{"[host]\n", 1, "[host NAME]"},
	{"[host a b]\n", 1, "letters, digits"},
	{"[host a\"]\n", 1, "letters, digits"},
	{"[host a]\nurl = http://a\n[host a]\n", 3, "line 1"},
	{"[host a]\nurl = ftp://a\n", 2, "http[s]"},
	{"[host a]\nurl = http://a/path\n", 2, "without a path"},
	{"[host a]\nurl = http://user@a\n", 2, "http[s]"},
	{"[host a]\nurl = http://\n", 2, "http[s]"},
	{"[host a]\nurl = http://a\nurl = http://b\n", 3, "twice"},
	{"[host a]\nurk = http://a\n", 2, "did you mean 'url'"},
	{"[host a]\ninterval = 5\n", 2, "above the first section"},
	{"nonsense\n", 1, "KEY = VALUE"},
	{"listen = \x01\n", 1, "0x01"},
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct mm_mon_settings s;
		struct mm_ini_fault fault = {.line = 0};

		if (!parse(wrongs[i].text, &s, &fault))
			fail_msg("'%s' is understood", wrongs[i].text);
		if (fault.line != wrongs[i].line || !strstr(fault.text, wrongs[i].says))
			fail_msg("'%s': line %zu: %s", wrongs[i].text, fault.line, fault.text);
		mm_mon_settings_free(&s);
	}
}

/* What an address that others reach must have. */
static const struct {
	const char *text;
	const char *says; /* NULL: right */
} exposures[] = {
	{"listen = 127.0.0.1:1\n", NULL},
	{"listen = 127.9.9.9:1\n", NULL},
	{"listen = [::1]:1\n", NULL},
	{"listen = 0.0.0.0:1\n", "tls-cert and tls-key"},
	{"listen = [::]:1\n", "tls-cert and tls-key"},
	{"listen = 10.0.0.1:1\ntoken-file = /t\n", "tls-cert and tls-key"},
	{"listen = 10.0.0.1:1\ntls-cert = /c\ntls-key = /k\n", "token-file"},
	{"listen = 10.0.0.1:1\ntls-cert = /c\ntls-key = /k\ntoken-file = /t\n", NULL},
	{"listen = 10.0.0.1:1\ninsecure = yes\n", NULL},
	{"tls-cert = /c\n", "tls-key is missing"},
	{"tls-key = /k\n", "tls-cert is missing"},
	{"listen = host:1\n", "'host:1'"},
	{"listen = 127.0.0.1\n", "'127.0.0.1'"},
};

static void test_exposed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(exposures); i++) {
		struct mm_mon_settings s;
		struct mm_ini_fault fault;
		char err[300] = "";
		int r;

		assert_int_equal(parse(exposures[i].text, &s, &fault), 0);
		r = mm_mon_check(&s, err, sizeof(err));
		if (!r != !exposures[i].says || (r && !strstr(err, exposures[i].says)))
			fail_msg("%s: %s", exposures[i].text, err);
		mm_mon_settings_free(&s);
	}
}

static void test_too_many_hosts(void **state)
{
	static char text[MM_MON_HOSTS_MAX * 40 + 100];
	struct mm_ini_fault fault = {.line = 0};
	struct mm_mon_settings s;
	size_t n = 0;

	(void)state;
	for (int i = 0; i <= MM_MON_HOSTS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[host h%d]\nurl=http://a\n", i);
	assert_int_not_equal(parse(text, &s, &fault), 0);
	assert_non_null(strstr(fault.text, "more than 1000 hosts"));
	assert_int_equal(s.host_count, MM_MON_HOSTS_MAX);
	mm_mon_settings_free(&s);
}

static void test_compare(void **state)
{
	struct mm_mon_settings then, now;
	struct mm_ini_fault fault;
	char changed[256], fixed[256];

	(void)state;
	assert_int_equal(parse("listen = 127.0.0.1:1\nmemory = a=/x\n", &then, &fault), 0);
	assert_int_equal(parse("listen = 127.0.0.1:2\ninterval = 3\nprocesses = yes\n"
			       "[host a]\nurl = http://a\n",
				 &now, &fault),
		0);
	mm_mon_compare(&then, &now, changed, fixed);
	assert_string_equal(changed, "interval, processes, hosts");
	assert_string_equal(fixed, "listen, memory");
	mm_mon_keep_fixed(&now, &then);
	assert_string_equal(mm_mon_listen(&now), "127.0.0.1:1");
	assert_int_equal(now.memory_count, 1);
	assert_int_equal(now.interval_ms, 3000);
	mm_mon_settings_free(&then);
	mm_mon_settings_free(&now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_settings),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_exposed),
		cmocka_unit_test(test_too_many_hosts),
		cmocka_unit_test(test_compare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
