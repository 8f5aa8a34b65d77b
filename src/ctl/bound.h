/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The clairvoyant bound: what could be had at best of the same host, budget, reserve and maxima by somebody who
 * knows everything and moves memory at once. Pure arithmetic; KiB and ms.
 */
#ifndef XENMM_CTL_BOUND_H
#define XENMM_CTL_BOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One guest at one moment, in a world in which memory is never short. */
struct mm_bound_guest {
	bool is_there;	   /* runs, and needs something */
	bool is_fixed;	   /* holds what it was built with, whoever balances */
	uint64_t held_kib; /* fixed: that */
	uint64_t need_kib;
	uint64_t max_kib;      /* it can hold no more */
	uint64_t least_kib;    /* of its need, what must be in memory or in swap */
	uint64_t killable_kib; /* of that, what goes away when its largest program is killed */
	uint64_t swap_kib;
};

/* What the guests may hold together. */
struct mm_bound_host {
	uint64_t total_kib;
	uint64_t dom0_kib;
	uint64_t reserve_kib; /* never handed out to balloons */
	uint64_t budget_kib;  /* -N; 0: none */
	uint64_t start_kib;   /* held when the run began */
	uint64_t created_kib; /* built since, out of the reserve if need be */
	uint64_t outside_kib; /* held by guests that the budget does not count, and above targets */
};

struct mm_bound {
	uint64_t need_kib_ms;  /* integral of need ... */
	uint64_t unmet_kib_ms; /* ... and of the least part of it that cannot be held */
	uint64_t overfull_ms;  /* for so long more has been needed than memory and swap hold */
};

/*
 * Together no more than -N (where that is set) and than the host has beside dom0 and the reserve; but what they held
 * when the run began, and what the toolstack built since, no policy can be blamed for.
 */
uint64_t mm_bound_capacity(const struct mm_bound_host *host);

/* The least possible unmet need at one moment. */
uint64_t mm_bound_unmet(const struct mm_bound_guest *guests, size_t count, uint64_t capacity_kib);

/*
 * Adds `ms` of that state of things. When for 100 ms memory and swap together have not held what must be held, returns
 * the guest whose largest program must die: the one that makes most room, so that as few die as possible. Otherwise
 * `count`.
 */
size_t mm_bound_add(struct mm_bound *bound, const struct mm_bound_guest *guests, size_t count,
	uint64_t capacity_kib, uint64_t ms);

#endif
