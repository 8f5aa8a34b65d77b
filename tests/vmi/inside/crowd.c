/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crowd N: a population of N processes that then sleep for ever, no two alike: names with any byte, user ids, threads,
 * memory of each kind (anonymous, file, shared), CPU time burnt, a chain of parents. Prints "crowd: N there" when
 * all have settled; nothing of theirs changes after that.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, PAGE = 4096, GROUP = 9 };

static const char *const names[] = {
	"plain",
	"with space",
	"(paren) 1 R",
	"\x1b[31mred",
	"quote\"s'",
	"back\\slash",
	"tab\there",
	"\xc3\xbcml\xc3\xa4ut",
	"\xff\xfe\x80 bytes",
	"exactly15bytes.",
	"new\nline",
	"<b>&amp;</b>",
	"a,b=c;d",
	"..",
	"%s%n%d",
};

static void *sleep_for_ever(void *none)
{
	(void)none;
	for (;;)
		pause();
	return NULL;
}

static void touch(char *memory, size_t size)
{
	if (memory == MAP_FAILED)
		exit(1);
	for (size_t i = 0; i < size; i += PAGE)
		memory[i] = (char)(i / PAGE + 1);
}

static void take_memory(int i)
{
	size_t anon = (size_t)(i % 7) * 256 * 1024, shared = (size_t)(i % 4) * 128 * 1024;
	volatile char seen;
	char *file;
	int fd;

	if (anon)
		touch(mmap(NULL, anon, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			anon);
	if (shared)
		touch(mmap(NULL, shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0),
			shared);
	fd = open("/bin/busybox", O_RDONLY);
	if (i % 3 || fd < 0)
		return;
	file = mmap(NULL, MIB, PROT_READ, MAP_PRIVATE, fd, 0);
	for (size_t at = 0; file != MAP_FAILED && at < MIB; at += PAGE)
		seen = file[at];
	(void)seen;
}

static void burn(int ms)
{
	struct timespec t;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < ms);
}

static void live(int i, int ready)
{
	char name[16];
	pthread_t thread;

	snprintf(name, sizeof(name), "%s", names[(size_t)i % (sizeof(names) / sizeof(names[0]))]);
	prctl(PR_SET_NAME, name);
	take_memory(i);
	for (int t = 0; t < i % 5; t++)
		pthread_create(&thread, NULL, sleep_for_ever, NULL);
	if (i % 10 == 0)
		burn(20 * (i / 10));
	if (i % 2 && setresuid((uid_t)(1000 + i), (uid_t)(1000 + i), (uid_t)(1000 + i)))
		exit(1);
	if (write(ready, "x", 1) != 1)
		exit(1);
	close(0), close(1), close(2), close(ready);
	sleep_for_ever(NULL);
}

/* The first of each nine is the others' parent. */
static void lead(int first, int end, int ready)
{
	for (int i = first + 1; i < end; i++)
		if (fork() == 0)
			live(i, ready);
	live(first, ready);
}

int main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0, pipes[2];
	char byte;

	if (count < 1 || count > 10000 || pipe(pipes)) {
		fprintf(stderr, "usage: crowd N (1 to 10000)\n");
		return 2;
	}
	for (int i = 0; i < count; i += GROUP)
		if (fork() == 0)
			lead(i, i + GROUP < count ? i + GROUP : count, pipes[1]);
	close(pipes[1]);
	for (int i = 0; i < count; i++)
		if (read(pipes[0], &byte, 1) != 1)
			return 1;
	printf("crowd: %d there\n", count);
	return 0;
}
