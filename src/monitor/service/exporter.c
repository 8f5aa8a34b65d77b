/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/exporter.h"

#include <stdlib.h>
#include <string.h>

#include "monitor/process_json.h"
#include "monitor/service/exporter_private.h"
#include "xenmm/units.h"

static const struct {
	const char *name;
	unsigned factor, decimals;
} units[] = {
	[MM_EXPORT_NONE] = {NULL, 1, 0},
	[MM_EXPORT_KIB] = {"bytes", 1024, 0},
	[MM_EXPORT_MS] = {"seconds", 1, 3},
	[MM_EXPORT_US] = {"seconds", 1, 6},
	[MM_EXPORT_MILLI] = {NULL, 1, 3},
	[MM_EXPORT_PAGES] = {"bytes", 4096, 0},
};

/* ---- samples --------------------------------------------------------------------------------- */

void mm_export_value(
	struct mm_export_writer *w, const struct mm_export_family *family, uint64_t value)
{
	mm_exposition_value(&w->out,
		mm_min_u64(value, INT64_MAX / 4096) * units[family->unit].factor,
		units[family->unit].decimals);
}

void mm_export_guest(struct mm_export_writer *w, const struct mm_export_family *family,
	const struct mm_mon_guest *seen)
{
	mm_exposition_begin(&w->out, family->name, "");
	mm_exposition_label(&w->out, "uuid", seen->uuid);
}

void mm_export_label(struct mm_export_writer *w, const char *name, const char *value)
{
	char text[MM_TEXT_SIZE(MM_NAME_MAX)];

	mm_exposition_label(&w->out, name,
		mm_text_label(text, sizeof(text), value ? value : "", value ? strlen(value) : 0));
}

bool mm_export_is_readable(const struct mm_mon_guest *seen)
{
	return seen->sample && !seen->is_stale && !seen->reason;
}

/* ---- names of processes ---------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	const struct mm_export_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int compare_sizes(const void *a, const void *b)
{
	const struct mm_export_name *x = a, *y = b;

	if (x->rss_kib != y->rss_kib)
		return x->rss_kib < y->rss_kib ? 1 : -1;
	return compare_names(a, b);
}

static uint64_t share_of(const struct mm_process_row *row)
{
	return row->share == MM_SHARE_UNKNOWN ? 0 : row->share;
}

/* Sums by name, the largest first: processes come and go, their names stay. Returns how many, `sums` has room for all. */
static size_t sum_names(
	const struct mm_process_row *rows, size_t count, struct mm_export_name *sums)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		(void)mm_text_label(sums[i].name, sizeof(sums[i].name), rows[i].process->comm,
			sizeof(rows[i].process->comm));
		sums[i].rss_kib = mm_process_rss_kib(rows[i].process);
		sums[i].share = share_of(&rows[i]);
	}
	qsort(sums, count, sizeof(*sums), compare_names);
	for (size_t i = 0; i < count; i++) {
		if (n > 0 && compare_names(&sums[n - 1], &sums[i]) == 0) {
			sums[n - 1].rss_kib += sums[i].rss_kib;
			sums[n - 1].share += sums[i].share;
		} else {
			sums[n++] = sums[i];
		}
	}
	qsort(sums, n, sizeof(*sums), compare_sizes);
	return n;
}

static bool read_names(struct mm_export_writer *w, size_t guest)
{
	struct mm_process_row *rows = NULL;
	struct mm_export_name *sums;
	size_t count = 0, n;

	if (!mm_export_is_readable(&w->guests[guest]))
		return true;
	if (mm_mon_rows(&w->guests[guest], false, &rows, &count))
		return false;
	sums = calloc(count + 1, sizeof(*sums));
	if (sums) {
		n = sum_names(rows, count, sums);
		n = n < w->export->top ? n : w->export->top;
		memcpy(&w->names[guest * w->export->top], sums, n * sizeof(*sums));
		w->name_counts[guest] = n;
	}
	free(rows);
	free(sums);
	return sums != NULL;
}

/* ---- the text -------------------------------------------------------------------------------- */

/* A label says which guest: a uuid that is there twice is told of once. */
static bool is_repeated(const struct mm_export_writer *w, const struct mm_mon_guest *seen)
{
	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->guests[i].uuid, seen->uuid))
			return true;
	return false;
}

static bool open_writer(struct mm_export_writer *w)
{
	const struct mm_mon_source *source = w->export->source;
	size_t count = source->count(source->arg);

	w->guests = calloc(count + 1, sizeof(*w->guests));
	w->names = calloc(count * w->export->top + 1, sizeof(*w->names));
	w->name_counts = calloc(count + 1, sizeof(*w->name_counts));
	if (!w->guests || !w->names || !w->name_counts)
		return false;
	for (size_t i = 0; i < count; i++) {
		source->get(source->arg, i, &w->guests[w->count]);
		/* a controller's are merged already, and there may be many */
		if (w->export->is_controller || !is_repeated(w, &w->guests[w->count]))
			w->count++;
	}
	for (size_t i = 0; w->export->top && i < w->count; i++)
		if (!read_names(w, i))
			return false;
	return true;
}

static void write_families(
	struct mm_export_writer *w, const struct mm_export_family *(*row)(size_t i))
{
	const struct mm_export_family *family;

	for (size_t i = 0; (family = row(i)); i++) {
		mm_exposition_family(&w->out, family->name, family->type, units[family->unit].name,
			family->help);
		family->write(w, family);
	}
}

char *mm_export_text(const struct mm_export *export, bool is_open_metrics, size_t *ret_len)
{
	struct mm_export_writer w = {.out = {.is_open_metrics = is_open_metrics}, .export = export};
	char *text = NULL;

	if (open_writer(&w)) {
		write_families(&w, mm_export_of_service);
		write_families(&w, mm_export_of_guests);
		text = mm_exposition_end(&w.out, ret_len);
	}
	free(w.guests);
	free(w.names);
	free(w.name_counts);
	return text;
}
