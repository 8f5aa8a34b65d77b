/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kallsyms: the bytes are a guest's memory, in which the tables are looked for by their form, and whatever is found is resolved; the first
 * words also say where tables are, as vmcoreinfo would.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "flat.h"
#include "vmi/fallback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS 8

static const char *const names[] = {
	"linux_banner", "init_task", NULL, "vm_event_states", "init_task"};

#define COUNT (sizeof(names) / sizeof(names[0]))

static void resolve(struct mm_phys *phys, const struct mm_kallsyms_place *place)
{
	uint64_t addrs[COUNT];

	if (mm_kallsyms_resolve(phys, place, names, COUNT, addrs) < 0)
		return;
	if (addrs[2] || addrs[1] != addrs[4])
		abort();
}

static int try_place(void *arg, const struct mm_kallsyms_place *place)
{
	struct mm_phys *phys = arg;

	if (place->names >= phys->end || place->token_index >= phys->end ||
		place->count > MM_KALLSYMS_MAX)
		abort();
	resolve(phys, place);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_kallsyms_place place;
	uint64_t words[WORDS] = {0};
	struct flat flat;

	flat_init(&flat, data, size);
	memcpy(words, data, size < sizeof(words) ? size : sizeof(words));
	place = (struct mm_kallsyms_place){
		.names = words[0],
		.names_end = words[1],
		.token_table = words[2],
		.token_index = words[3],
		.offsets = words[4],
		.relative_base = words[5],
		.stext = words[6],
		.count = (uint32_t)words[7],
	};
	resolve(&flat.phys, &place);
	if (mm_fallback_find(&flat.phys, 0, flat.phys.end, try_place, &flat.phys) < 0)
		abort();
	return 0;
}
