/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "row.h"

static const char *const column_names[MM_ROW_COUNT] = {
	[MM_ROW_TARGET] = "target_kib",
	[MM_ROW_HELD] = "held_kib",
	[MM_ROW_USED] = "used_kib",
	[MM_ROW_HARD] = "hard_kib",
	[MM_ROW_WARM] = "warm_kib",
	[MM_ROW_HEADROOM] = "headroom_kib",
	[MM_ROW_PRESSURE] = "pressure_ppm",
};

static const char *const host_column_names[MM_HOST_COUNT] = {
	[MM_HOST_TOTAL] = "total_kib",
	[MM_HOST_FREE] = "free_kib",
	[MM_HOST_BUDGET] = "budget_kib",
	[MM_HOST_HELD] = "held_kib",
	[MM_HOST_USED] = "used_kib",
	[MM_HOST_POOL] = "pool_kib",
};

const char *mm_row_column_name(enum mm_row_column column)
{
	return column_names[column];
}

const char *mm_host_column_name(enum mm_host_column column)
{
	return host_column_names[column];
}

struct mm_row mm_row_guest(const struct mm_view *view, size_t i)
{
	const struct mm_domain *dom = &view->snap->domains[i];
	const struct mm_plan_entry *entry = mm_status_entry(view->snap, view->plan, i);
	struct mm_row sample;

	for (size_t k = 0; k < MM_ROW_COUNT; k++)
		sample.of[k] = MM_ROW_NONE;
	sample.of[MM_ROW_HELD] = dom->current_kib;
	if (dom->report.source != MM_SOURCE_NONE)
		sample.of[MM_ROW_USED] = dom->report.total_kib - dom->report.avail_kib;
	if (!entry)
		return sample;
	sample.of[MM_ROW_TARGET] = mm_status_target(view, entry);
	if (!entry->is_balanced)
		return sample;
	sample.of[MM_ROW_HARD] = entry->need.hard_kib;
	sample.of[MM_ROW_WARM] = entry->need.warm_kib;
	sample.of[MM_ROW_HEADROOM] = entry->need.headroom_kib;
	sample.of[MM_ROW_PRESSURE] = entry->need.pressure_ppm;
	return sample;
}

struct mm_host_row mm_row_host(const struct mm_view *view, const struct mm_row *rows)
{
	struct mm_host_row host = {{0}};

	host.of[MM_HOST_TOTAL] = view->snap->host.total_kib;
	host.of[MM_HOST_FREE] = view->snap->host.free_kib;
	host.of[MM_HOST_BUDGET] = view->plan->budget_kib;
	host.of[MM_HOST_POOL] = view->plan->pool_kib;
	for (size_t i = 0; i < view->snap->count; i++) {
		host.of[MM_HOST_HELD] += rows[i].of[MM_ROW_HELD];
		if (rows[i].of[MM_ROW_USED] != MM_ROW_NONE)
			host.of[MM_HOST_USED] += rows[i].of[MM_ROW_USED];
	}
	return host;
}
