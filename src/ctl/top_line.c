/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "top_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/units.h"

#define STALL_CELLS 6

/* ---- lines ----------------------------------------------------------------------------------- */

struct mm_top_line *mm_top_add(struct mm_top_page *page)
{
	static struct mm_top_line lost;
	struct mm_top_line *line = &lost;

	if (page->count == page->capacity) {
		size_t capacity = page->capacity ? 2 * page->capacity : 64;
		struct mm_top_line *lines = realloc(page->lines, capacity * sizeof(*lines));

		if (lines) {
			page->lines = lines;
			page->capacity = capacity;
		}
	}
	if (page->count < page->capacity)
		line = &page->lines[page->count++];
	line->text[0] = '\0';
	line->len = 0;
	line->width = page->width < MM_TOP_WIDTH_MAX ? page->width : MM_TOP_WIDTH_MAX;
	return line;
}

void mm_top_page_clear(struct mm_top_page *page)
{
	page->count = 0;
}

void mm_top_page_free(struct mm_top_page *page)
{
	free(page->lines);
	*page = (struct mm_top_page){0};
}

static void put_char(struct mm_top_line *line, enum mm_top_style style, char c)
{
	if (line->len >= line->width)
		return;
	line->style[line->len] = (uint8_t)style;
	line->text[line->len++] = (char)(c >= ' ' && c <= '~' ? c : '?');
	line->text[line->len] = '\0';
}

void mm_top_put(struct mm_top_line *line, enum mm_top_style style, const char *format, ...)
{
	char text[MM_TOP_WIDTH_MAX + 1];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (const char *c = text; *c; c++)
		put_char(line, style, *c);
}

void mm_top_put_whole(struct mm_top_line *line, enum mm_top_style style, const char *format, ...)
{
	char text[MM_TOP_WIDTH_MAX + 1];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len <= line->width - line->len)
		mm_top_put(line, style, "%s", text);
}

void mm_top_pad(struct mm_top_line *line, int column)
{
	while (line->len < column && line->len < line->width)
		put_char(line, MM_TOP_PLAIN, ' ');
}

/* How much of text fits: up to the last blank within `room`, or all of it. */
static size_t fitting(const char *text, size_t room)
{
	size_t len = strlen(text);

	if (len <= room)
		return len;
	for (size_t i = room; i > 0; i--)
		if (text[i] == ' ')
			return i;
	return room;
}

void mm_top_wrap(struct mm_top_page *page, const char *text, int indent)
{
	bool is_first = true;

	do {
		struct mm_top_line *line = mm_top_add(page);
		int start = is_first ? 0 : indent;
		size_t n = fitting(text, (size_t)(line->width > start ? line->width - start : 1));

		mm_top_pad(line, start);
		mm_top_put(line, MM_TOP_PLAIN, "%.*s", (int)n, text);
		text += n > 0 ? n : 1;
		text += strspn(text, " ");
		is_first = false;
	} while (*text);
}

/* ---- bars ------------------------------------------------------------------------------------ */

struct part {
	uint64_t kib;
	enum mm_top_style style;
	char mark;
};

/* Parts in a row, rounded so that their ends are where they belong; what they leave of `total_kib` is blank. */
static void put_parts(struct mm_top_line *line, const struct part *parts, size_t count,
	uint64_t total_kib, int cells)
{
	uint64_t sum = 0;
	int done = 0;

	for (size_t i = 0; i < count; i++) {
		int end;

		sum = mm_min_u64(sum + parts[i].kib, total_kib);
		end = total_kib ? (int)((sum * (uint64_t)cells + total_kib / 2) / total_kib) : 0;
		for (; done < end; done++)
			put_char(line, parts[i].style, parts[i].mark);
	}
	for (; done < cells; done++)
		put_char(line, MM_TOP_PLAIN, ' ');
}

/* `kib` out of *left, which becomes less. */
static uint64_t take(uint64_t *left, uint64_t kib)
{
	uint64_t taken = mm_min_u64(*left, kib);

	*left -= taken;
	return taken;
}

void mm_top_need_bar(struct mm_top_line *line, const struct mm_top_row *row, int width)
{
	uint64_t left = row->held_kib;
	const struct part parts[] = {
		{take(&left, row->hard_kib), MM_TOP_PART_HARD, '#'},
		{take(&left, row->warm_kib), MM_TOP_PART_WARM, '='},
		{take(&left, row->headroom_kib), MM_TOP_PART_ROOM, '-'},
		{left, MM_TOP_PART_IDLE, '.'},
		{mm_sub_floor(mm_top_need_kib(row), row->held_kib),
			row->hard_kib > row->held_kib ? MM_TOP_BAD : MM_TOP_WARN, '!'},
	};

	put_char(line, MM_TOP_BOLD, '[');
	put_parts(line, parts, row->is_balanced ? sizeof(parts) / sizeof(parts[0]) : 0,
		mm_max_u64(row->held_kib, mm_top_need_kib(row)), width - 2);
	put_char(line, MM_TOP_BOLD, ']');
}

void mm_top_host_bar(struct mm_top_line *line, const struct mm_top_status *status, int width)
{
	struct part parts[] = {
		{0, MM_TOP_PART_HARD, '#'},
		{0, MM_TOP_PART_WARM, '='},
		{0, MM_TOP_PART_ROOM, '-'},
		{0, MM_TOP_PART_IDLE, '.'},
		{0, MM_TOP_FAINT, '@'},
	};
	uint64_t held = 0;

	for (size_t i = 0; i < status->count; i++) {
		const struct mm_top_row *row = &status->rows[i];
		uint64_t left = row->held_kib;

		held += row->held_kib;
		parts[0].kib += take(&left, row->is_balanced ? row->hard_kib : left);
		parts[1].kib += take(&left, row->warm_kib);
		parts[2].kib += take(&left, row->headroom_kib);
		parts[3].kib += left;
	}
	parts[4].kib = mm_sub_floor(mm_sub_floor(status->total_kib, status->free_kib), held);
	put_char(line, MM_TOP_BOLD, '[');
	put_parts(line, parts, sizeof(parts) / sizeof(parts[0]), status->total_kib, width - 2);
	put_char(line, MM_TOP_BOLD, ']');
}

void mm_top_stall_bar(struct mm_top_line *line, uint64_t pressure_ppm)
{
	static const uint32_t steps[STALL_CELLS] = {1000, 10000, 50000, 100000, 250000, 500000};

	for (int i = 0; i < STALL_CELLS; i++)
		put_char(line,
			i < 2	? MM_TOP_GOOD
			: i < 4 ? MM_TOP_WARN
				: MM_TOP_BAD,
			pressure_ppm >= steps[i] ? '|' : ' ');
}

char *mm_top_age(char buf[16], uint64_t age_ms)
{
	uint64_t s = age_ms / 1000;

	if (s < 10)
		snprintf(buf, 16, "%" PRIu64 ".%" PRIu64 "s", s, age_ms % 1000 / 100);
	else if (s < 100)
		snprintf(buf, 16, "%" PRIu64 "s", s);
	else if (s < 100 * 60)
		snprintf(buf, 16, "%" PRIu64 "m", s / 60);
	else if (s < 100 * 3600)
		snprintf(buf, 16, "%" PRIu64 "h", s / 3600);
	else
		snprintf(buf, 16, "%" PRIu64 "d", mm_min_u64(s / 86400, 9999));
	return buf;
}
