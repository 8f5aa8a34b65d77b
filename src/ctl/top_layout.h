/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pages of mmctl top as lines: host and guests, one guest, help. Pure: no terminal, no clock. */
#ifndef XENMM_CTL_TOP_LAYOUT_H
#define XENMM_CTL_TOP_LAYOUT_H

#include <jansson.h>

#include "top_line.h"
#include "top_rows.h"

/* What the status does not say. */
struct mm_top_scene {
	const char *host;    /* this machine's name */
	const char *clock;   /* the status's time, "14:03:22" */
	const char *trouble; /* why the figures are old, or NULL: they are not */
	uint64_t trouble_ms; /* for how long they have been */
	size_t shown;	     /* rows of the status that the filter shows; they come first */
	struct mm_top_order order;
	const char *remark; /* what is typed or was wrong, instead of the sum of guests; or NULL */
};

/* Lines about server, host and all guests. */
void mm_top_head(struct mm_top_page *page, const struct mm_top_status *status,
	const struct mm_top_scene *scene);

/* The titles of the columns, then a line for each row shown. */
void mm_top_list(struct mm_top_page *page, const struct mm_top_status *status,
	const struct mm_top_scene *scene);

/*
 * One guest: `guest` is its object in the status, NULL where it is gone; `history` and `decisions` are answers to "history"
 * and "why", NULL where they have not come. now_ms: the status's time.
 */
void mm_top_detail(struct mm_top_page *page, const json_t *guest, const json_t *history,
	const json_t *decisions, uint64_t now_ms);

void mm_top_help(struct mm_top_page *page);

#endif
