/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading traces: lines, words and numbers, and what is said of broken ones. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trace_private.h"
#include "xenmm/units.h"

#define LINE_MAX_LEN (3 * TRACE_SETTING_MAX + 64) /* with every byte written as %XX */

int mm_trace_fail(struct mm_trace_reader *t, const char *format, ...)
{
	int used = snprintf(t->err, t->err_size, "line %zu: ", t->number);
	va_list args;

	if (used < 0 || (size_t)used >= t->err_size)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(t->err + used, t->err_size - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

struct mm_line mm_trace_cut_word(struct mm_line *line)
{
	const char *blank = memchr(line->text, ' ', line->len);
	struct mm_line word = {line->text, blank ? (size_t)(blank - line->text) : line->len};
	size_t used = word.len + (blank ? 1 : 0);

	line->text += used;
	line->len -= used;
	return word;
}

int mm_trace_read_word(
	struct mm_trace_reader *t, struct mm_line *line, const char *what, char *dst, size_t size)
{
	struct mm_line word = mm_trace_cut_word(line);
	size_t used = 0;

	if (word.len == 0)
		return mm_trace_fail(t, "%s missing", what);
	for (size_t i = 0; i < word.len; i++) {
		int c = (unsigned char)word.text[i];

		if (c == '%') {
			int high = i + 2 < word.len ? hex_value(word.text[i + 1]) : -1;
			int low = high >= 0 ? hex_value(word.text[i + 2]) : -1;

			if (low < 0)
				return mm_trace_fail(t, "%s: broken %%XX", what);
			c = high * 16 + low;
			i += 2;
		} else if (!mm_trace_is_plain((unsigned char)c)) {
			return mm_trace_fail(t, "%s: byte %d must be written as %%XX", what, c);
		}
		if (used + 1 >= size)
			return mm_trace_fail(t, "%s longer than %zu bytes", what, size - 1);
		dst[used++] = (char)c;
	}
	dst[used] = '\0';
	return 0;
}

int mm_trace_read_number(struct mm_trace_reader *t, struct mm_line *line, const char *what,
	uint64_t max, uint64_t *ret_value)
{
	struct mm_line word = mm_trace_cut_word(line);

	if (mm_parse_u64(word.text, word.len, max, ret_value) < 0)
		return mm_trace_fail(t, "%s must be a number up to %" PRIu64, what, max);
	return 0;
}

int mm_trace_expect_end(struct mm_trace_reader *t, const struct mm_line *line)
{
	return line->len ? mm_trace_fail(t, "too long") : 0;
}

int mm_trace_next_line(struct mm_trace_reader *t, struct mm_line *ret_line)
{
	const char *start = t->text + t->pos;
	const char *end = t->pos < t->len ? memchr(start, '\n', t->len - t->pos) : NULL;

	if (!end)
		return 0;
	*ret_line = (struct mm_line){start, (size_t)(end - start)};
	t->pos += ret_line->len + 1;
	t->number++;
	if (ret_line->len > LINE_MAX_LEN)
		return mm_trace_fail(t, "longer than %d bytes", LINE_MAX_LEN);
	return 1;
}

int mm_trace_read_policy(
	struct mm_trace_reader *t, const struct mm_line *line, struct mm_guest_policy *ret_policy)
{
	char words[MM_POLICY_TEXT_MAX], why[160] = "";

	if (line->len >= sizeof(words))
		return mm_trace_fail(t, "policy longer than %zu bytes", sizeof(words) - 1);
	if (memchr(line->text, '\0', line->len))
		return mm_trace_fail(t, "policy: byte 0 in it");
	memcpy(words, line->text, line->len);
	words[line->len] = '\0';
	if (mm_guest_policy_parse(words, ret_policy, why, sizeof(why)) < 0)
		return mm_trace_fail(t, "%s", why);
	return 0;
}
