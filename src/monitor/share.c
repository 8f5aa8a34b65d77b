/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/units.h"

#define NS_PER_MS   UINT64_C(1000000)
#define SHARE_WHOLE UINT64_C(10000) /* one CPU, all the time */

/* ---- shares of CPU --------------------------------------------------------------------------- */

static bool is_same(const struct mm_process *a, const struct mm_process *b)
{
	return a->pid == b->pid && a->start_ns == b->start_ns;
}

static uint32_t share_of(uint64_t used_ns, uint64_t wall_ms, uint32_t cpus)
{
	/* MM_VMI_CPUS_MAX whole CPUs are far below MM_SHARE_UNKNOWN. */
	uint64_t most = SHARE_WHOLE * mm_max_u64(1, mm_min_u64(cpus, MM_VMI_CPUS_MAX));
	unsigned __int128 share =
		(unsigned __int128)used_ns * SHARE_WHOLE / ((unsigned __int128)wall_ms * NS_PER_MS);

	return share < most ? (uint32_t)share : (uint32_t)most;
}

void mm_share_cpu(const struct mm_sample *before, const struct mm_sample *now, uint32_t *ret_shares)
{
	bool is_comparable = before && before->reason == MM_VMI_OK && before->processes &&
			     now->taken_ms > before->taken_ms;
	size_t j = 0;

	for (size_t i = 0; i < now->count; i++) {
		const struct mm_process *p = &now->processes[i];

		ret_shares[i] = MM_SHARE_UNKNOWN;
		if (!is_comparable)
			continue;
		while (j < before->count && before->processes[j].pid < p->pid)
			j++;
		/* A thread that ends while it is read may be missing in one sum: never less than nothing. */
		if (j < before->count && is_same(&before->processes[j], p))
			ret_shares[i] =
				share_of(mm_sub_floor(p->cpu_ns, before->processes[j].cpu_ns),
					now->taken_ms - before->taken_ms, now->counters.cpus);
	}
}

uint64_t mm_process_rss_kib(const struct mm_process *p)
{
	uint64_t sum = mm_min_u64(p->rss_anon_kib, MM_SIZE_MAX_KIB) +
		       mm_min_u64(p->rss_file_kib, MM_SIZE_MAX_KIB) +
		       mm_min_u64(p->rss_shmem_kib, MM_SIZE_MAX_KIB);

	return mm_min_u64(sum, MM_SIZE_MAX_KIB);
}

/* ---- order ----------------------------------------------------------------------------------- */

static const char *const sort_names[MM_SORT_COUNT] = {
	[MM_SORT_CPU] = "cpu",
	[MM_SORT_RSS] = "rss",
	[MM_SORT_SWAP] = "swap",
	[MM_SORT_PID] = "pid",
	[MM_SORT_TIME] = "time",
	[MM_SORT_NAME] = "name",
	[MM_SORT_THREADS] = "threads",
};

const char *mm_sort_name(enum mm_sort sort)
{
	return sort < MM_SORT_COUNT ? sort_names[sort] : "?";
}

int mm_sort_parse(const char *name, enum mm_sort *ret_sort)
{
	for (int i = 0; i < MM_SORT_COUNT; i++) {
		if (strcmp(name, sort_names[i]) != 0)
			continue;
		*ret_sort = (enum mm_sort)i;
		return 0;
	}
	return -EINVAL;
}

static int most_first(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

/* 0 for what is not known: it comes last. */
static uint64_t known_share(const struct mm_process_row *row)
{
	return row->share == MM_SHARE_UNKNOWN ? 0 : (uint64_t)row->share + 1;
}

static int compare_key(
	enum mm_sort sort, const struct mm_process_row *a, const struct mm_process_row *b)
{
	const struct mm_process *p = a->process, *q = b->process;

	switch (sort) {
	case MM_SORT_CPU:
		return most_first(known_share(a), known_share(b));
	case MM_SORT_RSS:
		return most_first(mm_process_rss_kib(p), mm_process_rss_kib(q));
	case MM_SORT_SWAP:
		return most_first(p->swap_kib, q->swap_kib);
	case MM_SORT_TIME:
		return most_first(p->cpu_ns, q->cpu_ns);
	case MM_SORT_NAME:
		return strncmp(p->comm, q->comm, sizeof(p->comm));
	case MM_SORT_THREADS:
		return most_first(p->threads, q->threads);
	default:
		return 0;
	}
}

int mm_process_row_compare(
	enum mm_sort sort, const struct mm_process_row *a, const struct mm_process_row *b)
{
	int r = compare_key(sort, a, b);

	if (r == 0)
		r = (a->process->pid > b->process->pid) - (a->process->pid < b->process->pid);
	if (r == 0) /* only a guest that lies has a pid twice; the order is the same all the same */
		r = (a->process > b->process) - (a->process < b->process);
	return r;
}

/* qsort() hands nothing to its comparison: one for each order. */
#define COMPARE(name, sort)                                                                        \
	static int name(const void *a, const void *b)                                              \
	{                                                                                          \
		return mm_process_row_compare(sort, a, b);                                         \
	}

COMPARE(compare_cpu, MM_SORT_CPU)
COMPARE(compare_rss, MM_SORT_RSS)
COMPARE(compare_swap, MM_SORT_SWAP)
COMPARE(compare_pid, MM_SORT_PID)
COMPARE(compare_time, MM_SORT_TIME)
COMPARE(compare_name, MM_SORT_NAME)
COMPARE(compare_threads, MM_SORT_THREADS)

size_t mm_process_rows_sort(
	struct mm_process_row *rows, size_t count, enum mm_sort sort, size_t limit)
{
	static int (*const compare[MM_SORT_COUNT])(const void *, const void *) = {
		[MM_SORT_CPU] = compare_cpu,
		[MM_SORT_RSS] = compare_rss,
		[MM_SORT_SWAP] = compare_swap,
		[MM_SORT_PID] = compare_pid,
		[MM_SORT_TIME] = compare_time,
		[MM_SORT_NAME] = compare_name,
		[MM_SORT_THREADS] = compare_threads,
	};

	if (count > 1)
		qsort(rows, count, sizeof(*rows), compare[sort]);
	return count < limit ? count : limit;
}

/* ---- rows ------------------------------------------------------------------------------------ */

int mm_process_rows_new(const struct mm_sample *before, const struct mm_sample *now,
	bool with_kernel, struct mm_process_row **ret_rows, size_t *ret_count)
{
	uint32_t *shares;
	struct mm_process_row *rows;
	size_t n = 0;

	*ret_rows = NULL;
	*ret_count = 0;
	if (now->count == 0)
		return 0;
	shares = calloc(now->count, sizeof(*shares));
	rows = calloc(now->count, sizeof(*rows));
	if (!shares || !rows) {
		free(shares);
		free(rows);
		return -ENOMEM;
	}
	mm_share_cpu(before, now, shares);
	for (size_t i = 0; i < now->count; i++) {
		if (with_kernel || !now->processes[i].is_kernel)
			rows[n++] = (struct mm_process_row){&now->processes[i], shares[i]};
	}
	free(shares);
	*ret_rows = rows;
	*ret_count = n;
	return 0;
}
