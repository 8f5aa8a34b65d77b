/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "figures.h"

#include <errno.h>
#include <stdlib.h>

#include "xenmm/units.h"

#define PPM 1000000

int mm_reliefs_add(struct mm_reliefs *r, uint64_t length_ms)
{
	size_t wanted = r->capacity ? r->capacity * 2 : 64;
	uint64_t *grown;

	if (r->count == r->capacity) {
		grown = reallocarray(r->lengths_ms, wanted, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		r->lengths_ms = grown;
		r->capacity = wanted;
	}
	r->lengths_ms[r->count++] = length_ms;
	return 0;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t mm_reliefs_percentile(struct mm_reliefs *r, unsigned int percent)
{
	if (r->count == 0)
		return 0;
	qsort(r->lengths_ms, r->count, sizeof(*r->lengths_ms), compare_u64);
	/* Nearest rank: the least length that so many of a hundred do not exceed. */
	return r->lengths_ms[(r->count * mm_min_u64(percent, 100) + 99) / 100 - (percent > 0)];
}

void mm_reliefs_free(struct mm_reliefs *r)
{
	free(r->lengths_ms);
	*r = (struct mm_reliefs){0};
}

uint64_t mm_figures_unmet_ppm(const struct mm_figures *f)
{
	if (f->need_kib_ms == 0)
		return 0;
	return (uint64_t)((unsigned __int128)f->unmet_kib_ms * PPM / f->need_kib_ms);
}
