/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random hosts, loads and faults: the rules of every round hold, and nobody dies who could be helped. */
#include "unit/test.h"

#include <inttypes.h>
#include <stdlib.h>

#include "harness.h"

#define HOSTS	120 /* XENMM_HOSTS sets another number */
#define REST_MS 360000

/* What need has learnt of a guest it forgets slowly, and moves the guest meanwhile. */
#define REST_NEED_MS 900000

static struct sim_run run;

static int teardown(void **state)
{
	(void)state;
	if (run.backend)
		sim_run_close(&run);
	run.backend = NULL;
	return 0;
}

static uint64_t next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* XENMM_SEED=n repeats one host. */
static void open_host(
	uint64_t seed, enum mm_policy policy, const char *faults, uint64_t duration_ms)
{
	static const char *const rates[] = {"AUTO", "0.0", "0.5", "0.75", "1.0"};
	uint64_t state = seed;
	uint64_t guests = 1 + next(&state) % 9;
	uint64_t memory = 160 + 32 * (next(&state) % 8);
	uint64_t spare = 64 * (next(&state) % 12);
	uint64_t period = 2 + next(&state) % 15;
	char text[256], budget[32];
	static char label[64];

	snprintf(text, sizeof(text),
		"host total=%" PRIu64 "M dom0=512M\nduration %" PRIu64 "ms\n"
		"random guests=%" PRIu64 " memory=%" PRIu64 "M period=%" PRIu64
		"s faults=%s until=60s\n",
		512 + spare + guests * memory, duration_ms, guests, memory, period, faults);
	snprintf(label, sizeof(label), "random host, policy %s, XENMM_SEED=%" PRIu64,
		mm_policy_name(policy), seed);
	sim_run_open_text(&run, label, text, seed);
	run.cfg.policy = policy;
	sim_run_set(&run, "tax-rate", rates[next(&state) % ARRAY_SIZE(rates)]);
	if (next(&state) % 3 == 0)
		sim_run_set(&run, "reserve", "128M");
	if (next(&state) % 3 == 0) {
		snprintf(budget, sizeof(budget), "%" PRIu64 "M",
			guests * memory * (50 + next(&state) % 100) / 100);
		sim_run_set(&run, "budget", budget);
	}
}

/* Loads and faults until the end. */
static void play_to_end(uint64_t seed, const char *faults)
{
	for (int policy = 0; policy < MM_POLICY_COUNT; policy++) {
		open_host(seed, (enum mm_policy)policy, faults, 60000);
		sim_run_to_end(&run);
		teardown(NULL);
	}
}

static bool is_satisfied(const char *guest)
{
	struct mm_sim_truth truth = sim_run_truth(&run, guest);
	const struct mm_domain *d = mm_snapshot_find(&run.snap, truth.domid);

	/* Up to the dead band, and the noise of its load. */
	return !d || truth.held_kib + 4 * MIB >= truth.need_kib ||
	       truth.held_kib + 4 * MIB >= d->static_max_kib;
}

/*
 * Little is left above hard use, and for need above what is warm, too: then every wobble of a load is
 * worth an answer.
 */
static bool is_scarce(void)
{
	bool has_warmth = run.cfg.policy == MM_POLICY_NEED;
	uint64_t use_kib = 0;

	for (size_t i = 0; i < run.plan.count; i++)
		use_kib += run.plan.entries[i].use_kib +
			   (has_warmth ? run.plan.entries[i].need.warm_kib : 0);
	return run.plan.is_overcommitted ||
	       use_kib + run.plan.count * 32 * MIB > run.plan.budget_kib;
}

/*
 * Loads that end: some minutes later, when what was swapped out is back, everybody has what it needs, if there
 * is enough, and nothing moves.
 */
static void play_to_rest(uint64_t seed, enum mm_policy policy)
{
	uint64_t rest_ms = policy == MM_POLICY_NEED ? REST_NEED_MS : REST_MS;
	uint64_t writes, moved_kib;

	open_host(seed, policy, "off", rest_ms);
	sim_run_set(&run, "probing", "off"); /* which goes on as long as nobody misses anything */
	sim_run_until(&run, rest_ms - 60000);
	writes = run.writes;
	moved_kib = run.moved_kib;
	sim_run_to_end(&run);
	/* Coordinator: starved guests, and the tax that others pay for them, may go round for ever. */
	if (policy != MM_POLICY_COORDINATOR && !is_scarce() &&
		(run.writes - writes > 10 * run.snap.count ||
			run.moved_kib - moved_kib > 8 * MIB * run.snap.count))
		fail_msg("%s: %" PRIu64 " targets, %" PRIu64
			 " KiB in the last minute, without load",
			run.label, run.writes - writes, run.moved_kib - moved_kib);
	for (size_t i = 0; !run.plan.is_overcommitted && i < run.snap.count; i++) {
		const char *guest = run.snap.domains[i].name;

		if (!is_satisfied(guest))
			fail_msg("%s: %s has less than it needs, and there is enough", run.label,
				guest);
	}
	teardown(NULL);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t first_seed(void)
{
	return number_from("XENMM_SEED", 1);
}

static uint64_t last_seed(void)
{
	return getenv("XENMM_SEED") ? first_seed() : number_from("XENMM_HOSTS", HOSTS);
}

static void random_loads(void **state)
{
	(void)state;
	for (uint64_t seed = first_seed(); seed <= last_seed(); seed++)
		play_to_end(seed, "off");
}

static void random_loads_and_faults(void **state)
{
	(void)state;
	for (uint64_t seed = first_seed(); seed <= last_seed(); seed++)
		play_to_end(seed, "on");
}

static void random_loads_come_to_rest(void **state)
{
	(void)state;
	for (uint64_t seed = first_seed(); seed <= last_seed(); seed++)
		for (int policy = 0; policy < MM_POLICY_COUNT; policy++)
			play_to_rest(seed, (enum mm_policy)policy);
}

static void a_long_soak(void **state)
{
	(void)state;
	sim_run_open(&run, "soak.scn", 1);
	sim_run_to_end(&run);
	assert_true(run.rounds > 1000);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(random_loads),
		TEST(random_loads_and_faults),
		TEST(random_loads_come_to_rest),
		TEST(a_long_soak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
