/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a decision starts from: who takes part, what each holds and cannot give back, the bounds of
 * its target, and the budget. Decides nothing.
 */
#include "survey.h"

#include <string.h>

#include "need.h"
#include "progress.h"
#include "xenmm/units.h"

/*
 * A guest's sign of life comes every 10 s, XenServer's agent writes every 60 s: three may be
 * missed.
 */
#define SILENT_MS	    30000
#define SILENT_XENSERVER_MS 180000

/* A guest that started just now still grows into its services: not squeezed for this long. */
#define YOUNG_MS 10000

/*
 * Hard use follows at once upwards, downwards with this time constant, so that a guest whose use
 * swings is not squeezed at every low point. Policy `need` has the peaks in its headroom.
 */
#define USE_FALL_MS	 4000
#define USE_FALL_NEED_MS 2000

/*
 * Margin above hard use that no guest is squeezed into: a sixteenth, within these. Linux keeps a
 * few MiB from MemAvailable for itself, and ballooning to the last page brought the OOM killer
 * (lab).
 */
#define MARGIN_PART    16
#define MARGIN_MIN_KIB (16 * MM_KIB_PER_MIB)
#define MARGIN_MAX_KIB (256 * MM_KIB_PER_MIB)

/*
 * Of the margin, what a guest with swap keeps while others lack what they use: a quarter, and at least
 * so much; with 4 to 7 MiB the lab's guests stalled, or began to swap.
 */
#define TIGHT_PART    4
#define TIGHT_MIN_KIB (12 * MM_KIB_PER_MIB)

static bool is_silent(const struct mm_domain *dom, uint64_t now_ms)
{
	uint64_t limit =
		dom->report.source == MM_SOURCE_XENSERVER ? SILENT_XENSERVER_MS : SILENT_MS;

	return mm_sub_floor(now_ms, dom->report_ms) > limit;
}

/* What holds for a domain, looked up when it, the settings or its name are new. */
static const struct mm_guest_policy *policy_of(
	const struct mm_config *cfg, const struct mm_domain *dom, struct mm_track *track)
{
	if (track->is_policy_known && track->policy_generation == cfg->generation &&
		!strcmp(track->policy_name, dom->name) &&
		!memcmp(&track->policy_own, &dom->policy, sizeof(dom->policy)))
		return &track->policy;
	mm_config_guest(cfg, dom, &track->policy);
	track->is_policy_known = true;
	track->policy_generation = cfg->generation;
	memcpy(track->policy_name, dom->name, sizeof(dom->name));
	memcpy(&track->policy_own, &dom->policy, sizeof(dom->policy));
	return &track->policy;
}

/* Why a domain does not take part; MM_REASON_STEADY where it does. */
static enum mm_reason standing(
	const struct mm_guest_policy *policy, const struct mm_domain *dom, uint64_t now_ms)
{
	static const enum mm_reason by_state[MM_DOM_STATE_COUNT] = {
		[MM_DOM_RUNNING] = MM_REASON_STEADY,
		[MM_DOM_BUILDING] = MM_REASON_BUILDING,
		[MM_DOM_PAUSED] = MM_REASON_PAUSED,
		[MM_DOM_SAVING] = MM_REASON_SAVING,
		[MM_DOM_FOREIGN] = MM_REASON_FOREIGN,
		[MM_DOM_DYING] = MM_REASON_DYING,
	};

	if (dom->state == MM_DOM_DYING)
		return MM_REASON_DYING;
	if (policy->exclude == MM_CHOICE_YES)
		return MM_REASON_EXCLUDED;
	if (dom->state == MM_DOM_BUILDING || dom->state == MM_DOM_FOREIGN)
		return by_state[dom->state];
	if (dom->report.source == MM_SOURCE_NONE)
		return MM_REASON_NO_AGENT;
	if (dom->state != MM_DOM_RUNNING)
		return by_state[dom->state];
	if (dom->pod_kib > 0)
		return MM_REASON_BOOTING;
	return is_silent(dom, now_ms) ? MM_REASON_SILENT : MM_REASON_STEADY;
}

/* Domains that never take part leave the budget alone; what the others hold counts against it. */
static bool is_managed(enum mm_reason reason)
{
	return reason != MM_REASON_DYING && reason != MM_REASON_EXCLUDED &&
	       reason != MM_REASON_BUILDING && reason != MM_REASON_NO_AGENT &&
	       reason != MM_REASON_FOREIGN;
}

/*
 * Hard use: what the guest holds and cannot give back. MemAvailable goes with the balloon's size at
 * the same moment: the sample's own, or what the guest held when the sample came; today's size with
 * yesterday's available would let a shrinking guest look emptier and emptier. A guest may
 * understate its use to its own harm only, and overstate it up to what it holds.
 */
static uint64_t hard_use(
	const struct mm_domain *dom, const struct mm_track *track, uint64_t held_kib)
{
	const struct mm_report *report = &dom->report;
	uint64_t size = report->balloon_kib;

	if (!size) /* a report from before our time came when it held more: MemTotal, at least */
		size = mm_max_u64(track->report_held_kib, report->total_kib);
	return mm_min_u64(mm_sub_floor(size, report->avail_kib), held_kib);
}

static uint64_t smooth_use(
	struct mm_track *track, uint64_t use_kib, uint64_t fall_ms, uint64_t now_ms)
{
	uint64_t elapsed_ms = mm_min_u64(mm_sub_floor(now_ms, track->use_ms), fall_ms);

	if (track->use_ms == 0 || use_kib >= track->use_kib)
		track->use_kib = use_kib;
	else
		track->use_kib -= mm_scale(track->use_kib - use_kib, elapsed_ms, fall_ms);
	track->use_ms = now_ms;
	return track->use_kib;
}

static bool is_young(const struct mm_domain *dom, const struct mm_track *track, uint64_t now_ms)
{
	uint64_t age_ms = mm_sub_floor(now_ms, dom->report_ms);

	/* However young it claims to be: not for longer than we have known it. */
	if (mm_sub_floor(now_ms, track->first_ms) >= YOUNG_MS)
		return false;
	return dom->report.uptime_ms == 0 || dom->report.uptime_ms + age_ms < YOUNG_MS;
}

/* XenServer's agent is up to a minute behind: four times the margin. */
static uint64_t margin(uint64_t use_kib, enum mm_source source)
{
	uint64_t kib =
		mm_min_u64(mm_max_u64(use_kib / MARGIN_PART, MARGIN_MIN_KIB), MARGIN_MAX_KIB);

	return source == MM_SOURCE_XENSERVER ? 4 * kib : kib;
}

/* In a shortage swap makes up for most of the margin; without swap nothing does. */
static uint64_t core(const struct mm_share *row, const struct mm_report *report, uint64_t surge_kib)
{
	uint64_t margin_kib = mm_sub_floor(row->need_kib, row->use_kib);
	uint64_t core_kib = row->need_kib;

	if (report->swap_free_kib >= margin_kib)
		core_kib = mm_min_u64(core_kib,
			row->use_kib + mm_max_u64(margin_kib / TIGHT_PART, TIGHT_MIN_KIB));
	core_kib = mm_max_u64(core_kib, row->use_kib + surge_kib);
	return mm_min_u64(mm_max_u64(core_kib, row->min_kib), row->high_kib);
}

static void fill_bounds(
	struct mm_share *row, const struct mm_guest_policy *policy, const struct mm_domain *dom)
{
	row->high_kib = dom->static_max_kib ? dom->static_max_kib
					    : mm_max_u64(row->held_kib, row->target_kib);
	if (policy->max_kib)
		row->high_kib = mm_min_u64(row->high_kib, policy->max_kib);
	row->min_kib = mm_min_u64(policy->min_kib, row->high_kib);
	row->need_kib =
		mm_max_u64(row->use_kib + margin(row->use_kib, dom->report.source), row->min_kib);
	row->need_kib = mm_min_u64(row->need_kib, row->high_kib);
	if (row->is_stuck && row->need_kib >= row->held_kib + MM_PROBE_KIB)
		row->probe_kib = MM_PROBE_KIB;
	row->low_kib = row->may_shrink ? row->need_kib : mm_max_u64(row->need_kib, row->held_kib);
	if (!row->may_grow)
		row->high_kib = mm_min_u64(row->high_kib, row->held_kib + row->probe_kib);
	row->low_kib = mm_min_u64(row->low_kib, row->high_kib);
}

static void fill_need(struct mm_decision *d, struct mm_share *row, struct mm_track *track,
	const struct mm_domain *dom)
{
	struct mm_plan_entry *entry = &d->plan->entries[row->index];

	mm_need_update(track, dom, entry->use_kib, row->held_kib, d->snap->now_ms);
	row->need = mm_need_estimate(track, dom->report.source, row->use_kib, d->cfg->free_kib);
	row->is_urgent = mm_need_is_emergency(track, d->snap->now_ms);
	row->core_kib = core(row, &dom->report, mm_need_surge(track, &row->need));
	entry->need = row->need;
	entry->min_kib = row->min_kib;
	entry->max_kib = row->high_kib;
	entry->weight = row->weight;
}

static void add_share(struct mm_decision *d, size_t i, uint64_t held_kib)
{
	const struct mm_domain *dom = &d->snap->domains[i];
	struct mm_track *track = &d->hist->tracks[i];
	struct mm_share *row = &d->shares.rows[d->shares.count++];
	bool is_lagging = track->progress == MM_PROGRESS_LAGGING;
	uint64_t now_ms = d->snap->now_ms;
	uint64_t fall_ms = d->cfg->policy == MM_POLICY_NEED ? USE_FALL_NEED_MS : USE_FALL_MS;

	memset(row, 0, sizeof(*row));
	row->index = i;
	row->held_kib = held_kib;
	row->sure_kib = mm_track_surely_held(track, dom);
	row->target_kib = dom->target_kib ? dom->target_kib : held_kib;
	row->use_kib = mm_min_u64(
		smooth_use(track, hard_use(dom, track, held_kib), fall_ms, now_ms), held_kib);
	row->weight = track->policy.weight;
	row->is_stuck = track->progress == MM_PROGRESS_STUCK;
	row->may_shrink = !row->is_stuck && !(is_lagging && track->is_shrinking) &&
			  !is_young(dom, track, now_ms);
	row->may_grow = !row->is_stuck && !(is_lagging && !track->is_shrinking);
	fill_bounds(row, &track->policy, dom);
	fill_need(d, row, track, dom);
}

static void note_report(struct mm_track *track, const struct mm_domain *dom, uint64_t held_kib)
{
	bool is_known = track->report_held_kib > 0 && track->report_ms == dom->report_ms;

	if (dom->report.source == MM_SOURCE_NONE || is_known)
		return;
	track->report_ms = dom->report_ms;
	track->report_held_kib = held_kib;
}

static enum mm_reason standing_now(
	const struct mm_decision *d, const struct mm_domain *dom, struct mm_track *track)
{
	enum mm_reason reason = standing(policy_of(d->cfg, dom, track), dom, d->snap->now_ms);

	/* Without its offset an HVM guest at rest cannot be told from one that lags behind. */
	if (reason == MM_REASON_STEADY && dom->type == MM_DOM_HVM && !track->is_offset_known)
		return MM_REASON_BOOTING;
	return reason;
}

static void survey_domain(struct mm_decision *d, size_t i)
{
	const struct mm_domain *dom = &d->snap->domains[i];
	struct mm_track *track = &d->hist->tracks[i];
	struct mm_plan_entry *entry = &d->plan->entries[i];
	uint64_t held, bound;

	mm_progress_update(track, dom, d->snap->now_ms);
	held = mm_track_held(track, dom);
	note_report(track, dom, held);
	memset(entry, 0, sizeof(*entry));
	entry->domid = dom->domid;
	entry->current_kib = dom->current_kib;
	entry->use_kib = dom->report.source ? hard_use(dom, track, held) : 0;
	entry->old_kib = entry->new_kib = dom->target_kib;
	entry->wish_kib = held;
	entry->reason = standing_now(d, dom, track);
	entry->is_balanced = entry->reason == MM_REASON_STEADY;

	bound = mm_max_u64(held, dom->target_kib);
	if (dom->state == MM_DOM_BUILDING)
		d->building_kib += bound - held;
	else if (dom->state !=
		 MM_DOM_DYING) /* an offset below 0 may be a lag: then it still grows */
		d->promised_kib += bound - mm_track_surely_held(track, dom);
	if (is_managed(entry->reason))
		d->managed_kib += bound;
	if (entry->is_balanced)
		add_share(d, i, held);
	else if (is_managed(entry->reason))
		d->aside_kib += bound;
}

/*
 * Budget: -N, or what the managed guests hold together with what the host can spare; a host below
 * its reserve makes it smaller. Available: what may be promised now, because it is free now. What
 * domains in the making still lack is claimed for them as a rule, and not to be counted twice. Leases
 * make both smaller until the guests that they are for have started.
 */
static void set_budget(struct mm_decision *d)
{
	const struct mm_host *host = &d->snap->host;
	uint64_t bound_kib = mm_max_u64(host->claims_kib, d->building_kib) + d->cfg->reserve_kib +
			     d->promised_kib;
	uint64_t spare_kib;
	uint64_t budget_kib = d->cfg->budget_kib;

	d->plan->spare_kib = mm_sub_floor(host->free_kib, bound_kib);
	bound_kib += host->reserved_kib;
	spare_kib = mm_sub_floor(host->free_kib, bound_kib);
	if (!budget_kib)
		budget_kib = mm_sub_floor(d->managed_kib + host->free_kib, bound_kib);
	else if (host->reserved_kib >
		 0) /* a guest that starts goes before what was typed by hand */
		budget_kib = mm_min_u64(
			budget_kib, mm_sub_floor(d->managed_kib + host->free_kib, bound_kib));
	else /* typed by hand: more than there is would be waited for while others idle */
		budget_kib = mm_min_u64(budget_kib, d->managed_kib + spare_kib);
	d->plan->budget_kib = budget_kib;
	d->plan->available_kib = mm_min_u64(spare_kib, mm_sub_floor(budget_kib, d->managed_kib));
	d->shares.budget_kib = mm_sub_floor(budget_kib, d->aside_kib);
}

void mm_survey(struct mm_decision *d)
{
	for (size_t i = 0; i < d->snap->count; i++)
		survey_domain(d, i);
	set_budget(d);
}
