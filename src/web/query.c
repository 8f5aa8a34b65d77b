/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "query.h"

#include <errno.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* A byte of text, or what a '%' and two digits stand for. Returns how many bytes it took; 0: wrong. */
static size_t decode_byte(const char *text, size_t len, bool is_form, char *ret)
{
	int high, low;

	if (*text != '%') {
		*ret = is_form && *text == '+' ? ' ' : *text;
		return 1;
	}
	if (len < 3)
		return 0;
	high = hex_digit(text[1]);
	low = hex_digit(text[2]);
	if (high < 0 || low < 0)
		return 0;
	*ret = (char)(high * 16 + low);
	return 3;
}

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

int mm_query_decode(const char *text, size_t len, bool is_form, char *ret, size_t size)
{
	size_t n = 0;

	while (len > 0) {
		char c = '\0';
		size_t step = decode_byte(text, len, is_form, &c);

		if (step == 0 || !is_printable(c) || n + 1 >= size)
			return -EINVAL;
		ret[n++] = c;
		text += step;
		len -= step;
	}
	ret[n] = '\0';
	return 0;
}

int mm_query_next(const char **query, struct mm_query_pair *ret_pair)
{
	const char *text = *query;
	size_t len = strcspn(text, "&");
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : 0;

	if (name_len == 0 ||
		mm_query_decode(text, name_len, true, ret_pair->name, sizeof(ret_pair->name)) ||
		mm_query_decode(equals + 1, len - name_len - 1, true, ret_pair->value,
			sizeof(ret_pair->value)))
		return -EINVAL;
	*query = text + len + (text[len] == '&');
	return 0;
}

const char *mm_query_show(const char *text, char *buf, size_t size)
{
	size_t len = strlen(text);
	size_t shown = len < size ? len : size - 4;

	for (size_t i = 0; i < shown; i++)
		buf[i] = is_printable(text[i]) ? text[i] : '?';
	strcpy(buf + shown, len < size ? "" : "...");
	return buf;
}
