/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mmserver's loop without its logs, signals and services: sample, decide, apply, wait. Beside the world that is balanced
 * another one without limits is moved on step by step: it says what each guest needs.
 */
#include "play.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/sim.h"
#include "clairvoyant.h"
#include "xenmm/decide.h"
#include "xenmm/units.h"

#define QUICK_MS 100 /* mmserver's pace while balloons move */

/* One guest while it is short. */
struct shortage {
	bool is_on;
	uint64_t since_ms;
};

struct run {
	const struct mm_config *cfg;
	struct mm_backend *world;
	struct mm_clairvoyant clairvoyant;
	uint64_t step_ms;
	struct shortage *shortages;
	struct mm_reliefs reliefs;
	struct mm_figures figures;
	int error; /* from within a step */
	struct mm_snapshot snap;
	struct mm_history hist;
	struct mm_plan plan;
};

/* ---- figures ---------------------------------------------------------------------------------- */

static void end_shortage(struct run *run, struct shortage *s, uint64_t now_ms)
{
	s->is_on = false;
	if (mm_reliefs_add(&run->reliefs, now_ms - s->since_ms) < 0)
		run->error = -ENOMEM;
}

static void measure_guest(struct run *run, size_t i, uint64_t now_ms)
{
	const struct mm_bound_guest *wants = &run->clairvoyant.guests[i];
	struct shortage *s = &run->shortages[i];
	struct mm_sim_truth has;
	uint64_t unmet_kib = 0;

	if (wants->is_there) {
		has = mm_sim_truth_at(run->world, i);
		unmet_kib = mm_sub_floor(wants->need_kib, has.is_there ? has.held_kib : 0);
		run->figures.need_kib_ms += wants->need_kib * run->step_ms;
		run->figures.unmet_kib_ms += unmet_kib * run->step_ms;
	}
	if (unmet_kib && !s->is_on) {
		*s = (struct shortage){.is_on = true, .since_ms = now_ms - run->step_ms};
		run->figures.shortages++;
	}
	if (!unmet_kib && s->is_on)
		end_shortage(run, s, now_ms);
}

/* After every step of the world that is balanced. */
static void measure(struct mm_backend *b, void *arg)
{
	struct run *run = arg;
	uint64_t now_ms = mm_sim_stats(b)->now_ms;

	/* Targets written in the last round take their time beyond the end. */
	if (now_ms > mm_sim_scenario(b)->duration_ms)
		return;
	if (mm_clairvoyant_run(&run->clairvoyant, now_ms) < 0)
		run->error = -EPROTO;
	for (size_t i = 0; i < run->clairvoyant.count; i++)
		measure_guest(run, i, now_ms);
}

/* Returns whether a target was refused; a domain that is gone does not count, as in mmserver. */
static bool apply(struct run *run)
{
	bool has_failed = false;

	for (size_t i = 0; i < run->plan.change_count; i++) {
		const struct mm_plan_entry *e = &run->plan.entries[run->plan.order[i]];
		int r = run->world->ops->set_target(run->world, e->domid, e->new_kib);

		has_failed |= r < 0 && r != -ENOENT;
	}
	return has_failed;
}

static int play_round(struct run *run)
{
	uint64_t delay_ms = run->cfg->interval_ms;
	int r = run->world->ops->sample(run->world, &run->snap);

	if (r == 0)
		r = mm_decide(run->cfg, &run->snap, &run->hist, &run->plan);
	if (r < 0)
		return r;
	if (!apply(run) && run->plan.is_moving)
		delay_ms = mm_min_u64(delay_ms, QUICK_MS);
	r = run->world->ops->wait(run->world, NULL, run->snap.now_ms + delay_ms);
	return r < 0 ? r : run->error;
}

static void sum_up(struct run *run)
{
	const struct mm_sim_stats *stats = mm_sim_stats(run->world);
	struct mm_figures *f = &run->figures;

	for (size_t i = 0; i < mm_sim_guest_count(run->world); i++) {
		const struct mm_sim_guest_stats *s = mm_sim_guest_stats(run->world, i);

		f->kills += s->oom_kills + s->crashes;
		f->swapin_kib += s->swapin_pages * MM_KIB_PER_PAGE;
		f->swapout_kib += s->swapout_pages * MM_KIB_PER_PAGE;
		f->refault_kib += s->refault_pages * MM_KIB_PER_PAGE;
		f->moved_kib += s->grown_kib + s->shrunk_kib;
		if (run->shortages[i].is_on) /* as long as it was seen */
			end_shortage(run, &run->shortages[i], stats->now_ms);
	}
	f->not_started = stats->creations_failed;
	f->targets = stats->targets;
	f->lowest_free_kib = stats->lowest_free_kib;
	f->relief_p50_ms = mm_reliefs_percentile(&run->reliefs, 50);
	f->relief_p99_ms = mm_reliefs_percentile(&run->reliefs, 99);
}

static int play_to_end(struct run *run)
{
	int r;

	mm_sim_on_step(run->world, measure, run);
	do
		r = play_round(run);
	while (r == 0);
	if (r != -ENODATA)
		return r;
	sum_up(run);
	return run->error;
}

static int complain(const struct mm_play *play, const struct run *run, int r, char *err, size_t n)
{
	const char *rule = mm_sim_error(run->world);

	if (r == -EPROTO)
		snprintf(err, n, "%s: a rule of the simulated world was broken: %s", play->name,
			*rule ? rule : mm_sim_error(run->clairvoyant.world));
	else
		snprintf(err, n, "%s: %s", play->name, strerror(-r));
	return r;
}

static int open_worlds(struct run *run, const struct mm_play *play, char *err, size_t err_size)
{
	const struct mm_backend_options options = {.has_seed = play->has_seed, .seed = play->seed};
	int r = mm_sim_open_scenario(
		play->name, play->scenario, &options, err, err_size, &run->world);

	if (r == 0)
		r = mm_clairvoyant_open(play->name, play->scenario, &options, run->cfg, err,
			err_size, &run->clairvoyant);
	return r;
}

int mm_play(const struct mm_play *play, const struct mm_config *cfg, struct mm_figures *ret_figures,
	struct mm_figures *ret_bound, char *err, size_t err_size)
{
	struct run run = {.cfg = cfg};
	int r = open_worlds(&run, play, err, err_size);

	if (r < 0)
		goto out;
	mm_backend_configure(run.world, cfg);
	run.step_ms = mm_sim_scenario(run.world)->step_ms;
	run.shortages = calloc(run.clairvoyant.count + 1, sizeof(*run.shortages));
	r = run.shortages ? play_to_end(&run) : -ENOMEM;
	if (r < 0) {
		complain(play, &run, r, err, err_size);
		goto out;
	}
	*ret_figures = run.figures;
	*ret_bound = mm_clairvoyant_figures(&run.clairvoyant);
out:
	if (run.world)
		run.world->ops->close(run.world);
	mm_clairvoyant_close(&run.clairvoyant);
	free(run.shortages);
	mm_reliefs_free(&run.reliefs);
	mm_plan_free(&run.plan);
	mm_history_free(&run.hist);
	mm_snapshot_free(&run.snap);
	return r;
}
