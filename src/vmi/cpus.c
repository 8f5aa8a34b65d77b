/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guest's CPUs, where each has its own data, and sums over them. */
#include <errno.h>
#include <stdlib.h>

#include "vmi/look.h"

/* Numbers that lie this close are read at once: one read for each CPU. Half a cache line's worth for each of four. */
#define SPREAD_MAX 256

/* Bits of __cpu_possible_mask, one of which is CPU 0's. */
static int read_mask(struct mm_look *look, uint8_t *mask, size_t *ret_ids)
{
	const uint64_t *symbol = look->vmi->symbol;
	uint64_t ids = sizeof(uint64_t) * 8; /* where the kernel was built for its number of CPUs */
	int r = 0;

	if (symbol[MM_SYMBOL_NR_CPU_IDS])
		r = mm_number_read(look->vmi, symbol[MM_SYMBOL_NR_CPU_IDS], sizeof(uint32_t), &ids);
	if (r < 0)
		return r;
	if (!ids || ids > MM_VMI_CPUS_MAX)
		return -EBADMSG;
	r = mm_virt_read(
		&look->vmi->virt, symbol[MM_SYMBOL_CPU_POSSIBLE_MASK], mask, (ids + 7) / 8);
	if (r < 0)
		return r;
	*ret_ids = ids;
	return mask[0] & 1 ? 0 : -EBADMSG;
}

int mm_look_cpus(struct mm_look *look)
{
	const uint64_t *symbol = look->vmi->symbol;
	uint8_t mask[MM_VMI_CPUS_MAX / 8];
	uint8_t *areas;
	size_t ids;
	int r;

	if (!symbol[MM_SYMBOL_CPU_POSSIBLE_MASK] || !symbol[MM_SYMBOL_PER_CPU_OFFSET])
		return 0;
	r = read_mask(look, mask, &ids);
	if (r < 0)
		return r;
	look->cpu_areas = calloc(ids, sizeof(*look->cpu_areas));
	if (!look->cpu_areas)
		return -ENOMEM;
	areas = (uint8_t *)look->cpu_areas;
	r = mm_virt_read(&look->vmi->virt, symbol[MM_SYMBOL_PER_CPU_OFFSET], areas,
		ids * sizeof(*look->cpu_areas));
	for (size_t i = 0; r == 0 && i < ids; i++)
		if (mask[i / 8] & 1u << i % 8)
			look->cpu_areas[look->cpus++] =
				mm_number_at(areas + i * sizeof(uint64_t), sizeof(uint64_t));
	return r;
}

/* The lowest of the pointers, and how far from it the last number ends. */
static uint64_t spread(const uint64_t *ptrs, size_t count, uint64_t *ret_len)
{
	uint64_t low = ptrs[0];
	uint64_t high = ptrs[0];

	for (size_t i = 1; i < count; i++) {
		low = ptrs[i] < low ? ptrs[i] : low;
		high = ptrs[i] > high ? ptrs[i] : high;
	}
	*ret_len = high - low > SPREAD_MAX ? UINT64_MAX : high - low + sizeof(int32_t);
	return low;
}

static void add(uint64_t *sum, const uint8_t *bytes)
{
	*sum += (uint64_t)(int64_t)(int32_t)mm_number_at(bytes, sizeof(int32_t));
}

int mm_look_sum(struct mm_look *look, const uint64_t *ptrs, size_t count, uint64_t *ret_sums)
{
	uint8_t bytes[SPREAD_MAX + sizeof(int32_t)];
	uint64_t len;
	uint64_t low = spread(ptrs, count, &len);
	int r = 0;

	for (size_t cpu = 0; cpu < look->cpus; cpu++) {
		/* A per-CPU pointer is a distance: the sum may well wrap around. */
		if (len <= sizeof(bytes))
			r = mm_virt_read(&look->vmi->virt, low + look->cpu_areas[cpu], bytes, len);
		for (size_t i = 0; r == 0 && i < count; i++) {
			size_t at = len <= sizeof(bytes) ? ptrs[i] - low : 0;

			if (len > sizeof(bytes))
				r = mm_virt_read(&look->vmi->virt, ptrs[i] + look->cpu_areas[cpu],
					bytes, sizeof(int32_t));
			if (r == 0)
				add(&ret_sums[i], bytes + at);
		}
		if (r < 0)
			return r;
	}
	return 0;
}
