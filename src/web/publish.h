/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The messages of the event stream: one a round, made once for all clients, with what has changed since the one before.
 * Knows nothing of connections. Nothing is made while nobody listens.
 */
#ifndef XENMM_WEB_PUBLISH_H
#define XENMM_WEB_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "body.h"
#include "journal.h"

/* So many messages wait for a client that is slow; then it is let go. */
#define MM_PUBLISH_KEPT 16

/* Decisions in a message, at most: a page shows no more. */
#define MM_PUBLISH_DECISIONS 32

/* What the last message said of a guest. */
struct mm_published_guest {
	uint32_t domid;
	enum mm_reason reason;
	bool has_reason;
	struct mm_row row;
};

struct mm_publisher {
	const struct mm_journal *journal;
	struct mm_published_guest *guests; /* as told last, sorted by domid; NULL: nobody listens */
	size_t count;
	uint64_t round;			       /* that they are of */
	uint64_t decision_seq;		       /* the last decision that was told of */
	uint64_t before_seq;		       /* ... before that round */
	uint64_t noted_seq;		       /* the last decision while nobody listened */
	uint64_t last;			       /* number of the last message; they count from 1 */
	struct mm_body *kept[MM_PUBLISH_KEPT]; /* message n is at n % MM_PUBLISH_KEPT */
	struct mm_body *full; /* the same state in full, for who comes; NULL: not made yet */
	size_t total;	      /* bytes of all of them */
};

/* A round is over: to be called after each, whether somebody listens or not. */
void mm_publisher_note(struct mm_publisher *publisher);

/*
 * Makes the message number publisher->last + 1, if somebody listens and there was a round since the last. Returns 0; 1:
 * there is none; -ENOMEM: its news will be in the next.
 */
int mm_publisher_round(struct mm_publisher *publisher);

/*
 * The message for who comes now: all guests, as of message number publisher->last (mm_publisher_round() comes first). A new reference; NULL without
 * memory.
 */
struct mm_body *mm_publisher_full(struct mm_publisher *publisher);

/* Nobody listens any more. */
void mm_publisher_rest(struct mm_publisher *publisher);

#endif
