/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A kernel's counters to a report. Pure; the guest may have made them up. */
#include <errno.h>

#include "inside.h"
#include "vmi/vmi.h"
#include "xenmm/units.h"

/* Sizes that a report may hold (mm_report_format() refuses others). */
static bool are_sizes_fit(const struct mm_counters *c)
{
	return c->total_kib > 0 && c->total_kib <= MM_SIZE_MAX_KIB && c->free_kib <= c->total_kib &&
	       c->swap_total_kib <= MM_SIZE_MAX_KIB && c->swap_free_kib <= c->swap_total_kib &&
	       c->balloon_current_kib <= MM_SIZE_MAX_KIB;
}

static bool are_counts_fit(const struct mm_counters *c)
{
	const uint64_t counts[] = {c->uptime_ms, c->swapin_pages, c->swapout_pages, c->majfaults,
		c->refault_anon, c->refault_file, c->psi_some_us, c->psi_full_us};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (counts[i] > MM_COUNTER_MAX)
			return false;
	return true;
}

int mm_inside_report(const struct mm_counters *counters, const struct mm_report *last,
	struct mm_report *ret_report)
{
	const struct mm_counters *c = counters;
	struct mm_report report;

	/* Linux never runs with not one page free: such a kernel's figures were not found. */
	if (!are_sizes_fit(c) || !are_counts_fit(c) || c->free_kib + c->avail_kib == 0)
		return -ERANGE;
	report = (struct mm_report){
		.source = MM_SOURCE_INTROSPECTION,
		.seq = last->seq < MM_COUNTER_MAX ? last->seq + 1 : 1,
		.uptime_ms = c->uptime_ms,
		.total_kib = c->total_kib,
		.free_kib = c->free_kib,
		.avail_kib = mm_min_u64(c->avail_kib, c->total_kib),
		.balloon_kib = c->has_balloon ? c->balloon_current_kib : 0,
		.swap_total_kib = c->swap_total_kib,
		.swap_free_kib = c->swap_free_kib,
		.swapin_pages = c->swapin_pages,
		.swapout_pages = c->swapout_pages,
		.majfaults = c->majfaults,
		.refault_anon = c->refault_anon,
		.refault_file = c->refault_file,
		.psi_some_us = c->has_psi ? c->psi_some_us : 0,
		.psi_full_us = c->has_psi ? c->psi_full_us : 0,
		.has_psi = c->has_psi,
	};
	report.is_moving =
		last->balloon_kib && report.balloon_kib && report.balloon_kib != last->balloon_kib;
	*ret_report = report;
	return 0;
}
