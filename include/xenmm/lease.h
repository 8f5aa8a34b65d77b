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

#define MM_LEASE_MAX	  64
#define MM_LEASE_GONE_MAX 64

/* expires_ms of a lease that ends by other means only. */
#define MM_LEASE_NEVER UINT64_MAX

struct mm_lease {
	uint32_t id;		    /* never 0, never used again by this server */
	uint32_t domid;		    /* the domain that is built out of it; 0: none yet */
	uint64_t kib;		    /* asked for */
	uint64_t left_kib;	    /* of it, what no domain has taken or claimed yet */
	uint64_t expires_ms;	    /* back end's clock; MM_LEASE_NEVER */
	char name[MM_NAME_MAX];	    /* of the guest it is for; "": the next one that is built */
	char uuid[MM_UUID_LEN + 1]; /* of the domain */
	bool is_granted;
	bool is_hopeless; /* more than the host and its guests could give: nothing is taken for it */
};

/* A domain of the last snapshot that was looked at. */
struct mm_lease_seen {
	uint32_t domid;
	char uuid[MM_UUID_LEN + 1];
};

/* A zeroed table is empty. */
struct mm_leases {
	struct mm_lease rows[MM_LEASE_MAX]; /* oldest first */
	size_t count;
	uint32_t last_id;
	uint32_t seen_id;	    /* the last lease when the table was brought up to date last */
	struct mm_lease_seen *seen; /* domains there were then: they began before later leases */
	size_t seen_count, seen_capacity;
	char gone[MM_LEASE_GONE_MAX]
		 [MM_UUID_LEN +
			 1]; /* the last that vanished: one that reboots is none that starts */
	size_t gone_next;
};

/* Ends all leases and releases memory; the ids go on. */
void mm_leases_clear(struct mm_leases *leases);

/* Adds a lease; name NULL or "": for the next guest. Returns 0, -ENOSPC (MM_LEASE_MAX of them), -EINVAL (0 KiB). */
int mm_lease_add(struct mm_leases *leases, uint64_t kib, const char *name, uint64_t expires_ms,
	uint32_t *ret_id);

/* Lets a lease end at another time. Returns 0 or -ENOENT. */
int mm_lease_extend(struct mm_leases *leases, uint32_t id, uint64_t expires_ms);

/* Ends a lease. Returns 0 or -ENOENT. */
int mm_lease_release(struct mm_leases *leases, uint32_t id);

const struct mm_lease *mm_lease_find(const struct mm_leases *leases, uint32_t id);

/*
 * Brings the table up to date with a snapshot, before the decision: ends what has expired or is used up, hands leases
 * over to domains that are being built, and sets snap->host.reserved_kib to what is still to be kept.
 *
 * A lease with a name goes to the domain of that name that is being built, or that is new; one without a name, when it
 * is granted, to the first domain that was not there yet when the lease was first looked at. Oldest first.
 */
void mm_lease_update(struct mm_leases *leases, struct mm_snapshot *snap);

/*
 * Tells the leases that could be had from those that could not at present: for these nobody is squeezed, and nobody
 * waits behind them.
 */
void mm_lease_weigh(
	struct mm_leases *leases, const struct mm_snapshot *snap, const struct mm_plan *plan);

/*
 * After the decision: weighs, and marks as granted, oldest first, what plan->spare_kib holds. A large lease that waits is
 * not overtaken by smaller ones behind it.
 */
void mm_lease_grant(
	struct mm_leases *leases, const struct mm_snapshot *snap, const struct mm_plan *plan);

/* What the leases before that one are still to get, hopeless ones apart; with id 0 all leases. */
uint64_t mm_lease_ahead(const struct mm_leases *leases, uint32_t id);

/*
 * The largest lease that this host could ever grant: with no guest on it, and the reserve kept. Dom0's own
 * memory is taken to stay as it is.
 */
uint64_t mm_lease_limit(const struct mm_snapshot *snap, uint64_t reserve_kib);

/* One guest's part in an answer. */
struct mm_donor {
	uint32_t domid;
	uint64_t kib;
};

struct mm_offer {
	uint64_t now_kib; /* free for it now, at most what was asked for */
	uint64_t
		possible_kib; /* with what guests could give down to their need, and dying domains still hold */
	uint64_t eta_ms; /* estimate until kib could be there; UINT64_MAX: not at all */
	struct mm_donor
		*donors; /* who could give how much, the largest givers first; caller's array */
	size_t donor_count;
};

/*
 * How much of kib could be had behind the `ahead_kib` of other leases, how soon, and from whom. Changes nothing.
 * donors has room for donor_max; smaller givers beyond are left out of the list, not of the sums.
 */
void mm_lease_offer(const struct mm_snapshot *snap, const struct mm_plan *plan, uint64_t ahead_kib,
	uint64_t kib, struct mm_donor *donors, size_t donor_max, struct mm_offer *ret_offer);

#endif
