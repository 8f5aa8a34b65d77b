/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Builds a synthetic guest: a bump allocator over a block of memory, mapped as Linux maps all of it, and the objects in it. */
#include "lib/image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/image_layout.h"

#define ENTRY	    UINT64_C(0x063) /* present, writable, accessed, dirty */
#define TABLE_BITS  9
#define LIST_POISON UINT64_C(0xdead000000000100)
#define FIRST_FREE  0x1000 /* nothing lies at address 0 */
#define EVENTS_AT   0x100  /* per-CPU offsets */
#define COMMIT_AT   0x800
#define RSS_AT	    0x1000

uint8_t *image_mem(const struct image *image, uint64_t vaddr, size_t len)
{
	uint64_t addr = vaddr - image_base(image->options.levels);

	if (addr > image->options.bytes || len > image->options.bytes - addr)
		abort();
	return image->mem + addr;
}

uint64_t image_get(const struct image *image, uint64_t vaddr, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, image_mem(image, vaddr, size), size);
	return value;
}

void image_put(struct image *image, uint64_t vaddr, size_t size, uint64_t value)
{
	memcpy(image_mem(image, vaddr, size), &value, size);
}

uint64_t image_at(const struct image *image, uint64_t vaddr, enum mm_field field)
{
	return vaddr + image->vmi.field[field].offset;
}

static size_t number_size(const struct image *image, enum mm_field field)
{
	size_t size = image->vmi.field[field].size;

	return size < sizeof(uint64_t) ? size : sizeof(uint64_t);
}

uint64_t image_get_field(const struct image *image, uint64_t vaddr, enum mm_field field)
{
	return image_get(image, image_at(image, vaddr, field), number_size(image, field));
}

void image_put_field(struct image *image, uint64_t vaddr, enum mm_field field, uint64_t value)
{
	image_put(image, image_at(image, vaddr, field), number_size(image, field), value);
}

/* Guest memory that was never used, as an address of the kernel. */
static uint64_t allocate(struct image *image, uint64_t size, uint64_t align)
{
	uint64_t addr = (image->next + align - 1) & ~(align - 1);

	if (addr > image->options.bytes || size > image->options.bytes - addr) {
		fprintf(stderr, "image: %zu bytes are too few\n", image->options.bytes);
		abort();
	}
	image->next = addr + size;
	return addr + image_base(image->options.levels);
}

static uint64_t take(struct image *image, struct image_pool *pool)
{
	uint64_t vaddr;

	if (!pool->count)
		return allocate(image, pool->size, 64);
	vaddr = pool->free[--pool->count];
	memset(image_mem(image, vaddr, pool->size), 0, pool->size);
	return vaddr;
}

static void give(struct image_pool *pool, uint64_t vaddr)
{
	if (pool->count == pool->capacity) {
		pool->capacity = pool->capacity ? pool->capacity * 2 : 64;
		pool->free = realloc(pool->free, pool->capacity * sizeof(*pool->free));
		if (!pool->free)
			abort();
	}
	pool->free[pool->count++] = vaddr;
}

/* The entry of the page table at guest-physical `table` for vaddr at this level, with a table under it made if there is none. */
static uint64_t *find_entry(struct image *image, uint64_t table, uint64_t vaddr, unsigned level)
{
	unsigned shift = MM_PAGE_SHIFT + TABLE_BITS * (level - 1);
	uint64_t *entry = (uint64_t *)(void *)(image->mem + table) + ((vaddr >> shift) & 511);

	if (level > 1 && !*entry)
		*entry = (allocate(image, MM_PAGE_SIZE, MM_PAGE_SIZE) -
				 image_base(image->options.levels)) |
			 ENTRY;
	return entry;
}

static void map_all(struct image *image, uint64_t root)
{
	for (uint64_t addr = 0; addr < image->options.bytes; addr += MM_PAGE_SIZE) {
		uint64_t vaddr = image_base(image->options.levels) + addr;
		uint64_t table = root;
		unsigned level;

		for (level = image->options.levels; level > 1; level--)
			table = *find_entry(image, table, vaddr, level) & ~(MM_PAGE_SIZE - 1);
		*find_entry(image, table, vaddr, 1) = addr | ENTRY;
	}
}

static int image_read(
	struct mm_phys *p, enum mm_phys_space space, uint64_t addr, void *buf, size_t len)
{
	struct image *image = (struct image *)p;

	(void)space;
	image->reads++;
	if (image->before_read)
		image->before_read(image, image->arg);
	if (image->fail_at && image->reads == image->fail_at)
		return image->fail_with;
	if (addr > image->options.bytes || len > image->options.bytes - addr)
		return -ENXIO;
	memcpy(buf, image->mem + addr, len);
	if (image->is_torn && image->before_read && len > sizeof(uint64_t)) {
		image->before_read(image, image->arg);
		memcpy((char *)buf + len / 2, image->mem + addr + len / 2, len - len / 2);
	}
	return 0;
}

static void image_expect(
	struct mm_phys *p, enum mm_phys_space space, const uint64_t *addrs, size_t count)
{
	(void)space;
	(void)addrs;
	((struct image *)p)->expected += count;
}

static void image_release(struct mm_phys *p)
{
	((struct image *)p)->released++;
}

static void image_close(struct mm_phys *p)
{
	(void)p;
}

static const struct mm_phys_ops image_ops = {
	.name = "image",
	.read = image_read,
	.expect = image_expect,
	.release = image_release,
	.close = image_close,
};

static uint64_t area_size(const struct image *image)
{
	uint64_t size = image->options.bytes / 512;

	return size < 2 * RSS_AT ? 2 * RSS_AT : size & ~(MM_PAGE_SIZE - 1);
}

/* Each CPU's area, and who says where it is. */
static void make_cpus(struct image *image)
{
	uint64_t *symbol = image->vmi.symbol;

	symbol[MM_SYMBOL_NR_CPU_IDS] = allocate(image, 4, 8);
	symbol[MM_SYMBOL_CPU_POSSIBLE_MASK] = allocate(image, MM_VMI_CPUS_MAX / 8, 8);
	symbol[MM_SYMBOL_PER_CPU_OFFSET] = allocate(image, IMAGE_CPUS_MAX * 8, 8);
	symbol[MM_SYMBOL_VM_EVENT_STATES] = EVENTS_AT;
	image_put(image, symbol[MM_SYMBOL_NR_CPU_IDS], 4, image->options.cpus);
	image_put(image, symbol[MM_SYMBOL_CPU_POSSIBLE_MASK], 1, (1u << image->options.cpus) - 1);
	for (unsigned i = 0; i < image->options.cpus; i++)
		image_put(image, symbol[MM_SYMBOL_PER_CPU_OFFSET] + 8 * i, 8,
			allocate(image, area_size(image), MM_PAGE_SIZE));
	image->percpu_next = RSS_AT;
}

static uint64_t cpu_area(const struct image *image, unsigned cpu)
{
	return image_get(image, image->vmi.symbol[MM_SYMBOL_PER_CPU_OFFSET] + 8 * cpu, 8);
}

/* A percpu_counter of this value, of which the CPUs have parts pending: 5, -6, 7, -8 ... */
static void put_percpu(struct image *image, uint64_t counter, uint64_t ptr, int64_t value)
{
	for (unsigned cpu = 0; cpu < image->options.cpus; cpu++) {
		int32_t part = (cpu & 1) ? -5 - (int32_t)cpu : 5 + (int32_t)cpu;

		image_put(image, cpu_area(image, cpu) + ptr, 4, (uint32_t)part);
		value -= part;
	}
	image_put_field(image, counter, MM_FIELD_PERCPU_COUNT, (uint64_t)value);
	image_put_field(image, counter, MM_FIELD_PERCPU_COUNTERS, ptr);
}

void image_set_node(struct image *image, enum mm_value item, uint64_t value)
{
	image_put(image, image->vmi.symbol[MM_SYMBOL_VM_NODE_STAT] + 8 * image->vmi.value[item], 8,
		value);
}

void image_set_zone(struct image *image, enum mm_value item, uint64_t value)
{
	image_put(image, image->vmi.symbol[MM_SYMBOL_VM_ZONE_STAT] + 8 * image->vmi.value[item], 8,
		value);
}

void image_set_event(struct image *image, unsigned cpu, enum mm_value item, uint64_t value)
{
	image_put(image, cpu_area(image, cpu) + EVENTS_AT + 8 * image->vmi.value[item], 8, value);
}

static uint64_t make_symbol(
	struct image *image, enum mm_symbol symbol, uint64_t size, uint64_t value)
{
	uint64_t vaddr = allocate(image, size, 64);

	image->vmi.symbol[symbol] = vaddr;
	image_put(image, vaddr, size < 8 ? size : 8, value);
	return vaddr;
}

/* One node of three zones: low watermarks 100, 200, 300 pages, and a boost of 7 in the last. */
static void make_zones(struct image *image)
{
	uint32_t zone_size = image->vmi.struct_size[MM_STRUCT_ZONE];
	uint64_t node = allocate(image, 64 + 3 * (uint64_t)zone_size, 64);

	make_symbol(image, MM_SYMBOL_NR_NODE_IDS, 4, 1);
	make_symbol(image, MM_SYMBOL_NODE_DATA, 64, node);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t zone = image_at(image, node, MM_FIELD_PGDAT_ZONES) + i * zone_size;

		image_put(image, image_at(image, zone, MM_FIELD_ZONE_WATERMARK) + 8, 8,
			100 * (i + 1));
		image_put_field(image, zone, MM_FIELD_ZONE_BOOST, i == 2 ? 7 : 0);
	}
}

/* Boot time: half of it asleep, as after a suspend, and half a second that is not yet in the base. */
static void make_clock(struct image *image)
{
	uint64_t core = make_symbol(image, MM_SYMBOL_TK_CORE, 256, 8);
	uint64_t keeper = core + 8;
	uint64_t base_ns = (IMAGE_UPTIME_MS / 2 - 500) * 1000000;

	image_put_field(image, keeper, MM_FIELD_TK_BASE, base_ns);
	image_put_field(image, keeper, MM_FIELD_TK_XTIME_NSEC, UINT64_C(500000000) << 8);
	image_put_field(image, keeper, MM_FIELD_TK_SHIFT, 8);
	image_put_field(image, keeper, MM_FIELD_TK_OFFS_BOOT, IMAGE_UPTIME_MS / 2 * 1000000);
	image_put_field(image, keeper, MM_FIELD_TK_KTIME_SEC, IMAGE_UPTIME_MS / 2 / 1000);
}

static void make_counters(struct image *image)
{
	uint64_t total = image->options.bytes / MM_PAGE_SIZE - 16;
	uint64_t psi, load, balloon;

	make_symbol(image, MM_SYMBOL_TOTALRAM_PAGES, 8, total);
	make_symbol(image, MM_SYMBOL_TOTALRESERVE_PAGES, 8, 5);
	make_symbol(image, MM_SYMBOL_VM_ZONE_STAT, 16 * 8, 0);
	make_symbol(image, MM_SYMBOL_VM_NODE_STAT, 64 * 8, 0);
	make_symbol(image, MM_SYMBOL_TOTAL_SWAP_PAGES, 8, 1000);
	make_symbol(image, MM_SYMBOL_NR_SWAP_PAGES, 8, 900);
	put_percpu(image, make_symbol(image, MM_SYMBOL_VM_COMMITTED_AS, 64, 0), COMMIT_AT, 4321);
	image_set_zone(image, MM_VALUE_FREE_PAGES, total / 2);
	make_zones(image);
	make_clock(image);
	load = make_symbol(image, MM_SYMBOL_AVENRUN, 24, 2048 + 512); /* 1.25 */
	image_put(image, load + 8, 8, 1024);
	image_put(image, load + 16, 8, 2);
	make_symbol(image, MM_SYMBOL_PSI_DISABLED, 16, image->options.has_no_psi ? 1 : 0);
	psi = make_symbol(image, MM_SYMBOL_PSI_SYSTEM, 512, 0);
	image_put(image, image_at(image, psi, MM_FIELD_PSI_TOTAL) + 8 * 2, 8, 123456789);
	image_put(image, image_at(image, psi, MM_FIELD_PSI_TOTAL) + 8 * 3, 8, 23456789);
	image_put(image, image_at(image, psi, MM_FIELD_PSI_AVG) + 24 * 2, 8, 2048 * 12 + 1024);
	balloon = make_symbol(image, MM_SYMBOL_BALLOON_STATS, 64, 0);
	if (!image->options.has_no_balloon) {
		image_put_field(image, balloon, MM_FIELD_BALLOON_CURRENT, 2000);
		image_put_field(image, balloon, MM_FIELD_BALLOON_TARGET, 1500);
	}
}

/* The idle task: alone in its ring, its own parent. */
static void make_idle(struct image *image)
{
	uint64_t task = take(image, &image->tasks);
	uint64_t signal = take(image, &image->signals);
	uint64_t link = image_at(image, task, MM_FIELD_TASK_TASKS);

	image->vmi.symbol[MM_SYMBOL_INIT_TASK] = task;
	image_put_field(image, task, MM_FIELD_TASK_TASKS, link);
	image_put_field(image, task, MM_FIELD_TASK_TASKS_PREV, link);
	image_put_field(image, task, MM_FIELD_TASK_SIGNAL, signal);
	image_put_field(image, task, MM_FIELD_TASK_REAL_CRED, image_add_cred(image, 0));
	image_put_field(image, task, MM_FIELD_TASK_REAL_PARENT, task);
	image_put_field(image, task, MM_FIELD_TASK_FLAGS, IMAGE_KTHREAD);
	memcpy(image_mem(image, image_at(image, task, MM_FIELD_TASK_COMM), MM_COMM_LEN),
		"swapper/0", 10);
}

static void set_pools(struct image *image)
{
	const uint32_t *sizes = image->vmi.struct_size;

	image->tasks.size = sizes[MM_STRUCT_TASK];
	image->signals.size = sizes[MM_STRUCT_SIGNAL];
	image->mms.size = sizes[MM_STRUCT_MM];
	image->creds.size = sizes[MM_STRUCT_CRED];
}

struct image *image_new(const struct image_options *options)
{
	struct image *image = calloc(1, sizeof(*image));
	uint64_t root;

	if (!image)
		abort();
	image->options = *options;
	if (!image->options.cpus)
		image->options.cpus = 2;
	if (!image->options.levels)
		image->options.levels = 4;
	image->mem = calloc(1, image->options.bytes);
	if (!image->mem || image->options.cpus > IMAGE_CPUS_MAX)
		abort();
	image->phys = (struct mm_phys){.ops = &image_ops, .end = image->options.bytes};
	image->next = FIRST_FREE;
	root = allocate(image, MM_PAGE_SIZE, MM_PAGE_SIZE) - image_base(image->options.levels);
	map_all(image, root);
	image->vmi.phys = &image->phys;
	if (mm_virt_init(&image->vmi.virt, &image->phys, root, image->options.levels) < 0)
		abort();
	snprintf(image->vmi.release, sizeof(image->vmi.release), "6.1.0-test");
	image_lay_out(&image->vmi, &image->options);
	set_pools(image);
	make_cpus(image);
	make_counters(image);
	make_idle(image);
	return image;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	mm_virt_fini(&image->vmi.virt);
	mm_vmi_memory_free(image->vmi.memory);
	free(image->tasks.free);
	free(image->signals.free);
	free(image->mms.free);
	free(image->creds.free);
	free(image->mem);
	free(image);
}

uint64_t image_add_mm(struct image *image, const int64_t *pages, uint64_t vm_pages)
{
	const struct mm_field_at *stat = &image->vmi.field[MM_FIELD_MM_RSS_STAT];
	uint64_t mm = take(image, &image->mms);
	uint64_t at = mm + stat->offset;

	image_put_field(image, mm, MM_FIELD_MM_TOTAL_VM, vm_pages);
	for (unsigned i = 0; i < IMAGE_KINDS; i++) {
		if (!image->options.is_percpu_rss) {
			image_put(image, image_at(image, at, MM_FIELD_OLD_RSS_COUNT) + 8 * i, 8,
				(uint64_t)pages[i]);
			continue;
		}
		if (image->percpu_next + 4 > area_size(image))
			abort();
		put_percpu(image, at + i * stat->size / stat->count, image->percpu_next, pages[i]);
		image->percpu_next += 4;
	}
	return mm;
}

void image_free_mm(struct image *image, uint64_t mm)
{
	memset(image_mem(image, mm, image->mms.size), 0x6b, image->mms.size);
	give(&image->mms, mm);
}

uint64_t image_add_cred(struct image *image, uint32_t uid)
{
	uint64_t cred = take(image, &image->creds);

	image_put_field(image, cred, MM_FIELD_CRED_EUID, uid);
	return cred;
}

void image_free_cred(struct image *image, uint64_t cred)
{
	give(&image->creds, cred);
}

static void add_thread(struct image *image, uint64_t task, uint64_t head)
{
	uint64_t node = image_at(image, task, MM_FIELD_TASK_THREAD_NODE);
	uint64_t last = image_get(image, head + 8, 8);

	image_put(image, node, 8, head);
	image_put(image, node + 8, 8, last);
	image_put(image, last, 8, node);
	image_put(image, head + 8, 8, node);
}

static void add_link(struct image *image, uint64_t task)
{
	uint64_t head =
		image_at(image, image->vmi.symbol[MM_SYMBOL_INIT_TASK], MM_FIELD_TASK_TASKS);
	uint64_t link = image_at(image, task, MM_FIELD_TASK_TASKS);
	uint64_t last = image_get(image, head + 8, 8);

	image_put(image, link, 8, head);
	image_put(image, link + 8, 8, last);
	image_put(image, head + 8, 8, link);
	image_put(image, last, 8, link);
}

static uint64_t make_task(
	struct image *image, const struct image_process *p, uint64_t signal, uint64_t runtime_ns)
{
	uint64_t task = take(image, &image->tasks);
	uint64_t parent = p->parent ? p->parent : image->vmi.symbol[MM_SYMBOL_INIT_TASK];

	image_put_field(image, task, MM_FIELD_TASK_PID, p->pid);
	image_put_field(image, task, MM_FIELD_TASK_TGID, p->pid);
	image_put_field(image, task, MM_FIELD_TASK_FLAGS, p->flags);
	image_put_field(image, task,
		image->options.is_old ? MM_FIELD_TASK_OLD_STATE : MM_FIELD_TASK_STATE, p->state);
	image_put_field(image, task, MM_FIELD_TASK_EXIT_STATE, p->exit_state);
	image_put_field(image, task, MM_FIELD_TASK_SIGNAL, signal);
	image_put_field(image, task, MM_FIELD_TASK_REAL_PARENT, parent);
	image_put_field(image, task, MM_FIELD_TASK_START, p->start_ns);
	image_put_field(image, task, MM_FIELD_TASK_RUNTIME, runtime_ns);
	memcpy(image_mem(image, image_at(image, task, MM_FIELD_TASK_COMM), MM_COMM_LEN), p->comm,
		MM_COMM_LEN);
	return task;
}

uint64_t image_add(struct image *image, const struct image_process *process)
{
	uint64_t signal = take(image, &image->signals);
	uint64_t head = image_at(image, signal, MM_FIELD_SIGNAL_THREAD_HEAD);
	uint64_t mm = process->mm, cred, leader;

	image_put(image, head, 8, head);
	image_put(image, head + 8, 8, head);
	image_put_field(image, signal, MM_FIELD_SIGNAL_NR_THREADS, process->more_threads + 1);
	image_put_field(image, signal, MM_FIELD_SIGNAL_RUNTIME, process->dead_runtime_ns);
	if (!mm && process->vm_pages)
		mm = image_add_mm(image, process->pages, process->vm_pages);
	cred = image_add_cred(image, process->uid);
	leader = make_task(image, process, signal, process->runtime_ns);
	for (uint32_t i = 0; i <= process->more_threads; i++) {
		uint64_t task = leader;

		if (i) {
			task = make_task(image, process, signal, process->thread_runtime_ns);
			image_put_field(image, task, MM_FIELD_TASK_PID, process->pid + i);
		}
		image_put_field(image, task, MM_FIELD_TASK_MM, mm);
		image_put_field(image, task, MM_FIELD_TASK_REAL_CRED, cred);
		add_thread(image, task, head);
	}
	add_link(image, leader);
	return leader;
}

static void add_number(struct image *image, uint64_t vaddr, enum mm_field field, uint64_t more)
{
	image_put_field(image, vaddr, field, image_get_field(image, vaddr, field) + more);
}

void image_add_thread(struct image *image, uint64_t task, uint64_t runtime_ns)
{
	uint64_t signal = image_get_field(image, task, MM_FIELD_TASK_SIGNAL);
	uint64_t thread = take(image, &image->tasks);

	memcpy(image_mem(image, thread, image->tasks.size),
		image_mem(image, task, image->tasks.size), image->tasks.size);
	add_number(image, thread, MM_FIELD_TASK_PID, 1);
	image_put_field(image, thread, MM_FIELD_TASK_RUNTIME, runtime_ns);
	add_thread(image, thread, image_at(image, signal, MM_FIELD_SIGNAL_THREAD_HEAD));
	add_number(image, signal, MM_FIELD_SIGNAL_NR_THREADS, 1);
}

void image_end_thread(struct image *image, uint64_t task)
{
	uint64_t signal = image_get_field(image, task, MM_FIELD_TASK_SIGNAL);
	uint64_t head = image_at(image, signal, MM_FIELD_SIGNAL_THREAD_HEAD);
	uint64_t node = image_get(image, head + 8, 8);
	uint64_t prev = image_get(image, node + 8, 8);
	uint64_t thread = node - image->vmi.field[MM_FIELD_TASK_THREAD_NODE].offset;

	add_number(image, signal, MM_FIELD_SIGNAL_RUNTIME,
		image_get_field(image, thread, MM_FIELD_TASK_RUNTIME));
	add_number(image, signal, MM_FIELD_SIGNAL_NR_THREADS, (uint64_t)-1);
	image_put(image, prev, 8, head);
	image_put(image, head + 8, 8, prev);
	image_put(image, node + 8, 8, LIST_POISON + 0x22);
	give(&image->tasks, thread);
}

void image_remove(struct image *image, uint64_t task)
{
	uint64_t link = image_at(image, task, MM_FIELD_TASK_TASKS);
	uint64_t next = image_get(image, link, 8);
	uint64_t prev = image_get(image, link + 8, 8);

	image_put(image, prev, 8, next);
	image_put(image, next + 8, 8, prev);
	image_put(image, link + 8, 8, LIST_POISON + 0x22);
}

void image_free_task(struct image *image, uint64_t task)
{
	uint64_t signal = image_get_field(image, task, MM_FIELD_TASK_SIGNAL);
	uint64_t head = image_at(image, signal, MM_FIELD_SIGNAL_THREAD_HEAD);
	uint64_t mm = image_get_field(image, task, MM_FIELD_TASK_MM);
	uint32_t node_at = image->vmi.field[MM_FIELD_TASK_THREAD_NODE].offset;

	if (mm)
		image_free_mm(image, mm);
	give(&image->creds, image_get_field(image, task, MM_FIELD_TASK_REAL_CRED));
	for (uint64_t node = image_get(image, head, 8); node != head;
		node = image_get(image, node, 8))
		give(&image->tasks, node - node_at);
	give(&image->signals, signal);
}

int image_use(struct image *image, struct mm_phys *phys)
{
	uint64_t root = image->vmi.virt.root;

	mm_virt_fini(&image->vmi.virt);
	image->vmi.phys = phys;
	return mm_virt_init(&image->vmi.virt, phys, root, image->options.levels);
}
