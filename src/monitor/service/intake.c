/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/intake.h"

#include <stdlib.h>
#include <string.h>

#include "monitor/service/gather.h"

#define BODY_MIN ((size_t)16 << 10)
#define HEAD_MAX ((size_t)64 << 10)

static bool make_room(struct mm_intake *in, size_t len)
{
	size_t capacity = in->capacity ? in->capacity : BODY_MIN;
	char *bytes;

	if (len > MM_REPORT_BYTES_MAX - in->len) {
		in->why = "its answer is longer than 8 MiB";
		in->is_too_long = true;
		return false;
	}
	while (capacity - in->len < len)
		capacity *= 2;
	if (capacity == in->capacity)
		return true;
	if (capacity - in->capacity > MM_GATHER_BYTES - *in->all) {
		in->why = "too many long answers at once";
		return false;
	}
	bytes = realloc(in->bytes, capacity);
	if (!bytes) {
		in->why = "out of memory";
		return false;
	}
	*in->all += capacity - in->capacity;
	in->bytes = bytes;
	in->capacity = capacity;
	return true;
}

size_t mm_intake_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct mm_intake *in = arg;
	size_t len = size * count;

	if (!make_room(in, len))
		return 0;
	memcpy(in->bytes + in->len, bytes, len);
	in->len += len;
	return len;
}

/* Some versions of curl keep all of them. */
size_t mm_intake_head(char *bytes, size_t size, size_t count, void *arg)
{
	struct mm_intake *in = arg;

	(void)bytes;
	in->head_len += size * count;
	if (in->head_len <= HEAD_MAX)
		return size * count;
	in->why = "the head of its answer is longer than 64 KiB";
	return 0;
}

void mm_intake_drop(struct mm_intake *intake)
{
	*intake->all -= intake->capacity;
	free(intake->bytes);
	*intake = (struct mm_intake){.all = intake->all};
}
