/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making a guest readable from a find of kallsyms tables: symbols, place of the image, page table, types. Each step verifies what the one
 * before it said, as a find may be what an earlier kernel left behind, or made up.
 */
#ifndef XENMM_VMI_KERNEL_H
#define XENMM_VMI_KERNEL_H

#include <stdbool.h>

#include "vmi/guest.h"
#include "vmi/image.h"
#include "vmi/kallsyms.h"
#include "vmi/vmcoreinfo.h"

/* How far a find came. */
enum mm_kernel_stage {
	MM_KERNEL_NONE,
	MM_KERNEL_NAMED,   /* a vmcoreinfo page names a kernel */
	MM_KERNEL_SYMBOLS, /* its symbols are there, and fit its text */
	MM_KERNEL_CERTAIN, /* it is the one in use: nothing better will be found */
};

struct mm_kernel {
	struct mm_phys *phys; /* borrowed */
	struct mm_vmi *vmi;   /* filled where the result is MM_VMI_OK; otherwise as it was */
};

/* The place of the tables by a vmcoreinfo page. False: it does not say (before Linux 6.0), or nonsense. */
bool mm_kernel_place(const struct mm_image *image, const struct mm_vmcoreinfo *info,
	struct mm_kallsyms_place *ret_place);

/*
 * Tries the kernel whose symbols are at `place`; info is its vmcoreinfo page, where that was found, or NULL. Returns MM_VMI_OK or
 * why not, and how far it came.
 */
enum mm_vmi_reason mm_kernel_open(struct mm_kernel *kernel, const struct mm_kallsyms_place *place,
	const struct mm_vmcoreinfo *info, enum mm_kernel_stage *ret_stage);

#endif
