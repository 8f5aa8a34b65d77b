/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulator as a back end: opens scenarios, moves virtual time while the caller waits, prints figures. */
#include "sim.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "read_file.h"
#include "sim_private.h"
#include "xenmm/units.h"

#define NEWS_GAP_MS 50 /* news ends a wait no earlier: a flooding guest must not set the pace */
#define REAL_LAG_MS 20 /* real pace: the world runs on in portions of about this */

static struct mm_sim *sim_of(struct mm_backend *b)
{
	return (struct mm_sim *)(void *)b;
}

static uint64_t real_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- the calls ------------------------------------------------------------------------------- */

static int add_domain(const struct mm_sim *sim, struct mm_snapshot *snap, const struct sim_guest *g)
{
	struct mm_domain *d;
	int r = mm_snapshot_add(snap, &d);

	if (r < 0)
		return r;
	d->domid = g->domid;
	memcpy(d->uuid, g->uuid, sizeof(d->uuid));
	memcpy(d->name, g->spec->name, sizeof(d->name));
	d->type = g->spec->type;
	d->state = g->state;
	d->current_kib = g->held_kib;
	d->target_kib = g->target_kib;
	if (g->state == MM_DOM_BUILDING)
		d->claim_kib = mm_sub_floor(g->build_kib, g->held_kib);
	d->static_max_kib = g->spec->maxmem_kib;
	if (g->spec->type == MM_DOM_HVM && g->state != MM_DOM_BUILDING)
		d->pod_kib = mm_sub_floor(g->believed_kib, g->held_kib);
	sim_look_fill(sim, g, d);
	return 0;
}

static int sim_sample(struct mm_backend *b, struct mm_snapshot *snap)
{
	struct mm_sim *sim = sim_of(b);

	if (sim->is_broken)
		return -EPROTO;
	if (sim->now_ms >= sim->scenario.duration_ms)
		return -ENODATA; /* the last sample stays with the caller */
	mm_snapshot_clear(snap);
	snap->now_ms = sim->now_ms;
	snap->host = (struct mm_host){
		.total_kib = sim->scenario.total_kib,
		.free_kib = sim->free_kib,
		.claims_kib = sim->claims_kib,
	};
	for (size_t i = 0; i < sim->scenario.guest_count; i++) {
		if (sim->guests[i].is_awaited)
			snap->host.reserved_kib += sim->guests[i].spec->memory_kib;
	}
	for (size_t i = 0; i < sim->scenario.guest_count; i++) {
		if (sim->guests[i].life == SIM_PRESENT &&
			add_domain(sim, snap, &sim->guests[i]) < 0)
			return -EAGAIN;
	}
	mm_snapshot_sort(snap);
	sim->stats.samples++;
	sim->has_news = false;
	sim_world_vanish(sim);
	return 0;
}

static void sim_configure(struct mm_backend *b, const struct mm_config *cfg)
{
	sim_of(b)->introspection = cfg->introspection;
}

/* Time that calls took is lived as soon as it makes a whole step. */
static int pay_cost(struct mm_sim *sim, uint64_t ms)
{
	int r = 0;

	sim->cost_ms += ms;
	while (r == 0 && sim->cost_ms >= sim->scenario.step_ms) {
		sim->cost_ms -= sim->scenario.step_ms;
		r = sim_world_step(sim);
	}
	return r;
}

static int sim_set_target(struct mm_backend *b, uint32_t domid, uint64_t target_kib)
{
	struct mm_sim *sim = sim_of(b);
	int r = sim_world_set_target(sim, domid, target_kib);

	if (r < 0) {
		sim->stats.refused++;
		return r;
	}
	sim->stats.targets++;
	/* A broken world is reported by the next sample; this target was set. */
	(void)pay_cost(sim, sim->scenario.set_cost_ms);
	return 0;
}

static bool was_broken_out(struct event_base *base)
{
	return base && (event_base_got_break(base) || event_base_got_exit(base));
}

/* Serves the caller's events; at real pace until the real clock has caught up with the virtual one. */
static int serve(struct mm_sim *sim, struct event_base *base)
{
	uint64_t due = sim->real_start_ms + sim->now_ms;
	uint64_t now = sim->is_real_pace ? real_now_ms() : due;

	if (!base)
		return 0;
	if (due > now && due - now < REAL_LAG_MS)
		return 0;
	return mm_backend_loop_ms(base, mm_sub_floor(due, now));
}

static int sim_wait(struct mm_backend *b, struct event_base *base, uint64_t until_ms)
{
	struct mm_sim *sim = sim_of(b);
	uint64_t earliest = sim->now_ms + NEWS_GAP_MS;
	int r = base ? mm_backend_loop_ms(base, 0) : 0;

	until_ms = mm_min_u64(until_ms, sim->scenario.duration_ms);
	while (r == 0 && !was_broken_out(base) && sim->now_ms < until_ms) {
		if (sim->has_news && sim->now_ms >= earliest)
			break;
		r = sim_world_step(sim);
		if (r == 0 && sim->is_real_pace)
			r = serve(sim, base);
	}
	return r == -EPROTO ? 0 : r; /* the next sample says so */
}

static void sim_close(struct mm_backend *b)
{
	struct mm_sim *sim = sim_of(b);

	mm_scenario_free(&sim->scenario);
	free(sim->guests);
	free(sim);
}

static const struct mm_backend_ops sim_ops = {
	.name = "sim",
	.is_virtual_time = true,
	.sample = sim_sample,
	.configure = sim_configure,
	.set_target = sim_set_target,
	.wait = sim_wait,
	.summary = mm_sim_summary,
	.close = sim_close,
};

/* ---- opening --------------------------------------------------------------------------------- */

static int start(struct mm_sim *sim, const struct mm_backend_options *o, char *err, size_t n)
{
	int r;

	sim->backend.ops = &sim_ops;
	sim->stats.seed = o->has_seed ? o->seed : sim->scenario.seed;
	sim->random = sim->stats.seed;
	sim->is_real_pace = o->is_real_pace;
	r = mm_scenario_expand(&sim->scenario, sim->stats.seed, err, n);
	if (r < 0)
		return r;
	sim->guests = calloc(sim->scenario.guest_count + 1, sizeof(*sim->guests));
	if (!sim->guests) {
		snprintf(err, n, "out of memory");
		return -ENOMEM;
	}
	sim_world_start(sim);
	sim->real_start_ms = real_now_ms();
	/* One step, so that the clock of the first sample is not 0 and first reports are there. */
	r = sim_world_step(sim);
	if (r < 0)
		snprintf(err, n, "%s", sim->error);
	return r;
}

int mm_sim_open_scenario(const char *name, const struct mm_scenario *scenario,
	const struct mm_backend_options *options, char *err, size_t err_size,
	struct mm_backend **ret_backend)
{
	struct mm_sim *sim = calloc(1, sizeof(*sim));
	char reason[256] = "out of memory";
	int r;

	if (!sim) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	r = mm_scenario_copy(scenario, &sim->scenario);
	if (r == 0)
		r = start(sim, options, reason, sizeof(reason));
	if (r < 0) {
		snprintf(err, err_size, "%s: %s", name, reason);
		sim_close(&sim->backend);
		return r;
	}
	*ret_backend = &sim->backend;
	return 0;
}

int mm_sim_open_text(const char *name, const char *text, size_t len,
	const struct mm_backend_options *options, char *err, size_t err_size,
	struct mm_backend **ret_backend)
{
	struct mm_scenario scenario;
	char reason[256] = "";
	int r = mm_scenario_parse(text, len, &scenario, reason, sizeof(reason));

	if (r < 0) {
		snprintf(err, err_size, "%s: %s", name, reason);
		return r;
	}
	r = mm_sim_open_scenario(name, &scenario, options, err, err_size, ret_backend);
	mm_scenario_free(&scenario);
	return r;
}

void mm_sim_make_ample(struct mm_backend *b)
{
	sim_world_make_ample(sim_of(b));
}

void mm_sim_kill(struct mm_backend *b, size_t i)
{
	sim_guest_kill(&sim_of(b)->guests[i]);
}

void mm_sim_on_step(struct mm_backend *b, mm_sim_step_fn *fn, void *arg)
{
	sim_of(b)->on_step = fn;
	sim_of(b)->on_step_arg = arg;
}

int mm_backend_sim_open(
	const struct mm_backend_options *o, char *err, size_t n, struct mm_backend **ret)
{
	char *text = NULL;
	size_t len;
	int r;

	if (!o->file)
		return mm_sim_open_text("built-in scenario", mm_sim_builtin_scenario,
			strlen(mm_sim_builtin_scenario), o, err, n, ret);
	r = mm_read_file(o->file, MM_SCN_TEXT_MAX, &text, &len, err, n);
	if (r < 0)
		return r;
	r = mm_sim_open_text(o->file, text, len, o, err, n, ret);
	free(text);
	return r;
}

int mm_sim_run(struct mm_backend *b, uint64_t until_ms)
{
	struct mm_sim *sim = sim_of(b);
	int r = 0;

	while (r == 0 && sim->now_ms < until_ms)
		r = sim_world_step(sim);
	return r;
}
