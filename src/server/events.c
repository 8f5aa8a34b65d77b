/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

void mm_events_free(struct mm_events *events)
{
	free(events->guests);
	memset(events, 0, sizeof(*events));
}

void mm_events_target(const struct mm_snapshot *snap, const struct mm_plan_entry *entry)
{
	const struct mm_domain *dom = mm_snapshot_find(snap, entry->domid);

	mm_log(MM_LOG_INFO,
		"%s (domain %" PRIu32 "): target %" PRIu64 " -> %" PRIu64
		" KiB, %s: %s; uses %" PRIu64 ", holds %" PRIu64 ", shall hold %" PRIu64,
		dom ? dom->name : "?", entry->domid, entry->old_kib, entry->new_kib,
		mm_reason_name(entry->reason), mm_reason_text(entry->reason), entry->use_kib,
		entry->current_kib, entry->wish_kib);
}

/* Reasons that tell how a guest stands; all others, which change with every round, count as steady. */
static enum mm_reason standing(enum mm_reason reason)
{
	switch (reason) {
	case MM_REASON_STUCK:
	case MM_REASON_SILENT:
	case MM_REASON_NO_AGENT:
	case MM_REASON_BOOTING:
	case MM_REASON_PAUSED:
	case MM_REASON_SAVING:
	case MM_REASON_BUILDING:
	case MM_REASON_DYING:
	case MM_REASON_EXCLUDED:
		return reason;
	case MM_REASON_PROBE:
		return MM_REASON_STUCK;
	default:
		return MM_REASON_STEADY;
	}
}

static void tell(const struct mm_domain *dom, enum mm_reason reason)
{
	bool is_trouble = reason == MM_REASON_STUCK || reason == MM_REASON_SILENT;

	mm_log(is_trouble ? MM_LOG_WARN : MM_LOG_INFO,
		"%s (domain %" PRIu32 "): %s; holds %" PRIu64 " KiB", dom->name, dom->domid,
		reason == MM_REASON_STEADY ? "is balanced" : mm_reason_text(reason),
		dom->current_kib);
}

static int reserve(struct mm_events *events, size_t count)
{
	struct mm_event_guest *guests;
	size_t capacity = count + count / 2 + 16;

	if (count <= events->capacity)
		return 0;
	guests = realloc(events->guests, capacity * sizeof(*guests));
	if (!guests)
		return -1;
	events->guests = guests;
	events->capacity = capacity;
	return 0;
}

static enum mm_reason last_standing(const struct mm_events *events, uint32_t domid, size_t *cursor)
{
	while (*cursor < events->count && events->guests[*cursor].domid < domid)
		(*cursor)++;
	if (*cursor < events->count && events->guests[*cursor].domid == domid)
		return events->guests[*cursor].reason;
	return MM_REASON_COUNT;
}

void mm_events_round(
	struct mm_events *events, const struct mm_snapshot *snap, const struct mm_plan *plan)
{
	size_t cursor = 0;

	if (plan->is_overcommitted != events->was_overcommitted)
		mm_log(plan->is_overcommitted ? MM_LOG_WARN : MM_LOG_INFO,
			plan->is_overcommitted
				? "overcommitted: hard use of all guests exceeds the budget of "
				  "%" PRIu64 " KiB; nobody is squeezed below its own"
				: "hard use of all guests fits the budget of %" PRIu64 " KiB again",
			plan->budget_kib);
	events->was_overcommitted = plan->is_overcommitted;
	for (size_t i = 0; i < snap->count; i++) {
		enum mm_reason now = standing(plan->entries[i].reason);

		if (now != last_standing(events, snap->domains[i].domid, &cursor))
			tell(&snap->domains[i], now);
	}
	if (reserve(events, snap->count))
		return;
	for (size_t i = 0; i < snap->count; i++)
		events->guests[i] = (struct mm_event_guest){
			snap->domains[i].domid, standing(plan->entries[i].reason)};
	events->count = snap->count;
}
