/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a kernel's image by its place in the guest's memory. */
#include "vmi/image.h"

#include <errno.h>

#define BATCH 256 /* pages that the back end hears of in one go */

uint64_t mm_image_phys(const struct mm_image *image, uint64_t vaddr)
{
	return vaddr - MM_IMAGE_MAP + image->phys_base;
}

/* A long piece is announced first, so that a back end maps it at once. */
static int read_batch(struct mm_phys *phys, uint64_t addr, void *buf, size_t len)
{
	uint64_t addrs[BATCH], page = addr & ~(MM_PAGE_SIZE - 1);
	size_t count = 0;

	if (phys->ops->expect && len > MM_PAGE_SIZE) {
		for (; count < BATCH && page < addr + len; page += MM_PAGE_SIZE)
			addrs[count++] = page;
		phys->ops->expect(phys, MM_PHYS_GUEST, addrs, count);
	}
	return phys->ops->read(phys, MM_PHYS_GUEST, addr, buf, len);
}

int mm_image_read_phys(struct mm_phys *phys, uint64_t addr, void *buf, size_t len)
{
	size_t part;
	int r;

	if (addr >= phys->end || len > phys->end - addr)
		return -EFAULT;
	while (len) {
		part = (size_t)((BATCH - 1) * MM_PAGE_SIZE);
		if (part > len)
			part = len;
		r = read_batch(phys, addr, buf, part);
		if (r < 0)
			return r == -ENXIO ? -EFAULT : r;
		if (len > part && phys->ops->release)
			phys->ops->release(phys); /* what was copied need not stay mapped */
		addr += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return 0;
}

int mm_image_read(const struct mm_image *image, uint64_t vaddr, void *buf, size_t len)
{
	if (vaddr < MM_IMAGE_MAP || vaddr - MM_IMAGE_MAP >= MM_IMAGE_SPREAD ||
		len > MM_IMAGE_SPREAD)
		return -EFAULT;
	return mm_image_read_phys(image->phys, mm_image_phys(image, vaddr), buf, len);
}
