/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words of a URL, percent-decoded, and a Host header's. Pure; what comes in is hostile. */
#ifndef XENMM_WEB_QUERY_H
#define XENMM_WEB_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/* No parameter's name or value is longer, decoded. */
#define MM_QUERY_WORD_MAX 128

struct mm_query_pair {
	char name[MM_QUERY_WORD_MAX];
	char value[MM_QUERY_WORD_MAX];
};

/*
 * Decodes `len` bytes into a terminated text; with is_form a '+' is a space. Returns 0, or -EINVAL: a '%' without two hex
 * digits, a byte that is not printable ASCII (no name of ours has one), or more than size - 1 bytes.
 */
int mm_query_decode(const char *text, size_t len, bool is_form, char *ret, size_t size);

/*
 * Takes the next "name=value" off a query and moves *query behind it and its '&'. Returns 0, or -EINVAL: there is no '=',
 * the name is empty, or something cannot be decoded.
 */
int mm_query_next(const char **query, struct mm_query_pair *ret_pair);

/* The text as it can be shown to people in a line: other than printable bytes as '?', and cut where it is too long. */
const char *mm_query_show(const char *text, char *buf, size_t size);

#endif
