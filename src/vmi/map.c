/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Open addressing, at most half full. */
#include "vmi/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 256

/*
 * The guest chooses the keys, and could choose such as all want the same slot: what is not found in so many steps is
 * not there. At most a quarter of the slots is in use; honest addresses need less than 20 steps then.
 */
#define STEPS_MAX 128

/* Fibonacci hashing: 2^64 over the golden ratio. Addresses differ in few bits, of which the low ones are all 0. */
static size_t first_slot(uint64_t key, size_t slots)
{
	return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (slots - 1);
}

/* The slot that holds key, or the free one where it belongs; SIZE_MAX: neither. */
static size_t find_slot(const struct mm_map *map, uint64_t key)
{
	size_t slot = first_slot(key, map->slots);

	for (int i = 0; i < STEPS_MAX; i++) {
		if (!map->keys[slot] || map->keys[slot] == key)
			return slot;
		slot = (slot + 1) & (map->slots - 1);
	}
	return SIZE_MAX;
}

static void put(struct mm_map *map, uint64_t key, uint32_t value)
{
	size_t slot = find_slot(map, key);

	if (slot == SIZE_MAX)
		return;
	map->count += !map->keys[slot];
	map->keys[slot] = key;
	map->values[slot] = value;
}

static int grow(struct mm_map *map)
{
	struct mm_map bigger = {.slots = map->slots ? map->slots * 2 : SLOTS_FIRST};

	bigger.keys = calloc(bigger.slots, sizeof(*bigger.keys));
	bigger.values = calloc(bigger.slots, sizeof(*bigger.values));
	if (!bigger.keys || !bigger.values) {
		mm_map_free(&bigger);
		return -ENOMEM;
	}
	for (size_t i = 0; i < map->slots; i++)
		if (map->keys[i])
			put(&bigger, map->keys[i], map->values[i]);
	free(map->keys);
	free(map->values);
	map->keys = bigger.keys;
	map->values = bigger.values;
	map->count = bigger.count;
	map->slots = bigger.slots;
	return 0;
}

int mm_map_set(struct mm_map *map, uint64_t key, uint32_t value, size_t max)
{
	uint32_t old;
	int r;

	if (!key)
		return -EINVAL;
	if (!mm_map_get(map, key, &old)) {
		if (map->count >= max)
			return -ENOSPC;
		r = (map->count + 1) * 4 > map->slots ? grow(map) : 0;
		if (r < 0)
			return r;
	}
	put(map, key, value);
	return mm_map_get(map, key, &old) ? 0 : -ENOSPC;
}

bool mm_map_get(const struct mm_map *map, uint64_t key, uint32_t *ret_value)
{
	size_t slot = key && map->slots ? find_slot(map, key) : SIZE_MAX;

	if (slot == SIZE_MAX || !map->keys[slot])
		return false;
	*ret_value = map->values[slot];
	return true;
}

void mm_map_clear(struct mm_map *map)
{
	if (map->count)
		memset(map->keys, 0, map->slots * sizeof(*map->keys));
	map->count = 0;
}

void mm_map_free(struct mm_map *map)
{
	free(map->keys);
	free(map->values);
	*map = (struct mm_map){0};
}
