/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mapped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vmi/phys.h"

/* At most so many at once (32 MiB); beyond, all are let go and asked for anew. A power of two, as is twice as much. */
#define FRAMES_MAX ((size_t)8192)
#define SLOTS	   (2 * FRAMES_MAX)

int mm_mapped_init(struct mm_mapped *mapped, xenforeignmemory_handle *fmem, uint32_t domid)
{
	*mapped = (struct mm_mapped){.fmem = fmem, .domid = domid};
	mapped->slots = calloc(SLOTS, sizeof(*mapped->slots));
	mapped->used = calloc(FRAMES_MAX, sizeof(*mapped->used));
	mapped->runs = calloc(FRAMES_MAX, sizeof(*mapped->runs));
	return mapped->slots && mapped->used && mapped->runs ? 0 : -ENOMEM;
}

void mm_mapped_fini(struct mm_mapped *mapped)
{
	if (mapped->slots && mapped->used && mapped->runs)
		mm_mapped_release(mapped);
	free(mapped->slots);
	free(mapped->used);
	free(mapped->runs);
	if (mapped->fmem)
		(void)xenforeignmemory_close(mapped->fmem);
}

/* Fibonacci hashing; frames come in runs and in strides. */
static struct mm_mapped_slot *find_slot(struct mm_mapped *mapped, uint64_t frame)
{
	size_t at = (size_t)(frame * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (SLOTS - 1);

	while (mapped->slots[at].is_used && mapped->slots[at].frame != frame)
		at = (at + 1) & (SLOTS - 1);
	return &mapped->slots[at];
}

static void unmap_all(struct mm_mapped *mapped)
{
	for (size_t i = 0; i < mapped->run_count; i++)
		(void)xenforeignmemory_unmap(
			mapped->fmem, mapped->runs[i].start, mapped->runs[i].pages);
	mapped->run_count = 0;
	for (size_t i = 0; i < mapped->used_count; i++)
		mapped->slots[mapped->used[i]] = (struct mm_mapped_slot){0};
	mapped->used_count = 0;
}

/* The reason is per page, also where it is the same for all. */
static void note_errors(struct mm_mapped *mapped, const int *errors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (errors[i] == -ESRCH || errors[i] == ESRCH)
			mapped->is_gone = true;
}

/* Maps frames that are not in the table yet, at most MM_MAP_BATCH. Returns 0 or -EIO. */
static int map_batch(struct mm_mapped *mapped, const uint64_t *frames, size_t count)
{
	int errors[MM_MAP_BATCH];
	uint8_t *start;

	if (mapped->used_count + count > FRAMES_MAX)
		unmap_all(mapped);
	start = xenforeignmemory_map(mapped->fmem, mapped->domid, PROT_READ, count, frames, errors);
	if (!start)
		return -EIO;
	note_errors(mapped, errors, count);
	mapped->runs[mapped->run_count++] = (struct mm_mapped_run){start, count};
	for (size_t i = 0; i < count; i++) {
		struct mm_mapped_slot *slot = find_slot(mapped, frames[i]);

		if (slot->is_used) /* twice in one batch */
			continue;
		slot->is_used = true;
		slot->frame = frames[i];
		slot->page = errors[i] ? NULL : start + i * MM_PAGE_SIZE;
		mapped->used[mapped->used_count++] = (uint32_t)(slot - mapped->slots);
	}
	return 0;
}

void mm_mapped_expect(struct mm_mapped *mapped, const uint64_t *frames, size_t count)
{
	uint64_t batch[MM_MAP_BATCH];
	size_t n = 0;

	if (count > FRAMES_MAX / 2)
		count = FRAMES_MAX / 2;
	for (size_t i = 0; i < count; i++) {
		if (!find_slot(mapped, frames[i])->is_used)
			batch[n++] = frames[i];
		if (n == MM_MAP_BATCH || (n && i + 1 == count)) {
			if (map_batch(mapped, batch, n) < 0)
				return;
			n = 0;
		}
	}
}

int mm_mapped_page(struct mm_mapped *mapped, uint64_t frame, const uint8_t **ret_page)
{
	struct mm_mapped_slot *slot;

	slot = find_slot(mapped, frame);
	if (!slot->is_used) {
		if (map_batch(mapped, &frame, 1) < 0)
			return -EIO;
		slot = find_slot(mapped, frame);
	}
	if (!slot->page)
		return -ENXIO;
	*ret_page = slot->page;
	return 0;
}

int mm_mapped_copy(struct mm_mapped *mapped, const uint64_t *frames, size_t count, uint8_t *buf,
	bool *ret_there)
{
	int errors[MM_MAP_BATCH];
	const uint8_t *start;

	start = xenforeignmemory_map(mapped->fmem, mapped->domid, PROT_READ, count, frames, errors);
	if (!start)
		return -EIO;
	note_errors(mapped, errors, count);
	for (size_t i = 0; i < count; i++) {
		ret_there[i] = !errors[i];
		if (ret_there[i])
			memcpy(buf + i * MM_PAGE_SIZE, start + i * MM_PAGE_SIZE, MM_PAGE_SIZE);
	}
	(void)xenforeignmemory_unmap(mapped->fmem, (void *)start, count);
	return 0;
}

void mm_mapped_release(struct mm_mapped *mapped)
{
	unmap_all(mapped);
}
