/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "body.h"

#include <stdlib.h>
#include <string.h>

struct mm_body *mm_body_new(char *text, size_t len, size_t *total)
{
	struct mm_body *body = text ? malloc(sizeof(*body) + len) : NULL;

	if (body) {
		*body = (struct mm_body){.refs = 1, .len = len, .total = total};
		memcpy(body->text, text, len);
		*total += len;
	}
	free(text);
	return body;
}

struct mm_body *mm_body_of(void *text)
{
	return (struct mm_body *)(void *)((char *)text - offsetof(struct mm_body, text));
}

struct mm_body *mm_body_ref(struct mm_body *body)
{
	body->refs++;
	return body;
}

void mm_body_unref(struct mm_body *body)
{
	if (!body || --body->refs > 0)
		return;
	*body->total -= body->len;
	free(body);
}
