/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "events.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "xenmm/units.h"

void mm_events_free(struct mm_events *events)
{
	free(events->guests);
	free(events->next);
	memset(events, 0, sizeof(*events));
}

static void tell_target(const struct mm_snapshot *snap, const struct mm_plan *plan,
	const struct mm_plan_entry *entry, const char *before)
{
	const struct mm_domain *dom = mm_snapshot_find(snap, entry->domid);
	const struct mm_need *need = &entry->need;

	mm_log(MM_LOG_INFO,
		"%s%s (domain %" PRIu32 "): target %" PRIu64 " -> %" PRIu64
		" KiB, %s: %s; uses %" PRIu64 ", holds %" PRIu64 ", shall hold %" PRIu64
		"; needs %" PRIu64 " + %" PRIu64 " warm + %" PRIu64 " headroom, stalls %" PRIu32
		".%" PRIu32 " %%; budget %" PRIu64 ", spare %" PRIu64,
		before, dom ? dom->name : "?", entry->domid, entry->old_kib, entry->new_kib,
		mm_reason_name(entry->reason), mm_reason_text(entry->reason), entry->use_kib,
		entry->current_kib, entry->wish_kib, need->hard_kib, need->warm_kib,
		need->headroom_kib, need->pressure_ppm / 10000, need->pressure_ppm % 10000 / 1000,
		plan->budget_kib, plan->spare_kib);
}

void mm_events_target(const struct mm_snapshot *snap, const struct mm_plan *plan,
	const struct mm_plan_entry *entry)
{
	tell_target(snap, plan, entry, "");
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
	case MM_REASON_FOREIGN:
	case MM_REASON_DYING:
	case MM_REASON_EXCLUDED:
		return reason;
	case MM_REASON_PROBE:
		return MM_REASON_STUCK;
	default:
		return MM_REASON_STEADY;
	}
}

/* The first look into a guest without an agent takes seconds, and tells whether it can be balanced. */
static bool is_awaited(const struct mm_domain *dom, enum mm_reason reason)
{
	return reason == MM_REASON_NO_AGENT && dom->state == MM_DOM_RUNNING &&
	       !strcmp(dom->seen.state, MM_SEEN_WAITING);
}

static void tell(const struct mm_domain *dom, enum mm_reason reason)
{
	bool is_trouble = reason == MM_REASON_STUCK || reason == MM_REASON_SILENT;
	const char *text = mm_reason_text(reason);

	if (reason == MM_REASON_STEADY)
		text = "is balanced";
	else if (is_awaited(dom, reason))
		text = "has no agent, is being looked into";
	mm_log(is_trouble ? MM_LOG_WARN : MM_LOG_INFO,
		"%s (domain %" PRIu32 "): %s; holds %" PRIu64 " KiB", dom->name, dom->domid, text,
		dom->current_kib);
}

static int reserve(struct mm_events *events, size_t count)
{
	size_t capacity = count + count / 2 + 16;
	struct mm_event_guest *guests, *next;

	if (count <= events->capacity)
		return 0;
	guests = realloc(events->guests, capacity * sizeof(*guests));
	if (guests)
		events->guests = guests;
	next = realloc(events->next, capacity * sizeof(*next));
	if (next)
		events->next = next;
	if (!guests || !next)
		return -1;
	events->capacity = capacity;
	return 0;
}

static int compare_domid(const void *key, const void *row)
{
	uint32_t domid = *(const uint32_t *)key, of = ((const struct mm_event_guest *)row)->domid;

	return domid < of ? -1 : domid > of;
}

static struct mm_event_guest *find_guest(struct mm_events *events, uint32_t domid)
{
	if (events->count == 0)
		return NULL;
	return bsearch(
		&domid, events->guests, events->count, sizeof(*events->guests), compare_domid);
}

void mm_events_dry_run(struct mm_events *events, const struct mm_snapshot *snap,
	const struct mm_plan *plan, const struct mm_plan_entry *entry)
{
	struct mm_event_guest *guest = find_guest(events, entry->domid);

	if (guest && guest->would_reason == entry->reason &&
		mm_is_same_target(guest->would_kib, entry))
		return;
	if (guest) {
		guest->would_reason = entry->reason;
		guest->would_kib = entry->new_kib;
	}
	tell_target(snap, plan, entry, "dry run: ");
}

void mm_events_refused(struct mm_events *events, const struct mm_snapshot *snap,
	const struct mm_plan_entry *entry, const char *why)
{
	const struct mm_domain *dom = mm_snapshot_find(snap, entry->domid);
	struct mm_event_guest *guest = find_guest(events, entry->domid);

	if (guest && !mm_log_is_due(&guest->refused_ms, snap->now_ms))
		return;
	mm_log(MM_LOG_WARN,
		"%s (domain %" PRIu32 "): its target cannot be set to %" PRIu64 " KiB: %s",
		dom ? dom->name : "?", entry->domid, entry->new_kib, why);
}

static void tell_limit(
	uint64_t *told_kib, const char *name, uint64_t kib, const struct mm_host *host)
{
	char size[16], total[16];
	bool is_beyond = kib > host->total_kib;

	if (is_beyond && *told_kib != kib)
		mm_log(MM_LOG_WARN,
			"%s: %s is more than the %s that this host has; a bare number is KiB", name,
			mm_format_size(size, sizeof(size), kib),
			mm_format_size(total, sizeof(total), host->total_kib));
	*told_kib = is_beyond ? kib : 0;
}

void mm_events_limits(
	struct mm_events *events, const struct mm_config *cfg, const struct mm_host *host)
{
	tell_limit(&events->told_reserve_kib, "reserve", cfg->reserve_kib, host);
	tell_limit(&events->told_budget_kib, "budget", cfg->budget_kib, host);
}

/* What all balanced guests are guaranteed, whatever they use. */
static uint64_t sum_of_minima(const struct mm_plan *plan)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->entries[i].is_balanced)
			sum += plan->entries[i].min_kib;
	return sum;
}

static void tell_overcommitted(struct mm_events *events, const struct mm_plan *plan)
{
	uint64_t minima_kib = sum_of_minima(plan);

	if (plan->is_overcommitted && !events->was_overcommitted && minima_kib > plan->budget_kib)
		mm_log(MM_LOG_WARN,
			"overcommitted: the guests' minima alone are %" PRIu64
			" KiB, the budget is %" PRIu64
			" KiB: lower min or reserve, or raise budget; nobody is squeezed below its "
			"own hard use",
			minima_kib, plan->budget_kib);
	else if (plan->is_overcommitted && !events->was_overcommitted)
		mm_log(MM_LOG_WARN,
			"overcommitted: hard use of all guests exceeds the budget of %" PRIu64
			" KiB; nobody is squeezed below its own",
			plan->budget_kib);
	else if (!plan->is_overcommitted && events->was_overcommitted)
		mm_log(MM_LOG_INFO,
			"hard use of all guests fits the budget of %" PRIu64 " KiB again",
			plan->budget_kib);
	events->was_overcommitted = plan->is_overcommitted;
}

/* The guest's row of this round; what is known of it comes from the round before. */
static struct mm_event_guest advance(const struct mm_events *events, size_t *cursor,
	const struct mm_domain *dom, enum mm_reason now)
{
	struct mm_event_guest guest = {.domid = dom->domid, .reason = now};
	bool is_known;

	while (*cursor < events->count && events->guests[*cursor].domid < dom->domid)
		(*cursor)++;
	is_known = *cursor < events->count && events->guests[*cursor].domid == dom->domid;
	if (is_known) {
		guest = events->guests[*cursor];
		guest.reason = now;
	}
	guest.is_awaited = is_awaited(dom, now);
	if (!is_known || events->guests[*cursor].reason != now ||
		(events->guests[*cursor].is_awaited && !guest.is_awaited))
		tell(dom, now);
	return guest;
}

void mm_events_round(
	struct mm_events *events, const struct mm_snapshot *snap, const struct mm_plan *plan)
{
	struct mm_event_guest *last;
	size_t cursor = 0;

	tell_overcommitted(events, plan);
	if (reserve(events, snap->count))
		return; /* no memory: the guests' standing is told in a later round */
	for (size_t i = 0; i < snap->count; i++)
		events->next[i] = advance(
			events, &cursor, &snap->domains[i], standing(plan->entries[i].reason));
	last = events->guests;
	events->guests = events->next;
	events->next = last;
	events->count = snap->count;
}

void mm_events_notes(struct mm_backend *backend)
{
	struct mm_note note;

	while (backend->ops->note && backend->ops->note(backend, &note))
		mm_log(note.is_warning ? MM_LOG_WARN : MM_LOG_INFO, "%s", note.text);
}
