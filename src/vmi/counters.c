/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the guest's kernel counts, as its own /proc/meminfo, vmstat, pressure/memory, loadavg and uptime would say it: the global
 * counters without what CPUs have pending, but for those that /proc sums up too. A symbol that is missing leaves 0.
 */
#include <errno.h>
#include <string.h>

#include "vmi/look.h"
#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

#define ITEMS_MAX    512 /* of an array of counters; vm_event_states has 120 in 6.12 */
#define NODES_MAX    64
#define ZONES_MAX    16
#define ITEM	     sizeof(uint64_t)
#define FIXED_SHIFT  11 /* FSHIFT: load and pressure averages */
#define NS_PER_SEC   UINT64_C(1000000000)
#define NS_PER_MS    UINT64_C(1000000)
#define NS_PER_US    UINT64_C(1000)
#define TK_AT	     8 /* the timekeeper in tk_core, after a sequence number */
#define TK_SHIFT_MAX 32
#define TK_TRIES     3

/* An array of counters of the kernel, copied at once. */
struct items {
	uint8_t bytes[ITEMS_MAX * ITEM];
	uint32_t count;
};

static int read_symbol(struct mm_look *look, enum mm_symbol symbol, uint64_t *ret_value)
{
	uint64_t addr = look->vmi->symbol[symbol];

	*ret_value = 0;
	return addr ? mm_number_read(look->vmi, addr, sizeof(*ret_value), ret_value) : 0;
}

/* A counter in pages, KiB; what a race left below 0 is 0. */
static uint64_t as_kib(uint64_t pages)
{
	pages = mm_not_negative(pages);
	return mm_min_u64(pages, MM_SIZE_MAX_KIB / MM_KIB_PER_PAGE) * MM_KIB_PER_PAGE;
}

static uint64_t as_count(uint64_t value)
{
	return mm_min_u64(mm_not_negative(value), MM_COUNTER_MAX);
}

static int read_items(
	struct mm_look *look, enum mm_symbol symbol, enum mm_value count, struct items *ret_items)
{
	uint64_t addr = look->vmi->symbol[symbol];

	ret_items->count = 0;
	if (!addr || look->vmi->value[count] > ITEMS_MAX)
		return 0;
	ret_items->count = look->vmi->value[count];
	return mm_virt_read(&look->vmi->virt, addr, ret_items->bytes, ret_items->count * ITEM);
}

/* The item of that enumerator; 0 where this kernel has none. */
static uint64_t item(const struct mm_look *look, const struct items *items, enum mm_value value)
{
	uint32_t index = look->vmi->value[value];

	return index < items->count
		       ? mm_not_negative(mm_number_at(items->bytes + index * ITEM, ITEM))
		       : 0;
}

/* Adds low and boost of one zone. */
static int add_watermark(struct mm_look *look, uint64_t zone, uint64_t *sum)
{
	static const enum mm_field fields[] = {MM_FIELD_ZONE_WATERMARK, MM_FIELD_ZONE_BOOST};
	const struct mm_field_at *marks = &look->vmi->field[MM_FIELD_ZONE_WATERMARK];
	uint32_t low = look->vmi->value[MM_VALUE_WMARK_LOW];
	struct mm_span span;
	int r;

	if (mm_span_of(look->vmi, fields, 2, &span) < 0 || !mm_span_has(&span, marks) ||
		low >= marks->size / ITEM)
		return 0;
	r = mm_span_read(look->vmi, &span, zone, look->bytes);
	if (r < 0)
		return r;
	*sum += as_count(mm_number_at(
			look->bytes + (marks->offset - span.from) + low * ITEM, ITEM)) +
		as_count(mm_span_number(look->vmi, &span, look->bytes, MM_FIELD_ZONE_BOOST));
	return 0;
}

static int add_node(struct mm_look *look, uint64_t node, uint64_t *sum)
{
	const struct mm_field_at *zones = &look->vmi->field[MM_FIELD_PGDAT_ZONES];
	uint64_t first = node + zones->offset;
	int r = 0;

	if (zones->offset == MM_ABSENT || !zones->count || zones->count > ZONES_MAX)
		return 0;
	for (uint32_t i = 0; r == 0 && i < zones->count; i++)
		r = add_watermark(look, first + i * (zones->size / zones->count), sum);
	return r;
}

/* Of all zones, pages: what the kernel takes off what it calls available. */
static int read_watermark(struct mm_look *look, uint64_t *ret_pages)
{
	const uint64_t *symbol = look->vmi->symbol;
	uint64_t count = 1;
	uint64_t node;
	int r = 0;

	*ret_pages = 0;
	if (!symbol[MM_SYMBOL_NODE_DATA])
		return symbol[MM_SYMBOL_CONTIG_PAGE_DATA]
			       ? add_node(look, symbol[MM_SYMBOL_CONTIG_PAGE_DATA], ret_pages)
			       : 0;
	if (symbol[MM_SYMBOL_NR_NODE_IDS])
		r = mm_number_read(
			look->vmi, symbol[MM_SYMBOL_NR_NODE_IDS], sizeof(uint32_t), &count);
	for (uint64_t i = 0; r == 0 && i < count && i < NODES_MAX; i++) {
		r = mm_number_read(look->vmi, symbol[MM_SYMBOL_NODE_DATA] + i * ITEM, ITEM, &node);
		if (r == 0 && node)
			r = add_node(look, node, ret_pages);
	}
	return r;
}

/* As si_mem_available() counts it: half of the cache, or the low watermark of it, is thought to be needed. */
static uint64_t available_kib(const struct mm_look *look, const struct items *node,
	uint64_t free_pages, uint64_t reserve, uint64_t watermark)
{
	uint64_t cache =
		item(look, node, MM_VALUE_ACTIVE_FILE) + item(look, node, MM_VALUE_INACTIVE_FILE);
	uint64_t slab = item(look, node, MM_VALUE_SLAB_RECLAIMABLE) +
			item(look, node, MM_VALUE_MISC_RECLAIMABLE);
	uint64_t pages = mm_min_u64(free_pages, MM_COUNTER_MAX);

	cache = mm_min_u64(cache, MM_COUNTER_MAX);
	slab = mm_min_u64(slab, MM_COUNTER_MAX);
	pages += cache - mm_min_u64(cache / 2, watermark);
	pages += slab - mm_min_u64(slab / 2, watermark);
	return as_kib(pages - mm_min_u64(pages, reserve));
}

/* By node since 5.11, by zone before; the numbers overlap, but no counter of a node was ever this low. */
static uint64_t page_tables(
	const struct mm_look *look, const struct items *zone, const struct items *node)
{
	const uint32_t *value = look->vmi->value;
	bool is_zone = value[MM_VALUE_PAGETABLE] < value[MM_VALUE_ZONE_ITEMS];

	return item(look, is_zone ? zone : node, MM_VALUE_PAGETABLE);
}

static int read_memory(struct mm_look *look, struct mm_counters *c)
{
	struct items zone = {.count = 0}, node = {.count = 0};
	uint64_t total = 0, free, reserve = 0, watermark = 0;
	int r = read_items(look, MM_SYMBOL_VM_ZONE_STAT, MM_VALUE_ZONE_ITEMS, &zone);

	if (r == 0)
		r = read_items(look, MM_SYMBOL_VM_NODE_STAT, MM_VALUE_NODE_ITEMS, &node);
	if (r == 0)
		r = read_symbol(look, MM_SYMBOL_TOTALRAM_PAGES, &total);
	if (r == 0)
		r = read_symbol(look, MM_SYMBOL_TOTALRESERVE_PAGES, &reserve);
	if (r == 0)
		r = read_watermark(look, &watermark);
	if (r < 0)
		return r;
	c->total_kib = as_kib(total);
	if (!c->total_kib || c->total_kib > look->vmi->phys->end / 1024)
		return -EBADMSG;
	free = item(look, &zone, MM_VALUE_FREE_PAGES);
	c->free_kib = mm_min_u64(as_kib(free), c->total_kib);
	c->avail_kib = mm_min_u64(
		available_kib(look, &node, free, as_count(reserve), watermark), c->total_kib);
	c->anon_kib = as_kib(item(look, &node, MM_VALUE_ANON_MAPPED));
	c->file_kib = as_kib(item(look, &node, MM_VALUE_FILE_PAGES));
	c->shmem_kib = as_kib(item(look, &node, MM_VALUE_SHMEM));
	c->slab_reclaimable_kib = as_kib(item(look, &node, MM_VALUE_SLAB_RECLAIMABLE));
	c->slab_unreclaimable_kib = as_kib(item(look, &node, MM_VALUE_SLAB_UNRECLAIMABLE));
	c->kernel_stack_kib =
		mm_min_u64(item(look, &node, MM_VALUE_KERNEL_STACK_KB), MM_SIZE_MAX_KIB);
	c->page_tables_kib = as_kib(page_tables(look, &zone, &node));
	c->refault_anon = as_count(item(look, &node, MM_VALUE_REFAULT_ANON));
	c->refault_file = as_count(item(look, &node, MM_VALUE_REFAULT_FILE));
	return 0;
}

static int read_committed(struct mm_look *look, struct mm_counters *c)
{
	static const enum mm_field fields[] = {MM_FIELD_PERCPU_COUNT, MM_FIELD_PERCPU_COUNTERS};
	uint64_t addr = look->vmi->symbol[MM_SYMBOL_VM_COMMITTED_AS];
	struct mm_span span;
	uint64_t pages, ptr;
	int r;

	if (!addr || mm_span_of(look->vmi, fields, 2, &span) < 0)
		return 0;
	r = mm_span_read(look->vmi, &span, addr, look->bytes);
	if (r < 0)
		return r;
	pages = mm_span_number(look->vmi, &span, look->bytes, MM_FIELD_PERCPU_COUNT);
	ptr = mm_span_number(look->vmi, &span, look->bytes, MM_FIELD_PERCPU_COUNTERS);
	r = mm_look_sum(look, &ptr, 1, &pages);
	c->committed_kib = mm_min_u64(mm_not_negative(pages), MM_VIRT_KIB_MAX / MM_KIB_PER_PAGE) *
			   MM_KIB_PER_PAGE;
	return r;
}

static int read_swap(struct mm_look *look, struct mm_counters *c)
{
	uint64_t total = 0, free = 0;
	int r = read_symbol(look, MM_SYMBOL_TOTAL_SWAP_PAGES, &total);

	if (r == 0)
		r = read_symbol(look, MM_SYMBOL_NR_SWAP_PAGES, &free);
	if (r < 0)
		return r;
	c->swap_total_kib = as_kib(total);
	c->swap_free_kib = mm_min_u64(as_kib(free), c->swap_total_kib);
	return 0;
}

/* Events are counted by each CPU for itself. A kernel without one of them has no events at all. */
static int read_events(struct mm_look *look, struct mm_counters *c)
{
	static const enum mm_value values[] = {
		MM_VALUE_PSWPIN, MM_VALUE_PSWPOUT, MM_VALUE_PGMAJFAULT, MM_VALUE_OOM_KILL};
	uint64_t *const sums[] = {
		&c->swapin_pages, &c->swapout_pages, &c->majfaults, &c->oom_kills};
	uint64_t addr = look->vmi->symbol[MM_SYMBOL_VM_EVENT_STATES];
	uint32_t first = MM_ABSENT;
	uint32_t last = 0;
	int r = 0;

	for (size_t i = 0; i < 4; i++) {
		first = look->vmi->value[values[i]] < first ? look->vmi->value[values[i]] : first;
		last = look->vmi->value[values[i]] > last ? look->vmi->value[values[i]] : last;
	}
	if (!addr || last >= ITEMS_MAX)
		return 0;
	for (size_t cpu = 0; r == 0 && cpu < look->cpus; cpu++) {
		r = mm_virt_read(&look->vmi->virt, look->cpu_areas[cpu] + addr + first * ITEM,
			look->bytes, (last - first + 1) * ITEM);
		for (size_t i = 0; r == 0 && i < 4; i++)
			*sums[i] += mm_number_at(
				look->bytes + (look->vmi->value[values[i]] - first) * ITEM, ITEM);
	}
	for (size_t i = 0; i < 4; i++)
		*sums[i] = as_count(*sums[i]);
	return r;
}

static int is_psi_off(struct mm_look *look, bool *ret_is_off)
{
	const struct mm_field_at *enabled = &look->vmi->field[MM_FIELD_STATIC_KEY_ENABLED];
	uint64_t key = look->vmi->symbol[MM_SYMBOL_PSI_DISABLED];
	uint64_t value = 0;
	int r = 0;

	if (key && enabled->offset != MM_ABSENT)
		r = mm_number_read(look->vmi, key + enabled->offset, sizeof(uint32_t), &value);
	*ret_is_off = value != 0;
	return r;
}

static void take_pressure(
	const struct mm_look *look, const struct mm_span *span, struct mm_counters *c)
{
	const struct mm_field_at *field = look->vmi->field;
	const uint8_t *totals = look->bytes + (field[MM_FIELD_PSI_TOTAL].offset - span->from);
	const uint8_t *avgs = look->bytes + (field[MM_FIELD_PSI_AVG].offset - span->from);
	size_t some = look->vmi->value[MM_VALUE_PSI_MEM_SOME] * ITEM;
	size_t full = look->vmi->value[MM_VALUE_PSI_MEM_FULL] * ITEM;

	c->has_psi = true;
	c->psi_some_us = as_count(mm_number_at(totals + some, ITEM) / NS_PER_US);
	c->psi_full_us = as_count(mm_number_at(totals + full, ITEM) / NS_PER_US);
	c->psi_some_avg10_pct100 = (uint32_t)mm_min_u64(
		as_count(mm_number_at(avgs + 3 * some, ITEM)) * 100 >> FIXED_SHIFT, 10000);
}

/* As of the kernel's last update: up to 2 s ago, or more while nothing ran. */
static int read_pressure(struct mm_look *look, struct mm_counters *c)
{
	static const enum mm_field fields[] = {MM_FIELD_PSI_TOTAL, MM_FIELD_PSI_AVG};
	const struct mm_field_at *total = &look->vmi->field[MM_FIELD_PSI_TOTAL];
	const struct mm_field_at *avg = &look->vmi->field[MM_FIELD_PSI_AVG];
	uint64_t addr = look->vmi->symbol[MM_SYMBOL_PSI_SYSTEM];
	size_t some = look->vmi->value[MM_VALUE_PSI_MEM_SOME];
	struct mm_span span;
	bool is_off;
	int r;

	if (!addr || mm_span_of(look->vmi, fields, 2, &span) < 0 || !mm_span_has(&span, total) ||
		!mm_span_has(&span, avg) || some >= total->size / ITEM ||
		some >= avg->size / ITEM / 3 ||
		look->vmi->value[MM_VALUE_PSI_MEM_FULL] >= total->size / ITEM)
		return 0;
	r = is_psi_off(look, &is_off);
	if (r < 0 || is_off)
		return r;
	r = mm_span_read(look->vmi, &span, addr, look->bytes);
	if (r == 0)
		take_pressure(look, &span, c);
	return r;
}

static int read_load(struct mm_look *look, struct mm_counters *c)
{
	uint64_t addr = look->vmi->symbol[MM_SYMBOL_AVENRUN];
	uint8_t bytes[3 * ITEM];
	int r;

	if (!addr)
		return 0;
	r = mm_virt_read(&look->vmi->virt, addr, bytes, sizeof(bytes));
	for (size_t i = 0; r == 0 && i < 3; i++) {
		uint64_t fixed = mm_min_u64(
			as_count(mm_number_at(bytes + i * ITEM, ITEM)), UINT64_C(1) << 40);

		c->load_milli[i] = (fixed * 1000 + (1u << (FIXED_SHIFT - 1))) >> FIXED_SHIFT;
	}
	return r;
}

/* Boot time as of the last tick that any CPU took. 0: not where we think it is. */
static uint64_t boot_time_ns(const struct mm_look *look, const struct mm_span *span)
{
	const struct mm_vmi *vmi = look->vmi;
	uint64_t base = mm_span_number(vmi, span, look->bytes, MM_FIELD_TK_BASE);
	uint64_t sec = mm_span_number(vmi, span, look->bytes, MM_FIELD_TK_KTIME_SEC);
	uint64_t fine = mm_span_number(vmi, span, look->bytes, MM_FIELD_TK_XTIME_NSEC);
	uint64_t shift = mm_span_number(vmi, span, look->bytes, MM_FIELD_TK_SHIFT);
	uint64_t asleep = mm_span_number(vmi, span, look->bytes, MM_FIELD_TK_OFFS_BOOT);

	if (base > INT64_MAX / 4 || asleep > INT64_MAX / 4 || shift > TK_SHIFT_MAX)
		return 0;
	fine >>= shift;
	/* The kernel keeps whole seconds beside the base: so we know that these are a clock. */
	if (fine > 2 * NS_PER_SEC || base / NS_PER_SEC > sec || sec > base / NS_PER_SEC + 2)
		return 0;
	return base + fine + asleep;
}

static int read_uptime(struct mm_look *look, struct mm_counters *c)
{
	static const enum mm_field fields[] = {MM_FIELD_TK_BASE, MM_FIELD_TK_XTIME_NSEC,
		MM_FIELD_TK_SHIFT, MM_FIELD_TK_OFFS_BOOT, MM_FIELD_TK_KTIME_SEC};
	uint64_t core = look->vmi->symbol[MM_SYMBOL_TK_CORE];
	uint64_t before = 0, after = 0;
	struct mm_span span;
	int r;

	if (!core || mm_span_of(look->vmi, fields, 5, &span) < 0)
		return 0;
	for (int i = 0; i < TK_TRIES; i++) {
		r = mm_number_read(look->vmi, core, sizeof(uint32_t), &before);
		if (r == 0)
			r = mm_span_read(look->vmi, &span, core + TK_AT, look->bytes);
		if (r == 0)
			r = mm_number_read(look->vmi, core, sizeof(uint32_t), &after);
		if (r < 0)
			return r;
		c->uptime_ms = as_count(boot_time_ns(look, &span) / NS_PER_MS);
		if (before == after && !(before & 1)) /* nobody wrote meanwhile */
			break;
	}
	return 0;
}

static int read_balloon(struct mm_look *look, struct mm_counters *c)
{
	static const enum mm_field fields[] = {MM_FIELD_BALLOON_CURRENT, MM_FIELD_BALLOON_TARGET};
	uint64_t addr = look->vmi->symbol[MM_SYMBOL_BALLOON_STATS];
	struct mm_span span;
	int r;

	if (!addr || mm_span_of(look->vmi, fields, 2, &span) < 0)
		return 0;
	r = mm_span_read(look->vmi, &span, addr, look->bytes);
	if (r < 0)
		return r;
	c->balloon_current_kib =
		as_kib(mm_span_number(look->vmi, &span, look->bytes, MM_FIELD_BALLOON_CURRENT));
	c->balloon_target_kib =
		as_kib(mm_span_number(look->vmi, &span, look->bytes, MM_FIELD_BALLOON_TARGET));
	c->has_balloon = c->balloon_current_kib > 0; /* 0 where the driver has no Xen under it */
	return 0;
}

int mm_counters_read(struct mm_look *look)
{
	static int (*const parts[])(struct mm_look *, struct mm_counters *) = {read_memory,
		read_committed, read_swap, read_events, read_pressure, read_load, read_uptime,
		read_balloon};
	struct mm_counters *c = &look->sample->counters;
	int r = 0;

	memcpy(c->release, look->vmi->release, sizeof(c->release));
	c->release[sizeof(c->release) - 1] = '\0';
	c->cpus = look->cpus ? (uint32_t)look->cpus : 1;
	if (!look->vmi->symbol[MM_SYMBOL_TOTALRAM_PAGES] ||
		!look->vmi->symbol[MM_SYMBOL_VM_ZONE_STAT])
		return -ENOENT;
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		r = parts[i](look, c);
	return r;
}
