/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What mmctl top shows, taken out of an answer to "status": host, server and a row for each guest; and which rows in which
 * order. Pure: no terminal, no clock.
 */
#ifndef XENMM_CTL_TOP_ROWS_H
#define XENMM_CTL_TOP_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MM_TOP_NAME_MAX	  64
#define MM_TOP_WORD_MAX	  24
#define MM_TOP_HOST_MAX	  65
#define MM_TOP_TEXT_MAX	  144
#define MM_TOP_FILTER_MAX 48

/* Columns, from left to right. */
enum mm_top_column {
	MM_TOP_ID,
	MM_TOP_NAME,
	MM_TOP_STATE,
	MM_TOP_HELD,
	MM_TOP_TARGET,
	MM_TOP_USED,
	MM_TOP_NEED,
	MM_TOP_BAR, /* the parts of its need; no order of its own */
	MM_TOP_STALL,
	MM_TOP_AGE,
	MM_TOP_WHY,
	MM_TOP_COLUMN_COUNT
};

/* What a reason means to somebody who looks for trouble. */
enum mm_top_mood {
	MM_TOP_CALM,
	MM_TOP_BUSY,  /* its target is on its way */
	MM_TOP_WATCH, /* something is not as it should be */
	MM_TOP_ALERT, /* it lacks memory */
};

/* A guest. All texts are printable ASCII. */
struct mm_top_row {
	uint32_t domid;
	char name[MM_TOP_NAME_MAX];
	char uuid[40];
	char state[MM_TOP_WORD_MAX];
	char reason[MM_TOP_WORD_MAX];
	char reason_text[MM_TOP_TEXT_MAX];
	enum mm_top_mood mood;
	bool is_balanced; /* otherwise it has no need to show */
	bool has_used, has_age;
	uint64_t held_kib, target_kib, used_kib;
	uint64_t hard_kib, warm_kib, headroom_kib;
	uint64_t pressure_ppm;
	uint64_t age_ms; /* of its agent's report */
};

struct mm_top_status {
	char host[MM_TOP_HOST_MAX]; /* the server's machine; "": it does not say */
	char version[MM_TOP_WORD_MAX], backend[MM_TOP_WORD_MAX], policy[MM_TOP_WORD_MAX];
	uint64_t interval_ms, rounds, time_ms;
	uint64_t start_ms, round_us; /* 0: the server does not say */
	bool is_dry_run, is_paused, is_overcommitted;
	uint64_t total_kib, free_kib, reserve_kib, reserved_kib, spare_kib, pool_kib, budget_kib;
	struct mm_top_row *rows;
	size_t count;
};

/* Which rows, and in which order. A zeroed one shows all by domain id. */
struct mm_top_order {
	enum mm_top_column column;
	bool is_reverse;
	char filter
		[MM_TOP_FILTER_MAX]; /* what name, state or reason must hold, in any case; "": everything */
};

/*
 * Reads an answer to "status"; members that are missing are 0 or "". Returns 0 with *ret_status, to be freed, or -ENOMEM.
 */
int mm_top_read(const json_t *answer, struct mm_top_status *ret_status);

/* One guest of it. */
void mm_top_read_row(const json_t *guest, struct mm_top_row *ret_row);
void mm_top_status_free(struct mm_top_status *status);

/*
 * Sorts the rows and moves those that the filter hides behind the others. Rows that are equal go by domain id. Returns how
 * many are shown.
 */
size_t mm_top_arrange(struct mm_top_status *status, const struct mm_top_order *order);

uint64_t mm_top_need_kib(const struct mm_top_row *row);

/* The column of that title or key ("HELD", "held", "m"); MM_TOP_COLUMN_COUNT: none, or one without an order. */
enum mm_top_column mm_top_column_named(const char *name);

/* The key that sorts by it ('M'), 0 for a column without an order; and its title. */
char mm_top_column_key(enum mm_top_column column);
const char *mm_top_column_title(enum mm_top_column column);

/* Copies text of an answer: other bytes than printable ASCII become '?', what does not fit is cut. */
void mm_top_copy(char *dst, size_t size, const char *text);

#endif
