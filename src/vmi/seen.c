/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Notes which pages are read on their way to the real back end. Addresses only: what stands in them is never kept. */
#include "vmi/seen.h"

#include <stdlib.h>

static void note(struct mm_seen *seen, uint64_t addr, size_t len)
{
	uint64_t page = addr & ~(MM_PAGE_SIZE - 1);

	if (!len || addr > MM_PHYS_MAX || len > MM_PHYS_MAX - addr)
		return;
	for (; page < addr + len; page += MM_PAGE_SIZE) {
		/* One more than the address, as 0 can't be a key. More than the most: not expected, but mapped when read. */
		if (page != seen->last)
			(void)mm_map_set(&seen->pages, page + 1, 0, MM_SEEN_MAX);
		seen->last = page;
	}
}

static int seen_read(
	struct mm_phys *p, enum mm_phys_space space, uint64_t addr, void *buf, size_t len)
{
	struct mm_seen *seen = (struct mm_seen *)p;
	int r = seen->real->ops->read(seen->real, space, addr, buf, len);

	if (r == 0 && space == MM_PHYS_MACHINE)
		note(seen, addr, len);
	return r;
}

static void seen_expect(
	struct mm_phys *p, enum mm_phys_space space, const uint64_t *addrs, size_t count)
{
	struct mm_seen *seen = (struct mm_seen *)p;

	if (seen->real->ops->expect)
		seen->real->ops->expect(seen->real, space, addrs, count);
}

static const struct mm_phys_ops seen_ops = {
	.name = "seen",
	.read = seen_read,
	.expect = seen_expect,
};

void mm_seen_begin(struct mm_seen *seen, struct mm_phys *real)
{
	seen->phys = *real;
	seen->phys.ops = &seen_ops;
	seen->real = real;
	seen->last = UINT64_MAX;
	mm_map_clear(&seen->pages);
}

static int compare_addrs(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void mm_seen_keep(struct mm_seen *seen, struct mm_pages *pages)
{
	mm_pages_free(pages);
	pages->addrs = calloc(seen->pages.count + 1, sizeof(*pages->addrs));
	for (size_t i = 0; pages->addrs && i < seen->pages.slots; i++)
		if (seen->pages.keys[i])
			pages->addrs[pages->count++] = seen->pages.keys[i] - 1;
	/* In order, as it would be mapped. */
	if (pages->count)
		qsort(pages->addrs, pages->count, sizeof(*pages->addrs), compare_addrs);
	mm_seen_begin(seen, seen->real);
}

void mm_pages_expect(const struct mm_pages *pages, struct mm_phys *phys)
{
	if (pages->count && phys->ops->expect)
		phys->ops->expect(phys, MM_PHYS_MACHINE, pages->addrs, pages->count);
}

void mm_seen_free(struct mm_seen *seen)
{
	mm_map_free(&seen->pages);
}

void mm_pages_free(struct mm_pages *pages)
{
	free(pages->addrs);
	*pages = (struct mm_pages){0};
}
