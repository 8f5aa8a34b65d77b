/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A small world for tests of the decision: guests with a known use and balloons that follow at a given speed.
 * The simulator is the faithful one; this one is simple enough to see through.
 */
#ifndef XENMM_TEST_WORLD_H
#define XENMM_TEST_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "xenmm/decide.h"

#define MIB(n) ((uint64_t)(n)*UINT64_C(1024))
#define GIB(n) ((uint64_t)(n)*UINT64_C(1024) * UINT64_C(1024))

#define WORLD_START_MS UINT64_C(1000000)

struct world_guest {
	uint32_t domid;
	uint64_t use_kib;   /* what it cannot give back */
	uint64_t rate_kib;  /* its balloon's way in a second; 0: stuck */
	int64_t offset_kib; /* held beyond the target when settled */
	bool is_silent;	    /* its agent does not report */
	bool is_liar;	    /* reports nothing available */
	bool has_psi;	    /* its kernel counts stall time: while it holds less than it uses */
	uint64_t stalled_us;
};

struct world {
	struct mm_config cfg;
	struct mm_snapshot snap;
	struct mm_history hist;
	struct mm_plan plan;
	struct world_guest *guests;
	size_t count, capacity;
	size_t writes; /* targets set so far */
};

/* An empty world with default settings, reserve and minimum 0, and that much free memory on the host. */
void world_init(struct world *w, uint64_t free_kib);
void world_free(struct world *w);

/*
 * Adds a PV guest that runs for an hour, settled at what it holds, maximum four times that. Returns its model;
 * world_domain() its domain. Both are valid until the next guest is added.
 */
struct world_guest *world_add(struct world *w, uint32_t domid, uint64_t held_kib, uint64_t use_kib);
struct mm_domain *world_domain(struct world *w, uint32_t domid);
struct world_guest *world_guest(struct world *w, uint32_t domid);

/* The domain is gone; the host has its memory. */
void world_remove(struct world *w, uint32_t domid);

/* Fresh reports of all guests that speak. */
void world_report(struct world *w);

/* Decides a round, which must succeed; changes nothing in the world. */
void world_decide(struct world *w);
const struct mm_plan_entry *world_entry(const struct world *w, uint32_t domid);

/* Sets the targets of the plan; then lets time pass: balloons move, agents report. */
void world_apply(struct world *w);
void world_advance(struct world *w, uint64_t ms);

/* So many rounds of decide, apply and advance. */
void world_run(struct world *w, size_t rounds, uint64_t round_ms);

uint64_t world_held(struct world *w, uint32_t domid);

/* Deterministic random numbers; the seed is XENMM_SEED from the environment, or `fallback`, and is printed. */
uint64_t random_seed(uint64_t fallback);
uint64_t random_below(uint64_t *state, uint64_t limit);

#endif
