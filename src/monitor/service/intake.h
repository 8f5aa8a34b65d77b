/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A host's answer while it comes in: each has its bytes, and all together have theirs. */
#ifndef XENMM_MON_INTAKE_H
#define XENMM_MON_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

/* One with `all` set and the rest zero is empty. */
struct mm_intake {
	size_t *all; /* what those of all hosts take, in bytes; outlives it */
	char *bytes;
	size_t len, capacity, head_len;
	const char *why;  /* it was given up; NULL: no */
	bool is_too_long; /* ... for its length */
};

/* For curl: takes in `count` bytes of head or body (`size` is 1), `arg` is the intake. Returns as many, or 0: give it up. */
size_t mm_intake_head(char *bytes, size_t size, size_t count, void *arg);
size_t mm_intake_body(char *bytes, size_t size, size_t count, void *arg);

/* Empty again. */
void mm_intake_drop(struct mm_intake *intake);

#endif
