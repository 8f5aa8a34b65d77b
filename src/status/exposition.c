/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * 10,000 guests are 150,000 lines: bytes are copied into one growing piece of memory, without printf().
 */
#include "exposition.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN ((size_t)1 << 14)

static void add(struct mm_exposition *out, const char *bytes, size_t len)
{
	if (out->is_failed)
		return;
	if (out->capacity - out->len < len) {
		size_t capacity = out->capacity ? out->capacity : CAPACITY_MIN;
		char *text;

		while (capacity - out->len < len)
			capacity *= 2;
		text = realloc(out->text, capacity);
		if (!text) {
			out->is_failed = true;
			return;
		}
		out->text = text;
		out->capacity = capacity;
	}
	memcpy(out->text + out->len, bytes, len);
	out->len += len;
}

static void add_text(struct mm_exposition *out, const char *text)
{
	add(out, text, strlen(text));
}

/* Names are printable by the time they come here; whatever is in them, a line stays a line. */
static void add_escaped(struct mm_exposition *out, const char *value)
{
	for (;;) {
		size_t plain = strcspn(value, "\\\"\n");

		add(out, value, plain);
		value += plain;
		if (!*value)
			return;
		add_text(out, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
		value++;
	}
}

static const char *type_name(const struct mm_exposition *out, enum mm_metric_type type)
{
	static const char *const names[] = {
		[MM_METRIC_GAUGE] = "gauge",
		[MM_METRIC_COUNTER] = "counter",
		[MM_METRIC_HISTOGRAM] = "histogram",
		[MM_METRIC_INFO] = "info",
	};

	if (type == MM_METRIC_INFO && !out->is_open_metrics)
		return "gauge";
	return names[type];
}

/* OpenMetrics calls a family by its samples' name without the suffix that its type gives them. */
static size_t family_len(
	const struct mm_exposition *out, const char *name, enum mm_metric_type type)
{
	const char *suffix = type == MM_METRIC_COUNTER ? "_total"
			     : type == MM_METRIC_INFO  ? "_info"
						       : "";
	size_t len = strlen(name), suffix_len = strlen(suffix);

	if (!out->is_open_metrics || len < suffix_len ||
		strcmp(name + len - suffix_len, suffix) != 0)
		return len;
	return len - suffix_len;
}

static void add_comment(struct mm_exposition *out, const char *keyword, const char *name,
	size_t name_len, const char *text)
{
	add_text(out, keyword);
	add(out, name, name_len);
	add(out, " ", 1);
	add_text(out, text);
	add(out, "\n", 1);
}

void mm_exposition_family(struct mm_exposition *out, const char *name, enum mm_metric_type type,
	const char *unit, const char *help)
{
	size_t len = family_len(out, name, type);

	add_comment(out, "# HELP ", name, len, help);
	add_comment(out, "# TYPE ", name, len, type_name(out, type));
	if (out->is_open_metrics && unit)
		add_comment(out, "# UNIT ", name, len, unit);
}

void mm_exposition_begin(struct mm_exposition *out, const char *name, const char *suffix)
{
	add_text(out, name);
	add_text(out, suffix);
}

void mm_exposition_label(struct mm_exposition *out, const char *name, const char *value)
{
	/* the byte before tells whether it is the first of its sample: names end in a letter or digit */
	if (!out->is_failed && out->text[out->len - 1] == '}') {
		out->text[out->len - 1] = ',';
	} else {
		add(out, "{", 1);
	}
	add_text(out, name);
	add(out, "=\"", 2);
	add_escaped(out, value);
	add(out, "\"}", 2);
}

/* The digits end at the end of buf; returns where they begin. */
static char *digits(char buf[MM_DECIMAL_MAX], uint64_t value, unsigned decimals, bool is_pointed)
{
	char *at = buf + MM_DECIMAL_MAX - 1;
	bool has_digits = false; /* behind the point */

	*at = '\0';
	for (unsigned i = 0; i < decimals; i++, value /= 10) {
		if (value % 10 == 0 && !has_digits)
			continue;
		*--at = (char)('0' + value % 10);
		has_digits = true;
	}
	if (is_pointed && !has_digits)
		*--at = '0';
	if (is_pointed || has_digits)
		*--at = '.';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return at;
}

char *mm_exposition_decimal(char buf[MM_DECIMAL_MAX], uint64_t value, unsigned decimals)
{
	char *at = digits(buf, value, decimals, true);

	memmove(buf, at, strlen(at) + 1);
	return buf;
}

void mm_exposition_value(struct mm_exposition *out, uint64_t value, unsigned decimals)
{
	char buf[MM_DECIMAL_MAX];

	add(out, " ", 1);
	add_text(out, digits(buf, value, decimals, false));
	add(out, "\n", 1);
}

char *mm_exposition_end(struct mm_exposition *out, size_t *ret_len)
{
	char *text;

	if (out->is_open_metrics)
		add_text(out, "# EOF\n");
	add(out, "", 1);
	text = out->text;
	if (out->is_failed) {
		free(text);
		text = NULL;
	} else {
		*ret_len = out->len - 1;
	}
	out->text = NULL;
	out->len = out->capacity = 0;
	return text;
}
