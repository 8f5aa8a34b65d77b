/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log of what was done and why: a line for each change of a target, and for each guest whose
 * standing changes (silent, stuck, back again).
 */
#ifndef XENMM_EVENTS_H
#define XENMM_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/backend.h"
#include "xenmm/config.h"
#include "xenmm/plan.h"
#include "xenmm/snapshot.h"

struct mm_event_guest {
	uint32_t domid;
	enum mm_reason reason; /* of the last round, where it tells the guest's standing */
	bool is_awaited;       /* it never reported, but is being looked into from outside */
	uint64_t refused_ms;   /* when it was told last that its target cannot be set; 0: never */
	enum mm_reason would_reason; /* what a dry run told last: why, ... */
	uint64_t would_kib;	     /* ... and which target; 0: nothing yet */
};

struct mm_events {
	struct mm_event_guest *guests; /* of the last round, sorted by domid ... */
	struct mm_event_guest *next;   /* ... and room for this one */
	size_t count, capacity;
	bool was_overcommitted;
	uint64_t told_reserve_kib, told_budget_kib; /* too large, and said so; 0: was not */
};

void mm_events_free(struct mm_events *events);

/* A target was set. */
void mm_events_target(const struct mm_snapshot *snap, const struct mm_plan *plan,
	const struct mm_plan_entry *entry);

/*
 * A dry run would have set a target. It wants the same in every round: told when the reason is another, or the target is by
 * more than a step.
 */
void mm_events_dry_run(struct mm_events *events, const struct mm_snapshot *snap,
	const struct mm_plan *plan, const struct mm_plan_entry *entry);

/* A target could not be set, because of `why`; told once a minute for each guest. */
void mm_events_refused(struct mm_events *events, const struct mm_snapshot *snap,
	const struct mm_plan_entry *entry, const char *why);

/* A round was decided: tells which guests stand otherwise than in the round before. */
void mm_events_round(
	struct mm_events *events, const struct mm_snapshot *snap, const struct mm_plan *plan);

/*
 * Tells, once for each value, of sizes in the settings that are larger than the host: most likely a
 * number whose unit is missing or wrong.
 */
void mm_events_limits(
	struct mm_events *events, const struct mm_config *cfg, const struct mm_host *host);

/* Tells what the back end has to say by itself. */
void mm_events_notes(struct mm_backend *backend);

#endif
