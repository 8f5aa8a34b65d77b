/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page of one guest: its figures, a graph of the last minutes, and what was decided. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "show.h"
#include "top_layout.h"
#include "xenmm/units.h"

#define GRAPH_ROWS   8
#define GRAPH_MARGIN 9 /* for the scale */
#define LABEL_WIDTH  10

/* ---- figures --------------------------------------------------------------------------------- */

static struct mm_top_line *labelled(struct mm_top_page *page, const char *label)
{
	struct mm_top_line *line = mm_top_add(page);

	mm_top_put(line, MM_TOP_BOLD, "%-*s", LABEL_WIDTH, label);
	return line;
}

static void put_size(struct mm_top_line *line, const char *before, const json_t *object,
	const char *name, const char *behind)
{
	char size[MM_SHOW_MAX];

	mm_top_put(line, MM_TOP_PLAIN, "%s%s%s", before,
		json_is_integer(json_object_get(object, name)) ? mm_show_size(size, object, name)
							       : "-",
		behind);
}

static void put_need(struct mm_top_page *page, const json_t *guest)
{
	const json_t *need = json_object_get(guest, "need");
	uint64_t stall = mm_client_kib(need, "pressure_ppm") / 1000;
	struct mm_top_line *line = labelled(page, "needs");

	if (!json_is_true(json_object_get(guest, "balanced"))) {
		mm_top_put(line, MM_TOP_FAINT, "unknown, for it is not balanced");
		return;
	}
	put_size(line, "", need, "hard_kib", " hard, ");
	put_size(line, "", need, "warm_kib", " warm, ");
	put_size(line, "", need, "headroom_kib", " headroom; stalls ");
	mm_top_put(line,
		stall >= 100  ? MM_TOP_BAD
		: stall >= 10 ? MM_TOP_WARN
			      : MM_TOP_PLAIN,
		"%" PRIu64 ".%" PRIu64 " %% ", stall / 10, stall % 10);
	mm_top_stall_bar(line, mm_client_kib(need, "pressure_ppm"));
	line = labelled(page, "limits");
	put_size(line, "", guest, "min_kib", " to ");
	put_size(line, "", guest, "max_kib", ", weight ");
	mm_top_put(line, MM_TOP_PLAIN, "%" PRIu64 ", balloon %s", mm_client_kib(guest, "weight"),
		mm_client_text(guest, "balloon"));
}

static void put_agent(struct mm_top_page *page, const json_t *guest)
{
	const json_t *agent = json_object_get(guest, "agent");
	struct mm_top_line *line = labelled(page, "agent");
	char age[16];

	if (!json_is_integer(json_object_get(agent, "age_ms"))) {
		mm_top_put(line, MM_TOP_WARN, "has never said anything");
		return;
	}
	mm_top_put(line, MM_TOP_PLAIN, "%s, %s ago: ", mm_client_text(agent, "source"),
		mm_top_age(age, mm_client_kib(agent, "age_ms")));
	put_size(line, "total ", agent, "total_kib", ", ");
	put_size(line, "available ", agent, "available_kib", ", ");
	put_size(line, "swap ", agent, "swap_total_kib", ", of it ");
	put_size(line, "", agent, "swap_free_kib", " free");
}

/* What was seen from outside; nothing where nobody looks. */
static void put_outside(struct mm_top_page *page, const json_t *guest)
{
	char text[MM_SHOW_OUTSIDE_MAX];
	bool is_different = json_is_string(
		json_object_get(json_object_get(guest, "introspection"), "difference"));

	if (*mm_show_outside(text, sizeof(text), guest))
		mm_top_put(labelled(page, "outside"), is_different ? MM_TOP_WARN : MM_TOP_PLAIN,
			"%s", text);
}

static void put_guest(struct mm_top_page *page, const json_t *guest, const struct mm_top_row *row)
{
	struct mm_top_line *line = mm_top_add(page);
	char held[16];

	mm_top_put(line, MM_TOP_BOLD, "%s", row->name);
	mm_top_put(line, MM_TOP_PLAIN, "  domain %" PRIu32 ", %s, %s, uuid %s", row->domid,
		mm_client_text(guest, "type"), row->state, row->uuid);
	line = labelled(page, "why");
	mm_top_put(line, row->mood >= MM_TOP_WATCH ? MM_TOP_WARN : MM_TOP_PLAIN, "%s",
		row->reason_text);
	line = labelled(page, "holds");
	mm_top_put(line, MM_TOP_PLAIN, "%s ", mm_format_size(held, sizeof(held), row->held_kib));
	mm_top_need_bar(line, row, line->width < 70 ? 18 : 34);
	put_size(line, " target ", guest, "target_kib", "");
	if (row->is_balanced)
		put_size(line, ", shall hold ", guest, "wish_kib", " in the end");
	put_need(page, guest);
	put_agent(page, guest);
	put_outside(page, guest);
}

/* ---- graph ----------------------------------------------------------------------------------- */

/* Samples as they are drawn: at[0] is the last of them, going back in time. */
struct samples {
	int time, held, used, target, pressure; /* places of the columns, -1: there is none */
	const json_t *rows;
	uint64_t now_ms, span_ms;
};

static int place_of(const json_t *columns, const char *name)
{
	for (size_t i = 0; i < json_array_size(columns); i++) {
		const char *column = json_string_value(json_array_get(columns, i));

		if (column && !strcmp(column, name))
			return (int)i;
	}
	return -1;
}

static uint64_t value_at(const json_t *row, int place)
{
	json_int_t value = place < 0 ? 0 : json_integer_value(json_array_get(row, (size_t)place));

	return value > 0 ? (uint64_t)value : 0;
}

/* The last sample at or before a time; NULL: none. Rows are oldest first. */
static const json_t *sample_at(const struct samples *s, uint64_t time_ms)
{
	size_t low = 0, high = json_array_size(s->rows);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (value_at(json_array_get(s->rows, middle), s->time) <= time_ms)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? json_array_get(s->rows, low - 1) : NULL;
}

static uint64_t highest(const struct samples *s)
{
	uint64_t top = 1;

	for (size_t i = 0; i < json_array_size(s->rows); i++) {
		const json_t *row = json_array_get(s->rows, i);

		top = mm_max_u64(top, mm_max_u64(value_at(row, s->held), value_at(row, s->target)));
	}
	return top;
}

/* A cell: '#' used, ':' held, '-' the target above or in it. `step` is the memory of a row of cells. */
static void put_cell(struct mm_top_line *line, const struct samples *s, const json_t *row,
	uint64_t from, uint64_t step)
{
	uint64_t target = value_at(row, s->target), middle = from + step / 2;

	if (row && target > 0 && target > from && target <= from + step)
		mm_top_put(line, MM_TOP_WARN, "-");
	else if (row && middle < value_at(row, s->used))
		mm_top_put(line, MM_TOP_PART_HARD, "#");
	else if (row && middle < value_at(row, s->held))
		mm_top_put(line, MM_TOP_PART_IDLE, ":");
	else
		mm_top_put(line, MM_TOP_PLAIN, " ");
}

static void put_rows(struct mm_top_page *page, const struct samples *s, int cells)
{
	uint64_t top = highest(s), step = (top + GRAPH_ROWS - 1) / GRAPH_ROWS;

	for (int i = GRAPH_ROWS - 1; i >= 0; i--) {
		struct mm_top_line *line = mm_top_add(page);
		char size[16];

		mm_top_put(line, MM_TOP_FAINT, "%*s ", GRAPH_MARGIN - 1,
			i == GRAPH_ROWS - 1 || i == GRAPH_ROWS / 2 - 1
				? mm_format_size(size, sizeof(size), step * (uint64_t)(i + 1))
				: "");
		for (int c = 0; c < cells; c++) {
			uint64_t ago = s->span_ms * (uint64_t)(cells - 1 - c) / (uint64_t)cells;

			put_cell(line, s, sample_at(s, mm_sub_floor(s->now_ms, ago)),
				step * (uint64_t)i, step);
		}
	}
}

/* The worst pressure of each cell's time. */
static void put_pressure(struct mm_top_page *page, const struct samples *s, int cells)
{
	static const char marks[] = " .:+*#%";
	static const uint32_t steps[] = {1000, 10000, 50000, 100000, 250000, 500000};
	struct mm_top_line *line = mm_top_add(page);
	size_t next = 0;

	mm_top_put(line, MM_TOP_FAINT, "%*s ", GRAPH_MARGIN - 1, "stall");
	for (int c = 0; c < cells; c++) {
		uint64_t ago = s->span_ms * (uint64_t)(cells - 1 - c) / (uint64_t)cells;
		uint64_t until = mm_sub_floor(s->now_ms, ago), worst = 0;
		size_t mark = 0;

		for (; next < json_array_size(s->rows); next++) {
			const json_t *row = json_array_get(s->rows, next);

			if (value_at(row, s->time) > until)
				break;
			worst = mm_max_u64(worst, value_at(row, s->pressure));
		}
		while (mark < 6 && worst >= steps[mark])
			mark++;
		mm_top_put(line,
			mark > 4   ? MM_TOP_BAD
			: mark > 2 ? MM_TOP_WARN
				   : MM_TOP_GOOD,
			"%c", marks[mark]);
	}
}

static void put_graph(struct mm_top_page *page, const json_t *history, uint64_t now_ms)
{
	const json_t *columns = json_object_get(history, "columns");
	struct samples s = {
		.time = place_of(columns, "time_ms"),
		.held = place_of(columns, "held_kib"),
		.used = place_of(columns, "used_kib"),
		.target = place_of(columns, "target_kib"),
		.pressure = place_of(columns, "pressure_ppm"),
		.rows = json_object_get(history, "rows"),
		.now_ms = mm_max_u64(now_ms, mm_client_kib(history, "time_ms")),
		.span_ms = 300000,
	};
	int cells = page->width - GRAPH_MARGIN - 1;

	if (!history) {
		mm_top_put(mm_top_add(page), MM_TOP_FAINT, "The last 5 minutes: not known yet");
		return;
	}
	if (json_array_size(s.rows) == 0 || s.time < 0) {
		mm_top_put(mm_top_add(page), MM_TOP_FAINT,
			"The last 5 minutes: nothing is known%s%s",
			*mm_client_text(history, "error") ? ": " : "",
			mm_client_text(history, "error"));
		return;
	}
	mm_top_put(mm_top_add(page), MM_TOP_BOLD,
		"The last 5 minutes: # used, : held, - target; stall above 0.1 . 1 : 5 + 10 * 25 # "
		"50 %%");
	if (cells < 10)
		return;
	cells = cells < 150 ? cells : 150;
	put_rows(page, &s, cells);
	put_pressure(page, &s, cells);
}

/* ---- decisions ------------------------------------------------------------------------------- */

static void put_decision(struct mm_top_page *page, const json_t *decision)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	mm_show_decision(out, decision, NULL);
	if (!fclose(out))
		mm_top_wrap(page, text, LABEL_WIDTH - 1);
	free(text);
}

static void put_decisions(struct mm_top_page *page, const json_t *answer)
{
	const json_t *decisions = json_object_get(answer, "decisions");

	mm_top_put(mm_top_add(page), MM_TOP_BOLD, "Decisions, the last one first%s%s",
		answer ? "" : ": not known yet",
		*mm_client_text(answer, "error") ? ": there is no such guest any more" : "");
	for (size_t i = 0; i < json_array_size(decisions); i++)
		put_decision(page, json_array_get(decisions, i));
}

void mm_top_detail(struct mm_top_page *page, const json_t *guest, const json_t *history,
	const json_t *decisions, uint64_t now_ms)
{
	struct mm_top_row row;

	if (guest) {
		mm_top_read_row(guest, &row);
		put_guest(page, guest, &row);
	} else {
		mm_top_put(mm_top_add(page), MM_TOP_WARN, "This guest is gone.");
	}
	mm_top_add(page);
	put_graph(page, history, now_ms);
	mm_top_add(page);
	put_decisions(page, decisions);
}
