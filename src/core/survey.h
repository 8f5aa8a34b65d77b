/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One decision while it is being made; its parts do not leave src/core. */
#ifndef XENMM_SURVEY_H
#define XENMM_SURVEY_H

#include "share.h"
#include "xenmm/snapshot.h"

struct mm_decision {
	const struct mm_config *cfg;
	const struct mm_snapshot *snap;
	struct mm_history *hist;
	struct mm_plan *plan;
	struct mm_shares shares;
	uint64_t managed_kib;  /* held, or promised, by all guests that have an agent ... */
	uint64_t aside_kib;    /* ... and the part of it whose guests are left alone just now */
	uint64_t promised_kib; /* targets above what is held, over all domains that are up ... */
	uint64_t building_kib; /* ... and over those in the making */
};

/*
 * Fills a plan entry for every domain, a row of shares for every one that takes part, and the
 * budgets. The tracks of the history must match the snapshot; they are brought up to date.
 */
void mm_survey(struct mm_decision *d);

/*
 * memory_coordinator's rule: thresholds and fixed steps, once an interval; see
 * policy_coordinator.c. Sets wish_kib of every row. What nobody wishes stays with the host.
 */
void mm_policy_coordinator(struct mm_decision *d);

#endif
