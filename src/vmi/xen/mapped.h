/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pages of a domain that are mapped right now, by frame: a machine frame of a PV guest, otherwise a guest frame. A mapped
 * page cannot go back to Xen, so all of them are unmapped when a sample ends. Inside the room only.
 */
#ifndef XENMM_VMI_XEN_MAPPED_H
#define XENMM_VMI_XEN_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat.h"

#define MM_MAP_BATCH                                                                               \
	512u /* frames in one call: its arrays fit a page, the page table of the mapping, too */

struct mm_mapped_slot {
	uint64_t frame;
	const uint8_t *page; /* NULL: asked for, and not there */
	bool is_used;
};

struct mm_mapped_run {
	void *start;
	size_t pages;
};

struct mm_mapped {
	xenforeignmemory_handle *fmem;
	uint32_t domid;
	struct mm_mapped_slot *slots; /* a hash table */
	uint32_t *used;		      /* which of them are, in the order of their coming */
	size_t used_count;
	struct mm_mapped_run *runs;
	size_t run_count;
	bool is_gone; /* Xen knows no such domain (any more) */
};

/* Takes the handle over. Returns 0 or -ENOMEM. */
int mm_mapped_init(struct mm_mapped *mapped, xenforeignmemory_handle *fmem, uint32_t domid);
void mm_mapped_fini(struct mm_mapped *mapped);

/* The page of that frame, until the next call of any function here. Returns 0; -ENXIO: not there; -EIO. */
int mm_mapped_page(struct mm_mapped *mapped, uint64_t frame, const uint8_t **ret_page);

/* These will be asked for: mapped in a few calls instead of one by one. */
void mm_mapped_expect(struct mm_mapped *mapped, const uint64_t *frames, size_t count);

/* Copies up to MM_MAP_BATCH pages without remembering any; the i-th where ret_there[i]. Returns 0 or -EIO. */
int mm_mapped_copy(struct mm_mapped *mapped, const uint64_t *frames, size_t count, uint8_t *buf,
	bool *ret_there);

/* Unmaps all. */
void mm_mapped_release(struct mm_mapped *mapped);

#endif
