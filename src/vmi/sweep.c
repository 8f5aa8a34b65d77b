/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sweeps over a guest's memory. */
#include "vmi/sweep.h"

#include <errno.h>
#include <stdlib.h>

struct batch {
	uint8_t bytes[MM_SWEEP_PAGES * MM_PAGE_SIZE];
	bool there[MM_SWEEP_PAGES];
};

static int look_at(
	const struct batch *batch, uint64_t addr, size_t pages, mm_sweep_look *look, void *arg)
{
	size_t i;
	int r = 0;

	for (i = 0; i < pages && r == 0; i++)
		if (batch->there[i])
			r = look(arg, addr + i * MM_PAGE_SIZE, batch->bytes + i * MM_PAGE_SIZE);
	return r;
}

int mm_sweep(struct mm_phys *phys, uint64_t start, uint64_t end, mm_sweep_look *look, void *arg)
{
	struct batch *batch = malloc(sizeof(*batch));
	size_t pages;
	int r = 0;

	if (!batch)
		return -ENOMEM;
	if (end > phys->end)
		end = phys->end;
	while (r == 0 && start < end && end - start >= MM_PAGE_SIZE) {
		pages = MM_SWEEP_PAGES;
		if (pages > (end - start) / MM_PAGE_SIZE)
			pages = (size_t)((end - start) / MM_PAGE_SIZE);
		r = phys->ops->sweep(phys, start, pages, batch->bytes, batch->there);
		if (phys->ops->release)
			phys->ops->release(phys);
		if (r == 0)
			r = look_at(batch, start, pages, look, arg);
		start += pages * MM_PAGE_SIZE;
	}
	free(batch);
	return r;
}
