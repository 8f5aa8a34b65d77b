/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one decision costs: CPU time of mm_decide() for 10 to 10,000 domains, in a calm world and in one where every
 * round changes every guest. Prints figures and judges nothing: machines differ.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "xenmm/decide.h"
#include "xenmm/units.h"

#define LIMIT_US      1000 /* at LIMIT_DOMAINS: rounds come as often as every 100 ms */
#define LIMIT_DOMAINS 1000
#define RUNS_MAX      4001

struct bench {
	struct mm_config cfg;
	struct mm_snapshot snap;
	struct mm_history hist;
	struct mm_plan plan;
	uint64_t random;
};

static uint64_t next_random(struct bench *b)
{
	b->random = b->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return b->random >> 33;
}

static int fill(struct bench *b, uint32_t count)
{
	memset(b, 0, sizeof(*b));
	mm_config_init(&b->cfg);
	b->cfg.is_tax_auto = true;
	b->random = 1;
	b->snap.now_ms = 1000000;
	b->snap.host.free_kib = 1024 * MM_KIB_PER_MIB;
	for (uint32_t id = 1; id <= count; id++) {
		struct mm_domain *dom;
		int r = mm_snapshot_add(&b->snap, &dom);

		if (r)
			return r;
		dom->domid = id;
		snprintf(dom->uuid, sizeof(dom->uuid), "00000000-0000-0000-0000-%012" PRIu32, id);
		snprintf(dom->name, sizeof(dom->name), "guest%" PRIu32, id);
		dom->current_kib = dom->target_kib = 1024 * MM_KIB_PER_MIB;
		dom->static_max_kib = 4096 * MM_KIB_PER_MIB;
		dom->report.source = MM_SOURCE_XENMM;
		dom->report.uptime_ms = 3600000;
		dom->report.avail_kib = next_random(b) % (900 * MM_KIB_PER_MIB);
		dom->report.balloon_kib = dom->current_kib;
	}
	return 0;
}

static void drop(struct bench *b)
{
	mm_plan_free(&b->plan);
	mm_history_free(&b->hist);
	mm_snapshot_free(&b->snap);
}

/* Time passes. Balloons have arrived; in a restless world every guest uses something else than before. */
static void advance(struct bench *b, bool is_restless)
{
	b->snap.now_ms += 2000;
	for (size_t i = 0; i < b->snap.count; i++) {
		struct mm_domain *dom = &b->snap.domains[i];

		uint64_t use_kib = dom->report.balloon_kib - dom->report.avail_kib;

		if (b->plan.count)
			dom->current_kib = dom->target_kib = b->plan.entries[i].new_kib;
		if (is_restless)
			use_kib = next_random(b) % (dom->current_kib + 1);
		dom->report_ms = b->snap.now_ms;
		dom->report.balloon_kib = dom->current_kib;
		dom->report.avail_kib = mm_sub_floor(dom->current_kib, use_kib);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int measure(
	uint32_t count, bool is_restless, size_t runs, uint64_t *ret_median_ns, size_t *ret_changes)
{
	static uint64_t times[RUNS_MAX];
	struct bench b;
	int r = fill(&b, count);

	*ret_changes = 0;
	for (size_t i = 0; !r && i < runs; i++) {
		uint64_t begin;

		advance(&b, is_restless);
		begin = cpu_ns();
		r = mm_decide(&b.cfg, &b.snap, &b.hist, &b.plan);
		times[i] = cpu_ns() - begin;
		*ret_changes += b.plan.change_count;
	}
	drop(&b);
	if (r)
		return r;
	*ret_changes /= runs;
	qsort(times, runs, sizeof(times[0]), compare);
	*ret_median_ns = times[runs / 2];
	return 0;
}

static int print(uint32_t count, bool is_restless, size_t runs)
{
	const char *verdict = "";
	uint64_t ns;
	size_t changes;
	int r = measure(count, is_restless, runs, &ns, &changes);

	if (r)
		return r;
	if (count == LIMIT_DOMAINS)
		verdict =
			ns < LIMIT_US * UINT64_C(1000) ? "  below the limit" : "  ABOVE THE LIMIT";
	printf("%8" PRIu32 "  %-8s  %12.1f  %14.1f  %15zu%s\n", count,
		is_restless ? "restless" : "calm", (double)ns / 1000, (double)ns / count, changes,
		verdict);
	return 0;
}

int main(int argc, char **argv)
{
	static const uint32_t counts[] = {10, 100, 1000, 10000};
	uint64_t runs = 1001;

	if (argc > 2 ||
		(argc == 2 && (mm_parse_u64(argv[1], strlen(argv[1]), RUNS_MAX, &runs) || !runs))) {
		fprintf(stderr, "usage: bench_decide [ROUNDS]\n");
		return 2;
	}
	printf("CPU time of one decision, median of %" PRIu64
	       " rounds; limit %d us for %d domains\n\n",
		runs, LIMIT_US, LIMIT_DOMAINS);
	printf("%8s  %-8s  %12s  %14s  %15s\n", "domains", "world", "us a round", "ns a domain",
		"changes a round");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (int is_restless = 0; is_restless <= 1; is_restless++)
			if (print(counts[i], is_restless, runs)) {
				fprintf(stderr, "bench_decide: no memory\n");
				return 1;
			}
	return 0;
}
