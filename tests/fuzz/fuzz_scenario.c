/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scenario files: any bytes either parse or are refused; what parses can be played. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "backend/scenario.h"
#include "backend/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Enough of a run to reach every event of the first seconds; more would only be slow. */
#define PLAY_MS	   3000
#define GUESTS_MAX 200

static void play(const char *text, size_t size)
{
	struct mm_backend_options options = {0};
	struct mm_backend *b;
	char err[200];

	if (mm_sim_open_text("fuzz", text, size, &options, err, sizeof(err), &b) < 0)
		return;
	if (mm_sim_run(b, PLAY_MS) < 0)
		abort(); /* a rule of the simulated world was broken */
	b->ops->close(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct mm_scenario scenario;
	char err[200];
	size_t guests;

	if (mm_scenario_parse(text, size, &scenario, err, sizeof(err)) < 0)
		return 0;
	guests = scenario.guest_count + (scenario.random.is_on ? scenario.random.guests : 0);
	mm_scenario_free(&scenario);
	if (guests <= GUESTS_MAX)
		play(text, size);
	return 0;
}
