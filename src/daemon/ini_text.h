/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Configuration files as text: lines "key = value", sections, comments. Pure: no files. What is odd (long or indented
 * lines, bytes that are no text) is refused with its line, not guessed at.
 */
#ifndef XENMM_INI_TEXT_H
#define XENMM_INI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The longest line that counts, without comment: what libinih takes on every system, less its line end. */
#define MM_INI_LINE_MAX 190

/* Where a file cannot be understood, and why. */
struct mm_ini_fault {
	size_t line; /* from 1; 0: no certain one */
	char text[320];
};

/* A text, and what its owner does with it. The first four are his to set, the others start as zero. */
struct mm_ini {
	const struct mm_ini_calls *calls;
	void *arg;
	const char *text;
	size_t len;
	size_t pos;
	size_t line; /* number of the line under way */
	bool has_failed;
	struct mm_ini_fault fault; /* the first */
};

struct mm_ini_calls {
	const char *section_form; /* "a section is [guest NAME], with nothing behind it" */
	/* What stands between the brackets, trimmed. 0, or the result of mm_ini_fail(). */
	int (*section)(void *arg, const char *name);
	int (*value)(void *arg, const char *key, const char *value);
};

/* Calls for each section and value in turn. Returns 0, or -EINVAL with ini->fault. */
int mm_ini_read(struct mm_ini *ini);

/* Notes a fault in the line under way, unless there is one already. Returns -EINVAL. */
int mm_ini_fail(struct mm_ini *ini, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
