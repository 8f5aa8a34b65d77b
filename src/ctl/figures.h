/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What came of one run: the figures that mmctl simulate prints. Pure arithmetic. */
#ifndef XENMM_CTL_FIGURES_H
#define XENMM_CTL_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm_figures {
	uint64_t need_kib_ms;  /* integral of what the guests need ... */
	uint64_t unmet_kib_ms; /* ... and of the part of it that they do not hold */
	uint64_t kills;	       /* by OOM killers, and by Xen (populate on demand) */
	uint64_t not_started;  /* guests that could not be created for lack of memory, tries */
	uint64_t swapin_kib;
	uint64_t swapout_kib;
	uint64_t refault_kib;	  /* of files, read again */
	uint64_t shortages;	  /* times that a guest held less than it needs */
	uint64_t relief_p50_ms;	  /* how long half of them lasted at most, ... */
	uint64_t relief_p99_ms;	  /* ... and 99 of 100 */
	uint64_t moved_kib;	  /* by balloons, up and down */
	uint64_t targets;	  /* written */
	uint64_t lowest_free_kib; /* of the host */
};

/* How long shortages lasted; a zeroed one is empty. */
struct mm_reliefs {
	uint64_t *lengths_ms;
	size_t count, capacity;
};

/* Returns 0 or -ENOMEM. */
int mm_reliefs_add(struct mm_reliefs *reliefs, uint64_t length_ms);

/* The p-th percentile: so long, or shorter, were p of 100. 0 when there was none. Sorts. */
uint64_t mm_reliefs_percentile(struct mm_reliefs *reliefs, unsigned int percent);

void mm_reliefs_free(struct mm_reliefs *reliefs);

/* Unmet need in parts per million of need. */
uint64_t mm_figures_unmet_ppm(const struct mm_figures *figures);

#endif
