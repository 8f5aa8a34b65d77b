/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Choosing among those who speak of a guest's memory. See source.h. */
#include "xenmm/source.h"

#include <stddef.h>

#include "xenmm/units.h"

/*
 * How often each source writes at least, and for how long it is believed: three writes of mmclient
 * (every 10 s when nothing changes), as much for the first xenmm's (every second) and for
 * XenServer's agent (every 60 s). A guest is looked into every second or so, on a host of many guests every 10 s.
 */
static const struct {
	uint64_t interval_ms, fresh_ms;
} pace[MM_SOURCE_COUNT] = {
	[MM_SOURCE_XENSERVER] = {60000, 180000},
	[MM_SOURCE_SEED] = {10000, 30000},
	[MM_SOURCE_INTROSPECTION] = {10000, 30000},
	[MM_SOURCE_XENMM] = {10000, 30000},
};

uint64_t mm_source_fresh_ms(enum mm_source source)
{
	return pace[source].fresh_ms;
}

/* Enough to tell a new report from one that was read before; all sources have these. */
static bool is_same(const struct mm_report *a, const struct mm_report *b)
{
	return a->source == b->source && a->seq == b->seq && a->uptime_ms == b->uptime_ms &&
	       a->total_kib == b->total_kib && a->free_kib == b->free_kib &&
	       a->avail_kib == b->avail_kib;
}

void mm_agent_hear(struct mm_agent *agent, const struct mm_report *report, uint64_t written_ms,
	uint64_t now_ms)
{
	struct mm_heard *heard = &agent->heard[report->source];
	uint64_t age_ms;

	if (!written_ms) {
		if (is_same(&heard->report, report))
			return;
		/* a first look is of unknown age; a change behind our back happened lately */
		age_ms = pace[report->source].fresh_ms - pace[report->source].interval_ms;
		written_ms = heard->report.source ? now_ms : mm_sub_floor(now_ms, age_ms);
	}
	heard->report = *report;
	heard->report_ms = written_ms;
}

bool mm_agent_is_fresh(const struct mm_agent *agent, enum mm_source source, uint64_t now_ms)
{
	const struct mm_heard *heard = &agent->heard[source];

	return heard->report.source &&
	       mm_sub_floor(now_ms, heard->report_ms) < pace[source].fresh_ms;
}

const struct mm_heard *mm_agent_best(const struct mm_agent *agent, uint64_t now_ms)
{
	const struct mm_heard *youngest = NULL;

	for (int source = MM_SOURCE_COUNT - 1; source > MM_SOURCE_NONE; source--) {
		const struct mm_heard *heard = &agent->heard[source];

		if (mm_agent_is_fresh(agent, (enum mm_source)source, now_ms))
			return heard;
		if (heard->report.source && (!youngest || heard->report_ms > youngest->report_ms))
			youngest = heard;
	}
	return youngest;
}

const struct mm_heard *mm_agent_best_doubted(const struct mm_agent *agent, uint64_t now_ms)
{
	if (mm_agent_is_fresh(agent, MM_SOURCE_INTROSPECTION, now_ms))
		return &agent->heard[MM_SOURCE_INTROSPECTION];
	return mm_agent_best(agent, now_ms);
}
