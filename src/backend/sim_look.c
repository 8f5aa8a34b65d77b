/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A simulated guest as it is seen from outside, where the settings ask for that: the same rhythm and rules as in the Xen
 * back end, with the truth for an answer.
 */
#include <string.h>

#include "sim_private.h"
#include "xenmm/units.h"

/* As measured in the lab: finding the kernel, and one look. */
#define START_MS 300
#define START_US 150000
#define COST_US	 800

static bool is_wanted(const struct mm_sim *sim, const struct sim_guest *g)
{
	if (sim->introspection == MM_INTROSPECTION_AGENTLESS)
		return !mm_agent_is_fresh(&g->look.heard, MM_SOURCE_XENMM, sim->now_ms);
	return sim->introspection != MM_INTROSPECTION_OFF;
}

/* Why it cannot be looked at now; NULL: it can. */
static const char *obstacle(const struct sim_guest *g)
{
	if (g->state != MM_DOM_RUNNING)
		return MM_SEEN_WAITING;
	if (g->boot_left_ms > 0)
		return "not-booted";
	if (g->spec->type == MM_DOM_HVM && g->believed_kib > g->held_kib)
		return "populate-on-demand";
	return g->spec->is_readable ? NULL : "no-btf";
}

void sim_look_reset(struct sim_guest *g)
{
	memset(&g->look, 0, sizeof(g->look));
}

void sim_look_hear(struct mm_sim *sim, struct sim_guest *g, const struct mm_report *report)
{
	mm_agent_hear(&g->look.heard, report, sim->now_ms, sim->now_ms);
	if (report->source == MM_SOURCE_XENMM)
		mm_witness_hear(&g->look.witness, report, sim->now_ms);
}

/* All, or those in which something moves. */
static size_t count_looked(const struct mm_sim *sim, bool is_quick)
{
	size_t count = 0;

	for (size_t i = 0; i < sim->scenario.guest_count; i++) {
		const struct sim_look *look = &sim->guests[i].look;

		count += look->is_started && (!is_quick || mm_look_is_quick(&look->pace));
	}
	return count;
}

static uint64_t next_wait(
	const struct mm_sim *sim, struct sim_guest *g, const struct mm_report *report)
{
	uint64_t wait_ms = mm_look_next_ms(&g->look.pace, report);
	bool is_quick = mm_look_is_quick(&g->look.pace);

	if (mm_agent_is_fresh(&g->look.heard, MM_SOURCE_XENMM, sim->now_ms)) {
		is_quick = false;
		wait_ms = MM_LOOK_CHECK_MS;
	}
	return mm_max_u64(
		wait_ms, mm_look_least_ms(COST_US, count_looked(sim, is_quick), is_quick));
}

static void take_look(struct mm_sim *sim, struct sim_guest *g)
{
	struct sim_look *look = &g->look;
	struct mm_report report = sim_agent_look(g);
	struct mm_report before = look->pace.last;

	report.source = MM_SOURCE_INTROSPECTION;
	report.seq = look->seen.looks + 1;
	report.is_moving = before.balloon_kib && report.balloon_kib != before.balloon_kib;
	mm_agent_hear(&look->heard, &report, sim->now_ms, sim->now_ms);
	(void)mm_witness_look(&look->witness, &report, sim->now_ms, &look->seen);
	look->due_ms = sim->now_ms + next_wait(sim, g, &report);
	mm_seen_look(&look->seen, &report, sim->now_ms, COST_US);
	if (mm_report_is_news(&before, &report))
		sim->has_news = true;
}

void sim_look_step(struct mm_sim *sim, struct sim_guest *g)
{
	struct sim_look *look = &g->look;
	const char *why;

	if (!is_wanted(sim, g)) {
		memset(&look->seen, 0, sizeof(look->seen));
		memset(&look->pace, 0, sizeof(look->pace));
		look->is_started = false;
		return;
	}
	why = obstacle(g);
	if (why) {
		mm_seen_set_state(&look->seen, why, NULL);
		look->is_started = false;
		return;
	}
	if (!look->is_started) {
		look->is_started = true;
		look->due_ms = sim->now_ms + START_MS;
		look->seen.start_us = START_US;
		look->seen.spent_us += START_US;
		mm_seen_set_state(&look->seen, MM_SEEN_WAITING, NULL);
	}
	if (!mm_agent_is_fresh(&look->heard, MM_SOURCE_XENMM, sim->now_ms))
		(void)mm_witness_rest(&look->witness, &look->seen);
	if (sim->now_ms >= look->due_ms)
		take_look(sim, g);
}

void sim_look_fill(const struct mm_sim *sim, const struct sim_guest *g, struct mm_domain *dom)
{
	bool is_doubted =
		sim->introspection == MM_INTROSPECTION_STRICT && g->look.seen.is_different;
	const struct mm_heard *best;

	dom->report = g->agent.delivered;
	dom->report_ms = g->agent.delivered_ms;
	if (sim->introspection == MM_INTROSPECTION_OFF)
		return;
	dom->seen = g->look.seen;
	if (!*dom->seen.state && is_wanted(sim, g)) /* before the first step */
		mm_seen_set_state(&dom->seen, MM_SEEN_WAITING, NULL);
	best = is_doubted ? mm_agent_best_doubted(&g->look.heard, sim->now_ms)
			  : mm_agent_best(&g->look.heard, sim->now_ms);
	if (!best)
		return;
	dom->report = best->report;
	dom->report_ms = best->report_ms;
}
