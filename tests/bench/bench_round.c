/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_round [ROUNDS]: CPU time of one round of mmserver, by its parts, with 10, 100 and 1,000 simulated
 * domains that all report: parsing what the guests wrote (the reading itself is the simulator's), deciding,
 * and printing and logging. Medians. The limit beside it: the pure decision for 1,000 domains under 1 ms.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "datalog.h"
#include "table.h"
#include "xenmm/backend.h"
#include "xenmm/decide.h"

#define ROUNDS_DEFAULT 200
#define INTERVAL_MS    2000

enum part { PART_PARSE, PART_DECIDE, PART_REPORT, PART_COUNT };

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static int write_scenario(char *path, size_t guests)
{
	int fd = mkstemp(path);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (!out)
		return -1;
	fprintf(out,
		"host total=%zuM dom0=512M\nduration 3600s\n"
		"guest g count=%zu memory=256M maxmem=896M use=100M cache=40M noise=8M swap=512M\n",
		1024 + guests * 300, guests);
	return fclose(out);
}

/* What the server does with each guest's bytes: one record formatted once, parsed for every guest. */
static double parse_all(const struct mm_snapshot *snap)
{
	static char records[16384][MM_RECORD_MAX];
	struct mm_report report;
	double start;

	for (size_t i = 0; i < snap->count; i++)
		if (mm_report_format(&snap->domains[i].report, records[i], MM_RECORD_MAX) < 0)
			records[i][0] = '\0';
	start = cpu_us();
	for (size_t i = 0; i < snap->count; i++)
		(void)mm_report_parse(records[i], strlen(records[i]), &report);
	return cpu_us() - start;
}

struct bench {
	struct mm_config cfg;
	struct mm_backend *backend;
	struct event_base *base;
	struct mm_snapshot snap;
	struct mm_history hist;
	struct mm_plan plan;
	struct mm_table table;
	struct mm_datalog *log;
};

static int run_round(struct bench *b, double cost[PART_COUNT])
{
	struct timespec wall;
	double start;

	if (b->backend->ops->sample(b->backend, &b->snap))
		return -1;
	cost[PART_PARSE] = parse_all(&b->snap);
	start = cpu_us();
	if (mm_decide(&b->cfg, &b->snap, &b->hist, &b->plan))
		return -1;
	cost[PART_DECIDE] = cpu_us() - start;
	for (size_t i = 0; i < b->plan.change_count; i++) {
		const struct mm_plan_entry *entry = &b->plan.entries[b->plan.order[i]];

		(void)b->backend->ops->set_target(b->backend, entry->domid, entry->new_kib);
	}
	start = cpu_us();
	clock_gettime(CLOCK_REALTIME, &wall);
	mm_table_print(&b->table, &b->snap, &b->plan, false);
	mm_datalog_write(b->log, &b->snap, &b->plan, &wall, INTERVAL_MS);
	cost[PART_REPORT] = cpu_us() - start;
	return b->backend->ops->wait(b->backend, b->base, b->snap.now_ms + INTERVAL_MS);
}

static int run(FILE *out, const char *dir, size_t guests, size_t rounds)
{
	char path[] = "/tmp/xenmm-bench-XXXXXX";
	struct mm_backend_options options = {.file = path};
	struct bench b = {.backend = NULL};
	struct timespec start;
	double *costs[PART_COUNT], cost[PART_COUNT];
	char err[256] = "";
	int r = write_scenario(path, guests);

	mm_config_init(&b.cfg);
	clock_gettime(CLOCK_REALTIME, &start);
	b.base = event_base_new();
	if (r || !b.base || mm_backend_open("sim", &options, err, sizeof(err), &b.backend) ||
		mm_datalog_new(dir, &start, &b.log)) {
		fprintf(stderr, "bench_round: cannot start: %s\n", err);
		return -1;
	}
	for (int p = 0; p < PART_COUNT; p++)
		costs[p] = calloc(rounds, sizeof(double));
	for (size_t i = 0; i < rounds && !r; i++) {
		r = run_round(&b, cost);
		for (int p = 0; p < PART_COUNT; p++)
			costs[p][i] = cost[p];
	}
	if (!r)
		fprintf(out, "%7zu %10.1f %10.1f %18.1f\n", guests,
			median(costs[PART_PARSE], rounds), median(costs[PART_DECIDE], rounds),
			median(costs[PART_REPORT], rounds));
	for (int p = 0; p < PART_COUNT; p++)
		free(costs[p]);
	mm_datalog_free(b.log);
	mm_plan_free(&b.plan);
	mm_history_free(&b.hist);
	mm_snapshot_free(&b.snap);
	b.backend->ops->close(b.backend);
	event_base_free(b.base);
	unlink(path);
	return r;
}

int main(int argc, char **argv)
{
	static const size_t guests[] = {10, 100, 1000};
	size_t rounds = argc > 1 ? (size_t)atol(argv[1]) : ROUNDS_DEFAULT;
	char dir[] = "/tmp/xenmm-bench-logs-XXXXXX";
	char command[64];
	FILE *out = fdopen(dup(STDOUT_FILENO), "w");
	int r = 0;

	if (!out || !mkdtemp(dir) || !freopen("/dev/null", "w", stdout)) {
		fprintf(stderr, "bench_round: cannot prepare\n");
		return 1;
	}
	fprintf(out, "CPU time of a round, us, median of %zu rounds\n%7s %10s %10s %18s\n", rounds,
		"domains", "parse", "decide", "table and logs");
	for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]) && !r; i++)
		r = run(out, dir, guests[i], rounds);
	fprintf(out, "limit: decide with 1,000 domains under 1000 us\n");
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command) || fclose(out))
		r = 1;
	return r ? 1 : 0;
}
