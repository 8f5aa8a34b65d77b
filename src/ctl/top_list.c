/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The main page: lines about the host, and the table, whose columns give way to a narrow window. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "top_layout.h"
#include "xenmm/units.h"

#define HOST_BAR_MAX  62
#define HOST_BAR_MIN  12
#define NAME_MIN      8
#define NAME_MAX_SEEN 24
#define BAR_MIN	      17
#define BAR_MAX	      34
#define WHY_MIN	      24
#define WHY_GOOD      34
#define STALL_PLAIN   6	 /* the figure ... */
#define STALL_FULL    13 /* ... and its bar */

/* Widths; 0: not shown. */
struct columns {
	int width[MM_TOP_COLUMN_COUNT];
	bool has_stall_bar;
};

/* ---- head ------------------------------------------------------------------------------------ */

static char *size_text(char buf[16], uint64_t kib)
{
	return mm_format_size(buf, 16, kib);
}

static void put_server(
	struct mm_top_page *page, const struct mm_top_status *s, const struct mm_top_scene *scene)
{
	struct mm_top_line *line = mm_top_add(page);
	char up[16], took[40] = "";

	if (scene->trouble) {
		mm_top_put(line, MM_TOP_ALARM, " OLD FIGURES, of %s (%s ago): %s ", scene->clock,
			mm_top_age(up, scene->trouble_ms), scene->trouble);
		return;
	}
	mm_top_put(line, MM_TOP_BOLD, "mmctl top - %s %s", *s->host ? s->host : scene->host,
		scene->clock);
	mm_top_put_whole(line, MM_TOP_PLAIN, "  mmserver %s (%s)", s->version, s->backend);
	if (s->start_ms > 0)
		mm_top_put_whole(line, MM_TOP_PLAIN, " up %s",
			mm_top_age(up, mm_sub_floor(s->time_ms, s->start_ms)));
	mm_top_put_whole(line, MM_TOP_PLAIN, ", policy %s", s->policy);
	if (s->round_us > 0 && s->round_us < 1000)
		snprintf(took, sizeof(took), " took %" PRIu64 " us", s->round_us);
	else if (s->round_us > 0)
		snprintf(took, sizeof(took), " took %" PRIu64 ".%" PRIu64 " ms", s->round_us / 1000,
			s->round_us % 1000 / 100);
	mm_top_put_whole(line, MM_TOP_PLAIN, ", round %" PRIu64 "%s", s->rounds, took);
}

static void put_host(struct mm_top_page *page, const struct mm_top_status *s)
{
	struct mm_top_line *line = mm_top_add(page);
	char a[16], b[16], c[16];

	mm_top_put(line, MM_TOP_BOLD, "Host:   ");
	mm_top_put(line, MM_TOP_PLAIN, "%s total, %s free, %s spare", size_text(a, s->total_kib),
		size_text(b, s->free_kib), size_text(c, s->spare_kib));
	if (s->reserved_kib > 0)
		mm_top_put_whole(
			line, MM_TOP_WARN, ", %s set aside", size_text(a, s->reserved_kib));
	mm_top_put_whole(line, MM_TOP_PLAIN, ", %s burst pool", size_text(a, s->pool_kib));
	mm_top_put_whole(line, MM_TOP_PLAIN, ", %s reserve", size_text(a, s->reserve_kib));
}

/* How many guests something is wrong with. */
static void put_moods(struct mm_top_line *line, const struct mm_top_status *s)
{
	size_t alert = 0, watch = 0;

	for (size_t i = 0; i < s->count; i++) {
		alert += s->rows[i].mood == MM_TOP_ALERT;
		watch += s->rows[i].mood == MM_TOP_WATCH;
	}
	if (alert > 0)
		mm_top_put_whole(line, MM_TOP_BAD, "; %zu short", alert);
	if (watch > 0)
		mm_top_put_whole(line, MM_TOP_WARN, "; %zu to watch", watch);
}

/* What matters most comes first: the end does not fit everywhere. */
static void put_guests(
	struct mm_top_page *page, const struct mm_top_status *s, const struct mm_top_order *order)
{
	struct mm_top_line *line = mm_top_add(page);
	uint64_t held = 0, used = 0, need = 0;
	char a[16], b[16], c[16];
	size_t balanced = 0;

	for (size_t i = 0; i < s->count; i++) {
		balanced += s->rows[i].is_balanced;
		held += s->rows[i].held_kib;
		used += s->rows[i].used_kib;
		need += mm_top_need_kib(&s->rows[i]);
	}
	mm_top_put(line, MM_TOP_BOLD, "Guests: ");
	mm_top_put(line, MM_TOP_PLAIN, "%zu hold %s, budget %s, need %s", s->count,
		size_text(a, held), size_text(b, s->budget_kib), size_text(c, need));
	put_moods(line, s);
	mm_top_put_whole(line, MM_TOP_PLAIN, "; %s used", size_text(a, used));
	mm_top_put_whole(line, MM_TOP_PLAIN, "; %zu balanced", balanced);
	mm_top_put_whole(line, MM_TOP_FAINT, "; by %s%s", mm_top_column_title(order->column),
		order->is_reverse ? ", reversed" : "");
}

/* The bar gives way to what stands behind it. */
static void put_bar(
	struct mm_top_page *page, const struct mm_top_status *s, const struct mm_top_scene *scene)
{
	struct mm_top_line *line = mm_top_add(page);
	const char *over = s->is_overcommitted ? "OVERCOMMITTED" : "";
	char flags[24] = "", filter[MM_TOP_FILTER_MAX + 64] = "";
	int width;

	if (scene->remark) {
		mm_top_put(line, MM_TOP_BOLD, "%s", scene->remark);
		return;
	}
	snprintf(flags, sizeof(flags), "%s%s", s->is_paused ? " PAUSED" : "",
		s->is_dry_run ? " DRY RUN" : "");
	if (*scene->order.filter)
		snprintf(filter, sizeof(filter), " %zu of %zu with '%s'", scene->shown, s->count,
			scene->order.filter);
	width = line->width - (int)(strlen(over) + strlen(flags) + strlen(filter)) - 1;
	if (width > HOST_BAR_MAX)
		width = HOST_BAR_MAX;
	if (width >= HOST_BAR_MIN) {
		mm_top_host_bar(line, s, width);
		mm_top_put(line, MM_TOP_PLAIN, " ");
	}
	mm_top_put_whole(line, MM_TOP_BAD, "%s", over);
	mm_top_put_whole(line, MM_TOP_WARN, "%s", *over || !*flags ? flags : flags + 1);
	mm_top_put_whole(
		line, MM_TOP_WARN, "%s", *over || *flags || !*filter ? filter : filter + 1);
}

void mm_top_head(struct mm_top_page *page, const struct mm_top_status *status,
	const struct mm_top_scene *scene)
{
	put_server(page, status, scene);
	put_host(page, status);
	put_guests(page, status, &scene->order);
	put_bar(page, status, scene);
}

/* ---- columns --------------------------------------------------------------------------------- */

static int total_width(const struct columns *c)
{
	int total = -1; /* a blank between two */

	for (int i = 0; i < MM_TOP_COLUMN_COUNT; i++)
		total += c->width[i] ? c->width[i] + 1 : 0;
	return total;
}

static int name_width(const struct mm_top_status *s)
{
	size_t longest = NAME_MIN;

	for (size_t i = 0; i < s->count; i++)
		if (strlen(s->rows[i].name) > longest)
			longest = strlen(s->rows[i].name);
	return longest < NAME_MAX_SEEN ? (int)longest : NAME_MAX_SEEN;
}

static struct columns fit_columns(const struct mm_top_status *s, int width)
{
	static const enum mm_top_column droppable[] = {MM_TOP_ID, MM_TOP_USED, MM_TOP_STALL,
		MM_TOP_STATE, MM_TOP_NEED, MM_TOP_AGE, MM_TOP_TARGET};
	struct columns c = {
		.width = {5, name_width(s), 8, 7, 7, 7, 7, BAR_MIN, STALL_FULL, 5, WHY_MIN},
		.has_stall_bar = true};
	int extra;

	for (size_t i = 0; i < sizeof(droppable) / sizeof(droppable[0]); i++) {
		if (total_width(&c) <= width)
			break;
		if (droppable[i] == MM_TOP_STALL) {
			c.width[MM_TOP_STALL] = STALL_PLAIN;
			c.has_stall_bar = false;
		} else {
			c.width[droppable[i]] = 0;
		}
	}
	extra = width - total_width(&c);
	if (extra > WHY_GOOD - WHY_MIN) {
		extra -= WHY_GOOD - WHY_MIN;
		c.width[MM_TOP_BAR] += extra < BAR_MAX - BAR_MIN ? extra : BAR_MAX - BAR_MIN;
	}
	c.width[MM_TOP_WHY] = MM_TOP_WIDTH_MAX; /* the rest */
	return c;
}

static bool is_left(enum mm_top_column column)
{
	return column == MM_TOP_NAME || column == MM_TOP_STATE || column == MM_TOP_BAR ||
	       column == MM_TOP_WHY;
}

static void put_titles(
	struct mm_top_page *page, const struct columns *c, const struct mm_top_order *order)
{
	struct mm_top_line *line = mm_top_add(page);
	int end = 0;

	for (int i = 0; i < MM_TOP_COLUMN_COUNT; i++) {
		enum mm_top_column column = (enum mm_top_column)i;
		int width = column == MM_TOP_STALL ? STALL_PLAIN : c->width[i];

		if (!c->width[i])
			continue;
		if (end > 0)
			mm_top_put(line, MM_TOP_HEAD, " ");
		if (column == MM_TOP_WHY)
			width = 0;
		mm_top_put(line, order->column == column ? MM_TOP_HEAD_SORT : MM_TOP_HEAD, "%*s",
			is_left(column) ? -width : width, mm_top_column_title(column));
		end += c->width[i] + (end > 0);
		while (line->len < end && line->len < line->width)
			mm_top_put(line, MM_TOP_HEAD, " ");
	}
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void put_size(struct mm_top_line *line, uint64_t kib, bool is_known, int width)
{
	char text[16];

	mm_top_put(line, is_known ? MM_TOP_PLAIN : MM_TOP_FAINT, "%*s", width,
		is_known ? size_text(text, kib) : "-");
}

static void put_stall(struct mm_top_line *line, const struct mm_top_row *row, bool has_bar)
{
	uint64_t tenths = row->pressure_ppm / 1000;

	if (!row->is_balanced) {
		mm_top_put(line, MM_TOP_FAINT, "%*s", STALL_PLAIN, "-");
		return;
	}
	mm_top_put(line,
		tenths >= 100  ? MM_TOP_BAD
		: tenths >= 10 ? MM_TOP_WARN
			       : MM_TOP_PLAIN,
		"%*" PRIu64 ".%" PRIu64, STALL_PLAIN - 2, tenths / 10, tenths % 10);
	if (has_bar) {
		mm_top_put(line, MM_TOP_PLAIN, " ");
		mm_top_stall_bar(line, row->pressure_ppm);
	}
}

static void put_why(struct mm_top_line *line, const struct mm_top_row *row)
{
	static const enum mm_top_style styles[] = {
		[MM_TOP_CALM] = MM_TOP_PLAIN,
		[MM_TOP_BUSY] = MM_TOP_GOOD,
		[MM_TOP_WATCH] = MM_TOP_WARN,
		[MM_TOP_ALERT] = MM_TOP_BAD,
	};

	mm_top_put(line, styles[row->mood], "%s", row->reason_text);
}

static void put_cell(struct mm_top_line *line, const struct mm_top_row *row,
	const struct columns *c, enum mm_top_column column)
{
	int width = c->width[column];
	char age[16];

	switch (column) {
	case MM_TOP_ID:
		mm_top_put(line, MM_TOP_PLAIN, "%*" PRIu32, width, row->domid);
		break;
	case MM_TOP_NAME:
		mm_top_put(line, MM_TOP_BOLD, "%-.*s", width, row->name);
		break;
	case MM_TOP_STATE:
		mm_top_put(line, MM_TOP_PLAIN, "%-.*s", width, row->state);
		break;
	case MM_TOP_HELD:
		put_size(line, row->held_kib, true, width);
		break;
	case MM_TOP_TARGET:
		put_size(line, row->target_kib, row->target_kib > 0, width);
		break;
	case MM_TOP_USED:
		put_size(line, row->used_kib, row->has_used, width);
		break;
	case MM_TOP_NEED:
		put_size(line, mm_top_need_kib(row), row->is_balanced, width);
		break;
	case MM_TOP_BAR:
		mm_top_need_bar(line, row, width);
		break;
	case MM_TOP_STALL:
		put_stall(line, row, c->has_stall_bar);
		break;
	case MM_TOP_AGE:
		mm_top_put(line, row->has_age ? MM_TOP_PLAIN : MM_TOP_FAINT, "%*s", width,
			row->has_age ? mm_top_age(age, row->age_ms) : "-");
		break;
	default:
		put_why(line, row);
	}
}

static void put_row(struct mm_top_page *page, const struct mm_top_row *row, const struct columns *c)
{
	struct mm_top_line *line = mm_top_add(page);
	int end = 0;

	for (int i = 0; i < MM_TOP_COLUMN_COUNT; i++) {
		if (!c->width[i])
			continue;
		if (end > 0)
			mm_top_pad(line, ++end);
		put_cell(line, row, c, (enum mm_top_column)i);
		end += c->width[i];
		if (i != MM_TOP_WHY)
			mm_top_pad(line, end);
	}
}

void mm_top_list(struct mm_top_page *page, const struct mm_top_status *status,
	const struct mm_top_scene *scene)
{
	struct columns c = fit_columns(status, page->width);

	put_titles(page, &c, &scene->order);
	for (size_t i = 0; i < scene->shown; i++)
		put_row(page, &status->rows[i], &c);
	if (status->count == 0)
		mm_top_put(mm_top_add(page), MM_TOP_FAINT, "no guests");
	else if (scene->shown == 0)
		mm_top_put(
			mm_top_add(page), MM_TOP_FAINT, "no guest with '%s'", scene->order.filter);
}

/* ---- help ------------------------------------------------------------------------------------ */

void mm_top_help(struct mm_top_page *page)
{
	static const char *const lines[] = {
		"mmctl top - keys",
		"",
		"Up Down PgUp PgDn Home End   choose a guest",
		"Enter                        all about that guest; Esc or q: back",
		"P M N T                      sort by STALL%, HELD, NAME, TARGET",
		"D S U E A W                  sort by ID, STATE, USED, NEED, AGE, WHY",
		"< >                          sort by the column to the left, to the right",
		"r                            turn the order round",
		"/                            show guests whose name, state or reason holds a "
		"text; Esc: all",
		"Space                        look again at once",
		"h ? F1                       this page",
		"q                            quit",
		"",
		"Bars: what a guest holds, as # hard use (what it cannot give back), = warm (what "
		"it uses",
		"again), - headroom (to grow into), . not needed; ! is what it lacks. The bar at "
		"the top is",
		"the host's memory: the parts of all guests, @ what is not theirs, blank what is "
		"free.",
		"STALL%: the share of time for which programs in the guest wait for memory; the "
		"six marks",
		"behind it are 0.1, 1, 5, 10, 25 and 50 percent. AGE: of the agent's report.",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		mm_top_put(mm_top_add(page), i ? MM_TOP_PLAIN : MM_TOP_BOLD, "%s", lines[i]);
	}
}
