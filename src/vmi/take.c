/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One sample from its begin to its end: what the last one touched is mapped in one go, the kernel is proved to be still there, counters
 * and tasks are read within a budget, and nothing stays mapped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/look.h"
#include "vmi/touched.h"
#include "vmi/vmi.h"

/*
 * Reads of a sample: counters take 30 and two for each CPU. A process takes 8, with each page-table page
 * on top: the most we list is done within this, also with 4 CPUs' parts of each counter.
 */
#define BUDGET_COUNTERS	 UINT64_C(20000)
#define BUDGET_PROCESSES UINT64_C(1000000)

struct mm_vmi_memory {
	struct mm_touched touched;
	struct mm_pages counters, tasks; /* what the last sample touched of each */
};

void mm_vmi_memory_free(struct mm_vmi_memory *memory)
{
	if (!memory)
		return;
	mm_touched_free(&memory->touched);
	mm_pages_free(&memory->counters);
	mm_pages_free(&memory->tasks);
	free(memory);
}

static enum mm_vmi_reason as_reason(int r)
{
	switch (r) {
	case 0:
		return MM_VMI_OK;
	case -ENOENT:
		return MM_VMI_NO_SYMBOLS;
	case -EINVAL:
		return MM_VMI_UNSUPPORTED;
	case -EDQUOT:
	case -ENOMEM:
	case -ENOSPC:
		return MM_VMI_LIMIT;
	case -EPERM:
	case -EIO:
		return MM_VMI_NO_ACCESS;
	default:
		return MM_VMI_DAMAGED;
	}
}

/* The first task's name says that memory is still laid out as the bootstrap found it: not rebooted, no kexec. */
static int check_kernel(struct mm_look *look)
{
	static const char idle[] = "swapper";
	uint64_t init = look->vmi->symbol[MM_SYMBOL_INIT_TASK];
	char comm[sizeof(idle) - 1];
	int r = mm_virt_read(&look->vmi->virt, init + look->vmi->field[MM_FIELD_TASK_COMM].offset,
		comm, sizeof(comm));

	if (r == 0 && memcmp(comm, idle, sizeof(comm)) != 0)
		return -EBADMSG;
	return r;
}

/* Fills sample->processes, in the ring's order. */
static int read_processes(struct mm_look *look, const struct mm_task_list *list)
{
	struct mm_sample *sample = look->sample;
	struct mm_process *process;
	int r = 0;

	sample->processes = calloc(list->count + 1, sizeof(*sample->processes));
	if (!sample->processes)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		process = &sample->processes[sample->count];
		r = mm_process_read(look, &list->tasks[i], process);
		if (r == -ESTALE) {
			sample->torn++;
			continue;
		}
		if (r < 0)
			break;
		sample->torn += process->is_torn;
		sample->count++;
	}
	if (r == -EDQUOT)
		sample->is_partial = true;
	return r == -EDQUOT || r == -ESTALE ? 0 : r;
}

static int compare_processes(const void *a, const void *b)
{
	const struct mm_process *x = a;
	const struct mm_process *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->start_ns < y->start_ns) - (x->start_ns > y->start_ns);
}

/* By pid. Where one ended and another got its number meanwhile, the younger stays. */
static void sort_processes(struct mm_sample *sample)
{
	size_t kept = 0;

	qsort(sample->processes, sample->count, sizeof(*sample->processes), compare_processes);
	for (size_t i = 0; i < sample->count; i++) {
		if (kept && sample->processes[kept - 1].pid == sample->processes[i].pid)
			sample->torn++;
		else
			sample->processes[kept++] = sample->processes[i];
	}
	sample->count = kept;
}

static int take_processes(struct mm_look *look)
{
	struct mm_task_list list = {0};
	int r = mm_tasks_prepare(look);

	if (r == 0)
		r = mm_tasks_list(look, &list);
	if (r == 0)
		r = read_processes(look, &list);
	mm_task_list_free(&list);
	if (r == 0)
		sort_processes(look->sample);
	return r;
}

static int take(struct mm_look *look, struct mm_vmi_memory *memory, bool with_processes)
{
	int r = check_kernel(look);

	if (r == 0)
		r = mm_look_cpus(look);
	if (r == 0)
		r = mm_counters_read(look);
	if (r == -ENOENT && with_processes)
		r = 0; /* found without kallsyms: its processes, then, and no counters */
	mm_touched_keep(&memory->touched, &memory->counters);
	if (r < 0 || !with_processes)
		return r;
	r = take_processes(look);
	mm_touched_keep(&memory->touched, &memory->tasks);
	return r;
}

/* Has the guest's memory read through what notes the pages. */
static int begin(struct mm_vmi *vmi, bool with_processes)
{
	if (!vmi->memory)
		vmi->memory = calloc(1, sizeof(*vmi->memory));
	if (!vmi->memory)
		return -ENOMEM;
	mm_touched_begin(&vmi->memory->touched, vmi->phys);
	mm_pages_expect(&vmi->memory->counters, vmi->phys);
	if (with_processes)
		mm_pages_expect(&vmi->memory->tasks, vmi->phys);
	mm_virt_forget(&vmi->virt);
	vmi->virt.phys = &vmi->memory->touched.phys;
	vmi->virt.reads = 0;
	vmi->virt.budget = with_processes ? BUDGET_PROCESSES : BUDGET_COUNTERS;
	return 0;
}

static void end(struct mm_vmi *vmi)
{
	vmi->virt.phys = vmi->phys;
	mm_virt_forget(&vmi->virt);
	if (vmi->phys->ops->release)
		vmi->phys->ops->release(vmi->phys);
}

enum mm_vmi_reason mm_vmi_sample(struct mm_vmi *vmi, bool with_processes, struct mm_sample *ret)
{
	struct mm_look *look = calloc(1, sizeof(*look));
	int r = look ? begin(vmi, with_processes) : -ENOMEM;

	*ret = (struct mm_sample){0};
	if (r == 0) {
		look->vmi = vmi;
		look->sample = ret;
		r = take(look, vmi->memory, with_processes);
		ret->reads = vmi->virt.reads;
		end(vmi);
		free(look->cpu_areas);
	}
	free(look);
	ret->reason = as_reason(r);
	if (ret->reason != MM_VMI_OK)
		mm_sample_free(ret);
	return ret->reason;
}
