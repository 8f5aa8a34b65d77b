/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A simulated guest's reporter: mmclient, the first xenmm's, or XenServer's. It samples, publishes what
 * changed enough, and its words reach dom0 some time later.
 */
#include <string.h>

#include "sim_private.h"
#include "xenmm/units.h"

#define CALM_MS		1000
#define FAST_MS		100 /* mmclient while available memory falls fast */
#define SIGN_OF_LIFE_MS 10000
#define SEED_MS		1000
#define XENSERVER_MS	60000
#define PSI_TRIGGER_US	5000 /* stall between two looks that is reported at once */

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* What counts as a change: 1/128 of the guest, 1 MiB at least. */
static uint64_t grain(const struct sim_guest *g)
{
	return mm_max_u64(sim_guest_total(g) / 128, MM_KIB_PER_MIB);
}

struct mm_report sim_agent_look(const struct sim_guest *g)
{
	struct mm_report report = {
		.source = MM_SOURCE_XENMM,
		.seq = g->agent.last.seq + 1,
		.uptime_ms = g->uptime_ms,
		.total_kib = sim_guest_total(g),
		.free_kib = sim_guest_free(g),
		.avail_kib = sim_guest_avail(g),
		.balloon_kib = g->believed_kib,
		.swap_total_kib = g->spec->swap_kib,
		.swap_free_kib = g->spec->swap_kib - g->swapped_kib,
		.swapin_pages = g->swapin_pages,
		.swapout_pages = g->swapout_pages,
		.majfaults = g->majfaults,
		.refault_anon = g->refault_anon,
		.refault_file = g->refault_file,
		.psi_some_us = g->psi_us,
		.psi_full_us = g->psi_us, /* one program: nobody else gets on either */
		.has_psi = true,
	};

	report.is_moving =
		g->agent.last.balloon_kib && report.balloon_kib != g->agent.last.balloon_kib;
	return report;
}

/* What it says. */
static struct mm_report look(const struct sim_guest *g)
{
	struct mm_report report = sim_agent_look(g);

	if (g->agent.is_lying)
		report.free_kib = report.avail_kib = 0;
	return report;
}

/* The older agents know two numbers; what they call free is what could be given. */
static struct mm_report reduce(const struct mm_report *full, enum mm_source source)
{
	return (struct mm_report){
		.source = source,
		.total_kib = full->total_kib,
		.free_kib = full->avail_kib,
		.avail_kib = full->avail_kib,
	};
}

static bool is_worth_telling(
	const struct sim_guest *g, const struct mm_report *now, uint64_t now_ms)
{
	const struct mm_report *last = &g->agent.last;

	if (last->total_kib == 0 || now_ms - g->agent.publish_ms >= SIGN_OF_LIFE_MS)
		return true;
	return distance(now->avail_kib, last->avail_kib) >= grain(g) ||
	       distance(now->total_kib, last->total_kib) >= MM_KIB_PER_MIB ||
	       now->swapout_pages != last->swapout_pages || now->is_moving != last->is_moving ||
	       now->psi_some_us - last->psi_some_us >= PSI_TRIGGER_US;
}

/* Into xenstore. When more is under way than there is room for, the last takes the newest's place. */
static void post(struct mm_sim *sim, struct sim_guest *g, const struct mm_report *report)
{
	struct sim_agent *a = &g->agent;

	if (a->mail_count == SIM_MAIL_MAX)
		a->mail_count--;
	a->mail[a->mail_count++] = (struct sim_mail){
		.due_ms = sim->now_ms + g->spec->latency_ms,
		.report = *report,
	};
	a->publish_ms = sim->now_ms;
}

static void run_mmclient(struct mm_sim *sim, struct sim_guest *g)
{
	struct sim_agent *a = &g->agent;
	struct mm_report now = look(g);
	bool is_falling = now.avail_kib + grain(g) / 4 < a->seen_avail_kib;

	a->sample_ms = sim->now_ms + (is_falling || now.is_moving ? FAST_MS : CALM_MS);
	a->seen_avail_kib = now.avail_kib;
	if (!a->is_flooding && !is_worth_telling(g, &now, sim->now_ms))
		return;
	a->last = now;
	post(sim, g, &now);
}

static void run_other(
	struct mm_sim *sim, struct sim_guest *g, enum mm_source source, uint64_t period)
{
	struct mm_report now = look(g);

	g->agent.sample_ms = sim->now_ms + period;
	g->agent.last = now;
	now = reduce(&now, source);
	post(sim, g, &now);
}

void sim_agent_deliver(struct mm_sim *sim, struct sim_guest *g)
{
	struct sim_agent *a = &g->agent;

	while (a->mail_count && a->mail[0].due_ms <= sim->now_ms) {
		a->delivered = a->mail[0].report;
		a->delivered_ms = sim->now_ms;
		sim_look_hear(sim, g, &a->delivered);
		a->mail_count--;
		memmove(a->mail, a->mail + 1, a->mail_count * sizeof(a->mail[0]));
		sim->has_news = true;
	}
}

/* A PSI trigger wakes mmclient between its samples. */
static bool is_due(const struct mm_sim *sim, const struct sim_guest *g)
{
	const struct sim_agent *a = &g->agent;

	if (a->is_flooding || sim->now_ms >= a->sample_ms)
		return true;
	return g->spec->agent == MM_SCN_AGENT_XENMM &&
	       g->psi_us - a->last.psi_some_us >= PSI_TRIGGER_US &&
	       sim->now_ms - a->publish_ms >= FAST_MS;
}

void sim_agent_settle(struct mm_sim *sim, struct sim_guest *g)
{
	static const uint64_t periods[MM_SCN_AGENT_COUNT] = {
		[MM_SCN_AGENT_XENMM] = CALM_MS,
		[MM_SCN_AGENT_SEED] = SEED_MS,
		[MM_SCN_AGENT_XENSERVER] = XENSERVER_MS,
	};

	sim_agent_step(sim, g);
	for (size_t i = 0; i < g->agent.mail_count; i++)
		g->agent.mail[i].due_ms = 0;
	g->agent.sample_ms = sim_random_below(&sim->random, periods[g->spec->agent]);
}

void sim_agent_step(struct mm_sim *sim, struct sim_guest *g)
{
	if (g->spec->agent == MM_SCN_AGENT_NONE || g->agent.is_silent || g->boot_left_ms > 0 ||
		!is_due(sim, g))
		return;
	switch (g->spec->agent) {
	case MM_SCN_AGENT_XENMM:
		run_mmclient(sim, g);
		break;
	case MM_SCN_AGENT_SEED:
		run_other(sim, g, MM_SOURCE_SEED, SEED_MS);
		break;
	case MM_SCN_AGENT_XENSERVER:
		run_other(sim, g, MM_SOURCE_XENSERVER, XENSERVER_MS);
		break;
	default:
		break;
	}
}
