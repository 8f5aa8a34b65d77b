/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tokens: their file, who may read it, what each is good for; and how often an address may ask. */
#include "unit/test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/service/rate.h"
#include "monitor/service/tokens.h"

#define A "aaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbb"
#define C "Cc09-._~+/=cccccc"

static struct mm_mon_tokens *parse(const char *text)
{
	struct mm_mon_tokens *tokens = NULL;
	struct mm_ini_fault fault;

	if (mm_mon_tokens_parse(text, strlen(text), &tokens, &fault))
		fail_msg("'%s': line %zu: %s", text, fault.line, fault.text);
	return tokens;
}

static void test_scopes(void **state)
{
	static const struct {
		const char *header;
		enum mm_mon_scope scope;
	} rows[] = {
		{NULL, MM_SCOPE_NONE},
		{"", MM_SCOPE_NONE},
		{"Bearer", MM_SCOPE_NONE},
		{"Bearer ", MM_SCOPE_NONE},
		{"Bearer " A, MM_SCOPE_TOTALS},
		{"bearer  " A, MM_SCOPE_TOTALS},
		{"Bearer " B, MM_SCOPE_PROCESSES},
		{"Bearer " C, MM_SCOPE_TOTALS},
		{"Basic " B, MM_SCOPE_NONE},
		{"Bearer " A "a", MM_SCOPE_NONE},
		{"Bearer aaaaaaaaaaaaaaa", MM_SCOPE_NONE},
		{"Bearer Aaaaaaaaaaaaaaaa", MM_SCOPE_NONE},
		{"Bearer " B " ", MM_SCOPE_NONE},
		{B, MM_SCOPE_NONE},
	};
	struct mm_mon_tokens *tokens =
		parse("# who\n" A "\n\n  " B "\tprocesses # the page\r\n" C " totals");

	(void)state;
	assert_int_equal(mm_mon_tokens_count(tokens), 3);
	assert_string_equal(mm_mon_tokens_first(tokens), A);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (mm_mon_tokens_check(tokens, rows[i].header) != rows[i].scope)
			fail_msg("'%s'", rows[i].header ? rows[i].header : "(none)");
	mm_mon_tokens_free(tokens);
	mm_mon_tokens_free(NULL);
}

static void test_wrong(void **state)
{
	static const struct {
		const char *text;
		size_t line;
		const char *says;
	} rows[] = {
		{"short\n", 1, "5 bytes; it must have 16 to 128"},
		{A "\naaaaaaaaaaaaaaa!\n", 2, "letters, digits"},
		{A " all\n", 1, "nothing, totals or processes"},
		{A " totals processes\n", 1, "nothing, totals or processes"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mm_mon_tokens *tokens = NULL;
		struct mm_ini_fault fault = {.line = 0};

		assert_int_not_equal(
			mm_mon_tokens_parse(rows[i].text, strlen(rows[i].text), &tokens, &fault),
			0);
		assert_null(tokens);
		if (fault.line != rows[i].line || !strstr(fault.text, rows[i].says))
			fail_msg("%zu: line %zu: %s", i, fault.line, fault.text);
		assert_null(strstr(fault.text, "aaaa")); /* nothing of a token is told */
	}
}

static void test_too_many(void **state)
{
	static char text[(MM_MON_TOKENS_MAX + 1) * 20 + 1];
	struct mm_mon_tokens *tokens = NULL;
	struct mm_ini_fault fault = {.line = 0};
	size_t n = 0;

	(void)state;
	for (int i = 0; i < MM_MON_TOKENS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "token%014d\n", i);
	tokens = parse(text);
	assert_int_equal(
		mm_mon_tokens_check(tokens, "Bearer token00000000000255"), MM_SCOPE_TOTALS);
	mm_mon_tokens_free(tokens);
	(void)snprintf(text + n, sizeof(text) - n, "%s\n", A);
	assert_int_not_equal(mm_mon_tokens_parse(text, strlen(text), &tokens, &fault), 0);
	assert_int_equal(fault.line, MM_MON_TOKENS_MAX + 1);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_file(void **state)
{
	static const mode_t open_modes[] = {0640, 0604, 0644, 0620, 0602, 0777};
	char folder[] = "/tmp/test_tokens_XXXXXX", path[64], err[300] = "";
	struct mm_mon_tokens *tokens = NULL;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/tokens", folder);
	assert_int_not_equal(mm_mon_tokens_load(path, &tokens, err, sizeof(err)), 0);
	assert_non_null(strstr(err, path));
	assert_int_not_equal(mm_mon_tokens_load(folder, &tokens, err, sizeof(err)), 0);
	assert_int_not_equal(mm_mon_tokens_load("/dev/null", &tokens, err, sizeof(err)), 0);
	write_file(path, "# none\n", 0600);
	assert_int_not_equal(mm_mon_tokens_load(path, &tokens, err, sizeof(err)), 0);
	assert_non_null(strstr(err, "no token"));
	for (size_t i = 0; i < ARRAY_SIZE(open_modes); i++) {
		write_file(path, A "\n", open_modes[i]);
		assert_int_not_equal(mm_mon_tokens_load(path, &tokens, err, sizeof(err)), 0);
		assert_non_null(strstr(err, "chmod 600"));
	}
	write_file(path, A "\n", 0400);
	assert_int_equal(mm_mon_tokens_load(path, &tokens, err, sizeof(err)), 0);
	mm_mon_tokens_free(tokens);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static struct sockaddr_in address_of(uint32_t number)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(number)};
}

static bool take(struct mm_rate *rate, uint32_t number, unsigned requests, uint64_t now_ms)
{
	struct sockaddr_in address = address_of(number);

	return mm_rate_take(rate, (struct sockaddr *)&address, requests, now_ms);
}

static void test_rate(void **state)
{
	struct mm_rate rate = {0};

	(void)state;
	for (int i = 0; i < MM_RATE_BURST; i++)
		assert_true(take(&rate, 1, 1, 1000));
	assert_false(take(&rate, 1, 1, 1000));
	assert_true(take(&rate, 2, 1, 1000)); /* others are not touched */
	assert_true(take(&rate, 1, 1, 1050)); /* 20 a second */
	assert_false(take(&rate, 1, 1, 1050));
	for (int i = 0; i < MM_RATE_BURST; i++)
		assert_true(take(&rate, 1, 1, 1000000)); /* no more than that is saved up */
	assert_false(take(&rate, 1, 1, 1000000));
}

static void test_rate_of_guesses(void **state)
{
	struct mm_rate rate = {0};

	(void)state;
	for (int i = 0; i < MM_RATE_BURST / MM_RATE_WRONG; i++)
		assert_true(take(&rate, 1, MM_RATE_WRONG, 1));
	assert_false(take(&rate, 1, MM_RATE_WRONG, 100));
	assert_false(take(&rate, 1, 1, 100)); /* and has nothing left */
}

/* A crowd of addresses takes the places of those that are silent; a network of IPv6 is one. */
static void test_rate_of_crowds(void **state)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct mm_rate rate = {0};

	(void)state;
	for (uint32_t i = 0; i < 10 * MM_RATE_ADDRESSES; i++)
		assert_true(take(&rate, i, 1, 1000 + i));
	v6.sin6_addr.s6_addr[0] = 0x20;
	for (int i = 0; i < MM_RATE_BURST; i++) {
		v6.sin6_addr.s6_addr[15] = (uint8_t)i;
		assert_true(mm_rate_take(&rate, (struct sockaddr *)&v6, 1, 9000));
	}
	v6.sin6_addr.s6_addr[15] = 0xff;
	assert_false(mm_rate_take(&rate, (struct sockaddr *)&v6, 1, 9000));
	v6.sin6_addr.s6_addr[7] = 1;
	assert_true(mm_rate_take(&rate, (struct sockaddr *)&v6, 1, 9000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_rate_of_guesses),
		cmocka_unit_test(test_rate_of_crowds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
