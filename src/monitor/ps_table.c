/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/ps_table.h"

#include <inttypes.h>
#include <string.h>

#include "monitor/share.h"

#define GAP "  " /* between columns */

static void measure(const struct mm_ps_table *t, size_t widths[MM_PS_COLUMNS_MAX])
{
	char buf[MM_PS_CELL];

	for (size_t c = 0; c < t->column_count; c++) {
		widths[c] = t->is_bare ? 0 : strlen(t->columns[c].title);
		for (size_t row = 0; row < t->row_count; row++) {
			size_t len;

			t->cell(t->arg, row, t->columns[c].id, buf);
			len = strlen(buf);
			if (len > widths[c])
				widths[c] = len;
		}
	}
}

/* Appends a cell to a line that may be full: `used` is how long it would be. */
static size_t append(char *line, size_t size, size_t used, const char *text, int pad)
{
	size_t room = used < size ? size - used : 0;
	int n = snprintf(room ? line + used : NULL, room, "%*s", pad, text);

	return used + (n > 0 ? (size_t)n : 0);
}

static void print_line(
	FILE *out, const struct mm_ps_table *t, const size_t *widths, size_t row, bool is_title)
{
	char line[MM_PS_COLUMNS_MAX * (MM_PS_CELL + sizeof(GAP))] = "";
	size_t used = 0;

	for (size_t c = 0; c < t->column_count; c++) {
		const struct mm_ps_column *column = &t->columns[c];
		bool is_last = c + 1 == t->column_count;
		char buf[MM_PS_CELL];
		int width = (int)widths[c];

		if (is_title)
			snprintf(buf, sizeof(buf), "%s", column->title);
		else
			t->cell(t->arg, row, column->id, buf);
		if (c > 0)
			used = append(line, sizeof(line), used, GAP, 0);
		used = append(line, sizeof(line), used, buf,
			!column->is_left ? width
			: is_last	 ? 0
					 : -width);
	}
	mm_ps_line(out, t->width, line);
}

void mm_ps_table_print(FILE *out, const struct mm_ps_table *t)
{
	size_t widths[MM_PS_COLUMNS_MAX];

	measure(t, widths);
	if (!t->is_bare)
		print_line(out, t, widths, 0, true);
	for (size_t row = 0; row < t->row_count; row++)
		print_line(out, t, widths, row, false);
}

void mm_ps_line(FILE *out, size_t width, const char *text)
{
	size_t len = strlen(text);

	if (width && len > width)
		len = width;
	fwrite(text, 1, len, out);
	fputc('\n', out);
}

char *mm_ps_time(char *buf, size_t size, uint64_t ms)
{
	uint64_t s = ms / 1000, hours = s / 3600;

	if (hours == 0)
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
	else if (hours < 100)
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, hours, s / 60 % 60,
			s % 60);
	else
		snprintf(buf, size, "%" PRIu64 "d%02" PRIu64 "h", hours / 24, hours % 24);
	return buf;
}

char *mm_ps_uptime(char *buf, size_t size, uint64_t ms)
{
	uint64_t s = ms / 1000, minutes = s / 60, days = s / 86400;

	if (minutes == 0)
		snprintf(buf, size, "%" PRIu64 " s", s);
	else if (minutes < 60)
		snprintf(buf, size, "%" PRIu64 " min", minutes);
	else if (days == 0)
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64 " h", minutes / 60, minutes % 60);
	else
		snprintf(buf, size, "%" PRIu64 " day%s", days, days == 1 ? "" : "s");
	return buf;
}

char *mm_ps_percent(char *buf, size_t size, uint32_t share)
{
	uint64_t tenths = ((uint64_t)share + 5) / 10;

	if (share == MM_SHARE_UNKNOWN)
		snprintf(buf, size, "-");
	else
		snprintf(buf, size, "%" PRIu64 ".%" PRIu64, tenths / 10, tenths % 10);
	return buf;
}
