/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * liar SECONDS stressed|calm: takes mmclient's place and claims, four times a second, that all memory of this guest is in
 * use and none available. stressed: and that it stalls all the time, swaps and reads back what it lost, as a guest
 * would that is really that short; calm: and that it does not mind.
 */
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include <xenstore.h>

#include "memstat.h"

enum { PERIOD_MS = 250, PAGES = 2000 };

static unsigned long long uptime_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (unsigned long long)t.tv_sec * 1000 + (unsigned long long)t.tv_nsec / 1000000;
}

static int claim(char *buf, size_t size, unsigned long long n, bool is_stressed)
{
	unsigned long long since = is_stressed ? n : 0;
	char mem[4096], held[64];

	memstat_slurp("/proc/meminfo", mem, sizeof(mem));
	memstat_slurp(
		"/sys/devices/system/xen_memory/xen_memory0/info/current_kb", held, sizeof(held));
	return snprintf(buf, size,
		"1 seq=%llu up=%llu tot=%llu free=0 avail=0 cur=%lu mov=0 swt=524284 swf=%llu "
		"si=%llu so=%llu "
		"mf=%llu ra=%llu rf=%llu ps=%llu pf=%llu",
		1000000 + n, uptime_ms(), memstat_after(mem, "MemTotal"), strtoul(held, NULL, 10),
		is_stressed ? 1000ULL : 524284ULL, since * PAGES, since * PAGES, since * PAGES,
		since * PAGES, since * PAGES, since * PERIOD_MS * 1000, since * PERIOD_MS * 1000);
}

int main(int argc, char **argv)
{
	char record[MEMSTAT_LINE];
	struct xs_handle *xs = xs_open(0);
	unsigned long long n = 0, last;

	if (argc != 3 || !xs) {
		fprintf(stderr, "usage: liar SECONDS stressed|calm\n");
		return 2;
	}
	for (last = strtoull(argv[1], NULL, 10) * 1000 / PERIOD_MS; n < last; n++) {
		int len = claim(record, sizeof(record), n, !strcmp(argv[2], "stressed"));

		if (!xs_write(xs, XBT_NULL, "data/xenmm", record, (unsigned int)len))
			perror("liar: data/xenmm");
		usleep(PERIOD_MS * 1000);
	}
	printf("liar: told %llu lies\n", n);
	return 0;
}
