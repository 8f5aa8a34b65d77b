/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A kernel's image in the guest's memory: one piece, both in virtual addresses and in what the guest takes for physical ones. So it
 * is read, in batches, without a page table.
 */
#ifndef XENMM_VMI_IMAGE_H
#define XENMM_VMI_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "vmi/phys.h"

#define MM_IMAGE_MAP	UINT64_C(0xffffffff80000000) /* __START_KERNEL_map: where images are mapped */
#define MM_IMAGE_START	UINT64_C(0x1000000) /* of the image, without KASLR: PHYSICAL_START */
#define MM_IMAGE_MAX	(UINT64_C(64) << 20) /* no image in sight is longer: Debian's 6.1 has 43 MiB */
#define MM_IMAGE_ALIGN	(UINT64_C(2) << 20) /* images begin at multiples of it, with KASLR too */
#define MM_IMAGE_SPREAD (UINT64_C(1) << 30) /* KASLR keeps them within */

struct mm_image {
	struct mm_phys *phys;
	uint64_t phys_base; /* as the kernel's variable of that name; wraps when negative */
};

/* MM_PHYS_GUEST address of a kernel address. Wraps on nonsense: reads of it fail. */
uint64_t mm_image_phys(const struct mm_image *image, uint64_t vaddr);

/* Copies len bytes. Returns 0; -EFAULT: not an address of an image, or not there; -ENOMEM; -EIO, -EPERM of the back
 * end. */
int mm_image_read(const struct mm_image *image, uint64_t vaddr, void *buf, size_t len);

/* Copies len bytes from a MM_PHYS_GUEST address on, in batches. Errors as above. */
int mm_image_read_phys(struct mm_phys *phys, uint64_t addr, void *buf, size_t len);

#endif
