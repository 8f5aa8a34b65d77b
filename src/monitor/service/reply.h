/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is sent to who asked: a text of some type, or an error. Pure. */
#ifndef XENMM_MON_REPLY_H
#define XENMM_MON_REPLY_H

#include <jansson.h>
#include <stddef.h>

#define MM_REPLY_JSON	 "application/json"
#define MM_REPLY_PROBLEM "application/problem+json"

/* An answer. Zeroed but for status 200 and the type of JSON when the service gets it. */
struct mm_reply {
	unsigned status;
	const char *type;
	char *text; /* from malloc; taken over. NULL: an error, with detail as its text */
	size_t len;
	char detail[200];
};

/* Fills *reply with JSON, which is released; NULL: there was no memory. */
void mm_reply_json(struct mm_reply *reply, json_t *json);

/* Fills *reply with an error. */
void mm_reply_error(struct mm_reply *reply, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
