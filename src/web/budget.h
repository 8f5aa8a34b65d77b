/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much time the endpoint may take: a tenth. Time that it does not use is saved up to a limit; what it takes too much
 * of it must wait for. Pure: the caller measures.
 */
#ifndef XENMM_WEB_BUDGET_H
#define XENMM_WEB_BUDGET_H

#include <stdint.h>

#define MM_BUDGET_SHARE 10 /* one part in so many */

/* So much can be saved up: 2 s of silence, for a page that starts, or a status of 20,000 guests. */
#define MM_BUDGET_SAVED_US 200000

struct mm_budget {
	int64_t credit_us;
	uint64_t last_us; /* monotonic clock */
};

/* A full one. */
void mm_budget_init(struct mm_budget *budget, uint64_t now_us);

/* It took so long, and it is now_us. */
void mm_budget_spend(struct mm_budget *budget, uint64_t now_us, uint64_t spent_us);

/* How long to wait until there is something to spend again; 0: there is. */
uint64_t mm_budget_wait_us(struct mm_budget *budget, uint64_t now_us);

#endif
