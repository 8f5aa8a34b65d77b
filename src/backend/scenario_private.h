/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two halves of the scenario parser share: a line being cut into words and values. */
#ifndef XENMM_SCENARIO_PRIVATE_H
#define XENMM_SCENARIO_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scenario.h"

#define SCN_WORD_MAX  128
#define SCN_COUNT_MAX UINT64_C(1000000)

struct scn_parser {
	struct mm_scenario *scenario;
	const char *line; /* current line, not terminated */
	size_t len;
	size_t pos;
	size_t number;		 /* of the line, from 1 */
	size_t column;		 /* of the current word, from 1 */
	char word[SCN_WORD_MAX]; /* current word, terminated */
	char *err;
	size_t err_size;
};

enum scn_kind {
	SCN_KIND_SIZE,
	SCN_KIND_RATE,
	SCN_KIND_DURATION,
	SCN_KIND_PERCENT,
	SCN_KIND_NUMBER,
	SCN_KIND_TYPE,
	SCN_KIND_AGENT,
	SCN_KIND_BALLOON,
	SCN_KIND_SWITCH,
};

/*
 * One key of a line of key=value. Everything is a number here; the line's owner knows what it
 * means.
 */
struct scn_setting {
	const char *key;
	enum scn_kind kind;
	uint64_t *value;
	bool *has; /* NULL: not asked for */
};

/* Writes "line N, column M: ..." into the parser's err and returns -EINVAL. */
__attribute__((format(printf, 2, 3))) int scn_fail(struct scn_parser *p, const char *format, ...);

/* Next word into p->word: 1, or 0 at the end of the line or at a comment, or -EINVAL. */
int scn_next_word(struct scn_parser *p);

/* The same where one must follow: 0 or -EINVAL. `what` names it in the complaint. */
int scn_need_word(struct scn_parser *p, const char *what);

/* 0 when nothing more stands on the line. */
int scn_expect_end(struct scn_parser *p);

/* The current word as a value. */
int scn_size(struct scn_parser *p, uint64_t *ret_kib);
int scn_duration(struct scn_parser *p, uint64_t *ret_ms);
int scn_number(struct scn_parser *p, uint64_t max, uint64_t *ret_value);

/* All that is left of the line, as key=value. */
int scn_settings(struct scn_parser *p, const struct scn_setting *settings, size_t count);

#endif
