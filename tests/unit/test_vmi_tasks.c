/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes of synthetic guests: figures as /proc has them, and rings that are damaged, move, or are of no end. */
#include "unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/image.h"

#define SMALL  ((size_t)1 << 20)
#define SECOND UINT64_C(1000000000)

static const struct image_process shell = {
	.pid = 100,
	.uid = 1000,
	.state = 1,
	.start_ns = 5 * SECOND,
	.runtime_ns = 70000000,
	.pages = {10, 20, 30, 40},
	.vm_pages = 500,
	.comm = "bash",
};

static struct image_process make(uint32_t pid)
{
	struct image_process p = shell;

	p.pid = pid;
	p.start_ns = pid * SECOND;
	p.parent = 0;
	return p;
}

static void sample_ok(struct image *image, struct mm_sample *ret)
{
	assert_int_equal(mm_vmi_sample(&image->vmi, true, ret), MM_VMI_OK);
	assert_true(mm_sample_is_sane(ret));
	assert_true(image->released > 0);
	assert_ptr_equal(image->vmi.virt.phys, image->vmi.phys);
}

static void assert_shell(const struct mm_process *p)
{
	assert_int_equal(p->uid, 1000);
	assert_int_equal(p->state, 'S');
	assert_int_equal(p->threads, 1);
	assert_false(p->is_kernel);
	assert_false(p->is_torn);
	assert_string_equal(p->comm, "bash");
	assert_int_equal(p->start_ns, 5 * SECOND);
	assert_int_equal(p->cpu_ns, 70000000);
	assert_int_equal(p->rss_file_kib, 40);
	assert_int_equal(p->rss_anon_kib, 80);
	assert_int_equal(p->swap_kib, 120);
	assert_int_equal(p->rss_shmem_kib, 160);
	assert_int_equal(p->vm_kib, 2000);
}

static void test_kernels(void **state)
{
	static const struct {
		const char *name;
		struct image_options options;
	} cases[] = {
		{"6.1", {.bytes = SMALL}},
		{"5.10", {.bytes = SMALL, .is_old = true}},
		{"6.12", {.bytes = SMALL, .is_percpu_rss = true}},
		{"offsets as real ones", {.bytes = SMALL, .is_wide = true}},
		{"wide, percpu, 8 CPUs",
			{.bytes = SMALL, .is_wide = true, .is_percpu_rss = true, .cpus = 8}},
		{"5 levels", {.bytes = SMALL, .levels = 5}},
		{"one CPU", {.bytes = SMALL, .is_percpu_rss = true, .cpus = 1}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image *image = image_new(&cases[i].options);
		struct mm_sample sample;

		image_add(image, &shell);
		sample_ok(image, &sample);
		if (sample.count != 1)
			fail_msg("%s: %zu processes", cases[i].name, sample.count);
		assert_int_equal(sample.processes[0].pid, 100);
		assert_int_equal(sample.processes[0].parent, 0);
		assert_shell(&sample.processes[0]);
		assert_false(sample.is_partial);
		assert_int_equal(sample.retries + sample.torn, 0);
		mm_sample_free(&sample);
		image_free(image);
	}
}

/* A kernel for one CPU: its counters have no parts, and there are no areas of CPUs. */
static void test_one_cpu(void **state)
{
	const struct image_options options = {.bytes = SMALL, .is_percpu_rss = true};
	const struct image_process process = {.pid = 1, .comm = "init"};
	const int64_t pages[IMAGE_KINDS] = {10, 20, 30, 40};
	struct image *image = image_new(&options);
	uint64_t task, mm;
	struct mm_sample sample;

	(void)state;
	task = image_add(image, &process);
	mm = image_add_mm(image, pages, 500);
	image_put_field(image, task, MM_FIELD_TASK_MM, mm);
	for (unsigned i = 0; i < IMAGE_KINDS; i++)
		image_put_field(image, image_at(image, mm, MM_FIELD_MM_RSS_STAT) + i * 40,
			MM_FIELD_PERCPU_COUNT, (uint64_t)pages[i]);
	image->vmi.symbol[MM_SYMBOL_PER_CPU_OFFSET] = 0;
	image->vmi.symbol[MM_SYMBOL_CPU_POSSIBLE_MASK] = 0;
	image->vmi.field[MM_FIELD_PERCPU_COUNTERS].offset = MM_ABSENT;
	sample_ok(image, &sample);
	assert_int_equal(sample.count, 1);
	assert_int_equal(sample.processes[0].rss_anon_kib, 80);
	assert_int_equal(sample.processes[0].rss_file_kib, 40);
	assert_int_equal(sample.counters.cpus, 1);
	mm_sample_free(&sample);
	image_free(image);
}

static void test_states(void **state)
{
	static const struct {
		uint32_t state, exit_state;
		char letter;
	} cases[] = {{0, 0, 'R'}, {1, 0, 'S'}, {2, 0, 'D'}, {4, 0, 'T'}, {8, 0, 't'},
		{0, 0x10, 'X'}, {0, 0x20, 'Z'}, {0x80, 0x20, 'Z'}, {0x40, 0, 'P'}, {0x402, 0, 'I'},
		{0x2402, 0, 'I'}, {0x102, 0, 'D'}, {0x8000, 0, 'D'}, {0x2001, 0, 'S'},
		{0x200, 0, 'R'}};
	const struct image_options options = {.bytes = SMALL};
	struct image *image = image_new(&options);
	struct mm_sample sample;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_process p = make((uint32_t)i + 1);

		p.state = cases[i].state;
		p.exit_state = cases[i].exit_state;
		image_add(image, &p);
	}
	sample_ok(image, &sample);
	assert_int_equal(sample.count, ARRAY_SIZE(cases));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (sample.processes[i].state != cases[i].letter)
			fail_msg("state %x, %x: %c", cases[i].state, cases[i].exit_state,
				sample.processes[i].state);
	mm_sample_free(&sample);
	image_free(image);
}

/* Sorted by pid, whatever the ring's order; kernel threads, zombies, threads, memory that two share, parents. */
static void test_kinds(void **state)
{
	const struct image_options options = {.bytes = SMALL};
	struct image *image = image_new(&options);
	struct image_process p = make(300);
	uint64_t parent, worker;
	struct mm_sample sample;

	(void)state;
	parent = image_add(image, &p);
	p = make(400);
	p.parent = parent;
	p.mm = image_get_field(image, parent, MM_FIELD_TASK_MM); /* vfork() */
	image_add(image, &p);
	p = make(2);
	p.flags = IMAGE_KTHREAD;
	p.mm = image_get_field(image, parent, MM_FIELD_TASK_MM); /* borrowed for a while */
	p.state = 0x402;
	memcpy(p.comm, "kworker/0:1-eve", 16);
	image_add(image, &p);
	p = make(350);
	p.vm_pages = 0;
	p.exit_state = 0x20;
	p.parent = parent;
	image_add(image, &p);
	p = make(200);
	p.more_threads = 3;
	p.runtime_ns = 1 * SECOND;
	p.thread_runtime_ns = 2 * SECOND;
	p.dead_runtime_ns = 30 * SECOND;
	worker = image_add(image, &p);
	p = make(500);
	p.parent = image_get(image, image_at(image, worker, MM_FIELD_TASK_THREAD_NODE), 8) -
		   image->vmi.field[MM_FIELD_TASK_THREAD_NODE].offset; /* a thread of it */
	image_add(image, &p);

	sample_ok(image, &sample);
	assert_int_equal(sample.count, 6);
	assert_int_equal(sample.torn, 0);
	assert_int_equal(sample.processes[0].pid, 2);
	assert_true(sample.processes[0].is_kernel);
	assert_int_equal(sample.processes[0].state, 'I');
	assert_int_equal(sample.processes[0].rss_anon_kib, 0);
	assert_string_equal(sample.processes[0].comm, "kworker/0:1-eve");
	assert_int_equal(sample.processes[1].pid, 200);
	assert_int_equal(sample.processes[1].threads, 4);
	assert_int_equal(sample.processes[1].cpu_ns, 37 * SECOND);
	assert_int_equal(sample.processes[2].pid, 300);
	assert_int_equal(sample.processes[2].rss_anon_kib, 80);
	assert_int_equal(sample.processes[3].pid, 350);
	assert_int_equal(sample.processes[3].state, 'Z');
	assert_int_equal(sample.processes[3].rss_file_kib, 0);
	assert_int_equal(sample.processes[3].parent, 300);
	assert_int_equal(sample.processes[4].pid, 400);
	assert_int_equal(sample.processes[4].parent, 300);
	assert_int_equal(sample.processes[4].rss_anon_kib, 80);
	assert_int_equal(sample.processes[5].pid, 500);
	assert_int_equal(sample.processes[5].parent, 200);
	mm_sample_free(&sample);
	image_free(image);
}

static void test_empty(void **state)
{
	const struct image_options options = {.bytes = SMALL};
	struct image *image = image_new(&options);
	struct mm_sample sample;

	(void)state;
	sample_ok(image, &sample);
	assert_int_equal(sample.count, 0);
	assert_non_null(sample.processes);
	assert_false(sample.is_partial);
	mm_sample_free(&sample);
	image_free(image);
}

/* Numbers no guest can mean: capped and marked, or 0 where a race left them below it. */
static void test_ranges(void **state)
{
	const struct image_options options = {.bytes = SMALL};
	const int64_t below[IMAGE_KINDS] = {-1, -2000000000, INT64_MIN, -5};
	const int64_t above[IMAGE_KINDS] = {INT64_MAX, 1 << 30, INT64_MAX, INT64_MAX / 4};
	struct image_process p = make(1);
	struct image *image = image_new(&options);
	struct mm_sample sample;

	(void)state;
	memcpy(p.pages, below, sizeof(below));
	p.runtime_ns = 0;
	image_add(image, &p);
	p = make(2);
	memcpy(p.pages, above, sizeof(above));
	p.vm_pages = UINT64_MAX / 2;
	p.runtime_ns = INT64_MAX;
	p.dead_runtime_ns = INT64_MAX;
	memset(p.comm, 'x', sizeof(p.comm)); /* no end */
	image_add(image, &p);
	sample_ok(image, &sample);
	assert_int_equal(sample.count, 2);
	assert_int_equal(sample.processes[0].rss_anon_kib + sample.processes[0].rss_file_kib +
				 sample.processes[0].rss_shmem_kib + sample.processes[0].swap_kib,
		0);
	assert_false(sample.processes[0].is_torn);
	assert_true(sample.processes[1].is_torn);
	assert_int_equal(sample.torn, 1);
	assert_int_equal(sample.processes[1].rss_file_kib, SMALL / 1024);
	assert_int_equal(sample.processes[1].rss_anon_kib, SMALL / 1024);
	assert_int_equal(sample.processes[1].vm_kib, MM_VIRT_KIB_MAX);
	assert_true(sample.processes[1].cpu_ns <= 2 * (IMAGE_UPTIME_MS + 60000) * 1000000);
	assert_int_equal(strlen(sample.processes[1].comm), MM_COMM_LEN - 1);
	mm_sample_free(&sample);
	image_free(image);
}

/* Damage that stays, at the third of five processes: what is named, and no more than that, is lost. */
static void test_damage(void **state)
{
	static const struct {
		const char *name;
		enum mm_field field;
		uint64_t value;
		size_t count;
		bool is_partial;
	} cases[] = {
		{"next is nothing", MM_FIELD_TASK_TASKS, 0, 2, true},
		{"next is of user space", MM_FIELD_TASK_TASKS, 0x7fff12345678, 2, true},
		{"next is not mapped", MM_FIELD_TASK_TASKS, 0xffffc90000001000, 3, true},
		{"next is at the end", MM_FIELD_TASK_TASKS, UINT64_MAX - 7, 3, true},
		{"prev is nothing", MM_FIELD_TASK_TASKS_PREV, 0, 2, true},
		{"signal is nothing", MM_FIELD_TASK_SIGNAL, 0, 2, true},
		{"signal is not mapped", MM_FIELD_TASK_SIGNAL, 0xffffc90000001000, 4, false},
		{"user is not mapped", MM_FIELD_TASK_REAL_CRED, 0xffffc90000001000, 4, false},
		{"memory is not mapped", MM_FIELD_TASK_MM, 0xffffc90000001000, 4, false},
		{"memory is at the end", MM_FIELD_TASK_MM, UINT64_MAX - 7, 4, false},
		{"not aligned", MM_FIELD_TASK_MM, 0xffff888000001003, 2, true},
		{"parent is not mapped", MM_FIELD_TASK_REAL_PARENT, 0xffffc90000001000, 5, false},
		{"pid is another's", MM_FIELD_TASK_PID, 1, 4, false},
		{"no leader", MM_FIELD_TASK_TGID, 77, 4, false},
		{"pid is below 0", MM_FIELD_TASK_PID, UINT32_MAX, 2, true},
	};
	const struct image_options options = {.bytes = SMALL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image *image = image_new(&options);
		struct mm_sample sample;

		for (uint32_t pid = 1; pid <= 5; pid++) {
			struct image_process p = make(pid);
			uint64_t task = image_add(image, &p);

			if (pid == 3)
				image_put_field(image, task, cases[i].field, cases[i].value);
			if (pid == 4 && cases[i].field == MM_FIELD_TASK_TASKS) {
				/* made by image_add(): damaged again */
				uint64_t prev =
					image_get_field(image, task, MM_FIELD_TASK_TASKS_PREV);

				image_put(image, prev, 8, cases[i].value);
			}
		}
		sample_ok(image, &sample);
		if (sample.count != cases[i].count || sample.is_partial != cases[i].is_partial)
			fail_msg("%s: %zu, partial %d", cases[i].name, sample.count,
				sample.is_partial);
		assert_int_equal(sample.retries, sample.is_partial ? 3 : 0);
		assert_true(sample.reads < 5000);
		mm_sample_free(&sample);
		image_free(image);
	}
}

/* A ring that leads back into itself, with links that prove each other, is found out by what was seen. */
static void test_loop(void **state)
{
	const struct image_options options = {.bytes = SMALL};
	struct image *image = image_new(&options);
	uint64_t tasks[5];
	struct mm_sample sample;

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		struct image_process p = make(i + 1);

		tasks[i] = image_add(image, &p);
	}
	image_put_field(image, tasks[4], MM_FIELD_TASK_TASKS,
		image_at(image, tasks[2], MM_FIELD_TASK_TASKS));
	sample_ok(image, &sample);
	assert_int_equal(sample.count, 5);
	assert_true(sample.is_partial);
	mm_sample_free(&sample);
	image_free(image);
}

/* Threads: a ring that never ends, one that is too short, one of another process, more than we look at. */
static void test_threads(void **state)
{
	const struct image_options options = {.bytes = SMALL * 2};
	struct image *image = image_new(&options);
	struct image_process p = make(10);
	uint64_t task, node;
	struct mm_sample sample;

	(void)state;
	p.more_threads = 2;
	task = image_add(image, &p);
	node = image_at(image, task, MM_FIELD_TASK_THREAD_NODE);
	image_put(image, image_get(image, node, 8), 8, node); /* round and round */
	p = make(20);
	p.more_threads = 2;
	task = image_add(image, &p);
	image_put_field(image, image_get_field(image, task, MM_FIELD_TASK_SIGNAL),
		MM_FIELD_SIGNAL_NR_THREADS, 7);
	p = make(30);
	p.more_threads = MM_VMI_THREADS_MAX + 100;
	p.runtime_ns = p.thread_runtime_ns = 1000;
	image_add(image, &p);
	sample_ok(image, &sample);
	assert_int_equal(sample.count, 3);
	assert_int_equal(sample.torn, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(sample.processes[i].is_torn);
	assert_int_equal(sample.processes[0].threads, 3);
	assert_int_equal(sample.processes[1].threads, 7);
	assert_int_equal(sample.processes[2].threads, MM_VMI_THREADS_MAX + 101);
	assert_int_equal(sample.processes[2].cpu_ns, MM_VMI_THREADS_MAX * 1000);
	mm_sample_free(&sample);
	image_free(image);
}

/* One more than is listed. */
static void test_too_many(void **state)
{
	const struct image_options options = {.bytes = SMALL * 32};
	struct image *image = image_new(&options);
	struct image_process p = make(1);
	struct mm_sample sample;

	(void)state;
	p.vm_pages = 0;
	for (uint32_t pid = 1; pid <= MM_VMI_TASKS_MAX; pid++) {
		p.pid = pid;
		image_add(image, &p);
	}
	sample_ok(image, &sample);
	assert_int_equal(sample.count, MM_VMI_TASKS_MAX);
	assert_false(sample.is_partial);
	mm_sample_free(&sample);
	p.pid = MM_VMI_TASKS_MAX + 1;
	image_add(image, &p);
	sample_ok(image, &sample);
	assert_int_equal(sample.count, MM_VMI_TASKS_MAX);
	assert_true(sample.is_partial);
	assert_int_equal(sample.processes[MM_VMI_TASKS_MAX - 1].pid, MM_VMI_TASKS_MAX);
	mm_sample_free(&sample);
	image_free(image);
}

/* What the guest does just before a certain read. */
struct deed {
	uint64_t at; /* read, counted from 1 */
	void (*act)(struct image *image, uint64_t task);
	uint64_t task;
};

static void do_deed(struct image *image, void *arg)
{
	struct deed *deed = arg;

	if (image->reads == deed->at)
		deed->act(image, deed->task);
}

static void end_process(struct image *image, uint64_t task)
{
	image_remove(image, task);
	image_free_task(image, task);
}

/* It ends, and its memory is another process at once. */
static void replace_process(struct image *image, uint64_t task)
{
	struct image_process p = make(9000);

	end_process(image, task);
	p.start_ns = 900 * SECOND;
	p.pages[1] = 77;
	memcpy(p.comm, "other", 6);
	assert_int_equal(image_add(image, &p), task);
}

/* exec(): another name, other memory, the old memory is another process'. */
static void exec_process(struct image *image, uint64_t task)
{
	const int64_t pages[IMAGE_KINDS] = {0, 99, 0, 0};
	const int64_t others[IMAGE_KINDS] = {1000, 1000, 1000, 1000};
	uint64_t old = image_get_field(image, task, MM_FIELD_TASK_MM);

	image_put_field(image, task, MM_FIELD_TASK_MM, image_add_mm(image, pages, 1));
	image_free_mm(image, old);
	assert_int_equal(image_add_mm(image, others, 1), old);
	memcpy(image_mem(image, image_at(image, task, MM_FIELD_TASK_COMM), MM_COMM_LEN), "execed",
		7);
}

static void add_newcomer(struct image *image, uint64_t task)
{
	struct image_process p = make(8000);

	(void)task;
	image_add(image, &p);
}

/* The same deed before each read there is: whenever it happens, what is reported is true of one moment or other. */
static void try_deed(void (*act)(struct image *, uint64_t), bool is_percpu)
{
	const struct image_options options = {.bytes = SMALL, .is_percpu_rss = is_percpu};
	uint64_t reads = UINT64_MAX;

	for (uint64_t at = 1; at <= reads; at++) {
		struct image *image = image_new(&options);
		struct deed deed = {.at = at, .act = act};
		struct mm_sample sample;

		for (uint32_t pid = 1; pid <= 6; pid++) {
			struct image_process p = make(pid);
			uint64_t task = image_add(image, &p);

			if (pid == 3)
				deed.task = task;
		}
		image->before_read = do_deed;
		image->arg = &deed;
		sample_ok(image, &sample);
		reads = image->reads;
		assert_false(sample.is_partial);
		assert_true(sample.count >= 5 && sample.count <= 7);
		for (size_t i = 0; i < sample.count; i++) {
			const struct mm_process *p = &sample.processes[i];
			uint64_t anon = p->pid == 9000 ? 77 : 20;

			assert_false(p->is_torn);
			if (!strcmp(p->comm, "execed"))
				anon = 99;
			assert_string_equal(p->comm, p->pid == 9000 ? "other"
						     : anon == 99   ? "execed"
								    : "bash");
			assert_int_equal(p->rss_anon_kib, anon * 4);
			assert_int_equal(p->start_ns,
				p->pid == 9000 ? 900 * SECOND : (uint64_t)p->pid * SECOND);
			assert_true(
				(p->pid >= 1 && p->pid <= 6) || p->pid == 8000 || p->pid == 9000);
		}
		mm_sample_free(&sample);
		image_free(image);
	}
}

static void test_deeds(void **state)
{
	(void)state;
	for (int is_percpu = 0; is_percpu < 2; is_percpu++) {
		try_deed(end_process, is_percpu);
		try_deed(replace_process, is_percpu);
		try_deed(exec_process, is_percpu);
		try_deed(add_newcomer, is_percpu);
	}
}

/* A thread ends and another one begins, so that there are as many as before. */
static void swap_threads(struct image *image, uint64_t task)
{
	image_end_thread(image, task);
	image_add_thread(image, task, 0);
}

/* Whenever that happens, the time of the one that ended is not lost. */
static void test_thread_ends(void **state)
{
	const struct image_options options = {.bytes = SMALL};
	uint64_t reads = UINT64_MAX;

	(void)state;
	for (uint64_t at = 1; at <= reads; at++) {
		struct image *image = image_new(&options);
		struct deed deed = {.at = at, .act = swap_threads};
		struct image_process p = make(1);
		struct mm_sample sample;

		p.runtime_ns = 1000;
		p.dead_runtime_ns = 0;
		p.more_threads = 1;
		p.thread_runtime_ns = 50000;
		deed.task = image_add(image, &p);
		image->before_read = do_deed;
		image->arg = &deed;
		sample_ok(image, &sample);
		reads = image->reads;
		assert_int_equal(sample.count, 1);
		assert_int_equal(sample.processes[0].cpu_ns, 51000);
		mm_sample_free(&sample);
		image_free(image);
	}
}

/* A page that vanished under any read: a sample all the same, or a reason; never one that is not sane. */
static void test_faults(void **state)
{
	static const int errors[] = {-ENXIO, -EIO, -EPERM};
	const struct image_options options = {.bytes = SMALL, .is_percpu_rss = true};
	struct image *image = image_new(&options);
	struct mm_sample sample;
	uint64_t reads;

	(void)state;
	for (uint32_t pid = 1; pid <= 5; pid++) {
		struct image_process p = make(pid);

		p.more_threads = 2;
		image_add(image, &p);
	}
	sample_ok(image, &sample);
	reads = image->reads;
	mm_sample_free(&sample);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		for (uint64_t at = 1; at <= reads; at++) {
			enum mm_vmi_reason reason;

			image->reads = image->released = 0;
			image->fail_at = at;
			image->fail_with = errors[i];
			reason = mm_vmi_sample(&image->vmi, true, &sample);
			assert_true(mm_sample_is_sane(&sample));
			assert_int_equal(image->released, 1);
			if (errors[i] != -ENXIO)
				assert_int_equal(reason, MM_VMI_NO_ACCESS);
			else
				assert_true(reason == MM_VMI_OK || reason == MM_VMI_DAMAGED);
			if (reason == MM_VMI_OK)
				assert_true(sample.count >= 4);
			mm_sample_free(&sample);
		}
	}
	image_free(image);
}

/* Rebooted: where the idle task was is something else. */
static void test_rebooted(void **state)
{
	const struct image_options options = {.bytes = SMALL};
	struct image *image = image_new(&options);
	uint64_t init = image->vmi.symbol[MM_SYMBOL_INIT_TASK];
	struct mm_sample sample;

	(void)state;
	image_add(image, &shell);
	memset(image_mem(image, image_at(image, init, MM_FIELD_TASK_COMM), 8), 0, 8);
	assert_int_equal(mm_vmi_sample(&image->vmi, true, &sample), MM_VMI_DAMAGED);
	assert_null(sample.processes);
	assert_int_equal(mm_vmi_sample(&image->vmi, false, &sample), MM_VMI_DAMAGED);
	image_free(image);
}

/* The pages of the last sample are expected in the next; of counters alone, they are few. */
static void test_expected(void **state)
{
	const struct image_options options = {.bytes = SMALL * 8, .is_wide = true};
	struct image *image = image_new(&options);
	struct mm_sample sample;
	uint64_t first, all;

	(void)state;
	for (uint32_t pid = 1; pid <= 100; pid++) {
		struct image_process p = make(pid);

		image_add(image, &p);
	}
	sample_ok(image, &sample);
	first = image->expected; /* reads across pages announce these, too */
	mm_sample_free(&sample);
	image->expected = 0;
	sample_ok(image, &sample);
	all = image->expected - first;
	assert_true(all > 100 && all < 500);
	mm_sample_free(&sample);
	image->expected = 0;
	assert_int_equal(mm_vmi_sample(&image->vmi, false, &sample), MM_VMI_OK);
	assert_true(image->expected >= 5 && image->expected < 40);
	mm_sample_free(&sample);
	image_free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_deeds),
		cmocka_unit_test(test_thread_ends),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_rebooted),
		cmocka_unit_test(test_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
