/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kernel.h"
#include "vmi/guest.h"

#define PAGES(mib) ((mib)*KERNEL_MIB / MM_PAGE_SIZE)

static const struct {
	const char *name;
	struct kernel_options options;
	uint64_t seen_max; /* pages swept at most; 0: all of them may be */
} found[] = {
	{"where loaders put it", {0}, PAGES(4)},
	{"order of 6.1.192", {.order = KERNEL_SEQS}, PAGES(4)},
	{"order of 6.12", {.order = KERNEL_NEW}, PAGES(4)},
	{"offsets that all count from the base", {.is_relative = true}, PAGES(4)},
	{"relative, new order", {.is_relative = true, .order = KERNEL_NEW}, PAGES(4)},
	{"a PV guest", {.is_pv = true}, PAGES(4)},
	{"a PV guest of 6.12", {.is_pv = true, .order = KERNEL_NEW}, PAGES(4)},
	{"5 levels", {.levels = 5}, PAGES(4)},
	{"KASLR, by vmcoreinfo",
		{.start = 30 * KERNEL_MIB, .slide = 0x1ca00000, .info_at = 44 * KERNEL_MIB}, 0},
	{"KASLR, 5 levels",
		{.start = 30 * KERNEL_MIB,
			.slide = 0x200000,
			.info_at = 44 * KERNEL_MIB,
			.levels = 5},
		0},
	{"KASLR to below the default place",
		{.start = 2 * KERNEL_MIB, .slide = 0x1ca00000, .info_at = 14 * KERNEL_MIB}, 0},
	{"KASLR, vmcoreinfo without kallsyms",
		{.start = 30 * KERNEL_MIB,
			.slide = 0x1ca00000,
			.info_at = 44 * KERNEL_MIB,
			.is_info_short = true},
		0},
	{"KASLR, no vmcoreinfo", {.start = 4 * KERNEL_MIB, .slide = 0x1ca00000}, 0},
	{"KASLR of virtual addresses alone", {.slide = 0x2000000}, PAGES(4)},
	{"still freeing what it booted with", {.state = 2}, PAGES(4)},
	{"without a symbol that may be missing", {.missing = "psi_system"}, PAGES(4)},
	{"without __pgtable_l5_enabled", {.missing = "__pgtable_l5_enabled"}, PAGES(4)},
	{"populate on demand, by the page table in use", {.has_root = true, .has_pod = true},
		PAGES(4)},
	{"the same with KASLR and 5 levels",
		{.has_root = true,
			.has_pod = true,
			.start = 30 * KERNEL_MIB,
			.slide = 0x1ca00000,
			.levels = 5},
		PAGES(4)},
	{"the same by the programs' half of it",
		{.has_root = true, .has_pod = true, .is_user_half = true, .slide = 0x200000},
		PAGES(4)},
	{"a page table in use that maps nothing",
		{.has_root = true, .is_user_half = true, .start = 14 * KERNEL_MIB}, 0},
	{"without a struct that may be missing", {.no_row = "balloon_stats"}, PAGES(4)},
};

#define SYMBOL_NAME(id, name, required) name,

static const char *const symbols[] = {MM_SYMBOLS(SYMBOL_NAME)};

static void check_symbols(const char *name, const struct kernel *kernel, const struct mm_vmi *vmi)
{
	for (size_t i = 0; i < MM_SYMBOL_COUNT; i++)
		if (vmi->symbol[i] != kernel_symbol(kernel, symbols[i]))
			fail_msg("%s: %s at %llx", name, symbols[i],
				(unsigned long long)vmi->symbol[i]);
}

/* The synthetic kernel's members are 64 bytes apart, in the order of the rows; enumerators count from 100. */
static void check_types(
	const char *name, const struct kernel_options *options, const struct mm_vmi *vmi)
{
	bool has_balloon = !options->no_row;

	if (vmi->field[MM_FIELD_TASK_TASKS].offset != 0 ||
		vmi->field[MM_FIELD_TASK_TASKS_PREV].offset != 8 ||
		vmi->field[MM_FIELD_TASK_STATE].offset != 64 ||
		vmi->field[MM_FIELD_TASK_STATE].size != 8)
		fail_msg("%s: fields", name);
	if ((vmi->field[MM_FIELD_BALLOON_CURRENT].offset != MM_ABSENT) != has_balloon)
		fail_msg("%s: optional fields", name);
	for (size_t i = 0; i < MM_VALUE_COUNT; i++)
		if (vmi->value[i] != 100 + i)
			fail_msg("%s: value %zu is %u", name, i, vmi->value[i]);
	if (vmi->struct_size[MM_STRUCT_TASK] % 64 || vmi->struct_size[MM_STRUCT_TASK] < 1024)
		fail_msg("%s: struct", name);
}

static void check_table(const char *name, const struct kernel *kernel, struct mm_vmi *vmi)
{
	uint64_t banner = kernel_symbol(kernel, "linux_banner");
	char text[14];

	if (vmi->virt.root_space != MM_PHYS_MACHINE || vmi->virt.reads)
		fail_msg("%s: root", name);
	if (mm_virt_read(&vmi->virt, banner, text, sizeof(text)) != 0 ||
		memcmp(text, "Linux version ", sizeof(text)) != 0)
		fail_msg("%s: cannot be read by its page table", name);
}

static void test_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
		struct kernel *kernel = kernel_new(&found[i].options);
		struct mm_vmi *vmi = NULL;
		enum mm_vmi_reason reason = mm_vmi_open(&kernel->phys, &vmi);

		if (reason != MM_VMI_OK)
			fail_msg("%s: %s", found[i].name, mm_vmi_reason_name(reason));
		assert_string_equal(vmi->release, KERNEL_RELEASE);
		assert_int_equal(vmi->virt.levels, kernel->options.levels);
		check_symbols(found[i].name, kernel, vmi);
		check_types(found[i].name, &found[i].options, vmi);
		check_table(found[i].name, kernel, vmi);
		if (found[i].seen_max && kernel->seen > found[i].seen_max)
			fail_msg("%s: %llu pages", found[i].name, (unsigned long long)kernel->seen);
		mm_vmi_free(vmi);
		kernel_free(kernel);
	}
}

static const struct {
	const char *name;
	struct kernel_options options;
	enum mm_vmi_reason reason;
} refused[] = {
	{"no banner", {.missing = "linux_banner"}, MM_VMI_NOT_LINUX},
	{"no banner, but vmcoreinfo", {.missing = "linux_banner", .info_at = 44 * KERNEL_MIB},
		MM_VMI_NO_SYMBOLS},
	{"no _stext", {.missing = "_stext", .info_at = 44 * KERNEL_MIB}, MM_VMI_NO_SYMBOLS},
	{"no init_task", {.missing = "init_task"}, MM_VMI_NO_SYMBOLS},
	{"no page table's symbol", {.missing = "init_top_pgt"}, MM_VMI_DAMAGED},
	{"no BTF's symbol", {.missing = "__start_BTF"}, MM_VMI_NO_BTF},
	{"BTF without tasks", {.no_row = "task_struct"}, MM_VMI_UNSUPPORTED},
	{"an empty page table", {.has_no_table = true}, MM_VMI_DAMAGED},
	{"a state that is none", {.state = 77}, MM_VMI_DAMAGED},
	{"populate on demand", {.has_pod = true, .info_at = 44 * KERNEL_MIB}, MM_VMI_POD},
	{"populate on demand, nothing mapped",
		{.has_pod = true, .has_root = true, .has_no_table = true}, MM_VMI_POD},
	{"booting, populate on demand", {.is_booting = true, .has_pod = true, .has_root = true},
		MM_VMI_NOT_BOOTED},
	{"booting", {.is_booting = true}, MM_VMI_NOT_BOOTED},
	{"encrypted", {.sme_mask = UINT64_C(1) << 47}, MM_VMI_ENCRYPTED},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct kernel *kernel = kernel_new(&refused[i].options);
		struct mm_vmi *vmi = NULL;
		enum mm_vmi_reason reason = mm_vmi_open(&kernel->phys, &vmi);

		if (reason != refused[i].reason || vmi)
			fail_msg("%s: %s", refused[i].name, mm_vmi_reason_name(reason));
		kernel_free(kernel);
	}
}

/* Tampers with a good kernel, at a symbol's place. */
static const struct {
	const char *name, *symbol;
	uint64_t value;
	enum mm_vmi_reason reason;
} damages[] = {
	{"BTF's magic", "__start_BTF", 0, MM_VMI_UNSUPPORTED},
	{"5 levels that are 4", "__pgtable_l5_enabled", 1, MM_VMI_DAMAGED},
	{"a number of levels that is none", "__pgtable_l5_enabled", 7, MM_VMI_DAMAGED},
	{"banner", "linux_banner", 0, MM_VMI_NOT_LINUX},
};

static void test_damages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		const struct kernel_options options = {0};
		struct kernel *kernel = kernel_new(&options);
		struct mm_vmi *vmi = NULL;
		enum mm_vmi_reason reason;

		memcpy(kernel_mem(kernel, kernel_symbol(kernel, damages[i].symbol)),
			&damages[i].value, sizeof(damages[i].value));
		reason = mm_vmi_open(&kernel->phys, &vmi);
		if (reason != damages[i].reason || vmi)
			fail_msg("%s: %s", damages[i].name, mm_vmi_reason_name(reason));
		kernel_free(kernel);
	}
}

/* A stale page of an earlier kernel comes first, and one that is nearly right. */
static void test_stale(void **state)
{
	static const char stale[] =
		"OSRELEASE=5.10.0-old\nSYMBOL(swapper_pg_dir)=ffffffff82a10000\n"
		"SYMBOL(_stext)=ffffffff81000000\nNUMBER(phys_base)=0\n";
	const struct kernel_options options = {
		.start = 30 * KERNEL_MIB, .slide = 0x1ca00000, .info_at = 50 * KERNEL_MIB};
	struct kernel *kernel = kernel_new(&options);
	struct mm_vmi *vmi = NULL;
	char page[MM_PAGE_SIZE];

	(void)state;
	memset(page, 0, sizeof(page));
	memcpy(page, stale, sizeof(stale));
	kernel_fill(kernel, 20 * KERNEL_MIB, page, sizeof(page));
	memcpy(page, kernel->mem + 50 * KERNEL_MIB, sizeof(page));
	page[10] = '5'; /* another release than the kernel's own */
	kernel_fill(kernel, 45 * KERNEL_MIB, page, sizeof(page));
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_OK);
	assert_string_equal(vmi->release, KERNEL_RELEASE);
	mm_vmi_free(vmi);
	kernel_free(kernel);
}

/* Memory full of what looks like vmcoreinfo, or like an index of tokens, costs no more than a few tries. */
static void test_flood(void **state)
{
	const struct kernel_options options = {.info_at = 50 * KERNEL_MIB, .missing = "_stext"};
	struct kernel *kernel = kernel_new(&options);
	struct mm_vmi *vmi = NULL;
	char page[MM_PAGE_SIZE];

	(void)state;
	memcpy(page, kernel->mem + 50 * KERNEL_MIB, sizeof(page));
	for (uint64_t addr = 40 * KERNEL_MIB; addr < KERNEL_MEMORY; addr += sizeof(page))
		kernel_fill(kernel, addr, page, sizeof(page));
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_LIMIT);
	memset(kernel->there, false, KERNEL_MEMORY / MM_PAGE_SIZE);
	for (size_t i = 0; i < sizeof(page) / 2; i++)
		((uint16_t *)(void *)page)[i] = (uint16_t)(i % 256 * 2);
	memset(page + sizeof(page) - 8, 0, 8);
	for (uint64_t addr = 0; addr < KERNEL_MEMORY; addr += sizeof(page))
		kernel_fill(kernel, addr, page, sizeof(page));
	kernel->seen = 0;
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_NOT_LINUX);
	assert_true(kernel->seen < 3 * KERNEL_MEMORY / MM_PAGE_SIZE);
	assert_null(vmi);
	kernel_free(kernel);
}

/* A hole in what is needed: a page that was given to the balloon, say. */
static void test_holes(void **state)
{
	const struct kernel_options options = {.info_at = 50 * KERNEL_MIB};
	struct kernel *kernel = kernel_new(&options);
	struct mm_vmi *vmi = NULL;
	uint64_t page = (KERNEL_START + 10 * KERNEL_MIB) / MM_PAGE_SIZE;

	(void)state;
	kernel->there[page] = false; /* of BTF */
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_DAMAGED);
	kernel->there[page] = true;
	page = (KERNEL_START + 9 * KERNEL_MIB) / MM_PAGE_SIZE;
	kernel->there[page] = false; /* of kallsyms */
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_NO_SYMBOLS);
	assert_null(vmi);
	kernel_free(kernel);
}

static void fill(struct kernel *kernel, bool is_random)
{
	uint64_t word = 88172645463325252u, addr;

	memset(kernel->there, false, KERNEL_MEMORY / MM_PAGE_SIZE);
	memset(kernel->mem, 0, KERNEL_MEMORY);
	for (addr = 0; addr < 32 * KERNEL_MIB; addr += sizeof(word)) {
		word ^= word << 13;
		word ^= word >> 7;
		word ^= word << 17;
		if (is_random || addr % 512 < 256)
			memcpy(kernel->mem + addr, &word, sizeof(word));
		kernel->there[addr / MM_PAGE_SIZE] = true;
	}
}

/* What is said of a guest with no kernel in it. */
static void test_no_kernel(void **state)
{
	const struct kernel_options options = {0};
	struct kernel *kernel = kernel_new(&options);
	struct mm_vmi *vmi = NULL;

	(void)state;
	fill(kernel, false);
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_NOT_LINUX);
	fill(kernel, true);
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_ENCRYPTED);
	memset(kernel->mem, 0, KERNEL_MEMORY);
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_NOT_BOOTED);
	memset(kernel->there, false, KERNEL_MEMORY / MM_PAGE_SIZE);
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_NOT_BOOTED);
	assert_null(vmi);
	kernel_free(kernel);
}

static void test_access(void **state)
{
	const struct kernel_options options = {0};
	struct kernel *kernel = kernel_new(&options);
	struct mm_vmi *vmi = NULL;

	(void)state;
	kernel->phys.may_sweep = false;
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_POD);
	assert_int_equal(kernel->seen, 0);
	kernel->phys.may_sweep = true;
	kernel->fail_with = -EPERM;
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_NO_ACCESS);
	kernel->fail_with = -EIO;
	assert_int_equal(mm_vmi_open(&kernel->phys, &vmi), MM_VMI_GONE);
	assert_null(vmi);
	kernel_free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damages),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_no_kernel),
		cmocka_unit_test(test_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
