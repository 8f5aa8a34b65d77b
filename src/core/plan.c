/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plan's memory and the words for its reasons. */
#include "xenmm/plan.h"

#include <stdlib.h>
#include <string.h>

#include "xenmm/units.h"

/* Changes of target below a 64th, within these, are not worth a write. */
#define STEP_PART    64
#define STEP_MIN_KIB (1 * MM_KIB_PER_MIB)
#define STEP_MAX_KIB (16 * MM_KIB_PER_MIB)

static const struct {
	const char *name;
	const char *text;
} reasons[MM_REASON_COUNT] = {
	[MM_REASON_STEADY] = {"steady", "has what it shall have"},
	[MM_REASON_DONATE] = {"donate", "gives idle memory"},
	[MM_REASON_GROW] = {"grow", "gets its share"},
	[MM_REASON_SHORT] = {"short", "runs short, is served first"},
	[MM_REASON_EMERGENCY] = {"emergency", "stalls or falls steeply, grows at once"},
	[MM_REASON_WAIT] = {"wait", "shall grow, memory not free yet"},
	[MM_REASON_MINIMUM] = {"minimum", "is at its minimum"},
	[MM_REASON_MAXIMUM] = {"maximum", "is at its maximum"},
	[MM_REASON_HARD_USE] = {"hard-use", "keeps its hard use and a margin"},
	[MM_REASON_DOUBT] = {"doubt",
		"claims to be full but nothing in it stalls, kept at its share"},
	[MM_REASON_OVERCOMMITTED] = {"overcommitted", "hard use of all guests exceeds the budget"},
	[MM_REASON_NUDGE] = {"nudge", "balloon does not move, wakes it"},
	[MM_REASON_STUCK] = {"stuck", "balloon does not follow, keeps what it holds"},
	[MM_REASON_PROBE] = {"probe", "was stuck, a small step to see whether it follows"},
	[MM_REASON_PRESS] = {"press", "idle and calm, pressed gently to learn its working set"},
	[MM_REASON_STEP_BACK] = {"step-back", "was pressed too far, gets it back"},
	[MM_REASON_SILENT] = {"silent", "agent is silent, left alone"},
	[MM_REASON_NO_AGENT] = {"no-agent", "never reported, not balanced"},
	[MM_REASON_BOOTING] = {"booting", "starts up, not squeezed yet"},
	[MM_REASON_PAUSED] = {"paused", "is paused, left alone"},
	[MM_REASON_SAVING] = {"saving", "is being saved or migrated, left alone"},
	[MM_REASON_BUILDING] = {"building", "is being built, left alone"},
	[MM_REASON_FOREIGN] = {"foreign", "its target cannot be set, left alone"},
	[MM_REASON_DYING] = {"dying", "shuts down, left alone"},
	[MM_REASON_EXCLUDED] = {"excluded", "excluded by the administrator"},
};

void mm_plan_free(struct mm_plan *plan)
{
	free(plan->entries);
	free(plan->order);
	free(plan->shares);
	memset(plan, 0, sizeof(*plan));
}

const char *mm_reason_name(enum mm_reason reason)
{
	return reason < MM_REASON_COUNT ? reasons[reason].name : "unknown";
}

const char *mm_reason_text(enum mm_reason reason)
{
	return reason < MM_REASON_COUNT ? reasons[reason].text : "unknown";
}

enum mm_reason mm_reason_from_name(const char *name)
{
	for (int i = 0; i < MM_REASON_COUNT; i++)
		if (!strcmp(name, reasons[i].name))
			return (enum mm_reason)i;
	return MM_REASON_COUNT;
}

uint64_t mm_target_step(uint64_t held_kib)
{
	return mm_min_u64(mm_max_u64(held_kib / STEP_PART, STEP_MIN_KIB), STEP_MAX_KIB);
}

bool mm_is_same_target(uint64_t told_kib, const struct mm_plan_entry *entry)
{
	uint64_t new_kib = entry->new_kib;
	uint64_t off_kib = new_kib > told_kib ? new_kib - told_kib : told_kib - new_kib;

	return off_kib <= mm_target_step(entry->current_kib);
}
