/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Probes for many guests: starts them, few at a time, asks each at its interval, keeps the newest sample, and starts those
 * that ended again, later each time. For services with an event loop; never blocks, has no clock and no log.
 */
#ifndef XENMM_PROBE_FLEET_H
#define XENMM_PROBE_FLEET_H

#include "probe/probe.h"
#include "xenmm/snapshot.h"

/* The longest pause before a guest is tried again; where a try takes long, 50 times as long as that. */
#define MM_FLEET_RETRY_MAX_MS (5 * 60 * 1000)

struct mm_fleet;

/* One guest that shall be watched. Strings are copied. */
struct mm_fleet_want {
	struct mm_probe_target target;
	const char *uuid; /* of the domain; any name for a file */
	bool with_processes;
	uint64_t interval_ms; /* from one question to the next; at least 100 */
};

/* What is known of one. Pointers hold until the next call that takes the fleet without const. */
struct mm_fleet_view {
	const struct mm_sample *sample;	  /* the newest good one; NULL: none yet */
	const struct mm_sample *previous; /* the one before, for rates; NULL: none */
	uint64_t age_ms;		  /* of the newest */
	enum mm_vmi_reason
		reason; /* MM_VMI_OK: it is being watched; otherwise why the last try failed */
	int error; /* when it was the probe that failed: -EPIPE, -ETIMEDOUT, -EPROTO, -ENOENT ...; 0 */
	bool has_tried;	   /* false: the first answer is still to come */
	uint32_t failures; /* in a row */
	uint64_t retry_ms; /* when it is tried again; 0: it is running, or waits for its turn */
};

/*
 * At most `bootstraps` guests are looked into for the first time at once (1 or 2: each takes CPU time), and at most `processes_max`
 * processes are kept in all (each takes 100 bytes, in two samples): a sample beyond is kept without its list, and is partial. 0 or -errno.
 */
int mm_fleet_new(unsigned bootstraps, size_t processes_max, struct mm_fleet **ret_fleet);

/* Kills all probes. NULL allowed. */
void mm_fleet_free(struct mm_fleet *fleet);

/*
 * From now on these, and no others: probes of guests that are not named any more are killed, their samples dropped. A guest
 * is the same while its uuid, domid and file are. Returns 0 or -ENOMEM (then some of them may be missing).
 */
int mm_fleet_update(
	struct mm_fleet *fleet, const struct mm_fleet_want *wants, size_t count, uint64_t now_ms);

/* Readable when mm_fleet_run() has something to take in. One descriptor, whatever the number of guests. */
int mm_fleet_fd(const struct mm_fleet *fleet);

/* Does what is due: takes answers, asks, starts, gives up. Returns when to call it next at the latest; UINT64_MAX: no need. */
uint64_t mm_fleet_run(struct mm_fleet *fleet, uint64_t now_ms);

/* Returns 0 or -ENOENT: not watched. */
int mm_fleet_look(const struct mm_fleet *fleet, const char *uuid, uint64_t now_ms,
	struct mm_fleet_view *ret_view);

#endif
