/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * memlog MS SECONDS FILE: the guest's side of a timeline: every MS milliseconds one line
 * "wall-clock-seconds key=value ..." (memstat.h), kept in locked memory and written to FILE (a
 * file, or the console) at the end or at SIGTERM, so that the recording neither swaps nor writes
 * while a burst is being measured.
 */
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "memstat.h"

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static double wall_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t record(char (*lines)[MEMSTAT_LINE], size_t max, long period_ms)
{
	size_t count = 0;

	while (!stop && count < max) {
		int head = snprintf(lines[count], MEMSTAT_LINE, "%.3f ", wall_clock());

		memstat_line(lines[count] + head, (size_t)(MEMSTAT_LINE - head));
		count++;
		usleep((useconds_t)period_ms * 1000);
	}
	return count;
}

int main(int argc, char **argv)
{
	long period_ms = argc > 1 ? atol(argv[1]) : 0, seconds = argc > 2 ? atol(argv[2]) : 0;
	char(*lines)[MEMSTAT_LINE];
	size_t max, count;
	FILE *out;

	if (argc != 4 || period_ms <= 0 || seconds <= 0) {
		fprintf(stderr, "usage: memlog MS SECONDS FILE\n");
		return 2;
	}
	max = (size_t)(seconds * 1000 / period_ms) + 1;
	lines = calloc(max, sizeof(*lines));
	if (!lines)
		return 1;
	signal(SIGTERM, on_term);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		perror("memlog: mlockall");
	count = record(lines, max, period_ms);
	out = fopen(argv[3], "w");
	if (!out) {
		perror(argv[3]);
		return 1;
	}
	for (size_t i = 0; i < count; i++)
		fprintf(out, "memlog %s\n", lines[i]);
	return fclose(out) ? 1 : 0;
}
