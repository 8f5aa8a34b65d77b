/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <string.h>

#include "xenmm/units.h"

#define UNTOUCHED UINT64_C(77)

struct u64_case {
	const char *name;
	const char *text;
	size_t len;
	uint64_t max;
	int result;
	uint64_t value;
};

static void test_parse_u64(void **state)
{
	static const struct u64_case cases[] = {
		{"zero", "0", 1, 10, 0, 0},
		{"leading zeros", "0007", 4, 10, 0, 7},
		{"at max", "10", 2, 10, 0, 10},
		{"above max", "11", 2, 10, -ERANGE, UNTOUCHED},
		{"largest", "18446744073709551615", 20, UINT64_MAX, 0, UINT64_MAX},
		{"2^64", "18446744073709551616", 20, UINT64_MAX, -ERANGE, UNTOUCHED},
		{"40 digits", "9999999999999999999999999999999999999999", 40, UINT64_MAX, -ERANGE,
			UNTOUCHED},
		{"overflow, then a letter", "99999999999999999999x", 21, UINT64_MAX, -EINVAL,
			UNTOUCHED},
		{"empty", "", 0, 10, -EINVAL, UNTOUCHED},
		{"negative", "-1", 2, 10, -EINVAL, UNTOUCHED},
		{"plus sign", "+1", 2, 10, -EINVAL, UNTOUCHED},
		{"leading space", " 1", 2, 10, -EINVAL, UNTOUCHED},
		{"newline behind", "1\n", 2, 10, -EINVAL, UNTOUCHED},
		{"hexadecimal", "0x1", 3, 10, -EINVAL, UNTOUCHED},
		{"terminator counted in", "1", 2, 10, -EINVAL, UNTOUCHED},
		{"only len bytes are read", "12345", 2, 99, 0, 12},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct u64_case *c = &cases[i];
		uint64_t value = UNTOUCHED;
		int r = mm_parse_u64(c->text, c->len, c->max, &value);

		if (r != c->result || value != c->value)
			fail_msg("%s: returned %d, value %llu", c->name, r,
				(unsigned long long)value);
	}
}

struct text_case {
	const char *text;
	int result;
	uint64_t value;
};

static void check_texts(const struct text_case *cases, size_t count,
	int (*parse)(const char *text, uint64_t *ret_value))
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED;
		int r = parse(cases[i].text, &value);

		if (r != cases[i].result || value != (r < 0 ? UNTOUCHED : cases[i].value))
			fail_msg("\"%s\": returned %d, value %llu", cases[i].text, r,
				(unsigned long long)value);
	}
}

static void test_parse_size(void **state)
{
	static const struct text_case cases[] = {
		{"0", 0, 0},
		{"786432", 0, 786432},
		{"12k", 0, 12},
		{"12K", 0, 12},
		{"768M", 0, 786432},
		{"768m", 0, 786432},
		{"768MB", 0, 786432},
		{"768MiB", 0, 786432},
		{"768mib", 0, 786432},
		{"3g", 0, 3 << 20},
		{"1.5G", 0, 1572864},
		{"0.1M", 0, 102},
		{"1.9999999999999999999M", 0, 2047},
		{"2t", 0, UINT64_C(2) << 30},
		{"16384T", 0, MM_SIZE_MAX_KIB},
		{"16384.5T", -ERANGE, 0},
		{"16385T", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"18446744073709551615T", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"M", -EINVAL, 0},
		{"-1M", -EINVAL, 0},
		{"1.M", -EINVAL, 0},
		{".5M", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"1.5k", -EINVAL, 0},
		{"1.5.5G", -EINVAL, 0},
		{"1 M", -EINVAL, 0},
		{"1Mx", -EINVAL, 0},
		{"1Mi", -EINVAL, 0},
		{"1B", -EINVAL, 0},
		{"1P", -EINVAL, 0},
		{"1\x0b", -EINVAL, 0}, /* 0x0b | 0x20 is no letter we know */
		{"1e3", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
	};

	(void)state;
	check_texts(cases, ARRAY_SIZE(cases), mm_parse_size);
}

static void test_parse_duration(void **state)
{
	static const struct text_case cases[] = {
		{"2", 0, 2000},
		{"0.5", 0, 500},
		{"0", 0, 0},
		{"10s", 0, 10000},
		{"250ms", 0, 250},
		{"1m", 0, 60000},
		{"1.5m", 0, 90000},
		{"1h", 0, 3600000},
		{"0.0001", 0, 0},
		{"8784h", 0, MM_DURATION_MAX_MS},
		{"8785h", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
		{"0.5ms", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"1S", -EINVAL, 0},
		{"1 s", -EINVAL, 0},
		{"nan", -EINVAL, 0},
		{"inf", -EINVAL, 0},
	};

	(void)state;
	check_texts(cases, ARRAY_SIZE(cases), mm_parse_duration);
}

static void test_format_size(void **state)
{
	static const struct {
		uint64_t kib;
		const char *text;
	} cases[] = {
		{0, "0K"}, {12, "12K"}, {1023, "1023K"}, {1024, "1M"}, {1536, "1.5M"},
		{786432, "768M"}, {352380, "344.1M"}, {1048575, "1G"}, /* not 1024M */
		{1572864, "1.5G"}, {UINT64_C(2) << 30, "2T"}, {MM_SIZE_MAX_KIB, "16384T"},
		{UINT64_MAX, "16384T"}, /* clamped */
	};
	char buf[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(mm_format_size(buf, sizeof(buf), cases[i].kib), cases[i].text);
	/* Too small a buffer is cut and terminated. */
	assert_string_equal(mm_format_size(buf, 3, 786432), "76");
}

static void test_format_parses_back(void **state)
{
	char buf[16];

	(void)state;
	for (unsigned int shift = 0; shift <= 44; shift++) {
		uint64_t kib = UINT64_C(1) << shift;
		uint64_t back = 0;

		assert_int_equal(mm_parse_size(mm_format_size(buf, sizeof(buf), kib), &back), 0);
		assert_int_equal(back, kib);
	}
}

static void test_helpers(void **state)
{
	(void)state;
	assert_int_equal(mm_min_u64(1, 2), 1);
	assert_int_equal(mm_max_u64(1, 2), 2);
	assert_int_equal(mm_sub_floor(5, 3), 2);
	assert_int_equal(mm_sub_floor(3, 5), 0);
	assert_int_equal(mm_sub_floor(3, 3), 0);
}

static void test_format_exact(void **state)
{
	static const struct {
		uint64_t kib;
		const char *text;
	} exact[] = {
		{0, "0K"},
		{1, "1K"},
		{1023, "1023K"},
		{1024, "1M"},
		{1025, "1025K"},
		{786432, "768M"},
		{1536 * 1024, "1536M"},
		{MM_SIZE_MAX_KIB, "16384T"},
		{MM_SIZE_MAX_KIB - 1, "17592186044415K"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(exact); i++) {
		char buf[24];
		uint64_t back;

		assert_string_equal(mm_format_exact(buf, sizeof(buf), exact[i].kib), exact[i].text);
		assert_int_equal(mm_parse_size(buf, &back), 0);
		assert_int_equal(back, exact[i].kib);
	}
}

static void test_root(void **state)
{
	static const uint64_t cases[][2] = {
		{0, 0}, {1, 1}, {3, 1}, {4, 2}, {99, 9}, {100, 10}, {UINT64_MAX, UINT32_MAX}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(mm_root_u64(cases[i][0]), cases[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_parse_u64),
		cmocka_unit_test(test_parse_size),
		cmocka_unit_test(test_parse_duration),
		cmocka_unit_test(test_format_size),
		cmocka_unit_test(test_format_exact),
		cmocka_unit_test(test_format_parses_back),
		cmocka_unit_test(test_helpers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
