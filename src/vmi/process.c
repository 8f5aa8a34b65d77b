/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One process: what hangs at its task (threads, memory, user, parent), read between two copies of the task itself. Where both
 * point to the same things, these were its own all the time; otherwise they are read again, and at last left out.
 */
#include <errno.h>
#include <string.h>

#include "vmi/look.h"
#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

#define TRIES_MAX 5

/* include/linux/sched.h; macros, so BTF has none of them. The same from 5.10 to 6.12. */
#define PF_KTHREAD  0x00200000u
#define TASK_NOLOAD 0x0400u
#define TASK_REPORT 0x007fu
#define TASK_IDLE   (0x0002u | TASK_NOLOAD)
#define TASK_FROZEN                                                                                \
	(0x8000u | 0x1000u) /* since 6.1, and waiting for a lock of PREEMPT_RT: shown as D */

/* Kinds of memory that mm_struct counts, and an end to how many it may have (NR_MM_COUNTERS: 4). */
#define KINDS	       4
#define KIND_ITEMS_MAX 16

#define NS_PER_MS UINT64_C(1000000)

/* The guest's clock as we read it stands still while all its CPUs idle, and threads run for a while on top of it. */
#define CLOCK_SLACK_MS 60000

/* What was found to be its own only as long as the task points to it. */
struct details {
	uint64_t runtime_ns; /* of all threads but, with just one, the leader */
	uint64_t kind_kib[KINDS];
	uint64_t vm_kib;
	uint32_t uid, threads, parent;
	bool is_torn;
};

static uint64_t add_capped(uint64_t a, uint64_t b, uint64_t max)
{
	return a > max || b > max - a ? max : a + b;
}

static bool is_fatal(int r)
{
	return r < 0 && r != -EFAULT && r != -ESTALE;
}

struct signal {
	uint64_t runtime_ns; /* of threads that ended */
	uint64_t first;	     /* a pointer to a thread's `thread_node` */
	uint64_t threads;
};

static int read_signal(struct mm_look *look, uint64_t addr, struct signal *ret_signal)
{
	const struct mm_vmi *vmi = look->vmi;
	const struct mm_span *span = &look->signal_span;
	int r = mm_span_read(look->vmi, span, addr, look->bytes);

	if (r < 0)
		return r;
	*ret_signal = (struct signal){
		.runtime_ns = mm_span_number(vmi, span, look->bytes, MM_FIELD_SIGNAL_RUNTIME),
		.first = mm_span_number(vmi, span, look->bytes, MM_FIELD_SIGNAL_THREAD_HEAD),
		.threads = mm_span_number(vmi, span, look->bytes, MM_FIELD_SIGNAL_NR_THREADS),
	};
	return ret_signal->runtime_ns > INT64_MAX || ret_signal->threads >= MM_PID_MAX ? -EFAULT
										       : 0;
}

/* Adds up the ring of threads. -ESTALE: it changed; one with more threads than we look at is torn. */
static int read_threads(struct mm_look *look, const struct mm_task *task,
	const struct signal *signal, struct details *details)
{
	const struct mm_vmi *vmi = look->vmi;
	uint64_t head = task->signal + vmi->field[MM_FIELD_SIGNAL_THREAD_HEAD].offset;
	uint64_t link = signal->first;
	struct mm_task thread;
	uint32_t count;
	int r;

	for (count = 0; link != head && count < MM_VMI_THREADS_MAX; count++) {
		r = mm_task_read(
			look, link - vmi->field[MM_FIELD_TASK_THREAD_NODE].offset, &thread);
		if (r < 0)
			return r;
		if (count >= signal->threads || thread.signal != task->signal ||
			thread.tgid != task->tgid)
			return -ESTALE;
		details->runtime_ns = add_capped(details->runtime_ns, thread.runtime_ns, INT64_MAX);
		link = thread.thread_next;
	}
	if (link != head)
		details->is_torn = true;
	else if (count != signal->threads)
		return -ESTALE;
	return 0;
}

/* A thread that ends hands its time over to the signal struct, so that must be the same before and after. */
static int read_cpu(struct mm_look *look, const struct mm_task *task, struct details *details)
{
	struct signal before, after;
	int r = read_signal(look, task->signal, &before);

	if (r < 0)
		return r;
	details->threads = (uint32_t)before.threads;
	details->runtime_ns = before.runtime_ns;
	if (before.threads <= 1)
		return 0;
	r = read_threads(look, task, &before, details);
	if (r == 0)
		r = read_signal(look, task->signal, &after);
	if (r < 0)
		return r;
	return before.runtime_ns == after.runtime_ns && before.threads == after.threads ? 0
											: -ESTALE;
}

/* In an array of percpu_counter, copied with the span: the count of one, and its pointer, which kernels for one CPU lack. */
static bool take_percpu(struct mm_look *look, uint32_t item, uint64_t *ret_count, uint64_t *ret_ptr)
{
	const struct mm_field_at *stat = &look->vmi->field[MM_FIELD_MM_RSS_STAT];
	const struct mm_field_at *count = &look->vmi->field[MM_FIELD_PERCPU_COUNT];
	const struct mm_field_at *ptr = &look->vmi->field[MM_FIELD_PERCPU_COUNTERS];
	const struct mm_span counter = {.len = stat->size / stat->count};
	const uint8_t *bytes;

	if (item >= stat->count || !mm_span_has(&counter, count) ||
		(look->cpus && !mm_span_has(&counter, ptr)))
		return false;
	bytes = look->bytes + (stat->offset - look->mm_span.from) + item * counter.len;
	*ret_count = mm_number_at(bytes + count->offset, count->size);
	*ret_ptr = look->cpus ? mm_number_at(bytes + ptr->offset, ptr->size) : 0;
	return true;
}

/* Until 6.1: counts[] in the struct itself. */
static bool take_plain(struct mm_look *look, uint32_t item, uint64_t *ret_count)
{
	const struct mm_field_at *stat = &look->vmi->field[MM_FIELD_MM_RSS_STAT];
	const struct mm_field_at *counts = &look->vmi->field[MM_FIELD_OLD_RSS_COUNT];
	uint64_t size;

	if (counts->offset == MM_ABSENT || !counts->count || item >= counts->count ||
		(uint64_t)counts->offset + counts->size > stat->size)
		return false;
	size = counts->size / counts->count;
	*ret_count = mm_number_at(
		look->bytes + (stat->offset - look->mm_span.from) + counts->offset + item * size,
		size);
	return true;
}

static int read_kinds(struct mm_look *look, const uint32_t *items, uint64_t *ret_counts)
{
	const struct mm_field_at *stat = &look->vmi->field[MM_FIELD_MM_RSS_STAT];
	uint64_t ptrs[KINDS];
	bool is_percpu = stat->count > 1;

	if (!stat->count || !mm_span_has(&look->mm_span, stat))
		return -EFAULT;
	for (size_t i = 0; i < KINDS; i++)
		if (items[i] >= KIND_ITEMS_MAX ||
			!(is_percpu ? take_percpu(look, items[i], &ret_counts[i], &ptrs[i])
				    : take_plain(look, items[i], &ret_counts[i])))
			return -EFAULT;
	return is_percpu ? mm_look_sum(look, ptrs, KINDS, ret_counts) : 0;
}

static int read_memory(struct mm_look *look, uint64_t mm, struct details *details)
{
	const uint32_t *values = look->vmi->value;
	const uint32_t items[KINDS] = {values[MM_VALUE_MM_ANONPAGES], values[MM_VALUE_MM_FILEPAGES],
		values[MM_VALUE_MM_SHMEMPAGES], values[MM_VALUE_MM_SWAPENTS]};
	uint64_t counts[KINDS];
	uint64_t pages;
	int r = mm_span_read(look->vmi, &look->mm_span, mm, look->bytes);

	if (r < 0)
		return r;
	pages = mm_span_number(look->vmi, &look->mm_span, look->bytes, MM_FIELD_MM_TOTAL_VM);
	details->vm_kib = mm_min_u64(pages, MM_VIRT_KIB_MAX / MM_KIB_PER_PAGE) * MM_KIB_PER_PAGE;
	r = read_kinds(look, items, counts);
	if (r < 0)
		return r;
	for (size_t i = 0; i < KINDS; i++)
		details->kind_kib[i] =
			mm_min_u64(mm_not_negative(counts[i]), MM_SIZE_MAX_KIB / MM_KIB_PER_PAGE) *
			MM_KIB_PER_PAGE;
	return 0;
}

/* A parent outlives its children's pointers to it; if it is a thread, its process is meant. */
static int read_parent(struct mm_look *look, const struct mm_task *task, struct details *details)
{
	const struct mm_field_at *at = &look->vmi->field[MM_FIELD_TASK_TGID];
	uint64_t tgid = MM_PID_MAX;
	int r = mm_number_read(look->vmi, task->parent + at->offset, sizeof(uint32_t), &tgid);

	if (r < 0 && r != -EFAULT)
		return r;
	details->is_torn |= tgid >= MM_PID_MAX;
	details->parent = tgid < MM_PID_MAX ? (uint32_t)tgid : 0;
	return 0;
}

/* Returns 0; -ESTALE, -EFAULT: something of it is no longer there; or what ends the sample. */
static int read_details(
	struct mm_look *look, const struct mm_task *task, struct details *ret_details)
{
	uint64_t euid = task->cred + look->vmi->field[MM_FIELD_CRED_EUID].offset;
	uint64_t uid;
	int r;

	*ret_details = (struct details){0};
	r = mm_number_read(look->vmi, euid, sizeof(ret_details->uid), &uid);
	if (r < 0)
		return r;
	ret_details->uid = (uint32_t)uid;
	r = read_parent(look, task, ret_details);
	if (r < 0)
		return r;
	/* A kernel thread may borrow a process' memory. */
	if (task->mm && !(task->flags & PF_KTHREAD)) {
		r = read_memory(look, task->mm, ret_details);
		if (r < 0)
			return r;
	}
	return read_cpu(look, task, ret_details);
}

/* As /proc/PID/stat has it: the highest bit of what it reports. */
static char state_letter(const struct mm_task *task)
{
	static const char letters[] = "RSDTtXZP";
	uint64_t bits = task->state & TASK_REPORT;
	size_t highest = 0;

	if ((task->state & (TASK_IDLE | TASK_REPORT)) == TASK_IDLE)
		return 'I';
	if (!bits && task->state & TASK_FROZEN)
		return 'D';
	for (; bits; bits >>= 1)
		highest++;
	return letters[highest];
}

/* No guest's process holds more than the guest has, nor ran longer than all its CPUs could. */
static uint64_t cap(uint64_t value, uint64_t max, struct mm_process *process)
{
	if (value <= max)
		return value;
	process->is_torn = true;
	return max;
}

static void describe(const struct mm_look *look, const struct mm_task *task,
	const struct details *details, struct mm_process *ret)
{
	const struct mm_counters *c = &look->sample->counters;
	uint64_t memory_kib = mm_min_u64(look->vmi->phys->end / 1024, MM_SIZE_MAX_KIB);
	uint64_t *const kinds[KINDS] = {
		&ret->rss_anon_kib, &ret->rss_file_kib, &ret->rss_shmem_kib, &ret->swap_kib};
	uint64_t limit_ns = INT64_MAX;

	*ret = (struct mm_process){.pid = (int32_t)task->pid,
		.parent = (int32_t)details->parent,
		.uid = details->uid,
		.threads = details->threads,
		.state = state_letter(task),
		.is_kernel = task->flags & PF_KTHREAD,
		.is_torn = details->is_torn,
		.start_ns = task->start_ns,
		.vm_kib = details->vm_kib,
		.cpu_ns = details->runtime_ns};
	memcpy(ret->comm, task->comm, sizeof(ret->comm));
	if (details->threads <= 1)
		ret->cpu_ns = add_capped(ret->cpu_ns, task->runtime_ns, INT64_MAX);
	if (c->uptime_ms && c->uptime_ms < INT64_MAX / NS_PER_MS / MM_VMI_CPUS_MAX / 2)
		limit_ns = (c->uptime_ms + CLOCK_SLACK_MS) * NS_PER_MS * c->cpus;
	ret->cpu_ns = cap(ret->cpu_ns, limit_ns, ret);
	for (size_t i = 0; i < KINDS; i++)
		*kinds[i] = kinds[i] == &ret->swap_kib ? details->kind_kib[i]
						       : cap(details->kind_kib[i], memory_kib, ret);
}

/* Whether what was found by the first copy's pointers was the process' own all the time, and so was its name. */
static bool is_own(const struct mm_task *before, const struct mm_task *now)
{
	return before->mm == now->mm && before->signal == now->signal &&
	       before->cred == now->cred && before->parent == now->parent &&
	       memcmp(before->comm, now->comm, sizeof(now->comm)) == 0;
}

int mm_process_read(
	struct mm_look *look, const struct mm_task *task, struct mm_process *ret_process)
{
	struct mm_task before = *task;
	struct mm_task now;
	struct details details;
	int r = -ESTALE;
	int r_now;

	for (int i = 0; i < TRIES_MAX; i++) {
		r = read_details(look, &before, &details);
		if (is_fatal(r))
			return r;
		r_now = mm_task_read(look, task->addr, &now);
		if (is_fatal(r_now))
			return r_now;
		if (r_now < 0 || !mm_task_is_same(task, &now) || now.pid != now.tgid || !now.pid)
			return -ESTALE;
		if (!is_own(&before, &now))
			r = -EFAULT;
		if (r == 0)
			break;
		before = now;
	}
	/* Left with threads that come and go faster than we read them: their time is what was seen of it. */
	if (r == -ESTALE)
		details.is_torn = true;
	else if (r < 0)
		return -ESTALE;
	describe(look, &now, &details, ret_process);
	return 0;
}
