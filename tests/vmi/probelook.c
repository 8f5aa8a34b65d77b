/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probelook [-n SAMPLES] [-b BELOW_MIB] DOMID|FILE: looks into a guest as mmps does, through a sandboxed mmprobe, and prints
 * the last of the samples as text (print.h), for compare.awk. The cost printed is the samples' average:
 * where the clock of CPU time is coarse, one alone says nothing.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "print.h"
#include "probe/probe.h"

#define SAMPLES_MAX 10000

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int take_sample(struct mm_probe *probe, struct mm_sample *ret)
{
	struct pollfd pfd = {.fd = mm_probe_fd(probe), .events = POLLIN};
	int r = mm_probe_ask(probe, true, now_ms());

	if (r < 0)
		return r;
	do {
		poll(&pfd, 1, 1000);
		r = mm_probe_read(probe, now_ms(), ret);
	} while (r == -EAGAIN);
	return r;
}

static int look(struct mm_probe *probe, size_t samples)
{
	struct mm_sample s = {0};
	uint64_t spent = 0;
	int r = 0;

	for (size_t i = 0; i < samples; i++) {
		mm_sample_free(&s);
		memset(&s, 0, sizeof(s));
		r = take_sample(probe, &s);
		if (r < 0) {
			printf("sample reason=failed error=%s\n", strerror(-r));
			return 1;
		}
		spent += s.cost_us;
		if (s.reason != MM_VMI_OK)
			break;
	}
	if (s.reason == MM_VMI_OK)
		s.cost_us = spent / samples;
	bench_print_sample(stdout, &s);
	r = s.reason != MM_VMI_OK;
	mm_sample_free(&s);
	return r;
}

int main(int argc, char **argv)
{
	struct mm_probe_target target = {0};
	struct mm_probe *probe = NULL;
	unsigned long samples = 1;
	char *end;
	int opt, r;

	while ((opt = getopt(argc, argv, "b:n:")) != -1) {
		if (opt == 'b')
			target.below = strtoull(optarg, NULL, 10) << 20;
		else if (opt == 'n')
			samples = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (optind + 1 != argc || samples < 1 || samples > SAMPLES_MAX) {
		fprintf(stderr, "usage: probelook [-n SAMPLES] [-b BELOW_MIB] DOMID|FILE\n");
		return 2;
	}
	target.domid = (uint32_t)strtoul(argv[optind], &end, 10);
	if (*end)
		target.file = argv[optind];
	r = mm_probe_start(&target, &probe);
	if (r < 0) {
		fprintf(stderr, "probelook: no probe: %s\n", strerror(-r));
		return 1;
	}
	r = look(probe, samples);
	mm_probe_free(probe);
	return r;
}
