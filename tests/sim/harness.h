/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs mm_decide() against the simulator as mmserver does, in virtual time, and checks in every round what no
 * plan may break. A broken rule fails the running test with scenario, seed, time and domain.
 */
#ifndef XENMM_TESTS_SIM_HARNESS_H
#define XENMM_TESTS_SIM_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "backend/sim.h"
#include "xenmm/decide.h"

#define MIB UINT64_C(1024)

struct sim_run {
	const char *label;
	uint64_t seed;
	struct mm_backend *backend;
	struct mm_config cfg; /* to be set before the first round */
	struct mm_snapshot snap;
	struct mm_history hist;
	struct mm_plan plan;
	uint64_t reserved_kib; /* set aside for guests that are about to start */
	FILE *record;	       /* NULL, or where each round is traced */
	uint64_t rounds;
	uint64_t writes;    /* targets, ... */
	uint64_t moved_kib; /* ... and by how much they differed from the ones before */
	uint64_t overcommitted_rounds;
	bool is_over; /* the scenario has ended */
};

/* A file of tests/sim/scenarios, or a text; settings are the defaults with reserve 0, and the policy of XENMM_POLICY. */
void sim_run_open(struct sim_run *run, const char *file, uint64_t seed);
void sim_run_open_text(struct sim_run *run, const char *label, const char *text, uint64_t seed);
void sim_run_close(struct sim_run *run);

/* One setting, as on the command line. */
void sim_run_set(struct sim_run *run, const char *name, const char *value);

/* One round and the wait after it. */
void sim_run_round(struct sim_run *run);

/* The server is gone and comes back: with safe targets when it was told to stop, without when it was killed. */
void sim_run_restart(struct sim_run *run, bool is_killed);

/* Rounds until virtual time has reached ms, or the scenario's end. */
void sim_run_until(struct sim_run *run, uint64_t ms);
void sim_run_to_end(struct sim_run *run);

/* ---- what became of a guest ------------------------------------------------------------------- */

struct mm_sim_truth sim_run_truth(const struct sim_run *run, const char *guest);
const struct mm_sim_guest_stats *sim_run_stats(const struct sim_run *run, const char *guest);

/* The last plan's entry for a guest that is there. */
const struct mm_plan_entry *sim_run_entry(const struct sim_run *run, const char *guest);

/* Prints the figures when the environment has XENMM_VERBOSE. */
void sim_run_show(struct sim_run *run);

#endif
