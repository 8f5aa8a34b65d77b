/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --record: the trace of a run. A disk that is full ends the recording, never the balancing. */
#ifndef XENMM_RECORD_H
#define XENMM_RECORD_H

#include <stdio.h>

#include "xenmm/config.h"
#include "xenmm/plan.h"
#include "xenmm/snapshot.h"

/* Zeroed: nothing is recorded. */
struct mm_record {
	const char *path; /* the caller's */
	FILE *out;
};

/* Creates the file, which must not be there, and writes the head. Returns 0 or -errno, and has told why. */
int mm_record_open(struct mm_record *record, const char *path, const struct mm_config *cfg);

/* Settings that hold from now on; a round. Without a file they do nothing. */
void mm_record_settings(struct mm_record *record, const struct mm_config *cfg);
void mm_record_round(
	struct mm_record *record, const struct mm_snapshot *snap, const struct mm_plan *plan);

void mm_record_close(struct mm_record *record);

#endif
