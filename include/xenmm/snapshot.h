/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the world looked like at one instant: the host and its domains. Filled by a back end, read by
 * everything that decides or prints. Plain data; holds nothing that a guest wrote unchecked.
 */
#ifndef XENMM_SNAPSHOT_H
#define XENMM_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/guest_policy.h"
#include "xenmm/guest_proto.h"
#include "xenmm/introspection.h"

#define MM_NAME_MAX 64 /* with the terminator; longer names are cut */
#define MM_UUID_LEN 36

/* Life-cycle state, by what may be done to the domain: only MM_DOM_RUNNING is ever squeezed. */
enum mm_dom_state {
	MM_DOM_RUNNING,
	MM_DOM_BUILDING, /* the toolstack is still making it, or it is being received */
	MM_DOM_PAUSED,
	MM_DOM_SAVING,	/* being saved or migrated away */
	MM_DOM_FOREIGN, /* its toolstack does not let us set its target */
	MM_DOM_DYING,	/* shut down, crashed or being destroyed */
	MM_DOM_STATE_COUNT
};

enum mm_dom_type {
	MM_DOM_PV,
	MM_DOM_HVM, /* PVH or HVM: Xen's list does not tell them apart, and we need not */
	MM_DOM_TYPE_COUNT
};

struct mm_domain {
	uint32_t domid;
	char uuid[MM_UUID_LEN + 1];
	char name[MM_NAME_MAX]; /* printable; other bytes were replaced by '?' */
	enum mm_dom_type type;
	enum mm_dom_state state;
	uint64_t current_kib;	 /* what it holds now: tot_pages */
	uint64_t target_kib;	 /* balloon target; 0: none set yet */
	uint64_t claim_kib;	 /* claimed for it and not filled yet: part of the host's claims */
	uint64_t static_max_kib; /* it can never hold more; 0 unknown */
	uint64_t pod_kib; /* populate-on-demand entries not backed yet: the balloon must catch up */
	struct mm_guest_policy policy; /* its own key; dom0 wrote it */
	struct mm_report report;       /* source MM_SOURCE_NONE: never heard of */
	uint64_t report_ms;	       /* when that report arrived, in the snapshot's time */
	struct mm_seen seen;	       /* from outside; what it says may be the report above */
};

struct mm_host {
	uint64_t total_kib;
	uint64_t free_kib;     /* free and scrubbed, claims not yet subtracted */
	uint64_t claims_kib;   /* outstanding claims of domains being built */
	uint64_t reserved_kib; /* set aside for guests that are about to start (lease.h) */
};

struct mm_snapshot {
	uint64_t now_ms; /* monotonic */
	struct mm_host host;
	struct mm_domain *domains; /* sorted by domid, dom0 not among them */
	size_t count;
	size_t capacity;
};

/* An empty snapshot needs no preparation beyond zeroing; free() releases what it holds and zeroes it. */
void mm_snapshot_free(struct mm_snapshot *snap);

/* Forgets the domains but keeps the memory, so that a steady state allocates nothing. */
void mm_snapshot_clear(struct mm_snapshot *snap);

/* Appends a zeroed domain and returns it through ret_; valid until the next call. Returns 0 or -ENOMEM. */
int mm_snapshot_add(struct mm_snapshot *snap, struct mm_domain **ret_domain);

/* Sorts by domid. Call once after the last add. */
void mm_snapshot_sort(struct mm_snapshot *snap);

/* The domain with that id, or NULL. The snapshot must be sorted. */
const struct mm_domain *mm_snapshot_find(const struct mm_snapshot *snap, uint32_t domid);

/* Copies an untrusted name of len bytes into dst: printable ASCII kept, other bytes and blanks '?'. */
void mm_name_copy(char dst[MM_NAME_MAX], const char *untrusted_name, size_t len);

const char *mm_dom_state_name(enum mm_dom_state state);
const char *mm_dom_type_name(enum mm_dom_type type);

#endif
