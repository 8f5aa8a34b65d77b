/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest, and the host, in a row of figures: what time series and the event stream show of a round. */
#ifndef XENMM_ROW_H
#define XENMM_ROW_H

#include <jansson.h>
#include <stdint.h>

#include "status.h"

#define MM_ROW_NONE UINT64_MAX /* a figure that is not known */

enum mm_row_column {
	MM_ROW_TARGET, /* KiB */
	MM_ROW_HELD,
	MM_ROW_USED, /* total - available, as its agent says */
	MM_ROW_HARD, /* its need in parts ... */
	MM_ROW_WARM,
	MM_ROW_HEADROOM,
	MM_ROW_PRESSURE, /* ... and the share of time for which it waits for memory, ppm */
	MM_ROW_COUNT
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

struct mm_row {
	uint64_t of[MM_ROW_COUNT];
};

struct mm_host_row {
	uint64_t of[MM_HOST_COUNT];
};

/* "target_kib", "total_kib": names of columns, as in every JSON answer. */
const char *mm_row_column_name(enum mm_row_column column);
const char *mm_host_column_name(enum mm_host_column column);

/* The i-th domain of the view's snapshot; the host, with the rows of all its domains. */
struct mm_row mm_row_guest(const struct mm_view *view, size_t i);
struct mm_host_row mm_row_host(const struct mm_view *view, const struct mm_row *rows);

#endif
