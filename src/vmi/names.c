/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wanted names. */
#include "vmi/names.h"

#include <string.h>

void mm_names_init(struct mm_names *set, const char *const *names, size_t count)
{
	size_t i, len;

	*set = (struct mm_names){.names = names, .count = count};
	for (i = 0; i < count; i++) {
		len = names[i] ? strlen(names[i]) : 0;
		if (len && len < 64)
			set->lengths[names[i][0] & 127] |= UINT64_C(1) << len;
	}
}

bool mm_names_may_have(const struct mm_names *set, unsigned char first, size_t len)
{
	return first < 128 && len < 64 && (set->lengths[first] >> len & 1);
}

size_t mm_names_find(const struct mm_names *set, const char *name, size_t len, size_t from)
{
	if (!len || !mm_names_may_have(set, (unsigned char)name[0], len))
		return set->count;
	for (; from < set->count; from++)
		if (set->names[from] && strlen(set->names[from]) == len &&
			memcmp(set->names[from], name, len) == 0)
			break;
	return from;
}
