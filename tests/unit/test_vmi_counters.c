/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters of synthetic guests, as their own /proc would say them; kernels that lack some; numbers that cannot be. */
#include "unit/test.h"

#include <errno.h>
#include <string.h>

#include "lib/image.h"

#define SMALL ((size_t)4 << 20)
#define PAGES (SMALL / 4096 - 16) /* what image.c says of itself: all but the reserve */

static void sample_ok(struct image *image, struct mm_sample *ret)
{
	assert_int_equal(mm_vmi_sample(&image->vmi, false, ret), MM_VMI_OK);
	assert_true(mm_sample_is_sane(ret));
	assert_null(ret->processes);
	assert_int_equal(ret->count, 0);
}

static struct image *make(const struct image_options *options)
{
	struct image *image = image_new(options);

	image_set_node(image, MM_VALUE_INACTIVE_FILE, 100);
	image_set_node(image, MM_VALUE_ACTIVE_FILE, 50);
	image_set_node(image, MM_VALUE_FILE_PAGES, 170);
	image_set_node(image, MM_VALUE_SHMEM, 20);
	image_set_node(image, MM_VALUE_ANON_MAPPED, 60);
	image_set_node(image, MM_VALUE_SLAB_RECLAIMABLE, 30);
	image_set_node(image, MM_VALUE_SLAB_UNRECLAIMABLE, 31);
	image_set_node(image, MM_VALUE_MISC_RECLAIMABLE, 1);
	image_set_node(image, MM_VALUE_KERNEL_STACK_KB, 333);
	image_set_node(image, MM_VALUE_REFAULT_ANON, 7777);
	image_set_node(image, MM_VALUE_REFAULT_FILE, 8888);
	if (options->is_old)
		image_set_zone(image, MM_VALUE_PAGETABLE, 9);
	else
		image_set_node(image, MM_VALUE_PAGETABLE, 9);
	image_set_event(image, 0, MM_VALUE_PSWPIN, 1);
	image_set_event(image, 1, MM_VALUE_PSWPIN, 10);
	image_set_event(image, 1, MM_VALUE_PSWPOUT, 200);
	image_set_event(image, 0, MM_VALUE_PGMAJFAULT, 3000);
	image_set_event(image, 1, MM_VALUE_OOM_KILL, 2);
	return image;
}

static void assert_memory(const struct mm_counters *c)
{
	assert_int_equal(c->total_kib, PAGES * 4);
	assert_int_equal(c->free_kib, PAGES / 2 * 4);
	/* 504 free, less 5 in reserve; of 150 pages of cache and 31 of slab half, as the watermarks (607) are higher. */
	assert_int_equal(c->avail_kib, (PAGES / 2 - 5 + 75 + 16) * 4);
	assert_int_equal(c->file_kib, 170 * 4);
	assert_int_equal(c->shmem_kib, 20 * 4);
	assert_int_equal(c->anon_kib, 60 * 4);
	assert_int_equal(c->slab_reclaimable_kib, 30 * 4);
	assert_int_equal(c->slab_unreclaimable_kib, 31 * 4);
	assert_int_equal(c->kernel_stack_kib, 333);
	assert_int_equal(c->page_tables_kib, 9 * 4);
	assert_int_equal(c->committed_kib, 4321 * 4);
	assert_int_equal(c->swap_total_kib, 4000);
	assert_int_equal(c->swap_free_kib, 3600);
}

static void assert_rest(const struct mm_counters *c)
{
	assert_string_equal(c->release, "6.1.0-test");
	assert_int_equal(c->cpus, 2);
	assert_int_equal(c->uptime_ms, IMAGE_UPTIME_MS);
	assert_int_equal(c->refault_anon, 7777);
	assert_int_equal(c->refault_file, 8888);
	assert_int_equal(c->swapin_pages, 11);
	assert_int_equal(c->swapout_pages, 200);
	assert_int_equal(c->majfaults, 3000);
	assert_int_equal(c->oom_kills, 2);
	assert_true(c->has_psi);
	assert_int_equal(c->psi_some_us, 123456);
	assert_int_equal(c->psi_full_us, 23456);
	assert_int_equal(c->psi_some_avg10_pct100, 1250);
	assert_int_equal(c->load_milli[0], 1250);
	assert_int_equal(c->load_milli[1], 500);
	assert_int_equal(c->load_milli[2], 1);
	assert_true(c->has_balloon);
	assert_int_equal(c->balloon_current_kib, 8000);
	assert_int_equal(c->balloon_target_kib, 6000);
}

static void test_all(void **state)
{
	static const struct image_options kernels[] = {{.bytes = SMALL},
		{.bytes = SMALL, .is_old = true}, {.bytes = SMALL, .is_percpu_rss = true},
		{.bytes = SMALL, .is_wide = true}, {.bytes = SMALL, .levels = 5}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct image *image = make(&kernels[i]);
		struct mm_sample sample;

		sample_ok(image, &sample);
		assert_memory(&sample.counters);
		assert_rest(&sample.counters);
		assert_int_equal(sample.reads, image->reads);
		assert_true(sample.reads < 50);
		image_free(image);
	}
}

/* With low watermarks most of the cache is available; without NUMA the one node has a name of its own. */
static void test_available(void **state)
{
	const struct image_options options = {.bytes = SMALL};
	struct image *image = make(&options);
	uint64_t *symbol = image->vmi.symbol;
	uint64_t node = image_get(image, symbol[MM_SYMBOL_NODE_DATA], 8);
	struct mm_sample sample;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		image_put(image,
			image_at(image, node + i * image->vmi.struct_size[MM_STRUCT_ZONE],
				MM_FIELD_ZONE_WATERMARK) +
				8,
			8, i);
	symbol[MM_SYMBOL_CONTIG_PAGE_DATA] = node;
	symbol[MM_SYMBOL_NODE_DATA] = symbol[MM_SYMBOL_NR_NODE_IDS] = 0;
	sample_ok(image, &sample);
	/* Watermarks 0 + 1 + 2, and a boost of 7. */
	assert_int_equal(sample.counters.avail_kib, (PAGES / 2 - 5 + 150 - 10 + 31 - 10) * 4);

	/* More in reserve than there is: nothing, not less. */
	image_put(image, symbol[MM_SYMBOL_TOTALRESERVE_PAGES], 8, 1 << 20);
	sample_ok(image, &sample);
	assert_int_equal(sample.counters.avail_kib, 0);
	image_free(image);
}

static void test_missing(void **state)
{
	const struct image_options options = {
		.bytes = SMALL, .has_no_psi = true, .has_no_balloon = true};
	struct image *image = make(&options);
	struct mm_sample sample;

	(void)state;
	sample_ok(image, &sample);
	assert_false(sample.counters.has_psi);
	assert_int_equal(sample.counters.psi_some_us, 0);
	assert_false(sample.counters.has_balloon);

	/* One symbol after the other is not there: no sample fails but by those it is of no use without. */
	for (size_t i = 0; i < MM_SYMBOL_COUNT; i++) {
		uint64_t kept = image->vmi.symbol[i];
		enum mm_vmi_reason reason;

		if (i == MM_SYMBOL_INIT_TASK)
			continue;
		image->vmi.symbol[i] = 0;
		reason = mm_vmi_sample(&image->vmi, false, &sample);
		assert_int_equal(
			reason, i == MM_SYMBOL_TOTALRAM_PAGES || i == MM_SYMBOL_VM_ZONE_STAT
					? MM_VMI_NO_SYMBOLS
					: MM_VMI_OK);
		assert_true(mm_sample_is_sane(&sample));
		image->vmi.symbol[i] = kept;
	}
	image_free(image);
}

/* Found by its first task alone: its processes, and no counters. */
static void test_no_symbols(void **state)
{
	const struct image_options options = {.bytes = SMALL};
	const struct image_process process = {.pid = 1, .comm = "init"};
	struct image *image = make(&options);
	uint64_t init = image->vmi.symbol[MM_SYMBOL_INIT_TASK];
	struct mm_sample sample;

	(void)state;
	image_add(image, &process);
	memset(image->vmi.symbol, 0, sizeof(image->vmi.symbol));
	image->vmi.symbol[MM_SYMBOL_INIT_TASK] = init;
	assert_int_equal(mm_vmi_sample(&image->vmi, false, &sample), MM_VMI_NO_SYMBOLS);
	assert_int_equal(mm_vmi_sample(&image->vmi, true, &sample), MM_VMI_OK);
	assert_int_equal(sample.count, 1);
	assert_int_equal(sample.counters.total_kib, 0);
	mm_sample_free(&sample);
	image_free(image);
}

/* Fields and values that BTF does not have, or that are of no use: a counter less, never a crash. */
static void test_odd_types(void **state)
{
	static const struct mm_field_at odd[] = {{.offset = MM_ABSENT}, {0, 0, 1, false},
		{UINT32_MAX - 1, 8, 1, false}, {0, UINT32_MAX, 1, false}, {0, 8, 0, false},
		{64, 3, 3, true}, {0, 8, UINT32_MAX, true}, {16384, 16384, 2, false}};
	static const uint32_t numbers[] = {MM_ABSENT, 0, 511, 512, 513, MM_ABSENT - 1};
	const struct image_options options = {.bytes = SMALL, .is_percpu_rss = true};
	const struct image_process process = {
		.pid = 1, .comm = "init", .vm_pages = 5, .more_threads = 2};
	struct image *image = make(&options);
	struct mm_sample sample;

	(void)state;
	image_add(image, &process);
	for (size_t i = 0; i < MM_FIELD_COUNT; i++) {
		struct mm_field_at kept = image->vmi.field[i];

		for (size_t k = 0; k < ARRAY_SIZE(odd); k++) {
			image->vmi.field[i] = odd[k];
			(void)mm_vmi_sample(&image->vmi, true, &sample);
			assert_true(mm_sample_is_sane(&sample));
			mm_sample_free(&sample);
		}
		image->vmi.field[i] = kept;
	}
	for (size_t i = 0; i < MM_VALUE_COUNT; i++) {
		uint32_t kept = image->vmi.value[i];

		for (size_t k = 0; k < ARRAY_SIZE(numbers); k++) {
			image->vmi.value[i] = numbers[k];
			(void)mm_vmi_sample(&image->vmi, true, &sample);
			assert_true(mm_sample_is_sane(&sample));
			mm_sample_free(&sample);
		}
		image->vmi.value[i] = kept;
	}
	sample_ok(image, &sample);
	image_free(image);
}

static void test_ranges(void **state)
{
	static const enum mm_value items[] = {MM_VALUE_ANON_MAPPED, MM_VALUE_FILE_PAGES,
		MM_VALUE_ACTIVE_FILE, MM_VALUE_INACTIVE_FILE, MM_VALUE_SLAB_RECLAIMABLE,
		MM_VALUE_MISC_RECLAIMABLE, MM_VALUE_KERNEL_STACK_KB, MM_VALUE_REFAULT_ANON};
	const struct image_options options = {.bytes = SMALL};
	struct image *image = make(&options);
	uint64_t *symbol = image->vmi.symbol;
	struct mm_sample sample;

	(void)state;
	/* Below 0 for a moment: pending parts of other CPUs. */
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		image_set_node(image, items[i], (uint64_t)-5);
	image_set_zone(image, MM_VALUE_FREE_PAGES, (uint64_t)-1);
	image_put(image, symbol[MM_SYMBOL_NR_SWAP_PAGES], 8, (uint64_t)-1);
	sample_ok(image, &sample);
	assert_int_equal(sample.counters.anon_kib + sample.counters.file_kib +
				 sample.counters.free_kib + sample.counters.avail_kib +
				 sample.counters.swap_free_kib,
		0);
	assert_int_equal(sample.counters.refault_anon, 0);

	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		image_set_node(image, items[i], INT64_MAX);
	image_set_zone(image, MM_VALUE_FREE_PAGES, INT64_MAX);
	image_put(image, symbol[MM_SYMBOL_TOTAL_SWAP_PAGES], 8, INT64_MAX);
	image_put(image, symbol[MM_SYMBOL_NR_SWAP_PAGES], 8, INT64_MAX);
	image_set_event(image, 0, MM_VALUE_PSWPIN, UINT64_MAX);
	image_set_event(image, 1, MM_VALUE_PSWPOUT, INT64_MAX);
	memset(image_mem(image, symbol[MM_SYMBOL_AVENRUN], 24), 0xff, 24);
	memset(image_mem(image, symbol[MM_SYMBOL_PSI_SYSTEM] + 64, 240), 0x7f, 240);
	sample_ok(image, &sample);
	assert_int_equal(sample.counters.free_kib, sample.counters.total_kib);
	assert_int_equal(sample.counters.avail_kib, sample.counters.total_kib);
	assert_int_equal(sample.counters.psi_some_avg10_pct100, 10000);

	/* No memory, or more than it was given. */
	image_put(image, symbol[MM_SYMBOL_TOTALRAM_PAGES], 8, SMALL / 4096 + 1);
	assert_int_equal(mm_vmi_sample(&image->vmi, false, &sample), MM_VMI_DAMAGED);
	image_put(image, symbol[MM_SYMBOL_TOTALRAM_PAGES], 8, 0);
	assert_int_equal(mm_vmi_sample(&image->vmi, false, &sample), MM_VMI_DAMAGED);
	image_free(image);
}

static void test_cpus(void **state)
{
	const struct image_options options = {.bytes = SMALL, .cpus = 4};
	struct image *image = make(&options);
	uint64_t *symbol = image->vmi.symbol;
	struct mm_sample sample;

	(void)state;
	image_set_event(image, 3, MM_VALUE_PSWPIN, 500);
	sample_ok(image, &sample);
	assert_int_equal(sample.counters.cpus, 4);
	assert_int_equal(sample.counters.swapin_pages, 511);

	image_put(image, symbol[MM_SYMBOL_CPU_POSSIBLE_MASK], 1, 7); /* the fourth is none */
	sample_ok(image, &sample);
	assert_int_equal(sample.counters.cpus, 3);
	assert_int_equal(sample.counters.swapin_pages, 11);

	image_put(image, symbol[MM_SYMBOL_CPU_POSSIBLE_MASK], 1, 6);
	assert_int_equal(mm_vmi_sample(&image->vmi, false, &sample), MM_VMI_DAMAGED);
	image_put(image, symbol[MM_SYMBOL_CPU_POSSIBLE_MASK], 1, 7);
	image_put(image, symbol[MM_SYMBOL_NR_CPU_IDS], 4, 0);
	assert_int_equal(mm_vmi_sample(&image->vmi, false, &sample), MM_VMI_DAMAGED);
	image_put(image, symbol[MM_SYMBOL_NR_CPU_IDS], 4, MM_VMI_CPUS_MAX + 1);
	assert_int_equal(mm_vmi_sample(&image->vmi, false, &sample), MM_VMI_DAMAGED);
	symbol[MM_SYMBOL_NR_CPU_IDS] = 0; /* built for a fixed number: the mask alone tells */
	sample_ok(image, &sample);
	assert_int_equal(sample.counters.cpus, 3);
	image_free(image);
}

/* A clock that is not where we look for it is none, rather than a wrong one. */
static void test_clock(void **state)
{
	const struct image_options options = {.bytes = SMALL};
	struct image *image = make(&options);
	uint64_t keeper = image->vmi.symbol[MM_SYMBOL_TK_CORE] + 8;
	struct mm_sample sample;

	(void)state;
	image_put(image, keeper - 8, 4, 9); /* being written, for good */
	sample_ok(image, &sample);
	assert_int_equal(sample.counters.uptime_ms, IMAGE_UPTIME_MS);
	image_put_field(image, keeper, MM_FIELD_TK_KTIME_SEC, 3);
	sample_ok(image, &sample);
	assert_int_equal(sample.counters.uptime_ms, 0);
	image_put_field(image, keeper, MM_FIELD_TK_KTIME_SEC, IMAGE_UPTIME_MS / 2 / 1000);
	image_put_field(image, keeper, MM_FIELD_TK_SHIFT, 64);
	sample_ok(image, &sample);
	assert_int_equal(sample.counters.uptime_ms, 0);
	image_free(image);
}

static void test_faults(void **state)
{
	const struct image_options options = {.bytes = SMALL};
	struct image *image = make(&options);
	struct mm_sample sample;
	uint64_t reads;

	(void)state;
	sample_ok(image, &sample);
	reads = image->reads;
	for (uint64_t at = 1; at <= reads; at++) {
		image->reads = image->released = 0;
		image->fail_at = at;
		image->fail_with = -ENXIO;
		/* A counter that could not be read is never told as 0. */
		assert_int_equal(mm_vmi_sample(&image->vmi, false, &sample), MM_VMI_DAMAGED);
		assert_true(mm_sample_is_sane(&sample));
		assert_int_equal(image->released, 1);
	}
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_available),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_no_symbols),
		cmocka_unit_test(test_odd_types),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
