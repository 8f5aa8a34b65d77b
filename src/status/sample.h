/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest, and the host, in a row of figures: what time series and the event stream show of a round. */
#ifndef XENMM_SAMPLE_H
#define XENMM_SAMPLE_H

#include <jansson.h>
#include <stdint.h>

#include "status.h"

#define MM_SAMPLE_NONE UINT64_MAX /* a figure that is not known */

enum mm_sample_column {
	MM_SAMPLE_TARGET, /* KiB */
	MM_SAMPLE_HELD,
	MM_SAMPLE_USED, /* total - available, as its agent says */
	MM_SAMPLE_HARD, /* its need in parts ... */
	MM_SAMPLE_WARM,
	MM_SAMPLE_HEADROOM,
	MM_SAMPLE_PRESSURE, /* ... and the share of time for which it waits for memory, ppm */
	MM_SAMPLE_COUNT
};

enum mm_host_column {
	MM_HOST_TOTAL, /* KiB */
	MM_HOST_FREE,
	MM_HOST_BUDGET,
	MM_HOST_HELD, /* by all guests */
	MM_HOST_USED, /* by all that report */
	MM_HOST_POOL,
	MM_HOST_COUNT
};

struct mm_sample {
	uint64_t of[MM_SAMPLE_COUNT];
};

struct mm_host_sample {
	uint64_t of[MM_HOST_COUNT];
};

/* "target_kib", "total_kib": names of columns, as in every JSON answer. */
const char *mm_sample_column_name(enum mm_sample_column column);
const char *mm_host_column_name(enum mm_host_column column);

/* The i-th domain of the view's snapshot; the host, with the samples of all its domains. */
struct mm_sample mm_sample_guest(const struct mm_view *view, size_t i);
struct mm_host_sample mm_sample_host(const struct mm_view *view, const struct mm_sample *samples);

#endif
