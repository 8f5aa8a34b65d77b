/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest kernel's virtual addresses: a walk of its page table, of four or five levels, in software.
 */
#ifndef XENMM_VMI_VIRT_H
#define XENMM_VMI_VIRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmi/phys.h"

struct mm_virt_cache; /* translations of this sample */

struct mm_virt {
	struct mm_phys *phys;
	uint64_t root;
	enum mm_phys_space root_space; /* of the root alone, what it leads to is MM_PHYS_MACHINE */
	unsigned levels;	       /* 4 or 5 */
	uint64_t reads;	 /* made since the counter was last set to 0: the budget's currency */
	uint64_t budget; /* reads allowed; at it every read fails with -EDQUOT */
	struct mm_virt_cache *cache;
};

/* A kernel address in canonical form: the only ones that are followed. */
bool mm_virt_is_kernel(uint64_t vaddr);

/*
 * Copies len bytes, which may cross pages. Returns 0; -EFAULT: not mapped, not canonical, or gone from the guest's memory;
 * -EDQUOT: the budget is used up; -ENOMEM; -EIO, -EPERM of the back end.
 */
int mm_virt_read(struct mm_virt *virt, uint64_t vaddr, void *buf, size_t len);

/* The MM_PHYS_MACHINE address of vaddr. Errors as above. */
int mm_virt_translate(struct mm_virt *virt, uint64_t vaddr, uint64_t *ret_addr);

/* Forgets the translations, as a sample ends: the guest may change them at any time. */
void mm_virt_forget(struct mm_virt *virt);

/*
 * For the table at `root` in MM_PHYS_MACHINE (root_space may be changed afterwards), without a budget. Returns 0, -EINVAL (levels,
 * root), -ENOMEM. Memory: 0.1 MiB, and up to 1 MiB of copied tables.
 */
int mm_virt_init(struct mm_virt *virt, struct mm_phys *phys, uint64_t root, unsigned levels);
void mm_virt_fini(struct mm_virt *virt);

#endif
