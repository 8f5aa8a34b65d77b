/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulator by itself, against what was seen on real Xen 4.17 with Linux 6.1 guests. */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/sim.h"

#define MIB UINT64_C(1024)

static struct mm_backend *sim;
static struct mm_snapshot snap;

static void open_sim(const char *text)
{
	struct mm_backend_options options = {0};
	char err[256] = "";

	if (mm_sim_open_text("test", text, strlen(text), &options, err, sizeof(err), &sim) < 0)
		fail_msg("%s", err);
}

static int teardown(void **state)
{
	(void)state;
	if (sim)
		sim->ops->close(sim);
	sim = NULL;
	mm_snapshot_free(&snap);
	return 0;
}

static void run_to(uint64_t ms)
{
	if (mm_sim_run(sim, ms) < 0)
		fail_msg("%s", mm_sim_error(sim));
}

static struct mm_sim_truth truth(const char *name)
{
	struct mm_sim_truth t;

	assert_int_equal(mm_sim_truth(sim, name, &t), 0);
	return t;
}

static const struct mm_domain *look(const char *name)
{
	assert_int_equal(sim->ops->sample(sim, &snap), 0);
	return mm_snapshot_find(&snap, truth(name).domid);
}

static int set(const char *name, uint64_t kib)
{
	return sim->ops->set_target(sim, truth(name).domid, kib);
}

static void assert_between(uint64_t value, uint64_t low, uint64_t high)
{
	if (value < low || value > high)
		fail_msg("%llu is not between %llu and %llu", (unsigned long long)value,
			(unsigned long long)low, (unsigned long long)high);
}

/* ---- balloons -------------------------------------------------------------------------------- */

static void balloon_moves_at_its_rates(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M set-cost=0\n"
		 "guest a memory=256M maxmem=512M use=20M rate-down=100M/s rate-up=400M/s\n");
	assert_int_equal(set("a", 156 * MIB), 0);
	run_to(510);
	assert_between(truth("a").held_kib, 205 * MIB, 207 * MIB);
	run_to(1100);
	assert_int_equal(truth("a").held_kib, 156 * MIB);
	assert_int_equal(set("a", 356 * MIB), 0);
	run_to(1300);
	assert_between(truth("a").held_kib, 230 * MIB, 240 * MIB);
	run_to(1700);
	assert_int_equal(truth("a").held_kib, 356 * MIB);
}

/* 256 MiB guest, 150 MiB in use, target 140: stopped at 237 MiB in the lab, and nothing was killed. */
static void balloon_stops_at_what_is_available(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=165M cache=20M\n");
	assert_int_equal(set("a", 140 * MIB), 0);
	run_to(5000);
	assert_between(truth("a").held_kib, 225 * MIB, 245 * MIB);
	assert_between(truth("a").avail_kib, 0, 4 * MIB);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 0);
}

/* After four tries Linux gives up: the same target does not wake it, another one does. */
static void balloon_gives_up_until_the_target_differs(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\n"
		 "guest a memory=256M maxmem=512M use=165M cache=20M\n"
		 "at 43s a use 20M\n");
	assert_int_equal(set("a", 140 * MIB), 0);
	run_to(65000);
	assert_between(truth("a").held_kib, 225 * MIB, 245 * MIB);
	assert_int_equal(set("a", 140 * MIB), 0);
	run_to(69000);
	assert_between(truth("a").held_kib, 225 * MIB, 245 * MIB);
	assert_int_equal(set("a", 141 * MIB), 0);
	run_to(72000);
	assert_int_equal(truth("a").held_kib, 141 * MIB);
}

static void ideal_balloon_never_gives_up(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\n"
		 "guest a memory=256M maxmem=512M use=165M cache=20M balloon=ideal\n"
		 "at 43s a use 20M\n");
	assert_int_equal(set("a", 140 * MIB), 0);
	run_to(46000);
	assert_int_equal(truth("a").held_kib, 140 * MIB);
}

/* With swap the same squeeze gets there, slowly (9 s and more in the lab), and the guest stalls. */
static void balloon_squeezes_into_swap(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\n"
		 "guest a memory=256M maxmem=512M use=165M cache=20M swap=256M\n");
	assert_int_equal(set("a", 140 * MIB), 0);
	run_to(2000);
	assert_true(truth("a").held_kib > 150 * MIB);
	run_to(30000);
	assert_int_equal(truth("a").held_kib, 140 * MIB);
	assert_between(mm_sim_guest_stats(sim, 0)->swapout_pages, 20000, 60000);
	assert_true(look("a")->report.psi_some_us > 100000);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 0);
}

static void growth_ends_with_the_host(void **state)
{
	(void)state;
	open_sim("host total=1G dom0=512M\nguest a memory=480M maxmem=1G use=20M\n");
	assert_int_equal(set("a", 600 * MIB), 0);
	run_to(3000);
	assert_int_equal(truth("a").held_kib, 512 * MIB);
	assert_int_equal(mm_sim_stats(sim)->lowest_free_kib, 0);
}

static void a_stuck_balloon_moves_again(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=20M\n"
		 "at 1s a stuck\nat 20s a unstick\n");
	run_to(1000);
	assert_int_equal(set("a", 128 * MIB), 0);
	run_to(19990);
	assert_int_equal(truth("a").held_kib, 256 * MIB);
	run_to(22000);
	assert_int_equal(truth("a").held_kib, 128 * MIB);
}

static void floor_and_ceiling_hold(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=20M\n"
		 "at 0s a floor 200M\nat 0s a ceiling 300M\n");
	assert_int_equal(set("a", 128 * MIB), 0);
	run_to(5000);
	assert_int_equal(truth("a").held_kib, 200 * MIB);
	assert_int_equal(set("a", 400 * MIB), 0);
	run_to(10000);
	assert_int_equal(truth("a").held_kib, 300 * MIB);
}

static void an_intermittent_balloon_gets_there_late(void **state)
{
	(void)state;
	open_sim(
		"host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=20M rate-down=10M/s\n"
		"at 0s a intermittent\n");
	assert_int_equal(set("a", 156 * MIB), 0);
	run_to(11000);
	assert_true(truth("a").held_kib > 160 * MIB);
	run_to(60000);
	assert_int_equal(truth("a").held_kib, 156 * MIB);
}

/* ---- targets --------------------------------------------------------------------------------- */

static void targets_are_refused_as_libxl_does(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=256M maxmem=512M\n"
		 "at 1s create b memory=256M\nat 5s a destroy\n");
	assert_int_equal(set("a", 512 * MIB), 0);
	assert_int_equal(set("a", 513 * MIB), -EINVAL);
	assert_int_equal(sim->ops->set_target(sim, 77, 100 * MIB), -ENOENT);
	run_to(1050);
	assert_int_equal(truth("b").state, MM_DOM_BUILDING);
	assert_int_equal(set("b", 100 * MIB), -EAGAIN);
	run_to(5010);
	assert_int_equal(set("a", 100 * MIB), -ENOENT);
	assert_int_equal(mm_sim_stats(sim)->refused, 4);
	assert_int_equal(mm_sim_stats(sim)->targets, 1);
}

static void targets_take_time(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M set-cost=15ms\nguest a memory=256M maxmem=512M\n");
	run_to(1000);
	assert_int_equal(set("a", 250 * MIB), 0);
	assert_int_equal(mm_sim_stats(sim)->now_ms, 1010);
	assert_int_equal(set("a", 260 * MIB), 0);
	assert_int_equal(mm_sim_stats(sim)->now_ms, 1030);
}

static void a_domain_vanishes_behind_a_sample(void **state)
{
	uint32_t domid;

	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=256M\nguest b memory=256M\n"
		 "at 1s a vanish\n");
	run_to(2000);
	domid = look("a")->domid;
	assert_int_equal(snap.count, 2);
	assert_int_equal(sim->ops->set_target(sim, domid, 200 * MIB), -ENOENT);
	look("b");
	assert_int_equal(snap.count, 1);
	assert_int_equal(snap.host.free_kib, 2048 * MIB - 512 * MIB - 256 * MIB);
}

/* ---- memory inside --------------------------------------------------------------------------- */

/* 400 MiB with maxmem 512 showed 352380 kB, 300 MiB 249980: the kernel's 57 MiB stay. */
static void memtotal_follows_the_balloon(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=400M maxmem=512M use=30M\n");
	assert_between(look("a")->report.total_kib, 351000, 353500);
	assert_int_equal(set("a", 300 * MIB), 0);
	run_to(3000);
	assert_between(look("a")->report.total_kib, 248600, 251100);
}

static void without_swap_the_oom_killer_comes(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=40M cache=40M\n"
		 "at 1s a use 300M over 3s\n");
	run_to(10000);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 1);
	assert_int_equal(truth("a").anon_kib, 40 * MIB);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->swapout_pages, 0);
}

static void with_swap_it_swaps_and_comes_back(void **state)
{
	uint64_t out;

	(void)state;
	open_sim("host total=2G dom0=512M\nduration 200s\n"
		 "guest a memory=256M maxmem=512M use=40M cache=40M swap=512M\n"
		 "at 1s a use 300M over 3s\n");
	run_to(20000);
	out = mm_sim_guest_stats(sim, 0)->swapout_pages;
	assert_true(out * 4 > 80 * MIB);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 0);
	assert_true(truth("a").swapped_kib > 60 * MIB);
	assert_int_equal(set("a", 512 * MIB), 0);
	run_to(120000);
	assert_true(truth("a").swapped_kib < 4 * MIB);
	assert_true(mm_sim_guest_stats(sim, 0)->swapin_pages * 4 > 60 * MIB);
	assert_true(look("a")->report.psi_some_us > 0);
}

static void swap_and_memory_full_kill_too(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=40M swap=64M\n"
		 "at 1s a use 400M over 3s\n");
	run_to(60000);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 1);
}

static void cache_gives_way_and_is_read_again(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=256M use=40M cache=100M\n"
		 "at 1s a use 170M over 1s\nat 10s a use 40M over 1s\n");
	assert_int_equal(truth("a").cache_kib, 100 * MIB);
	run_to(9000);
	assert_true(truth("a").cache_kib < 40 * MIB);
	run_to(20000);
	assert_int_equal(truth("a").cache_kib, 100 * MIB);
	assert_true(look("a")->report.refault_file * 4 > 50 * MIB);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 0);
}

static void need_and_relief_are_measured(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=40M swap=512M\n"
		 "at 1s a use 300M over 1s\n");
	run_to(5000);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->shortages, 1);
	assert_int_equal(mm_sim_stats(sim)->relief_count, 0);
	assert_int_equal(set("a", 512 * MIB), 0);
	run_to(8000);
	assert_int_equal(mm_sim_stats(sim)->relief_count, 1);
	assert_between(mm_sim_relief_percentile(mm_sim_stats(sim), 50), 3000, 4500);
	assert_true(mm_sim_guest_stats(sim, 0)->unmet_kib_ms > 0);
	assert_true(mm_sim_guest_stats(sim, 0)->grown_kib == 256 * MIB);
}

/* ---- fully virtual guests -------------------------------------------------------------------- */

static void populate_on_demand_ends_when_the_balloon_caught_up(void **state)
{
	const struct mm_domain *d;

	(void)state;
	open_sim("host total=2G dom0=512M\n"
		 "at 1s create a type=hvm memory=192M maxmem=512M use=40M boot=4s\n");
	run_to(3000);
	d = look("a");
	assert_int_equal(d->type, MM_DOM_HVM);
	assert_int_equal(d->current_kib, 192 * MIB);
	assert_int_equal(d->target_kib, 191 * MIB);
	assert_int_equal(d->pod_kib, 320 * MIB);
	run_to(12000);
	d = look("a");
	assert_int_equal(d->pod_kib, 0);
	assert_int_equal(d->current_kib - d->target_kib, 1 * MIB);
	assert_int_equal(set("a", 128 * MIB), 0);
	run_to(16000);
	assert_int_equal(truth("a").held_kib, 129 * MIB);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->crashes, 0);
}

static void pressing_a_booting_guest_kills_it(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\n"
		 "at 1s create a type=hvm memory=192M maxmem=512M use=100M boot=4s "
		 "rate-down=20M/s\n");
	run_to(3000);
	assert_int_equal(set("a", 100 * MIB), 0);
	run_to(12000);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->crashes, 1);
	assert_false(truth("a").is_there);
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void building_claims_its_memory(void **state)
{
	(void)state;
	open_sim("host total=1G dom0=512M\nat 1s create a memory=256M\nat 2s create b "
		 "memory=300M\n");
	run_to(1100);
	assert_int_equal(sim->ops->sample(sim, &snap), 0);
	assert_int_equal(snap.count, 1);
	assert_int_equal(snap.domains[0].state, MM_DOM_BUILDING);
	assert_int_equal(snap.host.claims_kib + snap.domains[0].current_kib, 256 * MIB);
	run_to(4000);
	assert_int_equal(mm_sim_stats(sim)->creations_failed, 1);
	assert_int_equal(look("a")->state, MM_DOM_RUNNING);
	assert_int_equal(snap.host.claims_kib, 0);
}

static void save_and_restore_keep_uuid_and_memory(void **state)
{
	char uuid[MM_UUID_LEN + 1];
	uint32_t domid;

	(void)state;
	open_sim("host total=1G dom0=512M\nguest a memory=256M use=50M\n"
		 "at 1s a save\nat 5s a restore\n");
	strcpy(uuid, look("a")->uuid);
	domid = truth("a").domid;
	assert_int_equal(strlen(uuid), MM_UUID_LEN);
	run_to(1500);
	assert_int_equal(look("a")->state, MM_DOM_SAVING);
	assert_int_equal(set("a", 200 * MIB), -EAGAIN);
	run_to(4000);
	assert_int_equal(sim->ops->sample(sim, &snap), 0);
	assert_int_equal(snap.count, 0);
	assert_int_equal(snap.host.free_kib, 512 * MIB);
	run_to(5100);
	assert_int_equal(look("a")->state, MM_DOM_BUILDING);
	assert_int_equal(look("a")->report.source, MM_SOURCE_NONE);
	run_to(9000);
	assert_string_equal(look("a")->uuid, uuid);
	assert_true(look("a")->domid != domid);
	assert_int_equal(look("a")->report.source, MM_SOURCE_XENMM);
	assert_int_equal(truth("a").anon_kib, 50 * MIB);
}

static void a_paused_guest_says_nothing(void **state)
{
	uint64_t heard;

	(void)state;
	open_sim("host total=1G dom0=512M\nguest a memory=256M\nat 5s a pause\nat 60s a unpause\n");
	run_to(59000);
	assert_int_equal(look("a")->state, MM_DOM_PAUSED);
	heard = look("a")->report_ms;
	assert_true(heard < 5200);
	run_to(61500);
	assert_int_equal(look("a")->state, MM_DOM_RUNNING);
	assert_true(look("a")->report_ms > 60000);
}

/* ---- agents ---------------------------------------------------------------------------------- */

static void agents_report_in_their_rhythm(void **state)
{
	static const struct {
		const char *name;
		enum mm_source source;
		uint64_t period_ms;
	} rows[] = {
		{"a", MM_SOURCE_XENMM, 11000},
		{"b", MM_SOURCE_SEED, 1000},
		{"c", MM_SOURCE_XENSERVER, 60000},
	};

	(void)state;
	open_sim("host total=2G dom0=512M\nduration 300s\nguest a memory=256M\n"
		 "guest b memory=256M agent=seed\nguest c memory=256M agent=xenserver\n"
		 "guest d memory=256M agent=none\n");
	for (uint64_t now = 500; now <= 240000; now += 500) {
		run_to(now);
		assert_int_equal(look("d")->report.source, MM_SOURCE_NONE);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			const struct mm_domain *d = look(rows[i].name);

			assert_int_equal(d->report.source, rows[i].source);
			assert_true(now + 10 - d->report_ms <= rows[i].period_ms + 110);
		}
	}
}

static void a_silent_agent_and_a_liar(void **state)
{
	(void)state;
	open_sim("host total=2G dom0=512M\nguest a memory=256M\nguest b memory=256M\n"
		 "at 20s a silent\nat 20s b lie\nat 60s a talk\nat 60s b honest\n");
	run_to(59000);
	assert_true(look("a")->report_ms <= 20110);
	assert_int_equal(look("b")->report.avail_kib, 0);
	run_to(72000);
	assert_true(look("a")->report_ms > 60000);
	assert_true(look("b")->report.avail_kib > 0);
}

/* A flood does not end every wait at once: a wait lasts 50 ms or more. */
static void a_flood_does_not_set_the_pace(void **state)
{
	uint64_t rounds = 0;

	(void)state;
	open_sim("host total=2G dom0=512M\nduration 10s\nguest a memory=256M\nat 0s a flood\n");
	while (sim->ops->sample(sim, &snap) == 0) {
		assert_int_equal(sim->ops->wait(sim, NULL, snap.now_ms + 2000), 0);
		rounds++;
	}
	assert_between(rounds, 100, 200);
}

/* ---- randomness ------------------------------------------------------------------------------ */

static uint64_t fingerprint(uint64_t seed)
{
	static const char text[] = "host total=4G dom0=512M\nduration 60s\n"
				   "random guests=6 faults=on period=3s\n";
	struct mm_backend_options options = {.seed = seed, .has_seed = true};
	uint64_t sum = 0;
	char err[256];

	assert_int_equal(
		mm_sim_open_text("random", text, strlen(text), &options, err, sizeof(err), &sim),
		0);
	while (sim->ops->sample(sim, &snap) == 0) {
		for (size_t i = 0; i < snap.count; i++)
			sum = sum * 31 + snap.domains[i].current_kib +
			      snap.domains[i].report.avail_kib + snap.domains[i].state;
		assert_int_equal(sim->ops->wait(sim, NULL, snap.now_ms + 1000), 0);
	}
	teardown(NULL);
	return sum;
}

static void the_seed_decides(void **state)
{
	(void)state;
	assert_true(fingerprint(1) == fingerprint(1));
	assert_true(fingerprint(1) != fingerprint(2));
}

static void the_built_in_scenario_plays(void **state)
{
	struct mm_backend_options options = {0};
	char err[256] = "";
	char *text = NULL;
	size_t len;
	FILE *out;

	(void)state;
	assert_int_equal(mm_backend_open("sim", &options, err, sizeof(err), &sim), 0);
	run_to(120000);
	assert_int_equal(sim->ops->sample(sim, &snap), -ENODATA);
	assert_true(mm_sim_guest_stats(sim, 0)->swapout_pages > 20000);
	out = open_memstream(&text, &len);
	assert_int_equal(sim->ops->summary(sim, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "sim: seed 1, 120.000 s of virtual time"));
	assert_non_null(strstr(text, "web"));
	free(text);
}

static void what_cannot_be_opened(void **state)
{
	struct mm_backend_options options = {.file = "/nonexistent/x.scn"};
	char err[256] = "";

	(void)state;
	assert_int_equal(mm_backend_open("sim", &options, err, sizeof(err), &sim), -ENOENT);
	assert_non_null(strstr(err, "/nonexistent/x.scn"));
	assert_int_equal(mm_backend_open("replay", &options, err, sizeof(err), &sim), -ENOENT);
	options.file = NULL;
	assert_int_equal(mm_backend_open("replay", &options, err, sizeof(err), &sim), -EINVAL);
	assert_int_equal(mm_backend_open("kvm", &options, err, sizeof(err), &sim), -ENOENT);
	assert_non_null(strstr(err, "kvm"));
	options.file = "/";
	assert_true(mm_backend_open("sim", &options, err, sizeof(err), &sim) < 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(balloon_moves_at_its_rates),
		TEST(balloon_stops_at_what_is_available),
		TEST(balloon_gives_up_until_the_target_differs),
		TEST(ideal_balloon_never_gives_up),
		TEST(balloon_squeezes_into_swap),
		TEST(growth_ends_with_the_host),
		TEST(a_stuck_balloon_moves_again),
		TEST(floor_and_ceiling_hold),
		TEST(an_intermittent_balloon_gets_there_late),
		TEST(targets_are_refused_as_libxl_does),
		TEST(targets_take_time),
		TEST(a_domain_vanishes_behind_a_sample),
		TEST(memtotal_follows_the_balloon),
		TEST(without_swap_the_oom_killer_comes),
		TEST(with_swap_it_swaps_and_comes_back),
		TEST(swap_and_memory_full_kill_too),
		TEST(cache_gives_way_and_is_read_again),
		TEST(need_and_relief_are_measured),
		TEST(populate_on_demand_ends_when_the_balloon_caught_up),
		TEST(pressing_a_booting_guest_kills_it),
		TEST(building_claims_its_memory),
		TEST(save_and_restore_keep_uuid_and_memory),
		TEST(a_paused_guest_says_nothing),
		TEST(agents_report_in_their_rhythm),
		TEST(a_silent_agent_and_a_liar),
		TEST(a_flood_does_not_set_the_pace),
		TEST(the_seed_decides),
		TEST(the_built_in_scenario_plays),
		TEST(what_cannot_be_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
