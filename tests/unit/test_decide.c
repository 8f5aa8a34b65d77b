/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole decisions in small worlds; balloons that do not follow have test_decide_stuck.c. */
#include "unit/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "unit/world.h"

static void set(struct world *w, const char *name, const char *value)
{
	char err[128];

	if (mm_config_set(&w->cfg, name, value, err, sizeof(err)))
		fail_msg("%s", err);
}

/* A guest runs short while two idle, with the budget all handed out: it must be given, and soon. */
static void run_lab(uint64_t headroom_kib, const char *free, const char *tax)
{
	struct world w;

	world_init(&w, headroom_kib);
	set(&w, "budget", "768M");
	set(&w, "free", free);
	set(&w, "tax-rate", tax);
	for (uint32_t id = 1; id <= 3; id++)
		world_add(&w, id, MIB(256), MIB(60));
	world_run(&w, 50, 2000);
	assert_int_equal(world_held(&w, 2), MIB(256));

	/* MemTotal is 192 MiB: the seed took that for its size and saw no need beyond 256 MiB. */
	world_guest(&w, 2)->use_kib = MIB(400);
	world_report(&w);
	world_run(&w, 30, 100);
	if (world_held(&w, 2) < MIB(400))
		fail_msg("-f %s, tau %s: holds %" PRIu64 " KiB after 3 s", free, tax,
			world_held(&w, 2));
	world_run(&w, 100, 100);
	assert_in_range(world_held(&w, 1), MIB(76), MIB(184));
	assert_in_range(world_held(&w, 2), MIB(425), MIB(616));

	/* And back, slowly, when it needs the memory no more. */
	world_guest(&w, 2)->use_kib = MIB(60);
	world_run(&w, 200, 2000);
	assert_in_range(world_held(&w, 1), MIB(240), MIB(260));
	world_free(&w);
}

static void test_lab_case_use_counts_against_what_is_held(void **state)
{
	(void)state;
	run_lab(0, "40M", "AUTO");
	run_lab(0, "120M", "AUTO");
	run_lab(0, "40M", "0.75");
	run_lab(MIB(500), "40M", "AUTO");
}

struct standing_case {
	const char *name;
	enum mm_dom_state state;
	enum mm_source source;
	uint64_t age_ms, pod_kib;
	const char *exclude;
	enum mm_reason reason;
};

static const struct standing_case standings[] = {
	{"balanced", MM_DOM_RUNNING, MM_SOURCE_XENMM, 0, 0, "no", MM_REASON_DONATE},
	{"no agent", MM_DOM_RUNNING, MM_SOURCE_NONE, 0, 0, "no", MM_REASON_NO_AGENT},
	{"quiet for 30 s", MM_DOM_RUNNING, MM_SOURCE_XENMM, 30000, 0, "no", MM_REASON_DONATE},
	{"silent", MM_DOM_RUNNING, MM_SOURCE_XENMM, 30001, 0, "no", MM_REASON_SILENT},
	{"the seed's agent, silent", MM_DOM_RUNNING, MM_SOURCE_SEED, 30001, 0, "no",
		MM_REASON_SILENT},
	{"XenServer's agent writes once a minute", MM_DOM_RUNNING, MM_SOURCE_XENSERVER, 180000, 0,
		"no", MM_REASON_DONATE},
	{"XenServer's agent, silent", MM_DOM_RUNNING, MM_SOURCE_XENSERVER, 180001, 0, "no",
		MM_REASON_SILENT},
	{"populated on demand", MM_DOM_RUNNING, MM_SOURCE_XENMM, 0, 4, "no", MM_REASON_BOOTING},
	{"building", MM_DOM_BUILDING, MM_SOURCE_XENMM, 0, 0, "no", MM_REASON_BUILDING},
	{"paused", MM_DOM_PAUSED, MM_SOURCE_XENMM, 0, 0, "no", MM_REASON_PAUSED},
	{"paused and silent", MM_DOM_PAUSED, MM_SOURCE_XENMM, 500000, 0, "no", MM_REASON_PAUSED},
	{"saving", MM_DOM_SAVING, MM_SOURCE_XENMM, 0, 0, "no", MM_REASON_SAVING},
	{"dying", MM_DOM_DYING, MM_SOURCE_XENMM, 0, 0, "no", MM_REASON_DYING},
	{"excluded by name", MM_DOM_RUNNING, MM_SOURCE_XENMM, 0, 0, "guest1", MM_REASON_EXCLUDED},
	{"excluded by pattern", MM_DOM_RUNNING, MM_SOURCE_XENMM, 0, 0, "gu?st[1-1]*",
		MM_REASON_EXCLUDED},
	{"another excluded", MM_DOM_RUNNING, MM_SOURCE_XENMM, 0, 0, "guest", MM_REASON_DONATE},
	{"dying and excluded", MM_DOM_DYING, MM_SOURCE_XENMM, 0, 0, "guest1", MM_REASON_DYING},
};

static void test_who_takes_part(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(standings); i++) {
		const struct standing_case *c = &standings[i];
		bool is_balanced = c->reason == MM_REASON_DONATE;
		struct world w;
		struct mm_domain *dom;

		world_init(&w, 0);
		world_add(&w, 1, GIB(1), MIB(100));
		world_add(&w, 2, GIB(1), MIB(1000));
		set(&w, "exclude", c->exclude);
		dom = world_domain(&w, 1);
		dom->state = c->state;
		dom->pod_kib = c->pod_kib;
		dom->report.source = c->source;
		dom->report_ms -= c->age_ms;
		world_decide(&w);
		if (world_entry(&w, 1)->reason != c->reason ||
			world_entry(&w, 1)->is_balanced != is_balanced ||
			world_entry(&w, 1)->is_change != is_balanced)
			fail_msg("%s: %s, change %d", c->name,
				mm_reason_name(world_entry(&w, 1)->reason),
				world_entry(&w, 1)->is_change);
		/* What nobody gives, nobody gets. */
		assert_false(world_entry(&w, 2)->is_change && world_entry(&w, 2)->new_kib > GIB(1));
		world_free(&w);
	}
}

struct budget_case {
	const char *name;
	const char *budget, *reserve;
	uint64_t free_mib, claims_mib;
	enum mm_dom_state state; /* of the second domain */
	enum mm_source source;
	uint64_t held_mib, target_mib; /* of the second domain; the first holds 1000 */
	uint64_t budget_mib, available_mib;
};

static const struct budget_case budgets[] = {
	{"what is held and free", "auto", "0", 500, 0, MM_DOM_RUNNING, MM_SOURCE_XENMM, 1000, 1000,
		2500, 500},
	{"less the reserve", "auto", "192M", 500, 0, MM_DOM_RUNNING, MM_SOURCE_XENMM, 1000, 1000,
		2308, 308},
	{"less claims", "auto", "0", 500, 100, MM_DOM_RUNNING, MM_SOURCE_XENMM, 1000, 1000, 2400,
		400},
	{"host below its reserve", "auto", "192M", 92, 0, MM_DOM_RUNNING, MM_SOURCE_XENMM, 1000,
		1000, 1900, 0},
	{"promised memory is handed out once", "auto", "0", 500, 0, MM_DOM_RUNNING, MM_SOURCE_XENMM,
		800, 1000, 2300, 300},
	{"what is to be given back is not free yet", "auto", "0", 0, 0, MM_DOM_RUNNING,
		MM_SOURCE_XENMM, 1000, 900, 2000, 0},
	{"-N: no more than that is handed out", "2300M", "0", 500, 0, MM_DOM_RUNNING,
		MM_SOURCE_XENMM, 1000, 1000, 2300, 300},
	{"-N above what there is", "3000M", "0", 500, 0, MM_DOM_RUNNING, MM_SOURCE_XENMM, 1000,
		1000, 2500, 500},
	{"-N below what is free", "2100M", "0", 500, 0, MM_DOM_RUNNING, MM_SOURCE_XENMM, 1000, 1000,
		2100, 100},
	{"-N below what is held", "1000M", "0", 500, 0, MM_DOM_RUNNING, MM_SOURCE_XENMM, 1000, 1000,
		1000, 0},
	{"-N: the reserve stays", "3000M", "450M", 500, 0, MM_DOM_RUNNING, MM_SOURCE_XENMM, 1000,
		1000, 2050, 50},
	{"a guest without agent is no part of it", "auto", "0", 500, 0, MM_DOM_RUNNING,
		MM_SOURCE_NONE, 1000, 1000, 1500, 500},
	{"a guest without agent may take what it was promised", "auto", "0", 500, 0, MM_DOM_RUNNING,
		MM_SOURCE_NONE, 800, 1000, 1300, 300},
	{"a paused guest is", "auto", "0", 500, 0, MM_DOM_PAUSED, MM_SOURCE_XENMM, 1000, 1000, 2500,
		500},
	{"a dying guest is not, nor what it was promised", "auto", "0", 500, 0, MM_DOM_DYING,
		MM_SOURCE_XENMM, 800, 1000, 1500, 500},
	{"a domain being built counts once: claimed", "auto", "0", 500, 400, MM_DOM_BUILDING,
		MM_SOURCE_NONE, 100, 500, 1100, 100},
	{"a domain being built counts once: not claimed", "auto", "0", 500, 0, MM_DOM_BUILDING,
		MM_SOURCE_NONE, 100, 500, 1100, 100},
	{"all is claimed", "auto", "192M", 500, 5000, MM_DOM_RUNNING, MM_SOURCE_XENMM, 1000, 1000,
		0, 0},
};

static void test_budget(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(budgets); i++) {
		const struct budget_case *c = &budgets[i];
		struct world w;
		struct mm_domain *dom;

		world_init(&w, MIB(c->free_mib));
		set(&w, "budget", c->budget);
		set(&w, "reserve", c->reserve);
		w.snap.host.claims_kib = MIB(c->claims_mib);
		world_add(&w, 1, MIB(1000), MIB(100));
		world_add(&w, 2, MIB(c->held_mib), MIB(100));
		dom = world_domain(&w, 2);
		dom->state = c->state;
		dom->report.source = c->source;
		dom->target_kib = MIB(c->target_mib);
		world_decide(&w);
		if (w.plan.budget_kib != MIB(c->budget_mib) ||
			w.plan.available_kib != MIB(c->available_mib))
			fail_msg("%s: budget %" PRIu64 " MiB, available %" PRIu64 " MiB", c->name,
				w.plan.budget_kib / 1024, w.plan.available_kib / 1024);
		world_free(&w);
	}
}

struct bounds_case {
	const char *name;
	const char *min, *max, *equal;
	uint64_t use_mib, static_max_mib, target_mib;
	uint64_t wish_mib; /* of a guest that holds 1000, beside two like it that use 100 */
};

static const struct bounds_case bounds[] = {
	{"equal shares", "0", "auto", "yes", 100, 4000, 1000, 1000},
	{"--max", "0", "500M", "yes", 100, 4000, 1000, 500},
	{"its own maximum", "0", "auto", "yes", 100, 700, 1000, 700},
	{"the lower maximum counts", "0", "500M", "yes", 100, 700, 1000, 500},
	{"its own maximum is below --min", "800M", "auto", "yes", 100, 700, 1000, 700},
	{"maximum unknown: no more than it has", "0", "auto", "yes", 100, 0, 1000, 1000},
	{"maximum unknown: no more than its target", "0", "auto", "yes", 900, 0, 1200, 1000},
	{"no target yet", "0", "auto", "yes", 100, 4000, 0, 1000},
	{"--max below what it uses", "0", "500M", "yes", 900, 4000, 1000, 500},
};

static void test_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		const struct bounds_case *c = &bounds[i];
		struct world w;

		world_init(&w, 0);
		set(&w, "budget", "3000M");
		set(&w, "free", "1M");
		set(&w, "equal", c->equal);
		for (uint32_t id = 1; id <= 3; id++)
			world_add(&w, id, MIB(1000), MIB(id == 1 ? c->use_mib : 100));
		set(&w, "min", c->min);
		set(&w, "max", c->max);
		world_domain(&w, 1)->static_max_kib = MIB(c->static_max_mib);
		world_domain(&w, 1)->target_kib = MIB(c->target_mib);
		world_decide(&w);
		if (world_entry(&w, 1)->wish_kib / 1024 != c->wish_mib)
			fail_msg("%s: shall hold %" PRIu64 " MiB", c->name,
				world_entry(&w, 1)->wish_kib / 1024);
		world_free(&w);
	}
}

static void test_minimum_is_kept(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	set(&w, "min", "200M");
	set(&w, "tax-rate", "1.0");
	world_add(&w, 1, MIB(500), MIB(10));
	world_add(&w, 2, MIB(500), MIB(600));
	world_run(&w, 100, 500);
	assert_in_range(world_held(&w, 1), MIB(200), MIB(208));
	world_free(&w);
}

struct use_case {
	const char *name;
	enum mm_source source;
	uint64_t balloon_kib, avail_kib, report_ms;
	uint64_t use_kib; /* of a guest that holds 1000 MiB */
};

static const struct use_case uses[] = {
	{"held less available", MM_SOURCE_XENMM, MIB(1000), MIB(300), WORLD_START_MS, MIB(700)},
	{"the sample's own size counts", MM_SOURCE_XENMM, MIB(900), MIB(300), WORLD_START_MS,
		MIB(600)},
	{"sample without size: what it held then", MM_SOURCE_SEED, 0, MIB(300), WORLD_START_MS,
		MIB(700)},
	{"sample without size at time 0", MM_SOURCE_SEED, 0, MIB(300), 0, MIB(700)},
	{"nothing available", MM_SOURCE_XENMM, MIB(1000), 0, WORLD_START_MS, MIB(1000)},
	{"absurdly large size: no more than it holds", MM_SOURCE_XENMM, UINT64_C(1) << 44, 0,
		WORLD_START_MS, MIB(1000)},
	{"absurdly small size: its own harm", MM_SOURCE_XENMM, 1, MIB(300), WORLD_START_MS, 0},
	{"more available than it holds", MM_SOURCE_XENMM, MIB(1000), UINT64_C(1) << 44,
		WORLD_START_MS, 0},
	{"report from the future", MM_SOURCE_XENMM, MIB(1000), MIB(300), UINT64_MAX, MIB(700)},
};

static void test_hard_use(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(uses); i++) {
		const struct use_case *c = &uses[i];
		struct world w;
		struct mm_domain *dom;

		world_init(&w, 0);
		if (!c->report_ms)
			w.snap.now_ms = 10;
		world_add(&w, 1, MIB(1000), 0);
		dom = world_domain(&w, 1);
		dom->report.source = c->source;
		dom->report.balloon_kib = c->balloon_kib;
		dom->report.avail_kib = c->avail_kib;
		dom->report_ms = c->report_ms;
		world_decide(&w);
		if (world_entry(&w, 1)->use_kib != c->use_kib || !world_entry(&w, 1)->is_balanced)
			fail_msg("%s: uses %" PRIu64 " KiB", c->name, world_entry(&w, 1)->use_kib);
		world_free(&w);
	}
}

/* Today's size with yesterday's available memory would let a shrinking guest look ever emptier. */
static void test_use_does_not_fall_with_the_balloon(void **state)
{
	struct world w;
	struct mm_domain *dom;

	(void)state;
	world_init(&w, 0);
	world_add(&w, 1, MIB(1000), MIB(600));
	world_guest(&w, 1)->is_silent = true;
	dom = world_domain(&w, 1);
	dom->report.balloon_kib = 0;
	world_decide(&w);
	dom->current_kib = MIB(800);
	w.snap.now_ms += 5000;
	world_decide(&w);
	assert_int_equal(world_entry(&w, 1)->use_kib, MIB(600));
	world_free(&w);
}

static void test_use_rises_at_once_and_falls_slowly(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	world_add(&w, 1, MIB(1000), MIB(200));
	world_decide(&w);
	world_guest(&w, 1)->use_kib = MIB(800);
	world_advance(&w, 100);
	world_decide(&w);
	assert_int_equal(w.hist.tracks[0].use_kib, MIB(800));
	world_guest(&w, 1)->use_kib = MIB(200);
	world_advance(&w, 1000);
	world_decide(&w);
	assert_int_equal(w.hist.tracks[0].use_kib, MIB(650));
	assert_int_equal(world_entry(&w, 1)->use_kib, MIB(200)); /* what is shown is as it is */
	w.snap.now_ms -= 500000;				 /* a clock that steps back */
	world_decide(&w);
	assert_int_equal(w.hist.tracks[0].use_kib, MIB(650));
	world_advance(&w, 504000);
	world_decide(&w);
	assert_int_equal(w.hist.tracks[0].use_kib, MIB(200));
	world_free(&w);
}

/* Shrinks by what it has given back, never to the goal in one step. */
static void test_leash(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	set(&w, "tax-rate", "1.0");
	world_add(&w, 1, MIB(1000), MIB(10));
	world_add(&w, 2, MIB(1000), MIB(1500));
	world_decide(&w);
	assert_int_equal(world_entry(&w, 1)->new_kib, MIB(750));
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_DONATE);
	assert_true(world_entry(&w, 1)->wish_kib < MIB(600));
	assert_int_equal(world_entry(&w, 2)->reason, MM_REASON_WAIT);
	assert_false(world_entry(&w, 2)->is_change);
	assert_true(w.plan.is_moving);
	/* What it begins to use meanwhile stops it. */
	world_apply(&w);
	world_guest(&w, 1)->use_kib = MIB(900);
	world_advance(&w, 100);
	world_decide(&w);
	assert_true(world_entry(&w, 1)->new_kib >= MIB(900) + MIB(900) / 16);
	world_free(&w);
}

static void test_dead_band(void **state)
{
	static const struct {
		const char *name;
		uint64_t held_mib;
		uint64_t less_kib; /* the budget is below what is held by this */
		bool is_change;
	} bands[] = {
		{"a 128th of 640 MiB", 640, 5 * 1024, false},
		{"a 16th", 640, 40 * 1024, true},
		{"a small guest: half a MiB", 32, 512, false},
		{"a small guest: an 8th", 32, 4 * 1024, true},
		{"a large guest: 8 MiB", 65536, 8 * 1024, false},
		{"a large guest: 64 MiB", 65536, 64 * 1024, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bands); i++) {
		struct world w;

		world_init(&w, 0);
		w.cfg.budget_kib = MIB(bands[i].held_mib) - bands[i].less_kib;
		world_add(&w, 1, MIB(bands[i].held_mib), MIB(1));
		world_decide(&w);
		if (world_entry(&w, 1)->is_change != bands[i].is_change)
			fail_msg("%s", bands[i].name);
		world_free(&w);
	}
}

static void test_young_guest_may_grow_but_is_not_squeezed(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, MIB(100));
	for (uint32_t id = 1; id <= 3; id++)
		world_add(&w, id, MIB(500), MIB(id == 3 ? 490 : 100));
	world_domain(&w, 1)->report.uptime_ms = 9000;
	world_domain(&w, 3)->report.uptime_ms = 9000;
	world_decide(&w);
	assert_false(world_entry(&w, 1)->is_change);
	assert_int_equal(world_entry(&w, 2)->reason, MM_REASON_DONATE);
	assert_int_equal(world_entry(&w, 3)->reason, MM_REASON_SHORT);
	/* Agents that do not tell their age are new for as long as they are known. */
	world_domain(&w, 1)->report.uptime_ms = 0;
	w.snap.now_ms += 9999;
	world_decide(&w);
	assert_false(world_entry(&w, 1)->is_change);
	w.snap.now_ms += 1;
	world_decide(&w);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_DONATE);
	world_free(&w);
}

static void test_hvm_is_balanced_once_its_offset_is_known(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	for (uint32_t id = 1; id <= 2; id++) {
		world_add(&w, id, MIB(500), id == 1 ? MIB(50) : MIB(480));
		world_domain(&w, id)->type = MM_DOM_HVM;
		world_domain(&w, id)->current_kib += MIB(10);
		world_guest(&w, id)->offset_kib = MIB(10);
	}
	world_report(&w);
	world_decide(&w);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_BOOTING);
	assert_int_equal(w.plan.change_count, 0);
	world_run(&w, 40, 100);
	assert_true(world_entry(&w, 1)->is_balanced);
	world_run(&w, 200, 500);
	/* At rest both are at their targets, and the sum is what it was. */
	assert_in_range(world_held(&w, 1) + world_held(&w, 2), MIB(1005), MIB(1020));
	assert_true(world_held(&w, 2) > MIB(560));
	assert_int_equal(world_held(&w, 2) - world_domain(&w, 2)->target_kib, MIB(10));
	world_free(&w);
}

/* Each of a thousand idle guests has less to give than its dead band; one is short of it all. */
static void test_many_small_gifts_serve_a_short_guest(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	set(&w, "free", "64M");
	set(&w, "equal", "yes");
	for (uint32_t id = 1; id <= 1000; id++)
		world_add(&w, id, GIB(1), MIB(100));
	world_decide(&w);
	assert_int_equal(w.plan.change_count, 0);
	world_guest(&w, 500)->use_kib = GIB(3);
	world_domain(&w, 500)->static_max_kib = GIB(8);
	world_report(&w);
	world_run(&w, 40, 1000);
	if (world_held(&w, 500) < GIB(3))
		fail_msg("holds %" PRIu64 " MiB of 3072", world_held(&w, 500) / 1024);
	world_free(&w);
}

/* A small lease is less than the dead band of any guest, and a large one ends in such a rest. */
static void test_dead_bands_keep_nothing_from_a_lease(void **state)
{
	static const uint64_t sizes[] = {MIB(1), MIB(40), MIB(500)};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct world w;

		world_init(&w, 0);
		for (uint32_t id = 1; id <= 20; id++)
			world_add(&w, id, MIB(512), MIB(100));
		world_run(&w, 20, 500);
		for (int round = 0; round < 60; round++) {
			w.snap.host.reserved_kib = sizes[i];
			world_decide(&w);
			world_apply(&w);
			world_advance(&w, 500);
		}
		if (w.plan.spare_kib < sizes[i])
			fail_msg("%" PRIu64 " of %" PRIu64 " KiB are free", w.plan.spare_kib,
				sizes[i]);
		world_free(&w);
	}
}

static void test_overcommitted_host_lets_everybody_keep_what_it_needs(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	world_add(&w, 1, MIB(500), MIB(900));
	world_add(&w, 2, MIB(500), MIB(900));
	world_add(&w, 3, MIB(500), MIB(200));
	world_run(&w, 100, 500);
	assert_true(w.plan.is_overcommitted);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_OVERCOMMITTED);
	assert_true(world_held(&w, 1) >= MIB(500) && world_held(&w, 2) >= MIB(500));
	assert_in_range(world_held(&w, 3), MIB(216), MIB(217));
	/* Both that are short share what came free. */
	assert_in_range(world_held(&w, 1), MIB(640), MIB(642));
	world_free(&w);
}

static void test_minima_above_the_budget_squeeze_nobody_below_their_own(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	set(&w, "min", "1G");
	set(&w, "budget", "900M");
	world_add(&w, 1, MIB(500), MIB(100));
	world_add(&w, 2, MIB(1500), MIB(100));
	world_run(&w, 50, 500);
	assert_true(w.plan.is_overcommitted);
	assert_int_equal(world_held(&w, 1), MIB(500));
	assert_in_range(world_held(&w, 2), MIB(1024), MIB(1040));
	world_free(&w);
}

static void test_shrinking_entries_come_first(void **state)
{
	struct world w;
	bool has_grown = false;

	(void)state;
	world_init(&w, MIB(300));
	for (uint32_t id = 1; id <= 6; id++)
		world_add(&w, id, MIB(500), id % 2 ? MIB(495) : MIB(50));
	world_decide(&w);
	assert_int_equal(w.plan.change_count, 6);
	for (size_t i = 0; i < w.plan.change_count; i++) {
		const struct mm_plan_entry *entry = &w.plan.entries[w.plan.order[i]];

		if (entry->new_kib > entry->old_kib)
			has_grown = true;
		else
			assert_false(has_grown);
	}
	world_free(&w);
}

/* Set too low by someone else, or by a server that was killed in mid-balance. */
static void test_target_below_hard_use_is_raised(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	world_add(&w, 1, MIB(500), MIB(400));
	world_domain(&w, 1)->target_kib = MIB(100);
	world_decide(&w);
	assert_true(world_entry(&w, 1)->is_change);
	assert_true(world_entry(&w, 1)->new_kib >= MIB(425));
	world_free(&w);
}

static void test_populations(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, GIB(4));
	world_decide(&w);
	assert_int_equal(w.plan.count, 0);
	assert_false(w.plan.is_moving);

	world_add(&w, 1, GIB(1), MIB(100));
	world_run(&w, 50, 1000);
	assert_in_range(world_held(&w, 1), GIB(4) - MIB(16), GIB(4)); /* its maximum */

	for (uint32_t id = 2; id <= 40; id++)
		world_add(&w, id, MIB(100), MIB(50));
	world_run(&w, 50, 1000);
	for (uint32_t id = 1; id <= 39; id++)
		world_remove(&w, id);
	world_run(&w, 50, 1000);
	assert_int_equal(w.hist.count, 1);
	world_remove(&w, 40);
	world_decide(&w);
	assert_int_equal(w.plan.count, 0);
	assert_int_equal(w.plan.change_count, 0);
	world_free(&w);
}

/* Young is who is new to us, too: a guest that says so for ever is squeezed like any other. */
static void test_guest_that_claims_to_be_young(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	set(&w, "tax-rate", "AUTO");
	world_add(&w, 1, MIB(500), MIB(60));
	world_add(&w, 2, MIB(500), MIB(480));
	for (int k = 0; k < 200; k++) {
		world_report(&w);
		world_domain(&w, 1)->report.uptime_ms = 1;
		world_decide(&w);
		if (k == 0)
			assert_int_equal(world_entry(&w, 1)->new_kib, MIB(500));
		world_apply(&w);
		world_advance(&w, 100);
	}
	assert_true(world_held(&w, 1) < MIB(400));
	world_free(&w);
}

/* A domain whose target cannot be set is left alone, and what it holds is not counted on. */
static void test_foreign_domain_is_left_alone(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	world_add(&w, 1, MIB(800), MIB(60));
	world_add(&w, 2, MIB(200), MIB(180));
	world_domain(&w, 1)->state = MM_DOM_FOREIGN;
	world_decide(&w);
	assert_int_equal(world_entry(&w, 1)->reason, MM_REASON_FOREIGN);
	assert_false(world_entry(&w, 1)->is_change);
	assert_int_equal(w.plan.budget_kib, MIB(200));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lab_case_use_counts_against_what_is_held),
		cmocka_unit_test(test_who_takes_part),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_minimum_is_kept),
		cmocka_unit_test(test_hard_use),
		cmocka_unit_test(test_use_does_not_fall_with_the_balloon),
		cmocka_unit_test(test_use_rises_at_once_and_falls_slowly),
		cmocka_unit_test(test_leash),
		cmocka_unit_test(test_dead_band),
		cmocka_unit_test(test_young_guest_may_grow_but_is_not_squeezed),
		cmocka_unit_test(test_guest_that_claims_to_be_young),
		cmocka_unit_test(test_foreign_domain_is_left_alone),
		cmocka_unit_test(test_hvm_is_balanced_once_its_offset_is_known),
		cmocka_unit_test(test_many_small_gifts_serve_a_short_guest),
		cmocka_unit_test(test_dead_bands_keep_nothing_from_a_lease),
		cmocka_unit_test(test_overcommitted_host_lets_everybody_keep_what_it_needs),
		cmocka_unit_test(test_minima_above_the_budget_squeeze_nobody_below_their_own),
		cmocka_unit_test(test_shrinking_entries_come_first),
		cmocka_unit_test(test_target_below_hard_use_is_raised),
		cmocka_unit_test(test_populations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
