/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A few names that are looked for among a hundred thousand: what most of those are told by, their length and first letter, is
 * compared first. Pure.
 */
#ifndef XENMM_VMI_NAMES_H
#define XENMM_VMI_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mm_names {
	const char *const *names; /* borrowed; NULL entries are skipped */
	size_t count;
	uint64_t lengths[128]; /* by first letter: bit n: there is a name of n letters */
};

/* Names of 1 to 63 letters of ASCII; other ones are never found. */
void mm_names_init(struct mm_names *set, const char *const *names, size_t count);

/* False: no wanted name has this first letter and length. */
bool mm_names_may_have(const struct mm_names *set, unsigned char first, size_t len);

/* The index of the name at or after `from`, or set->count. Several rows may want the same name: ask again after it. */
size_t mm_names_find(const struct mm_names *set, const char *name, size_t len, size_t from);

#endif
