/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A map of addresses to numbers, for what a walk has seen: grows up to a bound, forgets all at once. Inside the room only. */
#ifndef XENMM_VMI_MAP_H
#define XENMM_VMI_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: empty. */
struct mm_map {
	uint64_t *keys; /* 0: free; so 0 can't be a key */
	uint32_t *values;
	size_t count;
	size_t slots; /* a power of two, or 0 */
};

/*
 * Sets key's value, also over an older one. Returns 0; -EINVAL: key is 0; -ENOSPC: it would be more than `max`, or there are
 * too many of its kind; -ENOMEM.
 */
int mm_map_set(struct mm_map *map, uint64_t key, uint32_t value, size_t max);

/* Whether key is there; if so, *ret_value. */
bool mm_map_get(const struct mm_map *map, uint64_t key, uint32_t *ret_value);

/* Empties it, and keeps its memory for the next use. */
void mm_map_clear(struct mm_map *map);

void mm_map_free(struct mm_map *map);

#endif
