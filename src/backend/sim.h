/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The simulator beyond the back end's calls: opening a scenario from memory, and the figures it keeps. For
 * tests and for programs that compare policies.
 */
#ifndef XENMM_BACKEND_SIM_H
#define XENMM_BACKEND_SIM_H

#include <stddef.h>
#include <stdint.h>

#include "scenario.h"
#include "xenmm/backend.h"
#include "xenmm/snapshot.h"

/* The scenario that --backend=sim plays without a file. */
extern const char mm_sim_builtin_scenario[];

/* What one guest went through, over all its lives. */
struct mm_sim_guest_stats {
	uint64_t swapout_pages;
	uint64_t swapin_pages;
	uint64_t refault_pages; /* of files, read again after they were thrown out */
	uint64_t oom_kills;
	uint64_t crashes;      /* touched more than Xen had backed (populate on demand) */
	uint64_t need_kib_ms;  /* integral of need ... */
	uint64_t unmet_kib_ms; /* ... and of the part of it that it did not hold */
	uint64_t shortages;    /* times it held less than it needed */
	uint64_t relief_ms; /* sum of their lengths, and the longest; both with the one under way */
	uint64_t relief_max_ms;
	uint64_t grown_kib; /* moved by its balloon */
	uint64_t shrunk_kib;
	uint64_t targets; /* written for it */
};

#define MM_SIM_RELIEFS_MAX 1024

struct mm_sim_stats {
	uint64_t seed;
	uint64_t now_ms;
	uint64_t steps;
	uint64_t samples;
	uint64_t targets;	   /* accepted ... */
	uint64_t refused;	   /* ... and not */
	uint64_t creations_failed; /* the host had no memory for a new guest */
	uint64_t lowest_free_kib;
	/* How long each shortage lasted that ended; the first MM_SIM_RELIEFS_MAX. */
	uint64_t reliefs_ms[MM_SIM_RELIEFS_MAX];
	size_t relief_count;
};

/* How a guest really is, whatever its agent says. */
struct mm_sim_truth {
	bool is_there;
	uint32_t domid;
	enum mm_dom_state state;
	uint64_t held_kib;
	uint64_t target_kib;
	uint64_t free_kib;
	uint64_t avail_kib;
	uint64_t anon_kib;
	uint64_t swapped_kib;
	uint64_t cache_kib;
	uint64_t hard_kib;  /* the kernel's part and what its programs hold or wait for */
	uint64_t need_kib;  /* what it would hold if it had all it asks for */
	uint64_t least_kib; /* of that, what must be in memory or in swap, or something is killed */
	uint64_t killable_kib; /* what a kill would take away from that */
};

/* Opens a scenario held in memory; `name` is for messages. Otherwise as mm_backend_open(). */
int mm_sim_open_text(const char *name, const char *text, size_t len,
	const struct mm_backend_options *options, char *err, size_t err_size,
	struct mm_backend **ret_backend);

/* The same with a scenario that is data already; it is copied. */
int mm_sim_open_scenario(const char *name, const struct mm_scenario *scenario,
	const struct mm_backend_options *options, char *err, size_t err_size,
	struct mm_backend **ret_backend);

/*
 * Makes the host one without limits, right after opening: every guest holds its maximum all the time, and all that
 * are to be created are. What guests ask for is the same in every run of a scenario and seed, until
 * something in them is killed; this run shows it.
 */
void mm_sim_make_ample(struct mm_backend *b);

/* The OOM killer comes to guest i, which is there. */
void mm_sim_kill(struct mm_backend *b, size_t i);

/* Called after every step of virtual time. */
typedef void mm_sim_step_fn(struct mm_backend *b, void *arg);
void mm_sim_on_step(struct mm_backend *b, mm_sim_step_fn *fn, void *arg);

/* Moves the world on without a server: virtual time to until_ms, through every event. 0 or -EPROTO. */
int mm_sim_run(struct mm_backend *b, uint64_t until_ms);

/* The figures so far. b must be a simulator. */
const struct mm_sim_stats *mm_sim_stats(const struct mm_backend *b);

/* Guests by place in the scenario: how many, the name, the figures (NULL past the last). */
size_t mm_sim_guest_count(const struct mm_backend *b);
const char *mm_sim_guest_name(const struct mm_backend *b, size_t i);
const struct mm_sim_guest_stats *mm_sim_guest_stats(const struct mm_backend *b, size_t i);

/* The scenario that is played, with what `random` added; and guest i as it really is. i < the count. */
const struct mm_scenario *mm_sim_scenario(const struct mm_backend *b);
struct mm_sim_truth mm_sim_truth_at(const struct mm_backend *b, size_t i);

/* The guest of that name; 0 or -ENOENT when the scenario has none. */
int mm_sim_truth(const struct mm_backend *b, const char *name, struct mm_sim_truth *ret_truth);

/* The broken rule of the simulated world after -EPROTO, else "". */
const char *mm_sim_error(const struct mm_backend *b);

/* The p-th percentile of the shortages' lengths, 0 when there was none. */
uint64_t mm_sim_relief_percentile(const struct mm_sim_stats *stats, unsigned int percent);

#endif
