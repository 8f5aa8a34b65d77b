/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "decisions.h"

#include <stdlib.h>
#include <string.h>

#include "decisions_private.h"
#include "xenmm/units.h"

#define GONE_MAX 64
#define GONE_MS	 UINT64_C(600000)

static void free_guests(struct mm_decided_guest *guests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(guests[i].ring);
	free(guests);
}

void mm_decisions_free(struct mm_decisions *decisions)
{
	free_guests(decisions->guests, decisions->count);
	free_guests(decisions->gone, decisions->gone_count);
	free(decisions->next);
	free(decisions->feed);
	memset(decisions, 0, sizeof(*decisions));
}

/* ---- rings ----------------------------------------------------------------------------------- */

struct mm_decided *mm_decided_newest(const struct mm_decided_guest *guest, size_t back)
{
	if (back >= guest->count)
		return NULL;
	return &guest->ring[(guest->start + guest->count - 1 - back) % guest->capacity];
}

/* Rings grow with what is in them, up to their limit: most guests of a calm host have a short one. */
static struct mm_decided *add_slot(struct mm_decided_guest *guest)
{
	if (guest->count == guest->capacity && guest->capacity < MM_DECISIONS_KEPT) {
		size_t capacity = guest->capacity ? 2 * guest->capacity : 4;
		struct mm_decided *ring = realloc(guest->ring, capacity * sizeof(*ring));

		if (!ring)
			return NULL;
		guest->ring = ring; /* it never wrapped: start is 0 until it is full */
		guest->capacity = capacity;
	}
	if (guest->count == guest->capacity)
		guest->start = (guest->start + 1) % guest->capacity;
	else
		guest->count++;
	return mm_decided_newest(guest, 0);
}

/* A target that was reached, or a wait that is over, is told by the changes themselves. */
static bool is_plain_end(enum mm_reason last, enum mm_reason now)
{
	if (now != MM_REASON_STEADY)
		return false;
	return last == MM_REASON_GROW || last == MM_REASON_SHORT || last == MM_REASON_DONATE ||
	       last == MM_REASON_EMERGENCY || last == MM_REASON_PRESS ||
	       last == MM_REASON_STEP_BACK || last == MM_REASON_NUDGE;
}

static bool is_same_change(
	const struct mm_decided *a, const struct mm_plan_entry *b, enum mm_outcome outcome)
{
	bool is_retry = a->outcome == MM_OUTCOME_REFUSED && outcome == MM_OUTCOME_SET;

	if (outcome == MM_OUTCOME_DRY_RUN || outcome == MM_OUTCOME_PAUSED)
		return a->outcome == outcome && a->entry.old_kib == b->old_kib &&
		       mm_is_same_target(a->told_kib, b) && a->entry.reason == b->reason;
	return (a->outcome == outcome || is_retry) && a->entry.old_kib == b->old_kib &&
	       a->entry.new_kib == b->new_kib && a->entry.reason == b->reason;
}

/* What is decided anew every round because it is not done (dry run, pause, refusal) takes one place. */
static bool is_news(const struct mm_decided_guest *guest, const struct mm_plan_entry *entry,
	enum mm_outcome outcome)
{
	const struct mm_decided *last = mm_decided_newest(guest, 0);

	if (entry->is_change)
		return !last || !is_same_change(last, entry, outcome);
	if (!guest->has_round)
		return true;
	return guest->last_reason != entry->reason &&
	       !is_plain_end(guest->last_reason, entry->reason);
}

static void note(struct mm_decisions *decisions, struct mm_decided_guest *guest,
	const struct mm_decided *round, const struct mm_plan_entry *entry)
{
	enum mm_outcome outcome = round->outcome;
	struct mm_decided *slot;
	uint64_t seq = 0;

	if (!entry->is_change)
		outcome = MM_OUTCOME_NONE;
	slot = is_news(guest, entry, outcome) ? add_slot(guest) : NULL;
	if (slot)
		seq = ++decisions->last_seq;
	else if (entry->is_change)
		slot = mm_decided_newest(
			guest, 0); /* tried again: its time and numbers are today's */
	if (slot) {
		struct mm_decided decided = *round;

		decided.seq = seq ? seq : slot->seq;
		decided.outcome = outcome;
		decided.entry = *entry;
		decided.told_kib = seq ? entry->new_kib : slot->told_kib;
		*slot = decided;
		mm_feed_put(decisions, guest, slot);
	}
	if (seq)
		decisions->by_reason[entry->reason]++;
	guest->changes += outcome == MM_OUTCOME_SET;
	guest->last_reason = entry->reason;
	guest->has_round = true;
}

/* ---- guests ---------------------------------------------------------------------------------- */

static int reserve(struct mm_decisions *decisions, size_t count)
{
	size_t capacity = count + count / 2 + 16;
	struct mm_decided_guest *guests, *next;

	if (!decisions->gone)
		decisions->gone = calloc(GONE_MAX, sizeof(*decisions->gone));
	if (!decisions->gone)
		return -1;
	if (count <= decisions->capacity)
		return 0;
	guests = realloc(decisions->guests, capacity * sizeof(*guests));
	if (guests)
		decisions->guests = guests;
	next = realloc(decisions->next, capacity * sizeof(*next));
	if (next)
		decisions->next = next;
	if (!guests || !next)
		return -1;
	decisions->capacity = capacity;
	return 0;
}

static void forget_gone(struct mm_decisions *decisions)
{
	free(decisions->gone[0].ring);
	decisions->gone_count--;
	memmove(&decisions->gone[0], &decisions->gone[1],
		decisions->gone_count * sizeof(decisions->gone[0]));
}

static void keep_gone(
	struct mm_decisions *decisions, const struct mm_decided_guest *guest, uint64_t now_ms)
{
	if (guest->count == 0) {
		free(guest->ring);
		return;
	}
	if (decisions->gone_count == GONE_MAX)
		forget_gone(decisions);
	decisions->gone[decisions->gone_count] = *guest;
	decisions->gone[decisions->gone_count++].gone_ms = now_ms ? now_ms : 1;
}

/* The guest's row, with what is known of it from the round before; both lists are sorted. */
static struct mm_decided_guest advance(struct mm_decisions *decisions, size_t *cursor,
	const struct mm_domain *dom, uint64_t now_ms)
{
	struct mm_decided_guest guest = {.domid = dom->domid};

	for (; *cursor < decisions->count && decisions->guests[*cursor].domid <= dom->domid;
		(*cursor)++) {
		struct mm_decided_guest *old = &decisions->guests[*cursor];

		if (old->domid == dom->domid && !strcmp(old->uuid, dom->uuid))
			guest = *old;
		else
			keep_gone(decisions, old, now_ms);
	}
	memcpy(guest.uuid, dom->uuid, sizeof(guest.uuid));
	memcpy(guest.name, dom->name, sizeof(guest.name)); /* it may have been renamed */
	return guest;
}

void mm_decisions_round(struct mm_decisions *decisions, const struct mm_snapshot *snap,
	const struct mm_plan *plan, enum mm_outcome outcome, const struct timespec *wall)
{
	const struct mm_decided round = {
		.wall = *wall,
		.outcome = outcome,
		.budget_kib = plan->budget_kib,
		.spare_kib = plan->spare_kib,
		.available_kib = plan->available_kib,
		.pool_kib = plan->pool_kib,
		.is_overcommitted = plan->is_overcommitted,
	};
	struct mm_decided_guest *last;
	size_t cursor = 0;

	if (reserve(decisions, snap->count))
		return;
	while (decisions->gone_count > 0 && decisions->gone[0].gone_ms + GONE_MS < snap->now_ms)
		forget_gone(decisions);
	for (size_t i = 0; i < snap->count; i++) {
		decisions->next[i] = advance(decisions, &cursor, &snap->domains[i], snap->now_ms);
		note(decisions, &decisions->next[i], &round, &plan->entries[i]);
	}
	for (; cursor < decisions->count; cursor++)
		keep_gone(decisions, &decisions->guests[cursor], snap->now_ms);
	last = decisions->guests;
	decisions->guests = decisions->next;
	decisions->next = last;
	decisions->count = snap->count;
}

void mm_decisions_refused(struct mm_decisions *decisions, uint32_t domid)
{
	size_t low = 0, high = decisions->count;
	struct mm_decided_guest *guest;
	struct mm_decided *last;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (decisions->guests[middle].domid < domid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == decisions->count || decisions->guests[low].domid != domid)
		return;
	guest = &decisions->guests[low];
	last = mm_decided_newest(guest, 0);
	if (!last || last->outcome != MM_OUTCOME_SET)
		return;
	last->outcome = MM_OUTCOME_REFUSED;
	guest->changes--;
	decisions->refused++;
	mm_feed_put(decisions, guest, last);
}

const struct mm_decided_guest *mm_decisions_find(
	const struct mm_decisions *decisions, const char *guest)
{
	const struct mm_decided_guest *by_name = NULL;
	uint64_t domid = 0;
	bool is_domid = !mm_parse_u64(guest, strlen(guest), UINT32_MAX, &domid);

	for (size_t i = 0; i < decisions->count + decisions->gone_count; i++) {
		size_t gone = decisions->count + decisions->gone_count - 1 - i; /* latest first */
		const struct mm_decided_guest *row =
			i < decisions->count ? &decisions->guests[i] : &decisions->gone[gone];

		if ((is_domid && row->domid == domid) || !strcmp(row->uuid, guest))
			return row;
		if (!by_name && !strcmp(row->name, guest))
			by_name = row;
	}
	return by_name;
}
