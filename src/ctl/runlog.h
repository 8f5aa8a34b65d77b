/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A run of mmserver as its data logs tell it, xenmm-datalog(5): rows of each guest, and what they add up to. What is no data
 * is skipped. No picture here.
 */
#ifndef XENMM_CTL_RUNLOG_H
#define XENMM_CTL_RUNLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MM_RUN_NAME_MAX 72

/* A row: sizes in KiB. */
struct mm_run_row {
	uint64_t time_ms; /* of the log's local time, as if it were UTC */
	uint64_t target_kib, held_kib, used_kib, free_kib;
	uint64_t swapin_pages, swapout_pages, stall_us; /* counters; 0 in the first xenmm's logs */
	uint64_t budget_kib, host_free_kib;		/* 0: the log does not say */
};

struct mm_run_guest {
	char name[MM_RUN_NAME_MAX];
	struct mm_run_row *rows; /* by time */
	size_t count, capacity;
	int held, swapin, swapout, stall, budget, host_free; /* columns; -1: there is none */
};

struct mm_run {
	struct mm_run_guest *guests;
	size_t count, capacity;
};

/* A guest that knows no column yet but the first xenmm's five. */
void mm_run_guest_init(struct mm_run_guest *guest, const char *name);

/* Takes a line of a data log, without its newline. Returns 0, also for what is no data; -ENOMEM. */
int mm_run_guest_line(struct mm_run_guest *guest, const char *line, size_t len);

/*
 * Reads a data log into the run; without a single row in it, it is not added. Returns 1 when it was added, 0 when not; -errno
 * where it cannot be read.
 */
int mm_run_read(struct mm_run *run, const char *path);

void mm_run_free(struct mm_run *run);

/* ---- what it adds up to (run_summary.c) --------------------------------------------------------- */

struct mm_run_span {
	uint64_t start_ms, end_ms;
};

struct mm_run_span mm_run_span(const struct mm_run *run);

/* One guest's run in figures. */
struct mm_run_figures {
	uint64_t mean_used_kib, peak_used_kib, mean_held_kib;
	uint64_t stall_ppm; /* of the time that it was seen */
	uint64_t swapout_kib, swapin_kib;
	uint64_t changes; /* of its target */
};

struct mm_run_figures mm_run_figures(const struct mm_run_guest *guest);

/* The host at a time: sums over all guests that are there. budget and host_free as the last row that has them. */
struct mm_run_sum {
	uint64_t time_ms, held_kib, target_kib, used_kib, budget_kib, host_free_kib;
};

/*
 * The sums at up to `max` times, evenly from start to end, each over what was the last row of each guest then. Returns how many
 * there are, in *ret_sums, which the caller frees; 0 without memory.
 */
size_t mm_run_sums(const struct mm_run *run, size_t max, struct mm_run_sum **ret_sums);

/*
 * A guest's rows, at most about `max` of them: of each stretch the last target and held, the most used, the least free, and
 * the last of the counters. The caller frees *ret_rows; returns how many, 0 without memory.
 */
size_t mm_run_thin(const struct mm_run_guest *guest, size_t max, struct mm_run_row **ret_rows);

#endif
