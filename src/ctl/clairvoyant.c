/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clairvoyant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "xenmm/units.h"

/* Nobody can balance a guest that has no balloon, or nothing that speaks for it and cannot be looked into. */
static bool is_fixed(const struct mm_clairvoyant *c, const struct mm_scn_guest *spec)
{
	bool is_seen = c->cfg->introspection != MM_INTROSPECTION_OFF && spec->is_readable;

	return spec->balloon == MM_SCN_BALLOON_NONE ||
	       (spec->agent == MM_SCN_AGENT_NONE && !is_seen);
}

static void look_at(struct mm_clairvoyant *c, size_t i)
{
	const struct mm_scn_guest *spec = &mm_sim_scenario(c->world)->guests[i];
	const struct mm_sim_truth truth = mm_sim_truth_at(c->world, i);
	uint64_t max_kib = spec->maxmem_kib;

	if (c->cfg->max_kib) /* but what it was built with it may have */
		max_kib = mm_min_u64(max_kib, mm_max_u64(c->cfg->max_kib, spec->memory_kib));
	c->guests[i] = (struct mm_bound_guest){
		.is_there = truth.is_there && truth.state == MM_DOM_RUNNING,
		.is_fixed = is_fixed(c, spec),
		.held_kib = spec->memory_kib,
		.need_kib = truth.need_kib,
		.max_kib = max_kib,
		.least_kib = truth.least_kib,
		.killable_kib = truth.killable_kib,
		.swap_kib = spec->swap_kib,
	};
	if (truth.is_there)
		c->host.outside_kib += is_fixed(c, spec) ? spec->memory_kib : spec->offset_kib;
}

/* What the toolstack began to build since the last look; what is restored was saved at any size. */
static void count_created(struct mm_clairvoyant *c, uint64_t now_ms)
{
	const struct mm_scenario *s = mm_sim_scenario(c->world);

	while (c->next_event < s->event_count && s->events[c->next_event].at_ms <= now_ms) {
		const struct mm_scn_event *e = &s->events[c->next_event++];

		if (e->action == MM_SCN_CREATE)
			c->host.created_kib += s->guests[e->guest].memory_kib;
		if (e->action == MM_SCN_RESTORE)
			c->host.created_kib += s->guests[e->guest].maxmem_kib;
	}
}

static void look(struct mm_clairvoyant *c, uint64_t now_ms)
{
	uint64_t step_ms = mm_sim_scenario(c->world)->step_ms;
	size_t victim;

	count_created(c, now_ms);
	c->host.outside_kib = 0;
	for (size_t i = 0; i < c->count; i++)
		look_at(c, i);
	victim = mm_bound_add(&c->bound, c->guests, c->count, mm_bound_capacity(&c->host), step_ms);
	if (victim < c->count)
		mm_sim_kill(c->world, victim);
}

int mm_clairvoyant_run(struct mm_clairvoyant *c, uint64_t now_ms)
{
	uint64_t step_ms = mm_sim_scenario(c->world)->step_ms;
	uint64_t at_ms = mm_sim_stats(c->world)->now_ms;

	while (at_ms < now_ms) {
		int r = mm_sim_run(c->world, at_ms + step_ms);

		if (r < 0)
			return r;
		at_ms = mm_sim_stats(c->world)->now_ms;
		look(c, at_ms);
	}
	return 0;
}

int mm_clairvoyant_open(const char *name, const struct mm_scenario *scenario,
	const struct mm_backend_options *options, const struct mm_config *cfg, char *err,
	size_t err_size, struct mm_clairvoyant *ret)
{
	const struct mm_scenario *s;
	int r;

	*ret = (struct mm_clairvoyant){.cfg = cfg};
	r = mm_sim_open_scenario(name, scenario, options, err, err_size, &ret->world);
	if (r < 0)
		return r;
	s = mm_sim_scenario(ret->world);
	ret->count = s->guest_count;
	ret->guests = calloc(ret->count + 1, sizeof(*ret->guests));
	if (!ret->guests) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	ret->host = (struct mm_bound_host){
		.total_kib = s->total_kib,
		.dom0_kib = s->dom0_kib,
		.reserve_kib = cfg->reserve_kib,
		.budget_kib = cfg->budget_kib,
	};
	for (size_t i = 0; i < ret->count; i++)
		ret->host.start_kib += s->guests[i].is_at_start ? s->guests[i].memory_kib : 0;
	mm_sim_make_ample(ret->world);
	return 0;
}

struct mm_figures mm_clairvoyant_figures(const struct mm_clairvoyant *c)
{
	struct mm_figures f = {
		.need_kib_ms = c->bound.need_kib_ms,
		.unmet_kib_ms = c->bound.unmet_kib_ms,
	};

	for (size_t i = 0; i < c->count; i++)
		f.kills += mm_sim_guest_stats(c->world, i)->oom_kills;
	return f;
}

void mm_clairvoyant_close(struct mm_clairvoyant *c)
{
	if (c->world)
		c->world->ops->close(c->world);
	free(c->guests);
	*c = (struct mm_clairvoyant){0};
}
