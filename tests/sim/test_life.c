/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulator by itself: domains that come and go, agents, seeds, and what can be opened. */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

/* ---- coming and going ------------------------------------------------------------------------ */

static void building_claims_its_memory(void **state)
{
	(void)state;
	sim_open("host total=1G dom0=512M\nat 1s create a memory=256M\nat 2s create b "
		 "memory=300M\n");
	sim_run_to(1100);
	assert_int_equal(sim->ops->sample(sim, &snap), 0);
	assert_int_equal(snap.count, 1);
	assert_int_equal(snap.domains[0].state, MM_DOM_BUILDING);
	assert_int_equal(snap.host.claims_kib + snap.domains[0].current_kib, 256 * MIB);
	sim_run_to(4000);
	assert_int_equal(mm_sim_stats(sim)->creations_failed, 1);
	assert_int_equal(sim_look("a")->state, MM_DOM_RUNNING);
	assert_int_equal(snap.host.claims_kib, 0);
}

static void save_and_restore_keep_uuid_and_memory(void **state)
{
	char uuid[MM_UUID_LEN + 1];
	uint32_t domid;

	(void)state;
	sim_open("host total=1G dom0=512M\nguest a memory=256M use=50M\n"
		 "at 1s a save\nat 5s a restore\n");
	strcpy(uuid, sim_look("a")->uuid);
	domid = sim_truth_of("a").domid;
	assert_int_equal(strlen(uuid), MM_UUID_LEN);
	sim_run_to(1500);
	assert_int_equal(sim_look("a")->state, MM_DOM_SAVING);
	assert_int_equal(sim_set("a", 200 * MIB), -EAGAIN);
	sim_run_to(4000);
	assert_int_equal(sim->ops->sample(sim, &snap), 0);
	assert_int_equal(snap.count, 0);
	assert_int_equal(snap.host.free_kib, 512 * MIB);
	sim_run_to(5100);
	assert_int_equal(sim_look("a")->state, MM_DOM_BUILDING);
	assert_int_equal(sim_look("a")->report.source, MM_SOURCE_NONE);
	sim_run_to(9000);
	assert_string_equal(sim_look("a")->uuid, uuid);
	assert_true(sim_look("a")->domid != domid);
	assert_int_equal(sim_look("a")->report.source, MM_SOURCE_XENMM);
	assert_int_equal(sim_truth_of("a").anon_kib, 50 * MIB);
}

static void a_paused_guest_says_nothing(void **state)
{
	uint64_t heard;

	(void)state;
	sim_open("host total=1G dom0=512M\nguest a memory=256M\nat 5s a pause\nat 60s a unpause\n");
	sim_run_to(59000);
	assert_int_equal(sim_look("a")->state, MM_DOM_PAUSED);
	heard = sim_look("a")->report_ms;
	assert_true(heard < 5200);
	sim_run_to(61500);
	assert_int_equal(sim_look("a")->state, MM_DOM_RUNNING);
	assert_true(sim_look("a")->report_ms > 60000);
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
	sim_open("host total=2G dom0=512M\nduration 300s\nguest a memory=256M\n"
		 "guest b memory=256M agent=seed\nguest c memory=256M agent=xenserver\n"
		 "guest d memory=256M agent=none\n");
	for (uint64_t now = 500; now <= 240000; now += 500) {
		sim_run_to(now);
		assert_int_equal(sim_look("d")->report.source, MM_SOURCE_NONE);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			const struct mm_domain *d = sim_look(rows[i].name);

			assert_int_equal(d->report.source, rows[i].source);
			assert_true(now + 10 - d->report_ms <= rows[i].period_ms + 110);
		}
	}
}

static void a_silent_agent_and_a_liar(void **state)
{
	(void)state;
	sim_open("host total=2G dom0=512M\nguest a memory=256M\nguest b memory=256M\n"
		 "at 20s a silent\nat 20s b lie\nat 60s a talk\nat 60s b honest\n");
	sim_run_to(59000);
	assert_true(sim_look("a")->report_ms <= 20110);
	assert_int_equal(sim_look("b")->report.avail_kib, 0);
	sim_run_to(72000);
	assert_true(sim_look("a")->report_ms > 60000);
	assert_true(sim_look("b")->report.avail_kib > 0);
}

/* A flood does not end every wait at once: a wait lasts 50 ms or more. */
static void a_flood_does_not_set_the_pace(void **state)
{
	uint64_t rounds = 0;

	(void)state;
	sim_open("host total=2G dom0=512M\nduration 10s\nguest a memory=256M\nat 0s a flood\n");
	while (sim->ops->sample(sim, &snap) == 0) {
		assert_int_equal(sim->ops->wait(sim, NULL, snap.now_ms + 2000), 0);
		rounds++;
	}
	sim_assert_between(rounds, 100, 200);
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
	sim_close(NULL);
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
	sim_run_to(120000);
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

#define TEST(name) cmocka_unit_test_teardown(name, sim_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
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
