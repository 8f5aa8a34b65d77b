/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A simulated balloon driver, after Linux 6.1's balloon_thread(): it takes no more than MemAvailable, waits
 * 2, 4 and 8 s when it gets nothing, then gives up until the distance to its target is another one.
 */
#include "sim_private.h"
#include "xenmm/units.h"

#define MAX_RETRIES	4    /* max_retry_count */
#define MAX_DELAY_S	20   /* max_schedule_delay */
#define PHASE_MIN_MS	2000 /* intermittent: an on or off phase lasts from here ... */
#define PHASE_SPREAD_MS 6000 /* ... to so much longer */

static uint64_t goal_of(const struct sim_guest *g)
{
	const struct sim_balloon *b = &g->balloon;
	uint64_t goal = g->target_kib + g->spec->offset_kib;

	goal = mm_max_u64(goal, b->floor_kib);
	if (b->ceiling_kib)
		goal = mm_min_u64(goal, b->ceiling_kib);
	return mm_min_u64(goal, g->spec->maxmem_kib); /* there are no more page frames */
}

/* Whether the driver does anything in this step. */
static bool is_at_work(struct mm_sim *sim, struct sim_guest *g, int64_t gap)
{
	struct sim_balloon *b = &g->balloon;

	if (b->is_intermittent && sim->now_ms >= b->phase_ms) {
		b->is_off = !b->is_off;
		b->phase_ms = sim->now_ms + PHASE_MIN_MS +
			      sim_random_below(&sim->random, PHASE_SPREAD_MS + 1);
	}
	if (b->is_stuck || b->is_off || gap == 0)
		return false;
	if (!b->is_asleep)
		return true;
	if (gap == b->asleep_gap_kib && sim->now_ms < b->wake_ms)
		return false;
	b->is_asleep = false;
	return true;
}

/* It got less than it asked for and goes to sleep: update_schedule() with BP_EAGAIN. */
static void back_off(struct mm_sim *sim, struct sim_guest *g, int64_t gap)
{
	struct sim_balloon *b = &g->balloon;

	if (g->spec->balloon == MM_SCN_BALLOON_IDEAL)
		return;
	b->is_asleep = true;
	b->asleep_gap_kib = gap;
	if (++b->retries >= MAX_RETRIES) {
		b->retries = 0;
		b->delay_s = 0;
		b->wake_ms = sim->now_ms + 3600 * 1000;
		return;
	}
	b->delay_s = b->delay_s ? mm_min_u64(b->delay_s * 2, MAX_DELAY_S) : 2;
	b->wake_ms = sim->now_ms + b->delay_s * 1000;
}

static void succeed(struct sim_guest *g)
{
	g->balloon.retries = 0;
	g->balloon.delay_s = 0;
}

/* Towards a smaller size. Returns what is still missing of this step's portion. */
static uint64_t inflate(struct sim_guest *g, uint64_t portion, uint64_t ms)
{
	uint64_t avail = sim_guest_avail(g);
	uint64_t want = mm_min_u64(portion, avail);
	uint64_t slow = 0;
	uint64_t got;

	/* Without anything available its own allocations make the guest swap, if it can: slowly. */
	if (want < portion && g->spec->swap_kib) {
		slow = mm_min_u64(g->spec->swap_kib_s * ms / 2000, portion - want);
		want += slow;
	}
	got = sim_guest_squeeze(g, want, slow);
	g->believed_kib -= got;
	if (g->believed_kib < g->held_kib) {
		g->stats.shrunk_kib += g->held_kib - g->believed_kib;
		g->held_kib = g->believed_kib;
	}
	return portion - got;
}

/* Towards a larger size: as far as Xen lets it. */
static uint64_t deflate(struct mm_sim *sim, struct sim_guest *g, uint64_t portion)
{
	uint64_t room =
		mm_min_u64(sim_world_spare(sim), mm_sub_floor(g->max_pages_kib, g->held_kib));
	uint64_t got = mm_min_u64(portion, room);

	g->believed_kib += got;
	g->held_kib += got;
	g->stats.grown_kib += got;
	return portion - got;
}

void sim_balloon_step(struct mm_sim *sim, struct sim_guest *g, uint64_t ms)
{
	int64_t gap = (int64_t)goal_of(g) - (int64_t)g->believed_kib;
	uint64_t before = g->held_kib;
	uint64_t portion, missing;

	if (g->spec->balloon == MM_SCN_BALLOON_NONE || !is_at_work(sim, g, gap))
		return;
	if (gap < 0) {
		portion = sim_portion(g->spec->down_kib_s, ms, &g->balloon.carry);
		portion = mm_min_u64(portion, (uint64_t)-gap);
		missing = inflate(g, portion, ms);
	} else {
		portion = sim_portion(g->spec->up_kib_s, ms, &g->balloon.carry);
		portion = mm_min_u64(portion, (uint64_t)gap);
		missing = deflate(sim, g, portion);
	}
	sim->free_kib += before;
	sim->free_kib -= g->held_kib;
	if (portion == 0 || missing < portion)
		succeed(g);
	else
		back_off(sim, g, (int64_t)goal_of(g) - (int64_t)g->believed_kib);
}
