/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A long run under every policy: random loads, all faults that scenarios know, guests that go and come, leases, and
 * servers that are restarted or killed and know nothing any more. The rules of rules.c hold in every round. The seed is
 * drawn and printed; XENMM_SEED repeats it, XENMM_SOAK is the length in virtual seconds (tests/bench/soak.sh: a day),
 * XENMM_SOAK_POLICY one policy alone.
 */
#include "unit/test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "harness.h"
#include "xenmm/units.h"

#define SECONDS_DEFAULT	 1200
#define RESTART_EVERY_MS 600000 /* on average, as the rest */
#define LEASE_EVERY_MS	 120000

/* A scenario has at most 65,536 events; each change of load brings a fault, and its end, in a quarter of cases. */
#define EVENTS_MAX 40000

static struct sim_run run;
static uint64_t seed, seconds;

static int teardown(void **state)
{
	(void)state;
	if (run.backend)
		sim_run_close(&run);
	run.backend = NULL;
	return 0;
}

static uint64_t below(uint64_t *state, uint64_t limit)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*state >> 33) % limit;
}

static void open_host(enum mm_policy policy, uint64_t *random)
{
	uint64_t guests = 4 + below(random, 7);
	uint64_t memory = 192 + 32 * below(random, 6);
	uint64_t spare = 128 * below(random, 8);
	uint64_t period = mm_max_u64(8 + below(random, 16), guests * seconds / EVENTS_MAX + 1);
	char text[256];
	static char label[64];

	snprintf(text, sizeof(text),
		"host total=%" PRIu64 "M dom0=512M\nduration %" PRIu64 "s\n"
		"random guests=%" PRIu64 " memory=%" PRIu64 "M period=%" PRIu64 "s faults=on\n",
		512 + spare + guests * memory, seconds, guests, memory, period);
	snprintf(label, sizeof(label), "soak, policy %s, XENMM_SEED=%" PRIu64,
		mm_policy_name(policy), seed);
	sim_run_open_text(&run, label, text, seed);
	run.cfg.policy = policy;
	if (below(random, 2))
		sim_run_set(&run, "reserve", "128M");
}

static uint64_t soon(uint64_t *random, uint64_t mean_ms)
{
	return mm_sim_stats(run.backend)->now_ms + 1 + below(random, 2 * mean_ms);
}

static void soak(enum mm_policy policy)
{
	uint64_t random = seed;
	uint64_t restart_ms, lease_ms;
	uint64_t restarts = 0, leases = 0;

	open_host(policy, &random);
	restart_ms = soon(&random, RESTART_EVERY_MS);
	lease_ms = soon(&random, LEASE_EVERY_MS);
	while (!run.is_over) {
		uint64_t now_ms = mm_sim_stats(run.backend)->now_ms;

		if (now_ms >= restart_ms) {
			sim_run_restart(&run, below(&random, 2));
			restart_ms = soon(&random, RESTART_EVERY_MS);
			restarts++;
		}
		if (now_ms >= lease_ms) {
			run.reserved_kib = below(&random, 2) ? MIB * below(&random, 512) : 0;
			lease_ms = soon(&random, LEASE_EVERY_MS);
			leases += run.reserved_kib > 0;
		}
		sim_run_round(&run);
	}
	print_message("%s: %" PRIu64 " s, %" PRIu64 " rounds, %" PRIu64 " targets, %" PRIu64
		      " restarts, %" PRIu64 " leases\n",
		run.label, seconds, run.rounds, run.writes, restarts, leases);
	assert_true(run.rounds > seconds / 3);
	sim_run_show(&run);
	teardown(NULL);
}

static void soak_with(enum mm_policy policy)
{
	const char *only = getenv("XENMM_SOAK_POLICY");

	if (only && strcmp(only, mm_policy_name(policy)) != 0)
		skip();
	soak(policy);
}

static void soak_need(void **state)
{
	(void)state;
	soak_with(MM_POLICY_NEED);
}

static void soak_tax(void **state)
{
	(void)state;
	soak_with(MM_POLICY_TAX);
}

static void soak_coordinator(void **state)
{
	(void)state;
	soak_with(MM_POLICY_COORDINATOR);
}

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);
	uint64_t number = otherwise;

	if (text && mm_parse_u64(text, strlen(text), UINT64_MAX, &number))
		fail_msg("%s: '%s' is not a number", variable, text);
	return number;
}

static int choose_seed(void **state)
{
	uint32_t drawn = 1;

	(void)state;
	/* a long soak looks for new trouble; the short one of the tests is always the same */
	if (getenv("XENMM_SOAK") && getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
		return -1;
	seed = number_from("XENMM_SEED", drawn);
	seconds = number_from("XENMM_SOAK", SECONDS_DEFAULT);
	print_message("XENMM_SEED=%" PRIu64 "\n", seed);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(soak_need),
		TEST(soak_tax),
		TEST(soak_coordinator),
	};

	return cmocka_run_group_tests(tests, choose_seed, NULL);
}
