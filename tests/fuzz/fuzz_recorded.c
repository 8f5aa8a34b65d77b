/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Traces as scenarios: what parses can be played, on the host as it was and on one without limits. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "backend/sim.h"
#include "recorded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PLAY_MS	   3000
#define GUESTS_MAX 200

static void play(const struct mm_scenario *scenario, bool is_ample)
{
	struct mm_backend_options options = {0};
	struct mm_backend *b;
	char err[200];

	if (mm_sim_open_scenario("fuzz", scenario, &options, err, sizeof(err), &b) < 0)
		abort(); /* a trace has no `random` line, which alone may exceed a limit */
	if (is_ample)
		mm_sim_make_ample(b);
	if (mm_sim_run(b, PLAY_MS) < 0)
		abort(); /* a rule of the simulated world was broken */
	b->ops->close(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_scenario scenario;
	struct mm_config cfg;
	char err[200];

	if (mm_recorded_scenario((const char *)data, size, &scenario, &cfg, err, sizeof(err)) < 0)
		return 0;
	if (scenario.guest_count <= GUESTS_MAX) {
		play(&scenario, false);
		play(&scenario, true);
	}
	mm_scenario_free(&scenario);
	return 0;
}
