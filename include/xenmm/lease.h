/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory set aside for guests that are about to start. Pure: a table of leases, what of each a domain that is
 * being built has taken over, and the answer to "how much, how soon, from whom".
 *
 * A lease is wanted, then granted once the host has the memory free, then used up by the domain that is built out of
 * it, and ends when that domain runs, is released, or expires.
 */
#ifndef XENMM_LEASE_H
#define XENMM_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/plan.h"
#include "xenmm/snapshot.h"

#define MM_LEASE_MAX 64

struct mm_lease {
	uint32_t id;		    /* never 0, never used again by this server */
	uint64_t kib;		    /* asked for */
	uint64_t expires_ms;	    /* back end's clock */
	char name[MM_NAME_MAX];	    /* of the guest it is for; "": the next one that is built */
	uint32_t domid;		    /* the domain that is built out of it; 0: none yet */
	char uuid[MM_UUID_LEN + 1]; /* of that domain */
	bool is_granted;
};

struct mm_leases {
	struct mm_lease rows[MM_LEASE_MAX]; /* oldest first */
	size_t count;
	uint32_t last_id;
	uint64_t seen_ms; /* domains younger than a lease may use it */
};

/* Adds a lease. Returns 0, -ENOSPC (MM_LEASE_MAX of them), -EINVAL (0 KiB). */
int mm_lease_add(struct mm_leases *leases, uint64_t kib, const char *name, uint64_t expires_ms,
	uint32_t *ret_id);

/* Ends a lease. Returns 0 or -ENOENT. */
int mm_lease_release(struct mm_leases *leases, uint32_t id);

const struct mm_lease *mm_lease_find(const struct mm_leases *leases, uint32_t id);

/*
 * Brings the table up to date with a snapshot, before the decision: ends what has expired or is used up, hands leases
 * over to domains that are being built, and sets snap->host.reserved_kib to what is still to be kept.
 */
void mm_lease_update(struct mm_leases *leases, struct mm_snapshot *snap);

/* After the decision: marks as granted, oldest first, what plan->spare_kib holds. */
void mm_lease_grant(struct mm_leases *leases, const struct mm_plan *plan);

/* One guest's part in an answer. */
struct mm_donor {
	uint32_t domid;
	uint64_t kib;
};

struct mm_offer {
	uint64_t now_kib; /* free for it now */
	uint64_t
		possible_kib; /* with what guests could give down to their need, and dying domains still hold */
	uint64_t eta_ms;	 /* estimate until kib could be there; UINT64_MAX: not at all */
	struct mm_donor *donors; /* the largest givers first; caller's array */
	size_t donor_count;
};

/*
 * How much of kib could be had, how soon, and from whom. Changes nothing. donors has room for donor_max; entries
 * beyond are left out.
 */
void mm_lease_offer(const struct mm_snapshot *snap, const struct mm_plan *plan, uint64_t kib,
	struct mm_donor *donors, size_t donor_max, struct mm_offer *ret_offer);

#endif
