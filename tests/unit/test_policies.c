/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What holds under every policy, on random hosts: bounds, sums, leases, order, weights, lies. A failure names the
 * policy and prints the seed; XENMM_SEED repeats it.
 */
#include "unit/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "share.h"
#include "unit/world.h"
#include "xenmm/units.h"

#define HOSTS	   400
#define ROUNDS	   20
#define GUESTS_MAX 12
#define PAGE	   MM_KIB_PER_PAGE

/* What one step of a price or of a level changes the size of a guest by, at most. */
#define STEP_KIB 1

static bool one_in(uint64_t *random, uint64_t n)
{
	return random_below(random, n) == 0;
}

/* A host with guests of random size, use, weight and bounds; the same random numbers make the same host. */
static void random_host(struct world *w, enum mm_policy policy, uint64_t *random)
{
	size_t count = 1 + random_below(random, GUESTS_MAX);

	world_init(w, random_below(random, one_in(random, 2) ? GIB(4) : MIB(64)));
	w->cfg.policy = policy;
	w->cfg.is_tax_auto = one_in(random, 2);
	w->cfg.tax_ppm = (uint32_t)random_below(random, MM_TAU_ONE + 1);
	w->cfg.free_kib = one_in(random, 2) ? 0 : 1 + random_below(random, MIB(512));
	w->cfg.min_kib = one_in(random, 2) ? 0 : random_below(random, MIB(256));
	w->cfg.reserve_kib = one_in(random, 2) ? 0 : random_below(random, MIB(512));
	w->cfg.burst_percent = (uint32_t)random_below(random, 91);
	for (uint32_t id = 1; id <= count; id++) {
		uint64_t held = MIB(64) + PAGE * random_below(random, MIB(1));
		uint64_t use = random_below(random, held + held / 4);
		struct world_guest *guest = world_add(w, id, held, use);
		struct mm_domain *dom = world_domain(w, id);

		guest->rate_kib = MIB(32) + random_below(random, GIB(1));
		guest->has_psi = one_in(random, 2);
		dom->static_max_kib = held + random_below(random, 4 * held);
		dom->policy.weight = 1 + (uint32_t)random_below(random, 400);
		if (one_in(random, 6)) {
			dom->policy.has_max = true;
			dom->policy.max_kib = MIB(64) + random_below(random, 2 * held);
		}
	}
	if (one_in(random, 2))
		w->cfg.budget_kib = 1 + random_below(random, w->snap.host.total_kib * 5 / 4);
	world_report(w);
}

static uint64_t host_seed;

/* Policy and host, for messages. */
static const char *name_of(const struct world *w)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s, XENMM_SEED=%" PRIu64, mm_policy_name(w->cfg.policy),
		host_seed);
	return name;
}

static size_t row_count(const struct world *w)
{
	size_t count = 0;

	for (size_t i = 0; i < w->plan.count; i++)
		count += w->plan.entries[i].is_balanced;
	return count;
}

/* All tests run for each policy on many hosts. */
static void on_hosts(uint64_t fallback, void (*check)(enum mm_policy policy, uint64_t *random))
{
	host_seed = random_seed(fallback);
	for (int n = 0; n < HOSTS; n++, host_seed++)
		for (int policy = 0; policy < MM_POLICY_COUNT; policy++) {
			uint64_t random = host_seed;

			check((enum mm_policy)policy, &random);
		}
}

/* ---- bounds, sums, and who may be short --------------------------------------------------------------- */

static void check_row(const struct world *w, const struct mm_share *row)
{
	const struct mm_domain *dom = &w->snap.domains[row->index];

	if (row->wish_kib > dom->static_max_kib)
		fail_msg("%s: %s shall hold %" PRIu64 ", its maximum is %" PRIu64, name_of(w),
			dom->name, row->wish_kib, dom->static_max_kib);
	if (dom->policy.has_max && row->wish_kib > dom->policy.max_kib)
		fail_msg("%s: %s shall hold %" PRIu64 ", may hold %" PRIu64, name_of(w), dom->name,
			row->wish_kib, dom->policy.max_kib);
	if (row->wish_kib < mm_min_u64(row->min_kib, row->held_kib))
		fail_msg("%s: %s shall hold %" PRIu64 ", its minimum is %" PRIu64, name_of(w),
			dom->name, row->wish_kib, row->min_kib);
	if (row->wish_kib < mm_min_u64(row->use_kib, row->held_kib) &&
		row->wish_kib < row->high_kib)
		fail_msg("%s: %s shall hold %" PRIu64 ", uses %" PRIu64, name_of(w), dom->name,
			row->wish_kib, row->use_kib);
}

/* Nobody lacks what it uses while another, that could give, has more than its need. */
static void check_fairness(const struct world *w)
{
	const struct mm_share *rows = w->plan.shares;
	const struct mm_share *idle = NULL;
	const struct mm_share *lacking = NULL;

	for (size_t i = 0; i < row_count(w); i++) {
		if (rows[i].may_shrink &&
			rows[i].wish_kib > mm_max_u64(rows[i].need_kib, rows[i].low_kib) + PAGE)
			idle = &rows[i];
		if (rows[i].wish_kib + PAGE < mm_min_u64(rows[i].use_kib, rows[i].high_kib))
			lacking = &rows[i];
	}
	if (idle && lacking)
		fail_msg("%s: %s lacks %" PRIu64 " while %s has %" PRIu64 " to spare", name_of(w),
			w->snap.domains[lacking->index].name, lacking->use_kib - lacking->wish_kib,
			w->snap.domains[idle->index].name, idle->wish_kib - idle->need_kib);
}

static void check_sums(const struct world *w)
{
	const struct mm_share *rows = w->plan.shares;
	size_t count = row_count(w);
	uint64_t sum = 0;
	bool has_room = false;

	for (size_t i = 0; i < count; i++) {
		sum += rows[i].wish_kib;
		has_room = has_room || rows[i].wish_kib < rows[i].high_kib;
	}
	if (w->plan.is_overcommitted) {
		assert_int_equal(w->plan.pool_kib, mm_sub_floor(w->plan.budget_kib, sum));
		return;
	}
	if (sum + w->plan.pool_kib != w->plan.budget_kib)
		fail_msg("%s: %" PRIu64 " KiB wished, pool %" PRIu64 ", budget %" PRIu64,
			name_of(w), sum, w->plan.pool_kib, w->plan.budget_kib);
	if (w->cfg.policy == MM_POLICY_TAX && has_room && w->plan.pool_kib >= count)
		fail_msg("%s: %" PRIu64 " KiB are nobody's", name_of(w), w->plan.pool_kib);
}

static void keep_the_rules(enum mm_policy policy, uint64_t *random)
{
	struct world w;

	random_host(&w, policy, random);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t id = 1 + (uint32_t)random_below(random, w.count);

		world_decide(&w);
		for (size_t i = 0; i < row_count(&w); i++)
			check_row(&w, &w.plan.shares[i]);
		check_fairness(&w);
		check_sums(&w);
		world_apply(&w);
		world_advance(&w, 1 + random_below(random, 3000));
		world_guest(&w, id)->use_kib = random_below(random, world_held(&w, id) * 5 / 4);
	}
	world_free(&w);
}

static void test_bounds_sums_and_fairness(void **state)
{
	(void)state;
	on_hosts(1001, keep_the_rules);
}

/* ---- leases ------------------------------------------------------------------------------------------- */

/* What is set aside for guests that start comes off the budget and is promised to nobody. */
static void keep_leases(enum mm_policy policy, uint64_t *random)
{
	struct world with, without;
	uint64_t same = *random;
	uint64_t lease, free_kib;

	random_host(&with, policy, &same);
	random_host(&without, policy, random);
	lease = MIB(1) + random_below(random, GIB(2));
	with.snap.host.reserved_kib = lease;
	world_decide(&with);
	world_decide(&without);
	free_kib = with.snap.host.free_kib;
	if (with.plan.budget_kib > without.plan.budget_kib)
		fail_msg("%s: a lease raised the budget", name_of(&with));
	if (!with.cfg.budget_kib &&
		with.plan.budget_kib != mm_sub_floor(without.plan.budget_kib, lease) &&
		free_kib > with.cfg.reserve_kib)
		fail_msg("%s: budget %" PRIu64 " without, %" PRIu64 " with a lease of %" PRIu64,
			name_of(&with), without.plan.budget_kib, with.plan.budget_kib, lease);
	assert_true(
		with.plan.available_kib <= mm_sub_floor(free_kib, with.cfg.reserve_kib + lease));
	for (int round = 0; round < ROUNDS; round++) {
		world_apply(&with);
		world_advance(&with, 1000);
		world_decide(&with);
		if (with.snap.host.free_kib < mm_min_u64(free_kib, with.cfg.reserve_kib + lease))
			fail_msg("%s: of a lease of %" PRIu64 " and a reserve of %" PRIu64
				 " %" PRIu64 " are left",
				name_of(&with), lease, with.cfg.reserve_kib,
				with.snap.host.free_kib);
		free_kib = mm_max_u64(free_kib, with.snap.host.free_kib);
	}
	world_free(&with);
	world_free(&without);
}

static void test_leases_are_nobodys(void **state)
{
	(void)state;
	on_hosts(2001, keep_leases);
}

/* ---- the order of the domains --------------------------------------------------------------------------- */

static const struct mm_plan_entry *entry_of(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->snap.count; i++)
		if (!strcmp(w->snap.domains[i].name, name))
			return &w->plan.entries[i];
	fail_msg("no %s", name);
	return NULL;
}

/* Three decisions, nothing of which is carried out: rounding in one must not add up in the next. */
static void turn_round(enum mm_policy policy, uint64_t *random)
{
	struct world a, b;
	uint64_t same = *random;

	random_host(&a, policy, &same);
	random_host(&b, policy, random);
	for (size_t i = 0; i < b.snap.count; i++)
		b.snap.domains[i].domid = b.guests[i].domid = (uint32_t)(10000 - 7 * i);
	mm_snapshot_sort(&b.snap);
	for (int round = 0; round < 3; round++) {
		world_decide(&a);
		world_decide(&b);
		for (size_t i = 0; i < a.snap.count; i++) {
			uint64_t x = a.plan.entries[i].wish_kib;
			uint64_t y = entry_of(&b, a.snap.domains[i].name)->wish_kib;

			if (x > y + PAGE || y > x + PAGE)
				fail_msg("%s, round %d: %s shall hold %" PRIu64 ", or %" PRIu64
					 " in another order",
					name_of(&a), round, a.snap.domains[i].name, x, y);
		}
		a.snap.now_ms += 2000;
		b.snap.now_ms += 2000;
		world_report(&a);
		world_report(&b);
	}
	world_free(&a);
	world_free(&b);
}

static void test_order_does_not_matter(void **state)
{
	(void)state;
	on_hosts(3001, turn_round);
}

/* ---- weights -------------------------------------------------------------------------------------------- */

static void weigh_more(enum mm_policy policy, uint64_t *random)
{
	struct world light, heavy;
	uint64_t same = *random;
	struct mm_domain *dom;
	size_t i;

	random_host(&light, policy, &same);
	random_host(&heavy, policy, random);
	i = random_below(random, light.snap.count);
	dom = &heavy.snap.domains[i];
	dom->policy.weight += 1 + (uint32_t)random_below(random, 1000);
	for (int round = 0; round < 3; round++) {
		world_decide(&light);
		world_decide(&heavy);
		if (heavy.plan.entries[i].wish_kib + STEP_KIB < light.plan.entries[i].wish_kib)
			fail_msg("%s: with more weight %s shall hold %" PRIu64 ", not %" PRIu64,
				name_of(&light), dom->name, heavy.plan.entries[i].wish_kib,
				light.plan.entries[i].wish_kib);
		light.snap.now_ms += 2000;
		heavy.snap.now_ms += 2000;
		world_report(&light);
		world_report(&heavy);
	}
	world_free(&light);
	world_free(&heavy);
}

static void test_more_weight_is_never_less_memory(void **state)
{
	(void)state;
	on_hosts(4001, weigh_more);
}

/* ---- constant input ---------------------------------------------------------------------------------------- */

/*
 * Nothing changes: after a while no target is written any more. Not so with coordinator, whose starved guests and
 * those that pay for them may change places for ever; and probing goes on as long as nobody misses anything.
 */
static void come_to_rest(enum mm_policy policy, uint64_t *random)
{
	struct world w;
	size_t writes;

	random_host(&w, policy, random);
	w.cfg.probing = MM_PROBING_OFF;
	if (policy != MM_POLICY_COORDINATOR && one_in(random, 4)) {
		world_run(&w, 600, 4000); /* what was learnt of the first moves is forgotten */
		writes = w.writes;
		for (int round = 0; round < 60; round++) {
			world_run(&w, 1, 2000);
		}
		if (w.writes != writes)
			fail_msg("%s: %zu targets written at rest", name_of(&w), w.writes - writes);
		assert_false(w.plan.is_moving);
	}
	world_free(&w);
}

static void test_constant_hosts_come_to_rest(void **state)
{
	(void)state;
	on_hosts(5001, come_to_rest);
}

/* ---- lies ---------------------------------------------------------------------------------------------------- */

enum claim { CLAIM_HONEST, CLAIM_LIE, CLAIM_TRUE, CLAIM_COUNT };

/* Guest 1 is honest about a small use, claims to use all it has, or really uses all that it is given, and stalls. */
static void open_claim(struct world *w, enum mm_policy policy, enum claim claim, uint64_t *random)
{
	struct world_guest *guest;

	random_host(w, policy, random);
	w->cfg.free_kib = 0;
	guest = world_guest(w, 1);
	guest->has_psi = true;
	guest->is_liar = claim == CLAIM_LIE;
	guest->use_kib = claim == CLAIM_TRUE ? world_domain(w, 1)->static_max_kib : MIB(32);
	world_report(w);
}

/*
 * A neighbour keeps what it uses, or what it held where that was less, whatever guest 1 says. One that claims itself to
 * be full may be tried, by a 25th, until it stalls (need.h).
 */
static void check_neighbours(struct world *w)
{
	for (size_t i = 0; i < w->snap.count; i++) {
		const struct mm_domain *dom = &w->snap.domains[i];
		const struct mm_plan_entry *entry = &w->plan.entries[i];
		uint64_t use = mm_min_u64(world_guest(w, dom->domid)->use_kib, dom->current_kib);
		uint64_t max = dom->policy.has_max ? dom->policy.max_kib : UINT64_MAX;
		uint64_t doubt = entry->reason == MM_REASON_DOUBT ? dom->current_kib / 25 : 0;

		if (dom->domid != 1 && entry->is_change &&
			entry->new_kib + PAGE + doubt < mm_min_u64(use, max))
			fail_msg("%s: a claim pushes %s to %" PRIu64 ", %s, holds %" PRIu64
				 ", uses %" PRIu64,
				name_of(w), dom->name, entry->new_kib,
				mm_reason_name(entry->reason), dom->current_kib,
				world_guest(w, dom->domid)->use_kib);
	}
}

/* A lie never pays more than the truth would, where it would be true. */
static void lie(enum mm_policy policy, uint64_t *random)
{
	uint64_t same = *random;
	uint64_t held[CLAIM_COUNT];
	uint64_t band;

	if (!one_in(random, 8))
		return;
	for (int claim = 0; claim < CLAIM_COUNT; claim++) {
		struct world w;

		*random = same;
		open_claim(&w, policy, (enum claim)claim, random);
		for (int round = 0; round < 300; round++) {
			world_decide(&w);
			check_neighbours(&w);
			world_apply(&w);
			world_advance(&w, 1000);
		}
		held[claim] = world_held(&w, 1);
		world_free(&w);
	}
	band = mm_max_u64(held[CLAIM_TRUE] / 32, MIB(2)); /* dead bands, there and back */
	if (held[CLAIM_LIE] > held[CLAIM_TRUE] + band)
		fail_msg("%s, XENMM_SEED=%" PRIu64 ": a lie brings %" PRIu64
			 " KiB, the truth %" PRIu64,
			mm_policy_name(policy), host_seed, held[CLAIM_LIE], held[CLAIM_TRUE]);
}

static void test_lies_bring_no_more_than_the_truth(void **state)
{
	(void)state;
	on_hosts(6001, lie);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds_sums_and_fairness),
		cmocka_unit_test(test_leases_are_nobodys),
		cmocka_unit_test(test_order_does_not_matter),
		cmocka_unit_test(test_more_weight_is_never_less_memory),
		cmocka_unit_test(test_constant_hosts_come_to_rest),
		cmocka_unit_test(test_lies_bring_no_more_than_the_truth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
