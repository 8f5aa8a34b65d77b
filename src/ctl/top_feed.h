/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where mmctl top has its figures from: asks mmserver, never waits for it, and knows how old the last answer is. A server that
 * is gone is looked for again and again.
 */
#ifndef XENMM_CTL_TOP_FEED_H
#define XENMM_CTL_TOP_FEED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "client.h"

enum mm_top_asked {
	MM_TOP_ASKED_NOTHING,
	MM_TOP_ASKED_STATUS,
	MM_TOP_ASKED_WHY,
	MM_TOP_ASKED_HISTORY
};

struct mm_top_feed {
	struct mm_client client; /* set up by the owner; `why` is made to point to the one here */
	uint64_t delay_ms;	 /* how often it is asked; also set up by the owner */
	char why[512];
	enum mm_top_asked asked;
	bool has_retried;
	char guest[40];		     /* uuid of the guest to know more about, or "" */
	json_t *status;		     /* the last answers; NULL: none yet */
	json_t *history, *decisions; /* of that guest */
	uint64_t answers;	     /* to "status", so far */
	bool is_lost;		     /* the last try failed: `why` */
	uint64_t good_ms; /* when the last status came that told of a new round, monotonic */
	uint64_t rounds;
};

/* Asks for a status, and after it for what concerns feed->guest, unless an answer is still to come. */
void mm_top_feed_ask(struct mm_top_feed *feed, uint64_t now_ms);

/* There is something to read. Returns true when an answer is complete. */
bool mm_top_feed_read(struct mm_top_feed *feed, uint64_t now_ms);

/* Another guest, "" for none: what was known of the last one is forgotten. */
void mm_top_feed_guest(struct mm_top_feed *feed, const char *uuid);

/* Why the figures are old, or NULL while they are not. *ret_age_ms: for how long. */
const char *mm_top_feed_trouble(
	const struct mm_top_feed *feed, uint64_t now_ms, uint64_t *ret_age_ms);

void mm_top_feed_free(struct mm_top_feed *feed);

#endif
