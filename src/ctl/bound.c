/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bound.h"

#include "xenmm/units.h"

#define KILL_PATIENCE_MS 100 /* as the simulated kernel's */

uint64_t mm_bound_capacity(const struct mm_bound_host *h)
{
	uint64_t physical_kib = mm_sub_floor(h->total_kib, h->dom0_kib);
	uint64_t allowed_kib = mm_sub_floor(physical_kib, h->reserve_kib);

	if (h->budget_kib)
		allowed_kib = mm_min_u64(allowed_kib, h->budget_kib + h->outside_kib);
	allowed_kib = mm_max_u64(allowed_kib, h->start_kib) + h->created_kib;
	return mm_min_u64(allowed_kib, physical_kib);
}

/* What fixed guests hold of what they need is not to be had for others. */
static uint64_t movable(const struct mm_bound_guest *guests, size_t count, uint64_t capacity_kib)
{
	for (size_t i = 0; i < count; i++) {
		const struct mm_bound_guest *g = &guests[i];

		if (g->is_there && g->is_fixed)
			capacity_kib =
				mm_sub_floor(capacity_kib, mm_min_u64(g->held_kib, g->need_kib));
	}
	return capacity_kib;
}

uint64_t mm_bound_unmet(const struct mm_bound_guest *guests, size_t count, uint64_t capacity_kib)
{
	uint64_t alone_kib = 0; /* what one guest lacks, whatever there is for all */
	uint64_t sum_kib = 0;

	for (size_t i = 0; i < count; i++) {
		const struct mm_bound_guest *g = &guests[i];
		uint64_t most_kib = g->is_fixed ? g->held_kib : g->max_kib;

		if (!g->is_there)
			continue;
		alone_kib += mm_sub_floor(g->need_kib, most_kib);
		if (!g->is_fixed)
			sum_kib += mm_min_u64(g->need_kib, most_kib);
	}
	return alone_kib + mm_sub_floor(sum_kib, movable(guests, count, capacity_kib));
}

/* By how much what must be held exceeds memory and swap. */
static uint64_t overfull(const struct mm_bound_guest *guests, size_t count, uint64_t capacity_kib)
{
	uint64_t sum_kib = 0, swap_kib = 0;

	for (size_t i = 0; i < count; i++) {
		const struct mm_bound_guest *g = &guests[i];
		uint64_t inside_kib = mm_min_u64(g->least_kib, g->max_kib);
		uint64_t room_kib = mm_sub_floor(g->swap_kib, g->least_kib - inside_kib);

		if (!g->is_there || g->is_fixed)
			continue;
		sum_kib += inside_kib;
		swap_kib += mm_min_u64(room_kib, inside_kib);
	}
	return mm_sub_floor(sum_kib, movable(guests, count, capacity_kib) + swap_kib);
}

static size_t largest(const struct mm_bound_guest *guests, size_t count)
{
	size_t best = count;

	for (size_t i = 0; i < count; i++) {
		const struct mm_bound_guest *g = &guests[i];

		if (!g->is_there || g->is_fixed || g->killable_kib == 0)
			continue;
		if (best == count || g->killable_kib > guests[best].killable_kib)
			best = i;
	}
	return best;
}

size_t mm_bound_add(struct mm_bound *b, const struct mm_bound_guest *guests, size_t count,
	uint64_t capacity_kib, uint64_t ms)
{
	for (size_t i = 0; i < count; i++)
		b->need_kib_ms += guests[i].is_there ? guests[i].need_kib * ms : 0;
	b->unmet_kib_ms += mm_bound_unmet(guests, count, capacity_kib) * ms;
	if (!overfull(guests, count, capacity_kib)) {
		b->overfull_ms = 0;
		return count;
	}
	b->overfull_ms += ms;
	if (b->overfull_ms < KILL_PATIENCE_MS)
		return count;
	b->overfull_ms = 0;
	return largest(guests, count);
}
