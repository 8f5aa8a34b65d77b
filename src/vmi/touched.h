/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pages that a sample touched, so that the next one can have them mapped in one go: a back end that stands in for
 * the real one while a sample is taken. Inside the room only.
 */
#ifndef XENMM_VMI_TOUCHED_H
#define XENMM_VMI_TOUCHED_H

#include "vmi/map.h"
#include "vmi/phys.h"

/* Pages remembered of one kind of sample: what 5,000 processes need is a third of it. 32 MiB mapped, 256 KiB of addresses. */
#define MM_TOUCHED_MAX 8192

struct mm_touched {
	struct mm_phys phys; /* reads through it are noted */
	struct mm_phys *real;
	struct mm_map pages; /* touched now */
	uint64_t last;	     /* the page noted last: most reads are of the same one */
};

/* The pages of a sample before, to be expected. Zeroed: none. */
struct mm_pages {
	uint64_t *addrs; /* MM_PHYS_MACHINE */
	size_t count;
};

/* From now on reads through touched->phys go to `real` and are noted. */
void mm_touched_begin(struct mm_touched *touched, struct mm_phys *real);

/* What was touched since mm_touched_begin() replaces *pages; with no memory for it they are none. Then begins anew. */
void mm_touched_keep(struct mm_touched *touched, struct mm_pages *pages);

/* Tells phys that these will be read. */
void mm_pages_expect(const struct mm_pages *pages, struct mm_phys *phys);

void mm_touched_free(struct mm_touched *touched);
void mm_pages_free(struct mm_pages *pages);

#endif
