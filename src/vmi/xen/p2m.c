/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "p2m.h"

#include <errno.h>
#include <string.h>

#include "vmi/phys.h"

#define ENTRIES	      (MM_PAGE_SIZE / sizeof(uint64_t)) /* of a page table's page, and of the tree's */
#define ENTRY_PRESENT 1u
#define ENTRY_LARGE   0x80u
#define FRAME_MASK    ((MM_PHYS_MAX - 1) & ~(MM_PAGE_SIZE - 1)) /* of a page table's entry */

/* Linux' marks in the list: FOREIGN_FRAME_BIT (another domain's page) and IDENTITY_FRAME_BIT (a device's); -1: none. */
#define MARKS (UINT64_C(3) << 62)

/* Part of one page of the guest, copied once. */
static int copy(struct mm_p2m *p2m, uint64_t frame, size_t offset, void *buf, size_t len)
{
	const uint8_t *page;
	int r;

	if (frame >= MM_PHYS_MAX >> MM_PAGE_SHIFT)
		return -ENXIO;
	r = mm_mapped_page(p2m->mapped, frame, &page);
	if (r < 0)
		return r;
	memcpy(buf, page + offset, len);
	return 0;
}

static int read_entry(struct mm_p2m *p2m, uint64_t frame, uint64_t index, uint64_t *ret_entry)
{
	return copy(p2m, frame, (size_t)(index % ENTRIES) * sizeof(uint64_t), ret_entry,
		sizeof(*ret_entry));
}

/* Walks the guest's page table, of four levels: PV has no more. */
static int walk(struct mm_p2m *p2m, uint64_t vaddr, uint64_t *ret_frame)
{
	uint64_t frame = p2m->root >> MM_PAGE_SHIFT;

	for (unsigned shift = 39;; shift -= 9) {
		uint64_t entry, inside;
		int r = read_entry(p2m, frame, vaddr >> shift, &entry);

		if (r < 0)
			return r;
		if (!(entry & ENTRY_PRESENT))
			return -ENXIO;
		frame = (entry & FRAME_MASK) >> MM_PAGE_SHIFT;
		inside = (UINT64_C(1) << (shift - MM_PAGE_SHIFT)) - 1;
		if (shift > MM_PAGE_SHIFT && shift < 39 && entry & ENTRY_LARGE) {
			*ret_frame = (frame & ~inside) | (vaddr >> MM_PAGE_SHIFT & inside);
			return 0;
		}
		if (shift == MM_PAGE_SHIFT) {
			*ret_frame = frame;
			return 0;
		}
	}
}

/* The frame of the list's page that holds the entry of `page`. */
static int find_list_page(struct mm_p2m *p2m, uint64_t page, uint64_t *ret_frame)
{
	uint64_t middle;
	int r;

	if (p2m->root)
		return walk(p2m, p2m->list + page * sizeof(uint64_t), ret_frame);
	r = read_entry(p2m, p2m->top_frame, page / (ENTRIES * ENTRIES), &middle);
	return r < 0 ? r : read_entry(p2m, middle, page / ENTRIES, ret_frame);
}

int mm_p2m_read(struct mm_p2m *p2m)
{
	struct arch_shared_info arch;
	int r = copy(p2m, p2m->shared_info_frame, offsetof(struct shared_info, arch), &arch,
		sizeof(arch));

	if (r < 0)
		return r;
	p2m->root = arch.p2m_cr3 & FRAME_MASK;
	p2m->list = arch.p2m_vaddr & ~(uint64_t)(MM_PAGE_SIZE - 1);
	p2m->top_frame = arch.pfn_to_mfn_frame_list_list;
	p2m->count = arch.max_pfn;
	if (!p2m->root && (p2m->top_frame == 0 || p2m->top_frame == UINT64_MAX))
		return -EAGAIN;
	p2m->is_read = true;
	return 0;
}

void mm_p2m_forget(struct mm_p2m *p2m)
{
	p2m->is_read = false;
}

/* The part of a lookup that lies in one page of the list. */
static int look_up_run(struct mm_p2m *p2m, uint64_t page, size_t count, uint64_t *ret_frames)
{
	uint64_t frame;
	int r = find_list_page(p2m, page, &frame);

	if (r == 0)
		r = copy(p2m, frame, (size_t)(page % ENTRIES) * sizeof(uint64_t), ret_frames,
			count * sizeof(uint64_t));
	if (r == -ENXIO) /* a part of the list that is not there: nor are its pages */
		memset(ret_frames, 0xff, count * sizeof(uint64_t));
	else if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		if (ret_frames[i] & MARKS || page + i >= p2m->count)
			ret_frames[i] = MM_P2M_ABSENT;
	return 0;
}

int mm_p2m_lookup(struct mm_p2m *p2m, uint64_t page, size_t count, uint64_t *ret_frames)
{
	int r = p2m->is_read ? 0 : mm_p2m_read(p2m);

	while (r == 0 && count) {
		size_t run = (size_t)(ENTRIES - page % ENTRIES);

		if (run > count)
			run = count;
		if (page >= MM_PHYS_MAX >> MM_PAGE_SHIFT)
			return -ENXIO;
		r = look_up_run(p2m, page, run, ret_frames);
		page += run;
		ret_frames += run;
		count -= run;
	}
	return r;
}
