/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include "rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/trace.h"
#include "xenmm/units.h"

/* Fully virtual guests hold up to this above their target, which the plan knows only after a while. */
#define OFFSET_KIB (1 * MIB)

/* Fails the test, and prints the round as it stands in a trace. */
__attribute__((format(printf, 3, 4))) static void broken(
	const struct sim_run *run, uint32_t domid, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)mm_trace_write_round(stderr, &run->snap, &run->plan);
	fail_msg("%s, seed %" PRIu64 ", %" PRIu64 " ms, domain %" PRIu32 ": %s", run->label,
		run->seed, run->snap.now_ms, domid, text);
}

void rules_before(struct rules *rules, const struct sim_run *run)
{
	const struct mm_history *hist = &run->hist;

	rules->hist = *hist;
	rules->hist.tracks = NULL;
	if (hist->capacity == 0)
		return;
	rules->hist.tracks = calloc(hist->capacity, sizeof(*hist->tracks));
	assert_non_null(rules->hist.tracks);
	memcpy(rules->hist.tracks, hist->tracks, hist->count * sizeof(*hist->tracks));
}

static void check_pure(struct rules *rules, const struct sim_run *run)
{
	struct mm_plan again = {0};

	assert_int_equal(mm_decide(&run->cfg, &run->snap, &rules->hist, &again), 0);
	if (again.count != run->plan.count || again.change_count != run->plan.change_count ||
		memcmp(again.entries, run->plan.entries, again.count * sizeof(*again.entries)) != 0)
		broken(run, 0, "the same inputs gave another plan");
	mm_plan_free(&again);
	mm_history_free(&rules->hist);
}

static void check_bounds(
	const struct sim_run *run, const struct mm_domain *d, const struct mm_plan_entry *e)
{
	uint64_t low = mm_min_u64(run->cfg.min_kib, mm_min_u64(d->current_kib, e->old_kib));

	if (e->domid != d->domid)
		broken(run, d->domid, "has the plan of domain %" PRIu32, e->domid);
	if (!e->is_change && e->new_kib != e->old_kib)
		broken(run, d->domid, "no change, and yet another target");
	if (!e->is_change)
		return;
	if (e->new_kib > d->static_max_kib)
		broken(run, d->domid, "target %" PRIu64 " KiB above its static maximum",
			e->new_kib);
	if (run->cfg.max_kib && e->new_kib > mm_max_u64(run->cfg.max_kib, d->current_kib))
		broken(run, d->domid, "target %" PRIu64 " KiB above --max", e->new_kib);
	if (e->new_kib < mm_sub_floor(low, OFFSET_KIB))
		broken(run, d->domid, "target %" PRIu64 " KiB below --min", e->new_kib);
}

/* Nobody who cannot answer is pressed, and nobody below what it says it cannot give back. */
static void check_kindness(
	const struct sim_run *run, const struct mm_domain *d, const struct mm_plan_entry *e)
{
	/* Older agents do not say how large the balloon was; it was no smaller than MemTotal. */
	uint64_t size = mm_max_u64(d->report.balloon_kib, d->report.total_kib);
	uint64_t use = mm_sub_floor(size, d->report.avail_kib);

	if (!e->is_change || e->new_kib >= mm_sub_floor(d->current_kib, OFFSET_KIB))
		return;
	if (e->reason ==
		MM_REASON_DOUBT) { /* what a liar says is not what it uses: a step is tried */
		struct mm_sim_truth truth = sim_run_truth(run, d->name);

		use = mm_sub_floor(truth.held_kib, truth.avail_kib + truth.held_kib / 20);
	}
	if (d->state != MM_DOM_RUNNING)
		broken(run, d->domid, "pressed while %s", mm_dom_state_name(d->state));
	if (d->pod_kib)
		broken(run, d->domid, "pressed before its balloon has caught up");
	if (d->report.source == MM_SOURCE_NONE)
		broken(run, d->domid, "pressed although it never reported");
	if (e->new_kib < mm_min_u64(use, e->old_kib) && e->new_kib < e->old_kib)
		broken(run, d->domid, "pressed to %" PRIu64 " KiB, uses %" PRIu64, e->new_kib, use);
}

/* Growth is promised out of memory that is free now, less claims, leases, the reserve and older promises. */
static void check_promises(const struct sim_run *run)
{
	const struct mm_host *host = &run->snap.host;
	uint64_t before = 0, after = 0, slack = 0;
	uint64_t spare = mm_sub_floor(
		host->free_kib, host->claims_kib + host->reserved_kib + run->cfg.reserve_kib);

	for (size_t i = 0; i < run->snap.count; i++) {
		const struct mm_domain *d = &run->snap.domains[i];
		const struct mm_plan_entry *e = &run->plan.entries[i];

		if (d->state == MM_DOM_DYING || d->state == MM_DOM_BUILDING)
			continue; /* what is being built is claimed */
		before += mm_sub_floor(e->old_kib, d->current_kib);
		after += mm_sub_floor(e->new_kib, d->current_kib);
		slack += d->type == MM_DOM_HVM ? OFFSET_KIB : 0;
	}
	if (after > mm_max_u64(before, spare) + slack)
		broken(run, 0, "promises %" PRIu64 " KiB, the host can spare %" PRIu64, after,
			spare);
}

/* The balanced guests and those set aside stay in the budget, in terms of targets, unless they are above it already. */
static void check_budget(const struct sim_run *run)
{
	uint64_t before = 0, after = 0;

	for (size_t i = 0; i < run->snap.count; i++) {
		const struct mm_domain *d = &run->snap.domains[i];
		const struct mm_plan_entry *e = &run->plan.entries[i];
		uint64_t held_kib = mm_track_held(mm_history_find(&run->hist, d->domid), d);

		if (e->reason == MM_REASON_DYING || e->reason == MM_REASON_EXCLUDED ||
			e->reason == MM_REASON_BUILDING || e->reason == MM_REASON_NO_AGENT)
			continue;
		before += mm_max_u64(e->old_kib, held_kib);
		after += mm_max_u64(e->new_kib, held_kib);
	}
	if (after > mm_max_u64(before, run->plan.budget_kib))
		broken(run, 0, "targets come to %" PRIu64 " KiB, the budget is %" PRIu64, after,
			run->plan.budget_kib);
}

static void check_order(const struct sim_run *run)
{
	bool is_growing = false;

	for (size_t i = 0; i < run->plan.change_count; i++) {
		const struct mm_plan_entry *e = &run->plan.entries[run->plan.order[i]];

		if (!e->is_change)
			broken(run, e->domid, "to be written without a change");
		if (is_growing && e->new_kib < e->old_kib)
			broken(run, e->domid, "shrinks behind one that grows");
		is_growing = e->new_kib > e->old_kib;
	}
}

void rules_after(struct rules *rules, const struct sim_run *run)
{
	assert_int_equal(run->plan.count, run->snap.count);
	for (size_t i = 0; i < run->snap.count; i++) {
		check_bounds(run, &run->snap.domains[i], &run->plan.entries[i]);
		check_kindness(run, &run->snap.domains[i], &run->plan.entries[i]);
	}
	check_promises(run);
	check_budget(run);
	check_order(run);
	check_pure(rules, run);
}
