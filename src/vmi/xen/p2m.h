/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A PV guest's own list of which machine frame is behind each of its pages, where the page it shares with Xen says that it is.
 * The guest writes both: whatever they say, Xen lets us map this guest's frames only. Inside the room only.
 */
#ifndef XENMM_VMI_XEN_P2M_H
#define XENMM_VMI_XEN_P2M_H

#include "mapped.h"

#define MM_P2M_ABSENT UINT64_MAX

struct mm_p2m {
	struct mm_mapped *mapped; /* borrowed */
	uint64_t shared_info_frame;
	bool is_read; /* what follows is of this sample */
	uint64_t
		root; /* machine address of the kernel's page table; 0: old kernel, or not up yet */
	uint64_t list;	    /* the list's virtual address there */
	uint64_t top_frame; /* the same as a tree, where there is no root */
	uint64_t count;	    /* of the list's entries */
};

/* Reads where the list is. Returns 0; -EAGAIN: the kernel has not said it yet; -ENXIO, -EIO. */
int mm_p2m_read(struct mm_p2m *p2m);

/* Forgets that again: the next lookup reads it anew. */
void mm_p2m_forget(struct mm_p2m *p2m);

/*
 * The machine frames of up to 512 pages from `page` on; MM_P2M_ABSENT where there is none. Returns 0 or an error as
 * above.
 */
int mm_p2m_lookup(struct mm_p2m *p2m, uint64_t page, size_t count, uint64_t *ret_frames);

#endif
