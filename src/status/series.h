/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How it went lately: rings of samples for each guest and for the host, fine ones of the last minutes and coarser ones of
 * the last day. Bounded: MM_SERIES_GUESTS rows of guests and no more. Pure: the caller brings the time.
 */
#ifndef XENMM_SERIES_H
#define XENMM_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "row.h"
#include "xenmm/snapshot.h"

/* A guest's rings take 59 kB: 48 MiB for all of them. Who comes when all are taken has no history. */
#define MM_SERIES_GUESTS 850

/* Each level: a step, and as many as reach back over a window that people look at, and the step that is not over. */
#define MM_SERIES_LEVELS  3
#define MM_SERIES_SPAN_MS UINT64_C(86400000) /* of the coarsest */

struct mm_series; /* opaque */

/* An empty one. Returns 0 or -ENOMEM. */
int mm_series_new(struct mm_series **ret_series);

/* NULL allowed. */
void mm_series_free(struct mm_series *series);

/*
 * Takes in a round: `rows` has one for each domain of the snapshot. Without memory for a guest's rings it has no history.
 * The time of snapshots must not fall.
 */
void mm_series_round(struct mm_series *series, const struct mm_snapshot *snap,
	const struct mm_host_row *host, const struct mm_row *rows);

/* What a reader wants. */
struct mm_series_query {
	const char
		*guest;	  /* domid, uuid or name, as mm_decisions_find() takes it; NULL: the host */
	uint64_t back_ms; /* so far back from now_ms */
	int64_t to_wall_ms; /* to be added to that to get the wall clock's */
	uint64_t now_ms;    /* snapshots' time */
};

/*
 * The samples since then, from the finest ring that reaches back that far, as the JSON object of the request "history"
 * (without newline). Returns 0 with *ret_text to be freed by the caller; -ENOENT no such guest; -ENOMEM.
 */
int mm_series_json(const struct mm_series *series, const struct mm_series_query *query,
	char **ret_text, size_t *ret_len);

#endif
