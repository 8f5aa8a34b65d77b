/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a find of kallsyms tables to a guest that can be read. */
#include "vmi/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/btf.h"

#define BANNER	    "Linux version "
#define BANNER_SIZE 128 /* of it that is compared */

/* What the bootstrap itself needs, beside the rows of wanted.h. */
enum own_symbol {
	OWN_BANNER,
	OWN_TABLE,
	OWN_L5,
	OWN_SME,
	OWN_STATE,
	OWN_BTF_START,
	OWN_BTF_STOP,
	OWN_COUNT
};

#define NAME_COUNT (MM_SYMBOL_COUNT + OWN_COUNT)
#define STATE_RUNNING                                                                              \
	2 /* system_state: from here on (5.17: freeing initmem) it runs; before, it boots */
#define STATE_MAX 16 /* far more than there are */

#define SYMBOL_NAME(id, name, required)	    [MM_SYMBOL_##id] = name,
#define SYMBOL_REQUIRED(id, name, required) [MM_SYMBOL_##id] = required,
#define STRUCT_ROW(id, name, required)	    {{MM_BTF_STRUCT, name, NULL, {0}}, required},
#define FIELD_ROW(id, name, path, required) {{MM_BTF_FIELD, name, path, {0}}, required},
#define VALUE_ROW(id, name, required)	    {{MM_BTF_VALUE, name, NULL, {0}}, required},

static const char *const symbol_names[NAME_COUNT] = {
	MM_SYMBOLS(SYMBOL_NAME)[MM_SYMBOL_COUNT + OWN_BANNER] = "linux_banner",
	[MM_SYMBOL_COUNT + OWN_TABLE] = "init_top_pgt",
	[MM_SYMBOL_COUNT + OWN_L5] = "__pgtable_l5_enabled",
	[MM_SYMBOL_COUNT + OWN_SME] = "sme_me_mask",
	[MM_SYMBOL_COUNT + OWN_STATE] = "system_state",
	[MM_SYMBOL_COUNT + OWN_BTF_START] = "__start_BTF",
	[MM_SYMBOL_COUNT + OWN_BTF_STOP] = "__stop_BTF",
};

static const bool symbol_required[MM_SYMBOL_COUNT] = {MM_SYMBOLS(SYMBOL_REQUIRED)};

/* In the order of the ids: structs, fields, values. */
static const struct type_row {
	struct mm_btf_query query;
	bool is_required;
} type_rows[] = {MM_STRUCTS(STRUCT_ROW) MM_FIELDS(FIELD_ROW) MM_VALUES(VALUE_ROW)};

#define ROW_COUNT (MM_STRUCT_COUNT + MM_FIELD_COUNT + MM_VALUE_COUNT)

struct attempt {
	struct mm_phys *phys;
	struct mm_image image;
	const struct mm_vmcoreinfo *info;
	uint64_t symbol[NAME_COUNT];
	char banner[BANNER_SIZE];
	char release[65];
	struct mm_virt virt;
};

static uint64_t own(const struct attempt *attempt, enum own_symbol id)
{
	return attempt->symbol[MM_SYMBOL_COUNT + id];
}

bool mm_kernel_place(const struct mm_image *image, const struct mm_vmcoreinfo *info,
	struct mm_kallsyms_place *ret_place)
{
	struct mm_kallsyms_place place = {.stext = info->stext};

	if (!info->kallsyms_names || !info->kallsyms_num_syms || !info->kallsyms_token_table ||
		!info->kallsyms_token_index || !info->kallsyms_offsets ||
		!info->kallsyms_relative_base)
		return false;
	if (mm_image_read(image, info->kallsyms_num_syms, &place.count, sizeof(place.count)) < 0 ||
		mm_image_read(image, info->kallsyms_relative_base, &place.relative_base,
			sizeof(place.relative_base)) < 0)
		return false;
	place.names = mm_image_phys(image, info->kallsyms_names);
	place.token_table = mm_image_phys(image, info->kallsyms_token_table);
	place.names_end = place.token_table;
	place.token_index = mm_image_phys(image, info->kallsyms_token_index);
	place.offsets = mm_image_phys(image, info->kallsyms_offsets);
	*ret_place = place;
	return true;
}

/* The kernel's own words for its version must be where its symbols say. */
static bool read_banner(struct attempt *attempt)
{
	const char *release = attempt->banner + sizeof(BANNER) - 1;
	size_t len, i;

	if (mm_image_read(&attempt->image, own(attempt, OWN_BANNER), attempt->banner,
		    sizeof(attempt->banner)) < 0)
		return false;
	if (memcmp(attempt->banner, BANNER, sizeof(BANNER) - 1) != 0)
		return false;
	len = strnlen(release, sizeof(attempt->release));
	for (i = 0; i < len && release[i] != ' '; i++)
		if (release[i] < ' ' || release[i] > '~')
			return false;
	if (!i || i >= sizeof(attempt->release) || release[i] != ' ')
		return false;
	memcpy(attempt->release, release, i);
	attempt->release[i] = '\0';
	return !attempt->info || strcmp(attempt->info->release, attempt->release) == 0;
}

/*
 * Where the image is. vmcoreinfo says it; otherwise its start is one of the few aligned places before the tables, the
 * one from which the banner is where it should be: without KASLR, the default one.
 */
static bool find_image(struct attempt *attempt, const struct mm_kallsyms_place *place)
{
	uint64_t base = place->relative_base - MM_IMAGE_MAP, start, steps;

	if (attempt->info) {
		attempt->image.phys_base = attempt->info->phys_base;
		return read_banner(attempt);
	}
	start = place->token_table & ~(MM_IMAGE_ALIGN - 1);
	for (steps = MM_IMAGE_MAX / MM_IMAGE_ALIGN; steps && start; steps--) {
		attempt->image.phys_base = start - base;
		if (read_banner(attempt))
			return true;
		start -= MM_IMAGE_ALIGN;
	}
	return false;
}

/* A number of the kernel's, or `missing` where there is no such symbol. */
static uint64_t read_own(
	const struct attempt *attempt, enum own_symbol id, size_t size, uint64_t missing)
{
	uint64_t value = 0;

	if (!own(attempt, id) || mm_image_read(&attempt->image, own(attempt, id), &value, size) < 0)
		return missing;
	return value;
}

static enum mm_vmi_reason check_state(const struct attempt *attempt)
{
	uint64_t state = read_own(attempt, OWN_STATE, sizeof(uint32_t), STATE_RUNNING);

	if (read_own(attempt, OWN_SME, sizeof(uint64_t), 0))
		return MM_VMI_ENCRYPTED;
	if (state > STATE_MAX)
		return MM_VMI_DAMAGED;
	return state < STATE_RUNNING ? MM_VMI_NOT_BOOTED : MM_VMI_OK;
}

static bool sees_banner(struct attempt *attempt)
{
	char banner[BANNER_SIZE];

	return mm_virt_read(&attempt->virt, own(attempt, OWN_BANNER), banner, sizeof(banner)) ==
		       0 &&
	       memcmp(banner, attempt->banner, sizeof(banner)) == 0;
}

/*
 * The page table is at a symbol of the image. In a PV guest that says what the guest takes for its address, while the table itself leads to
 * machine addresses, its own among them: so it is entered by the one and kept by the other.
 */
static enum mm_vmi_reason find_table(struct attempt *attempt)
{
	uint64_t table = own(attempt, OWN_TABLE), addr;
	uint64_t l5 = read_own(
		attempt, OWN_L5, sizeof(uint32_t), attempt->info ? attempt->info->l5_enabled : 0);

	if (!table || table % MM_PAGE_SIZE || l5 > 1)
		return MM_VMI_DAMAGED;
	addr = mm_image_phys(&attempt->image, table);
	if (addr >= attempt->phys->end)
		return MM_VMI_DAMAGED;
	if (mm_virt_init(&attempt->virt, attempt->phys, addr, l5 ? 5 : 4) < 0)
		return MM_VMI_LIMIT;
	attempt->virt.root_space = MM_PHYS_GUEST;
	if (!sees_banner(attempt) || mm_virt_translate(&attempt->virt, table, &addr) < 0)
		return MM_VMI_DAMAGED;
	attempt->virt.root = addr;
	attempt->virt.root_space = MM_PHYS_MACHINE;
	mm_virt_forget(&attempt->virt);
	return sees_banner(attempt) ? MM_VMI_OK : MM_VMI_DAMAGED;
}

static enum mm_vmi_reason keep_types(struct mm_vmi *vmi, const struct mm_btf_query *queries)
{
	const struct mm_btf_query *query = queries;
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		if (type_rows[i].is_required && queries[i].at.offset == MM_ABSENT)
			return MM_VMI_UNSUPPORTED;
	for (i = 0; i < MM_STRUCT_COUNT; i++, query++)
		vmi->struct_size[i] = query->at.offset == MM_ABSENT ? MM_ABSENT : query->at.size;
	for (i = 0; i < MM_FIELD_COUNT; i++)
		vmi->field[i] = (query++)->at;
	for (i = 0; i < MM_VALUE_COUNT; i++)
		vmi->value[i] = (query++)->at.offset;
	return MM_VMI_OK;
}

static enum mm_vmi_reason look_up_types(struct mm_vmi *vmi, const void *data, size_t size)
{
	struct mm_btf_query queries[ROW_COUNT];
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		queries[i] = type_rows[i].query;
	switch (mm_btf_resolve(data, size, queries, ROW_COUNT)) {
	case 0:
		return keep_types(vmi, queries);
	case -EINVAL:
		return MM_VMI_UNSUPPORTED;
	default:
		return MM_VMI_LIMIT;
	}
}

static enum mm_vmi_reason read_types(const struct attempt *attempt, struct mm_vmi *vmi)
{
	uint64_t start = own(attempt, OWN_BTF_START), stop = own(attempt, OWN_BTF_STOP);
	enum mm_vmi_reason reason;
	void *data;

	if (!start || stop <= start)
		return MM_VMI_NO_BTF;
	if (stop - start > MM_BTF_MAX)
		return MM_VMI_LIMIT;
	data = malloc((size_t)(stop - start));
	if (!data)
		return MM_VMI_LIMIT;
	reason = mm_image_read(&attempt->image, start, data, (size_t)(stop - start)) < 0
			 ? MM_VMI_DAMAGED
			 : look_up_types(vmi, data, (size_t)(stop - start));
	free(data);
	return reason;
}

static enum mm_vmi_reason keep_symbols(struct mm_vmi *vmi, const struct attempt *attempt)
{
	size_t i;

	for (i = 0; i < MM_SYMBOL_COUNT; i++)
		if (symbol_required[i] && !attempt->symbol[i])
			return MM_VMI_NO_SYMBOLS;
	memcpy(vmi->symbol, attempt->symbol, sizeof(vmi->symbol));
	memcpy(vmi->release, attempt->release, sizeof(vmi->release));
	return MM_VMI_OK;
}

static enum mm_vmi_reason try_attempt(struct attempt *attempt, struct mm_vmi *vmi,
	const struct mm_kallsyms_place *place, enum mm_kernel_stage *ret_stage)
{
	struct mm_kallsyms_place told = *place;
	enum mm_vmi_reason reason;

	if (attempt->info)
		told.stext = attempt->info->stext;
	if (mm_kallsyms_resolve(attempt->phys, &told, symbol_names, NAME_COUNT, attempt->symbol) <
			0 ||
		!own(attempt, OWN_BANNER) || !find_image(attempt, place))
		return MM_VMI_NO_SYMBOLS;
	*ret_stage = MM_KERNEL_SYMBOLS;
	reason = check_state(attempt);
	if (reason == MM_VMI_OK)
		reason = find_table(attempt);
	if (reason != MM_VMI_OK)
		return reason;
	*ret_stage = MM_KERNEL_CERTAIN;
	reason = keep_symbols(vmi, attempt);
	return reason == MM_VMI_OK ? read_types(attempt, vmi) : reason;
}

enum mm_vmi_reason mm_kernel_open(struct mm_kernel *kernel, const struct mm_kallsyms_place *place,
	const struct mm_vmcoreinfo *info, enum mm_kernel_stage *ret_stage)
{
	struct attempt attempt = {
		.phys = kernel->phys,
		.image = {.phys = kernel->phys},
		.info = info,
	};
	enum mm_vmi_reason reason;

	*ret_stage = info ? MM_KERNEL_NAMED : MM_KERNEL_NONE;
	reason = try_attempt(&attempt, kernel->vmi, place, ret_stage);
	if (reason != MM_VMI_OK) {
		mm_virt_fini(&attempt.virt);
		return reason;
	}
	attempt.virt.reads = 0;
	mm_virt_forget(&attempt.virt);
	kernel->vmi->virt = attempt.virt;
	return MM_VMI_OK;
}
