/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a kernel's image by its place in the guest's memory. */
#include "vmi/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 256 /* pages copied in one go */

uint64_t mm_image_phys(const struct mm_image *image, uint64_t vaddr)
{
	return vaddr - MM_IMAGE_MAP + image->phys_base;
}

/* Whole pages in one go, which a back end may map together and need not remember. */
static int read_batch(struct mm_phys *phys, uint64_t addr, size_t pages, uint8_t *buf)
{
	bool there[BATCH];
	size_t i;
	int r = phys->ops->sweep(phys, addr, pages, buf, there);

	for (i = 0; r == 0 && i < pages; i++)
		if (!there[i])
			r = -EFAULT;
	return r;
}

static int read_long(struct mm_phys *phys, uint64_t addr, uint8_t *buf, size_t len)
{
	uint8_t *batch = malloc(BATCH * MM_PAGE_SIZE);
	size_t skip, pages, part;
	int r = batch ? 0 : -ENOMEM;

	while (r == 0 && len) {
		skip = (size_t)(addr % MM_PAGE_SIZE);
		pages = (size_t)((skip + len + MM_PAGE_SIZE - 1) / MM_PAGE_SIZE);
		if (pages > BATCH)
			pages = BATCH;
		part = (size_t)(pages * MM_PAGE_SIZE) - skip;
		if (part > len)
			part = len;
		r = read_batch(phys, addr - skip, pages, batch);
		if (r == 0)
			memcpy(buf, batch + skip, part);
		addr += part;
		buf += part;
		len -= part;
	}
	free(batch);
	return r;
}

int mm_image_read_phys(struct mm_phys *phys, uint64_t addr, void *buf, size_t len)
{
	int r;

	if (addr >= phys->end || len > phys->end - addr)
		return -EFAULT;
	if (len > MM_PAGE_SIZE)
		return read_long(phys, addr, buf, len);
	r = phys->ops->read(phys, MM_PHYS_GUEST, addr, buf, len);
	return r == -ENXIO ? -EFAULT : r;
}

int mm_image_read(const struct mm_image *image, uint64_t vaddr, void *buf, size_t len)
{
	if (vaddr < MM_IMAGE_MAP || vaddr - MM_IMAGE_MAP >= MM_IMAGE_SPREAD ||
		len > MM_IMAGE_SPREAD)
		return -EFAULT;
	return mm_image_read_phys(image->phys, mm_image_phys(image, vaddr), buf, len);
}
