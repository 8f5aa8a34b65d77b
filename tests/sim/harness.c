/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include "harness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "xenmm/trace.h"
#include "xenmm/units.h"

#define QUICK_MS 100 /* mmserver's pace while balloons move */

static void prepare(struct sim_run *run, const char *label, uint64_t seed)
{
	memset(run, 0, sizeof(*run));
	run->label = label;
	run->seed = seed;
	mm_config_init(&run->cfg);
	sim_run_set(run, "reserve", "0");
	if (getenv("XENMM_POLICY"))
		sim_run_set(run, "policy", getenv("XENMM_POLICY"));
}

void sim_run_open(struct sim_run *run, const char *file, uint64_t seed)
{
	char path[512], err[256] = "";
	struct mm_backend_options options = {.file = path, .seed = seed, .has_seed = true};

	prepare(run, file, seed);
	snprintf(path, sizeof(path), "%s/%s", XENMM_SCENARIOS, file);
	if (mm_backend_open("sim", &options, err, sizeof(err), &run->backend) < 0)
		fail_msg("%s", err);
}

void sim_run_open_text(struct sim_run *run, const char *label, const char *text, uint64_t seed)
{
	struct mm_backend_options options = {.seed = seed, .has_seed = true};
	char err[256] = "";

	prepare(run, label, seed);
	if (mm_sim_open_text(label, text, strlen(text), &options, err, sizeof(err), &run->backend) <
		0)
		fail_msg("%s", err);
}

void sim_run_close(struct sim_run *run)
{
	run->backend->ops->close(run->backend);
	mm_plan_free(&run->plan);
	mm_history_free(&run->hist);
	mm_snapshot_free(&run->snap);
}

void sim_run_set(struct sim_run *run, const char *name, const char *value)
{
	char err[256] = "";

	if (mm_config_set(&run->cfg, name, value, err, sizeof(err)) < 0)
		fail_msg("%s", err);
}

/* A domain may go or be saved between sample and target; anything else should not have been tried. */
static bool may_fail(const struct sim_run *run, uint32_t domid, int r)
{
	const struct mm_domain *d = mm_snapshot_find(&run->snap, domid);

	return r == -ENOENT || (r == -EAGAIN && d && d->state == MM_DOM_RUNNING);
}

static void apply(struct sim_run *run)
{
	for (size_t i = 0; i < run->plan.change_count; i++) {
		const struct mm_plan_entry *e = &run->plan.entries[run->plan.order[i]];
		int r = run->backend->ops->set_target(run->backend, e->domid, e->new_kib);

		run->writes++;
		run->moved_kib +=
			mm_max_u64(e->old_kib, e->new_kib) - mm_min_u64(e->old_kib, e->new_kib);
		if (r < 0 && !may_fail(run, e->domid, r))
			fail_msg("%s, seed %" PRIu64 ", %" PRIu64 " ms: target %" PRIu64
				 " KiB of domain %" PRIu32 " refused: %s",
				run->label, run->seed, run->snap.now_ms, e->new_kib, e->domid,
				strerror(-r));
	}
}

void sim_run_round(struct sim_run *run)
{
	struct rules rules;
	uint64_t delay;
	int r;

	mm_backend_configure(run->backend, &run->cfg);
	r = run->backend->ops->sample(run->backend, &run->snap);

	if (r == -ENODATA) {
		run->is_over = true;
		return;
	}
	if (r < 0)
		fail_msg("%s, seed %" PRIu64 ": %s", run->label, run->seed,
			mm_sim_error(run->backend));
	run->snap.host.reserved_kib = run->reserved_kib;
	rules_before(&rules, run);
	assert_int_equal(mm_decide(&run->cfg, &run->snap, &run->hist, &run->plan), 0);
	rules_after(&rules, run);
	run->rounds++;
	run->overcommitted_rounds += run->plan.is_overcommitted;
	if (run->record)
		assert_int_equal(mm_trace_write_round(run->record, &run->snap, &run->plan), 0);
	apply(run);
	delay = run->plan.is_moving ? mm_min_u64(QUICK_MS, run->cfg.interval_ms)
				    : run->cfg.interval_ms;
	r = run->backend->ops->wait(run->backend, NULL, run->snap.now_ms + delay);
	assert_int_equal(r, 0);
}

/* As mmserver does at its end. */
static void leave_safe_targets(struct sim_run *run)
{
	for (size_t i = 0; i < run->snap.count; i++) {
		const struct mm_domain *d = &run->snap.domains[i];
		const struct mm_track *track = mm_history_find(&run->hist, d->domid);

		if (track && d->state == MM_DOM_RUNNING && mm_track_is_shrinking(track, d))
			(void)run->backend->ops->set_target(
				run->backend, d->domid, mm_track_surely_held(track, d));
	}
}

void sim_run_restart(struct sim_run *run, bool is_killed)
{
	if (!is_killed && run->backend->ops->sample(run->backend, &run->snap) == 0)
		leave_safe_targets(run);
	mm_history_free(&run->hist);
}

void sim_run_until(struct sim_run *run, uint64_t ms)
{
	while (!run->is_over && mm_sim_stats(run->backend)->now_ms < ms)
		sim_run_round(run);
}

void sim_run_to_end(struct sim_run *run)
{
	while (!run->is_over)
		sim_run_round(run);
	sim_run_show(run);
}

struct mm_sim_truth sim_run_truth(const struct sim_run *run, const char *guest)
{
	struct mm_sim_truth truth;

	if (mm_sim_truth(run->backend, guest, &truth) < 0)
		fail_msg("%s has no guest %s", run->label, guest);
	return truth;
}

const struct mm_sim_guest_stats *sim_run_stats(const struct sim_run *run, const char *guest)
{
	for (size_t i = 0; i < mm_sim_guest_count(run->backend); i++) {
		if (strcmp(mm_sim_guest_name(run->backend, i), guest) == 0)
			return mm_sim_guest_stats(run->backend, i);
	}
	fail_msg("%s has no guest %s", run->label, guest);
	return NULL;
}

const struct mm_plan_entry *sim_run_entry(const struct sim_run *run, const char *guest)
{
	uint32_t domid = sim_run_truth(run, guest).domid;

	for (size_t i = 0; i < run->plan.count; i++) {
		if (run->plan.entries[i].domid == domid)
			return &run->plan.entries[i];
	}
	fail_msg("%s: no plan for %s", run->label, guest);
	return NULL;
}

void sim_run_show(struct sim_run *run)
{
	if (!getenv("XENMM_VERBOSE"))
		return;
	fprintf(stderr, "\n%s: %" PRIu64 " rounds, %" PRIu64 " overcommitted\n", run->label,
		run->rounds, run->overcommitted_rounds);
	(void)run->backend->ops->summary(run->backend, stderr);
}
