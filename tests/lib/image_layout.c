/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offsets of a synthetic kernel: small ones, so that many processes fit, or as far apart as those of a real 6.1. */
#include "lib/image_layout.h"

struct row {
	enum mm_field field;
	uint32_t offset, wide, size, count;
};

/* struct task_struct of Debian's 6.1 has 9,792 bytes, and what we need in 3,000 of them. */
static const struct row rows[] = {
	{MM_FIELD_TASK_STATE, 0, 24, 4, 1},
	{MM_FIELD_TASK_FLAGS, 4, 44, 4, 1},
	{MM_FIELD_TASK_RUNTIME, 8, 232, 8, 1},
	{MM_FIELD_TASK_TASKS, 16, 2208, 8, 1},
	{MM_FIELD_TASK_TASKS_PREV, 24, 2216, 8, 1},
	{MM_FIELD_TASK_MM, 32, 2288, 8, 1},
	{MM_FIELD_TASK_EXIT_STATE, 40, 2304, 4, 1},
	{MM_FIELD_TASK_PID, 44, 2464, 4, 1},
	{MM_FIELD_TASK_TGID, 48, 2468, 4, 1},
	{MM_FIELD_TASK_REAL_PARENT, 56, 2480, 8, 1},
	{MM_FIELD_TASK_THREAD_NODE, 64, 2640, 8, 1},
	{MM_FIELD_TASK_START, 80, 2752, 8, 1},
	{MM_FIELD_TASK_REAL_CRED, 88, 2936, 8, 1},
	{MM_FIELD_TASK_COMM, 96, 2960, 16, 16},
	{MM_FIELD_TASK_SIGNAL, 112, 3048, 8, 1},
	{MM_FIELD_SIGNAL_NR_THREADS, 0, 8, 4, 1},
	{MM_FIELD_SIGNAL_THREAD_HEAD, 8, 16, 8, 1},
	{MM_FIELD_SIGNAL_RUNTIME, 24, 520, 8, 1},
	{MM_FIELD_MM_TOTAL_VM, 0, 208, 8, 1},
	{MM_FIELD_CRED_EUID, 4, 20, 4, 1},
	{MM_FIELD_PERCPU_COUNT, 8, 8, 8, 1},
	{MM_FIELD_PERCPU_COUNTERS, 32, 32, 8, 1},
	{MM_FIELD_ZONE_WATERMARK, 0, 0, 32, 4},
	{MM_FIELD_ZONE_BOOST, 32, 32, 8, 1},
	{MM_FIELD_PSI_TOTAL, 64, 64, 96, 12},
	{MM_FIELD_PSI_AVG, 160, 160, 144, 18},
	{MM_FIELD_STATIC_KEY_ENABLED, 0, 0, 4, 1},
	{MM_FIELD_TK_SHIFT, 28, 28, 4, 1},
	{MM_FIELD_TK_XTIME_NSEC, 32, 32, 8, 1},
	{MM_FIELD_TK_BASE, 40, 40, 8, 1},
	{MM_FIELD_TK_KTIME_SEC, 120, 120, 8, 1},
	{MM_FIELD_TK_OFFS_BOOT, 152, 152, 8, 1},
	{MM_FIELD_BALLOON_CURRENT, 0, 0, 8, 1},
	{MM_FIELD_BALLOON_TARGET, 8, 8, 8, 1},
};

/* As in 6.1, but for those that a test doesn't tell apart. */
static const struct {
	enum mm_value value;
	uint32_t number;
} values[] = {
	{MM_VALUE_FREE_PAGES, 0},
	{MM_VALUE_ZONE_ITEMS, 12},
	{MM_VALUE_NODE_ITEMS, 44},
	{MM_VALUE_EVENT_ITEMS, 100},
	{MM_VALUE_INACTIVE_FILE, 2},
	{MM_VALUE_ACTIVE_FILE, 3},
	{MM_VALUE_SLAB_RECLAIMABLE, 5},
	{MM_VALUE_SLAB_UNRECLAIMABLE, 6},
	{MM_VALUE_REFAULT_ANON, 10},
	{MM_VALUE_REFAULT_FILE, 11},
	{MM_VALUE_ANON_MAPPED, 17},
	{MM_VALUE_FILE_PAGES, 19},
	{MM_VALUE_SHMEM, 23},
	{MM_VALUE_MISC_RECLAIMABLE, 33},
	{MM_VALUE_KERNEL_STACK_KB, 36},
	{MM_VALUE_PAGETABLE, 37},
	{MM_VALUE_PSWPIN, 2},
	{MM_VALUE_PSWPOUT, 3},
	{MM_VALUE_PGMAJFAULT, 30},
	{MM_VALUE_OOM_KILL, 52},
	{MM_VALUE_WMARK_LOW, 1},
	{MM_VALUE_PSI_MEM_SOME, 2},
	{MM_VALUE_PSI_MEM_FULL, 3},
	{MM_VALUE_MM_FILEPAGES, 0},
	{MM_VALUE_MM_ANONPAGES, 1},
	{MM_VALUE_MM_SWAPENTS, 2},
	{MM_VALUE_MM_SHMEMPAGES, 3},
};

static void set(
	struct mm_vmi *vmi, enum mm_field field, uint32_t offset, uint32_t size, uint32_t count)
{
	vmi->field[field] = (struct mm_field_at){offset, size, count, false};
}

static void lay_out_rss(struct mm_vmi *vmi, const struct image_options *options)
{
	uint32_t offset = options->is_wide ? 256 : 8;

	if (options->is_percpu_rss) {
		set(vmi, MM_FIELD_MM_RSS_STAT, offset, IMAGE_KINDS * 40, IMAGE_KINDS);
	} else {
		set(vmi, MM_FIELD_MM_RSS_STAT, offset, IMAGE_KINDS * 8, 1);
		set(vmi, MM_FIELD_OLD_RSS_COUNT, 0, IMAGE_KINDS * 8, IMAGE_KINDS);
	}
	vmi->field[MM_FIELD_MM_RSS_STAT].is_struct = true;
}

static void lay_out_old(struct mm_vmi *vmi)
{
	struct mm_field_at *state = &vmi->field[MM_FIELD_TASK_STATE];

	vmi->field[MM_FIELD_TASK_OLD_STATE] = *state;
	state->offset = MM_ABSENT;
	vmi->value[MM_VALUE_PAGETABLE] = 8; /* of zone_stat_item */
}

void image_lay_out(struct mm_vmi *vmi, const struct image_options *options)
{
	for (size_t i = 0; i < MM_FIELD_COUNT; i++)
		vmi->field[i] = (struct mm_field_at){.offset = MM_ABSENT};
	for (size_t i = 0; i < MM_VALUE_COUNT; i++)
		vmi->value[i] = MM_ABSENT;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		set(vmi, rows[i].field, options->is_wide ? rows[i].wide : rows[i].offset,
			rows[i].size, rows[i].count);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		vmi->value[values[i].value] = values[i].number;
	lay_out_rss(vmi, options);
	vmi->struct_size[MM_STRUCT_TASK] = options->is_wide ? 9792 : 128;
	vmi->struct_size[MM_STRUCT_SIGNAL] = options->is_wide ? 1096 : 64;
	vmi->struct_size[MM_STRUCT_MM] = options->is_wide ? 1408 : 192;
	vmi->struct_size[MM_STRUCT_CRED] = options->is_wide ? 176 : 64;
	vmi->struct_size[MM_STRUCT_PERCPU_COUNTER] = 40;
	vmi->struct_size[MM_STRUCT_ZONE] = options->is_wide ? 1664 : 64;
	vmi->field[MM_FIELD_PGDAT_ZONES] =
		(struct mm_field_at){0, 3 * vmi->struct_size[MM_STRUCT_ZONE], 3, true};
	if (options->is_old)
		lay_out_old(vmi);
}
