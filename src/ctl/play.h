/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Plays a scenario to its end under settings, as mmserver would, in virtual time. Need is always that of a host
 * without limits (clairvoyant.h), so that no policy is better off by killing what needs memory, or by not letting it
 * start.
 */
#ifndef XENMM_CTL_PLAY_H
#define XENMM_CTL_PLAY_H

#include "backend/scenario.h"
#include "figures.h"
#include "xenmm/config.h"

struct mm_play {
	const char *name; /* for messages */
	const struct mm_scenario *scenario;
	bool has_seed; /* otherwise the scenario's own */
	uint64_t seed;
};

/*
 * Fills *ret_figures, and *ret_bound (need, unmet need and kills alone): the best that could be had with the same
 * settings of budget, reserve and maximum. Returns 0; -ENOMEM; -EINVAL: the scenario's `random` line exceeds a limit;
 * -EPROTO: a rule of the simulated world was broken. err then has one line.
 */
int mm_play(const struct mm_play *play, const struct mm_config *cfg, struct mm_figures *ret_figures,
	struct mm_figures *ret_bound, char *err, size_t err_size);

#endif
