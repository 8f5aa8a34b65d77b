/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * agent: the lab's hand inside a guest (no part of the product). It sleeps in a xenstore watch, so
 * an idle guest costs nothing. dom0 writes "SEQ COMMAND" to data/lab/req (see ../dom0/gx.c); the
 * agent runs COMMAND with sh, leaves the last bytes of its output in data/lab/out and "SEQ STATUS"
 * in data/lab/rc. The command "!stat" is answered from here, with memstat.h's line and no fork, so
 * that a guest that is short of memory can still be asked. "!census WORD" likewise: the list of
 * processes goes to the console, between lines "census WORD" and "census WORD done".
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xenstore.h>

#include "../../vmi/inside/census.h"
#include "memstat.h"

/* A C xenstored node holds 2048 bytes together with its permissions. */
enum { OUT_MAX = 1900 };

struct reply {
	char text[OUT_MAX];
	size_t len;
	int status;
};

static void put(struct xs_handle *xs, const char *path, const char *data, size_t len)
{
	if (!xs_write(xs, XBT_NULL, path, data, (unsigned int)len))
		perror(path);
}

/* Keeps the last OUT_MAX bytes. */
static void keep_tail(struct reply *r, const char *data, size_t len)
{
	if (len > OUT_MAX) {
		data += len - OUT_MAX;
		len = OUT_MAX;
	}
	if (r->len + len > OUT_MAX) {
		size_t drop = r->len + len - OUT_MAX;

		memmove(r->text, r->text + drop, r->len - drop);
		r->len -= drop;
	}
	memcpy(r->text + r->len, data, len);
	r->len += len;
}

static void set_oom_score(const char *score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, score, strlen(score)) < 0)
		perror("agent: oom_score_adj");
	close(fd);
}

/* popen would hand the agent's own protection from the OOM killer on to the command. */
static void run_shell(const char *command, struct reply *r)
{
	char chunk[1024];
	int pipefd[2], status;
	ssize_t got;
	pid_t pid;

	if (pipe(pipefd) || (pid = fork()) < 0) {
		r->status = 126;
		return;
	}
	if (pid == 0) {
		set_oom_score("0");
		dup2(pipefd[1], 1);
		dup2(pipefd[1], 2);
		close(pipefd[0]);
		close(pipefd[1]);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(pipefd[1]);
	while ((got = read(pipefd[0], chunk, sizeof(chunk))) > 0)
		keep_tail(r, chunk, (size_t)got);
	close(pipefd[0]);
	waitpid(pid, &status, 0);
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The list is too long for a node of xenstore. */
static void census_to_console(const char *word, struct reply *r)
{
	FILE *console = fopen("/dev/console", "w");

	r->status = console ? 0 : 1;
	if (!console)
		return;
	fprintf(console, "census %s\n", word);
	census(console);
	fprintf(console, "census %s done\n", word);
	fclose(console);
}

/*
 * One request; `last` is the sequence already answered, so that a watch that fires twice runs a
 * command once.
 */
static void serve(struct xs_handle *xs, char *last, size_t last_size)
{
	static struct reply r;
	unsigned int len;
	char *req = xs_read(xs, XBT_NULL, "data/lab/req", &len), *command, rc[80];

	command = req ? strchr(req, ' ') : NULL;
	if (!command || (size_t)(command - req) >= last_size) {
		free(req);
		return;
	}
	*command++ = '\0';
	if (strcmp(req, last) != 0) {
		strcpy(last, req);
		r.len = 0;
		r.status = 0;
		if (!strcmp(command, "!stat"))
			r.len = (size_t)memstat_line(r.text, sizeof(r.text));
		else if (!strncmp(command, "!census ", 8))
			census_to_console(command + 8, &r);
		else
			run_shell(command, &r);
		put(xs, "data/lab/out", r.text, r.len);
		put(xs, "data/lab/rc", rc,
			(size_t)snprintf(rc, sizeof(rc), "%s %d", last, r.status));
	}
	free(req);
}

int main(void)
{
	char last[64] = "", up[64];
	struct xs_handle *xs = xs_open(0);

	if (!xs || !xs_watch(xs, "data/lab/req", "r")) {
		perror("agent: xenstore");
		return 1;
	}
	set_oom_score("-1000");
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		perror("agent: mlockall");
	memstat_slurp("/proc/uptime", up, sizeof(up));
	put(xs, "data/lab/up", up, strcspn(up, " \n"));
	for (;;) {
		unsigned int count;
		char **event = xs_read_watch(xs, &count);

		if (!event) {
			usleep(100 * 1000);
			continue;
		}
		free(event);
		serve(xs, last, sizeof(last));
	}
}
