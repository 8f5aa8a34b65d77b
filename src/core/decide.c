/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One round: who takes part, what each uses, what policy and guard wish, and which of it can be
 * done now. The steps stand in mm_decide() in their order.
 */
#include "xenmm/decide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "share.h"
#include "xenmm/units.h"

/* A guest's sign of life comes every 10 s, XenServer's agent writes every 60 s: three may be
 * missed. */
#define SILENT_MS	    30000
#define SILENT_XENSERVER_MS 180000

/* A guest that started just now still grows into its services: not squeezed for this long. */
#define YOUNG_MS 10000

/*
 * Hard use follows at once upwards, downwards with this time constant, so that a guest whose use
 * swings is not squeezed at every low point.
 */
#define USE_FALL_MS 4000

/*
 * Margin above hard use that no guest is squeezed into: a sixteenth, within these. Linux keeps a
 * few MiB from MemAvailable for itself, and ballooning to the last page brought the OOM killer
 * (lab).
 */
#define MARGIN_PART    16
#define MARGIN_MIN_KIB (16 * MM_KIB_PER_MIB)
#define MARGIN_MAX_KIB (256 * MM_KIB_PER_MIB)

/*
 * How far below what it holds a target is set at once: a quarter, at least this. A balloon frees
 * about 100 MiB a second in the lab and rounds follow each other in 0.1 s while one moves, so it
 * never has to wait; and what a guest begins to use meanwhile stops the next step.
 */
#define LEASH_PART    4
#define LEASH_MIN_KIB (64 * MM_KIB_PER_MIB)

/* Changes of target below a 64th, within these, are not worth a write. */
#define DEAD_BAND_PART	  64
#define DEAD_BAND_MIN_KIB (1 * MM_KIB_PER_MIB)
#define DEAD_BAND_MAX_KIB (16 * MM_KIB_PER_MIB)

/* A probed balloon has this long to answer before its target goes back. */
#define PROBE_ANSWER_MS 10000

/* Memory that is promised twice is worse than memory that waits a round: the smallest grant. */
#define GRANT_MIN_KIB 256

struct decision {
	const struct mm_config *cfg;
	const struct mm_snapshot *snap;
	struct mm_history *hist;
	struct mm_plan *plan;
	struct mm_shares shares;
	uint64_t managed_kib;  /* held, or promised, by all guests that have an agent ... */
	uint64_t aside_kib;    /* ... and the part of it whose guests are left alone just now */
	uint64_t promised_kib; /* targets above what is held, over all living domains */
};

static bool is_silent(const struct mm_domain *dom, uint64_t now_ms)
{
	uint64_t limit =
		dom->report.source == MM_SOURCE_XENSERVER ? SILENT_XENSERVER_MS : SILENT_MS;

	return now_ms - mm_min_u64(dom->report_ms, now_ms) > limit;
}

/* Why a domain does not take part; MM_REASON_STEADY where it does. */
static enum mm_reason standing(
	const struct mm_config *cfg, const struct mm_domain *dom, uint64_t now_ms)
{
	static const enum mm_reason by_state[MM_DOM_STATE_COUNT] = {
		[MM_DOM_RUNNING] = MM_REASON_STEADY,
		[MM_DOM_BUILDING] = MM_REASON_BUILDING,
		[MM_DOM_PAUSED] = MM_REASON_PAUSED,
		[MM_DOM_SAVING] = MM_REASON_SAVING,
		[MM_DOM_DYING] = MM_REASON_DYING,
	};

	if (dom->state == MM_DOM_DYING)
		return MM_REASON_DYING;
	if (mm_config_is_excluded(cfg, dom->name))
		return MM_REASON_EXCLUDED;
	if (dom->state == MM_DOM_BUILDING)
		return MM_REASON_BUILDING;
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
	       reason != MM_REASON_BUILDING && reason != MM_REASON_NO_AGENT;
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
	uint64_t size = report->balloon_kib ? report->balloon_kib : track->report_held_kib;

	return mm_min_u64(mm_sub_floor(size, report->avail_kib), held_kib);
}

static uint64_t smooth_use(struct mm_track *track, uint64_t use_kib, uint64_t now_ms)
{
	uint64_t elapsed_ms = mm_min_u64(now_ms - mm_min_u64(track->use_ms, now_ms), USE_FALL_MS);

	if (track->use_ms == 0 || use_kib >= track->use_kib)
		track->use_kib = use_kib;
	else
		track->use_kib -= mm_scale(track->use_kib - use_kib, elapsed_ms, USE_FALL_MS);
	track->use_ms = now_ms;
	return track->use_kib;
}

static bool is_young(const struct mm_domain *dom, const struct mm_track *track, uint64_t now_ms)
{
	if (dom->report.uptime_ms > 0)
		return dom->report.uptime_ms + (now_ms - mm_min_u64(dom->report_ms, now_ms)) <
		       YOUNG_MS;
	return now_ms - track->first_ms < YOUNG_MS;
}

/* XenServer's agent is up to a minute behind: four times the margin. */
static uint64_t margin(uint64_t use_kib, enum mm_source source)
{
	uint64_t kib =
		mm_min_u64(mm_max_u64(use_kib / MARGIN_PART, MARGIN_MIN_KIB), MARGIN_MAX_KIB);

	return source == MM_SOURCE_XENSERVER ? 4 * kib : kib;
}

static void fill_bounds(
	struct mm_share *row, const struct mm_config *cfg, const struct mm_domain *dom)
{
	row->high_kib = dom->static_max_kib ? dom->static_max_kib
					    : mm_max_u64(row->held_kib, row->target_kib);
	if (cfg->max_kib)
		row->high_kib = mm_min_u64(row->high_kib, cfg->max_kib);
	row->need_kib =
		mm_max_u64(row->use_kib + margin(row->use_kib, dom->report.source), cfg->min_kib);
	row->need_kib = mm_min_u64(row->need_kib, row->high_kib);
	row->low_kib = row->may_shrink ? row->need_kib : mm_max_u64(row->need_kib, row->held_kib);
	if (!row->may_grow)
		row->high_kib = mm_min_u64(row->high_kib, row->held_kib);
	row->low_kib = mm_min_u64(row->low_kib, row->high_kib);
}

static void add_share(struct decision *d, size_t i, uint64_t held_kib)
{
	const struct mm_domain *dom = &d->snap->domains[i];
	struct mm_track *track = &d->hist->tracks[i];
	struct mm_share *row = &d->shares.rows[d->shares.count++];
	bool is_still = track->progress >= MM_PROGRESS_LAGGING;
	uint64_t now_ms = d->snap->now_ms;

	memset(row, 0, sizeof(*row));
	row->index = i;
	row->held_kib = held_kib;
	row->target_kib = dom->target_kib ? dom->target_kib : held_kib;
	row->use_kib =
		mm_min_u64(smooth_use(track, hard_use(dom, track, held_kib), now_ms), held_kib);
	row->may_shrink = !is_young(dom, track, now_ms) && !(is_still && track->is_shrinking) &&
			  track->progress != MM_PROGRESS_STUCK;
	row->may_grow = !(is_still && !track->is_shrinking) && track->progress != MM_PROGRESS_STUCK;
	fill_bounds(row, d->cfg, dom);
	d->plan->entries[i].use_kib = row->use_kib;
}

static void note_report(struct mm_track *track, const struct mm_domain *dom, uint64_t held_kib)
{
	if (dom->report.source == MM_SOURCE_NONE || track->report_ms == dom->report_ms)
		return;
	track->report_ms = dom->report_ms;
	track->report_held_kib = held_kib;
}

static enum mm_reason standing_now(
	const struct decision *d, const struct mm_domain *dom, const struct mm_track *track)
{
	enum mm_reason reason = standing(d->cfg, dom, d->snap->now_ms);

	/* Without its offset an HVM guest at rest cannot be told from one that lags behind. */
	if (reason == MM_REASON_STEADY && dom->type == MM_DOM_HVM && !track->is_offset_known)
		return MM_REASON_BOOTING;
	return reason;
}

static void survey_domain(struct decision *d, size_t i)
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
	if (dom->state != MM_DOM_DYING)
		d->promised_kib += bound - held;
	if (is_managed(entry->reason))
		d->managed_kib += bound;
	if (entry->is_balanced)
		add_share(d, i, held);
	else if (is_managed(entry->reason))
		d->aside_kib += bound;
}

/*
 * Budget: -N, or what the managed guests hold together with what the host can spare; a host below
 * its reserve makes it smaller. Available: what may be promised now, because it is free now.
 */
static void set_budget(struct decision *d)
{
	const struct mm_host *host = &d->snap->host;
	uint64_t bound_kib = host->claims_kib + d->cfg->reserve_kib + d->promised_kib;
	uint64_t spare_kib = mm_sub_floor(host->free_kib, bound_kib);
	uint64_t budget_kib = d->cfg->budget_kib;

	if (!budget_kib)
		budget_kib = mm_sub_floor(d->managed_kib + host->free_kib, bound_kib);
	d->plan->budget_kib = budget_kib;
	d->plan->available_kib = mm_min_u64(spare_kib, mm_sub_floor(budget_kib, d->managed_kib));
	d->shares.budget_kib = mm_sub_floor(budget_kib, d->aside_kib);
}

static uint64_t dead_band(const struct mm_share *row)
{
	return mm_min_u64(
		mm_max_u64(row->held_kib / DEAD_BAND_PART, DEAD_BAND_MIN_KIB), DEAD_BAND_MAX_KIB);
}

static void change(
	struct decision *d, const struct mm_share *row, uint64_t new_kib, enum mm_reason reason)
{
	struct mm_plan_entry *entry = &d->plan->entries[row->index];

	new_kib -= new_kib % MM_KIB_PER_PAGE;
	entry->reason = reason;
	if (new_kib == entry->old_kib)
		return;
	entry->new_kib = new_kib;
	entry->is_change = true;
}

/* Below its present target, or what it holds: memory, or the promise of it, is given back. */
static void plan_shrink(struct decision *d, const struct mm_share *row)
{
	uint64_t leash = mm_max_u64(row->held_kib / LEASH_PART, LEASH_MIN_KIB);
	uint64_t new_kib = mm_max_u64(row->wish_kib, mm_sub_floor(row->held_kib, leash));

	if (row->target_kib > new_kib + dead_band(row))
		change(d, row, new_kib, MM_REASON_DONATE);
	else if (new_kib > row->target_kib + dead_band(row) && row->wish_kib >= new_kib)
		change(d, row, new_kib, MM_REASON_HARD_USE);
	else
		d->plan->entries[row->index].reason = row->reason;
}

/* Memory that the row holds already, or was promised: its target can be there at no cost. */
static uint64_t base_of(const struct mm_share *row)
{
	return mm_min_u64(mm_max_u64(row->target_kib, row->held_kib), row->wish_kib);
}

static uint64_t lack_of(const struct mm_share *row, bool is_urgent)
{
	uint64_t goal = is_urgent ? mm_min_u64(row->soft_kib, row->wish_kib) : row->wish_kib;

	return mm_sub_floor(goal, base_of(row) + row->gain_kib);
}

/* Shares what is free now among the rows that lack something, each by what it lacks. */
static void grant(struct decision *d, uint64_t *available_kib, bool is_urgent)
{
	struct mm_shares *shares = &d->shares;
	uint64_t lack = 0;
	uint64_t given = 0;

	for (size_t i = 0; i < shares->count; i++)
		lack += lack_of(&shares->rows[i], is_urgent);
	if (lack == 0)
		return;
	for (size_t i = 0; i < shares->count; i++) {
		struct mm_share *row = &shares->rows[i];
		uint64_t gain =
			mm_scale(mm_min_u64(*available_kib, lack), lack_of(row, is_urgent), lack);

		row->gain_kib += gain;
		given += gain;
	}
	*available_kib -= given;
}

static void plan_grow(struct decision *d, const struct mm_share *row)
{
	struct mm_plan_entry *entry = &d->plan->entries[row->index];
	uint64_t base = base_of(row);
	uint64_t new_kib = base + row->gain_kib;
	bool is_short = row->soft_kib > base;
	uint64_t worth = is_short ? GRANT_MIN_KIB : dead_band(row);

	if (row->target_kib > new_kib + dead_band(row))
		change(d, row, new_kib, MM_REASON_DONATE);
	else if (new_kib >= row->target_kib + worth)
		change(d, row, new_kib, is_short ? MM_REASON_SHORT : MM_REASON_GROW);
	else if (row->wish_kib >= row->target_kib + dead_band(row))
		entry->reason = MM_REASON_WAIT;
	else
		entry->reason = row->reason;
}

/* Stuck balloons are tried with a small step now and then: down where they idle, up where they are
 * short. */
static bool plan_probe(struct decision *d, const struct mm_share *row, uint64_t *available_kib)
{
	if (row->held_kib > row->need_kib + MM_PROBE_KIB) {
		change(d, row, row->held_kib - MM_PROBE_KIB, MM_REASON_PROBE);
	} else if (row->held_kib + MM_PROBE_KIB <= row->need_kib &&
		   *available_kib >= MM_PROBE_KIB) {
		*available_kib -= MM_PROBE_KIB;
		change(d, row, row->held_kib + MM_PROBE_KIB, MM_REASON_PROBE);
	}
	return d->plan->entries[row->index].is_change;
}

/* A balloon that rests short of its target: wait, wake it by another target, or give up on it. */
static void plan_still(struct decision *d, const struct mm_share *row, struct mm_track *track,
	uint64_t *available_kib)
{
	struct mm_plan_entry *entry = &d->plan->entries[row->index];
	uint64_t now_ms = d->snap->now_ms;
	bool is_due = mm_progress_should_wake(track, now_ms);

	if (track->progress == MM_PROGRESS_LAGGING) {
		entry->reason = MM_REASON_NUDGE;
		if (is_due && track->is_shrinking)
			change(d, row, row->target_kib + MM_KIB_PER_PAGE, MM_REASON_NUDGE);
		else if (is_due)
			change(d, row, row->target_kib - MM_KIB_PER_PAGE, MM_REASON_NUDGE);
		return;
	}
	entry->reason = MM_REASON_STUCK;
	if (is_due && plan_probe(d, row, available_kib))
		return;
	if (now_ms == track->wake_ms || now_ms - track->wake_ms > PROBE_ANSWER_MS)
		change(d, row, row->held_kib, MM_REASON_STUCK);
}

static bool is_still(const struct mm_share *row, const struct mm_track *track)
{
	if (track->progress == MM_PROGRESS_STUCK)
		return true;
	/* One that was to shrink and now runs short shall grow, and most likely can. */
	return track->progress == MM_PROGRESS_LAGGING &&
	       (!track->is_shrinking || row->wish_kib <= row->held_kib);
}

static void plan_row(struct decision *d, const struct mm_share *row, uint64_t *available_kib)
{
	struct mm_track *track = &d->hist->tracks[row->index];
	struct mm_plan_entry *entry = &d->plan->entries[row->index];

	entry->wish_kib = row->wish_kib;
	if (is_still(row, track))
		plan_still(d, row, track, available_kib);
	else if (row->wish_kib < row->held_kib)
		plan_shrink(d, row);
	else
		plan_grow(d, row);
	if (entry->is_change || track->progress == MM_PROGRESS_MOVING)
		d->plan->is_moving = true;
}

/* An agent that fell silent while its guest was shrinking: the squeeze stops where it is. */
static void freeze_silent(struct decision *d)
{
	for (size_t i = 0; i < d->snap->count; i++) {
		struct mm_plan_entry *entry = &d->plan->entries[i];
		const struct mm_track *track = &d->hist->tracks[i];
		const struct mm_share row = {.index = i};

		if (entry->reason == MM_REASON_SILENT &&
			mm_track_is_shrinking(track, &d->snap->domains[i]))
			change(d, &row, mm_track_held(track, &d->snap->domains[i]),
				MM_REASON_SILENT);
	}
}

/* Shrinking before growing, each in the order of the domains. */
static void order_changes(struct mm_plan *plan)
{
	plan->change_count = 0;
	for (int is_growing = 0; is_growing <= 1; is_growing++)
		for (size_t i = 0; i < plan->count; i++) {
			const struct mm_plan_entry *entry = &plan->entries[i];

			if (entry->is_change &&
				(entry->new_kib > entry->old_kib) == (bool)is_growing)
				plan->order[plan->change_count++] = (uint32_t)i;
		}
}

static int reserve(struct mm_plan *plan, size_t count)
{
	size_t capacity = plan->capacity ? plan->capacity : 16;
	void *entries, *order, *shares;

	while (capacity < count)
		capacity *= 2;
	if (capacity == plan->capacity)
		return 0;
	entries = calloc(capacity, sizeof(*plan->entries));
	order = calloc(capacity, sizeof(*plan->order));
	shares = calloc(capacity, sizeof(*plan->shares));
	if (!entries || !order || !shares) {
		free(entries);
		free(order);
		free(shares);
		return -ENOMEM;
	}
	mm_plan_free(plan);
	plan->entries = entries;
	plan->order = order;
	plan->shares = shares;
	plan->capacity = capacity;
	return 0;
}

int mm_decide(const struct mm_config *cfg, const struct mm_snapshot *snap, struct mm_history *hist,
	struct mm_plan *ret_plan)
{
	struct decision d = {.cfg = cfg, .snap = snap, .hist = hist, .plan = ret_plan};
	uint64_t available_kib;
	int r = reserve(ret_plan, snap->count);

	if (!r)
		r = mm_history_match(hist, snap);
	if (r)
		return r;
	ret_plan->count = snap->count;
	ret_plan->is_moving = false;
	d.shares.rows = ret_plan->shares;
	for (size_t i = 0; i < snap->count; i++)
		survey_domain(&d, i);
	set_budget(&d);
	ret_plan->tau_ppm = mm_policy_tax(cfg, &d.shares, snap->now_ms, hist);
	ret_plan->is_overcommitted = mm_guard(&d.shares, mm_free_goal(cfg, &d.shares));

	available_kib = ret_plan->available_kib;
	grant(&d, &available_kib, true);
	grant(&d, &available_kib, false);
	for (size_t i = 0; i < d.shares.count; i++)
		plan_row(&d, &d.shares.rows[i], &available_kib);
	freeze_silent(&d);
	order_changes(ret_plan);
	return 0;
}
