/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the scenario orders, done to the guest that it names. */
#include "sim_private.h"
#include "xenmm/units.h"

#define TOUCH_KIB_S (1024 * MM_KIB_PER_MIB) /* a program without "over" touches memory */

static void start_use(struct sim_guest *g, const struct mm_scn_event *event)
{
	uint64_t from = g->demand_kib;
	uint64_t way = event->value_kib > from ? event->value_kib - from : from - event->value_kib;

	g->goal_kib = event->value_kib;
	g->noise_kib = 0;
	g->pace_kib_s = event->span_ms ? way * 1000 / event->span_ms : TOUCH_KIB_S;
	g->pace_kib_s = mm_max_u64(g->pace_kib_s, 1);
}

static void obey_balloon(struct sim_guest *g, const struct mm_scn_event *event)
{
	struct sim_balloon *b = &g->balloon;

	switch (event->action) {
	case MM_SCN_STUCK:
		b->is_stuck = true;
		break;
	case MM_SCN_UNSTICK:
		b->is_stuck = b->is_intermittent = b->is_off = false;
		break;
	case MM_SCN_INTERMITTENT:
		b->is_intermittent = true;
		b->phase_ms = 0;
		break;
	case MM_SCN_FLOOR:
		b->floor_kib = event->value_kib;
		break;
	case MM_SCN_CEILING:
		b->ceiling_kib = event->value_kib;
		break;
	default:
		break;
	}
}

static void obey_inside(struct sim_guest *g, const struct mm_scn_event *event)
{
	struct sim_agent *a = &g->agent;

	switch (event->action) {
	case MM_SCN_USE:
		start_use(g, event);
		break;
	case MM_SCN_CACHE:
		g->cache_goal_kib = event->value_kib;
		g->evicted_kib = 0;
		break;
	case MM_SCN_WARM:
		g->warm_goal_kib = event->value_kib;
		g->has_warm = true;
		break;
	case MM_SCN_SILENT:
	case MM_SCN_TALK:
		a->is_silent = event->action == MM_SCN_SILENT;
		break;
	case MM_SCN_LIE:
		a->is_lying = true;
		break;
	case MM_SCN_FLOOD:
		a->is_flooding = true;
		break;
	case MM_SCN_HONEST:
		a->is_lying = a->is_flooding = false;
		break;
	default:
		obey_balloon(g, event);
	}
}

static void obey_toolstack(struct mm_sim *sim, struct sim_guest *g, enum mm_scn_action action)
{
	if (action == MM_SCN_PAUSE && g->state == MM_DOM_RUNNING)
		g->state = MM_DOM_PAUSED;
	if (action == MM_SCN_UNPAUSE && g->state == MM_DOM_PAUSED)
		g->state = MM_DOM_RUNNING;
	if (action == MM_SCN_SAVE && g->state == MM_DOM_RUNNING) {
		g->state = MM_DOM_SAVING;
		g->save_kib_left = sim->is_ample ? g->spec->memory_kib : g->held_kib;
	}
	if (action == MM_SCN_VANISH) {
		g->is_vanishing = true;
		if (sim->is_ample) /* nobody looks */
			sim_world_vanish(sim);
	}
	sim->has_news = true;
}

void sim_obey(struct mm_sim *sim, const struct mm_scn_event *event)
{
	struct sim_guest *g = &sim->guests[event->guest];

	if (event->action == MM_SCN_CREATE)
		sim_world_create(sim, g);
	else if (event->action == MM_SCN_RESTORE)
		sim_world_restore(sim, g);
	else if (event->action == MM_SCN_DESTROY)
		sim_world_destroy(sim, g);
	else if (g->life != SIM_PRESENT || g->state == MM_DOM_DYING)
		return;
	else if (event->action == MM_SCN_PAUSE || event->action == MM_SCN_UNPAUSE ||
		 event->action == MM_SCN_SAVE || event->action == MM_SCN_VANISH)
		obey_toolstack(sim, g, event->action);
	else
		obey_inside(g, event);
}
