/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a run adds up to. Pure arithmetic. */
#include <stdlib.h>

#include "runlog.h"
#include "xenmm/units.h"

/* A guest whose last row is older than this is gone, or mmserver has ended: rows come each interval, a minute at most. */
#define GONE_MS 61000

struct mm_run_span mm_run_span(const struct mm_run *run)
{
	struct mm_run_span span = {UINT64_MAX, 0};

	for (size_t i = 0; i < run->count; i++) {
		const struct mm_run_guest *guest = &run->guests[i];

		if (guest->count == 0)
			continue;
		span.start_ms = mm_min_u64(span.start_ms, guest->rows[0].time_ms);
		span.end_ms = mm_max_u64(span.end_ms, guest->rows[guest->count - 1].time_ms);
	}
	if (span.start_ms > span.end_ms)
		span.start_ms = span.end_ms;
	return span;
}

/* ---- one guest ------------------------------------------------------------------------------- */

struct mm_run_figures mm_run_figures(const struct mm_run_guest *guest)
{
	struct mm_run_figures f = {0};
	unsigned __int128 used = 0, held = 0; /* KiB * ms; a row holds until the next */
	uint64_t total_ms = 0, stall_us = 0, swapin = 0, swapout = 0;

	for (size_t i = 0; i < guest->count; i++) {
		const struct mm_run_row *row = &guest->rows[i];
		bool is_last = i + 1 == guest->count;
		uint64_t ms = is_last ? guest->count == 1 : row[1].time_ms - row->time_ms;

		used += (unsigned __int128)row->used_kib * ms;
		held += (unsigned __int128)row->held_kib * ms;
		total_ms += ms;
		f.peak_used_kib = mm_max_u64(f.peak_used_kib, row->used_kib);
		if (is_last)
			break;
		f.changes += row[1].target_kib != row->target_kib;
		/* counters begin at 0 when the guest is rebooted */
		stall_us += mm_sub_floor(row[1].stall_us, row->stall_us);
		swapin += mm_sub_floor(row[1].swapin_pages, row->swapin_pages);
		swapout += mm_sub_floor(row[1].swapout_pages, row->swapout_pages);
	}
	if (total_ms == 0) { /* all rows in one millisecond */
		f.mean_used_kib = f.peak_used_kib;
		f.mean_held_kib = guest->count ? guest->rows[0].held_kib : 0;
		return f;
	}
	f.mean_used_kib = (uint64_t)(used / total_ms);
	f.mean_held_kib = (uint64_t)(held / total_ms);
	f.stall_ppm =
		mm_min_u64((uint64_t)((unsigned __int128)stall_us * 1000 / total_ms), 1000000);
	f.swapin_kib = mm_min_u64(swapin, MM_SIZE_MAX_KIB) * MM_KIB_PER_PAGE;
	f.swapout_kib = mm_min_u64(swapout, MM_SIZE_MAX_KIB) * MM_KIB_PER_PAGE;
	return f;
}

size_t mm_run_thin(const struct mm_run_guest *guest, size_t max, struct mm_run_row **ret_rows)
{
	size_t step = guest->count / max + 1, count = 0;
	struct mm_run_row *rows = calloc(guest->count / step + 1, sizeof(*rows));

	*ret_rows = rows;
	for (size_t i = 0; rows && i < guest->count; i++) {
		struct mm_run_row *row = &rows[count];
		struct mm_run_row before = *row;

		*row = guest->rows[i];
		if (i % step > 0) {
			row->used_kib = mm_max_u64(row->used_kib, before.used_kib);
			row->free_kib = mm_min_u64(row->free_kib, before.free_kib);
		}
		if (i % step == step - 1 || i + 1 == guest->count)
			count++;
	}
	return count;
}

/* ---- the host -------------------------------------------------------------------------------- */

/*
 * Adds what the guest had at a time; *place is its row then, which only goes forward. What the row says of the host counts
 * where it is newer than *newest_ms.
 */
static void add_guest(const struct mm_run_guest *guest, size_t *place, struct mm_run_sum *sum,
	uint64_t *newest_ms)
{
	const struct mm_run_row *row;

	while (*place + 1 < guest->count && guest->rows[*place + 1].time_ms <= sum->time_ms)
		++*place;
	row = &guest->rows[*place];
	if (row->time_ms > sum->time_ms ||
		(*place + 1 == guest->count && sum->time_ms - row->time_ms > GONE_MS))
		return; /* not there yet, or not any more */
	sum->held_kib += row->held_kib;
	sum->target_kib += row->target_kib;
	sum->used_kib += row->used_kib;
	if (row->budget_kib > 0 && row->time_ms >= *newest_ms) {
		*newest_ms = row->time_ms;
		sum->budget_kib = row->budget_kib;
		sum->host_free_kib = row->host_free_kib;
	}
}

size_t mm_run_sums(const struct mm_run *run, size_t max, struct mm_run_sum **ret_sums)
{
	struct mm_run_span span = mm_run_span(run);
	uint64_t length_ms = span.end_ms - span.start_ms;
	size_t count = (size_t)mm_min_u64(length_ms / 100 + 1, max);
	struct mm_run_sum *sums = calloc(count, sizeof(*sums));
	size_t *places = calloc(run->count, sizeof(*places));

	for (size_t k = 0; sums && places && k < count; k++) {
		uint64_t newest_ms = 0;

		sums[k].time_ms = span.start_ms + (count > 1 ? length_ms * k / (count - 1) : 0);
		for (size_t i = 0; i < run->count; i++)
			add_guest(&run->guests[i], &places[i], &sums[k], &newest_ms);
	}
	if (!places)
		count = 0;
	free(places);
	*ret_sums = sums;
	return sums ? count : 0;
}
