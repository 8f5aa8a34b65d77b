/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notes which pages are read on their way to the real back end. Addresses only: what stands in them is never kept. */
#include "vmi/touched.h"

#include <stdlib.h>

static void note(struct mm_touched *touched, uint64_t addr, size_t len)
{
	uint64_t page = addr & ~(MM_PAGE_SIZE - 1);

	if (!len || addr > MM_PHYS_MAX || len > MM_PHYS_MAX - addr)
		return;
	for (; page < addr + len; page += MM_PAGE_SIZE) {
		/* One more than the address, as 0 can't be a key. More than the most: not expected, but mapped when read. */
		if (page != touched->last)
			(void)mm_map_set(&touched->pages, page + 1, 0, MM_TOUCHED_MAX);
		touched->last = page;
	}
}

static int touched_read(
	struct mm_phys *p, enum mm_phys_space space, uint64_t addr, void *buf, size_t len)
{
	struct mm_touched *touched = (struct mm_touched *)p;
	int r = touched->real->ops->read(touched->real, space, addr, buf, len);

	if (r == 0 && space == MM_PHYS_MACHINE)
		note(touched, addr, len);
	return r;
}

static void touched_expect(
	struct mm_phys *p, enum mm_phys_space space, const uint64_t *addrs, size_t count)
{
	struct mm_touched *touched = (struct mm_touched *)p;

	if (touched->real->ops->expect)
		touched->real->ops->expect(touched->real, space, addrs, count);
}

static const struct mm_phys_ops touched_ops = {
	.name = "touched",
	.read = touched_read,
	.expect = touched_expect,
};

void mm_touched_begin(struct mm_touched *touched, struct mm_phys *real)
{
	touched->phys = *real;
	touched->phys.ops = &touched_ops;
	touched->real = real;
	touched->last = UINT64_MAX;
	mm_map_clear(&touched->pages);
}

static int compare_addrs(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void mm_touched_keep(struct mm_touched *touched, struct mm_pages *pages)
{
	mm_pages_free(pages);
	pages->addrs = calloc(touched->pages.count + 1, sizeof(*pages->addrs));
	for (size_t i = 0; pages->addrs && i < touched->pages.slots; i++)
		if (touched->pages.keys[i])
			pages->addrs[pages->count++] = touched->pages.keys[i] - 1;
	/* In order, as it would be mapped. */
	if (pages->addrs)
		qsort(pages->addrs, pages->count, sizeof(*pages->addrs), compare_addrs);
	mm_touched_begin(touched, touched->real);
}

void mm_pages_expect(const struct mm_pages *pages, struct mm_phys *phys)
{
	if (pages->count && phys->ops->expect)
		phys->ops->expect(phys, MM_PHYS_MACHINE, pages->addrs, pages->count);
}

void mm_touched_free(struct mm_touched *touched)
{
	mm_map_free(&touched->pages);
}

void mm_pages_free(struct mm_pages *pages)
{
	free(pages->addrs);
	*pages = (struct mm_pages){0};
}
