/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_metrics [RUNS]: CPU time that it takes to write the metrics and the status of 10, 1,000 and 10,000 guests of which
 * everything is known. Medians. The limit beside it: metrics of 10,000 guests in 50 ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal.h"
#include "metrics.h"
#include "xenmm/units.h"

#define RUNS_DEFAULT 21
#define RUNS_MAX     1000

static struct mm_snapshot snap;
static struct mm_plan plan;
static struct mm_config config;
static struct mm_history hist;
static struct mm_leases leases;
static struct mm_journal journal;

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static int add_guest(uint32_t domid)
{
	struct mm_domain *dom;

	if (mm_snapshot_add(&snap, &dom))
		return -1;
	dom->domid = domid;
	dom->current_kib = 1024 * MM_KIB_PER_MIB + domid;
	snprintf(dom->name, sizeof(dom->name), "guest%u", domid);
	snprintf(dom->uuid, sizeof(dom->uuid), "%08x-0000-4000-8000-%012x", domid * 2654435761U,
		domid);
	dom->report = (struct mm_report){.source = MM_SOURCE_XENMM,
		.total_kib = 900 * MM_KIB_PER_MIB,
		.avail_kib = 300 * MM_KIB_PER_MIB};
	plan.entries[plan.count++] = (struct mm_plan_entry){.domid = domid,
		.reason = MM_REASON_GROW,
		.is_balanced = true,
		.is_change = true,
		.need = {500 * MM_KIB_PER_MIB, 30 * MM_KIB_PER_MIB, 60 * MM_KIB_PER_MIB, 12345},
		.min_kib = 64 * MM_KIB_PER_MIB,
		.max_kib = 4096 * MM_KIB_PER_MIB,
		.old_kib = 1024 * MM_KIB_PER_MIB,
		.new_kib = 1030 * MM_KIB_PER_MIB};
	return 0;
}

static int prepare(size_t count)
{
	const struct timespec wall = {.tv_sec = 1700000000};

	plan = (struct mm_plan){.entries = calloc(count, sizeof(*plan.entries))};
	if (!plan.entries)
		return -1;
	snap.now_ms = 10000;
	snap.host.total_kib = count * 2048 * MM_KIB_PER_MIB;
	journal = (struct mm_journal){.is_kept = true};
	journal.view = (struct mm_view){.backend = "bench",
		.config = &config,
		.snap = &snap,
		.plan = &plan,
		.hist = &hist,
		.leases = &leases,
		.timing = &journal.timing};
	for (size_t i = 0; i < count; i++)
		if (add_guest((uint32_t)i + 1))
			return -1;
	mm_journal_decided(&journal, &wall);
	return 0;
}

static char *write_status(size_t *ret_len)
{
	json_t *status = mm_status_json(&journal.view);
	char *text = status ? json_dumps(status, JSON_COMPACT) : NULL;

	json_decref(status);
	*ret_len = text ? strlen(text) : 0;
	return text;
}

enum kind { KIND_TEXT, KIND_OPEN_METRICS, KIND_STATUS, KIND_COUNT };

static int measure(enum kind kind, size_t guests, size_t runs)
{
	static const char *const names[] = {"metrics", "OpenMetrics", "status"};
	const struct mm_metrics_view view = {.journal = &journal};
	double ms[RUNS_MAX];
	size_t len = 0;

	for (size_t i = 0; i < runs; i++) {
		double begin = cpu_ms();
		char *text = kind == KIND_STATUS
				     ? write_status(&len)
				     : mm_metrics_text(&view, kind == KIND_OPEN_METRICS, &len);

		ms[i] = cpu_ms() - begin;
		if (!text)
			return -1;
		free(text);
	}
	qsort(ms, runs, sizeof(*ms), compare);
	printf("%7zu  %-11s  %9.2f %9.2f %10.1f  %s\n", guests, names[kind], ms[runs / 2],
		ms[runs - 1], (double)len / 1024,
		guests == 10000 && kind != KIND_STATUS ? "limit 50 ms" : "");
	return 0;
}

int main(int argc, char **argv)
{
	static const size_t counts[] = {10, 1000, 10000};
	uint64_t runs = RUNS_DEFAULT;

	if (argc > 2 ||
		(argc > 1 && (mm_parse_u64(argv[1], strlen(argv[1]), RUNS_MAX, &runs) || !runs))) {
		fprintf(stderr, "usage: bench_metrics [RUNS]\n");
		return 2;
	}
	mm_config_init(&config);
	printf("CPU time to write it, ms\n\n%7s  %-11s  %9s %9s %10s\n", "guests", "text", "median",
		"worst", "KiB");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (prepare(counts[i]))
			return 1;
		for (int kind = 0; kind < KIND_COUNT; kind++)
			if (measure((enum kind)kind, counts[i], runs))
				return 1;
		mm_journal_free(&journal);
		mm_snapshot_free(&snap);
		free(plan.entries);
	}
	return 0;
}
