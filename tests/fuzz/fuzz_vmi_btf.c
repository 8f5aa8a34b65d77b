/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BTF: any bytes are refused, or give answers that are absent or lie within what a struct can be. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "vmi/btf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mm_btf_query wanted[] = {
	{MM_BTF_STRUCT, "task", NULL, {0}},
	{MM_BTF_STRUCT, "list_head", NULL, {0}},
	{MM_BTF_FIELD, "task", "tasks.prev", {0}},
	{MM_BTF_FIELD, "task", "deep_list.next", {0}},
	{MM_BTF_FIELD, "task", "comm", {0}},
	{MM_BTF_FIELD, "task", "table", {0}},
	{MM_BTF_FIELD, "task", "heads.next", {0}},
	{MM_BTF_FIELD, "task", "byte", {0}},
	{MM_BTF_FIELD, "task", "nowhere", {0}},
	{MM_BTF_VALUE, "NR_ITEMS", NULL, {0}},
	{MM_BTF_VALUE, "WIDE_SMALL", NULL, {0}},
};

#define COUNT (sizeof(wanted) / sizeof(wanted[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_btf_query queries[COUNT];
	size_t i;

	for (i = 0; i < COUNT; i++)
		queries[i] = wanted[i];
	if (mm_btf_resolve(data, size, queries, COUNT) < 0)
		return 0;
	for (i = 0; i < COUNT; i++) {
		const struct mm_field_at *at = &queries[i].at;

		if (at->offset == MM_ABSENT && (at->size || at->count))
			abort();
	}
	return 0;
}
