/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What decisions.c (what is kept of each guest) and feed.c (what is told of all) share. */
#ifndef XENMM_DECISIONS_PRIVATE_H
#define XENMM_DECISIONS_PRIVATE_H

#include "decisions.h"

struct mm_decided {
	uint64_t seq;
	struct timespec wall;
	enum mm_outcome outcome;
	struct mm_plan_entry entry;
	uint64_t
		told_kib; /* the new target with which it came here; what is not done changes a little since */
	uint64_t budget_kib, spare_kib, available_kib, pool_kib;
	bool is_overcommitted;
};

/* The decision `back` steps before the latest of a guest; NULL: there is none. */
struct mm_decided *mm_decided_newest(const struct mm_decided_guest *guest, size_t back);

/* Puts a decision into the feed, in its place: it may be there already, and have changed. */
void mm_feed_put(struct mm_decisions *decisions, const struct mm_decided_guest *guest,
	const struct mm_decided *decided);

#endif
