/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest whose kernel was found: how its bootstrap (open.c) hands over to what reads it (tasks.c, counters.c).
 * Inside the room only.
 */
#ifndef XENMM_VMI_GUEST_H
#define XENMM_VMI_GUEST_H

#include "vmi/phys.h"
#include "vmi/vmi.h"
#include "vmi/virt.h"
#include "vmi/wanted.h"

#define MM_ABSENT UINT32_MAX /* an offset, size or value this kernel does not have */

/* Where a member of a struct is: resolved by BTF, also through anonymous structs and unions. */
struct mm_field_at {
	uint32_t offset; /* bytes from the start of the outermost struct; MM_ABSENT: not there */
	uint32_t size;	 /* of the member, bytes; of an array: all of it */
	uint32_t count;	 /* elements of an array, otherwise 1 */
	bool is_struct;	 /* a struct or union (or array of them), not a number or pointer */
};

struct mm_vmi {
	struct mm_phys *phys; /* borrowed */
	struct mm_virt virt;
	char release[65];
	uint64_t symbol[MM_SYMBOL_COUNT];	  /* virtual addresses, KASLR added; 0: not there */
	struct mm_field_at field[MM_FIELD_COUNT]; /* see wanted.h */
	uint32_t struct_size[MM_STRUCT_COUNT];	  /* bytes; MM_ABSENT */
	uint32_t value[MM_VALUE_COUNT];		  /* enum values; MM_ABSENT */

	/* What sampling (take.c) keeps between samples: the pages they touched. NULL at first. */
	struct mm_vmi_memory *memory;
};

/* For mm_vmi_free. NULL allowed. */
void mm_vmi_memory_free(struct mm_vmi_memory *memory);

#endif
