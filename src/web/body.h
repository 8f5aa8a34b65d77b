/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text that many clients are sent at the same time, at their own pace: built once, freed by the last. */
#ifndef XENMM_WEB_BODY_H
#define XENMM_WEB_BODY_H

#include <stddef.h>

struct mm_body {
	size_t refs;
	size_t len;
	size_t *total; /* bytes of all bodies of that owner */
	char text[];   /* not terminated */
};

/*
 * A copy of `text` (from malloc), which is freed, with one reference; NULL without memory or where text is NULL.
 * *total, which must outlive the body, counts its bytes in until the last reference is gone.
 */
struct mm_body *mm_body_new(char *text, size_t len, size_t *total);

struct mm_body *mm_body_ref(struct mm_body *body);

/* By its text, for those who know no more. */
struct mm_body *mm_body_of(void *text);

/* NULL allowed. */
void mm_body_unref(struct mm_body *body);

#endif
