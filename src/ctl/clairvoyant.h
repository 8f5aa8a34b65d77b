/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The world beside the one that is balanced: the same scenario and seed on a host without limits. It says what each guest
 * needs at any time, whoever balances, and what the clairvoyant could do. Programs die in it where even that could
 * not have saved them: too large for their guest, or all together for the host's memory and the guests' swap.
 */
#ifndef XENMM_CTL_CLAIRVOYANT_H
#define XENMM_CTL_CLAIRVOYANT_H

#include "backend/sim.h"
#include "bound.h"
#include "figures.h"
#include "xenmm/config.h"

struct mm_clairvoyant {
	struct mm_backend *world;
	const struct mm_config *cfg;   /* the caller's */
	struct mm_bound_guest *guests; /* as they are now, by place in the scenario */
	size_t count;
	struct mm_bound_host host;
	struct mm_bound bound;
	size_t next_event;
};

/* Errors as mm_sim_open_scenario(). After success or failure mm_clairvoyant_close() frees what there is. */
int mm_clairvoyant_open(const char *name, const struct mm_scenario *scenario,
	const struct mm_backend_options *options, const struct mm_config *cfg, char *err,
	size_t err_size, struct mm_clairvoyant *ret);

/* On to now_ms. Returns 0 or -EPROTO (mm_sim_error() of its world). */
int mm_clairvoyant_run(struct mm_clairvoyant *c, uint64_t now_ms);

/* Need, unmet need and kills so far; the other figures have no meaning here and are 0. */
struct mm_figures mm_clairvoyant_figures(const struct mm_clairvoyant *c);

void mm_clairvoyant_close(struct mm_clairvoyant *c);

#endif
