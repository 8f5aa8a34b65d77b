/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's own clock, for how long things take; what is decided goes by the back end's. */
#ifndef XENMM_CLOCK_H
#define XENMM_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t mm_clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

#endif
