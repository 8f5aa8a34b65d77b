/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "status.h"

#include <string.h>

#include "xenmm/units.h"

json_int_t mm_status_time(const struct timespec *wall)
{
	return (json_int_t)wall->tv_sec * 1000 + wall->tv_nsec / 1000000;
}

/* After a round that failed half-way, the plan is still that of the round before. */
const struct mm_plan_entry *mm_status_entry(
	const struct mm_snapshot *snap, const struct mm_plan *plan, size_t i)
{
	if (i >= plan->count || plan->entries[i].domid != snap->domains[i].domid)
		return NULL;
	return &plan->entries[i];
}

/* A target that is not set in earnest does not hold. */
uint64_t mm_status_target(const struct mm_view *view, const struct mm_plan_entry *entry)
{
	return view->is_dry_run || view->is_paused ? entry->old_kib : entry->new_kib;
}

json_t *mm_status_need(const struct mm_need *need)
{
	return json_pack("{sI sI sI sI}", "hard_kib", (json_int_t)need->hard_kib, "warm_kib",
		(json_int_t)need->warm_kib, "headroom_kib", (json_int_t)need->headroom_kib,
		"pressure_ppm", (json_int_t)need->pressure_ppm);
}

/* Who reports its memory, and what was said last. */
static json_t *agent_json(const struct mm_snapshot *snap, const struct mm_domain *dom)
{
	const struct mm_report *report = &dom->report;

	if (report->source == MM_SOURCE_NONE)
		return json_pack("{ss sn}", "source", mm_source_name(report->source), "age_ms");
	return json_pack("{ss sI sI sI sI sI}", "source", mm_source_name(report->source), "age_ms",
		(json_int_t)mm_sub_floor(snap->now_ms, dom->report_ms), "total_kib",
		(json_int_t)report->total_kib, "available_kib", (json_int_t)report->avail_kib,
		"swap_total_kib", (json_int_t)report->swap_total_kib, "swap_free_kib",
		(json_int_t)report->swap_free_kib);
}

/* What was seen of it from outside; null: it is not looked into. */
static json_t *introspection_json(const struct mm_snapshot *snap, const struct mm_domain *dom)
{
	const struct mm_seen *seen = &dom->seen;
	json_t *age = seen->at_ms
			      ? json_integer((json_int_t)mm_sub_floor(snap->now_ms, seen->at_ms))
			      : json_null();
	char text[160];
	json_t *difference = seen->is_different
				     ? json_string(mm_seen_difference(seen, text, sizeof(text)))
				     : json_null();

	if (!seen->state[0]) {
		json_decref(age);
		json_decref(difference);
		return json_null();
	}
	return json_pack("{ss ss? so sI sI sI sI sI sI sI sI so}", "state", seen->state, "text",
		seen->text, "age_ms", age, "total_kib", (json_int_t)seen->total_kib,
		"available_kib", (json_int_t)seen->avail_kib, "looks", (json_int_t)seen->looks,
		"cost_us", (json_int_t)seen->cost_us, "spent_us", (json_int_t)seen->spent_us,
		"start_us", (json_int_t)seen->start_us, "share_ppm", (json_int_t)seen->share_ppm,
		"differences", (json_int_t)seen->differences, "difference", difference);
}

static json_t *identity_json(const struct mm_snapshot *snap, const struct mm_domain *dom)
{
	const struct mm_report *report = &dom->report;
	json_t *used = report->source == MM_SOURCE_NONE
			       ? json_null()
			       : json_integer((json_int_t)(report->total_kib - report->avail_kib));

	return json_pack("{ss sI ss ss ss sI so sI so so}", "name", dom->name, "domid",
		(json_int_t)dom->domid, "uuid", dom->uuid, "type", mm_dom_type_name(dom->type),
		"state", mm_dom_state_name(dom->state), "held_kib", (json_int_t)dom->current_kib,
		"used_kib", used, "static_max_kib", (json_int_t)dom->static_max_kib, "agent",
		agent_json(snap, dom), "introspection", introspection_json(snap, dom));
}

static json_t *decision_json(const struct mm_view *view, const struct mm_plan_entry *entry)
{
	const struct mm_track *track = mm_history_find(view->hist, entry->domid);

	return json_pack("{sb sI sI sI so sI sI sI ss ss ss}", "balanced", entry->is_balanced,
		"target_kib", (json_int_t)mm_status_target(view, entry), "wish_kib",
		(json_int_t)entry->wish_kib, "use_kib", (json_int_t)entry->use_kib, "need",
		mm_status_need(&entry->need), "min_kib", (json_int_t)entry->min_kib, "max_kib",
		(json_int_t)entry->max_kib, "weight", (json_int_t)entry->weight, "balloon",
		track ? mm_progress_name(track->progress) : "unknown", "reason",
		mm_reason_name(entry->reason), "reason_text", mm_reason_text(entry->reason));
}

json_t *mm_status_guest(const struct mm_view *view, size_t i)
{
	const struct mm_domain *dom = &view->snap->domains[i];
	const struct mm_plan_entry *entry = mm_status_entry(view->snap, view->plan, i);
	json_t *guest = identity_json(view->snap, dom);
	json_t *decision = entry ? decision_json(view, entry) : json_object();

	if (!guest || !decision || json_object_update(guest, decision)) {
		json_decref(guest);
		guest = NULL;
	}
	json_decref(decision);
	return guest;
}

static json_t *guests_json(const struct mm_view *view)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < view->snap->count; i++)
		if (json_array_append_new(array, mm_status_guest(view, i))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

static json_t *lease_json(const struct mm_lease *lease, uint64_t now_ms)
{
	json_t *expires =
		lease->expires_ms == MM_LEASE_NEVER
			? json_null()
			: json_integer((json_int_t)mm_sub_floor(lease->expires_ms, now_ms));

	return json_pack("{sI sI sI ss sb so so}", "id", (json_int_t)lease->id, "kib",
		(json_int_t)lease->kib, "left_kib", (json_int_t)lease->left_kib, "name",
		lease->name, "granted", lease->is_granted, "expires_in_ms", expires, "domid",
		lease->domid ? json_integer((json_int_t)lease->domid) : json_null());
}

json_t *mm_status_leases(const struct mm_leases *leases, uint64_t now_ms)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < leases->count; i++)
		if (json_array_append_new(array, lease_json(&leases->rows[i], now_ms))) {
			json_decref(array);
			return NULL;
		}
	return array;
}

json_t *mm_status_server(const struct mm_view *view)
{
	return json_pack("{ss ss? ss ss ss sI sb sb sI sI sI sI sI}", "version", XENMM_VERSION,
		"host", view->host, "backend", view->backend, "policy",
		mm_policy_name(view->config->policy), "introspection",
		mm_introspection_name(view->config->introspection), "interval_ms",
		(json_int_t)view->config->interval_ms, "dry_run", view->is_dry_run, "paused",
		view->is_paused, "rounds", (json_int_t)view->rounds, "start_ms",
		mm_status_time(&view->start), "time_ms", mm_status_time(&view->wall), "round_us",
		(json_int_t)view->timing->duration.last_us, "lag_us",
		(json_int_t)view->timing->lag.last_us);
}

json_t *mm_status_host(const struct mm_view *view)
{
	const struct mm_host *host = &view->snap->host;
	const struct mm_plan *plan = view->plan;

	return json_pack("{sI sI sI sI sI sI sI sI sI sb sb sI}", "total_kib",
		(json_int_t)host->total_kib, "free_kib", (json_int_t)host->free_kib, "claims_kib",
		(json_int_t)host->claims_kib, "reserved_kib", (json_int_t)host->reserved_kib,
		"reserve_kib", (json_int_t)view->config->reserve_kib, "spare_kib",
		(json_int_t)plan->spare_kib, "available_kib", (json_int_t)plan->available_kib,
		"pool_kib", (json_int_t)plan->pool_kib, "budget_kib", (json_int_t)plan->budget_kib,
		"overcommitted", plan->is_overcommitted, "moving", plan->is_moving, "tax_ppm",
		(json_int_t)plan->tau_ppm);
}

json_t *mm_status_json(const struct mm_view *view)
{
	return json_pack("{sb si so so so so}", "ok", 1, "version", MM_STATUS_VERSION, "server",
		mm_status_server(view), "host", mm_status_host(view), "guests", guests_json(view),
		"leases", mm_status_leases(view->leases, view->snap->now_ms));
}

json_t *mm_status_offer(const struct mm_snapshot *snap, const struct mm_offer *offer)
{
	json_t *from = json_array();

	for (size_t i = 0; from && i < offer->donor_count; i++) {
		const struct mm_donor *donor = &offer->donors[i];
		const struct mm_domain *dom = mm_snapshot_find(snap, donor->domid);

		/* without memory for all of them, the list is shorter */
		(void)json_array_append_new(
			from, json_pack("{ss sI sI}", "name", dom ? dom->name : "", "domid",
				      (json_int_t)donor->domid, "kib", (json_int_t)donor->kib));
	}
	return json_pack("{sI sI so so}", "now_kib", (json_int_t)offer->now_kib, "possible_kib",
		(json_int_t)offer->possible_kib, "eta_ms",
		offer->eta_ms == UINT64_MAX ? json_null() : json_integer((json_int_t)offer->eta_ms),
		"from", from);
}
