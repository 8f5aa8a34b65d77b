/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A scenario's line to words and values. Every complaint names the line and the column of the word
 * it is about.
 */
#include "scenario_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "xenmm/units.h"

/* A rate beyond any memory bus; keeps rate * milliseconds inside 64 bits. */
#define RATE_MAX_KIB_S (UINT64_C(1) << 40)

/* ---- complaints and words -------------------------------------------------------------------- */

int scn_fail(struct scn_parser *p, const char *format, ...)
{
	int used = snprintf(p->err, p->err_size, "line %zu, column %zu: ", p->number, p->column);
	va_list args;

	if (used < 0 || (size_t)used >= p->err_size)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(p->err + used, p->err_size - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

int scn_next_word(struct scn_parser *p)
{
	size_t start;

	while (p->pos < p->len && is_blank(p->line[p->pos]))
		p->pos++;
	start = p->pos;
	p->column = start + 1;
	p->word[0] = '\0';
	if (start == p->len || p->line[start] == '#')
		return 0;
	while (p->pos < p->len && !is_blank(p->line[p->pos])) {
		char c = p->line[p->pos++];

		if (c < ' ' || c > '~')
			return scn_fail(p, "not printable ASCII");
	}
	if (p->pos - start >= SCN_WORD_MAX)
		return scn_fail(p, "word longer than %d characters", SCN_WORD_MAX - 1);
	memcpy(p->word, p->line + start, p->pos - start);
	p->word[p->pos - start] = '\0';
	return 1;
}

int scn_need_word(struct scn_parser *p, const char *what)
{
	int r = scn_next_word(p);

	if (r == 0)
		return scn_fail(p, "%s expected", what);
	return r < 0 ? r : 0;
}

int scn_expect_end(struct scn_parser *p)
{
	int r = scn_next_word(p);

	if (r > 0)
		return scn_fail(p, "unexpected \"%s\"", p->word);
	return r;
}

/* ---- values ---------------------------------------------------------------------------------- */

static int read_size(struct scn_parser *p, const char *text, uint64_t *ret_kib)
{
	if (mm_parse_size(text, ret_kib) < 0)
		return scn_fail(p, "\"%s\" is not a size such as 256M", text);
	return 0;
}

static int read_duration(struct scn_parser *p, const char *text, uint64_t *ret_ms)
{
	if (mm_parse_duration(text, ret_ms) < 0)
		return scn_fail(p, "\"%s\" is not a duration such as 10s or 250ms", text);
	return 0;
}

static int read_number(struct scn_parser *p, const char *text, uint64_t max, uint64_t *ret_value)
{
	if (mm_parse_u64(text, strlen(text), max, ret_value) < 0)
		return scn_fail(
			p, "\"%s\" is not a number from 0 to %llu", text, (unsigned long long)max);
	return 0;
}

int scn_size(struct scn_parser *p, uint64_t *ret_kib)
{
	return read_size(p, p->word, ret_kib);
}

int scn_duration(struct scn_parser *p, uint64_t *ret_ms)
{
	return read_duration(p, p->word, ret_ms);
}

int scn_number(struct scn_parser *p, uint64_t max, uint64_t *ret_value)
{
	return read_number(p, p->word, max, ret_value);
}

static int read_rate(struct scn_parser *p, const char *text, uint64_t *ret_kib_s)
{
	char size[SCN_WORD_MAX];
	size_t len = strlen(text);
	uint64_t rate;

	if (len < 3 || strcmp(text + len - 2, "/s") != 0)
		return scn_fail(p, "\"%s\" is not a rate such as 100M/s", text);
	memcpy(size, text, len - 2);
	size[len - 2] = '\0';
	if (mm_parse_size(size, &rate) < 0 || rate > RATE_MAX_KIB_S)
		return scn_fail(p, "\"%s\" is not a rate such as 100M/s", text);
	*ret_kib_s = rate;
	return 0;
}

static int read_choice(struct scn_parser *p, const char *text, const char *const words[],
	size_t word_count, uint64_t *ret_index)
{
	char allowed[SCN_WORD_MAX] = "";

	for (size_t i = 0; i < word_count; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret_index = i;
			return 0;
		}
		strncat(allowed, i ? ", " : "", sizeof(allowed) - strlen(allowed) - 1);
		strncat(allowed, words[i], sizeof(allowed) - strlen(allowed) - 1);
	}
	return scn_fail(p, "\"%s\" must be one of %s", text, allowed);
}

/* ---- key=value settings ---------------------------------------------------------------------- */

static int read_value(
	struct scn_parser *p, const struct scn_setting *s, const char *text, uint64_t *ret_value)
{
	static const char *const types[] = {"pv", "hvm"};
	static const char *const agents[] = {"xenmm", "seed", "xenserver", "none"};
	static const char *const balloons[] = {"linux", "ideal", "none"};
	static const char *const switches[] = {"off", "on"};

	switch (s->kind) {
	case SCN_KIND_SIZE:
		return read_size(p, text, ret_value);
	case SCN_KIND_RATE:
		return read_rate(p, text, ret_value);
	case SCN_KIND_DURATION:
		return read_duration(p, text, ret_value);
	case SCN_KIND_PERCENT:
		return read_number(p, text, 100, ret_value);
	case SCN_KIND_NUMBER:
		return read_number(p, text, SCN_COUNT_MAX, ret_value);
	case SCN_KIND_TYPE:
		return read_choice(p, text, types, MM_DOM_TYPE_COUNT, ret_value);
	case SCN_KIND_AGENT:
		return read_choice(p, text, agents, MM_SCN_AGENT_COUNT, ret_value);
	case SCN_KIND_BALLOON:
		return read_choice(p, text, balloons, MM_SCN_BALLOON_COUNT, ret_value);
	case SCN_KIND_SWITCH:
		return read_choice(p, text, switches, 2, ret_value);
	}
	return -EINVAL;
}

/* Reads one key=value, which is the current word, by the table. */
static int read_setting(struct scn_parser *p, const struct scn_setting *settings, size_t count)
{
	char *equals = strchr(p->word, '=');

	if (!equals)
		return scn_fail(p, "\"%s\" is not key=value", p->word);
	*equals = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct scn_setting *s = &settings[i];

		if (strcmp(p->word, s->key) != 0)
			continue;
		if (s->has)
			*s->has = true;
		p->column += strlen(s->key) + 1;
		return read_value(p, s, equals + 1, s->value);
	}
	return scn_fail(p, "no setting \"%s\" here", p->word);
}

int scn_settings(struct scn_parser *p, const struct scn_setting *settings, size_t count)
{
	int r;

	while ((r = scn_next_word(p)) > 0) {
		r = read_setting(p, settings, count);
		if (r < 0)
			return r;
	}
	return r;
}
