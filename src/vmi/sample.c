/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sample may say, whoever it came from, and its end. How one is taken: tasks.c, counters.c. Pure. */
#include <stdlib.h>
#include <string.h>

#include "vmi/vmi.h"
#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

#define PSI_MAX_PCT100 10000u /* a stall of all the time */

void mm_sample_free(struct mm_sample *sample)
{
	if (!sample)
		return;
	free(sample->processes);
	sample->processes = NULL;
	sample->count = 0;
}

static bool are_below(const uint64_t *values, size_t count, uint64_t max)
{
	for (size_t i = 0; i < count; i++)
		if (values[i] > max)
			return false;
	return true;
}

/* Terminated, printable, not empty. */
static bool is_release(const char *text, size_t size)
{
	const char *end = memchr(text, '\0', size);

	if (!end || end == text)
		return false;
	for (; text < end; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static bool are_counters_sane(const struct mm_counters *c)
{
	const uint64_t sizes[] = {c->total_kib, c->free_kib, c->avail_kib, c->anon_kib, c->file_kib,
		c->shmem_kib, c->slab_reclaimable_kib, c->slab_unreclaimable_kib,
		c->page_tables_kib, c->kernel_stack_kib, c->swap_total_kib, c->swap_free_kib,
		c->balloon_current_kib, c->balloon_target_kib};
	const uint64_t counts[] = {c->uptime_ms, c->swapin_pages, c->swapout_pages, c->majfaults,
		c->oom_kills, c->refault_anon, c->refault_file, c->psi_some_us, c->psi_full_us,
		c->load_milli[0], c->load_milli[1], c->load_milli[2]};

	return is_release(c->release, sizeof(c->release)) && c->cpus >= 1 &&
	       c->cpus <= MM_VMI_CPUS_MAX && c->committed_kib <= MM_VIRT_KIB_MAX &&
	       c->psi_some_avg10_pct100 <= PSI_MAX_PCT100 &&
	       are_below(sizes, sizeof(sizes) / sizeof(sizes[0]), MM_SIZE_MAX_KIB) &&
	       are_below(counts, sizeof(counts) / sizeof(counts[0]), MM_COUNTER_MAX);
}

static bool is_process_sane(const struct mm_process *p)
{
	const uint64_t sizes[] = {p->rss_anon_kib, p->rss_file_kib, p->rss_shmem_kib, p->swap_kib};

	return p->pid >= 1 && p->pid < MM_PID_MAX && p->parent >= 0 && p->parent < MM_PID_MAX &&
	       p->threads <= MM_PID_MAX &&
	       ((p->state >= 'A' && p->state <= 'Z') || (p->state >= 'a' && p->state <= 'z')) &&
	       memchr(p->comm, '\0', sizeof(p->comm)) && p->vm_kib <= MM_VIRT_KIB_MAX &&
	       p->start_ns <= INT64_MAX && p->cpu_ns <= INT64_MAX &&
	       are_below(sizes, sizeof(sizes) / sizeof(sizes[0]), MM_SIZE_MAX_KIB);
}

bool mm_sample_is_sane(const struct mm_sample *sample)
{
	if (sample->reason >= MM_VMI_REASON_COUNT || sample->count > MM_VMI_TASKS_MAX ||
		sample->reads > MM_COUNTER_MAX || sample->cost_us > MM_COUNTER_MAX ||
		sample->bootstrap_us > MM_COUNTER_MAX)
		return false;
	if (sample->reason != MM_VMI_OK)
		return sample->count == 0;
	for (size_t i = 0; i < sample->count; i++) {
		if (!is_process_sane(&sample->processes[i]))
			return false;
		if (i && sample->processes[i].pid <= sample->processes[i - 1].pid)
			return false;
	}
	return are_counters_sane(&sample->counters);
}
