/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hog [-r MIB_PER_S] [-s SECONDS] MIB: touches MIB MiB of memory, as fast as it can or at a rate,
 * holds it SECONDS (for ever unless told) while touching a page of each MiB now and then, and ends,
 * which frees it. hog -c [-s SECONDS] FILE: reads FILE again and again instead, so that its page
 * cache is in real use.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, PAGE = 4096 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *touch_one(size_t i)
{
	char *block = malloc(MIB);

	if (!block)
		return NULL;
	/*
	 * Varied enough that pages are not merged, plain enough that filling them costs the
	 * emulator little.
	 */
	for (size_t j = 0; j < MIB; j += PAGE) {
		block[j] = (char)(i + j);
		block[j + 8] = (char)rand();
	}
	return block;
}

static int hold_memory(size_t mib, double rate, double seconds)
{
	char **blocks = calloc(mib, sizeof(*blocks));
	double start = now(), touched;

	if (!blocks)
		return 1;
	for (size_t i = 0; i < mib; i++) {
		blocks[i] = touch_one(i);
		if (!blocks[i]) {
			printf("hog: no memory after %zu MiB\n", i);
			return 1;
		}
		while (rate > 0 && (double)(i + 1) / rate > now() - start)
			usleep(10 * 1000);
	}
	touched = now();
	printf("hog: touched %zu MiB in %.2f s\n", mib, touched - start);
	while (seconds < 0 || now() < touched + seconds) {
		sleep(1);
		for (size_t i = 0; i < mib; i += 16)
			blocks[i][0]++;
	}
	return 0;
}

static int read_file(const char *path, double seconds)
{
	static char buffer[128 * 1024];
	double start = now();
	long rounds = 0;
	/* Open all the time: a disk's cache goes when nobody has it open any more. */
	int fd = open(path, O_RDONLY);

	if (fd < 0) {
		perror(path);
		return 1;
	}
	while (seconds < 0 || now() < start + seconds) {
		lseek(fd, 0, SEEK_SET);
		while (read(fd, buffer, sizeof(buffer)) > 0)
			;
		rounds++;
		usleep(500 * 1000);
	}
	close(fd);
	printf("hog: read %s %ld times\n", path, rounds);
	return 0;
}

int main(int argc, char **argv)
{
	double rate = 0, seconds = -1;
	bool cache = false;
	int opt;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((opt = getopt(argc, argv, "r:s:c")) != -1) {
		if (opt == 'r')
			rate = atof(optarg);
		else if (opt == 's')
			seconds = atof(optarg);
		else if (opt == 'c')
			cache = true;
		else
			return 2;
	}
	if (optind + 1 != argc) {
		fprintf(stderr,
			"usage: hog [-r MIB_PER_S] [-s SECONDS] MIB | hog -c [-s SECONDS] FILE\n");
		return 2;
	}
	return cache ? read_file(argv[optind], seconds)
		     : hold_memory((size_t)strtoul(argv[optind], NULL, 10), rate, seconds);
}
