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

#define MM_DECISIONS_KEPT 32   /* of each guest */
#define MM_DECISIONS_FEED 1024 /* of all guests together, in the order in which they were made */

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
struct mm_fed;	   /* opaque: one decision, and whose it is */

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
	uint64_t changes; /* targets that were set */
};

struct mm_decisions {
	struct mm_decided_guest *guests; /* sorted by domid */
	struct mm_decided_guest *next;	 /* room for the next round's */
	size_t count, capacity;
	struct mm_decided_guest *gone; /* oldest first */
	size_t gone_count;
	struct mm_fed *feed; /* the last MM_DECISIONS_FEED */
	uint64_t last_seq;   /* of the latest decision; they are numbered from 1 */
	uint64_t by_reason[MM_REASON_COUNT];
	uint64_t refused; /* targets that could not be set */
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

/*
 * The decisions later than `since_seq`, at most `max`, newest first, of all guests, or of the one that is not NULL; each says whose
 * it is. NULL without memory.
 */
json_t *mm_decisions_feed(const struct mm_decisions *decisions,
	const struct mm_decided_guest *guest, uint64_t since_seq, size_t max);

/* The last `max` decisions of a guest, newest first, as a JSON array; NULL without memory. */
json_t *mm_decisions_json(const struct mm_decided_guest *guest, size_t max);

#endif
