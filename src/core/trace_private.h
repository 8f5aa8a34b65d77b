/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reader and writer of traces must agree on, and what the parts of the reader share. */
#ifndef XENMM_TRACE_PRIVATE_H
#define XENMM_TRACE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/config.h"
#include "xenmm/trace.h"

/*
 * Version 2 has rules (G), the domains' own keys (K), reservations (T) and settings that change in between; version 3 what
 * was seen of a domain from outside (S, and the source of that name).
 */
#define TRACE_VERSION	  3
#define TRACE_HEAD_LINE	  "xenmm-trace 3"
#define TRACE_HEAD_PREFIX "xenmm-trace "

/* The longest setting: all exclude patterns. */
#define TRACE_SETTING_MAX (MM_EXCLUDE_MAX * MM_PATTERN_MAX)

/* Whether a byte stands for itself; all others are written as %XX. */
static inline bool mm_trace_is_plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '%';
}

struct mm_trace_reader {
	const char *text;
	size_t len;
	size_t pos;
	size_t number;	      /* of the current line, from 1 */
	unsigned int version; /* of the format */
	struct mm_config cfg; /* in force */
	size_t keyed;	      /* so many domains were there when the last own key was read */
	struct mm_trace_change *changes;
	size_t count, capacity;
	char *err; /* of the call under way */
	size_t err_size;
};

/* A line, cut off word by word from the front. */
struct mm_line {
	const char *text;
	size_t len;
};

/* Writes "line N: ..." for the call under way. Returns -EINVAL. */
__attribute__((format(printf, 2, 3))) int mm_trace_fail(
	struct mm_trace_reader *t, const char *format, ...);

/* Cuts the next line off: 1, or 0 at the end. A last line without its newline was cut short: no line. */
int mm_trace_next_line(struct mm_trace_reader *t, struct mm_line *ret_line);

/* The next word, or an empty one at the end of the line. */
struct mm_line mm_trace_cut_word(struct mm_line *line);

/* The next word with %XX undone, or as a number. `what` names it in a complaint. */
int mm_trace_read_word(
	struct mm_trace_reader *t, struct mm_line *line, const char *what, char *dst, size_t size);
int mm_trace_read_number(struct mm_trace_reader *t, struct mm_line *line, const char *what,
	uint64_t max, uint64_t *ret_value);
int mm_trace_expect_end(struct mm_trace_reader *t, const struct mm_line *line);

/* The rest of a line as a guest's policy. */
int mm_trace_read_policy(
	struct mm_trace_reader *t, const struct mm_line *line, struct mm_guest_policy *ret_policy);

/* trace_seen.c: the line S, nothing for a domain that is not looked into; and its words. */
void mm_trace_write_seen(FILE *out, const struct mm_seen *seen);
int mm_trace_read_seen(struct mm_trace_reader *t, struct mm_line *line, struct mm_seen *ret_seen);

/* Reads the first line into t->version, and that version's defaults into t->cfg. */
int mm_trace_read_version(struct mm_trace_reader *t);

/*
 * Reads the lines of settings and rules that come next, if any, and puts them in force: over the defaults, not
 * over those before, and with the next generation. Returns 0, -EINVAL, or -ENODATA where they break off; t->cfg is
 * as it was then.
 */
int mm_trace_read_settings(struct mm_trace_reader *t);

#endif
