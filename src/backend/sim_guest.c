/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A simulated guest's kernel and programs. What it believes to have is split into the kernel's own part,
 * anonymous memory, page cache and free. Reclaim takes cache first, then swaps out as fast as the device
 * allows; where neither helps for a while, the OOM killer comes.
 */
#include <string.h>

#include "sim_private.h"
#include "xenmm/units.h"

#define CACHE_FLOOR_KIB	   4096 /* pages of running programs: thrown out they would be back at once */
#define OOM_PATIENCE_MS	   100 /* of fruitless reclaim before something is killed */
#define RECLAIM_US_PER_MIB 300 /* dropping clean cache, as stall time */
#define WARM_PERIOD_S	   5   /* in which all that is warm of the cache is read once */

/* ---- figures --------------------------------------------------------------------------------- */

uint64_t sim_guest_total(const struct sim_guest *g)
{
	return mm_sub_floor(g->believed_kib, g->spec->kernel_kib);
}

uint64_t sim_guest_free(const struct sim_guest *g)
{
	return mm_sub_floor(sim_guest_total(g), g->anon_kib + g->cache_kib);
}

/* Linux: min_free_kbytes = sqrt(16 * size); low and high lie a quarter and a half above it. */
static uint64_t watermark_min(const struct sim_guest *g)
{
	return 4 * mm_root_u64(sim_guest_total(g));
}

static uint64_t watermark_low(const struct sim_guest *g)
{
	return watermark_min(g) * 5 / 4;
}

uint64_t sim_guest_reserve(const struct sim_guest *g)
{
	return watermark_min(g) * 3 / 2;
}

/* As si_mem_available(): free and file pages, less the reserve and some cache that is needed to run. */
uint64_t sim_guest_avail(const struct sim_guest *g)
{
	uint64_t sum = sim_guest_free(g) + g->cache_kib;
	uint64_t kept = sim_guest_reserve(g) + mm_min_u64(g->cache_kib / 2, watermark_low(g));

	return mm_sub_floor(sum, kept);
}

/* Of what it asks for, not of what it holds: the same in every run, whoever balances. */
uint64_t sim_guest_need(const struct sim_guest *g)
{
	uint64_t sum = g->demand_kib + CACHE_FLOOR_KIB + g->warm_goal_kib;

	return g->spec->kernel_kib + sum + 6 * mm_root_u64(sum);
}

uint64_t sim_guest_least(const struct sim_guest *g)
{
	uint64_t sum = g->demand_kib + CACHE_FLOOR_KIB;

	return g->spec->kernel_kib + sum + 4 * mm_root_u64(sum);
}

/* ---- reclaim --------------------------------------------------------------------------------- */

static uint64_t drop_cache(struct sim_guest *g, uint64_t want)
{
	uint64_t got = mm_min_u64(want, mm_sub_floor(g->cache_kib, CACHE_FLOOR_KIB));

	g->cache_kib -= got;
	g->evicted_kib += got;
	g->psi_us += got * RECLAIM_US_PER_MIB / MM_KIB_PER_MIB;
	return got;
}

/* Whole pages only, so that the counters of pages are exact. */
static uint64_t swap_out(struct sim_guest *g, uint64_t want)
{
	uint64_t got = mm_min_u64(want, mm_sub_floor(g->spec->swap_kib, g->swapped_kib));

	got = mm_min_u64(got, g->anon_kib);
	got -= got % MM_KIB_PER_PAGE;
	g->anon_kib -= got;
	g->swapped_kib += got;
	g->swapout_pages += got / MM_KIB_PER_PAGE;
	g->stats.swapout_pages += got / MM_KIB_PER_PAGE;
	return got;
}

/* Pages for a program: free ones down to the minimum, then cache, then by swapping out at most *slow. */
static uint64_t get_pages(struct sim_guest *g, uint64_t want, uint64_t *slow)
{
	uint64_t got = mm_min_u64(want, mm_sub_floor(sim_guest_free(g), watermark_min(g)));
	uint64_t swapped;

	got += drop_cache(g, want - got);
	if (got == want || *slow == 0)
		return got;
	swapped =
		mm_min_u64(swap_out(g, mm_min_u64(*slow, want - got + MM_KIB_PER_PAGE - 1)), *slow);
	*slow -= swapped;
	return got + mm_min_u64(swapped, want - got);
}

uint64_t sim_guest_squeeze(struct sim_guest *g, uint64_t want, uint64_t slow)
{
	uint64_t got = mm_min_u64(want, mm_sub_floor(sim_guest_free(g), watermark_min(g)));

	got += drop_cache(g, want - got);
	if (got < want && slow)
		got += mm_min_u64(swap_out(g, mm_min_u64(slow, want - got)), want - got);
	return got;
}

/* Background reclaim: below the low mark, up to the high one. */
static void run_kswapd(struct sim_guest *g, uint64_t slow)
{
	uint64_t free = sim_guest_free(g);
	uint64_t want;

	if (free >= watermark_low(g))
		return;
	want = sim_guest_reserve(g) - free;
	want -= drop_cache(g, want);
	swap_out(g, mm_min_u64(want, slow));
}

/* ---- programs -------------------------------------------------------------------------------- */

static void release(struct sim_guest *g, uint64_t amount)
{
	uint64_t all = g->anon_kib + g->swapped_kib;
	uint64_t from_swap;

	if (all == 0)
		return;
	amount = mm_min_u64(amount, all);
	from_swap = g->swapped_kib * amount / all;
	from_swap = mm_max_u64(from_swap, mm_sub_floor(amount, g->anon_kib));
	g->swapped_kib -= from_swap;
	g->anon_kib -= amount - from_swap;
}

/* The largest program dies: all above what the guest started with, or else half. */
void sim_guest_kill(struct sim_guest *g)
{
	uint64_t all = g->anon_kib + g->swapped_kib;
	uint64_t base = g->spec->use_kib;

	g->stats.oom_kills++;
	g->starved_ms = 0;
	release(g, all > base ? all - base : all / 2);
	g->goal_kib = mm_min_u64(g->goal_kib, g->anon_kib + g->swapped_kib);
	g->demand_kib = g->goal_kib;
}

static void note_starving(struct sim_guest *g, uint64_t ms)
{
	bool has_swap = g->swapped_kib + MM_KIB_PER_PAGE <= g->spec->swap_kib;

	g->starved_ms = has_swap ? 0 : g->starved_ms + ms;
	if (g->starved_ms >= OOM_PATIENCE_MS)
		sim_guest_kill(g);
}

/* Programs touch new memory, at their pace or as fast as reclaim lets them. */
static void grow_use(struct sim_guest *g, uint64_t ms, uint64_t *slow)
{
	uint64_t all = g->anon_kib + g->swapped_kib;
	uint64_t want, got;

	if (all >= g->goal_kib) {
		g->starved_ms = 0;
		g->pace_carry = 0;
		return;
	}
	want = mm_min_u64(sim_portion(g->pace_kib_s, ms, &g->pace_carry), g->goal_kib - all);
	if (want == 0)
		return;
	got = get_pages(g, want, slow);
	g->anon_kib += got;
	g->psi_us += (want - got) * ms * 1000 / want;
	if (got == 0)
		note_starving(g, ms);
	else
		g->starved_ms = 0;
}

static void shrink_use(struct sim_guest *g, uint64_t ms)
{
	uint64_t all = g->anon_kib + g->swapped_kib;

	if (all > g->goal_kib)
		release(g, mm_min_u64(sim_portion(g->pace_kib_s, ms, &g->pace_carry),
				   all - g->goal_kib));
}

/* What the programs would hold if memory were no limit: the measure of need. */
static void move_demand(struct sim_guest *g, uint64_t ms)
{
	uint64_t step = sim_portion(g->pace_kib_s, ms, &g->demand_carry);

	if (g->demand_kib < g->goal_kib)
		g->demand_kib += mm_min_u64(step, g->goal_kib - g->demand_kib);
	else
		g->demand_kib -= mm_min_u64(step, g->demand_kib - g->goal_kib);
}

/* Some of what lies in swap is touched each second, whether there is room or not. */
static void swap_in(struct sim_guest *g, uint64_t ms, uint64_t *slow)
{
	uint64_t speed = sim_portion(g->spec->swap_kib_s, ms, &g->swapin_carry);
	uint64_t want = sim_portion(g->swapped_kib * g->spec->hot_percent / 100, ms, &g->hot_carry);
	uint64_t got;

	want = mm_min_u64(mm_min_u64(want, speed), g->swapped_kib);
	g->hot_carry +=
		want % MM_KIB_PER_PAGE * 1000; /* less than a page waits for the next step */
	want -= want % MM_KIB_PER_PAGE;
	if (want == 0)
		return;
	got = get_pages(g, want, slow);
	got -= got % MM_KIB_PER_PAGE;
	g->anon_kib += got;
	g->swapped_kib -= got;
	g->swapin_pages += got / MM_KIB_PER_PAGE;
	g->stats.swapin_pages += got / MM_KIB_PER_PAGE;
	g->majfaults += got / MM_KIB_PER_PAGE;
	g->refault_anon += got / MM_KIB_PER_PAGE;
	g->psi_us += speed ? mm_min_u64(want, speed) * ms * 1000 / speed : 0;
}

/*
 * What is warm and was thrown out is missed at once and read again, into the place of something else that is warm
 * where there is no room: the programs wait for the device. What is cold is thrown out first.
 */
static void read_warm(struct sim_guest *g, uint64_t ms, uint64_t room)
{
	uint64_t speed = sim_portion(g->spec->read_kib_s, ms, &g->warm_read_carry);
	uint64_t missing = mm_sub_floor(g->warm_goal_kib, g->cache_kib);
	uint64_t rate = missing / WARM_PERIOD_S + MM_KIB_PER_MIB; /* so that it has an end */
	uint64_t want = sim_portion(rate, ms, &g->warm_carry);

	want = mm_min_u64(want, mm_min_u64(speed, missing));
	if (want == 0)
		return;
	g->cache_kib += mm_min_u64(want, room);
	g->warm_refault_kib += want;
	g->refault_file += g->warm_refault_kib / MM_KIB_PER_PAGE;
	g->stats.refault_pages += g->warm_refault_kib / MM_KIB_PER_PAGE;
	g->warm_refault_kib %= MM_KIB_PER_PAGE;
	g->psi_us += want * ms * 1000 / speed;
}

static void read_files(struct sim_guest *g, uint64_t ms)
{
	uint64_t goal = mm_max_u64(g->cache_goal_kib, g->warm_goal_kib);
	uint64_t got = sim_portion(g->spec->read_kib_s, ms, &g->read_carry);
	uint64_t room = mm_sub_floor(sim_guest_free(g), sim_guest_reserve(g));
	uint64_t again;

	g->cache_kib = mm_min_u64(g->cache_kib, goal);
	/* Until populate on demand is over, reading would touch what is not backed. */
	if (g->believed_kib > g->held_kib)
		return;
	if (g->cache_kib < g->warm_goal_kib) {
		read_warm(g, ms, room);
		return;
	}
	got = mm_min_u64(mm_min_u64(got, room), goal - g->cache_kib);
	again = g->has_warm ? 0 : mm_min_u64(got, g->evicted_kib);
	g->cache_kib += got;
	g->evicted_kib -= again;
	g->refault_file += again / MM_KIB_PER_PAGE;
	g->stats.refault_pages += again / MM_KIB_PER_PAGE;
}

static void wander(struct mm_sim *sim, struct sim_guest *g)
{
	uint64_t noise = g->spec->noise_kib;

	if (noise == 0 || sim->now_ms % 1000 != 0 || g->demand_kib < g->goal_kib)
		return;
	g->goal_kib = mm_sub_floor(g->goal_kib, g->noise_kib);
	g->noise_kib = sim_random_below(&g->random, noise + 1);
	g->goal_kib += g->noise_kib;
}

/* ---- life ------------------------------------------------------------------------------------ */

void sim_guest_boot(struct sim_guest *g, bool is_warm)
{
	const struct mm_scn_guest *spec = g->spec;

	g->anon_kib = g->swapped_kib = g->cache_kib = g->evicted_kib = 0;
	g->uptime_ms = g->majfaults = g->refault_anon = g->refault_file = g->psi_us = 0;
	g->swapout_pages = g->swapin_pages = g->starved_ms = 0;
	g->noise_kib = 0;
	g->goal_kib = spec->use_kib;
	g->cache_goal_kib = spec->cache_kib;
	g->warm_goal_kib = spec->warm_kib;
	g->has_warm = spec->has_warm;
	g->pace_kib_s = spec->up_kib_s; /* services start as fast as memory is touched */
	g->demand_kib = 0;
	g->boot_left_ms = spec->boot_ms;
	g->balloon.is_asleep = false;
	g->balloon.retries = 0;
	memset(&g->agent.last, 0, sizeof(g->agent.last));
	if (!is_warm)
		return;
	g->boot_left_ms = 0;
	g->uptime_ms = 600000;
	g->anon_kib = mm_min_u64(spec->use_kib, mm_sub_floor(sim_guest_total(g), watermark_low(g)));
	g->demand_kib = g->anon_kib;
	g->cache_kib = mm_min_u64(mm_max_u64(spec->cache_kib, spec->warm_kib),
		mm_sub_floor(sim_guest_free(g), sim_guest_reserve(g)));
}

void sim_guest_step(struct mm_sim *sim, struct sim_guest *g, uint64_t ms)
{
	uint64_t slow;

	g->uptime_ms += ms;
	if (g->boot_left_ms > 0) {
		g->boot_left_ms -= mm_min_u64(ms, g->boot_left_ms);
		return;
	}
	slow = sim_portion(g->spec->swap_kib_s, ms, &g->kswapd_carry);
	wander(sim, g);
	move_demand(g, ms);
	shrink_use(g, ms);
	grow_use(g, ms, &slow);
	swap_in(g, ms, &slow);
	run_kswapd(g, slow);
	read_files(g, ms);
}
