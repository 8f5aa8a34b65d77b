/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes side by side: who used how much CPU between two samples, who comes first. Pure. */
#ifndef XENMM_MONITOR_SHARE_H
#define XENMM_MONITOR_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmi/vmi.h"

/* A share of CPU is in 1/100 of a per cent of one CPU: a process on two CPUs can have 20000. This one is not known. */
#define MM_SHARE_UNKNOWN UINT32_MAX

/*
 * ret_shares[i] for now->processes[i]: the CPU time since `before` by the time between the two samples, never more than
 * all CPUs of the guest can give. MM_SHARE_UNKNOWN for a process that is not in both (the same pid and start), and for all where
 * `before` is NULL, without processes, or not older. Both lists are sorted by pid, as samples are.
 */
void mm_share_cpu(
	const struct mm_sample *before, const struct mm_sample *now, uint32_t *ret_shares);

/* All sums and sizes are cut at MM_SIZE_MAX_KIB: a guest may claim anything. */
uint64_t mm_process_rss_kib(const struct mm_process *process);

/* One process to be listed. */
struct mm_process_row {
	const struct mm_process *process; /* borrowed */
	uint32_t share;			  /* of CPU */
};

/* How rows are ordered: the most first, but pid upwards and names by their bytes. */
enum mm_sort {
	MM_SORT_CPU,
	MM_SORT_RSS,
	MM_SORT_SWAP,
	MM_SORT_PID,
	MM_SORT_TIME,
	MM_SORT_NAME,
	MM_SORT_THREADS,
	MM_SORT_COUNT
};

/* "cpu", "rss", ...; all of them in one line for people: "cpu, rss, ... or threads". */
const char *mm_sort_name(enum mm_sort sort);
#define MM_SORT_WORDS "cpu, rss, swap, pid, time, name or threads"

/* Returns 0 or -EINVAL; *ret_sort is untouched on failure. */
int mm_sort_parse(const char *name, enum mm_sort *ret_sort);

/* As qsort()'s comparison of two struct mm_process_row; equal ones by pid. */
int mm_process_row_compare(
	enum mm_sort sort, const struct mm_process_row *a, const struct mm_process_row *b);

/* Orders the rows, and returns how many of them are to be shown: at most limit. */
size_t mm_process_rows_sort(
	struct mm_process_row *rows, size_t count, enum mm_sort sort, size_t limit);

/*
 * A row for each process of `now`, the kernel's own threads only on demand; shares by `before`, as mm_share_cpu().
 * Returns 0 with *ret_rows (free it; NULL where there is none) and *ret_count, or -ENOMEM.
 */
int mm_process_rows_new(const struct mm_sample *before, const struct mm_sample *now,
	bool with_kernel, struct mm_process_row **ret_rows, size_t *ret_count);

#endif
