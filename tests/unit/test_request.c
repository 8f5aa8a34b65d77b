/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

static const struct {
	const char *line;
	const char *result;
} rights[] = {
	{"{\"request\":\"status\"}", "0 '' c32 i0 k0 w0 h60000 00"},
	{" {\"version\":1, \"request\":\"leases\"} ", "2 '' c32 i0 k0 w0 h60000 00"},
	{"{\"request\":\"why\",\"guest\":\"web\"}", "1 'web' c32 i0 k0 w0 h60000 00"},
	{"{\"request\":\"why\",\"guest\":\"7\",\"count\":1}", "1 '7' c1 i0 k0 w0 h60000 00"},
	{"{\"request\":\"why\",\"guest\":\"my vm\"}", "1 'my?vm' c32 i0 k0 w0 h60000 00"},
	{"{\"request\":\"reserve\",\"kib\":1}", "3 '' c32 i0 k1 w0 h60000 00"},
	{"{\"request\":\"reserve\",\"kib\":524288,\"guest\":\"web\",\"wait_ms\":3600000,"
	 "\"hold_ms\":1000,\"tied\":true,\"tell\":true}",
		"3 'web' c32 i0 k524288 w3600000 h1000 11"},
	{"{\"request\":\"release\",\"id\":4294967295}", "4 '' c32 i4294967295 k0 w0 h60000 00"},
	{"{\"request\":\"release\",\"guest\":\"web\"}", "4 'web' c32 i0 k0 w0 h60000 00"},
	{"{\"request\":\"pause\"}", "5 '' c32 i0 k0 w0 h60000 00"},
	{"{\"request\":\"resume\"}", "6 '' c32 i0 k0 w0 h60000 00"},
	{"{\"request\":\"history\"}", "7 '' c32 i0 k0 w0 h60000 00 s-300000"},
	{"{\"request\":\"history\",\"guest\":\"web\",\"since\":-3600000}",
		"7 'web' c32 i0 k0 w0 h60000 00 s-3600000"},
	{"{\"request\":\"history\",\"since\":1700000000000}",
		"7 '' c32 i0 k0 w0 h60000 00 s1700000000000"},
	{"{\"request\":\"decisions\"}", "8 '' c100 i0 k0 w0 h60000 00"},
	{"{\"request\":\"decisions\",\"guest\":\"7\",\"since\":12,\"count\":1024}",
		"8 '7' c1024 i0 k0 w0 h60000 00 s12"},
};

static void test_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		struct mm_request q;
		char err[256], got[200];
		int len;

		memset(&q, 0xa5, sizeof(q));
		if (mm_request_parse(rights[i].line, strlen(rights[i].line), &q, err, sizeof(err)))
			fail_msg("%s: %s", rights[i].line, err);
		len = snprintf(got, sizeof(got), "%d '%s' c%llu i%llu k%llu w%llu h%llu %d%d",
			q.kind, q.guest, (unsigned long long)q.count, (unsigned long long)q.id,
			(unsigned long long)q.kib, (unsigned long long)q.wait_ms,
			(unsigned long long)q.hold_ms, q.is_tied, q.is_told_of_wait);
		if (q.since)
			snprintf(
				got + len, sizeof(got) - (size_t)len, " s%lld", (long long)q.since);
		if (strcmp(got, rights[i].result) != 0)
			fail_msg("%s: %s, not %s", rights[i].line, got, rights[i].result);
	}
}

static const struct {
	const char *line;
	int error;
	const char *text; /* in the line for people */
} wrongs[] = {
	{"", -EINVAL, "not JSON"},
	{"status", -EINVAL, "not JSON"},
	{"{\"request\":\"status\"", -EINVAL, "not JSON"},
	{"{\"request\":\"status\"} x", -EINVAL, "not JSON"},
	{"{\"request\":\"status\",\"request\":\"pause\"}", -EINVAL, "not JSON"},
	{"[]", -EINVAL, "'request'"},
	{"{}", -EINVAL, "'request'"},
	{"{\"request\":1}", -EINVAL, "'request'"},
	{"{\"request\":\"dance\"}", -EINVAL, "'dance'"},
	{"{\"request\":\"status\",\"version\":2}", -EINVAL, "'version' must be 1"},
	{"{\"request\":\"status\",\"version\":\"1\"}", -EINVAL, "'version' must be 1"},
	{"{\"request\":\"status\",\"kib\":1}", -EINVAL, "'status' takes no 'kib'"},
	{"{\"request\":\"why\"}", -EINVAL, "'why' needs 'guest'"},
	{"{\"request\":\"why\",\"guest\":\"\"}", -EINVAL, "'guest'"},
	{"{\"request\":\"why\",\"guest\":3}", -EINVAL, "'guest'"},
	{"{\"request\":\"why\",\"guest\":\"a\",\"count\":0}", -ERANGE,
		"'count' must be from 1 to 32"},
	{"{\"request\":\"why\",\"guest\":\"a\",\"count\":33}", -ERANGE, "not 33"},
	{"{\"request\":\"history\",\"since\":-9000000000000001}", -ERANGE, "'since'"},
	{"{\"request\":\"history\",\"since\":\"-5m\"}", -EINVAL, "'since'"},
	{"{\"request\":\"decisions\",\"since\":-1}", -ERANGE, "not -1"},
	{"{\"request\":\"decisions\",\"count\":1025}", -ERANGE, "from 1 to 1024"},
	{"{\"request\":\"decisions\",\"guest\":\"\"}", -EINVAL, "'guest'"},
	{"{\"request\":\"reserve\"}", -EINVAL, "'reserve' needs 'kib'"},
	{"{\"request\":\"reserve\",\"kib\":0}", -ERANGE, "'kib'"},
	{"{\"request\":\"reserve\",\"kib\":-5}", -ERANGE, "not -5"},
	{"{\"request\":\"reserve\",\"kib\":\"5\"}", -EINVAL, "'kib' must be a whole number"},
	{"{\"request\":\"reserve\",\"kib\":1.5}", -EINVAL, "'kib' must be a whole number"},
	{"{\"request\":\"reserve\",\"kib\":17592186044417}", -ERANGE, "17592186044416"},
	{"{\"request\":\"reserve\",\"kib\":99999999999999999999}", -EINVAL, "not JSON"},
	{"{\"request\":\"reserve\",\"kib\":1,\"hold_ms\":999}", -ERANGE, "'hold_ms'"},
	{"{\"request\":\"reserve\",\"kib\":1,\"wait_ms\":3600001}", -ERANGE, "'wait_ms'"},
	{"{\"request\":\"reserve\",\"kib\":1,\"tied\":1}", -EINVAL, "'tied' must be true or false"},
	{"{\"request\":\"release\"}", -EINVAL, "needs 'id' or 'guest'"},
	{"{\"request\":\"release\",\"id\":1,\"guest\":\"a\"}", -EINVAL, "not both"},
	{"{\"request\":\"release\",\"id\":0}", -ERANGE, "'id'"},
	{"{\"request\":\"release\",\"id\":4294967296}", -ERANGE, "4294967295"},
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct mm_request q = {.kind = MM_REQUEST_COUNT};
		char err[256] = "";
		int r = mm_request_parse(
			wrongs[i].line, strlen(wrongs[i].line), &q, err, sizeof(err));

		if (r != wrongs[i].error || !strstr(err, wrongs[i].text))
			fail_msg("%s: %d, '%s', not %d, '%s'", wrongs[i].line, r, err,
				wrongs[i].error, wrongs[i].text);
		assert_int_equal(q.kind, MM_REQUEST_COUNT);
	}
}

static void test_too_long(void **state)
{
	size_t size = MM_REQUEST_MAX + 1;
	char *line = malloc(size), err[256];
	struct mm_request q;

	(void)state;
	assert_non_null(line);
	memset(line, ' ', size);
	memcpy(line, "{\"request\":\"status\"}", 20);
	assert_int_equal(mm_request_parse(line, size, &q, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "65536"));
	assert_int_equal(mm_request_parse(line, size - 1, &q, err, sizeof(err)), 0);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
