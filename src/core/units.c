/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text to numbers and back. See units.h for what is accepted. */
#include "xenmm/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * Digits of a fraction that count; more are read and dropped. 10^9 times the largest unit (2^30)
 * fits.
 */
#define FRACTION_DIGITS 9

/* "123.45xyz" taken apart: what stands before the suffix. */
struct number {
	uint64_t whole;
	uint64_t fraction; /* "45" */
	uint64_t scale;	   /* 100; 1 where there is no fraction */
};

struct unit {
	const char *suffix;
	uint64_t factor;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* value * 10 + digit, or false when that does not fit. */
static bool append_digit(uint64_t *value, char c)
{
	return !__builtin_mul_overflow(*value, (uint64_t)10, value) &&
	       !__builtin_add_overflow(*value, (uint64_t)(c - '0'), value);
}

int mm_parse_u64(const char *text, size_t len, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	bool is_overflow = false;

	if (len == 0)
		return -EINVAL;
	/* All of it is read even after an overflow: "99999999999999999999x" is no number at all. */
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i]))
			return -EINVAL;
		if (!is_overflow && !append_digit(&value, text[i]))
			is_overflow = true;
	}
	if (is_overflow || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

/* Reads digits and an optional ".digits"; *ret_rest is left at the first byte behind them. */
static int parse_number(const char *text, struct number *ret, const char **ret_rest)
{
	struct number number = {.scale = 1};
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	int r = mm_parse_u64(text, digits, UINT64_MAX, &number.whole);

	if (r < 0)
		return r;
	if (*rest == '.') {
		rest++;
		if (!is_digit(*rest))
			return -EINVAL;
		for (int i = 0; is_digit(*rest); i++, rest++) {
			if (i >= FRACTION_DIGITS)
				continue;
			number.fraction = number.fraction * 10 + (uint64_t)(*rest - '0');
			number.scale *= 10;
		}
	}
	*ret = number;
	*ret_rest = rest;
	return 0;
}

/* number * factor, rounded down. A fraction of the smallest unit has no meaning and is refused. */
static int scale_number(
	const struct number *number, uint64_t factor, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;

	if (factor == 1 && number->scale != 1)
		return -EINVAL;
	if (__builtin_mul_overflow(number->whole, factor, &value) || value > max)
		return -ERANGE;
	value += number->fraction * factor / number->scale;
	if (value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

/* The size of "k", "MB", "GiB" … in KiB; 0 for anything else. */
static uint64_t size_factor(const char *suffix)
{
	static const char letters[] = "kmgt";
	char lower = (char)(suffix[0] | 0x20);
	const char *letter = suffix[0] ? strchr(letters, lower) : NULL;

	if (suffix[0] == '\0')
		return 1;
	if (!letter)
		return 0;
	if (suffix[1] != '\0' && strcasecmp(suffix + 1, "B") != 0 &&
		strcasecmp(suffix + 1, "iB") != 0)
		return 0;
	return UINT64_C(1) << (10 * (letter - letters));
}

int mm_parse_size(const char *text, uint64_t *ret_kib)
{
	struct number number;
	const char *suffix;
	uint64_t factor;
	int r = parse_number(text, &number, &suffix);

	if (r < 0)
		return r;
	factor = size_factor(suffix);
	if (factor == 0)
		return -EINVAL;
	return scale_number(&number, factor, MM_SIZE_MAX_KIB, ret_kib);
}

int mm_parse_duration(const char *text, uint64_t *ret_ms)
{
	static const struct unit units[] = {
		{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}};
	struct number number;
	const char *suffix;
	int r = parse_number(text, &number, &suffix);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(suffix, units[i].suffix) == 0)
			return scale_number(&number, units[i].factor, MM_DURATION_MAX_MS, ret_ms);
	}
	return -EINVAL;
}

/* kib in tenths of 1024^unit KiB, rounded to the nearest. */
static uint64_t in_tenths(uint64_t kib, unsigned int unit)
{
	uint64_t divisor = UINT64_C(1) << (10 * unit);

	return (kib * 10 + divisor / 2) / divisor;
}

char *mm_format_size(char *buf, size_t size, uint64_t kib)
{
	static const char letters[] = "KMGT";
	unsigned int unit = 0;
	uint64_t tenths;

	kib = mm_min_u64(kib, MM_SIZE_MAX_KIB);
	/* Rounded first, compared after: 1023.97M is printed as 1G, not as 1024M. */
	while (unit < 3 && in_tenths(kib, unit) >= 1024 * 10)
		unit++;
	tenths = in_tenths(kib, unit);
	if (tenths % 10 != 0)
		(void)snprintf(buf, size, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10,
			letters[unit]);
	else
		(void)snprintf(buf, size, "%" PRIu64 "%c", tenths / 10, letters[unit]);
	return buf;
}

char *mm_format_exact(char *buf, size_t size, uint64_t kib)
{
	static const char letters[] = "KMGT";
	unsigned int unit = 0;

	while (unit < 3 && kib && kib % 1024 == 0) {
		kib /= 1024;
		unit++;
	}
	(void)snprintf(buf, size, "%" PRIu64 "%c", kib, letters[unit]);
	return buf;
}

uint64_t mm_root_u64(uint64_t n)
{
	uint64_t r = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1) {
		if ((r | bit) * (r | bit) <= n)
			r |= bit;
	}
	return r;
}
