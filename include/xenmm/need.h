/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a guest needs, in four numbers that are shown wherever a decision is explained. Estimated in
 * src/core/need.c from the guest's reports; up at once, down slowly.
 */
#ifndef XENMM_NEED_H
#define XENMM_NEED_H

#include <stdint.h>

struct mm_need {
	uint64_t hard_kib;     /* cannot be given back: what it holds less what is available */
	uint64_t warm_kib;     /* cache, or swapped memory, that is really used again */
	uint64_t headroom_kib; /* for what it may grow by before the next answer */
	uint32_t pressure_ppm; /* share of time for which tasks stall for memory */
};

/* All that it needs, KiB. */
static inline uint64_t mm_need_sum(const struct mm_need *need)
{
	return need->hard_kib + need->warm_kib + need->headroom_kib;
}

#endif
