/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Virtual addresses by a walk of the guest's page table. Page-table pages are copied (the contents, never a mapping) and
 * translations kept until the end of a sample; both stores are of fixed size, a new entry takes an old one's place.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/virt.h"

#define ENTRY_PRESENT  UINT64_C(1)
#define ENTRY_HUGE     (UINT64_C(1) << 7)
#define ENTRY_HUGE_PAT (UINT64_C(1) << 12)
#define ENTRY_ADDR     (MM_PHYS_MAX - MM_PAGE_SIZE) /* bits 12 to 51; above: keys, no-execute */
#define TABLE_ENTRIES  512
#define TABLE_SHIFT    9

#define PAGES_KEPT  4096 /* translations: 96 KiB */
#define TABLES_KEPT 256	 /* page-table pages: 1 MiB when all are in use */
#define AHEAD	    128	 /* pages of a long read that the back end hears of in one go */

struct page_kept {
	uint64_t vpage;
	uint64_t addr;
	uint64_t sample;
};

struct table_kept {
	uint64_t addr;
	uint64_t sample;
	uint64_t *entries; /* made at first use */
};

struct mm_virt_cache {
	uint64_t sample; /* entries of others do not count */
	struct page_kept pages[PAGES_KEPT];
	struct table_kept tables[TABLES_KEPT];
};

bool mm_virt_is_kernel(uint64_t vaddr)
{
	return vaddr >> 56 == 0xff; /* with 5 levels; with 4, more of the top bits are set */
}

static bool is_canonical(const struct mm_virt *virt, uint64_t vaddr)
{
	return virt->levels == 5 ? mm_virt_is_kernel(vaddr) : vaddr >> 47 == 0x1ffff;
}

static int spend(struct mm_virt *virt)
{
	if (virt->reads >= virt->budget)
		return -EDQUOT;
	virt->reads++;
	return 0;
}

/* A page that is not there (any more) is, to who follows pointers, an address that leads nowhere. */
static int as_fault(int r)
{
	return r == -ENXIO ? -EFAULT : r;
}

/* The page-table page at addr, copied at most once in a sample. */
static int get_table(
	struct mm_virt *virt, uint64_t addr, enum mm_phys_space space, const uint64_t **ret_table)
{
	struct mm_virt_cache *cache = virt->cache;
	struct table_kept *kept = &cache->tables[(addr >> MM_PAGE_SHIFT) % TABLES_KEPT];
	int r;

	if (kept->sample == cache->sample && kept->addr == addr) {
		*ret_table = kept->entries;
		return 0;
	}
	if (!kept->entries)
		kept->entries = malloc(MM_PAGE_SIZE);
	if (!kept->entries)
		return -ENOMEM;
	kept->sample = 0;
	r = spend(virt);
	if (r < 0)
		return r;
	r = virt->phys->ops->read(virt->phys, space, addr, kept->entries, MM_PAGE_SIZE);
	if (r < 0)
		return as_fault(r);
	kept->addr = addr;
	kept->sample = cache->sample;
	*ret_table = kept->entries;
	return 0;
}

/* A huge page's entry: its address bits below the page's size must be 0 (but for the one that chooses caching). */
static int take_huge(uint64_t entry, uint64_t vaddr, unsigned shift, uint64_t *ret_addr)
{
	uint64_t mask = (UINT64_C(1) << shift) - 1;
	uint64_t base = entry & ENTRY_ADDR & ~ENTRY_HUGE_PAT;

	if (base & mask)
		return -EFAULT;
	*ret_addr = base | (vaddr & mask);
	return 0;
}

static int walk(struct mm_virt *virt, uint64_t vaddr, uint64_t *ret_addr)
{
	enum mm_phys_space space = virt->root_space;
	uint64_t addr = virt->root, entry;
	const uint64_t *table;
	unsigned level, shift;
	int r;

	for (level = virt->levels; level > 0; level--) {
		r = get_table(virt, addr, space, &table);
		if (r < 0)
			return r;
		shift = MM_PAGE_SHIFT + TABLE_SHIFT * (level - 1);
		entry = table[(vaddr >> shift) % TABLE_ENTRIES];
		if (!(entry & ENTRY_PRESENT))
			return -EFAULT;
		if (level > 1 && (entry & ENTRY_HUGE)) /* 1 GiB, 2 MiB; reserved above */
			return level > 3 ? -EFAULT : take_huge(entry, vaddr, shift, ret_addr);
		addr = entry & ENTRY_ADDR;
		space = MM_PHYS_MACHINE;
	}
	*ret_addr = addr | (vaddr & (MM_PAGE_SIZE - 1));
	return 0;
}

int mm_virt_translate(struct mm_virt *virt, uint64_t vaddr, uint64_t *ret_addr)
{
	uint64_t vpage = vaddr >> MM_PAGE_SHIFT, addr;
	struct page_kept *kept = &virt->cache->pages[vpage % PAGES_KEPT];
	int r;

	if (!is_canonical(virt, vaddr))
		return -EFAULT;
	if (kept->sample != virt->cache->sample || kept->vpage != vpage) {
		r = walk(virt, vaddr, &addr);
		if (r < 0)
			return r;
		kept->sample = virt->cache->sample;
		kept->vpage = vpage;
		kept->addr = addr & ~(MM_PAGE_SIZE - 1);
	}
	*ret_addr = kept->addr | (vaddr & (MM_PAGE_SIZE - 1));
	return 0;
}

/* Tells the back end of the pages that a long read is about to copy. Errors show when they are read. */
static void look_ahead(struct mm_virt *virt, uint64_t vaddr, size_t len)
{
	uint64_t addrs[AHEAD], addr;
	size_t count = 0;

	len += vaddr % MM_PAGE_SIZE;
	if (!virt->phys->ops->expect || len <= MM_PAGE_SIZE)
		return;
	vaddr -= vaddr % MM_PAGE_SIZE;
	while (count < AHEAD && mm_virt_translate(virt, vaddr, &addr) == 0) {
		addrs[count++] = addr;
		if (len <= MM_PAGE_SIZE)
			break;
		vaddr += MM_PAGE_SIZE;
		len -= MM_PAGE_SIZE;
	}
	if (!count)
		return;
	virt->phys->ops->expect(virt->phys, MM_PHYS_MACHINE, addrs, count);
}

int mm_virt_read(struct mm_virt *virt, uint64_t vaddr, void *buf, size_t len)
{
	uint64_t addr;
	size_t part, pages = 0;
	int r;

	if (len && vaddr > UINT64_MAX - (len - 1))
		return -EFAULT;
	while (len) {
		if (pages++ % AHEAD == 0)
			look_ahead(virt, vaddr, len);
		r = mm_virt_translate(virt, vaddr, &addr);
		if (r < 0)
			return r;
		r = spend(virt);
		if (r < 0)
			return r;
		part = (size_t)(MM_PAGE_SIZE - vaddr % MM_PAGE_SIZE);
		if (part > len)
			part = len;
		r = virt->phys->ops->read(virt->phys, MM_PHYS_MACHINE, addr, buf, part);
		if (r < 0)
			return as_fault(r);
		vaddr += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return 0;
}

void mm_virt_forget(struct mm_virt *virt)
{
	virt->cache->sample++;
}

int mm_virt_init(struct mm_virt *virt, struct mm_phys *phys, uint64_t root, unsigned levels)
{
	if (levels < 4 || levels > 5 || root >= MM_PHYS_MAX)
		return -EINVAL;
	*virt = (struct mm_virt){
		.phys = phys,
		.root = root &
			ENTRY_ADDR, /* as CR3 has it, with a process' number in the low bits */
		.root_space = MM_PHYS_MACHINE,
		.levels = levels,
		.budget = UINT64_MAX,
	};
	virt->cache = calloc(1, sizeof(*virt->cache));
	if (!virt->cache)
		return -ENOMEM;
	virt->cache->sample = 1; /* 0 is no sample: empty entries */
	return 0;
}

void mm_virt_fini(struct mm_virt *virt)
{
	size_t i;

	for (i = 0; virt->cache && i < TABLES_KEPT; i++)
		free(virt->cache->tables[i].entries);
	free(virt->cache);
	virt->cache = NULL;
}
