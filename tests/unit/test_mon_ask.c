/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a request to mmmon asks for. */
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "monitor/service/ask.h"
#include "monitor/service/uuid.h"

#define UUID "c0ffee00-1234-5678-9abc-def012345678"

static const struct {
	const char *target;
	const char *result; /* kind, guest, host, sort, limit, kernel */
	bool is_controllers;
} rights[] = {
	{"/healthz", "0 '' '' rss 0 0", false},
	{"/metrics", "1 '' '' rss 0 0", false},
	{"/v1/host", "2 '' '' rss 0 0", false},
	{"/v1/hosts", "3 '' '' rss 0 0", true},
	{"/v1/domains", "4 '' '' rss 0 0", false},
	{"/v1/domains?", "4 '' '' rss 0 0", false},
	{"/v1/domains?processes=7", "4 '' '' rss 7 0", false},
	{"/v1/domains?host=alpha", "4 '' 'alpha' rss 0 0", true},
	{"/v1/domains/" UUID, "5 '" UUID "' '' rss 0 0", false},
	{"/v1/domains/%41bc", "5 'Abc' '' rss 0 0", false},
	{"/v1/domains/" UUID "/processes", "6 '" UUID "' '' rss 20 0", false},
	{"/v1/domains/x/processes?sort=cpu&limit=1000&kernel=yes", "6 'x' '' cpu 1000 1", false},
	{"/v1/processes", "7 '' '' cpu 20 0", false},
	{"/v1/processes?sort=swap&limit=50&kernel=no&host=b", "7 '' 'b' swap 50 0", true},
};

static void test_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rights); i++) {
		struct mm_refusal refusal = {.text = ""};
		struct mm_ask ask;
		char got[200];

		if (mm_ask_parse(rights[i].target, true, &ask, &refusal))
			fail_msg("%s: %s", rights[i].target, refusal.text);
		snprintf(got, sizeof(got), "%d '%s' '%s' %s %zu %d", (int)ask.kind, ask.guest,
			ask.host, mm_sort_name(ask.sort), ask.limit, ask.with_kernel);
		if (strcmp(got, rights[i].result) != 0)
			fail_msg("%s: %s", rights[i].target, got);
		if (!mm_ask_parse(rights[i].target, false, &ask, &refusal) ==
			rights[i].is_controllers)
			fail_msg("%s: in a client", rights[i].target);
	}
}

static const struct {
	const char *target;
	unsigned status;
	const char *says;
} wrongs[] = {
	{"", 404, "''"},
	{"/", 404, "'/'"},
	{"/v1", 404, "/v1"},
	{"/v1/domain", 404, "/v1/domain"},
	{"/v1/domains/", 404, "/v1/domains/"},
	{"/v1/domains//processes", 404, ""},
	{"/v1/domains/x/y", 404, ""},
	{"/v1/domains/x/processes/", 404, ""},
	{"/v1/domains/%zz", 404, ""},
	{"/v1/domains/%00", 404, ""},
	{"/v1/domains/\x01", 404, "?"},
	{"http://x/v1/host", 404, ""},
	{"/v1/host?a=b", 400, "no parameter 'a'"},
	{"/v1/processes?sort=size", 400, "cpu, rss"},
	{"/v1/processes?limit=1001", 400, "1 to 1000"},
	{"/v1/processes?limit=-1", 400, "1 to 1000"},
	{"/v1/processes?limit=0", 400, "1 to 1000"},
	{"/v1/processes?limit=5&limit=5", 400, "twice"},
	{"/v1/processes?kernel=1", 400, "yes or no"},
	{"/v1/processes?limit", 400, "name=value"},
	{"/v1/processes?host=", 400, "host"},
	{"/v1/domains?limit=5", 400, "no parameter 'limit'"},
};

static void test_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct mm_refusal refusal = {.text = ""};
		struct mm_ask ask;

		if (!mm_ask_parse(wrongs[i].target, true, &ask, &refusal))
			fail_msg("%s is understood", wrongs[i].target);
		if (refusal.status != wrongs[i].status || !strstr(refusal.text, wrongs[i].says))
			fail_msg("%s: %u %s", wrongs[i].target, refusal.status, refusal.text);
	}
}

static void test_private(void **state)
{
	static const char *const targets[] = {
		"/v1/processes", "/v1/domains/x/processes", "/v1/domains?processes=1"};
	static const char *const open[] = {
		"/v1/domains", "/v1/domains/x", "/v1/host", "/v1/hosts", "/metrics", "/healthz"};
	struct mm_refusal refusal;
	struct mm_ask ask;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		assert_int_equal(mm_ask_parse(targets[i], true, &ask, &refusal), 0);
		assert_true(mm_ask_is_private(&ask));
	}
	for (size_t i = 0; i < ARRAY_SIZE(open); i++) {
		assert_int_equal(mm_ask_parse(open[i], true, &ask, &refusal), 0);
		assert_false(mm_ask_is_private(&ask));
	}
}

static void test_uuid(void **state)
{
	char a[MM_UUID_LEN + 1], b[MM_UUID_LEN + 1], same[MM_UUID_LEN + 1];

	(void)state;
	assert_true(mm_uuid_is(UUID));
	assert_false(mm_uuid_is(UUID "0"));
	assert_false(mm_uuid_is("c0ffee00-1234-5678-9abc-def01234567g"));
	assert_false(mm_uuid_is("c0ffee0001234-5678-9abc-def012345678"));
	mm_uuid_of("C0FFEE00-1234-5678-9ABC-DEF012345678", a);
	assert_string_equal(a, UUID);
	mm_uuid_of("web", a);
	mm_uuid_of("web", same);
	mm_uuid_of("weB", b);
	assert_true(mm_uuid_is(a));
	assert_string_equal(a, same);
	assert_string_not_equal(a, b);
	assert_int_equal(a[14], '8');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_private),
		cmocka_unit_test(test_uuid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
