/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One look into a guest, shared by what takes it: counters.c, tasks.c, process.c, under take.c. Inside the room only. */
#ifndef XENMM_VMI_LOOK_H
#define XENMM_VMI_LOOK_H

#include "vmi/map.h"
#include "vmi/read.h"

struct mm_look {
	struct mm_vmi *vmi;
	struct mm_sample *sample;
	uint64_t *cpu_areas; /* __per_cpu_offset[] of the possible CPUs */
	size_t cpus;
	struct mm_span task_span, id_span, signal_span, mm_span;
	uint8_t bytes[MM_SPAN_MAX]; /* the span that was copied last */
};

/* One entry of the ring of tasks, as it was copied. Nothing in it is to be trusted but what mm_task_read() checks. */
struct mm_task {
	uint64_t addr;			      /* of its task_struct */
	uint64_t next, prev;		      /* pointers to others' `tasks` */
	uint64_t thread_next;		      /* a pointer to the next thread's `thread_node` */
	uint64_t mm, signal, cred, parent;    /* kernel addresses, mm possibly 0 */
	uint64_t start_ns, runtime_ns, state; /* state as in the kernel, with exit_state */
	uint32_t pid, tgid, flags;
	char comm[MM_COMM_LEN];
};

/* Tasks in the ring's order: group leaders, without the idle task. Zeroed: empty. */
struct mm_task_list {
	struct mm_task *tasks;
	size_t count, capacity;
	struct mm_map
		by_addr; /* index in tasks; entries may be of tasks that are no longer in the list */
};

/* Which CPUs there are. Returns 0; -EBADMSG: nonsense; -ENOMEM; or the errors of mm_virt_read(). */
int mm_look_cpus(struct mm_look *look);

/*
 * The sums of `count` per-CPU numbers of 32 bits, signed, at the per-CPU pointers ptrs[]: added to ret_sums[]. Errors of
 * mm_virt_read().
 */
int mm_look_sum(struct mm_look *look, const uint64_t *ptrs, size_t count, uint64_t *ret_sums);

/* Fills sample->counters. Errors as of mm_look_cpus(); -ENOENT: this guest's symbols are not known. */
int mm_counters_read(struct mm_look *look);

/* Prepares the spans for the two below. -EINVAL: structs of a form that cannot be. */
int mm_tasks_prepare(struct mm_look *look);

/* Copies a task and checks its pointers: -EFAULT where they lead nowhere; or the errors of mm_virt_read(). */
int mm_task_read(struct mm_look *look, uint64_t addr, struct mm_task *ret_task);

/* Whether both copies are of one process, which is still in the ring. */
bool mm_task_is_same(const struct mm_task *before, const struct mm_task *now);

/*
 * Copies the ring; sample->is_partial, retries and torn tell how it went. Returns 0; -EBADMSG: the idle task is no longer one;
 * -ENOMEM; -EIO, -EPERM.
 */
int mm_tasks_list(struct mm_look *look, struct mm_task_list *list);

void mm_task_list_free(struct mm_task_list *list);

/*
 * All of one process, that it is the same before and after. Returns 0; -ESTALE: it ended meanwhile; -EDQUOT, -EIO,
 * -EPERM.
 */
int mm_process_read(
	struct mm_look *look, const struct mm_task *task, struct mm_process *ret_process);

#endif
