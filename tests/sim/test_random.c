/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random hosts, loads and faults: the rules of every round hold, and nobody dies who could be helped. */
#include "unit/test.h"

#include <inttypes.h>
#include <stdlib.h>

#include "harness.h"

#define HOSTS 120

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
static void play(uint64_t seed, const char *faults)
{
	static const char *const rates[] = {"AUTO", "0.0", "0.5", "0.75", "1.0"};
	uint64_t state = seed;
	uint64_t guests = 1 + next(&state) % 9;
	uint64_t memory = 160 + 32 * (next(&state) % 8);
	uint64_t spare = 64 * (next(&state) % 12);
	uint64_t period = 2 + next(&state) % 15;
	char text[256], label[64], budget[32];

	snprintf(text, sizeof(text),
		"host total=%" PRIu64 "M dom0=512M\nduration 120s\n"
		"random guests=%" PRIu64 " memory=%" PRIu64 "M period=%" PRIu64 "s faults=%s\n",
		512 + spare + guests * memory, guests, memory, period, faults);
	snprintf(label, sizeof(label), "random host, XENMM_SEED=%" PRIu64, seed);
	sim_run_open_text(&run, label, text, seed);
	sim_run_set(&run, "tax-rate", rates[next(&state) % ARRAY_SIZE(rates)]);
	if (next(&state) % 3 == 0)
		sim_run_set(&run, "reserve", "128M");
	if (next(&state) % 3 == 0) {
		snprintf(budget, sizeof(budget), "%" PRIu64 "M",
			guests * memory * (50 + next(&state) % 100) / 100);
		sim_run_set(&run, "budget", budget);
	}
	sim_run_to_end(&run);
	teardown(NULL);
}

static void play_all(const char *faults)
{
	const char *one = getenv("XENMM_SEED");

	if (one) {
		play(strtoull(one, NULL, 10), faults);
		return;
	}
	for (uint64_t seed = 1; seed <= HOSTS; seed++)
		play(seed, faults);
}

static void random_loads(void **state)
{
	(void)state;
	play_all("off");
}

static void random_loads_and_faults(void **state)
{
	(void)state;
	play_all("on");
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
		TEST(a_long_soak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
