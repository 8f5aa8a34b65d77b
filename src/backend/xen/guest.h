/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One guest as we know it from the store: its name, target, static maximum and what its agents
 * said. Kept from round to round; read again only where a watch fired.
 */
#ifndef XENMM_XEN_GUEST_H
#define XENMM_XEN_GUEST_H

#include "events.h"
#include "policy_key.h"
#include "state.h"
#include "store.h"
#include "backend/inside.h"
#include "xenmm/source.h"

struct mm_guest {
	uint32_t domid;
	uint32_t serial; /* of this record; tokens carry it */
	char uuid[MM_UUID_LEN + 1];
	xen_domain_handle_t handle; /* the uuid's bytes, to compare with Xen's list */
	bool is_hvm;

	bool is_watched;   /* all watches are registered ... */
	uint64_t boxed_ms; /* ... except the guest's own, left out until then because of a flood; 0:
			      no */
	unsigned int initial; /* bit per watch: its first event, which only tells of our
				 registration, is due */
	struct mm_flood flood;

	unsigned int dirty;		      /* MM_DIRTY_*: to be read */
	uint64_t written_ms[MM_SOURCE_COUNT]; /* last write of a source that an event told of; 0:
						 none did */

	char name[MM_NAME_MAX];
	bool is_incoming, is_away; /* by its name, which may be longer than what we keep */
	bool has_target, had_target;
	uint64_t target_kib, static_max_kib;
	uint64_t foreign_ms;   /* until then its toolstack is left to set its target; 0: not */
	uint64_t videoram_kib; /* HVM: libxl takes it off a requested target */
	struct mm_suspend suspend;
	struct mm_agent agent;
	struct mm_inside *inside; /* NULL: nobody looks into guests */
	struct mm_witness witness;
	bool is_left_alone;	/* by the settings, at the last check ... */
	uint64_t check_ms;	/* ... which was then; 0: none yet */
	bool has_difference;	/* between agent and kernel, to be told ... */
	uint64_t difference_ms; /* ... and when one was told last; 0: never */
	uint64_t peek_ms;	/* when its record was last read before a round was called */

	struct mm_policy_key policy_key;

	bool has_keys;	  /* memory/free and memory/tot are there and the guest's */
	uint64_t keys_ms; /* when to try to make them again */
	bool is_pod_done; /* populate on demand is over, see pod_kib() */
};

/* A fresh record, all dirty; NULL without memory. */
struct mm_guest *mm_guest_new(uint32_t domid, const xen_domain_handle_t handle, uint32_t serial);

/* Removes its watches and frees it. NULL allowed. */
void mm_guest_free(struct mm_guest *guest, struct mm_store *store);

/* Registers whatever watch is missing; after a flood, when its time is over. */
int mm_guest_watch(struct mm_guest *guest, struct mm_store *store, uint64_t now_ms);

/* The watches were lost with the connection. */
void mm_guest_forget_watches(struct mm_guest *guest);

/*
 * Takes note of an event. Returns whether it deserves a round. May put the guest's own watches away
 * for a while (see mm_flood_count()).
 */
bool mm_guest_event(struct mm_guest *guest, struct mm_store *store, enum mm_watch watch,
	const char *path, uint64_t now_ms);

/*
 * Reads what is dirty, each key at most once. What could not be read stays as it was. Only a lost
 * connection is an error: -ENOTCONN.
 */
int mm_guest_refresh(struct mm_guest *guest, struct mm_store *store, uint64_t now_ms);

/*
 * keys.c: creates memory/free and memory/tot below the guest's directory, owned by the guest and
 * closed to others, or repairs their permissions. Does nothing for a guest that is gone. Returns 0,
 * -ENOENT (not built yet, or gone), -EAGAIN (the store was too busy; later again) or another
 * -errno.
 */
int mm_guest_make_keys(struct mm_store *store, uint32_t domid);

/*
 * keys.c: whether a node is dom0's, and nobody else may write it. Returns 1 or 0, or a -errno as the store's calls do.
 */
int mm_guest_is_dom0s(struct mm_store *store, const char *path);

#endif
