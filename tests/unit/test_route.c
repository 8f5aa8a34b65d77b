/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What HTTP requests ask for, whose they may be, where the endpoint listens, and how much time it may take. */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "budget.h"
#include "query.h"
#include "route.h"

static const struct mm_web_names own = {.name = {"dom0", "dom0.example.org"}, .count = 2};

/* ---- targets ----------------------------------------------------------------------------------- */

static const char *const kinds[MM_ROUTE_COUNT] = {
	"list", "page", "status", "domain", "history", "decisions", "events", "metrics"};

/* "kind guest since_ms since_seq limit file", or "status: line". */
static const char *ask(const struct mm_web_head *head)
{
	static char text[400];
	struct mm_refusal refusal;
	struct mm_route route;
	int r;

	memset(&route, 0xa5, sizeof(route));
	memset(&refusal, 0xa5, sizeof(refusal));
	r = mm_route_find(head, &own, &route, &refusal);
	if (r == -EINVAL)
		snprintf(text, sizeof(text), "%u: %s", refusal.status, refusal.text);
	else
		snprintf(text, sizeof(text), "%s%s '%s' %lld %llu %zu '%s'", kinds[route.kind],
			route.is_open_metrics ? "+" : "", route.guest, (long long)route.since_ms,
			(unsigned long long)route.since_seq, route.limit, route.file);
	return text;
}

static const struct {
	const char *target, *answer;
} targets[] = {
	{"/", "list '' -300000 0 100 ''"},
	{"/metrics", "metrics '' -300000 0 100 ''"},
	{"/api/v1/status", "status '' -300000 0 100 ''"},
	{"/api/v1/status?", "status '' -300000 0 100 ''"},
	{"/api/v1/events", "events '' -300000 0 100 ''"},
	{"/api/v1/domains/7", "domain '7' -300000 0 100 ''"},
	{"/api/v1/domains/my%20vm", "domain 'my vm' -300000 0 100 ''"},
	{"/api/v1/domains/a+b", "domain 'a+b' -300000 0 100 ''"},
	{"/api/v1/domains/a%2fb", "domain 'a/b' -300000 0 100 ''"},
	{"/api/v1/domains/%3Cb%3E", "domain '<b>' -300000 0 100 ''"},
	{"/api/v1/history", "history '' -300000 0 100 ''"},
	{"/api/v1/history?domain=web", "history 'web' -300000 0 100 ''"},
	{"/api/v1/history?since=0", "history '' 0 0 100 ''"},
	{"/api/v1/history?since=-1&domain=a+b", "history 'a b' -1 0 100 ''"},
	{"/api/v1/history?since=-9223372036854775807", "history '' -9223372036854775807 0 100 ''"},
	{"/api/v1/history?domain=a%26b%3Dc&since=1700000000000",
		"history 'a&b=c' 1700000000000 0 100 ''"},
	{"/api/v1/history?s%69nce=5&", "history '' 5 0 100 ''"},
	{"/api/v1/decisions", "decisions '' -300000 0 100 ''"},
	{"/api/v1/decisions?limit=1024&since=12&domain=3", "decisions '3' -300000 12 1024 ''"},
	{"/page/style.css", "page '' -300000 0 100 'style.css'"},
	{"/page/app.js?v=2", "page '' -300000 0 100 'app.js'"},

	{"", "404: there is no '' here"},
	{"*", "404: there is no '*' here"},
	{"/api", "404: there is no '/api' here"},
	{"//", "404: there is no '//' here"},
	{"/index.html", "404: there is no '/index.html' here"},
	{"/api/v1/status/", "404: there is no '/api/v1/status/' here"},
	{"/api/v1/statu", "404: there is no '/api/v1/statu' here"},
	{"/api/v1/STATUS", "404: there is no '/api/v1/STATUS' here"},
	{"/%61pi/v1/status", "404: there is no '/%61pi/v1/status' here"},
	{"http://127.0.0.1/api/v1/status",
		"404: there is no 'http://127.0.0.1/api/v1/status' here"},
	{"/a\x01\xff<script>", "404: there is no '/a?"
			       "?<script>' here"},
	{"/../etc/passwd", "404: there is no '/../etc/passwd' here"},
	{"/page/", "404: there is no '/page/' here"},
	{"/page/a/b", "404: /page/: there is nothing of that name there"},
	{"/page/%2", "404: /page/: there is nothing of that name there"},
	{"/api/v1/domains/", "404: there is no '/api/v1/domains/' here"},
	{"/api/v1/domains/a/b", "404: /api/v1/domains/: there is nothing of that name there"},
	{"/api/v1/domains/%", "404: /api/v1/domains/: there is nothing of that name there"},
	{"/api/v1/domains/%4", "404: /api/v1/domains/: there is nothing of that name there"},
	{"/api/v1/domains/%4g", "404: /api/v1/domains/: there is nothing of that name there"},
	{"/api/v1/domains/%00", "404: /api/v1/domains/: there is nothing of that name there"},
	{"/api/v1/domains/%0a", "404: /api/v1/domains/: there is nothing of that name there"},
	{"/api/v1/domains/%c3%a9", "404: /api/v1/domains/: there is nothing of that name there"},
	{"/api/v1/domains/0123456789012345678901234567890123456789012345678901234567890123",
		"404: /api/v1/domains/: there is nothing of that name there"},
	{"/?x=1", "400: / has no parameter 'x'"},
	{"/api/v1/status?pretty=1", "400: /api/v1/status has no parameter 'pretty'"},
	{"/api/v1/history?x", "400: the part behind '?' is not made of name=value"},
	{"/api/v1/history?=x", "400: the part behind '?' is not made of name=value"},
	{"/api/v1/history?&", "400: the part behind '?' is not made of name=value"},
	{"/api/v1/history?domain=%zz", "400: the part behind '?' is not made of name=value"},
	{"/api/v1/history?domain=%0", "400: the part behind '?' is not made of name=value"},
	{"/api/v1/history?domain=",
		"400: domain: '' is not a domid, a uuid or a name of 1 to 63 bytes"},
	{"/api/v1/history?domain=1&domain=2", "400: domain: it is there twice"},
	{"/api/v1/history?domain=0123456789012345678901234567890123456789012345678901234567890123",
		"400: domain: '012345678901234567890123456789012345...' is not a domid, a uuid or "
		"a name of 1 to 63 bytes"},
	{"/api/v1/history?since=", "400: since: '' is not a number of milliseconds"},
	{"/api/v1/history?since=-", "400: since: '-' is not a number of milliseconds"},
	{"/api/v1/history?since=--1", "400: since: '--1' is not a number of milliseconds"},
	{"/api/v1/history?since=5m", "400: since: '5m' is not a number of milliseconds"},
	{"/api/v1/history?since=9223372036854775808",
		"400: since: '9223372036854775808' is not a number of milliseconds"},
	{"/api/v1/history?limit=1", "400: /api/v1/history has no parameter 'limit'"},
	{"/api/v1/decisions?limit=0", "400: limit: '0' is not a number from 1 to 1024"},
	{"/api/v1/decisions?limit=1025", "400: limit: '1025' is not a number from 1 to 1024"},
	{"/api/v1/decisions?since=-1", "400: since: '-1' is not a number of a decision"},
};

static void test_targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		const struct mm_web_head head = {
			.method = "GET", .target = targets[i].target, .host = "localhost"};

		if (strcmp(ask(&head), targets[i].answer) != 0)
			fail_msg(
				"%s: %s, not %s", targets[i].target, ask(&head), targets[i].answer);
	}
}

/* ---- heads ------------------------------------------------------------------------------------- */

#define STATUS	  "/api/v1/status"
#define IS_STATUS "status '' -300000 0 100 ''"

static const struct {
	struct mm_web_head head;
	const char *answer;
} heads[] = {
	{{"GET", STATUS, .host = NULL}, IS_STATUS},
	{{"HEAD", STATUS, .host = "[::1]:9091"}, IS_STATUS},
	{{"GET", STATUS, .content_length = "0"}, IS_STATUS},
	{{"GET", STATUS, .size = MM_WEB_HEAD_MAX}, IS_STATUS},
	{{"GET", STATUS, .host = "localhost:9091", .origin = "http://localhost:9091"}, IS_STATUS},
	{{"GET", STATUS, .host = "DOM0:80", .origin = "https://dom0:80"}, IS_STATUS},
	{{"GET", STATUS, .fetch_site = "same-origin"}, IS_STATUS},
	{{"GET", STATUS, .fetch_site = "none"}, IS_STATUS},
	{{"GET", "/", .accept = "text/html,application/xhtml+xml;q=0.9"},
		"page '' -300000 0 100 ''"},
	{{"GET", "/", .accept = "text/html", .fetch_site = "cross-site"},
		"page '' -300000 0 100 ''"},
	{{"GET", "/", .accept = "*/*"}, "list '' -300000 0 100 ''"},
	{{"GET", "/metrics",
		 .accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"},
		"metrics+ '' -300000 0 100 ''"},
	{{"GET", "/metrics", .accept = "text/plain"}, "metrics '' -300000 0 100 ''"},

	{{"POST", STATUS, .host = NULL}, "405: POST: only GET and HEAD are answered"},
	{{"get", STATUS, .host = NULL}, "405: get: only GET and HEAD are answered"},
	{{"OPTIONS", "*", .host = NULL}, "405: OPTIONS: only GET and HEAD are answered"},
	{{"GET", STATUS, .content_length = "1"}, "413: a request has no body here"},
	{{"GET", STATUS, .content_length = "00"}, "413: a request has no body here"},
	{{"GET", STATUS, .transfer_encoding = "chunked"}, "413: a request has no body here"},
	{{"GET", STATUS, .size = MM_WEB_HEAD_MAX + 1},
		"431: a request's head has at most 8192 bytes"},
	{{"GET", STATUS, .is_ambiguous = true}, "400: a header is there twice"},
	{{"GET", STATUS, .host = "evil.example"}, "403: this host goes by its address, localhost "
						  "or its own name, not by 'evil.example'"},
	{{"GET", STATUS, .host = ""},
		"403: this host goes by its address, localhost or its own name, not by ''"},
	{{"GET", STATUS, .host = "localhost", .origin = "http://evil.example"},
		"403: pages of 'http://evil.example' may not look in here"},
	{{"GET", STATUS, .host = "localhost:9091", .origin = "http://localhost:8080"},
		"403: pages of 'http://localhost:8080' may not look in here"},
	{{"GET", STATUS, .host = "localhost", .origin = "null"},
		"403: pages of 'null' may not look in here"},
	{{"GET", STATUS, .origin = "http://localhost"},
		"403: pages of 'http://localhost' may not look in here"},
	{{"GET", STATUS, .fetch_site = "cross-site"},
		"403: pages of other sites may not look in here"},
	{{"GET", "/", .fetch_site = "Cross-Site"},
		"403: pages of other sites may not look in here"},
	{{"GET", STATUS, .fetch_site = "same-site"},
		"403: pages of other sites may not look in here"},
	{{"GET", STATUS, .fetch_site = "cross-site "},
		"403: pages of other sites may not look in here"},
	{{"GET", "/metrics", .fetch_site = "cross-site"},
		"403: pages of other sites may not look in here"},
};

static void test_heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		if (strcmp(ask(&heads[i].head), heads[i].answer) != 0)
			fail_msg("%zu %s %s: %s, not %s", i, heads[i].head.method,
				heads[i].head.target, ask(&heads[i].head), heads[i].answer);
}

static void test_head_wants_no_body(void **state)
{
	const struct mm_web_head head = {.method = "HEAD", .target = "/"};
	struct mm_refusal refusal;
	struct mm_route route;

	(void)state;
	assert_int_equal(mm_route_find(&head, &own, &route, &refusal), 0);
	assert_true(route.is_head);
}

static const struct {
	const char *host;
	bool is_ours;
} hosts[] = {
	{"localhost", true},
	{"LocalHost:9091", true},
	{"localhost.", true},
	{"127.0.0.1", true},
	{"127.0.0.1:9091", true},
	{"10.0.0.7:80", true},
	{"[::1]", true},
	{"[fe80::1]:9091", true},
	{"dom0", true},
	{"dom0.example.org:9091", true},
	{"DOM0.EXAMPLE.ORG.", true},
	{"localhost:", true},

	{"", false},
	{":9091", false},
	{".", false},
	{"localhost..", false},
	{"localhost.evil.example", false},
	{"dom0.evil.example", false},
	{"dom", false},
	{"127.0.0.1.evil.example", false},
	{"127.0.0.256", false},
	{"127.1", false},
	{"2130706433", false},
	{"0x7f000001", false},
	{"::1", false},
	{"[::1", false},
	{"[]", false},
	{"[::1]x", false},
	{"[127.0.0.1]", false},
	{"[localhost]", false},
	{"localhost:9091x", false},
	{"localhost:123456", false},
	{"localhost:80:80", false},
	{"localhost evil", false},
	{"evil@localhost", false},
	{"localhost/", false},
};

static void test_hosts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		if (mm_route_is_our_host(hosts[i].host, &own) != hosts[i].is_ours)
			fail_msg("'%s' is %sours", hosts[i].host, hosts[i].is_ours ? "not " : "");
}

static const struct {
	const char *header, *choice;
	bool is_accepted;
} accepts[] = {
	{"text/html", "text/html", true},
	{"TEXT/HTML", "text/html", true},
	{"application/json, text/html;q=0.2", "text/html", true},
	{" text/html ; level=1 ; q=0.001", "text/html", true},
	{"text/html;q=1", "text/html", true},
	{"gzip, deflate, br", "gzip", true},
	{"br,\tgzip", "gzip", true},

	{NULL, "text/html", false},
	{"", "text/html", false},
	{",,,", "text/html", false},
	{"*/*", "text/html", false},
	{"text/htmlx", "text/html", false},
	{"xtext/html", "text/html", false},
	{"text/html;q=0", "text/html", false},
	{"text/html;q=0.000", "text/html", false},
	{"text/html; level=1; Q=0 , x", "text/html", false},
	{"gzip;q=0, *", "gzip", false},
	{"x;text/html", "text/html", false},
};

static void test_accepts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepts); i++)
		if (mm_route_accepts(accepts[i].header, accepts[i].choice) !=
			accepts[i].is_accepted)
			fail_msg("'%s' %s %s", accepts[i].header,
				accepts[i].is_accepted ? "refuses" : "accepts", accepts[i].choice);
}

static const struct {
	const char *header;
	bool has_tag;
} tags[] = {
	{"\"abc\"", true},
	{"W/\"abc\"", true},
	{"\"x\", \"abc\"", true},
	{"\"x\",W/\"abc\",\"y\"", true},
	{"*", true},
	{NULL, false},
	{"", false},
	{"abc", false},
	{"\"ab\"", false},
	{"\"abcd\"", false},
	{"\"x\" , ", false},
	{"W/", false},
	{"*x", false},
};

static void test_tags(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tags); i++)
		if (mm_route_has_tag(tags[i].header, "\"abc\"") != tags[i].has_tag)
			fail_msg("'%s': %s", tags[i].header,
				tags[i].has_tag ? "is not found" : "is found");
}

/* ---- where it listens -------------------------------------------------------------------------- */

static const struct {
	const char *text;
	char result; /* 'l'oopback, 'o'pen to others, '-' none */
} addresses[] = {
	{"127.0.0.1:9091", 'l'},
	{"127.9.9.9:1", 'l'},
	{"[::1]:9091", 'l'},
	{"0.0.0.0:9091", 'o'},
	{"192.168.1.1:65535", 'o'},
	{"[::]:9091", 'o'},
	{"[fd00::1]:80", 'o'},
	{"[::ffff:127.0.0.1]:80", 'o'},
	{"", '-'},
	{"127.0.0.1", '-'},
	{"127.0.0.1:", '-'},
	{"127.0.0.1:0", '-'},
	{"127.0.0.1:65536", '-'},
	{"127.0.0.1:x", '-'},
	{"127.0.0.1:+80", '-'},
	{"localhost:80", '-'},
	{":80", '-'},
	{"::1:80", '-'},
	{"[::1]", '-'},
	{"[::1]80", '-'},
	{"[::1:80", '-'},
	{"[127.0.0.1]:80", '-'},
	{"[]:80", '-'},
	{"[fe80::1%eth0]:80", '-'},
	{"*:80", '-'},
	{"127.0.0.1:80 ", '-'},
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		union mm_web_address address;
		char result = '-';

		if (!mm_web_address_parse(addresses[i].text, &address))
			result = mm_web_address_is_loopback(&address) ? 'l' : 'o';
		if (result != addresses[i].result)
			fail_msg(
				"'%s': %c, not %c", addresses[i].text, result, addresses[i].result);
	}
}

static void test_shown_is_printable_and_fits(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(mm_query_show("", buf, sizeof(buf)), "");
	assert_string_equal(mm_query_show("1234567", buf, sizeof(buf)), "1234567");
	assert_string_equal(mm_query_show("12345678", buf, sizeof(buf)), "1234...");
	assert_string_equal(mm_query_show("a\x1b\x7f\xe9\nb", buf, sizeof(buf)), "a????b");
}

/* ---- its share of the time --------------------------------------------------------------------- */

static void test_a_tenth_of_the_time(void **state)
{
	struct mm_budget budget;
	uint64_t now_us = 1000000, spent_us = 0, wait_us;

	(void)state;
	mm_budget_init(&budget, now_us);
	/* somebody asks whenever he may, and each answer takes 3 ms */
	while (now_us < 101000000) {
		wait_us = mm_budget_wait_us(&budget, now_us);
		if (wait_us > 0) {
			now_us += wait_us;
			assert_int_equal(mm_budget_wait_us(&budget, now_us), 0);
			continue;
		}
		now_us += 3000;
		spent_us += 3000;
		mm_budget_spend(&budget, now_us, 3000);
	}
	assert_in_range(spent_us, 10000000, 10000000 + MM_BUDGET_SAVED_US + 6000);
}

static void test_saved_time_is_bounded(void **state)
{
	struct mm_budget budget;

	(void)state;
	mm_budget_init(&budget, 0);
	assert_int_equal(mm_budget_wait_us(&budget, UINT64_C(1) << 60), 0);
	mm_budget_spend(&budget, UINT64_C(1) << 60, MM_BUDGET_SAVED_US + 1000);
	assert_int_equal(mm_budget_wait_us(&budget, UINT64_C(1) << 60), 1001 * MM_BUDGET_SHARE);
}

static void test_time_in_small_steps_counts(void **state)
{
	struct mm_budget budget;
	uint64_t now_us = 0;

	(void)state;
	mm_budget_init(&budget, now_us);
	mm_budget_spend(&budget, now_us, MM_BUDGET_SAVED_US);
	while (now_us < 1000 && mm_budget_wait_us(&budget, now_us) > 0)
		now_us += 3;
	assert_in_range(now_us, MM_BUDGET_SHARE, MM_BUDGET_SHARE + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_head_wants_no_body),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_shown_is_printable_and_fits),
		cmocka_unit_test(test_a_tenth_of_the_time),
		cmocka_unit_test(test_saved_time_is_bounded),
		cmocka_unit_test(test_time_in_small_steps_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
