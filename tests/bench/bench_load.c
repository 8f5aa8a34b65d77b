/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_load [SECONDS [DOMAINS [POLICY]]]: what mmserver costs on a host with 1,000 and 10,000 guests that each report
 * once a second, at their own moments, in CPU time per virtual second. The real server runs (mm_server_main()), on a
 * back end of this file that stands in for mm_backend_open(): reports call for a round as on Xen (xen/loop.c). What the
 * make-believe host costs is measured apart and not counted; parsing the records and filling the snapshot is counted,
 * hypercalls and xenstore are not part of it. Prints figures beside their limits; heap is compared between a third of
 * the run and its end.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server.h"
#include "stand_in.h"
#include "xenmm/backend.h"
#include "xenmm/units.h"

#define SECONDS_DEFAULT 60
#define WARM_UP_MS	5000
#define REPORT_MS	1000
#define HEARTBEAT_MS	10000 /* an idle mmclient's */
#define RATE_KIB_S	(100 * MM_KIB_PER_MIB)
#define SIZE_KIB	(1024 * MM_KIB_PER_MIB)
#define KERNEL_KIB	(64 * MM_KIB_PER_MIB)

/* As in xen/loop.c. */
#define GATHER_MS	 10
#define ROUND_GAP_MS	 50
#define ROUND_GAP_MAX_MS 500
#define ROUND_GAP_FACTOR 10

enum load {
	LOAD_BUSY,	/* every guest reports once a second, always something else */
	LOAD_HEARTBEAT, /* nothing changes: a sign of life every 10 s */
	LOAD_STILL,	/* nothing is written at all; the last word counts as fresh */
	LOAD_COUNT
};

struct bench_guest {
	uint64_t use_kib;
	uint64_t phase_ms; /* when in its period it reports */
	bool is_due;
	char record[MM_RECORD_MAX];
};

struct bench {
	struct mm_backend backend;
	enum load load;
	uint64_t end_ms, period_ms;
	uint64_t now_ms, sampled_ms, moved_ms, sample_cost_ms;
	uint64_t random;
	uint64_t free_kib;
	struct mm_domain *domains;
	struct bench_guest *guests;
	size_t *order; /* by phase */
	size_t count, cursor;
	uint64_t turn_ms; /* of the cursor: start of its period */
	/* figures */
	double outside_us, begin_us;
	uint64_t rounds, changes, reports;
	size_t heap, heap_third;
};

struct figures {
	double cpu_us, outside_us;
	uint64_t ms, rounds, changes, reports;
	long heap_growth;
};

static struct bench bench;
static int figures_fd;

static double cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static uint64_t below(struct bench *b, uint64_t limit)
{
	b->random = b->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (b->random >> 33) % limit;
}

/* ---- the host ------------------------------------------------------------------------------------ */

static void write_record(struct bench *b, size_t i)
{
	const struct mm_domain *dom = &b->domains[i];
	struct mm_report report = {
		.source = MM_SOURCE_XENMM,
		.seq = b->now_ms / REPORT_MS,
		.uptime_ms = 3600000 + b->now_ms,
		.total_kib = mm_sub_floor(dom->current_kib, KERNEL_KIB),
		.balloon_kib = dom->current_kib,
		.swap_total_kib = SIZE_KIB,
		.swap_free_kib = SIZE_KIB,
		.has_psi = true,
	};

	report.avail_kib =
		mm_min_u64(mm_sub_floor(dom->current_kib, b->guests[i].use_kib), report.total_kib);
	report.free_kib = report.avail_kib / 2;
	if (mm_report_format(&report, b->guests[i].record, MM_RECORD_MAX) < 0)
		abort();
	b->guests[i].is_due = true;
	b->reports++;
}

/* Most reports differ by little; one in a hundred is a burst, or its end. */
static void change_use(struct bench *b, size_t i)
{
	struct bench_guest *guest = &b->guests[i];

	if (b->load != LOAD_BUSY)
		return;
	if (below(b, 100) == 0)
		guest->use_kib = SIZE_KIB / 8 + below(b, SIZE_KIB / 2);
	else
		guest->use_kib += below(b, 8 * MM_KIB_PER_MIB) - 4 * MM_KIB_PER_MIB;
	guest->use_kib = mm_min_u64(mm_max_u64(guest->use_kib, SIZE_KIB / 10), SIZE_KIB * 7 / 8);
}

static uint64_t next_report_ms(const struct bench *b)
{
	return b->load == LOAD_STILL ? UINT64_MAX
				     : b->turn_ms + b->guests[b->order[b->cursor]].phase_ms;
}

static void write_due_records(struct bench *b)
{
	while (next_report_ms(b) <= b->now_ms) {
		size_t i = b->order[b->cursor];

		change_use(b, i);
		write_record(b, i);
		if (++b->cursor == b->count) {
			b->cursor = 0;
			b->turn_ms += b->period_ms;
		}
	}
}

static void move_balloons(struct bench *b)
{
	uint64_t step = RATE_KIB_S * (b->now_ms - b->moved_ms) / 1000;

	b->moved_ms = b->now_ms;
	for (size_t i = 0; i < b->count; i++) {
		struct mm_domain *dom = &b->domains[i];
		uint64_t way;

		if (dom->current_kib > dom->target_kib) {
			way = mm_min_u64(dom->current_kib - dom->target_kib, step);
			dom->current_kib -= way;
			b->free_kib += way;
		} else if (dom->current_kib < dom->target_kib) {
			way = mm_min_u64(dom->target_kib - dom->current_kib, step);
			way = mm_min_u64(way, b->free_kib);
			dom->current_kib += way;
			b->free_kib -= way;
		}
	}
}

/* ---- the back end --------------------------------------------------------------------------------- */

/* What a back end has to do itself: parse what is new, and hand out all. */
static int fill(struct bench *b, struct mm_snapshot *snap)
{
	mm_snapshot_clear(snap);
	snap->now_ms = b->now_ms;
	snap->host.free_kib = b->free_kib;
	snap->host.total_kib = b->count * (SIZE_KIB + 128 * MM_KIB_PER_MIB);
	for (size_t i = 0; i < b->count; i++) {
		struct mm_domain *dom = &b->domains[i];
		struct bench_guest *guest = &b->guests[i];
		struct mm_domain *copy;
		int r = mm_snapshot_add(snap, &copy);

		if (r)
			return r;
		if (guest->is_due &&
			!mm_report_parse(guest->record, strlen(guest->record), &dom->report))
			dom->report_ms = b->now_ms;
		if (b->load == LOAD_STILL)
			dom->report_ms = b->now_ms;
		guest->is_due = false;
		*copy = *dom;
	}
	mm_snapshot_sort(snap);
	return 0;
}

static void tell_figures(struct bench *b)
{
	struct figures f = {
		.cpu_us = cpu_us() - b->begin_us,
		.outside_us = b->outside_us,
		.ms = b->now_ms - WARM_UP_MS,
		.rounds = b->rounds,
		.changes = b->changes,
		.reports = b->reports,
		.heap_growth = (long)b->heap - (long)b->heap_third,
	};

	if (write(figures_fd, &f, sizeof(f)) != sizeof(f))
		_exit(1);
}

static void begin_to_count(struct bench *b)
{
	b->outside_us = 0;
	b->rounds = b->changes = b->reports = 0;
	b->begin_us = cpu_us();
}

static int sample(struct mm_backend *backend, struct mm_snapshot *snap)
{
	struct bench *b = (struct bench *)backend;
	double begin, end;
	int r;

	b->heap = mallinfo2().uordblks;
	if (b->now_ms >= b->end_ms) {
		tell_figures(b);
		return -ENODATA;
	}
	if (b->begin_us == 0 && b->now_ms >= WARM_UP_MS)
		begin_to_count(b);
	if (b->heap_third == 0 && b->now_ms >= b->end_ms / 3)
		b->heap_third = b->heap;
	begin = cpu_us();
	move_balloons(b);
	write_due_records(b);
	end = cpu_us();
	b->outside_us += end - begin;
	r = fill(b, snap);
	b->sample_cost_ms = (uint64_t)((cpu_us() - end) / 1000);
	b->sampled_ms = b->now_ms;
	b->rounds++;
	return r;
}

static int set_target(struct mm_backend *backend, uint32_t domid, uint64_t target_kib)
{
	(void)backend;
	(void)domid;
	(void)target_kib;
	return 0; /* decided() does it, in dry runs too: they are how data logs are left out */
}

static int decided(
	struct mm_backend *backend, const struct mm_snapshot *snap, const struct mm_plan *plan)
{
	struct bench *b = (struct bench *)backend;
	double begin = cpu_us();

	(void)snap;
	for (size_t i = 0; i < plan->change_count; i++)
		b->domains[plan->order[i]].target_kib = plan->entries[plan->order[i]].new_kib;
	b->changes += plan->change_count;
	b->outside_us += cpu_us() - begin;
	return 0;
}

/* Time jumps to the next round: until_ms, or when a report calls for one. */
static int wait_for_round(struct mm_backend *backend, struct event_base *base, uint64_t until_ms)
{
	struct bench *b = (struct bench *)backend;
	uint64_t gap_ms = mm_max_u64(ROUND_GAP_MS, ROUND_GAP_FACTOR * b->sample_cost_ms);
	uint64_t event_ms = next_report_ms(b);

	(void)base;
	gap_ms = mm_min_u64(gap_ms, ROUND_GAP_MAX_MS);
	if (event_ms != UINT64_MAX)
		until_ms = mm_min_u64(
			until_ms, mm_max_u64(event_ms + GATHER_MS, b->sampled_ms + gap_ms));
	b->now_ms = mm_max_u64(b->now_ms + 1, until_ms);
	return 0;
}

static const struct mm_backend_ops ops = {
	.name = "bench",
	.is_virtual_time = true,
	.sample = sample,
	.set_target = set_target,
	.wait = wait_for_round,
	.decided = decided,
	.close = stand_in_close,
};

/* ---- runs ---------------------------------------------------------------------------------------- */

static int compare_phase(const void *x, const void *y)
{
	uint64_t a = bench.guests[*(const size_t *)x].phase_ms;
	uint64_t b = bench.guests[*(const size_t *)y].phase_ms;

	return (a > b) - (a < b);
}

static void prepare(enum load load, size_t count, uint64_t seconds)
{
	struct bench *b = &bench;

	*b = (struct bench){.backend = {.ops = &ops}, .load = load, .count = count, .random = 1};
	stand_in = &b->backend;
	b->end_ms = WARM_UP_MS + 1000 * seconds;
	b->period_ms = load == LOAD_BUSY ? REPORT_MS : HEARTBEAT_MS;
	b->free_kib = count * 128 * MM_KIB_PER_MIB;
	b->domains = calloc(count, sizeof(*b->domains));
	b->guests = calloc(count, sizeof(*b->guests));
	b->order = calloc(count, sizeof(*b->order));
	if (!b->domains || !b->guests || !b->order)
		_exit(1);
	for (size_t i = 0; i < count; i++) {
		struct mm_domain *dom = &b->domains[i];

		dom->domid = (uint32_t)i + 1;
		snprintf(dom->uuid, sizeof(dom->uuid), "00000000-0000-0000-0000-%012u", dom->domid);
		snprintf(dom->name, sizeof(dom->name), "guest%zu", i + 1);
		dom->current_kib = dom->target_kib = SIZE_KIB;
		dom->static_max_kib = 4 * SIZE_KIB;
		b->guests[i].use_kib = SIZE_KIB / 8 + below(b, SIZE_KIB / 4);
		b->guests[i].phase_ms = below(b, b->period_ms);
		b->order[i] = i;
		write_record(b, i);
	}
	qsort(b->order, count, sizeof(*b->order), compare_phase);
}

/* The server has a process of its own, so that its heap is its own. Decisions are kept as on Xen: with a socket. */
static int run(enum load load, size_t count, uint64_t seconds, const char *policy, const char *dir,
	bool has_logs, struct figures *ret_figures)
{
	char path[64];
	const char *argv[] = {"mmserver", "--backend", "sim", "-p", policy, "--control", path,
		has_logs ? "-d" : "-n", has_logs ? dir : NULL, NULL};
	int argc = has_logs ? 9 : 8;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/socket", dir);
	fflush(stdout);
	if (pipe(fds))
		return -errno;
	pid = fork();
	if (pid == 0) {
		figures_fd = fds[1];
		prepare(load, count, seconds);
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(1);
		_exit(mm_server_main(argc, (char **)argv));
	}
	close(fds[1]);
	n = read(fds[0], ret_figures, sizeof(*ret_figures));
	close(fds[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status || n != sizeof(*ret_figures)) {
		fprintf(stderr, "bench_load: the server failed\n");
		return -EIO;
	}
	return 0;
}

static int print(enum load load, size_t count, uint64_t seconds, const char *policy,
	const char *dir, bool has_logs)
{
	static const char *const names[LOAD_COUNT] = {"busy", "heartbeat", "still"};
	const char *limit = load == LOAD_STILL	? "limit 0.5 rounds/s"
			    : load != LOAD_BUSY ? ""
			    : count <= 1000	? "limit 2 %"
			    : count <= 10000	? "limit 20 %"
						: "";
	struct figures f;
	int r = run(load, count, seconds, policy, dir, has_logs, &f);
	double s;

	if (r)
		return r;
	s = (double)f.ms / 1000;
	printf("%7zu  %-11s  %-9s  %-4s %9.1f %9.1f %9.1f %8.2f %8.2f %10ld  %s\n", count, policy,
		names[load], has_logs ? "on" : "off", (double)f.reports / s, (double)f.rounds / s,
		(double)f.changes / s, (f.cpu_us - f.outside_us) / (s * 10000),
		f.outside_us / (s * 10000), f.heap_growth, limit);
	return 0;
}

static int print_all(size_t count, uint64_t seconds, const char *policy, const char *dir)
{
	int r = print(LOAD_BUSY, count, seconds, policy, dir, false);

	if (!r)
		r = print(LOAD_BUSY, count, seconds, policy, dir, true);
	if (!r)
		r = print(LOAD_HEARTBEAT, count, seconds, policy, dir, false);
	if (!r)
		r = print(LOAD_STILL, count, seconds, policy, dir, false);
	return r;
}

int main(int argc, char **argv)
{
	static const size_t counts[] = {1000, 10000};
	uint64_t seconds = SECONDS_DEFAULT;
	uint64_t only = 0;
	char dir[] = "/tmp/xenmm-bench-load-XXXXXX";
	char command[64];
	int r = 0;

	if (argc > 4 ||
		(argc > 1 &&
			(mm_parse_u64(argv[1], strlen(argv[1]), 86400, &seconds) || !seconds)) ||
		(argc > 2 && (mm_parse_u64(argv[2], strlen(argv[2]), 16384, &only) || !only))) {
		fprintf(stderr, "usage: bench_load [SECONDS [DOMAINS [POLICY]]]\n");
		return 2;
	}
	if (!mkdtemp(dir))
		return 1;
	printf("CPU time of mmserver over %" PRIu64 " virtual seconds, %% of a core\n\n", seconds);
	printf("%7s  %-11s  %-9s  %-4s %9s %9s %9s %8s %8s %10s\n", "domains", "policy", "guests",
		"logs", "reports/s", "rounds/s", "changes/s", "server %", "world %", "heap grew");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]) && !r; i++)
		if (!only)
			r = print_all(counts[i], seconds, argc > 3 ? argv[3] : "need", dir);
	if (only)
		r = print_all(only, seconds, argc > 3 ? argv[3] : "need", dir);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return r || system(command) ? 1 : 0;
}
