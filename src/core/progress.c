/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Progress is movement of what a domain holds towards its target, by a fair part of the way: a page
 * now and then is none. Rewriting the target does not make a balloon look alive.
 */
#include "progress.h"

#include "xenmm/units.h"

/* The largest offset that is believed: HVM guests hold up to 16 MiB of video memory besides. */
#define OFFSET_MAX_KIB (20 * MM_KIB_PER_MIB)

/* What a domain holds must not have changed this long before its offset is read off. */
#define OFFSET_CALM_MS 3000

/* A balloon moves when it comes a sixteenth of its way, within these; the lab's go 100 MiB a second. */
#define FAIR_PART    16
#define FAIR_MIN_KIB (1 * MM_KIB_PER_MIB)
#define FAIR_MAX_KIB (8 * MM_KIB_PER_MIB)

const char *mm_progress_name(enum mm_progress progress)
{
	static const char *const names[MM_PROGRESS_COUNT] = {
		[MM_PROGRESS_SETTLED] = "settled",
		[MM_PROGRESS_MOVING] = "moving",
		[MM_PROGRESS_LAGGING] = "lagging",
		[MM_PROGRESS_STUCK] = "stuck",
	};

	return progress < MM_PROGRESS_COUNT ? names[progress] : "unknown";
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

uint64_t mm_track_held(const struct mm_track *track, const struct mm_domain *dom)
{
	int64_t held = (int64_t)dom->current_kib - track->offset_kib;

	return held > 0 ? (uint64_t)held : 0;
}

uint64_t mm_track_surely_held(const struct mm_track *track, const struct mm_domain *dom)
{
	return mm_min_u64(mm_track_held(track, dom), dom->current_kib);
}

bool mm_track_is_shrinking(const struct mm_track *track, const struct mm_domain *dom)
{
	return dom->target_kib > 0 && mm_track_held(track, dom) > dom->target_kib + MM_ARRIVED_KIB;
}

/*
 * PV guests have none. The first calm difference is kept for life, as the toolstack sets it at
 * build time.
 */
static void learn_offset(struct mm_track *track, const struct mm_domain *dom, uint64_t now_ms)
{
	if (track->is_offset_known || dom->type == MM_DOM_PV || dom->target_kib == 0 ||
		dom->pod_kib > 0)
		return;
	if (!track->first_ms || mm_sub_floor(now_ms, track->last_ms) < OFFSET_CALM_MS)
		return;
	track->is_offset_known = true;
	track->offset_kib = 0;
	if (distance(dom->current_kib, dom->target_kib) <= OFFSET_MAX_KIB)
		track->offset_kib = (int64_t)dom->current_kib - (int64_t)dom->target_kib;
}

static void settle(
	struct mm_track *track, enum mm_progress progress, uint64_t held_kib, uint64_t now_ms)
{
	track->progress = progress;
	track->anchor_kib = held_kib;
	track->anchor_ms = now_ms;
	track->wake_ms = 0;
}

static uint64_t moved_towards(const struct mm_track *track, uint64_t held_kib)
{
	return track->is_shrinking ? mm_sub_floor(track->anchor_kib, held_kib)
				   : mm_sub_floor(held_kib, track->anchor_kib);
}

/* How far a balloon must have come to count as moving: large guests go no faster than others. */
static uint64_t fair_part(uint64_t gap_kib)
{
	return mm_max_u64(FAIR_MIN_KIB, mm_min_u64(gap_kib / FAIR_PART, FAIR_MAX_KIB));
}

static void judge_standstill(struct mm_track *track, uint64_t now_ms)
{
	uint64_t still_ms = mm_sub_floor(now_ms, track->anchor_ms);

	if (track->progress == MM_PROGRESS_STUCK)
		return;
	if (still_ms >= MM_STUCK_MS) {
		track->progress = MM_PROGRESS_STUCK;
		track->wake_ms = now_ms;
		track->wake_wait_ms = MM_PROBE_MS;
	} else if (still_ms >= MM_LAGGING_MS) {
		track->progress = MM_PROGRESS_LAGGING;
	}
}

void mm_progress_update(struct mm_track *track, const struct mm_domain *dom, uint64_t now_ms)
{
	uint64_t held, gap;
	bool is_shrinking;

	if (dom->current_kib != track->last_kib || track->last_ms == 0) {
		track->last_kib = dom->current_kib;
		track->last_ms = now_ms;
	}
	if (!track->first_ms && dom->report.source != MM_SOURCE_NONE)
		track->first_ms = now_ms;
	learn_offset(track, dom, now_ms);

	held = mm_track_held(track, dom);
	gap = dom->target_kib ? distance(held, dom->target_kib) : 0;
	is_shrinking = held > dom->target_kib;
	if (dom->state != MM_DOM_RUNNING ||
		dom->pod_kib > 0) { /* it cannot move, which is not its fault */
		settle(track, MM_PROGRESS_SETTLED, held, now_ms);
		return;
	}
	if (track->progress == MM_PROGRESS_STUCK) {
		if (distance(held, track->anchor_kib) < MM_PROBE_KIB / 2)
			return;
		/*
		 * It follows after all. What was taken for its offset may have been a lag, or the
		 * other way round: it is read off anew at the next rest.
		 */
		track->is_offset_known = false;
		track->is_shrinking = is_shrinking;
		settle(track, gap <= MM_ARRIVED_KIB ? MM_PROGRESS_SETTLED : MM_PROGRESS_MOVING,
			held, now_ms);
		return;
	}
	if (gap <= MM_ARRIVED_KIB) {
		settle(track, MM_PROGRESS_SETTLED, held, now_ms);
	} else if (track->progress == MM_PROGRESS_SETTLED || track->is_shrinking != is_shrinking ||
		   moved_towards(track, held) >= fair_part(gap)) {
		track->is_shrinking = is_shrinking;
		settle(track, MM_PROGRESS_MOVING, held, now_ms);
	} else {
		judge_standstill(track, now_ms);
	}
}

static bool is_first_nudge(const struct mm_track *track)
{
	return track->progress == MM_PROGRESS_LAGGING && track->wake_ms == 0;
}

bool mm_progress_should_wake(struct mm_track *track, uint64_t now_ms, bool is_short)
{
	uint64_t still_ms = mm_sub_floor(now_ms, track->anchor_ms);
	uint64_t since_ms = mm_sub_floor(now_ms, track->wake_ms);

	if (track->progress < MM_PROGRESS_LAGGING)
		return false;
	if (is_first_nudge(track)) {
		if (still_ms < MM_NUDGE_MS)
			return false;
		track->wake_wait_ms = MM_NUDGE_MS;
	} else if (since_ms >= track->wake_wait_ms) {
		track->wake_wait_ms = mm_min_u64(2 * track->wake_wait_ms, MM_PROBE_MAX_MS);
	} else if (!is_short || track->progress != MM_PROGRESS_STUCK ||
		   since_ms < MM_PROBE_SHORT_MS) {
		return false;
	}
	track->wake_ms = now_ms;
	return true;
}
