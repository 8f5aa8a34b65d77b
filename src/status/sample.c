/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sample.h"

static const char *const column_names[MM_SAMPLE_COUNT] = {
	[MM_SAMPLE_TARGET] = "target_kib",
	[MM_SAMPLE_HELD] = "held_kib",
	[MM_SAMPLE_USED] = "used_kib",
	[MM_SAMPLE_HARD] = "hard_kib",
	[MM_SAMPLE_WARM] = "warm_kib",
	[MM_SAMPLE_HEADROOM] = "headroom_kib",
	[MM_SAMPLE_PRESSURE] = "pressure_ppm",
};

static const char *const host_column_names[MM_HOST_COUNT] = {
	[MM_HOST_TOTAL] = "total_kib",
	[MM_HOST_FREE] = "free_kib",
	[MM_HOST_BUDGET] = "budget_kib",
	[MM_HOST_HELD] = "held_kib",
	[MM_HOST_USED] = "used_kib",
	[MM_HOST_POOL] = "pool_kib",
};

const char *mm_sample_column_name(enum mm_sample_column column)
{
	return column_names[column];
}

const char *mm_host_column_name(enum mm_host_column column)
{
	return host_column_names[column];
}

struct mm_sample mm_sample_guest(const struct mm_view *view, size_t i)
{
	const struct mm_domain *dom = &view->snap->domains[i];
	const struct mm_plan_entry *entry = mm_status_entry(view->snap, view->plan, i);
	struct mm_sample sample;

	for (size_t k = 0; k < MM_SAMPLE_COUNT; k++)
		sample.of[k] = MM_SAMPLE_NONE;
	sample.of[MM_SAMPLE_HELD] = dom->current_kib;
	if (dom->report.source != MM_SOURCE_NONE)
		sample.of[MM_SAMPLE_USED] = dom->report.total_kib - dom->report.avail_kib;
	if (!entry)
		return sample;
	sample.of[MM_SAMPLE_TARGET] = mm_status_target(view, entry);
	if (!entry->is_balanced)
		return sample;
	sample.of[MM_SAMPLE_HARD] = entry->need.hard_kib;
	sample.of[MM_SAMPLE_WARM] = entry->need.warm_kib;
	sample.of[MM_SAMPLE_HEADROOM] = entry->need.headroom_kib;
	sample.of[MM_SAMPLE_PRESSURE] = entry->need.pressure_ppm;
	return sample;
}

struct mm_host_sample mm_sample_host(const struct mm_view *view, const struct mm_sample *samples)
{
	struct mm_host_sample host = {{0}};

	host.of[MM_HOST_TOTAL] = view->snap->host.total_kib;
	host.of[MM_HOST_FREE] = view->snap->host.free_kib;
	host.of[MM_HOST_BUDGET] = view->plan->budget_kib;
	host.of[MM_HOST_POOL] = view->plan->pool_kib;
	for (size_t i = 0; i < view->snap->count; i++) {
		host.of[MM_HOST_HELD] += samples[i].of[MM_SAMPLE_HELD];
		if (samples[i].of[MM_SAMPLE_USED] != MM_SAMPLE_NONE)
			host.of[MM_HOST_USED] += samples[i].of[MM_SAMPLE_USED];
	}
	return host;
}
