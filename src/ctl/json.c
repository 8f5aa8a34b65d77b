/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison as JSON, for programs. */
#include <errno.h>
#include <jansson.h>

#include "compare.h"
#include "xenmm/units.h"

static json_int_t whole(uint64_t value)
{
	return (json_int_t)mm_min_u64(value, INT64_MAX);
}

static json_t *of_bound(const struct mm_figures *f)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "need_kib_s", whole(f->need_kib_ms / 1000),
		"unmet_kib_s", whole(f->unmet_kib_ms / 1000), "unmet_ppm",
		whole(mm_figures_unmet_ppm(f)), "oom_kills", whole(f->kills));
}

static json_t *of_trial(
	const struct mm_trial *trial, const struct mm_figures *f, const struct mm_figures *bound)
{
	json_t *object = of_bound(f);
	json_t *more = json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"policy", trial->label, "bound", of_bound(bound), "creations_refused",
		whole(f->not_started), "swapin_kib", whole(f->swapin_kib), "swapout_kib",
		whole(f->swapout_kib), "refault_kib", whole(f->refault_kib), "shortages",
		whole(f->shortages), "relief_p50_ms", whole(f->relief_p50_ms), "relief_p99_ms",
		whole(f->relief_p99_ms), "moved_kib", whole(f->moved_kib), "targets_written",
		whole(f->targets), "lowest_free_kib", whole(f->lowest_free_kib));

	/* NULL from either means no memory, and makes the update fail. */
	if (json_object_update(more, object) < 0) {
		json_decref(more);
		more = NULL;
	}
	json_decref(object);
	return more;
}

json_t *mm_compare_json(const struct mm_comparison *c)
{
	json_t *trials = json_array();

	for (size_t i = 0; i < c->trial_count; i++) {
		if (json_array_append_new(
			    trials, of_trial(&c->trials[i], &c->figures[i], &c->bounds[i])) < 0) {
			json_decref(trials);
			return NULL;
		}
	}
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "scenario", c->name, "story", c->story,
		"seed", whole(c->seed), "duration_ms", whole(c->duration_ms), "guests",
		whole(c->guest_count), "policies", trials);
}
