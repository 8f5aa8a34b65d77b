/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/test.h"
#include "xenmm/units.h"

/* What a Linux guest's MemTotal lacks to its balloon, as measured on a guest of 256 MiB. */
#define KERNEL_KIB MIB(64)

void world_init(struct world *w, uint64_t free_kib)
{
	memset(w, 0, sizeof(*w));
	mm_config_init(&w->cfg);
	w->cfg.policy = MM_POLICY_TAX; /* its wishes are easy to foretell */
	w->cfg.reserve_kib = 0;
	w->cfg.min_kib = 0;
	w->snap.now_ms = WORLD_START_MS;
	w->snap.host.free_kib = free_kib;
	w->snap.host.total_kib = free_kib;
}

void world_free(struct world *w)
{
	mm_plan_free(&w->plan);
	mm_history_free(&w->hist);
	mm_snapshot_free(&w->snap);
	free(w->guests);
	memset(w, 0, sizeof(*w));
}

struct mm_domain *world_domain(struct world *w, uint32_t domid)
{
	for (size_t i = 0; i < w->snap.count; i++)
		if (w->snap.domains[i].domid == domid)
			return &w->snap.domains[i];
	fail_msg("no domain %" PRIu32, domid);
	return NULL;
}

struct world_guest *world_guest(struct world *w, uint32_t domid)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->guests[i].domid == domid)
			return &w->guests[i];
	fail_msg("no guest %" PRIu32, domid);
	return NULL;
}

uint64_t world_held(struct world *w, uint32_t domid)
{
	return world_domain(w, domid)->current_kib;
}

static void report(const struct world *w, const struct world_guest *guest, struct mm_domain *dom)
{
	uint64_t held = dom->current_kib - (uint64_t)guest->offset_kib;

	if (guest->is_silent || dom->state != MM_DOM_RUNNING)
		return;
	dom->report.source = MM_SOURCE_XENMM;
	dom->report.seq++;
	dom->report.uptime_ms = 3600000 + w->snap.now_ms;
	dom->report.balloon_kib = held;
	dom->report.avail_kib = guest->is_liar ? 0 : mm_sub_floor(held, guest->use_kib);
	dom->report.free_kib = dom->report.avail_kib / 2;
	dom->report.total_kib = mm_max_u64(mm_sub_floor(held, KERNEL_KIB), dom->report.avail_kib);
	dom->report.has_psi = guest->has_psi;
	dom->report.psi_some_us = guest->stalled_us;
	dom->report_ms = w->snap.now_ms;
}

void world_report(struct world *w)
{
	for (size_t i = 0; i < w->count; i++)
		report(w, &w->guests[i], world_domain(w, w->guests[i].domid));
}

struct world_guest *world_add(struct world *w, uint32_t domid, uint64_t held_kib, uint64_t use_kib)
{
	struct world_guest *guest;
	struct mm_domain *dom;

	if (w->count == w->capacity) {
		w->capacity = w->capacity ? 2 * w->capacity : 16;
		w->guests = realloc(w->guests, w->capacity * sizeof(*w->guests));
		assert_non_null(w->guests);
	}
	guest = &w->guests[w->count++];
	*guest = (struct world_guest){.domid = domid, .use_kib = use_kib, .rate_kib = MIB(100)};
	assert_int_equal(mm_snapshot_add(&w->snap, &dom), 0);
	dom->domid = domid;
	snprintf(dom->uuid, sizeof(dom->uuid), "00000000-0000-0000-0000-%012" PRIu32, domid);
	snprintf(dom->name, sizeof(dom->name), "guest%" PRIu32, domid);
	dom->state = MM_DOM_RUNNING;
	dom->current_kib = dom->target_kib = held_kib;
	dom->static_max_kib = 4 * held_kib;
	w->snap.host.total_kib += held_kib;
	report(w, guest, dom);
	mm_snapshot_sort(&w->snap);
	return guest;
}

void world_remove(struct world *w, uint32_t domid)
{
	struct world_guest *guest = world_guest(w, domid);
	struct mm_domain *dom = world_domain(w, domid);

	w->snap.host.free_kib += dom->current_kib;
	memmove(dom, dom + 1, (size_t)(w->snap.domains + w->snap.count - dom - 1) * sizeof(*dom));
	w->snap.count--;
	*guest = w->guests[--w->count];
}

void world_decide(struct world *w)
{
	assert_int_equal(mm_decide(&w->cfg, &w->snap, &w->hist, &w->plan), 0);
}

const struct mm_plan_entry *world_entry(const struct world *w, uint32_t domid)
{
	for (size_t i = 0; i < w->plan.count; i++)
		if (w->plan.entries[i].domid == domid)
			return &w->plan.entries[i];
	fail_msg("no entry for domain %" PRIu32, domid);
	return NULL;
}

void world_apply(struct world *w)
{
	for (size_t i = 0; i < w->plan.change_count; i++) {
		const struct mm_plan_entry *entry = &w->plan.entries[w->plan.order[i]];

		world_domain(w, entry->domid)->target_kib = entry->new_kib;
		w->writes++;
	}
}

/* Down, a balloon does not take what the guest uses; up, it takes what the host has. */
static void move(
	struct world *w, const struct world_guest *guest, struct mm_domain *dom, uint64_t ms)
{
	uint64_t goal = dom->target_kib + (uint64_t)guest->offset_kib;
	uint64_t step = mm_min_u64(guest->rate_kib * ms / 1000, GIB(1024));
	uint64_t way;

	if (!dom->target_kib || dom->state != MM_DOM_RUNNING)
		return;
	if (dom->current_kib > goal) {
		goal = mm_max_u64(goal, guest->use_kib);
		way = mm_min_u64(mm_sub_floor(dom->current_kib, goal), step);
		dom->current_kib -= way;
		w->snap.host.free_kib += way;
		return;
	}
	way = mm_min_u64(mm_min_u64(goal - dom->current_kib, step), w->snap.host.free_kib);
	dom->current_kib += way;
	w->snap.host.free_kib -= way;
}

void world_advance(struct world *w, uint64_t ms)
{
	w->snap.now_ms += ms;
	for (size_t i = 0; i < w->count; i++) {
		struct mm_domain *dom = world_domain(w, w->guests[i].domid);

		move(w, &w->guests[i], dom, ms);
		if (dom->current_kib <= w->guests[i].use_kib) /* three tenths of the time */
			w->guests[i].stalled_us += 300 * ms;
	}
	world_report(w);
}

void world_run(struct world *w, size_t rounds, uint64_t round_ms)
{
	for (size_t i = 0; i < rounds; i++) {
		world_decide(w);
		world_apply(w);
		world_advance(w, round_ms);
	}
}

uint64_t random_seed(uint64_t fallback)
{
	const char *text = getenv("XENMM_SEED");
	uint64_t seed = fallback;

	if (text && mm_parse_u64(text, strlen(text), UINT64_MAX, &seed))
		fail_msg("XENMM_SEED: '%s' is not a number", text);
	print_message("seed %" PRIu64 "\n", seed);
	return seed;
}

/* splitmix64 */
uint64_t random_below(uint64_t *state, uint64_t limit)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return limit ? z % limit : z;
}
