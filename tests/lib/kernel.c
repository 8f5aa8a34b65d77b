/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds a synthetic kernel: where its parts lie is fixed, but for the image's start and slide. */
#include "lib/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kernel_tables.h"
#include "vmi/image.h"

/* In the image. */
#define TABLES_AT (9 * KERNEL_MIB)
#define BTF_AT	  (10 * KERNEL_MIB)
#define DATA_AT	  (11 * KERNEL_MIB)
#define IMAGE_END (12 * KERNEL_MIB)
#define BANNER_AT DATA_AT
#define STATE_AT  (DATA_AT + 0x800)
#define L5_AT	  (DATA_AT + 0x808)
#define SME_AT	  (DATA_AT + 0x810)
#define ROOT_AT	  (DATA_AT + 0x2000)
#define WANTED_AT (DATA_AT + 0x4000)
#define FILLER_AT (DATA_AT + 0x6000)

#define LOW_TABLES KERNEL_MIB /* guest-physical, of the page-table pages below the root */
#define ENTRY	   UINT64_C(0x063)
#define HUGE	   UINT64_C(0x080)
#define PERCPU	   0x31260

#define ROWS_MAX (KERNEL_FILLERS + 100)

struct rows {
	struct kernel_row row[ROWS_MAX];
	size_t count;
};

static uint64_t start_of(const struct kernel *kernel)
{
	return kernel->options.start ? kernel->options.start : KERNEL_START;
}

static uint64_t base_of(const struct kernel *kernel)
{
	return MM_IMAGE_MAP + KERNEL_START + kernel->options.slide;
}

uint64_t kernel_machine(const struct kernel *kernel, uint64_t addr)
{
	return kernel->options.is_pv ? (addr ^ 0x55000) + UINT64_C(0x40000000) : addr;
}

uint8_t *kernel_mem(struct kernel *kernel, uint64_t vaddr)
{
	uint64_t at = vaddr - base_of(kernel);

	if (at >= IMAGE_END)
		abort();
	return kernel->mem + start_of(kernel) + at;
}

static void mark(struct kernel *kernel, uint64_t addr, size_t size)
{
	for (uint64_t page = addr / MM_PAGE_SIZE; page * MM_PAGE_SIZE < addr + size; page++)
		kernel->there[page] = true;
}

void kernel_fill(struct kernel *kernel, uint64_t addr, const void *data, size_t size)
{
	memcpy(kernel->mem + addr, data, size);
	mark(kernel, addr, size);
}

/* ---- memory */

static int copy(struct kernel *kernel, uint64_t addr, void *buf, size_t len)
{
	if (addr > KERNEL_MEMORY || len > KERNEL_MEMORY - addr)
		return -ENXIO;
	for (uint64_t page = addr / MM_PAGE_SIZE; page * MM_PAGE_SIZE < addr + len; page++)
		if (!kernel->there[page])
			return -ENXIO;
	memcpy(buf, kernel->mem + addr, len);
	return 0;
}

static int kernel_read(
	struct mm_phys *phys, enum mm_phys_space space, uint64_t addr, void *buf, size_t len)
{
	struct kernel *kernel = (struct kernel *)phys;

	if (kernel->fail_with)
		return kernel->fail_with;
	if (space == MM_PHYS_MACHINE && kernel->options.is_pv)
		addr = (addr - UINT64_C(0x40000000)) ^ 0x55000;
	return copy(kernel, addr, buf, len);
}

static int kernel_sweep(
	struct mm_phys *phys, uint64_t addr, size_t pages, void *buf, bool *ret_there)
{
	struct kernel *kernel = (struct kernel *)phys;

	if (kernel->fail_with)
		return kernel->fail_with;
	for (size_t i = 0; i < pages; i++) {
		ret_there[i] = copy(kernel, addr + i * MM_PAGE_SIZE, (char *)buf + i * MM_PAGE_SIZE,
				       MM_PAGE_SIZE) == 0;
		kernel->seen += ret_there[i];
	}
	return 0;
}

static const struct mm_phys_ops kernel_ops = {
	.name = "kernel", .read = kernel_read, .sweep = kernel_sweep};

/* ---- symbols */

static void add_row(const struct kernel *kernel, struct rows *rows, const char *name, uint64_t at)
{
	struct kernel_row *row = &rows->row[rows->count];

	if (kernel->options.missing && strcmp(kernel->options.missing, name) == 0)
		return;
	snprintf(row->name, sizeof(row->name), "%s", name);
	row->value = base_of(kernel) + at;
	rows->count++;
}

#define WANTED_NAME(id, name, required) name,

static const char *const wanted[] = {MM_SYMBOLS(WANTED_NAME)};

static void add_wanted(const struct kernel *kernel, struct rows *rows)
{
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t before = rows->count;

		add_row(kernel, rows, wanted[i], WANTED_AT + 8 * i);
		if (strcmp(wanted[i], "vm_event_states") == 0 && rows->count > before &&
			!kernel->options.is_relative) {
			rows->row[before].value = PERCPU;
			rows->row[before].is_percpu = true;
		}
	}
}

/* kallsyms is sorted by address. */
static int compare_rows(const void *a, const void *b)
{
	uint64_t left = ((const struct kernel_row *)a)->value;
	uint64_t right = ((const struct kernel_row *)b)->value;

	return (left > right) - (left < right);
}

static void list_rows(const struct kernel *kernel, struct rows *rows, size_t btf_size)
{
	char name[40];

	rows->count = 0;
	add_row(kernel, rows, "_text", 0);
	add_row(kernel, rows, "_stext", 0);
	add_row(kernel, rows, "__start_BTF", BTF_AT);
	add_row(kernel, rows, "__stop_BTF", BTF_AT + btf_size);
	add_row(kernel, rows, "linux_banner", BANNER_AT);
	add_row(kernel, rows, "system_state", STATE_AT);
	add_row(kernel, rows, "__pgtable_l5_enabled", L5_AT);
	add_row(kernel, rows, "sme_me_mask", SME_AT);
	add_row(kernel, rows, "init_top_pgt", ROOT_AT);
	add_wanted(kernel, rows);
	for (size_t i = 0; i < KERNEL_FILLERS; i++) {
		snprintf(name, sizeof(name), "filler_%zx%s", i * 2654435761u % 65536,
			i % 3 ? "_page" : "");
		add_row(kernel, rows, name, FILLER_AT + 8 * i);
	}
	qsort(rows->row, rows->count, sizeof(rows->row[0]), compare_rows);
}

uint64_t kernel_symbol(const struct kernel *kernel, const char *name)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	uint64_t value = 0;

	if (!rows)
		abort();
	list_rows(kernel, rows, 0);
	for (size_t i = 0; i < rows->count && !value; i++)
		if (strcmp(rows->row[i].name, name) == 0)
			value = rows->row[i].value;
	free(rows);
	return value;
}

/* ---- the image's parts */

static uint64_t *entry_at(struct kernel *kernel, uint64_t table, uint64_t vaddr, unsigned level)
{
	uint64_t shift = 12 + 9 * (level - 1);

	return (uint64_t *)(void *)(kernel->mem + table) + (vaddr >> shift & 511);
}

/* Maps the image: by 2 MiB pages, or by 4 KiB pages in a PV guest. */
static void put_table(struct kernel *kernel)
{
	unsigned level, last = kernel->options.is_pv ? 1 : 2;
	uint64_t next = LOW_TABLES, step = UINT64_C(1) << (12 + 9 * (last - 1));
	uint64_t table, *entry;

	for (uint64_t at = 0; at < IMAGE_END; at += step) {
		uint64_t vaddr = base_of(kernel) + at;

		table = start_of(kernel) + ROOT_AT;
		for (level = kernel->options.levels; level > last; level--) {
			entry = entry_at(kernel, table, vaddr, level);
			if (!*entry) {
				*entry = kernel_machine(kernel, next) | ENTRY;
				mark(kernel, next, MM_PAGE_SIZE);
				next += MM_PAGE_SIZE;
			}
			table = *entry & ~(MM_PAGE_SIZE - 1);
			if (kernel->options.is_pv)
				table = (table - UINT64_C(0x40000000)) ^ 0x55000;
		}
		*entry_at(kernel, table, vaddr, last) =
			kernel_machine(kernel, start_of(kernel) + at) | ENTRY |
			(last == 2 ? HUGE : 0);
	}
}

static void put_data(struct kernel *kernel)
{
	const struct kernel_options *options = &kernel->options;
	uint64_t l5 = options->levels == 5;
	uint32_t state = options->state ? options->state : 3;

	if (options->is_booting)
		state = 0;
	sprintf((char *)kernel->mem + start_of(kernel) + BANNER_AT,
		"Linux version " KERNEL_RELEASE " (test) #1 SMP\n");
	memcpy(kernel->mem + start_of(kernel) + STATE_AT, &state, sizeof(state));
	memcpy(kernel->mem + start_of(kernel) + L5_AT, &l5, sizeof(l5));
	memcpy(kernel->mem + start_of(kernel) + SME_AT, &options->sme_mask, sizeof(uint64_t));
}

static void put_info(struct kernel *kernel, const struct kernel_tables *tables)
{
	uint64_t base = base_of(kernel), at = base + TABLES_AT;
	char text[MM_PAGE_SIZE] = "";
	int len;

	len = snprintf(text, sizeof(text),
		"OSRELEASE=" KERNEL_RELEASE
		"\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=%lx\nSYMBOL(_stext)=%lx\n"
		"NUMBER(phys_base)=%ld\nNUMBER(pgtable_l5_enabled)=%d\n",
		base + ROOT_AT, base, (long)(start_of(kernel) - (base - MM_IMAGE_MAP)),
		kernel->options.levels == 5);
	if (!kernel->options.is_info_short)
		snprintf(text + len, sizeof(text) - (size_t)len,
			"SYMBOL(kallsyms_names)=%lx\nSYMBOL(kallsyms_num_syms)=%lx\n"
			"SYMBOL(kallsyms_token_table)=%lx\nSYMBOL(kallsyms_token_index)=%lx\n"
			"SYMBOL(kallsyms_offsets)=%lx\nSYMBOL(kallsyms_relative_base)=%lx\n",
			at + tables->names, at + tables->num_syms, at + tables->token_table,
			at + tables->token_index, at + tables->offsets, at + tables->relative_base);
	kernel_fill(kernel, kernel->options.info_at, text, sizeof(text));
}

static void set_root(struct kernel *kernel)
{
	kernel->phys.root = start_of(kernel) + ROOT_AT;
	if (kernel->options.is_user_half)
		kernel->phys.root += MM_PAGE_SIZE;
	kernel->phys.root_levels = kernel->options.levels;
}

struct kernel *kernel_new(const struct kernel_options *options)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));
	struct rows *rows = calloc(1, sizeof(*rows));
	struct kernel_tables tables;
	size_t btf_size;

	if (!kernel || !rows)
		abort();
	kernel->options = *options;
	kernel->mem = calloc(1, KERNEL_MEMORY);
	kernel->there = calloc(KERNEL_MEMORY / MM_PAGE_SIZE, sizeof(*kernel->there));
	if (!kernel->mem || !kernel->there)
		abort();
	if (!options->levels)
		kernel->options.levels = 4;
	kernel->phys = (struct mm_phys){.ops = &kernel_ops,
		.end = KERNEL_MEMORY,
		.may_sweep = !options->has_pod,
		.is_pv = options->is_pv};
	mark(kernel, start_of(kernel), IMAGE_END);
	btf_size = kernel_put_btf(kernel->mem + start_of(kernel) + BTF_AT, KERNEL_MIB, options);
	list_rows(kernel, rows, btf_size);
	tables = kernel_put_kallsyms(kernel->mem + start_of(kernel) + TABLES_AT, KERNEL_MIB,
		&kernel->options, rows->row, rows->count, base_of(kernel));
	kernel->tables_end = TABLES_AT + tables.end;
	put_data(kernel);
	if (!options->has_no_table)
		put_table(kernel);
	if (options->has_root)
		set_root(kernel);
	if (options->info_at)
		put_info(kernel, &tables);
	free(rows);
	return kernel;
}

void kernel_free(struct kernel *kernel)
{
	free(kernel->mem);
	free(kernel->there);
	free(kernel);
}
