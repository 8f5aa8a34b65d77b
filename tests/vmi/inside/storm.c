/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * storm WORKERS SECONDS: a fork storm. Each worker (named "storm", user 0) starts children one after another, as fast as it
 * can. A child's name and user follow from its pid, so whoever looks can tell a process that cannot be:
 *	"storm" and user 0, until it has named itself "s<pid>"; then user 0 or (pid & 0x7fff); one in 8 then becomes "true"
 * Its parent is a worker, another child (one in 4 starts one and leaves it behind), or process 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void live(int number)
{
	char name[16];

	if (number % 4 == 0 && fork() == 0)
		prctl(PR_SET_NAME, "storm");
	snprintf(name, sizeof(name), "s%d", getpid());
	prctl(PR_SET_NAME, name);
	if (setresuid((uid_t)getpid() & 0x7fff, (uid_t)getpid() & 0x7fff, (uid_t)getpid() & 0x7fff))
		_exit(1);
	if (number % 8 == 1)
		execl("/bin/true", "true", (char *)NULL);
	_exit(0);
}

static void work(double until)
{
	unsigned long born = 0;

	while (now() < until) {
		pid_t pid = fork();

		if (pid == 0)
			live((int)(born % 8));
		if (pid > 0) {
			waitpid(pid, NULL, 0);
			born++;
		}
	}
	printf("storm: %lu children\n", born);
}

int main(int argc, char **argv)
{
	int workers = argc == 3 ? atoi(argv[1]) : 0;
	double until;

	if (workers < 1 || workers > 64) {
		fprintf(stderr, "usage: storm WORKERS (1 to 64) SECONDS\n");
		return 2;
	}
	until = now() + atof(argv[2]);
	for (int i = 1; i < workers; i++)
		if (fork() == 0) {
			work(until);
			return 0;
		}
	work(until);
	while (wait(NULL) > 0)
		;
	return 0;
}
