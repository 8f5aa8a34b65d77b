/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A ring holds a bucket for each step of its level. Rounds go into the finest; a bucket that is over is folded into the one
 * of the next level, so that a round costs the same however far the rings reach back.
 */
#include "series.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"
#include "xenmm/units.h"

/* Of a cell: no figure. Larger figures are cut: 4 TiB of memory. */
#define CELL_NONE UINT32_MAX
#define CELL_MAX  (UINT32_MAX - 1)

#define COLUMNS_MAX MM_ROW_COUNT

/* A level reaches back over its span and holds the step that is not over as well. */
#define SLOTS(span_ms, step_ms) ((span_ms) / (step_ms) + 1)

static const struct level {
	uint64_t step_ms;
	size_t slots;
	size_t first; /* its first slot in a guest's memory */
} levels[MM_SERIES_LEVELS] = {
	{1000, SLOTS(300000, 1000), 0},
	{10000, SLOTS(3600000, 10000), SLOTS(300000, 1000)},
	{60000, SLOTS(MM_SERIES_SPAN_MS, 60000), SLOTS(300000, 1000) + SLOTS(3600000, 10000)},
};

#define SLOTS_ALL (SLOTS(300000, 1000) + SLOTS(3600000, 10000) + SLOTS(MM_SERIES_SPAN_MS, 60000))

_Static_assert((int)MM_ROW_COUNT >= (int)MM_HOST_COUNT, "COLUMNS_MAX is that of guests");

/* Which buckets of a level are there: those in between are, if only as empty ones. */
struct extent {
	uint64_t first, last;
	bool is_any;
};

struct rings {
	size_t columns;
	bool (*is_peak)(size_t column); /* folded to its largest; the others to their last */
	struct extent extents[MM_SERIES_LEVELS];
	uint32_t *cells; /* SLOTS_ALL rows of `columns` */
};

struct guest {
	uint32_t domid;
	char uuid[MM_UUID_LEN + 1];
	char name[MM_NAME_MAX];
	uint64_t seen_ms; /* by the last round that saw it */
	struct rings rings;
};

struct mm_series {
	struct rings host;
	struct guest **guests; /* those of the last round, sorted by domid ... */
	struct guest **next;   /* ... room for the next round's ... */
	size_t count, capacity;
	struct guest **
		gone; /* ... and those that are gone, oldest first: MM_SERIES_GUESTS at most with the others */
	size_t gone_count;
	size_t kept; /* guests that have rings */
};

/* ---- rings ----------------------------------------------------------------------------------- */

static bool is_guest_peak(size_t column)
{
	return column != MM_ROW_TARGET && column != MM_ROW_HELD;
}

static bool is_host_peak(size_t column)
{
	return column == MM_HOST_USED;
}

/* Pages that were never written cost nothing: a guest's memory grows with its age. */
static int rings_init(struct rings *rings, size_t columns, bool (*is_peak)(size_t column))
{
	rings->columns = columns;
	rings->is_peak = is_peak;
	rings->cells = calloc(SLOTS_ALL * columns, sizeof(*rings->cells));
	return rings->cells ? 0 : -ENOMEM;
}

static uint32_t *cells_of(const struct rings *rings, size_t level, uint64_t bucket)
{
	size_t slot = levels[level].first + (size_t)(bucket % levels[level].slots);

	return &rings->cells[slot * rings->columns];
}

static uint32_t to_cell(uint64_t figure)
{
	if (figure == MM_ROW_NONE)
		return CELL_NONE;
	return (uint32_t)mm_min_u64(figure, CELL_MAX);
}

static void empty(const struct rings *rings, uint32_t *cells)
{
	for (size_t i = 0; i < rings->columns; i++)
		cells[i] = CELL_NONE;
}

/* The oldest bucket that still has a place when `last` is the latest. */
static uint64_t oldest(size_t level, uint64_t last)
{
	return last + 1 > levels[level].slots ? last + 1 - levels[level].slots : 0;
}

/* Makes the level end with that bucket; those that were passed over are empty. */
static void extend(struct rings *rings, size_t level, uint64_t bucket)
{
	struct extent *extent = &rings->extents[level];
	uint64_t from = extent->is_any ? extent->last + 1 : bucket;

	if (extent->is_any && bucket <= extent->last)
		return;
	for (uint64_t b = mm_max_u64(from, oldest(level, bucket)); b <= bucket; b++)
		empty(rings, cells_of(rings, level, b));
	if (!extent->is_any)
		extent->first = bucket;
	extent->last = bucket;
	extent->is_any = true;
	extent->first = mm_max_u64(extent->first, oldest(level, bucket));
}

/* from[] is the later one of the two. */
static void fold(const struct rings *rings, uint32_t *into, const uint32_t *from)
{
	for (size_t i = 0; i < rings->columns; i++) {
		if (from[i] == CELL_NONE)
			continue;
		if (into[i] == CELL_NONE || !rings->is_peak(i) || from[i] > into[i])
			into[i] = from[i];
	}
}

/* Takes a row into a level's bucket, after the bucket before it has gone into the next level. */
static void put(struct rings *rings, size_t level, uint64_t now_ms, const uint32_t *row)
{
	const struct extent *extent = &rings->extents[level];
	uint64_t bucket = now_ms / levels[level].step_ms;

	if (extent->is_any && bucket > extent->last && level + 1 < MM_SERIES_LEVELS)
		put(rings, level + 1, extent->last * levels[level].step_ms,
			cells_of(rings, level, extent->last));
	extend(rings, level, bucket);
	fold(rings, cells_of(rings, level, bucket), row);
}

static void put_figures(struct rings *rings, uint64_t now_ms, const uint64_t *figures)
{
	uint32_t row[COLUMNS_MAX];

	for (size_t i = 0; i < rings->columns; i++)
		row[i] = to_cell(figures[i]);
	put(rings, 0, now_ms, row);
}

/* ---- guests ---------------------------------------------------------------------------------- */

static void free_guest(struct mm_series *series, struct guest *guest)
{
	if (!guest)
		return;
	free(guest->rings.cells);
	free(guest);
	series->kept--;
}

int mm_series_new(struct mm_series **ret_series)
{
	struct mm_series *series = calloc(1, sizeof(*series));

	if (series)
		series->gone = calloc(MM_SERIES_GUESTS, sizeof(struct guest *));
	if (!series || !series->gone || rings_init(&series->host, MM_HOST_COUNT, is_host_peak)) {
		mm_series_free(series);
		return -ENOMEM;
	}
	*ret_series = series;
	return 0;
}

void mm_series_free(struct mm_series *series)
{
	if (!series)
		return;
	for (size_t i = 0; i < series->count; i++)
		free_guest(series, series->guests[i]);
	for (size_t i = 0; i < series->gone_count; i++)
		free_guest(series, series->gone[i]);
	free(series->host.cells);
	free(series->guests);
	free(series->next);
	free(series->gone);
	free(series);
}

static void forget_oldest(struct mm_series *series)
{
	free_guest(series, series->gone[0]);
	series->gone_count--;
	memmove(&series->gone[0], &series->gone[1], series->gone_count * sizeof(struct guest *));
}

/* Memory of guests that are there goes before that of guests that are gone. */
static struct guest *new_guest(struct mm_series *series, const struct mm_domain *dom)
{
	struct guest *guest;

	if (series->kept >= MM_SERIES_GUESTS && series->gone_count > 0)
		forget_oldest(series);
	if (series->kept >= MM_SERIES_GUESTS)
		return NULL;
	guest = calloc(1, sizeof(*guest));
	if (!guest)
		return NULL;
	series->kept++;
	if (rings_init(&guest->rings, MM_ROW_COUNT, is_guest_peak)) {
		free_guest(series, guest);
		return NULL;
	}
	guest->domid = dom->domid;
	memcpy(guest->uuid, dom->uuid, sizeof(guest->uuid));
	return guest;
}

/* One that is back under the same uuid, as after a reboot or a restore, goes on where it was. */
static struct guest *take_back(struct mm_series *series, const struct mm_domain *dom)
{
	for (size_t i = series->gone_count; i-- > 0;) {
		struct guest *guest = series->gone[i];

		if (!*dom->uuid || strcmp(guest->uuid, dom->uuid) != 0)
			continue;
		series->gone_count--;
		memmove(&series->gone[i], &series->gone[i + 1],
			(series->gone_count - i) * sizeof(struct guest *));
		guest->domid = dom->domid;
		return guest;
	}
	return NULL;
}

static void leave(struct mm_series *series, struct guest *guest)
{
	if (guest)
		series->gone[series->gone_count++] =
			guest; /* kept <= MM_SERIES_GUESTS: there is room */
}

static int reserve(struct mm_series *series, size_t count)
{
	size_t capacity = count + count / 2 + 16;
	struct guest **guests, **next;

	if (count <= series->capacity)
		return 0;
	guests = realloc(series->guests, capacity * sizeof(*guests));
	if (guests)
		series->guests = guests;
	next = realloc(series->next, capacity * sizeof(*next));
	if (next)
		series->next = next;
	if (!guests || !next)
		return -ENOMEM;
	series->capacity = capacity;
	return 0;
}

static bool is_same(const struct guest *guest, const struct mm_domain *dom)
{
	return guest->domid == dom->domid && !strcmp(guest->uuid, dom->uuid);
}

/* Both lists are sorted by domid. Guests that left do so before room for new ones is looked for. */
static void follow(struct mm_series *series, const struct mm_snapshot *snap)
{
	size_t old = 0, kept = 0;
	struct guest **last;

	for (size_t i = 0; i < snap->count; i++) {
		const struct mm_domain *dom = &snap->domains[i];

		while (old < series->count && series->guests[old]->domid < dom->domid)
			leave(series, series->guests[old++]);
		if (old < series->count && series->guests[old]->domid == dom->domid &&
			!is_same(series->guests[old], dom))
			leave(series, series->guests[old++]);
		series->next[i] = old < series->count && is_same(series->guests[old], dom)
					  ? series->guests[old++]
					  : NULL;
	}
	while (old < series->count)
		leave(series, series->guests[old++]);
	for (size_t i = 0; i < snap->count; i++) {
		struct guest *guest = series->next[i];

		if (!guest)
			guest = take_back(series, &snap->domains[i]);
		if (!guest)
			guest = new_guest(series, &snap->domains[i]);
		if (guest)
			series->next[kept++] = guest;
	}
	last = series->guests;
	series->guests = series->next;
	series->next = last;
	series->count = kept;
}

static void forget_old(struct mm_series *series, uint64_t now_ms)
{
	while (series->gone_count > 0 && series->gone[0]->seen_ms + MM_SERIES_SPAN_MS < now_ms)
		forget_oldest(series);
}

void mm_series_round(struct mm_series *series, const struct mm_snapshot *snap,
	const struct mm_host_row *host, const struct mm_row *rows)
{
	size_t k = 0;

	put_figures(&series->host, snap->now_ms, host->of);
	if (reserve(series, snap->count))
		return;
	forget_old(series, snap->now_ms);
	follow(series, snap);
	for (size_t i = 0; i < snap->count && k < series->count; i++) {
		struct guest *guest = series->guests[k];

		if (guest->domid != snap->domains[i].domid)
			continue; /* it has no rings */
		memcpy(guest->name, snap->domains[i].name, sizeof(guest->name));
		guest->seen_ms = snap->now_ms;
		put_figures(&guest->rings, snap->now_ms, rows[i].of);
		k++;
	}
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Those that are there first, then those that left, the latest first. */
static const struct guest *find_guest(const struct mm_series *series, const char *wanted)
{
	const struct guest *by_name = NULL;
	uint64_t domid = 0;
	bool is_domid = !mm_parse_u64(wanted, strlen(wanted), UINT32_MAX, &domid);

	for (size_t i = 0; i < series->count + series->gone_count; i++) {
		size_t gone = series->count + series->gone_count - 1 - i;
		const struct guest *guest =
			i < series->count ? series->guests[i] : series->gone[gone];

		if ((is_domid && guest->domid == domid) || !strcmp(guest->uuid, wanted))
			return guest;
		if (!by_name && !strcmp(guest->name, wanted))
			by_name = guest;
	}
	return by_name;
}

static size_t choose_level(const struct mm_series_query *query)
{
	size_t level = 0;

	while (level + 1 < MM_SERIES_LEVELS &&
		query->back_ms > levels[level].step_ms * (levels[level].slots - 1))
		level++;
	return level;
}

static void write_columns(FILE *out, bool is_host)
{
	size_t count = is_host ? MM_HOST_COUNT : MM_ROW_COUNT;

	fputs("\"columns\":[\"time_ms\"", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, ",\"%s\"",
			is_host ? mm_host_column_name((enum mm_host_column)i)
				: mm_row_column_name((enum mm_row_column)i));
	fputc(']', out);
}

static bool is_empty(const struct rings *rings, const uint32_t *cells)
{
	for (size_t i = 0; i < rings->columns; i++)
		if (cells[i] != CELL_NONE)
			return false;
	return true;
}

static void write_row(FILE *out, const struct rings *rings, const uint32_t *cells, int64_t time_ms)
{
	fprintf(out, "[%" PRId64, time_ms);
	for (size_t i = 0; i < rings->columns; i++) {
		if (cells[i] == CELL_NONE)
			fputs(",null", out);
		else
			fprintf(out, ",%" PRIu32, cells[i]);
	}
	fputc(']', out);
}

static void write_rows(
	FILE *out, const struct rings *rings, size_t level, const struct mm_series_query *query)
{
	const struct extent *extent = &rings->extents[level];
	uint64_t step_ms = levels[level].step_ms;
	uint64_t since_ms = mm_sub_floor(query->now_ms, query->back_ms);
	uint64_t first = mm_max_u64(extent->first, since_ms / step_ms);
	const char *comma = "";

	fputs("\"rows\":[", out);
	for (uint64_t bucket = first; extent->is_any && bucket <= extent->last; bucket++) {
		const uint32_t *cells = cells_of(rings, level, bucket);

		if (is_empty(rings, cells))
			continue;
		fputs(comma, out);
		write_row(out, rings, cells, (int64_t)(bucket * step_ms) + query->to_wall_ms);
		comma = ",";
	}
	fputc(']', out);
}

/* Names are printable ASCII already (mm_name_copy()). */
static void write_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void write_domain(FILE *out, const struct guest *guest)
{
	if (!guest) {
		fputs("\"domain\":null,", out);
		return;
	}
	fputs("\"domain\":{\"name\":", out);
	write_text(out, guest->name);
	fprintf(out, ",\"domid\":%" PRIu32 ",\"uuid\":", guest->domid);
	write_text(out, guest->uuid);
	fputs("},", out);
}

int mm_series_json(const struct mm_series *series, const struct mm_series_query *query,
	char **ret_text, size_t *ret_len)
{
	const struct guest *guest = query->guest ? find_guest(series, query->guest) : NULL;
	size_t level = choose_level(query);
	char *text = NULL;
	FILE *out;
	bool has_failed;

	if (query->guest && !guest)
		return -ENOENT;
	out = open_memstream(&text, ret_len);
	if (!out)
		return -ENOMEM;
	fprintf(out, "{\"ok\":true,\"version\":%d,\"time_ms\":%" PRId64 ",\"step_ms\":%" PRIu64 ",",
		MM_STATUS_VERSION, (int64_t)query->now_ms + query->to_wall_ms,
		levels[level].step_ms);
	write_domain(out, guest);
	write_columns(out, !guest);
	fputc(',', out);
	write_rows(out, guest ? &guest->rings : &series->host, level, query);
	fputc('}', out);
	has_failed = ferror(out);
	if (fclose(out) || has_failed) {
		free(text);
		return -ENOMEM;
	}
	*ret_text = text;
	return 0;
}
