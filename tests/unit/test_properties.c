/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What holds for every decision, on random hosts: thousands of sequences of guests that come, go, lie, fall silent
 * and do not follow, under random settings. A failure prints the seed; XENMM_SEED repeats it.
 */
#include "unit/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/world.h"
#include "xenmm/units.h"

#define SEQUENCES  1500
#define ROUNDS	   40
#define GUESTS_MAX 12
#define PAGE	   MM_KIB_PER_PAGE

static uint64_t random_size(uint64_t *random)
{
	return MIB(1) << random_below(random, 15);
}

static bool one_in(uint64_t *random, uint64_t n)
{
	return random_below(random, n) == 0;
}

static void random_config(struct world *w, uint64_t *random)
{
	struct mm_config *cfg = &w->cfg;

	cfg->policy = (enum mm_policy)random_below(random, MM_POLICY_COUNT);
	cfg->burst_percent = (uint32_t)random_below(random, 91);
	cfg->is_tax_auto = one_in(random, 2);
	cfg->tax_ppm = (uint32_t)random_below(random, MM_TAU_ONE + 1);
	cfg->is_equal = one_in(random, 8);
	cfg->budget_kib = one_in(random, 2) ? 0 : 1 + random_below(random, random_size(random) * 4);
	cfg->free_kib = one_in(random, 2) ? 0 : 1 + random_below(random, random_size(random));
	cfg->min_kib = one_in(random, 2) ? 0 : random_below(random, random_size(random));
	cfg->max_kib = one_in(random, 2)
			       ? 0
			       : 1 + cfg->min_kib + random_below(random, random_size(random));
	cfg->reserve_kib = one_in(random, 2) ? 0 : random_below(random, random_size(random));
}

static void random_guest(struct world *w, uint32_t domid, uint64_t *random)
{
	uint64_t held = random_size(random) + PAGE * random_below(random, 4096);
	struct world_guest *guest =
		world_add(w, domid, held, random_below(random, held + held / 4));
	struct mm_domain *dom = world_domain(w, domid);

	snprintf(dom->uuid, sizeof(dom->uuid), "%020" PRIu64, random_below(random, 0));
	guest->rate_kib = one_in(random, 6) ? 0 : one_in(random, 6) ? PAGE : random_size(random);
	guest->is_liar = one_in(random, 8);
	if (one_in(random, 4)) {
		dom->type = MM_DOM_HVM;
		guest->offset_kib = (int64_t)random_below(random, MIB(16));
		dom->current_kib += (uint64_t)guest->offset_kib;
	}
	if (one_in(random, 8))
		dom->static_max_kib = one_in(random, 2) ? 0 : random_below(random, held + 1);
	if (one_in(random, 8))
		dom->target_kib = one_in(random, 2) ? 0 : random_below(random, 2 * held);
	if (one_in(random, 10))
		dom->pod_kib = 4;
}

static void disturb_domain(struct mm_domain *dom, uint64_t now_ms, uint64_t *random)
{
	static const uint64_t sizes[] = {0, 1, MIB(100), GIB(4), UINT64_C(1) << 44};

	switch (random_below(random, 8)) {
	case 0:
		dom->state = (enum mm_dom_state)random_below(random, MM_DOM_STATE_COUNT);
		break;
	case 1:
		dom->report.balloon_kib = sizes[random_below(random, ARRAY_SIZE(sizes))];
		break;
	case 2:
		dom->report.avail_kib = sizes[random_below(random, ARRAY_SIZE(sizes))];
		break;
	case 3:
		dom->report.source = (enum mm_source)random_below(random, MM_SOURCE_COUNT);
		break;
	case 4:
		dom->report_ms = one_in(random, 2) ? now_ms + 100000 : now_ms - 60000;
		break;
	case 5:
		dom->report.uptime_ms = random_below(random, 20000);
		break;
	case 6:
		dom->target_kib = random_below(random, 2 * dom->current_kib + 1);
		break;
	default:
		dom->state = MM_DOM_RUNNING;
		dom->pod_kib = 0;
		break;
	}
}

static uint32_t unused_domid(const struct world *w, uint64_t *random)
{
	uint32_t domid = (uint32_t)(1 + random_below(random, 32000));

	for (size_t i = 0; i < w->count; i++)
		if (w->guests[i].domid == domid)
			return unused_domid(w, random);
	return domid;
}

static void disturb(struct world *w, uint64_t *random)
{
	struct world_guest *guest;

	if (one_in(random, 5) && w->count < GUESTS_MAX)
		random_guest(w, unused_domid(w, random), random);
	if (w->count == 0)
		return;
	guest = &w->guests[random_below(random, w->count)];
	guest->use_kib = random_below(random, random_size(random));
	if (one_in(random, 3))
		disturb_domain(world_domain(w, guest->domid), w->snap.now_ms, random);
	if (one_in(random, 8))
		guest->is_silent = !guest->is_silent;
	if (one_in(random, 10)) {
		uint32_t domid = guest->domid;

		world_remove(w, domid);
		if (one_in(random, 2))
			random_guest(w, domid, random);
	}
	if (one_in(random, 20))
		w->snap.now_ms = random_below(random, 2 * w->snap.now_ms);
	if (one_in(random, 10))
		w->snap.host.claims_kib = one_in(random, 2) ? 0 : random_size(random);
}

/* ---- what must hold -------------------------------------------------------------------------------- */

struct sums {
	uint64_t before, after; /* held or promised, by the managed guests */
	uint64_t grown;		/* of all domains */
	uint64_t wished;	/* by the balanced guests ... */
	uint64_t aside;		/* ... and held by the other managed ones */
};

static bool is_managed(const struct mm_plan_entry *entry)
{
	return entry->reason != MM_REASON_DYING && entry->reason != MM_REASON_EXCLUDED &&
	       entry->reason != MM_REASON_BUILDING && entry->reason != MM_REASON_NO_AGENT &&
	       entry->reason != MM_REASON_FOREIGN;
}

/* Its balloon did not follow, or its agent is gone: then the target goes where the balloon is. */
static bool is_special(enum mm_reason reason)
{
	return reason == MM_REASON_STUCK || reason == MM_REASON_PROBE ||
	       reason == MM_REASON_NUDGE || reason == MM_REASON_SILENT;
}

static uint64_t highest(const struct world *w, const struct mm_domain *dom, uint64_t held)
{
	uint64_t high =
		dom->static_max_kib ? dom->static_max_kib : mm_max_u64(held, dom->target_kib);

	return w->cfg.max_kib ? mm_min_u64(high, w->cfg.max_kib) : high;
}

static uint64_t guarantee(
	const struct world *w, const struct mm_domain *dom, const struct mm_plan_entry *entry)
{
	uint64_t margin = mm_min_u64(mm_max_u64(entry->use_kib / 16, MIB(16)), MIB(256));

	if (dom->report.source == MM_SOURCE_XENSERVER)
		margin *= 4;
	return mm_max_u64(entry->use_kib + margin, w->cfg.min_kib);
}

static void check_change(const struct world *w, const struct mm_domain *dom,
	const struct mm_plan_entry *entry, uint64_t held)
{
	uint64_t high = highest(w, dom, held);
	uint64_t low = mm_min_u64(
		mm_min_u64(guarantee(w, dom, entry), high), mm_min_u64(held, dom->current_kib));
	uint64_t old = entry->old_kib ? entry->old_kib : held;
	uint64_t way = entry->new_kib > old ? entry->new_kib - old : old - entry->new_kib;

	if (entry->new_kib == entry->old_kib || entry->new_kib % PAGE)
		fail_msg("%s: target %" PRIu64 " after %" PRIu64, dom->name, entry->new_kib,
			entry->old_kib);
	/* Who is above its maximum comes down step by step. */
	if (entry->new_kib > old &&
		entry->new_kib > (is_special(entry->reason) ? mm_max_u64(high, held + PAGE) : high))
		fail_msg("%s, %s: target %" PRIu64 " is above its maximum %" PRIu64, dom->name,
			mm_reason_name(entry->reason), entry->new_kib, high);
	if (entry->reason == MM_REASON_NUDGE && way > PAGE + PAGE)
		fail_msg("%s: nudged by %" PRIu64, dom->name, way);
	if (entry->new_kib + PAGE < low && entry->reason != MM_REASON_NUDGE)
		fail_msg("%s, %s: target %" PRIu64 " is below its guarantee %" PRIu64, dom->name,
			mm_reason_name(entry->reason), entry->new_kib, low);
	if (!is_special(entry->reason) && way + PAGE < 64)
		fail_msg("%s, %s: %" PRIu64 " KiB are not worth a write", dom->name,
			mm_reason_name(entry->reason), way);
}

/* A balloon that is given time, or given up on, is not used by the policy meanwhile. */
static void check_still(const struct world *w, const struct mm_plan_entry *entry)
{
	const struct mm_track *track = mm_history_find(&w->hist, entry->domid);
	bool is_lagging = track->progress == MM_PROGRESS_LAGGING && !track->is_shrinking;

	if (entry->is_balanced && (is_lagging || track->progress == MM_PROGRESS_STUCK) &&
		!is_special(entry->reason))
		fail_msg("domain %" PRIu32 " stands still, and yet: %s", entry->domid,
			mm_reason_name(entry->reason));
}

static void check_entry(struct world *w, size_t i, struct sums *sums)
{
	const struct mm_plan_entry *entry = &w->plan.entries[i];
	const struct mm_domain *dom = &w->snap.domains[i];
	uint64_t held = mm_track_held(mm_history_find(&w->hist, dom->domid), dom);
	uint64_t before = mm_max_u64(held, entry->old_kib);
	uint64_t after = mm_max_u64(held, entry->new_kib);

	assert_int_equal(entry->domid, dom->domid);
	assert_int_equal(entry->old_kib, dom->target_kib);
	assert_int_equal(entry->current_kib, dom->current_kib);
	assert_true(entry->use_kib <= held);
	if (entry->is_change)
		check_change(w, dom, entry, held);
	else
		assert_int_equal(entry->new_kib, entry->old_kib);
	if (entry->is_change && !entry->is_balanced && entry->reason != MM_REASON_SILENT)
		fail_msg("%s is left alone, and yet changed", dom->name);
	check_still(w, entry);
	if (!entry->is_balanced && after > before)
		fail_msg("%s: takes no part, and yet grows", dom->name);
	sums->grown += mm_sub_floor(after, before);
	if (is_managed(entry)) {
		sums->before += before;
		sums->after += after;
	}
	if (entry->is_balanced)
		sums->wished += entry->wish_kib;
	else if (is_managed(entry))
		sums->aside += before;
}

static void check_order(const struct mm_plan *plan)
{
	size_t changes = 0;
	bool has_grown = false;

	for (size_t i = 0; i < plan->count; i++)
		changes += plan->entries[i].is_change;
	assert_int_equal(changes, plan->change_count);
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct mm_plan_entry *entry = &plan->entries[plan->order[i]];
		bool is_growing = entry->new_kib > entry->old_kib;

		assert_true(entry->is_change);
		assert_true(is_growing || !has_grown);
		if (i > 0 && is_growing == has_grown)
			assert_true(plan->order[i] > plan->order[i - 1]);
		has_grown = is_growing;
	}
}

static void check_plan(struct world *w)
{
	const struct mm_host *host = &w->snap.host;
	struct sums sums = {0};

	assert_int_equal(w->plan.count, w->snap.count);
	for (size_t i = 0; i < w->plan.count; i++)
		check_entry(w, i, &sums);
	check_order(&w->plan);
	assert_true(w->plan.tau_ppm <= MM_TAU_ONE);
	assert_true(w->plan.available_kib <=
		    mm_sub_floor(host->free_kib, host->claims_kib + w->cfg.reserve_kib));
	if (sums.grown > w->plan.available_kib)
		fail_msg("grows by %" PRIu64 ", available %" PRIu64, sums.grown,
			w->plan.available_kib);
	if (sums.after > mm_max_u64(w->plan.budget_kib, sums.before))
		fail_msg("%" PRIu64 " promised, budget %" PRIu64 ", before %" PRIu64, sums.after,
			w->plan.budget_kib, sums.before);
	if (!w->plan.is_overcommitted && sums.wished > mm_sub_floor(w->plan.budget_kib, sums.aside))
		fail_msg("%" PRIu64 " wished, %" PRIu64 " aside, budget %" PRIu64, sums.wished,
			sums.aside, w->plan.budget_kib);
	if (w->cfg.budget_kib)
		assert_true(w->plan.budget_kib <= w->cfg.budget_kib);
}

/* ---- the same again ---------------------------------------------------------------------------------- */

static struct mm_history copy_history(const struct mm_history *hist)
{
	struct mm_history copy = *hist;

	copy.tracks = hist->capacity ? calloc(hist->capacity, sizeof(*hist->tracks)) : NULL;
	if (hist->count)
		memcpy(copy.tracks, hist->tracks, hist->count * sizeof(*hist->tracks));
	return copy;
}

static bool is_same_entry(const struct mm_plan_entry *a, const struct mm_plan_entry *b)
{
	return a->domid == b->domid && a->reason == b->reason && a->is_balanced == b->is_balanced &&
	       a->is_change == b->is_change && a->current_kib == b->current_kib &&
	       a->use_kib == b->use_kib && a->wish_kib == b->wish_kib && a->old_kib == b->old_kib &&
	       a->new_kib == b->new_kib;
}

/* Decides with a copy of the history, and a plan that held something else before, too. */
static void decide_twice(struct world *w, struct mm_plan *other)
{
	struct mm_history hist = copy_history(&w->hist);

	world_decide(w);
	assert_int_equal(mm_decide(&w->cfg, &w->snap, &hist, other), 0);
	assert_int_equal(other->tau_ppm, w->plan.tau_ppm);
	assert_int_equal(other->change_count, w->plan.change_count);
	for (size_t i = 0; i < w->plan.count; i++)
		assert_true(is_same_entry(&w->plan.entries[i], &other->entries[i]));
	for (size_t i = 0; i < w->plan.change_count; i++)
		assert_int_equal(w->plan.order[i], other->order[i]);
	assert_int_equal(hist.count, w->hist.count);
	if (hist.count)
		assert_memory_equal(hist.tracks, w->hist.tracks, hist.count * sizeof(*hist.tracks));
	mm_history_free(&hist);
}

static void test_every_plan_keeps_the_rules(void **state)
{
	uint64_t random = random_seed(7);
	struct mm_plan other = {0};

	(void)state;
	for (int n = 0; n < SEQUENCES; n++) {
		struct world w;
		size_t guests = random_below(&random, GUESTS_MAX);

		world_init(
			&w, one_in(&random, 3) ? 0 : random_below(&random, random_size(&random)));
		random_config(&w, &random);
		for (size_t i = 0; i < guests; i++)
			random_guest(
				&w, (uint32_t)(1 + 100 * i + random_below(&random, 100)), &random);
		for (int round = 0; round < ROUNDS; round++) {
			mm_snapshot_sort(&w.snap);
			decide_twice(&w, &other);
			check_plan(&w);
			if (!one_in(&random, 10)) /* otherwise nobody could set the targets */
				world_apply(&w);
			world_advance(
				&w, 1 + random_below(&random, one_in(&random, 4) ? 60000 : 2000));
			disturb(&w, &random);
		}
		world_free(&w);
	}
	mm_plan_free(&other);
}

/* ---- at rest ------------------------------------------------------------------------------------------ */

static void calm_guests(struct world *w, size_t count, uint64_t *random)
{
	for (uint32_t id = 1; id <= count; id++) {
		uint64_t held = MIB(64) + PAGE * random_below(random, MIB(1));
		struct world_guest *guest =
			world_add(w, id, held, random_below(random, held + held / 2));

		guest->rate_kib = MIB(64) + random_below(random, GIB(1));
		guest->is_liar = one_in(random, 10);
	}
}

static void check_at_rest(struct world *w)
{
	for (uint32_t id = 1; id <= w->count; id++) {
		const struct mm_plan_entry *entry = world_entry(w, id);
		const struct mm_domain *dom = world_domain(w, id);
		uint64_t need =
			mm_min_u64(guarantee(w, dom, entry), highest(w, dom, dom->current_kib));

		if (!w->plan.is_overcommitted && dom->current_kib + 256 + 64 * w->count < need)
			fail_msg("%s holds %" PRIu64 ", needs %" PRIu64, dom->name,
				dom->current_kib, need);
		if (!w->plan.is_overcommitted && dom->current_kib + MIB(40) < entry->wish_kib &&
			entry->wish_kib <= dom->static_max_kib &&
			w->plan.available_kib > w->count * MIB(40))
			fail_msg("%s holds %" PRIu64 ", shall hold %" PRIu64, dom->name,
				dom->current_kib, entry->wish_kib);
	}
}

/* Constant use and balloons that follow: after a while no target is written any more, and nobody is short. */
static void test_constant_worlds_come_to_rest(void **state)
{
	uint64_t random = random_seed(11);

	(void)state;
	for (int n = 0; n < 300; n++) {
		struct world w;
		size_t writes;

		world_init(&w, random_below(&random, GIB(4)));
		random_config(&w, &random);
		w.cfg.max_kib = 0;
		calm_guests(&w, 1 + random_below(&random, 8), &random);
		world_run(&w, 400, 1000);
		writes = w.writes;
		world_run(&w, 100, 2000);
		if (w.writes != writes)
			fail_msg("world %d: %zu targets written at rest", n, w.writes - writes);
		assert_false(w.plan.is_moving);
		check_at_rest(&w);
		world_free(&w);
	}
}

/* ---- names do not matter -------------------------------------------------------------------------------- */

static const struct mm_plan_entry *entry_of(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->snap.count; i++)
		if (!strcmp(w->snap.domains[i].name, name))
			return &w->plan.entries[i];
	fail_msg("no %s", name);
	return NULL;
}

static void test_domids_do_not_matter(void **state)
{
	uint64_t random = random_seed(13);

	(void)state;
	for (int n = 0; n < 500; n++) {
		size_t count = 1 + random_below(&random, 20);
		uint64_t setup = random;
		struct world a, b;

		for (struct world *w = &a; w; w = w == &a ? &b : NULL) {
			uint64_t same = setup;

			world_init(w, random_below(&same, GIB(8)));
			random_config(w, &same);
			calm_guests(w, count, &same);
			random = same;
		}
		for (size_t i = 0; i < count; i++) /* the other way round, and with gaps */
			b.snap.domains[i].domid = (uint32_t)(10000 - 7 * i);
		mm_snapshot_sort(&b.snap);
		world_decide(&a);
		world_decide(&b);
		assert_true(a.plan.tau_ppm == b.plan.tau_ppm &&
			    a.plan.available_kib == b.plan.available_kib);
		assert_int_equal(a.plan.is_overcommitted, b.plan.is_overcommitted);
		for (size_t i = 0; i < count; i++) {
			const struct mm_plan_entry *x = &a.plan.entries[i];
			const struct mm_plan_entry *y = entry_of(&b, a.snap.domains[i].name);

			if (x->wish_kib > y->wish_kib + count || y->wish_kib > x->wish_kib + count)
				fail_msg("%s shall hold %" PRIu64 ", or %" PRIu64
					 " as domain %" PRIu32,
					a.snap.domains[i].name, x->wish_kib, y->wish_kib, y->domid);
			assert_int_equal(x->use_kib, y->use_kib);
		}
		world_free(&a);
		world_free(&b);
	}
}

/* ---- liars ------------------------------------------------------------------------------------------------ */

/* The others keep their hard use and margin, or what they held where that was less, whatever a liar says. */
static void test_liars_push_nobody_below_its_guarantee(void **state)
{
	uint64_t random = random_seed(17);

	(void)state;
	for (int n = 0; n < 200; n++) {
		struct world w;

		world_init(&w, random_below(&random, GIB(1)));
		random_config(&w, &random);
		w.cfg.max_kib = 0;
		calm_guests(&w, 6, &random);
		for (uint32_t id = 1; id <= 6; id++)
			world_guest(&w, id)->is_liar = id <= 3;
		world_report(&w);
		for (int round = 0; round < 100; round++) {
			world_run(&w, 1, 500);
			for (uint32_t id = 4; id <= 6; id++) {
				const struct world_guest *guest = world_guest(&w, id);
				uint64_t held = world_held(&w, id);

				if (world_domain(&w, id)->target_kib + PAGE <
					mm_min_u64(guest->use_kib, held))
					fail_msg("world %d: guest %" PRIu32
						 " is pushed into its use",
						n, id);
			}
		}
		world_free(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_plan_keeps_the_rules),
		cmocka_unit_test(test_constant_worlds_come_to_rest),
		cmocka_unit_test(test_domids_do_not_matter),
		cmocka_unit_test(test_liars_push_nobody_below_its_guarantee),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
