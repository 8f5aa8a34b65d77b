/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probewatch DOMID SAMPLES INTERVAL_MS: looks into a guest again and again through a sandboxed mmprobe; a line for each sample,
 * at the end one with figures. Exit status 0: all were good; 1: the last one was not. Linked with the project's own side of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe/probe.h"

#define SAMPLES_MAX 10000

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Returns 0 or what mm_probe_read() returns. */
static int take_sample(struct mm_probe *probe, struct mm_sample *ret_sample)
{
	struct pollfd fd = {.fd = mm_probe_fd(probe), .events = POLLIN};
	int r = mm_probe_ask(probe, true, now_ms());

	while (r == 0 && (r = mm_probe_read(probe, now_ms(), ret_sample)) == -EAGAIN)
		r = poll(&fd, 1, 100) < 0 ? -errno : 0;
	return r;
}

static void print_sample(uint64_t at_ms, const struct mm_sample *s)
{
	printf("at=%.1f reason=%s cost_us=%" PRIu64 " reads=%" PRIu64
	       " processes=%zu torn=%u retries=%u partial=%d total_kib=%" PRIu64
	       " free_kib=%" PRIu64 " uptime_ms=%" PRIu64 "\n",
		(double)at_ms / 1000, mm_vmi_reason_name(s->reason), s->cost_us, s->reads, s->count,
		s->torn, s->retries, s->is_partial, s->counters.total_kib, s->counters.free_kib,
		s->counters.uptime_ms);
	fflush(stdout);
}

static int compare_costs(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print_summary(const struct mm_sample *last, uint64_t *costs, size_t count)
{
	qsort(costs, count, sizeof(costs[0]), compare_costs);
	printf("summary samples=%zu bootstrap_us=%" PRIu64 " cost_us=%" PRIu64 " worst_us=%" PRIu64
	       " processes=%zu release=%s\n",
		count, last->bootstrap_us, costs[count / 2], costs[count - 1], last->count,
		last->counters.release);
}

static int watch(struct mm_probe *probe, size_t samples, uint64_t interval_ms)
{
	static uint64_t costs[SAMPLES_MAX];
	uint64_t start_ms = now_ms();

	for (size_t i = 0; i < samples; i++) {
		struct mm_sample sample = {0};
		int r = take_sample(probe, &sample);

		if (r < 0) {
			printf("at=%.1f reason=%s\n", (double)(now_ms() - start_ms) / 1000,
				strerror(-r));
			return 1;
		}
		print_sample(now_ms() - start_ms, &sample);
		costs[i] = sample.cost_us;
		if (sample.reason == MM_VMI_OK && i + 1 == samples)
			print_summary(&sample, costs, samples);
		mm_sample_free(&sample);
		if (sample.reason != MM_VMI_OK)
			return 1;
		if (i + 1 < samples)
			(void)poll(NULL, 0, (int)interval_ms);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct mm_probe_target target = {0};
	struct mm_probe *probe;
	size_t samples;
	int r;

	if (argc != 4 || strtoul(argv[2], NULL, 10) - 1 >= SAMPLES_MAX) {
		fprintf(stderr, "usage: probewatch DOMID SAMPLES INTERVAL_MS\n");
		return 2;
	}
	target.domid = (uint32_t)strtoul(argv[1], NULL, 10);
	samples = strtoul(argv[2], NULL, 10);
	r = mm_probe_start(&target, &probe);
	if (r < 0) {
		fprintf(stderr, "probewatch: %s\n", strerror(-r));
		return 1;
	}
	r = watch(probe, samples, strtoul(argv[3], NULL, 10));
	mm_probe_free(probe);
	return r;
}
