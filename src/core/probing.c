/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probing.h"

#include "need.h"
#include "xenmm/units.h"

/* With so much of the budget free the host is well off, however much a guest might ask for. */
#define POOL_PART 4

static bool is_allowed(const struct mm_decision *d, const struct mm_share *row)
{
	const struct mm_track *track = &d->hist->tracks[row->index];
	const struct mm_report *report = &d->snap->domains[row->index].report;

	if (track->policy.probing == MM_CHOICE_NO || !row->may_shrink || !report->has_psi)
		return false; /* without PSI nobody would hear it complain in time */
	if (track->policy.probing == MM_CHOICE_YES)
		return true;
	return !mm_need_swaps_slowly(track);
}

static bool is_welcome(const struct mm_shares *shares)
{
	uint64_t held = 0;
	uint64_t largest = 0;

	for (size_t i = 0; i < shares->count; i++) {
		const struct mm_share *row = &shares->rows[i];

		held += mm_max_u64(row->held_kib, row->target_kib);
		largest = mm_max_u64(largest, mm_sub_floor(row->high_kib, row->held_kib));
	}
	return mm_sub_floor(shares->budget_kib, held) <
	       mm_min_u64(largest, shares->budget_kib / POOL_PART);
}

/* What all guests together must have does not fit: then claims are put to the test. */
static bool is_short(const struct mm_shares *shares)
{
	uint64_t need = 0;

	for (size_t i = 0; i < shares->count; i++)
		need += mm_max_u64(shares->rows[i].low_kib, shares->rows[i].core_kib);
	return need > shares->budget_kib;
}

void mm_probe_guests(struct mm_decision *d)
{
	bool is_wanted = is_welcome(&d->shares);
	bool is_doubtful = is_short(&d->shares);
	uint64_t weights = 0;

	for (size_t i = 0; i < d->shares.count; i++)
		weights += d->shares.rows[i].weight;
	for (size_t i = 0; i < d->shares.count; i++) {
		struct mm_share *row = &d->shares.rows[i];
		struct mm_track *track = &d->hist->tracks[row->index];

		if (mm_need_probe(
			    track, row->held_kib, is_allowed(d, row), is_wanted, d->snap->now_ms))
			row->reason = MM_REASON_STEP_BACK;
		row->cap_kib = track->need.press_cap_kib;
		row->doubt_kib = mm_need_doubt(track, &d->snap->domains[row->index], row->held_kib,
			mm_scale(d->shares.budget_kib, row->weight, weights),
			is_doubtful && row->may_shrink, d->snap->now_ms);
	}
}
