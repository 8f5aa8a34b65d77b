/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The `random` line: guests and a stream of events drawn from a seed, for soaks and property tests. The
 * draw happens once, before the run, so that a policy cannot change what happens next.
 */
#include <errno.h>
#include <stdio.h>

#include "scenario.h"
#include "sim_private.h"
#include "xenmm/units.h"

/* Faults come in pairs, so that a run does not end with every guest broken. */
static const struct {
	enum mm_scn_action begin, end;
} faults[] = {
	{MM_SCN_STUCK, MM_SCN_UNSTICK},
	{MM_SCN_INTERMITTENT, MM_SCN_UNSTICK},
	{MM_SCN_SILENT, MM_SCN_TALK},
	{MM_SCN_LIE, MM_SCN_HONEST},
	{MM_SCN_FLOOD, MM_SCN_HONEST},
	{MM_SCN_PAUSE, MM_SCN_UNPAUSE},
	{MM_SCN_SAVE, MM_SCN_RESTORE},
	{MM_SCN_DESTROY, MM_SCN_CREATE},
	{MM_SCN_VANISH, MM_SCN_CREATE},
};

static struct mm_scn_guest draw_guest(uint64_t *state, const struct mm_scn_random *random, size_t i)
{
	struct mm_scn_guest g = mm_scn_guest_default();

	snprintf(g.name, sizeof(g.name), "random%zu", i + 1);
	g.is_at_start = true;
	g.type = sim_random_below(state, 4) == 0 ? MM_DOM_HVM : MM_DOM_PV;
	g.memory_kib = random->memory_kib;
	g.maxmem_kib = random->memory_kib * (1 + sim_random_below(state, 4));
	g.kernel_kib = 49 * MM_KIB_PER_MIB + g.maxmem_kib / 64;
	g.offset_kib = g.type == MM_DOM_HVM ? MM_KIB_PER_MIB : 0;
	g.use_kib = random->memory_kib / 16 + sim_random_below(state, random->memory_kib / 4);
	g.cache_kib = sim_random_below(state, random->memory_kib / 4);
	g.swap_kib = sim_random_below(state, 2) * random->memory_kib;
	g.noise_kib = sim_random_below(state, 2048);
	if (random->has_faults && sim_random_below(state, 6) == 0)
		g.agent = 1 + (enum mm_scn_agent)sim_random_below(state, MM_SCN_AGENT_COUNT - 1);
	return g;
}

/* A burst, or a release, somewhere between little and more than the guest started with. */
static struct mm_scn_event draw_use(uint64_t *state, const struct mm_scn_guest *g)
{
	return (struct mm_scn_event){
		.action = MM_SCN_USE,
		.value_kib = g->memory_kib / 16 +
			     sim_random_below(state, (g->memory_kib + g->maxmem_kib) / 2),
		.span_ms = sim_random_below(state, 10000),
	};
}

static int add_fault(struct mm_scenario *s, uint64_t *state, struct mm_scn_event event)
{
	size_t kind = sim_random_below(state, sizeof(faults) / sizeof(faults[0]));
	int r;

	event.action = faults[kind].begin;
	r = mm_scenario_add_event(s, &event);
	if (r < 0)
		return r;
	event.action = faults[kind].end;
	event.at_ms += 1000 + sim_random_below(state, 20000);
	return mm_scenario_add_event(s, &event);
}

static int draw_life(struct mm_scenario *s, uint64_t *state, size_t guest)
{
	const struct mm_scn_random *random = &s->random;
	uint64_t at = 0;
	int r = 0;

	while (r == 0) {
		struct mm_scn_event event;

		at += 1 + sim_random_below(state, 2 * random->period_ms);
		if (at >= mm_min_u64(s->duration_ms, random->until_ms))
			break;
		event = draw_use(state, &s->guests[guest]);
		event.at_ms = at;
		event.guest = guest;
		if (random->has_faults && sim_random_below(state, 4) == 0)
			r = add_fault(s, state, event);
		else
			r = mm_scenario_add_event(s, &event);
	}
	return r;
}

/* What the guests that run at the start leave of the host. */
static uint64_t room(const struct mm_scenario *s)
{
	uint64_t held = s->dom0_kib;

	for (size_t i = 0; i < s->guest_count; i++)
		held += s->guests[i].is_at_start ? s->guests[i].memory_kib : 0;
	return mm_sub_floor(s->total_kib, held);
}

int mm_scenario_expand(struct mm_scenario *s, uint64_t seed, char *err, size_t err_size)
{
	uint64_t state = seed;
	int r = 0;

	if (!s->random.is_on)
		return 0;
	if (s->random.guests * s->random.memory_kib > room(s)) {
		snprintf(err, err_size, "random guests do not fit the host");
		return -EINVAL;
	}
	for (size_t i = 0; r == 0 && i < s->random.guests; i++) {
		struct mm_scn_guest g = draw_guest(&state, &s->random, i);

		r = mm_scenario_add_guest(s, &g);
		if (r == 0)
			r = draw_life(s, &state, s->guest_count - 1);
	}
	if (r == 0)
		r = mm_scenario_sort(s);
	if (r < 0)
		snprintf(err, err_size, "random: %s",
			r == -E2BIG ? "too many guests or events" : "out of memory");
	return r == -E2BIG ? -EINVAL : r;
}
