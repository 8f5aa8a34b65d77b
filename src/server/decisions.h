/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was decided for each guest lately, and why: the last changes of its target and of its reason. A guest that is
 * gone is remembered for some minutes.
 */
#ifndef XENMM_DECISIONS_H
#define XENMM_DECISIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "xenmm/plan.h"
#include "xenmm/snapshot.h"

#define MM_DECISIONS_KEPT 32 /* of each guest */

/* What became of a change of target. */
enum mm_outcome {
	MM_OUTCOME_NONE, /* there was none: its reason changed */
	MM_OUTCOME_SET,
	MM_OUTCOME_DRY_RUN,
	MM_OUTCOME_PAUSED,
	MM_OUTCOME_REFUSED, /* the back end could not set it */
	MM_OUTCOME_COUNT
};

struct mm_decided; /* opaque: one decision */

/* A guest's decisions, a ring. */
struct mm_decided_guest {
	uint32_t domid;
	char uuid[MM_UUID_LEN + 1];
	char name[MM_NAME_MAX];
	enum mm_reason last_reason; /* of the last round */
	bool has_round;
	uint64_t gone_ms; /* when it was missed first; 0: it is there */
	struct mm_decided *ring;
	size_t start, count, capacity;
};

struct mm_decisions {
	struct mm_decided_guest *guests; /* sorted by domid */
	struct mm_decided_guest *next;	 /* room for the next round's */
	size_t count, capacity;
	struct mm_decided_guest *gone; /* oldest first */
	size_t gone_count;
};

/* A zeroed struct is empty. free() releases what it holds and zeroes it. */
void mm_decisions_free(struct mm_decisions *decisions);

/*
 * Notes a round. `outcome` is what is about to become of all changes of target, `wall` the wall clock's time of the
 * snapshot. Without memory a guest's decision is left out.
 */
void mm_decisions_round(struct mm_decisions *decisions, const struct mm_snapshot *snap,
	const struct mm_plan *plan, enum mm_outcome outcome, const struct timespec *wall);

/* The change that was noted in this round for that domain could not be made. */
void mm_decisions_refused(struct mm_decisions *decisions, uint32_t domid);

/* The guest by name, domid or uuid, those that are there first; NULL: never seen, or gone for long. */
const struct mm_decided_guest *mm_decisions_find(
	const struct mm_decisions *decisions, const char *guest);

/* The last `max` decisions of a guest, newest first, as a JSON array; NULL without memory. */
json_t *mm_decisions_json(const struct mm_decided_guest *guest, size_t max);

#endif
