/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The simulated Xen host: memory, the toolstack that builds, saves and destroys, and time. After every
 * step the rules of this world are checked: memory is neither lost nor made, no target is out of bounds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim_private.h"
#include "xenmm/units.h"

#define BUILD_KIB_S    (800 * MM_KIB_PER_MIB)  /* the toolstack fills a new domain */
#define SAVE_KIB_S     (200 * MM_KIB_PER_MIB)  /* image to disk, and back */
#define TEARDOWN_KIB_S (4096 * MM_KIB_PER_MIB) /* a dying domain gives its pages back */
#define SLACK_KIB      MM_KIB_PER_MIB	       /* libxl: max_pages is the target and so much */

/* ---- random numbers (splitmix64) ------------------------------------------------------------- */

uint64_t sim_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t sim_random_below(uint64_t *state, uint64_t bound)
{
	return bound ? sim_random(state) % bound : 0;
}

/* ---- memory ---------------------------------------------------------------------------------- */

uint64_t sim_world_spare(const struct mm_sim *sim)
{
	return mm_sub_floor(sim->free_kib, sim->claims_kib);
}

static void take(struct mm_sim *sim, struct sim_guest *g, uint64_t kib)
{
	g->held_kib += kib;
	sim->free_kib -= kib;
}

static void give_back(struct mm_sim *sim, struct sim_guest *g, uint64_t kib)
{
	g->held_kib -= kib;
	sim->free_kib += kib;
}

/* The toolstack claims what it is about to fill a domain with; what was filled is claimed no more. */
static void claim(struct mm_sim *sim, struct sim_guest *g)
{
	g->state = MM_DOM_BUILDING;
	sim->claims_kib += g->build_kib;
}

static void fill(struct mm_sim *sim, struct sim_guest *g, uint64_t kib)
{
	take(sim, g, kib);
	sim->claims_kib -= kib;
}

static void drop_claim(struct mm_sim *sim, struct sim_guest *g)
{
	if (g->state == MM_DOM_BUILDING)
		sim->claims_kib -= g->build_kib - g->held_kib;
}

static uint64_t slack_of(const struct sim_guest *g)
{
	return mm_max_u64(SLACK_KIB, g->spec->offset_kib);
}

/* ---- birth and death ------------------------------------------------------------------------- */

static void new_identity(struct mm_sim *sim, struct sim_guest *g, bool has_new_uuid)
{
	g->domid = sim->next_domid++;
	if (has_new_uuid) {
		uint64_t a = sim_random(&sim->random), b = sim_random(&sim->random);

		snprintf(g->uuid, sizeof(g->uuid), "%08x-%04x-4%03x-a%03x-%012" PRIx64,
			(unsigned int)(a >> 32), (unsigned int)(a >> 16) & 0xffff,
			(unsigned int)a & 0xfff, (unsigned int)(b >> 52),
			b & UINT64_C(0xffffffffffff));
	}
	g->agent.mail_count = 0;
	memset(&g->agent.delivered, 0, sizeof(g->agent.delivered));
	g->agent.last.total_kib = 0; /* its keys are gone: the next look is worth telling */
	g->agent.sample_ms = 0;
	sim_look_reset(g);
	g->carry = 0;
	sim->has_news = true;
}

static void set_stored_target(struct sim_guest *g, uint64_t target)
{
	g->target_kib = target;
	g->max_pages_kib = target + slack_of(g);
}

/* Built and left to itself: the guest starts to run, or goes on. */
static void finish_build(struct mm_sim *sim, struct sim_guest *g)
{
	g->state = MM_DOM_RUNNING;
	sim->has_news = true;
	if (g->is_restoring) {
		g->believed_kib = mm_max_u64(g->believed_kib, g->held_kib);
		return;
	}
	/* A fully virtual guest sees all it may ever have; its balloon must first catch up. */
	g->believed_kib = g->spec->type == MM_DOM_HVM ? g->spec->maxmem_kib : g->held_kib;
	sim_guest_boot(g, false);
}

/* As xl create: no domain is left behind; as mmctl create: the memory is asked for, and waited for. */
static void refuse(struct mm_sim *sim, struct sim_guest *g)
{
	if (!g->is_awaited && g->spec->wait_ms) {
		g->is_awaited = true;
		g->awaited_ms = sim->now_ms + g->spec->wait_ms;
		sim->has_news = true;
	}
	if (g->is_awaited && sim->now_ms < g->awaited_ms)
		return;
	g->is_awaited = false;
	sim->stats.creations_failed++;
}

void sim_world_create(struct mm_sim *sim, struct sim_guest *g)
{
	if (g->life == SIM_PRESENT)
		return;
	if (sim_world_spare(sim) < g->spec->memory_kib) {
		refuse(sim, g);
		return;
	}
	g->is_awaited = false;
	memset(&g->balloon, 0, sizeof(g->balloon));
	memset(&g->agent, 0, sizeof(g->agent));
	g->life = SIM_PRESENT;
	g->is_restoring = false;
	g->is_vanishing = false;
	g->build_kib = g->spec->memory_kib;
	claim(sim, g);
	set_stored_target(g, g->spec->memory_kib - g->spec->offset_kib);
	new_identity(sim, g, true);
}

void sim_world_restore(struct mm_sim *sim, struct sim_guest *g)
{
	if (g->life != SIM_SAVED)
		return;
	if (sim_world_spare(sim) < g->build_kib) {
		sim->stats.creations_failed++;
		return;
	}
	g->life = SIM_PRESENT;
	g->is_restoring = true;
	claim(sim, g);
	new_identity(sim, g, false);
}

static void remove_domain(struct mm_sim *sim, struct sim_guest *g, enum sim_life life)
{
	drop_claim(sim, g);
	give_back(sim, g, g->held_kib);
	g->life = life;
	g->is_short = false;
	sim->has_news = true;
}

/* Dead already; Xen takes a while to get the pages back. */
void sim_world_destroy(struct mm_sim *sim, struct sim_guest *g)
{
	g->is_awaited = false;
	if (g->life == SIM_SAVED)
		g->life = SIM_ABSENT;
	if (g->life != SIM_PRESENT)
		return;
	drop_claim(sim, g);
	g->state = MM_DOM_DYING;
	g->is_short = false;
	sim->has_news = true;
}

void sim_world_vanish(struct mm_sim *sim)
{
	for (size_t i = 0; i < sim->scenario.guest_count; i++) {
		struct sim_guest *g = &sim->guests[i];

		if (g->is_vanishing && g->life == SIM_PRESENT)
			remove_domain(sim, g, SIM_ABSENT);
		g->is_vanishing = false;
	}
}

/* ---- time ------------------------------------------------------------------------------------ */

static void build_on(struct mm_sim *sim, struct sim_guest *g, uint64_t ms)
{
	uint64_t rate = g->is_restoring ? SAVE_KIB_S : BUILD_KIB_S;

	fill(sim, g, mm_min_u64(sim_portion(rate, ms, &g->carry), g->build_kib - g->held_kib));
	if (g->held_kib == g->build_kib)
		finish_build(sim, g);
}

static void save_on(struct mm_sim *sim, struct sim_guest *g, uint64_t ms)
{
	g->save_kib_left -= mm_min_u64(sim_portion(SAVE_KIB_S, ms, &g->carry), g->save_kib_left);
	if (g->save_kib_left)
		return;
	g->build_kib = sim->is_ample ? g->spec->memory_kib : g->held_kib;
	remove_domain(sim, g, SIM_SAVED);
}

static void die_on(struct mm_sim *sim, struct sim_guest *g, uint64_t ms)
{
	uint64_t portion = sim_portion(TEARDOWN_KIB_S, ms, &g->carry);

	give_back(sim, g, sim->is_ample ? g->held_kib : mm_min_u64(portion, g->held_kib));
	if (g->held_kib == 0)
		remove_domain(sim, g, SIM_ABSENT);
}

static void run_on(struct mm_sim *sim, struct sim_guest *g, uint64_t ms)
{
	sim_guest_step(sim, g, ms);
	if (g->boot_left_ms < g->spec->boot_ms / 2 || g->boot_left_ms == 0)
		sim_balloon_step(sim, g, ms);
	sim_agent_step(sim, g);
	/* Populate on demand: more was touched than Xen had set aside, and Xen kills the domain. */
	if (g->spec->kernel_kib + g->anon_kib + g->cache_kib > g->held_kib) {
		g->stats.crashes++;
		sim_world_destroy(sim, g);
	}
}

static void measure(struct mm_sim *sim, struct sim_guest *g, uint64_t ms)
{
	uint64_t need = sim_guest_need(g);
	uint64_t unmet = mm_sub_floor(need, g->held_kib);

	g->stats.need_kib_ms += need * ms;
	g->stats.unmet_kib_ms += unmet * ms;
	if (unmet && !g->is_short) {
		g->is_short = true;
		g->short_since_ms = sim->now_ms;
		g->stats.shortages++;
	}
	if (!g->is_short)
		return;
	g->stats.relief_ms += ms;
	g->stats.relief_max_ms =
		mm_max_u64(g->stats.relief_max_ms, sim->now_ms - g->short_since_ms);
	if (unmet)
		return;
	g->is_short = false;
	if (sim->stats.relief_count < MM_SIM_RELIEFS_MAX)
		sim->stats.reliefs_ms[sim->stats.relief_count++] = sim->now_ms - g->short_since_ms;
}

static void step_guest(struct mm_sim *sim, struct sim_guest *g, uint64_t ms)
{
	if (g->is_awaited)
		sim_world_create(sim, g);
	if (g->life != SIM_PRESENT)
		return;
	switch (g->state) {
	case MM_DOM_RUNNING:
		run_on(sim, g, ms);
		break;
	case MM_DOM_BUILDING:
		build_on(sim, g, ms);
		break;
	case MM_DOM_SAVING:
		save_on(sim, g, ms);
		break;
	case MM_DOM_DYING:
		die_on(sim, g, ms);
		break;
	default:
		break;
	}
	sim_agent_deliver(sim, g);
	sim_look_step(sim, g);
	if (g->life == SIM_PRESENT && g->state == MM_DOM_RUNNING)
		measure(sim, g, ms);
}

/* ---- rules ----------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static int broken(struct mm_sim *sim, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sim->error, sizeof(sim->error), format, args);
	va_end(args);
	sim->is_broken = true;
	return -EPROTO;
}

static int check_guest(struct mm_sim *sim, const struct sim_guest *g)
{
	if (g->target_kib > g->spec->maxmem_kib)
		return broken(sim, "%s: target %" PRIu64 " KiB above its static maximum",
			g->spec->name, g->target_kib);
	if (g->held_kib > g->spec->maxmem_kib)
		return broken(sim, "%s: holds %" PRIu64 " KiB, more than its static maximum",
			g->spec->name, g->held_kib);
	if (g->state != MM_DOM_RUNNING)
		return 0;
	if (g->believed_kib < g->held_kib || g->swapped_kib > g->spec->swap_kib ||
		g->spec->kernel_kib + g->anon_kib + g->cache_kib > g->believed_kib)
		return broken(sim, "%s: its books do not add up", g->spec->name);
	return 0;
}

static int check_rules(struct mm_sim *sim)
{
	uint64_t sum = sim->scenario.dom0_kib + sim->free_kib;

	if (sim->free_kib > sim->scenario.total_kib || sim->claims_kib > sim->free_kib)
		return broken(sim, "free memory below zero, or below what is claimed");
	for (size_t i = 0; i < sim->scenario.guest_count; i++) {
		const struct sim_guest *g = &sim->guests[i];
		int r = g->life == SIM_PRESENT ? check_guest(sim, g) : 0;

		if (r < 0)
			return r;
		sum += g->held_kib;
	}
	if (sum != sim->scenario.total_kib)
		return broken(sim, "memory not conserved: %" PRIu64 " of %" PRIu64 " KiB", sum,
			sim->scenario.total_kib);
	return 0;
}

/* ---- a host without limits ------------------------------------------------------------------- */

/* A guest that runs has its maximum, whatever its balloon does; one that starts, what it starts with. */
static void fill_up(struct mm_sim *sim, struct sim_guest *g)
{
	if (g->life != SIM_PRESENT || g->state != MM_DOM_RUNNING)
		return;
	take(sim, g, g->spec->maxmem_kib - g->held_kib);
	g->believed_kib = g->held_kib;
	set_stored_target(g, g->spec->maxmem_kib);
}

void sim_world_make_ample(struct mm_sim *sim)
{
	for (size_t i = 0; i < sim->scenario.guest_count; i++) {
		sim->scenario.total_kib += sim->guests[i].spec->maxmem_kib;
		sim->free_kib += sim->guests[i].spec->maxmem_kib;
	}
	sim->is_ample = true;
}

/* ---- the outside ----------------------------------------------------------------------------- */

int sim_world_step(struct mm_sim *sim)
{
	const struct mm_scenario *s = &sim->scenario;

	if (sim->is_broken)
		return -EPROTO;
	sim->now_ms += s->step_ms;
	sim->stats.steps++;
	while (sim->next_event < s->event_count && s->events[sim->next_event].at_ms <= sim->now_ms)
		sim_obey(sim, &s->events[sim->next_event++]);
	for (size_t i = 0; i < s->guest_count; i++) {
		if (sim->is_ample)
			fill_up(sim, &sim->guests[i]);
		step_guest(sim, &sim->guests[i], s->step_ms);
	}
	sim->stats.now_ms = sim->now_ms;
	sim->stats.lowest_free_kib = mm_min_u64(sim->stats.lowest_free_kib, sim->free_kib);
	if (sim->on_step)
		sim->on_step(&sim->backend, sim->on_step_arg);
	return check_rules(sim);
}

static struct sim_guest *find_domain(struct mm_sim *sim, uint32_t domid)
{
	for (size_t i = 0; i < sim->scenario.guest_count; i++) {
		struct sim_guest *g = &sim->guests[i];

		if (g->life == SIM_PRESENT && g->domid == domid)
			return g;
	}
	return NULL;
}

/*
 * While populate on demand lasts, libxl's call moves the set of backed pages itself: downwards it takes
 * what the guest has not touched yet and may come to need; this is what kills booting guests.
 */
static void move_backing(struct mm_sim *sim, struct sim_guest *g)
{
	uint64_t goal = g->target_kib + g->spec->offset_kib;
	uint64_t touched = g->spec->kernel_kib + g->anon_kib + g->cache_kib;

	if (goal < g->held_kib)
		give_back(sim, g, g->held_kib - mm_min_u64(g->held_kib, mm_max_u64(goal, touched)));
	else
		take(sim, g,
			mm_min_u64(mm_min_u64(goal, g->believed_kib) - g->held_kib,
				sim_world_spare(sim)));
}

int sim_world_set_target(struct mm_sim *sim, uint32_t domid, uint64_t target)
{
	struct sim_guest *g = find_domain(sim, domid);

	if (!g || g->state == MM_DOM_DYING)
		return -ENOENT;
	if (g->state == MM_DOM_BUILDING || g->state == MM_DOM_SAVING)
		return -EAGAIN; /* the toolstack holds the domain's lock */
	if (target == 0 || target > g->spec->maxmem_kib)
		return -EINVAL;
	set_stored_target(g, target);
	if (g->believed_kib > g->held_kib)
		move_backing(sim, g);
	g->stats.targets++;
	return 0;
}

void sim_world_start(struct mm_sim *sim)
{
	const struct mm_scenario *s = &sim->scenario;

	sim->free_kib = s->total_kib - s->dom0_kib;
	sim->next_domid = 1;
	for (size_t i = 0; i < s->guest_count; i++) {
		struct sim_guest *g = &sim->guests[i];

		g->spec = &s->guests[i];
		g->random = sim->stats.seed ^ ((i + 1) * UINT64_C(0xd1342543de82ef95));
		if (!g->spec->is_at_start)
			continue;
		sim_world_create(sim, g);
		fill(sim, g, g->build_kib);
		g->state = MM_DOM_RUNNING;
		g->believed_kib = g->held_kib;
		sim_guest_boot(g, true);
		sim_agent_settle(sim, g);
	}
	sim->stats.lowest_free_kib = sim->free_kib;
}
