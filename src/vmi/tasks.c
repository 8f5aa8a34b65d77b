/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ring of tasks, from the idle task round to it. Nobody holds it still: entries leave it under the walk, and their memory
 * becomes other tasks. So each step is proved by the way back (next->prev is where we came from). What fails is tried
 * again from the last entry that is still in the ring, then from the start, and then the list is partial.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/look.h"

#define RETRIES_MAX 3

/* Steps that may be tried again before the walk begins anew: it would never end in a ring with damage that stays. */
#define STEPS_BACK_MAX 64

#define TASKS_FIRST 256

static const enum mm_field task_fields[] = {MM_FIELD_TASK_TASKS, MM_FIELD_TASK_TASKS_PREV,
	MM_FIELD_TASK_STATE, MM_FIELD_TASK_OLD_STATE, MM_FIELD_TASK_EXIT_STATE, MM_FIELD_TASK_FLAGS,
	MM_FIELD_TASK_PID, MM_FIELD_TASK_TGID, MM_FIELD_TASK_COMM, MM_FIELD_TASK_MM,
	MM_FIELD_TASK_SIGNAL, MM_FIELD_TASK_REAL_CRED, MM_FIELD_TASK_REAL_PARENT,
	MM_FIELD_TASK_START, MM_FIELD_TASK_THREAD_NODE, MM_FIELD_TASK_RUNTIME};

/* Which process it is. */
static const enum mm_field id_fields[] = {MM_FIELD_TASK_PID, MM_FIELD_TASK_START};

static const enum mm_field signal_fields[] = {
	MM_FIELD_SIGNAL_THREAD_HEAD, MM_FIELD_SIGNAL_NR_THREADS, MM_FIELD_SIGNAL_RUNTIME};

static const enum mm_field mm_fields[] = {MM_FIELD_MM_RSS_STAT, MM_FIELD_MM_TOTAL_VM};

struct walk {
	struct mm_look *look;
	struct mm_task_list *list;
	struct mm_task idle;
	uint32_t left; /* entries that left the ring under this walk */
	unsigned steps_back;
};

int mm_tasks_prepare(struct mm_look *look)
{
	const struct mm_vmi *vmi = look->vmi;
	int r;

	r = mm_span_of(
		vmi, task_fields, sizeof(task_fields) / sizeof(task_fields[0]), &look->task_span);
	if (r == 0)
		r = mm_span_of(
			vmi, id_fields, sizeof(id_fields) / sizeof(id_fields[0]), &look->id_span);
	if (r == 0)
		r = mm_span_of(vmi, signal_fields, sizeof(signal_fields) / sizeof(signal_fields[0]),
			&look->signal_span);
	if (r == 0)
		r = mm_span_of(
			vmi, mm_fields, sizeof(mm_fields) / sizeof(mm_fields[0]), &look->mm_span);
	return r;
}

static bool is_pointer(uint64_t value)
{
	return mm_virt_is_kernel(value) && value % sizeof(uint64_t) == 0;
}

static void copy_comm(const struct mm_look *look, char *comm)
{
	const struct mm_field_at *at = &look->vmi->field[MM_FIELD_TASK_COMM];
	size_t len = at->size < MM_COMM_LEN ? at->size : MM_COMM_LEN - 1;

	memset(comm, 0, MM_COMM_LEN);
	if (mm_span_has(&look->task_span, at))
		memcpy(comm, look->bytes + (at->offset - look->task_span.from), len);
}

static uint64_t number(const struct mm_look *look, enum mm_field field)
{
	return mm_span_number(look->vmi, &look->task_span, look->bytes, field);
}

int mm_task_read(struct mm_look *look, uint64_t addr, struct mm_task *ret_task)
{
	struct mm_task task = {.addr = addr};
	int r;

	if (!is_pointer(addr))
		return -EFAULT;
	r = mm_span_read(look->vmi, &look->task_span, addr, look->bytes);
	if (r < 0)
		return r;
	task.next = number(look, MM_FIELD_TASK_TASKS);
	task.prev = number(look, MM_FIELD_TASK_TASKS_PREV);
	task.thread_next = number(look, MM_FIELD_TASK_THREAD_NODE);
	task.mm = number(look, MM_FIELD_TASK_MM);
	task.signal = number(look, MM_FIELD_TASK_SIGNAL);
	task.cred = number(look, MM_FIELD_TASK_REAL_CRED);
	task.parent = number(look, MM_FIELD_TASK_REAL_PARENT);
	task.start_ns = number(look, MM_FIELD_TASK_START);
	task.runtime_ns = number(look, MM_FIELD_TASK_RUNTIME);
	task.state = number(look, mm_has_field(look->vmi, MM_FIELD_TASK_STATE)
					  ? MM_FIELD_TASK_STATE
					  : MM_FIELD_TASK_OLD_STATE) |
		     number(look, MM_FIELD_TASK_EXIT_STATE);
	task.pid = (uint32_t)number(look, MM_FIELD_TASK_PID);
	task.tgid = (uint32_t)number(look, MM_FIELD_TASK_TGID);
	task.flags = (uint32_t)number(look, MM_FIELD_TASK_FLAGS);
	copy_comm(look, task.comm);
	if ((task.mm && !is_pointer(task.mm)) || !is_pointer(task.signal) ||
		!is_pointer(task.cred) || !is_pointer(task.parent) || task.pid >= MM_PID_MAX ||
		task.tgid >= MM_PID_MAX || task.start_ns > INT64_MAX || task.runtime_ns > INT64_MAX)
		return -EFAULT;
	*ret_task = task;
	return 0;
}

/* Who left the ring keeps its `next`, but has a poisoned `prev`, which is no kernel address. */
static bool is_in_ring(const struct mm_task *task)
{
	return is_pointer(task->prev) && is_pointer(task->next);
}

bool mm_task_is_same(const struct mm_task *before, const struct mm_task *now)
{
	return before->pid == now->pid && before->start_ns == now->start_ns && is_in_ring(now);
}

static uint64_t link_of(const struct walk *walk, const struct mm_task *task)
{
	return task->addr + walk->look->vmi->field[MM_FIELD_TASK_TASKS].offset;
}

static bool is_fatal(int r)
{
	return r < 0 && r != -EFAULT;
}

static int make_room(struct mm_task_list *list)
{
	size_t capacity = list->capacity ? list->capacity * 2 : TASKS_FIRST;
	struct mm_task *tasks;

	if (list->count < list->capacity)
		return 0;
	tasks = realloc(list->tasks, capacity * sizeof(*tasks));
	if (!tasks)
		return -ENOMEM;
	list->tasks = tasks;
	list->capacity = capacity;
	return 0;
}

/* -ENOSPC: there are too many; -EAGAIN: it is in the list already, so the ring is none. */
static int add_task(struct mm_task_list *list, const struct mm_task *task)
{
	uint32_t index;
	int r;

	if (list->count >= MM_VMI_TASKS_MAX)
		return -ENOSPC;
	/* At an address seen before may be a new process by now. */
	if (mm_map_get(&list->by_addr, task->addr, &index) && index < list->count &&
		list->tasks[index].addr == task->addr && list->tasks[index].pid == task->pid &&
		list->tasks[index].start_ns == task->start_ns)
		return -EAGAIN;
	r = make_room(list);
	if (r == 0)
		r = mm_map_set(&list->by_addr, task->addr, (uint32_t)list->count, SIZE_MAX);
	if (r == 0)
		list->tasks[list->count++] = *task;
	return r;
}

/* Makes *cur the last task walked over that is still in the ring, as it is now. -EAGAIN: begin anew. */
static int step_back(struct walk *walk, struct mm_task *cur)
{
	struct mm_task_list *list = walk->list;
	struct mm_task now;
	int r;

	if (++walk->steps_back > STEPS_BACK_MAX)
		return -EAGAIN;
	for (;;) {
		r = mm_task_read(walk->look, cur->addr, &now);
		if (is_fatal(r))
			return r;
		if (r == 0 && mm_task_is_same(cur, &now)) {
			*cur = now;
			return 0;
		}
		if (!list->count)
			return -EAGAIN; /* that was the idle task */
		list->count--;
		walk->left++;
		*cur = list->count ? list->tasks[list->count - 1] : walk->idle;
	}
}

/*
 * Reads the task that cur leads to. -EFAULT: there is none that leads back to cur; or cur is another task by now, to whose
 * successor we were led: its memory, and the next one's, can be had again in the same order.
 */
static int read_next(struct walk *walk, const struct mm_task *cur, struct mm_task *ret_next)
{
	struct mm_look *look = walk->look;
	const struct mm_span *id = &look->id_span;
	uint32_t offset = look->vmi->field[MM_FIELD_TASK_TASKS].offset;
	int r = mm_task_read(look, cur->next - offset, ret_next);

	if (r < 0)
		return r;
	if (ret_next->prev != link_of(walk, cur) || !is_in_ring(ret_next))
		return -EFAULT;
	r = mm_span_read(look->vmi, id, cur->addr, look->bytes);
	if (r < 0)
		return r;
	return mm_span_number(look->vmi, id, look->bytes, MM_FIELD_TASK_PID) == cur->pid &&
			       mm_span_number(look->vmi, id, look->bytes, MM_FIELD_TASK_START) ==
				       cur->start_ns
		       ? 0
		       : -EFAULT;
}

/* Once round. Returns 0; -EAGAIN: it broke; -ENOSPC: it goes on beyond the most we list; or what ends the sample. */
static int walk_ring(struct walk *walk)
{
	struct mm_task cur = walk->idle;
	struct mm_task next;
	int r;

	for (;;) {
		r = read_next(walk, &cur, &next);
		if (is_fatal(r))
			return r;
		if (r < 0) {
			r = step_back(walk, &cur);
		} else if (next.addr == walk->idle.addr) {
			return 0;
		} else {
			r = add_task(walk->list, &next);
			cur = next;
		}
		if (r < 0)
			return r;
	}
}

static int begin_walk(struct walk *walk)
{
	uint64_t init = walk->look->vmi->symbol[MM_SYMBOL_INIT_TASK];
	int r;

	walk->list->count = 0;
	walk->left = 0;
	walk->steps_back = 0;
	mm_map_clear(&walk->list->by_addr);
	r = mm_task_read(walk->look, init, &walk->idle);
	if (r == -EFAULT || (r == 0 && (walk->idle.pid || !is_in_ring(&walk->idle))))
		return -EBADMSG;
	return r;
}

int mm_tasks_list(struct mm_look *look, struct mm_task_list *list)
{
	struct walk walk = {.look = look, .list = list};
	struct mm_sample *sample = look->sample;
	int r;

	for (;;) {
		r = begin_walk(&walk);
		if (r == 0)
			r = walk_ring(&walk);
		if (r != -EAGAIN || sample->retries >= RETRIES_MAX)
			break;
		sample->retries++;
	}
	sample->torn += walk.left;
	if (r != -EAGAIN && r != -ENOSPC && r != -EDQUOT)
		return r;
	sample->is_partial = true;
	return 0;
}

void mm_task_list_free(struct mm_task_list *list)
{
	free(list->tasks);
	mm_map_free(&list->by_addr);
	*list = (struct mm_task_list){0};
}
