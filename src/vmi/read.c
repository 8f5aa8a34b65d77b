/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Copies spans of the guest's structs and takes numbers out of the copies. Offsets are the guest's word: they are checked here. */
#include "vmi/read.h"

#include <errno.h>

int mm_span_of(const struct mm_vmi *vmi, const enum mm_field *fields, size_t count,
	struct mm_span *ret_span)
{
	uint64_t from = UINT64_MAX;
	uint64_t end = 0;

	for (size_t i = 0; i < count; i++) {
		const struct mm_field_at *at = &vmi->field[fields[i]];

		if (at->offset == MM_ABSENT)
			continue;
		if (at->offset < from)
			from = at->offset;
		if ((uint64_t)at->offset + at->size > end)
			end = (uint64_t)at->offset + at->size;
	}
	if (end <= from || end - from > MM_SPAN_MAX)
		return -EINVAL;
	*ret_span = (struct mm_span){.from = (uint32_t)from, .len = (uint32_t)(end - from)};
	return 0;
}

int mm_span_read(struct mm_vmi *vmi, const struct mm_span *span, uint64_t vaddr, uint8_t *buf)
{
	if (vaddr > UINT64_MAX - span->from)
		return -EFAULT;
	return mm_virt_read(&vmi->virt, vaddr + span->from, buf, span->len);
}

uint64_t mm_number_at(const uint8_t *bytes, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size && i < sizeof(value); i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

bool mm_span_has(const struct mm_span *span, const struct mm_field_at *at)
{
	return at->offset != MM_ABSENT && at->offset >= span->from &&
	       (uint64_t)at->offset + at->size <= (uint64_t)span->from + span->len;
}

uint64_t mm_span_number(const struct mm_vmi *vmi, const struct mm_span *span, const uint8_t *buf,
	enum mm_field field)
{
	const struct mm_field_at *at = &vmi->field[field];

	return mm_span_has(span, at) ? mm_number_at(buf + (at->offset - span->from), at->size) : 0;
}

int mm_number_read(struct mm_vmi *vmi, uint64_t vaddr, size_t size, uint64_t *ret_value)
{
	uint8_t bytes[sizeof(*ret_value)] = {0};
	int r;

	if (size > sizeof(bytes))
		return -EINVAL;
	r = mm_virt_read(&vmi->virt, vaddr, bytes, size);
	if (r < 0)
		return r;
	*ret_value = mm_number_at(bytes, size);
	return 0;
}

uint64_t mm_not_negative(uint64_t value)
{
	return value > INT64_MAX ? 0 : value;
}
