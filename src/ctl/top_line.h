/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A line of mmctl top, character by character with its style, before any terminal is involved; and bars. */
#ifndef XENMM_CTL_TOP_LINE_H
#define XENMM_CTL_TOP_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "top_rows.h"

/* Wider windows are not filled; nothing is lost, reasons are shorter. */
#define MM_TOP_WIDTH_MAX 320

/* How a character looks; the screen chooses colours, and what to do without. */
enum mm_top_style {
	MM_TOP_PLAIN,
	MM_TOP_FAINT,
	MM_TOP_BOLD,
	MM_TOP_HEAD, /* titles of columns */
	MM_TOP_HEAD_SORT,
	MM_TOP_PART_HARD,
	MM_TOP_PART_WARM,
	MM_TOP_PART_ROOM,
	MM_TOP_PART_IDLE,
	MM_TOP_GOOD,
	MM_TOP_WARN,
	MM_TOP_BAD,
	MM_TOP_ALARM, /* nobody overlooks it */
	MM_TOP_STYLE_COUNT
};

struct mm_top_line {
	char text[MM_TOP_WIDTH_MAX + 1]; /* printable ASCII, terminated */
	uint8_t style[MM_TOP_WIDTH_MAX];
	int len;
	int width; /* no longer than that */
};

/* Lines in a row. Zeroed it is empty; what is beyond memory is left out. */
struct mm_top_page {
	struct mm_top_line *lines;
	size_t count, capacity;
	int width; /* of the lines to come */
};

/* An empty line at the end; valid until the next. Never NULL: without memory, one that is thrown away. */
struct mm_top_line *mm_top_add(struct mm_top_page *page);
void mm_top_page_clear(struct mm_top_page *page);
void mm_top_page_free(struct mm_top_page *page);

/* Appends; what is not printable ASCII becomes '?', what does not fit is cut. */
__attribute__((format(printf, 3, 4))) void mm_top_put(
	struct mm_top_line *line, enum mm_top_style style, const char *format, ...);

/* The same all or nothing: what does not fit is left out. */
__attribute__((format(printf, 3, 4))) void mm_top_put_whole(
	struct mm_top_line *line, enum mm_top_style style, const char *format, ...);

/* Blanks up to that column. */
void mm_top_pad(struct mm_top_line *line, int column);

/* Text in as many lines as it takes, later ones indented. */
void mm_top_wrap(struct mm_top_page *page, const char *text, int indent);

/*
 * What a guest holds as a bar of so many characters with its brackets: '#' hard use, '=' warm, '-' headroom, '.' not needed.
 * Where it needs more than it holds, the bar is as long as its need, and '!' is what is missing.
 */
void mm_top_need_bar(struct mm_top_line *line, const struct mm_top_row *row, int width);

/* The same for the host: all guests' parts, '@' what is not theirs, and blanks for what is free. */
void mm_top_host_bar(struct mm_top_line *line, const struct mm_top_status *status, int width);

/* Pressure as a bar of six: above 0.1, 1, 5, 10, 25 and 50 percent. */
void mm_top_stall_bar(struct mm_top_line *line, uint64_t pressure_ppm);

/* "1.2s", "45s", "12m", "5h", "9d": five characters hold it. Returns buf. */
char *mm_top_age(char buf[16], uint64_t age_ms);

#endif
