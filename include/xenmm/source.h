/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who says what of a guest's memory, by source, and which of them to believe. Pure.
 *
 * A report counts from the moment it was written, as the store's event tells. Whatever parses is
 * accepted: a sequence number that stands still is still a sign of life when it was written anew
 * (an agent that was told to repeat itself), one that goes back is an agent or a guest that started
 * again; the counters' readers cope with both. A report that does not parse leaves the one before
 * to age.
 */
#ifndef XENMM_SOURCE_H
#define XENMM_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "xenmm/guest_proto.h"

struct mm_heard {
	struct mm_report report; /* source MM_SOURCE_NONE: nothing yet */
	uint64_t report_ms;	 /* when it was written, as far as we know */
};

struct mm_agent {
	struct mm_heard heard[MM_SOURCE_COUNT];
};

/* For how long a report of that source counts as fresh. */
uint64_t mm_source_fresh_ms(enum mm_source source);

/*
 * Takes note of a report that was written at written_ms. 0: it was found in the store and may be of
 * any age. Then it is dated so that it counts as fresh for one reporting interval more: an agent
 * that lives writes again within it, and the word of a dead one is not trusted for longer. The very
 * words that are known already are no news then.
 */
void mm_agent_hear(struct mm_agent *agent, const struct mm_report *report, uint64_t written_ms,
	uint64_t now_ms);

bool mm_agent_is_fresh(const struct mm_agent *agent, enum mm_source source, uint64_t now_ms);

/*
 * The report to go by: of the fresh ones that of the highest source, so that a stale record does
 * not hide an agent that goes on; when none is fresh the youngest. What was seen from outside stands
 * between mmclient's record, which tells the same and sooner, and the two numbers of other agents,
 * which know nothing of swap and stalls. NULL: none at all.
 */
const struct mm_heard *mm_agent_best(const struct mm_agent *agent, uint64_t now_ms);

/*
 * The same for a guest whose agent was found to say other things than its kernel (witness.h): as long as what was
 * seen from outside is fresh that is taken, whatever agents say.
 */
const struct mm_heard *mm_agent_best_doubted(const struct mm_agent *agent, uint64_t now_ms);

#endif
