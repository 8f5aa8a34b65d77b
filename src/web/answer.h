/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is answered: bodies, from what mmserver knows. What everybody asks for (the status, the metrics, the first xenmm's
 * array) is built once a round at most, and on a very large host less often: a tenth of the time goes into each.
 */
#ifndef XENMM_WEB_ANSWER_H
#define XENMM_WEB_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "body.h"
#include "journal.h"
#include "metrics.h"
#include "route.h"

/* Bodies of earlier rounds that slow clients have not read yet, in all; with more, requests are turned away. */
#define MM_ANSWERS_BYTES ((size_t)32 * 1024 * 1024)

/* Codes of answers that are counted, each in a row of its own. */
#define MM_ANSWERS_CODES 16

/* One that is kept until the next round. */
struct mm_kept_answer {
	struct mm_body *body;
	uint64_t round, built_us, cost_us;
};

struct mm_answers {
	const struct mm_journal *journal;
	struct mm_kept_answer list, status, metrics, open_metrics;
	size_t bytes; /* of all bodies that are still referenced */
	uint64_t event_streams;
	struct mm_http_count codes[MM_ANSWERS_CODES];
	size_t code_count;
};

struct mm_answer {
	unsigned status;
	const char *type;
	struct mm_body *body; /* a reference of the caller's */
};

/*
 * The answer to a route that is neither a file nor the event stream. Returns 0; -ENOMEM; -EBUSY: too much waits to be
 * read.
 */
int mm_answers_get(
	struct mm_answers *answers, const struct mm_route *route, struct mm_answer *ret_answer);

/* {"ok":false,"version":1,"error":text}. Returns 0 or -ENOMEM. */
int mm_answers_refuse(struct mm_answers *answers, unsigned status, const char *text,
	struct mm_answer *ret_answer);

/* An answer with that status was sent. */
void mm_answers_count(struct mm_answers *answers, unsigned status);

/* What is kept; references of others stay valid. */
void mm_answers_free(struct mm_answers *answers);

#endif
