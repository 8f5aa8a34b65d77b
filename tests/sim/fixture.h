/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A simulator without a server, for tests of the simulator itself. */
#ifndef XENMM_TESTS_SIM_FIXTURE_H
#define XENMM_TESTS_SIM_FIXTURE_H

#include <stdint.h>

#include "backend/sim.h"

#define MIB UINT64_C(1024)

extern struct mm_backend *sim;
extern struct mm_snapshot snap;

/* Plays a scenario text; the test's teardown closes it. */
void sim_open(const char *text);
int sim_close(void **state);

/* Virtual time goes on to ms. */
void sim_run_to(uint64_t ms);

/* A guest as it is, and as a sample shows it. */
struct mm_sim_truth sim_truth_of(const char *name);
const struct mm_domain *sim_look(const char *name);

/* Sets its target. */
int sim_set(const char *name, uint64_t kib);

void sim_assert_between(uint64_t value, uint64_t low, uint64_t high);

#endif
