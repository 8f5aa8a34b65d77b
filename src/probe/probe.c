/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The asking side: starts mmprobe, asks, takes answers in as they come, and kills what does not behave. */
#include "probe/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe/wire.h"

/* An event loop's turn ends after so many reads of one pipe's content (64 KiB): others wait, too. */
#define READS_MAX 128

/* So long a child that was killed is waited for. It takes a millisecond, or, held up in the kernel, for ever. */
#define END_WAIT_MS 1000

struct child {
	pid_t pid;
	struct child *next;
};

/* Told to go, and not gone yet: reaped when the next one is started or ended. */
static struct child *left;

struct mm_probe {
	struct child *child; /* NULL: gone, or on its way */
	int ask_fd, answer_fd;
	bool is_asked, with_processes;
	bool has_answered; /* once: the bootstrap is over */
	bool has_ended;	   /* between two answers */
	uint64_t begun_ms; /* asked for the first time */
	uint64_t asked_ms;
	uint8_t header[MM_WIRE_HEADER_SIZE];
	uint8_t *buf; /* of the whole answer, as soon as its header is there */
	size_t have, length;
};

/* ---- its end ----------------------------------------------------------------------------------- */

/* Without the right to kill it (it is another user by then) this does nothing: it ends by itself with its input. */
static bool is_killed(const struct child *child)
{
	return kill(child->pid, SIGKILL) == 0;
}

static bool is_reaped(const struct child *child)
{
	pid_t r;

	while ((r = waitpid(child->pid, NULL, WNOHANG)) < 0 && errno == EINTR)
		;
	return r != 0;
}

static void end_left(void)
{
	struct child **at = &left;

	while (*at) {
		struct child *child = *at;

		(void)is_killed(child);
		if (is_reaped(child)) {
			*at = child->next;
			free(child);
		} else {
			at = &child->next;
		}
	}
}

/* Waits for it, but not for one that does not go: nobody who watches many guests hangs for one. */
static void end_child(struct mm_probe *probe)
{
	const struct timespec step = {.tv_nsec = 1000000};
	struct child *child = probe->child;
	int wait_ms;

	if (!child)
		return;
	probe->child = NULL;
	(void)close(probe->ask_fd);
	wait_ms = is_killed(child) ? END_WAIT_MS : 0;
	while (wait_ms-- > 0 && !is_reaped(child))
		(void)nanosleep(&step, NULL);
	if (wait_ms >= 0) {
		free(child);
		return;
	}
	child->next = left;
	left = child;
	end_left();
}

/* ---- starting it ------------------------------------------------------------------------------- */

/* The folder of the running program, with room for the name behind it. */
static int own_folder(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	if (n < 0)
		return -errno;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash)
		return -ENOENT;
	slash[1] = '\0';
	return 0;
}

static int find_program(char *path, size_t size)
{
	const char *told = secure_getenv("XENMM_PROBE");
	size_t len;

	if (told) {
		if (snprintf(path, size, "%s", told) >= (int)size)
			return -ENAMETOOLONG;
		return access(path, X_OK) == 0 ? 0 : -ENOENT;
	}
	if (own_folder(path, size) == 0) {
		len = strlen(path);
		if (snprintf(path + len, size - len, "mmprobe") < (int)(size - len) &&
			access(path, X_OK) == 0)
			return 0;
	}
	snprintf(path, size, "%s/mmprobe", XENMM_LIBEXEC);
	return access(path, X_OK) == 0 ? 0 : -ENOENT;
}

/*
 * In the child: the two pipes, nothing else of ours, no environment. Its complaints go nowhere: a child that a guest has taken
 * over must not write to our log or terminal.
 */
static _Noreturn void become_child(const char *path, char **argv, int ask_fd, int answer_fd)
{
	static char *const no_environment[] = {NULL};
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	/* First out of the way of 0 to 2, which may be closed in the parent. */
	ask_fd = fcntl(ask_fd, F_DUPFD, 3);
	answer_fd = fcntl(answer_fd, F_DUPFD, 3);
	if (null < 0 || dup2(ask_fd, STDIN_FILENO) < 0 || dup2(answer_fd, STDOUT_FILENO) < 0 ||
		dup2(null, STDERR_FILENO) < 0 || close_range(3, ~0u, 0) < 0)
		_exit(127);
	execve(path, argv, no_environment);
	_exit(127);
}

static void close_pipe(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

/* The parent's ends, to be kept; the child has its own. */
static int fork_child(struct mm_probe *probe, const char *path, char **argv)
{
	int ask[2] = {-1, -1}, answer[2] = {-1, -1};
	int r = 0;

	if (pipe2(ask, O_CLOEXEC) < 0 || pipe2(answer, O_CLOEXEC) < 0 ||
		fcntl(ask[1], F_SETFL, O_NONBLOCK) < 0 || fcntl(answer[0], F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	else if ((probe->child->pid = fork()) < 0)
		r = -errno;
	if (r < 0) {
		close_pipe(ask);
		close_pipe(answer);
		return r;
	}
	if (probe->child->pid == 0)
		become_child(path, argv, ask[0], answer[1]);
	(void)close(ask[0]);
	(void)close(answer[1]);
	probe->ask_fd = ask[1];
	probe->answer_fd = answer[0];
	return 0;
}

int mm_probe_start(const struct mm_probe_target *target, struct mm_probe **ret_probe)
{
	char path[PATH_MAX], number[32];
	char *of_domain[] = {path, number, NULL};
	char *of_file[] = {path, "--memory", NULL, "--below", number, NULL};
	struct mm_probe *probe;
	int r = find_program(path, sizeof(path));

	if (r < 0)
		return r;
	/* --below takes KiB; UINT64_MAX, no hole, is the word "none". */
	if (!target->file)
		snprintf(number, sizeof(number), "%" PRIu32, target->domid);
	else if (target->below == UINT64_MAX)
		snprintf(number, sizeof(number), "none");
	else
		snprintf(number, sizeof(number), "%" PRIu64, target->below / 1024);
	of_file[2] = (char *)target->file;
	if (target->file && target->below == 0)
		of_file[3] = NULL;
	probe = calloc(1, sizeof(*probe));
	if (!probe)
		return -ENOMEM;
	end_left();
	probe->child = calloc(1, sizeof(*probe->child));
	r = probe->child ? fork_child(probe, path, target->file ? of_file : of_domain) : -ENOMEM;
	if (r == 0) {
		*ret_probe = probe;
		return 0;
	}
	free(probe->child);
	free(probe);
	return r;
}

static int give_up(struct mm_probe *probe, int error)
{
	end_child(probe);
	probe->is_asked = false;
	return error;
}

void mm_probe_free(struct mm_probe *probe)
{
	if (!probe)
		return;
	end_child(probe);
	(void)close(probe->answer_fd);
	free(probe->buf);
	free(probe);
}

/* ---- asking ------------------------------------------------------------------------------------ */

int mm_probe_fd(const struct mm_probe *probe)
{
	return probe->answer_fd;
}

uint64_t mm_probe_deadline(const struct mm_probe *probe)
{
	if (!probe->is_asked)
		return UINT64_MAX;
	return probe->asked_ms + (probe->has_answered ? MM_PROBE_SAMPLE_MS : MM_PROBE_BOOTSTRAP_MS);
}

/* To a child that is gone, writing raises SIGPIPE, which the program may not have ignored. */
static ssize_t write_quietly(int fd, const void *buf, size_t len)
{
	struct timespec now = {0};
	sigset_t pipe, before, pending;
	ssize_t n;
	int error;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	(void)sigprocmask(SIG_BLOCK, &pipe, &before);
	n = write(fd, buf, len);
	error = errno;
	if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
		(void)sigtimedwait(&pipe, NULL, &now);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return n;
}

bool mm_probe_is_worn(const struct mm_probe *probe, uint64_t now_ms)
{
	return probe->has_ended && now_ms >= probe->begun_ms + MM_PROBE_STEADY_MS;
}

int mm_probe_ask(struct mm_probe *probe, bool with_processes, uint64_t now_ms)
{
	uint8_t question[MM_WIRE_QUESTION_SIZE];

	if (probe->is_asked)
		return -EBUSY;
	if (!probe->child)
		return -EPIPE;
	mm_wire_write_question(question, with_processes);
	/* Shorter than PIPE_BUF: all or nothing. */
	if (write_quietly(probe->ask_fd, question, sizeof(question)) != (ssize_t)sizeof(question)) {
		probe->has_ended = probe->has_answered;
		return give_up(probe, -EPIPE);
	}
	if (!probe->has_answered)
		probe->begun_ms = now_ms;
	probe->is_asked = true;
	probe->with_processes = with_processes;
	probe->asked_ms = now_ms;
	probe->have = 0;
	return 0;
}

/* The part of the answer that comes next. */
static size_t next_part(struct mm_probe *probe, uint8_t **ret_at)
{
	if (probe->have < MM_WIRE_HEADER_SIZE) {
		*ret_at = probe->header + probe->have;
		return MM_WIRE_HEADER_SIZE - probe->have;
	}
	*ret_at = probe->buf + probe->have;
	return probe->length - probe->have;
}

static int take_header(struct mm_probe *probe)
{
	uint8_t *buf;

	if (mm_wire_length(probe->header, &probe->length) < 0)
		return -EPROTO;
	if (probe->length > MM_WIRE_HEADER_SIZE && !probe->with_processes)
		return -EPROTO; /* not what was asked */
	buf = realloc(probe->buf, probe->length);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, probe->header, MM_WIRE_HEADER_SIZE);
	probe->buf = buf;
	return 0;
}

static bool is_whole(const struct mm_probe *probe)
{
	return probe->have >= MM_WIRE_HEADER_SIZE && probe->have == probe->length;
}

/* Returns 0 when the answer is whole, -EAGAIN, or why there will be none. */
static int take_in(struct mm_probe *probe)
{
	for (int i = 0; i < READS_MAX && !is_whole(probe); i++) {
		uint8_t *at;
		size_t size = next_part(probe, &at);
		ssize_t n = read(probe->answer_fd, at, size);
		int r;

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? -EAGAIN : -EPIPE;
		if (n == 0)
			return -EPIPE;
		if (!probe->is_asked)
			return -EPROTO; /* it speaks unasked */
		probe->have += (size_t)n;
		if (probe->have == MM_WIRE_HEADER_SIZE) {
			r = take_header(probe);
			if (r < 0)
				return r;
		}
	}
	return is_whole(probe) ? 0 : -EAGAIN;
}

static int finish(struct mm_probe *probe, uint64_t now_ms, struct mm_sample *ret_sample)
{
	struct mm_sample sample;
	int r = mm_wire_read(probe->buf, probe->length, &sample);

	if (r < 0)
		return give_up(probe, r);
	probe->is_asked = false;
	probe->has_answered = true;
	probe->have = 0;
	free(probe->buf); /* it may be 6 MB, once */
	probe->buf = NULL;
	/* Its clock is ours, but its word is not to be trusted. */
	if (sample.taken_ms < probe->asked_ms)
		sample.taken_ms = probe->asked_ms;
	if (sample.taken_ms > now_ms)
		sample.taken_ms = now_ms;
	*ret_sample = sample;
	if (sample.reason != MM_VMI_OK)
		end_child(probe);
	return 0;
}

int mm_probe_read(struct mm_probe *probe, uint64_t now_ms, struct mm_sample *ret_sample)
{
	int r;

	if (!probe->child)
		return -EPIPE;
	r = take_in(probe);
	if (r == 0)
		return finish(probe, now_ms, ret_sample);
	probe->has_ended = r == -EPIPE && probe->has_answered && !probe->is_asked;
	if (r != -EAGAIN)
		return give_up(probe, r);
	return now_ms >= mm_probe_deadline(probe) ? give_up(probe, -ETIMEDOUT) : -EAGAIN;
}
