/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The data logs that administrators plot: one file for each guest and run, never overwritten, in
 * columns for gnuplot.
 */
#ifndef XENMM_DATALOG_H
#define XENMM_DATALOG_H

#include <stdint.h>
#include <time.h>

#include "xenmm/plan.h"
#include "xenmm/snapshot.h"

struct mm_datalog; /* opaque */

/*
 * A log into directory `dir`; nothing is written before the first row. The run's number of the day
 * is read off the files that are there. Returns 0 or -ENOMEM. A directory that cannot be used is
 * reported when rows are written, and tried again.
 */
int mm_datalog_new(const char *dir, const struct timespec *start, struct mm_datalog **ret_log);

/*
 * Makes the directory if it is missing, and warns where nothing can be written into it: long before the
 * first guest reports, while whoever started us still looks.
 */
void mm_datalog_probe(struct mm_datalog *log, uint64_t now_ms);

/* Closes all files. NULL allowed. */
void mm_datalog_free(struct mm_datalog *log);

/*
 * A row for each guest that has reported, where its target or what it holds has changed, or
 * `every_ms` have passed. `wall` is the wall clock's time of the snapshot. Trouble is logged, and
 * stops nothing.
 */
void mm_datalog_write(struct mm_datalog *log, const struct mm_snapshot *snap,
	const struct mm_plan *plan, const struct timespec *wall, uint64_t every_ms);

#endif
