/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fuzzer's bytes as a guest's memory: from address 0 on, the last page filled up with zeros. */
#ifndef XENMM_FUZZ_FLAT_H
#define XENMM_FUZZ_FLAT_H

#include <errno.h>
#include <string.h>

#include "vmi/phys.h"

struct flat {
	struct mm_phys phys;
	const uint8_t *data;
	size_t size;
};

static int flat_read(
	struct mm_phys *phys, enum mm_phys_space space, uint64_t addr, void *buf, size_t len)
{
	struct flat *flat = (struct flat *)phys;
	size_t have;

	(void)space;
	if (addr > phys->end || len > phys->end - addr)
		return -ENXIO;
	memset(buf, 0, len);
	have = addr < flat->size ? flat->size - (size_t)addr : 0;
	memcpy(buf, flat->data + (have ? addr : 0), have < len ? have : len);
	return 0;
}

static int flat_sweep(struct mm_phys *phys, uint64_t addr, size_t pages, void *buf, bool *ret_there)
{
	for (size_t i = 0; i < pages; i++)
		ret_there[i] = flat_read(phys, MM_PHYS_GUEST, addr + i * MM_PAGE_SIZE,
				       (char *)buf + i * MM_PAGE_SIZE, MM_PAGE_SIZE) == 0;
	return 0;
}

static const struct mm_phys_ops flat_ops = {.name = "flat", .read = flat_read, .sweep = flat_sweep};

static inline void flat_init(struct flat *flat, const uint8_t *data, size_t size)
{
	flat->phys = (struct mm_phys){
		.ops = &flat_ops,
		.end = (size + MM_PAGE_SIZE - 1) & ~(MM_PAGE_SIZE - 1),
		.may_sweep = true,
	};
	flat->data = data;
	flat->size = size;
}

#endif
