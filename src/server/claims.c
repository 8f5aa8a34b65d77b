/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Clients that reserve: whose lease is whose, who still waits, and what each is told in the end. The leases themselves
 * are core's.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "request.h"
#include "service_private.h"
#include "xenmm/units.h"

/* So many guests are named in an answer. */
#define DONORS_MAX  16
#define REFUSED_MAX 8

/* ---- claimants ------------------------------------------------------------------------------- */

static struct mm_claimant *find_claimant(struct mm_service *service, const struct mm_peer *peer)
{
	for (size_t i = 0; i < MM_LEASE_MAX; i++)
		if (service->claimants[i].peer == peer)
			return &service->claimants[i];
	return NULL;
}

static void free_claimant(struct mm_claimant *claimant)
{
	json_decref(claimant->offer);
	memset(claimant, 0, sizeof(*claimant));
}

/* Takes back a claimant's lease, if it is still there. */
static void release(struct mm_service *service, uint32_t id, const char *why)
{
	const struct mm_lease *lease = mm_lease_find(&service->leases, id);
	char size[16];

	if (!lease)
		return;
	mm_log(MM_LOG_INFO, "lease %" PRIu32 " (%s%s%s) ends: %s", id,
		mm_format_size(size, sizeof(size), lease->kib), lease->name[0] ? " for " : "",
		lease->name, why);
	(void)mm_lease_release(&service->leases, id);
	mm_service_forget(service);
	mm_service_call(service); /* others may have it at once */
}

static bool keeps_lease(const struct mm_service *service, const struct mm_peer *peer)
{
	for (size_t i = 0; i < MM_LEASE_MAX; i++)
		if (service->claimants[i].peer == peer)
			return true;
	return false;
}

static void end_claim(struct mm_service *service, struct mm_claimant *claimant)
{
	struct mm_peer *peer = claimant->peer;

	free_claimant(claimant);
	mm_peer_keep(peer, keeps_lease(service, peer));
}

void mm_claims_closed(void *arg, struct mm_peer *peer)
{
	struct mm_service *service = arg;
	struct mm_claimant *claimant;

	while ((claimant = find_claimant(service, peer))) {
		release(service, claimant->lease_id, "its client is gone");
		free_claimant(claimant);
	}
}

static json_t *offer_json(const struct mm_service *service, const struct mm_lease *lease)
{
	struct mm_donor donors[DONORS_MAX];
	struct mm_offer offer;

	mm_lease_offer(service->journal->view.snap, service->journal->view.plan,
		mm_lease_ahead(&service->leases, lease->id), lease->kib, donors, DONORS_MAX,
		&offer);
	return mm_status_offer(service->journal->view.snap, &offer);
}

void mm_claims_reserve(
	struct mm_service *service, struct mm_peer *peer, const struct mm_request *request)
{
	struct mm_claimant *claimant = find_claimant(service, NULL);
	uint32_t id = 0;

	if (service->is_replay || service->journal->view.is_dry_run) {
		mm_answer_send(
			peer, mm_answer_error(service->is_replay
						      ? "nothing can be reserved in a replay"
						      : "nothing can be reserved in a dry run"));
		return;
	}
	if (!claimant ||
		mm_lease_add(&service->leases, request->kib, request->guest, MM_LEASE_NEVER, &id)) {
		mm_answer_send(peer, mm_answer_error("too many leases; release some"));
		return;
	}
	*claimant = (struct mm_claimant){
		.peer = peer,
		.lease_id = id,
		.is_waiting = true,
		.is_tied = request->is_tied,
		.is_told_of_wait = request->is_told_of_wait,
		.wait_ms = request->wait_ms,
		.hold_ms = request->hold_ms,
	};
	mm_lease_weigh(&service->leases, service->journal->view.snap, service->journal->view.plan);
	mm_service_forget(service);
	mm_peer_hold(peer, true);
	mm_service_call(service);
}

/* Ends a lease that a client named; whoever still waits for it hears so in the next round. */
static void release_one(struct mm_service *service, uint32_t id)
{
	release(service, id, "released");
	for (size_t i = 0; i < MM_LEASE_MAX; i++)
		if (service->claimants[i].peer && service->claimants[i].lease_id == id &&
			!service->claimants[i].is_waiting)
			end_claim(service, &service->claimants[i]);
}

void mm_claims_release(
	struct mm_service *service, struct mm_peer *peer, const struct mm_request *request)
{
	char text[120];
	bool is_found = false;

	for (size_t i = service->leases.count; i-- > 0;) {
		const struct mm_lease *lease = &service->leases.rows[i];

		if (request->id ? lease->id != request->id
				: strcmp(lease->name, request->guest) != 0)
			continue;
		release_one(service, lease->id);
		is_found = true;
	}
	if (request->id)
		snprintf(text, sizeof(text), "there is no lease %" PRIu64, request->id);
	else
		snprintf(text, sizeof(text), "there is no lease for '%s'", request->guest);
	mm_answer_send(peer, is_found ? mm_answer_ok() : mm_answer_error(text));
}

/* ---- answering those who wait ---------------------------------------------------------------- */

static uint64_t waited_ms(const struct mm_service *service, const struct mm_claimant *claimant)
{
	return mm_sub_floor(service->journal->view.snap->now_ms, claimant->begin_ms);
}

static void answer_granted(struct mm_service *service, struct mm_claimant *claimant)
{
	const struct mm_lease *lease = mm_lease_find(&service->leases, claimant->lease_id);
	uint64_t ms = waited_ms(service, claimant);
	struct mm_peer *peer = claimant->peer;
	char size[16];

	mm_log(MM_LOG_INFO, "lease %" PRIu32 ": %s%s%s set aside after %" PRIu64 ".%" PRIu64 " s",
		lease->id, mm_format_size(size, sizeof(size), lease->kib),
		lease->name[0] ? " for " : "", lease->name, ms / 1000, ms % 1000 / 100);
	if (!claimant->is_tied)
		(void)mm_lease_extend(&service->leases, lease->id,
			service->journal->view.snap->now_ms + claimant->hold_ms);
	mm_answer_send(
		peer, json_pack("{sb si sI sI ss sb sI sO}", "ok", 1, "version", MM_STATUS_VERSION,
			      "id", (json_int_t)lease->id, "kib", (json_int_t)lease->kib, "name",
			      lease->name, "tied", claimant->is_tied, "waited_ms", (json_int_t)ms,
			      "offer", claimant->offer));
	claimant->is_waiting = false;
	mm_peer_hold(peer, false);
	if (claimant->is_tied)
		mm_peer_keep(peer, true);
	else
		end_claim(service, claimant);
}

/* What a guest holds beyond what it needs, though it was wanted of it. */
static uint64_t kept_kib(const struct mm_plan_entry *entry)
{
	if (!entry->is_balanced)
		return entry->current_kib;
	return mm_sub_floor(entry->current_kib,
		mm_max_u64(entry->min_kib, mm_max_u64(mm_need_sum(&entry->need), entry->use_kib)));
}

static json_t *keeper_json(const struct mm_domain *dom, const struct mm_plan_entry *entry)
{
	return json_pack("{ss sI sI sI ss ss}", "name", dom->name, "domid", (json_int_t)dom->domid,
		"held_kib", (json_int_t)entry->current_kib, "kept_kib", (json_int_t)kept_kib(entry),
		"reason", mm_reason_name(entry->reason), "reason_text",
		mm_reason_text(entry->reason));
}

/* Who did not give: the largest first; below a MiB there is nothing worth a word. */
static json_t *refused_json(const struct mm_service *service)
{
	const struct mm_snapshot *snap = service->journal->view.snap;
	size_t top[REFUSED_MAX + 1], count = 0;
	json_t *array = json_array();

	for (size_t i = 0; i < snap->count; i++) {
		const struct mm_plan_entry *entries = service->journal->view.plan->entries;
		size_t at = count;

		if (!mm_status_entry(snap, service->journal->view.plan, i) ||
			kept_kib(&entries[i]) < MM_KIB_PER_MIB)
			continue;
		for (; at > 0 && kept_kib(&entries[top[at - 1]]) < kept_kib(&entries[i]); at--)
			top[at] = top[at - 1];
		top[at] = i;
		count = count < REFUSED_MAX ? count + 1 : REFUSED_MAX;
	}
	for (size_t i = 0; array && i < count; i++)
		(void)json_array_append_new(
			array, keeper_json(&snap->domains[top[i]],
				       &service->journal->view.plan->entries[top[i]]));
	return array;
}

/* The most that any wait could bring. */
static uint64_t limit_kib(const struct mm_service *service)
{
	return mm_lease_limit(
		service->journal->view.snap, service->journal->view.config->reserve_kib);
}

/* What is said of a lease of which so much is free: that it took too long, or could never be. */
static void explain(const struct mm_service *service, const struct mm_claimant *claimant,
	uint64_t kib, uint64_t free_kib, size_t size, char *ret_text)
{
	char wanted[16], there[16];

	mm_format_size(wanted, sizeof(wanted), kib);
	if (kib > limit_kib(service))
		snprintf(ret_text, size,
			"%s can never be had: without any guest this host would have %s", wanted,
			mm_format_size(there, sizeof(there), limit_kib(service)));
	else
		snprintf(ret_text, size,
			"%s could not be had within %" PRIu64 ".%" PRIu64 " s: %s of it are free",
			wanted, claimant->wait_ms / 1000, claimant->wait_ms % 1000 / 100,
			mm_format_size(there, sizeof(there), free_kib));
}

static void answer_failed(struct mm_service *service, struct mm_claimant *claimant)
{
	const struct mm_lease *lease = mm_lease_find(&service->leases, claimant->lease_id);
	uint64_t ahead_kib = mm_lease_ahead(&service->leases, lease->id);
	uint64_t free_kib = mm_min_u64(
		mm_sub_floor(service->journal->view.plan->spare_kib, ahead_kib), lease->kib);
	struct mm_peer *peer = claimant->peer;
	char text[200];

	explain(service, claimant, lease->kib, free_kib, sizeof(text), text);
	mm_log(MM_LOG_WARN, "lease %" PRIu32 "%s%s: %s", lease->id, lease->name[0] ? " for " : "",
		lease->name, text);
	mm_answer_send(
		peer, json_pack("{sb si ss sI sI so so}", "ok", 0, "version", MM_STATUS_VERSION,
			      "error", text, "kib", (json_int_t)lease->kib, "missing_kib",
			      (json_int_t)(lease->kib - free_kib), "refused", refused_json(service),
			      "offer", offer_json(service, lease)));
	(void)mm_lease_release(&service->leases, lease->id);
	mm_peer_hold(peer, false);
	end_claim(service, claimant);
}

static void begin_wait(struct mm_service *service, struct mm_claimant *claimant)
{
	const struct mm_lease *lease = mm_lease_find(&service->leases, claimant->lease_id);

	claimant->has_begun = true;
	claimant->begin_ms = service->journal->view.snap->now_ms;
	claimant->offer = offer_json(service, lease);
	if (lease->kib > limit_kib(service))
		claimant->wait_ms = 0; /* what can never be had is not waited for */
	if (claimant->is_told_of_wait && !lease->is_granted && claimant->wait_ms > 0)
		mm_answer_send(claimant->peer,
			json_pack("{sb si sb sI sI sO}", "ok", 1, "version", MM_STATUS_VERSION,
				"waiting", 1, "id", (json_int_t)lease->id, "kib",
				(json_int_t)lease->kib, "offer", claimant->offer));
}

static void answer_claimant(struct mm_service *service, struct mm_claimant *claimant)
{
	const struct mm_lease *lease = mm_lease_find(&service->leases, claimant->lease_id);

	if (!lease && !claimant->is_waiting) { /* used up, or expired */
		end_claim(service, claimant);
		return;
	}
	if (!claimant->is_waiting)
		return;
	if (!lease) {
		mm_peer_hold(claimant->peer, false);
		mm_answer_send(claimant->peer,
			mm_answer_error("the lease was released, or its guest runs"));
		end_claim(service, claimant);
		return;
	}
	if (!claimant->has_begun)
		begin_wait(service, claimant);
	if (lease->is_granted)
		answer_granted(service, claimant);
	else if (waited_ms(service, claimant) >= claimant->wait_ms)
		answer_failed(service, claimant);
}

void mm_service_sampled(struct mm_service *service, struct mm_snapshot *snap)
{
	struct mm_leases *leases = &service->leases;
	struct mm_lease before[MM_LEASE_MAX];
	size_t count = leases->count;
	char size[16];

	if (!mm_service_is_open(service) || service->is_replay)
		return;
	memcpy(before, leases->rows, count * sizeof(before[0]));
	mm_lease_update(leases, snap);
	for (size_t i = 0; i < count; i++)
		if (!mm_lease_find(leases, before[i].id))
			mm_log(MM_LOG_INFO, "lease %" PRIu32 " (%s%s%s) ends: %s", before[i].id,
				mm_format_size(size, sizeof(size), before[i].kib),
				before[i].name[0] ? " for " : "", before[i].name,
				before[i].expires_ms <= snap->now_ms ? "nobody used it in time"
								     : "its guest runs");
}

void mm_service_answer(struct mm_service *service)
{
	if (!mm_service_is_open(service))
		return;
	mm_service_outdate(service);
	for (size_t i = 0; i < MM_LEASE_MAX; i++)
		if (service->claimants[i].peer)
			answer_claimant(service, &service->claimants[i]);
}

uint64_t mm_service_due_ms(const struct mm_service *service)
{
	uint64_t due_ms = UINT64_MAX;

	for (size_t i = 0; i < MM_LEASE_MAX; i++) {
		const struct mm_claimant *claimant = &service->claimants[i];

		if (claimant->is_waiting && claimant->has_begun)
			due_ms = mm_min_u64(due_ms, claimant->begin_ms + claimant->wait_ms);
	}
	for (size_t i = 0; i < service->leases.count; i++)
		due_ms = mm_min_u64(due_ms, service->leases.rows[i].expires_ms);
	return due_ms;
}
