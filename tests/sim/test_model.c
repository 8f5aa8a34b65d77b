/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulator by itself, against what was seen on real Xen 4.17 with Linux 6.1 guests. */
#include "unit/test.h"

#include <errno.h>

#include "fixture.h"

/* ---- balloons -------------------------------------------------------------------------------- */

static void balloon_moves_at_its_rates(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M set-cost=0\n"
		 "guest a memory=256M maxmem=512M use=20M rate-down=100M/s rate-up=400M/s\n");
	assert_int_equal(sim_set("a", 156 * MIB), 0);
	sim_run_to(510);
	sim_assert_between(sim_truth_of("a").held_kib, 205 * MIB, 207 * MIB);
	sim_run_to(1100);
	assert_int_equal(sim_truth_of("a").held_kib, 156 * MIB);
	assert_int_equal(sim_set("a", 356 * MIB), 0);
	sim_run_to(1300);
	sim_assert_between(sim_truth_of("a").held_kib, 230 * MIB, 240 * MIB);
	sim_run_to(1700);
	assert_int_equal(sim_truth_of("a").held_kib, 356 * MIB);
}

/* 256 MiB guest, 150 MiB in use, target 140: stopped at 237 MiB in the lab, and nothing was killed. */
static void balloon_stops_at_what_is_available(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=165M cache=20M\n");
	assert_int_equal(sim_set("a", 140 * MIB), 0);
	sim_run_to(5000);
	sim_assert_between(sim_truth_of("a").held_kib, 225 * MIB, 245 * MIB);
	sim_assert_between(sim_truth_of("a").avail_kib, 0, 4 * MIB);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 0);
}

/* After four tries Linux gives up: the same target does not wake it, another one does. */
static void balloon_gives_up_until_the_target_differs(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\n"
		 "guest a memory=256M maxmem=512M use=165M cache=20M\n"
		 "at 43s a use 20M\n");
	assert_int_equal(sim_set("a", 140 * MIB), 0);
	sim_run_to(65000);
	sim_assert_between(sim_truth_of("a").held_kib, 225 * MIB, 245 * MIB);
	assert_int_equal(sim_set("a", 140 * MIB), 0);
	sim_run_to(69000);
	sim_assert_between(sim_truth_of("a").held_kib, 225 * MIB, 245 * MIB);
	assert_int_equal(sim_set("a", 141 * MIB), 0);
	sim_run_to(72000);
	assert_int_equal(sim_truth_of("a").held_kib, 141 * MIB);
}

static void ideal_balloon_never_gives_up(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\n"
		 "guest a memory=256M maxmem=512M use=165M cache=20M balloon=ideal\n"
		 "at 43s a use 20M\n");
	assert_int_equal(sim_set("a", 140 * MIB), 0);
	sim_run_to(46000);
	assert_int_equal(sim_truth_of("a").held_kib, 140 * MIB);
}

/* With swap the same squeeze gets there, slowly (9 s and more in the lab), and the guest stalls. */
static void balloon_squeezes_into_swap(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\n"
		 "guest a memory=256M maxmem=512M use=165M cache=20M swap=256M\n");
	assert_int_equal(sim_set("a", 140 * MIB), 0);
	sim_run_to(2000);
	assert_true(sim_truth_of("a").held_kib > 150 * MIB);
	sim_run_to(30000);
	assert_int_equal(sim_truth_of("a").held_kib, 140 * MIB);
	sim_assert_between(mm_sim_guest_stats(sim, 0)->swapout_pages, 20000, 60000);
	assert_true(sim_look("a")->report.psi_some_us > 100000);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 0);
}

static void growth_ends_with_the_host(void **state)
{
	(void)state;
	sim_open("host total=1G dom0=512M\nguest a memory=480M maxmem=1G use=20M\n");
	assert_int_equal(sim_set("a", 600 * MIB), 0);
	sim_run_to(3000);
	assert_int_equal(sim_truth_of("a").held_kib, 512 * MIB);
	assert_int_equal(mm_sim_stats(sim)->lowest_free_kib, 0);
}

static void a_stuck_balloon_moves_again(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=20M\n"
		 "at 1s a stuck\nat 20s a unstick\n");
	sim_run_to(1000);
	assert_int_equal(sim_set("a", 128 * MIB), 0);
	sim_run_to(19990);
	assert_int_equal(sim_truth_of("a").held_kib, 256 * MIB);
	sim_run_to(22000);
	assert_int_equal(sim_truth_of("a").held_kib, 128 * MIB);
}

static void floor_and_ceiling_hold(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=20M\n"
		 "at 0s a floor 200M\nat 0s a ceiling 300M\n");
	assert_int_equal(sim_set("a", 128 * MIB), 0);
	sim_run_to(5000);
	assert_int_equal(sim_truth_of("a").held_kib, 200 * MIB);
	assert_int_equal(sim_set("a", 400 * MIB), 0);
	sim_run_to(10000);
	assert_int_equal(sim_truth_of("a").held_kib, 300 * MIB);
}

static void an_intermittent_balloon_gets_there_late(void **state)
{
	(void)state;
	sim_open(
		"host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=20M rate-down=10M/s\n"
		"at 0s a intermittent\n");
	assert_int_equal(sim_set("a", 156 * MIB), 0);
	sim_run_to(11000);
	assert_true(sim_truth_of("a").held_kib > 160 * MIB);
	sim_run_to(60000);
	assert_int_equal(sim_truth_of("a").held_kib, 156 * MIB);
}

/* ---- targets --------------------------------------------------------------------------------- */

static void targets_are_refused_as_libxl_does(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=256M maxmem=512M\n"
		 "at 1s create b memory=256M\nat 5s a destroy\n");
	assert_int_equal(sim_set("a", 512 * MIB), 0);
	assert_int_equal(sim_set("a", 513 * MIB), -EINVAL);
	assert_int_equal(sim->ops->set_target(sim, 77, 100 * MIB), -ENOENT);
	sim_run_to(1050);
	assert_int_equal(sim_truth_of("b").state, MM_DOM_BUILDING);
	assert_int_equal(sim_set("b", 100 * MIB), -EAGAIN);
	sim_run_to(5010);
	assert_int_equal(sim_set("a", 100 * MIB), -ENOENT);
	assert_int_equal(mm_sim_stats(sim)->refused, 4);
	assert_int_equal(mm_sim_stats(sim)->targets, 1);
}

static void targets_take_time(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M set-cost=15ms\nguest a memory=256M maxmem=512M\n");
	sim_run_to(1000);
	assert_int_equal(sim_set("a", 250 * MIB), 0);
	assert_int_equal(mm_sim_stats(sim)->now_ms, 1010);
	assert_int_equal(sim_set("a", 260 * MIB), 0);
	assert_int_equal(mm_sim_stats(sim)->now_ms, 1030);
}

static void a_domain_vanishes_behind_a_sample(void **state)
{
	uint32_t domid;

	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=256M\nguest b memory=256M\n"
		 "at 1s a vanish\n");
	sim_run_to(2000);
	domid = sim_look("a")->domid;
	assert_int_equal(snap.count, 2);
	assert_int_equal(sim->ops->set_target(sim, domid, 200 * MIB), -ENOENT);
	sim_look("b");
	assert_int_equal(snap.count, 1);
	assert_int_equal(snap.host.free_kib, 2048 * MIB - 512 * MIB - 256 * MIB);
}

/* ---- memory inside --------------------------------------------------------------------------- */

/* 400 MiB with maxmem 512 showed 352380 kB, 300 MiB 249980: the kernel's 57 MiB stay. */
static void memtotal_follows_the_balloon(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=400M maxmem=512M use=30M\n");
	sim_assert_between(sim_look("a")->report.total_kib, 351000, 353500);
	assert_int_equal(sim_set("a", 300 * MIB), 0);
	sim_run_to(3000);
	sim_assert_between(sim_look("a")->report.total_kib, 248600, 251100);
}

static void without_swap_the_oom_killer_comes(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=40M cache=40M\n"
		 "at 1s a use 300M over 3s\n");
	sim_run_to(10000);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 1);
	assert_int_equal(sim_truth_of("a").anon_kib, 40 * MIB);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->swapout_pages, 0);
}

static void with_swap_it_swaps_and_comes_back(void **state)
{
	uint64_t out;

	(void)state;
	sim_open("host total=2G dom0=512M\nduration 200s\n"
		 "guest a memory=256M maxmem=512M use=40M cache=40M swap=512M\n"
		 "at 1s a use 300M over 3s\n");
	sim_run_to(20000);
	out = mm_sim_guest_stats(sim, 0)->swapout_pages;
	assert_true(out * 4 > 80 * MIB);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 0);
	assert_true(sim_truth_of("a").swapped_kib > 60 * MIB);
	assert_int_equal(sim_set("a", 512 * MIB), 0);
	sim_run_to(120000);
	assert_true(sim_truth_of("a").swapped_kib < 4 * MIB);
	assert_true(mm_sim_guest_stats(sim, 0)->swapin_pages * 4 > 60 * MIB);
	assert_true(sim_look("a")->report.psi_some_us > 0);
}

static void swap_and_memory_full_kill_too(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=40M swap=64M\n"
		 "at 1s a use 400M over 3s\n");
	sim_run_to(60000);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 1);
}

static void cache_gives_way_and_is_read_again(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=256M use=40M cache=100M\n"
		 "at 1s a use 170M over 1s\nat 10s a use 40M over 1s\n");
	assert_int_equal(sim_truth_of("a").cache_kib, 100 * MIB);
	sim_run_to(9000);
	assert_true(sim_truth_of("a").cache_kib < 40 * MIB);
	sim_run_to(20000);
	assert_int_equal(sim_truth_of("a").cache_kib, 100 * MIB);
	assert_true(sim_look("a")->report.refault_file * 4 > 50 * MIB);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->oom_kills, 0);
}

static void need_and_relief_are_measured(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=256M maxmem=512M use=40M swap=512M\n"
		 "at 1s a use 300M over 1s\n");
	sim_run_to(5000);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->shortages, 1);
	assert_int_equal(mm_sim_stats(sim)->relief_count, 0);
	assert_int_equal(sim_set("a", 512 * MIB), 0);
	sim_run_to(8000);
	assert_int_equal(mm_sim_stats(sim)->relief_count, 1);
	sim_assert_between(mm_sim_relief_percentile(mm_sim_stats(sim), 50), 3000, 4500);
	assert_true(mm_sim_guest_stats(sim, 0)->unmet_kib_ms > 0);
	assert_true(mm_sim_guest_stats(sim, 0)->grown_kib == 256 * MIB);
}

/* ---- fully virtual guests -------------------------------------------------------------------- */

static void populate_on_demand_ends_when_the_balloon_caught_up(void **state)
{
	const struct mm_domain *d;

	(void)state;
	sim_open("host total=2G dom0=512M\n"
		 "at 1s create a type=hvm memory=192M maxmem=512M use=40M boot=4s\n");
	sim_run_to(3000);
	d = sim_look("a");
	assert_int_equal(d->type, MM_DOM_HVM);
	assert_int_equal(d->current_kib, 192 * MIB);
	assert_int_equal(d->target_kib, 191 * MIB);
	assert_int_equal(d->pod_kib, 320 * MIB);
	sim_run_to(12000);
	d = sim_look("a");
	assert_int_equal(d->pod_kib, 0);
	assert_int_equal(d->current_kib - d->target_kib, 1 * MIB);
	assert_int_equal(sim_set("a", 128 * MIB), 0);
	sim_run_to(16000);
	assert_int_equal(sim_truth_of("a").held_kib, 129 * MIB);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->crashes, 0);
}

static void pressing_a_booting_guest_kills_it(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\n"
		 "at 1s create a type=hvm memory=192M maxmem=512M use=100M boot=4s "
		 "rate-down=20M/s\n");
	sim_run_to(3000);
	assert_int_equal(sim_set("a", 100 * MIB), 0);
	sim_run_to(12000);
	assert_int_equal(mm_sim_guest_stats(sim, 0)->crashes, 1);
	assert_false(sim_truth_of("a").is_there);
}

#define TEST(name) cmocka_unit_test_teardown(name, sim_close)

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
