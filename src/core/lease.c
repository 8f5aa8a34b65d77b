/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of leases: who gets which, what is left of each, and when it ends. Decides no targets. */
#include "xenmm/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/units.h"

/*
 * What a balloon gives back in a second: Linux 6.1 freed about 100 MiB a second in the lab (the burst of
 * tests/lab, emulated CPU; faster on real ones), each guest by itself.
 */
#define DONOR_KIB_PER_S (100 * MM_KIB_PER_MIB)

/* Longer than that is "not at all" for somebody who waits. */
#define ETA_MAX_MS UINT64_C(86400000)

void mm_leases_clear(struct mm_leases *leases)
{
	free(leases->seen);
	leases->seen = NULL;
	leases->seen_count = leases->seen_capacity = 0;
	leases->count = 0;
}

int mm_lease_add(struct mm_leases *leases, uint64_t kib, const char *name, uint64_t expires_ms,
	uint32_t *ret_id)
{
	struct mm_lease *lease = &leases->rows[leases->count];

	if (kib == 0)
		return -EINVAL;
	if (leases->count == MM_LEASE_MAX || leases->last_id == UINT32_MAX)
		return -ENOSPC;
	memset(lease, 0, sizeof(*lease));
	lease->id = ++leases->last_id;
	lease->kib = lease->left_kib = kib;
	lease->expires_ms = expires_ms;
	if (name)
		mm_name_copy(lease->name, name, strlen(name));
	leases->count++;
	*ret_id = lease->id;
	return 0;
}

static struct mm_lease *find(struct mm_leases *leases, uint32_t id)
{
	for (size_t i = 0; i < leases->count; i++)
		if (leases->rows[i].id == id)
			return &leases->rows[i];
	return NULL;
}

const struct mm_lease *mm_lease_find(const struct mm_leases *leases, uint32_t id)
{
	for (size_t i = 0; i < leases->count; i++)
		if (leases->rows[i].id == id)
			return &leases->rows[i];
	return NULL;
}

int mm_lease_extend(struct mm_leases *leases, uint32_t id, uint64_t expires_ms)
{
	struct mm_lease *lease = find(leases, id);

	if (!lease)
		return -ENOENT;
	lease->expires_ms = expires_ms;
	return 0;
}

static void remove_row(struct mm_leases *leases, size_t i)
{
	leases->count--;
	memmove(&leases->rows[i], &leases->rows[i + 1],
		(leases->count - i) * sizeof(leases->rows[0]));
}

int mm_lease_release(struct mm_leases *leases, uint32_t id)
{
	for (size_t i = 0; i < leases->count; i++)
		if (leases->rows[i].id == id) {
			remove_row(leases, i);
			return 0;
		}
	return -ENOENT;
}

uint64_t mm_lease_ahead(const struct mm_leases *leases, uint32_t id)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < leases->count && (!id || leases->rows[i].id != id); i++)
		sum += leases->rows[i].is_hopeless ? 0 : leases->rows[i].left_kib;
	return sum;
}

/* ---- handing over ---------------------------------------------------------------------------- */

static bool is_gone(const struct mm_leases *leases, const char *uuid)
{
	for (size_t i = 0; i < MM_LEASE_GONE_MAX; i++)
		if (!strcmp(leases->gone[i], uuid))
			return true;
	return false;
}

static void note_gone(struct mm_leases *leases, const struct mm_snapshot *snap)
{
	for (size_t i = 0; i < leases->seen_count; i++) {
		const struct mm_lease_seen *seen = &leases->seen[i];

		if (mm_snapshot_find(snap, seen->domid) || is_gone(leases, seen->uuid))
			continue;
		memcpy(leases->gone[leases->gone_next], seen->uuid, sizeof(seen->uuid));
		leases->gone_next = (leases->gone_next + 1) % MM_LEASE_GONE_MAX;
	}
}

/* The snapshot's domains become those that were seen; without memory for them nobody is new next time. */
static void remember(struct mm_leases *leases, const struct mm_snapshot *snap)
{
	note_gone(leases, snap);
	leases->seen_count = 0;
	leases->seen_id = 0;
	if (leases->seen_capacity < snap->count) {
		size_t capacity = snap->count + snap->count / 2;
		struct mm_lease_seen *seen = realloc(leases->seen, capacity * sizeof(*seen));

		if (!seen)
			return;
		leases->seen = seen;
		leases->seen_capacity = capacity;
	}
	for (size_t i = 0; i < snap->count; i++) {
		leases->seen[i].domid = snap->domains[i].domid;
		memcpy(leases->seen[i].uuid, snap->domains[i].uuid, sizeof(leases->seen[i].uuid));
	}
	leases->seen_count = snap->count;
	leases->seen_id = leases->last_id;
}

/* Both lists are sorted by domid, so *cursor only goes forward. */
static bool was_seen(const struct mm_leases *leases, size_t *cursor, const struct mm_domain *dom)
{
	while (*cursor < leases->seen_count && leases->seen[*cursor].domid < dom->domid)
		(*cursor)++;
	return *cursor < leases->seen_count && leases->seen[*cursor].domid == dom->domid &&
	       !strcmp(leases->seen[*cursor].uuid, dom->uuid);
}

static bool is_for(const struct mm_leases *leases, const struct mm_lease *lease,
	const struct mm_domain *dom, bool is_new)
{
	uint32_t seen_id = leases->seen_id;

	if (lease->domid)
		return false;
	if (lease->name[0])
		return !strcmp(lease->name, dom->name) &&
		       (dom->state == MM_DOM_BUILDING || (is_new && lease->id <= seen_id));
	/* While somebody still waits for it, that somebody has not started anything. */
	return is_new && lease->is_granted && lease->id <= seen_id && !is_gone(leases, dom->uuid);
}

/* The lease by the domain's name goes before one for anybody. */
static struct mm_lease *lease_for(
	struct mm_leases *leases, const struct mm_domain *dom, bool is_new)
{
	struct mm_lease *found = NULL;

	for (size_t i = 0; i < leases->count; i++) {
		struct mm_lease *lease = &leases->rows[i];

		if (!is_for(leases, lease, dom, is_new))
			continue;
		if (lease->name[0])
			return lease;
		if (!found)
			found = lease;
	}
	return found;
}

static bool has_lease(const struct mm_leases *leases, const struct mm_domain *dom)
{
	for (size_t i = 0; i < leases->count; i++)
		if (leases->rows[i].domid == dom->domid && !strcmp(leases->rows[i].uuid, dom->uuid))
			return true;
	return false;
}

static void hand_over(struct mm_leases *leases, const struct mm_snapshot *snap)
{
	size_t cursor = 0;

	for (size_t i = 0; i < snap->count; i++) {
		const struct mm_domain *dom = &snap->domains[i];
		bool is_new = !was_seen(leases, &cursor, dom);
		struct mm_lease *lease;

		if ((!is_new && dom->state != MM_DOM_BUILDING) || dom->state == MM_DOM_DYING ||
			has_lease(leases, dom))
			continue;
		lease = lease_for(leases, dom, is_new);
		if (!lease)
			continue;
		lease->domid = dom->domid;
		memcpy(lease->uuid, dom->uuid, sizeof(lease->uuid));
	}
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void drop_expired(struct mm_leases *leases, uint64_t now_ms)
{
	for (size_t i = leases->count; i-- > 0;)
		if (leases->rows[i].expires_ms <= now_ms)
			remove_row(leases, i);
}

/* Returns whether the lease goes on. A domain that failed to start gives its lease back. */
static bool settle(struct mm_lease *lease, const struct mm_snapshot *snap)
{
	const struct mm_domain *dom = lease->domid ? mm_snapshot_find(snap, lease->domid) : NULL;
	uint64_t taken_kib;

	lease->left_kib = lease->kib;
	if (!dom || strcmp(dom->uuid, lease->uuid) != 0 || dom->state == MM_DOM_DYING) {
		lease->domid = 0;
		lease->uuid[0] = '\0';
		return true;
	}
	if (dom->state != MM_DOM_BUILDING)
		return false;
	/* What is claimed for it is free, yet counted elsewhere already: among the host's claims. */
	taken_kib = mm_max_u64(dom->target_kib, dom->current_kib + dom->claim_kib);
	lease->left_kib = mm_sub_floor(lease->kib, taken_kib);
	return true;
}

void mm_lease_update(struct mm_leases *leases, struct mm_snapshot *snap)
{
	snap->host.reserved_kib = 0;
	if (leases->count == 0) {
		mm_leases_clear(leases);
		return;
	}
	drop_expired(leases, snap->now_ms);
	hand_over(leases, snap);
	for (size_t i = leases->count; i-- > 0;)
		if (!settle(&leases->rows[i], snap))
			remove_row(leases, i);
	snap->host.reserved_kib = mm_lease_ahead(leases, 0);
	remember(leases, snap);
}

/* ---- the offer ------------------------------------------------------------------------------- */

/* What a guest could give without coming below its minimum, its hard use or its need. */
static uint64_t gift_of(const struct mm_plan_entry *entry)
{
	uint64_t floor_kib = mm_max_u64(entry->min_kib, mm_need_sum(&entry->need));

	if (!entry->is_balanced || entry->reason == MM_REASON_STUCK)
		return 0;
	return mm_sub_floor(entry->current_kib, mm_max_u64(floor_kib, entry->use_kib));
}

/* Keeps the list sorted, largest first; whoever finds no place is left out. */
static void list_donor(struct mm_offer *offer, size_t max, uint32_t domid, uint64_t kib)
{
	size_t i = offer->donor_count;

	if (max == 0 || (i == max && offer->donors[max - 1].kib >= kib))
		return;
	if (i < max)
		offer->donor_count++;
	else
		i--;
	for (; i > 0 && offer->donors[i - 1].kib < kib; i--)
		offer->donors[i] = offer->donors[i - 1];
	offer->donors[i] = (struct mm_donor){.domid = domid, .kib = kib};
}

/* What all donors together have given after that time, each at its own pace. */
static uint64_t given_after(const struct mm_plan *plan, uint64_t ms)
{
	uint64_t pace_kib = DONOR_KIB_PER_S * ms / 1000;
	uint64_t sum = 0;

	for (size_t i = 0; i < plan->count; i++)
		sum += mm_min_u64(gift_of(&plan->entries[i]), pace_kib);
	return sum;
}

/* The least time after which they have given that much. */
static uint64_t time_to_give(const struct mm_plan *plan, uint64_t kib)
{
	uint64_t low = 0, high = ETA_MAX_MS;

	if (given_after(plan, high) < kib)
		return UINT64_MAX;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (given_after(plan, middle) < kib)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Memory that dying domains still hold: they are done with at once, as a rule. */
static uint64_t coming_kib(const struct mm_snapshot *snap)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < snap->count; i++)
		if (snap->domains[i].state == MM_DOM_DYING)
			sum += snap->domains[i].current_kib;
	return sum;
}

void mm_lease_offer(const struct mm_snapshot *snap, const struct mm_plan *plan, uint64_t ahead_kib,
	uint64_t kib, struct mm_donor *donors, size_t donor_max, struct mm_offer *ret_offer)
{
	uint64_t soon_kib = plan->spare_kib + coming_kib(snap);
	uint64_t gifts_kib = 0;

	*ret_offer = (struct mm_offer){.donors = donors};
	for (size_t i = 0; i < plan->count; i++) {
		uint64_t gift_kib = gift_of(&plan->entries[i]);

		if (gift_kib > 0)
			list_donor(ret_offer, donor_max, plan->entries[i].domid, gift_kib);
		gifts_kib += gift_kib;
	}
	ret_offer->now_kib = mm_min_u64(mm_sub_floor(plan->spare_kib, ahead_kib), kib);
	ret_offer->possible_kib = mm_sub_floor(soon_kib + gifts_kib, ahead_kib);
	if (ret_offer->now_kib < kib)
		ret_offer->eta_ms = time_to_give(plan, mm_sub_floor(kib + ahead_kib, soon_kib));
}

/* ---- granting -------------------------------------------------------------------------------- */

void mm_lease_weigh(
	struct mm_leases *leases, const struct mm_snapshot *snap, const struct mm_plan *plan)
{
	uint64_t rest_kib = plan->spare_kib + coming_kib(snap);

	for (size_t i = 0; i < plan->count; i++)
		rest_kib += gift_of(&plan->entries[i]);
	for (size_t i = 0; i < leases->count; i++)
		if (leases->rows[i].is_granted)
			rest_kib = mm_sub_floor(rest_kib, leases->rows[i].left_kib);
	for (size_t i = 0; i < leases->count; i++) {
		struct mm_lease *lease = &leases->rows[i];

		lease->is_hopeless = !lease->is_granted && lease->left_kib > rest_kib;
		if (!lease->is_granted && !lease->is_hopeless)
			rest_kib -= lease->left_kib;
	}
}

uint64_t mm_lease_limit(const struct mm_snapshot *snap, uint64_t reserve_kib)
{
	uint64_t sum = snap->host.free_kib;

	for (size_t i = 0; i < snap->count; i++)
		sum += snap->domains[i].current_kib;
	return mm_sub_floor(sum, reserve_kib);
}

void mm_lease_grant(
	struct mm_leases *leases, const struct mm_snapshot *snap, const struct mm_plan *plan)
{
	uint64_t spare_kib = plan->spare_kib;

	mm_lease_weigh(leases, snap, plan);
	for (size_t i = 0; i < leases->count; i++) {
		struct mm_lease *lease = &leases->rows[i];

		if (lease->is_hopeless)
			continue;
		if (!lease->is_granted && lease->left_kib > spare_kib)
			return;
		lease->is_granted = true;
		spare_kib = mm_sub_floor(spare_kib, lease->left_kib);
	}
}
