/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Structs of the guest's kernel, copied a span at a time: what is needed of one lies close together, so one read of
 * all of it touches fewer pages than one for each field. Inside the room only.
 */
#ifndef XENMM_VMI_READ_H
#define XENMM_VMI_READ_H

#include "vmi/guest.h"

/* No struct that is read has its needed fields further apart (task_struct: 3 KiB in 6.12). BTF is the guest's word. */
#define MM_SPAN_MAX 16384

/* The part of a struct that holds certain fields. */
struct mm_span {
	uint32_t from; /* bytes from the struct's start */
	uint32_t len;
};

/*
 * The span of `count` fields; those that this kernel does not have are left out. Returns 0; -EINVAL: larger than MM_SPAN_MAX, or
 * none of them is there.
 */
int mm_span_of(const struct mm_vmi *vmi, const enum mm_field *fields, size_t count,
	struct mm_span *ret_span);

/* Copies the span of the struct at vaddr; buf holds MM_SPAN_MAX. Errors of mm_virt_read(); -EFAULT also if vaddr + span overflows. */
int mm_span_read(struct mm_vmi *vmi, const struct mm_span *span, uint64_t vaddr, uint8_t *buf);

/* A little-endian number of 1 to 8 bytes; of others the first 8. */
uint64_t mm_number_at(const uint8_t *bytes, size_t size);

/* Whether the field lies in the span. */
bool mm_span_has(const struct mm_span *span, const struct mm_field_at *at);

/* A field's number in a span that was copied; 0 where the kernel does not have it. */
uint64_t mm_span_number(const struct mm_vmi *vmi, const struct mm_span *span, const uint8_t *buf,
	enum mm_field field);

/* A number of `size` bytes at vaddr. Errors of mm_virt_read(). */
int mm_number_read(struct mm_vmi *vmi, uint64_t vaddr, size_t size, uint64_t *ret_value);

/* As a signed 64-bit counter that a moment's race may have left below 0: such a one is 0. */
uint64_t mm_not_negative(uint64_t value);

static inline bool mm_has_field(const struct mm_vmi *vmi, enum mm_field field)
{
	return vmi->field[field].offset != MM_ABSENT;
}

#endif
