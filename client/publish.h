/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Brings samples to dom0, through whatever happens to xenstore: it is not there yet, it restarts,
 * the quota is used up, the domain is moved to another host. Each trouble is one log line and a
 * retry with back-off.
 */
#ifndef XENMM_CLIENT_PUBLISH_H
#define XENMM_CLIENT_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "store.h"
#include "xenmm/guest_proto.h"

/* What came in from the store; mm_publisher_events() returns a set of these. */
#define MM_EVENT_LOST	1U /* the domain was restored or moved, or the connection lost: write again */
#define MM_EVENT_TARGET 2U /* dom0 wrote the balloon's target: it will move now */

struct mm_backoff {
	uint64_t delay_ms;    /* 0: no trouble */
	uint64_t retry_at_ms; /* not before */
};

/* The two keys of the first xenmm, which only dom0 can make. */
struct mm_seed_keys {
	bool is_waiting; /* they are not there, and watched */
	bool is_written; /* the two values below are in the store */
	uint64_t free_kib;
	uint64_t total_kib;
	uint64_t written_ms;
	struct mm_backoff backoff;
};

struct mm_publisher {
	bool is_dry_run; /* print instead */
	struct mm_store *store;
	bool is_watching; /* the first event of our watches, which only says that they are set, came */
	struct mm_report last; /* as published */
	uint64_t seq;
	struct mm_backoff backoff;
	int error;	    /* of the last attempt */
	uint64_t failures;  /* in a row */
	uint64_t logged_ms; /* when trouble was last logged */
	struct mm_seed_keys seed;
};

void mm_publisher_init(struct mm_publisher *publisher, bool is_dry_run);
void mm_publisher_close(struct mm_publisher *publisher);

/*
 * Writes the record, with the next sequence number, then the two old keys where they exist and have
 * changed. Only the record decides about success. Returns 0, -EAGAIN while it waits for a retry, or
 * the error of this attempt.
 */
int mm_publisher_publish(
	struct mm_publisher *publisher, const struct mm_report *report, uint64_t now_ms);

/* When a failed publish is due again; UINT64_MAX when all is well. */
uint64_t mm_publisher_retry_ms(const struct mm_publisher *publisher);

/* The descriptor that is readable when events wait; -1 for none. */
int mm_publisher_fd(const struct mm_publisher *publisher);

/* Takes all waiting events. When dom0 has made the old keys it writes them, from the last report. */
unsigned int mm_publisher_events(struct mm_publisher *publisher, uint64_t now_ms);

#endif
