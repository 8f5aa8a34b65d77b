/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bench guest's first process: reads "TOKEN COMMAND" lines, runs each by the shell and ends its output with
 * "--TOKEN STATUS". "!census" is done by itself, so that asking changes no list of processes.
 */
#include <signal.h>
#include <sys/wait.h>

#include "census.h"

static volatile sig_atomic_t child_status;
static volatile pid_t child;

/* Everything that lost its parent ends up here. */
static void reap(int signal)
{
	int status;
	pid_t pid;

	(void)signal;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == child) {
			child_status =
				WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			child = 0;
		}
	}
}

static int run_shell(const char *command)
{
	sigset_t block, before;
	pid_t pid;

	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, &before);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);

		dup2(null, 0);
		close(null);
		sigprocmask(SIG_SETMASK, &before, NULL);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	child = pid;
	while (pid > 0 && child == pid)
		sigsuspend(&before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid > 0 ? child_status : 126;
}

int main(void)
{
	struct sigaction action = {.sa_handler = reap, .sa_flags = SA_RESTART};
	static char line[4096];
	char *command;
	int status;

	sigaction(SIGCHLD, &action, NULL);
	printf("\n--up\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		command = strchr(line, ' ');
		if (!command)
			continue;
		*command++ = '\0';
		status = 0;
		if (!strcmp(command, "!census"))
			census(stdout);
		else
			status = run_shell(command);
		printf("--%s %d\n", line, status);
		fflush(stdout);
	}
	return 0;
}
