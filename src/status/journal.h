/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What mmserver knows of itself and keeps to show it: the last round, decisions, history, and how long rounds took. Fed by the
 * loop, read by all that answer: the control socket, the HTTP endpoint.
 */
#ifndef XENMM_JOURNAL_H
#define XENMM_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "decisions.h"
#include "row.h"
#include "series.h"
#include "status.h"
#include "timing.h"

/* What is answered where the one who asks does not say how much. */
#define MM_HISTORY_DEFAULT_MS INT64_C(300000)
#define MM_FEED_DEFAULT	      100u

struct mm_journal {
	struct mm_view view; /* set up by the owner, but for start, wall, rounds and is_paused */
	bool is_kept;	     /* somebody can ask: otherwise rounds leave nothing behind */
	struct mm_decisions decisions;
	struct mm_series *series; /* NULL: there was no memory for it */
	struct mm_timing timing;
	struct mm_row *rows; /* of the last round, in the snapshot's order: row_count of them */
	size_t row_count, row_capacity;
};

/* Prepares for rounds that are kept; view is set up by the caller. Without memory some of it is not kept. */
void mm_journal_open(struct mm_journal *journal);
void mm_journal_free(struct mm_journal *journal);

/* A round's decisions, before they are applied. `wall`: the wall clock's time of the snapshot. */
void mm_journal_decided(struct mm_journal *journal, const struct timespec *wall);

/* The target of that domain could not be set. */
void mm_journal_refused(struct mm_journal *journal, uint32_t domid);

/*
 * Answers to what both the control socket and the HTTP endpoint are asked, as new references; NULL without memory.
 * *ret_found is false where there is no such guest; the answer says so then.
 */
json_t *mm_journal_domain(const struct mm_journal *journal, const char *guest, bool *ret_found);
json_t *mm_journal_decisions(const struct mm_journal *journal, const char *guest,
	uint64_t since_seq, size_t max, bool *ret_found);

/*
 * The figures of a guest (NULL: of the host) as text, since a time of the wall clock, or where since_ms < 0 that long ago.
 * Returns 0 with *ret_text, which the caller frees; -ENOENT no such guest; -ENOMEM.
 */
int mm_journal_history(const struct mm_journal *journal, const char *guest, int64_t since_ms,
	char **ret_text, size_t *ret_len);

/* A guest's row of the status; null when it is gone. */
json_t *mm_journal_row(const struct mm_journal *journal, const struct mm_decided_guest *guest);

/* {"ok":true,"version":1} and {"ok":false,"version":1,"error":error}. */
json_t *mm_answer_ok(void);
json_t *mm_answer_error(const char *error);
json_t *mm_answer_no_guest(const char *guest);

#endif
