/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What mmserver knows, in the form that Prometheus reads: text format 0.0.4, or OpenMetrics 1.0. One table of families
 * (metrics.c) drives both. Built from what the last round left behind; asks nobody.
 */
#ifndef XENMM_METRICS_H
#define XENMM_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm_journal;

#define MM_METRICS_TEXT_TYPE	     "text/plain; version=0.0.4; charset=utf-8"
#define MM_METRICS_OPEN_METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* How many answers had that status code. */
struct mm_http_count {
	unsigned code;
	uint64_t count;
};

/* Everything that metrics are built from. All are the caller's and only read. */
struct mm_metrics_view {
	const struct mm_journal *journal;
	uint64_t event_streams;		      /* that are open now */
	const struct mm_http_count *requests; /* each code once, in any order */
	size_t request_count;
};

/*
 * The metrics as text, terminated; *ret_len is its length. To be freed by the caller. NULL without memory, and *ret_len is
 * not touched then. What is not known of a guest has no sample. Two domains of one uuid (a migration within the host) are
 * told apart by nothing: the one that runs is shown.
 */
char *mm_metrics_text(const struct mm_metrics_view *view, bool is_open_metrics, size_t *ret_len);

#endif
