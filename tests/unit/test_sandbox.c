/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmprobe's sandbox: what works in it, what kills, and what the kernel says of a process in it. */
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe/sandbox.h"

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

static const unsigned long allowed_ioctls[] = {FIONREAD};
static const struct mm_sandbox of_domain = {.ioctls = allowed_ioctls, .ioctl_count = 1};
static const struct mm_sandbox of_file = {.reads_file = true};

/* Exit statuses of the child; what kills it ends by a signal instead. */
enum { WORKED, FAILED, NOT_CLOSED };

static int other_fd; /* open since before, neither 0 nor 1 */

/* Does something in the sandbox; returns its wait status. */
static int try_it(const struct mm_sandbox *needs, bool (*action)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (mm_sandbox_enter(needs) < 0)
			_exit(NOT_CLOSED);
		_exit(action() ? WORKED : FAILED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* ---- what a look takes ------------------------------------------------------------------------- */

static bool do_nothing(void)
{
	return true;
}

static bool use_memory(void)
{
	char *large = malloc(32 << 20), *small = malloc(100), *larger;

	if (!large || !small)
		return false;
	memset(large, 1, 32 << 20);
	larger = realloc(large, 64 << 20);
	free(small);
	free(larger);
	return larger != NULL;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static bool sort_much(void)
{
	size_t count = 200000;
	int *numbers = malloc(count * sizeof(*numbers));
	bool is_sorted = true;

	if (!numbers)
		return false;
	for (size_t i = 0; i < count; i++)
		numbers[i] = (int)(i * 7919 % count);
	qsort(numbers, count, sizeof(*numbers), compare);
	for (size_t i = 0; i < count; i++)
		is_sorted = is_sorted && numbers[i] == (int)i;
	free(numbers);
	return is_sorted;
}

static bool read_clocks(void)
{
	struct timespec ts;

	return clock_gettime(CLOCK_MONOTONIC, &ts) == 0 &&
	       clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == 0;
}

static bool use_pipes(void)
{
	char byte;

	return read(STDIN_FILENO, &byte, 0) == 0 && write(STDOUT_FILENO, &byte, 0) == 0;
}

static bool use_allowed_ioctl(void)
{
	int n;

	/* Not killed is all that is asked. */
	return ioctl(other_fd, FIONREAD, &n) == 0 || errno == ENOTTY;
}

static bool use_file(void)
{
	char byte;

	return lseek(other_fd, 0, SEEK_SET) == 0 && pread(other_fd, &byte, 1, 0) >= 0;
}

static void test_what_works(void **state)
{
	(void)state;
	assert_int_equal(try_it(&of_domain, do_nothing), 0);
	assert_int_equal(try_it(&of_domain, use_memory), 0);
	assert_int_equal(try_it(&of_domain, sort_much), 0);
	assert_int_equal(try_it(&of_domain, read_clocks), 0);
	assert_int_equal(try_it(&of_domain, use_pipes), 0);
	assert_int_equal(try_it(&of_domain, use_allowed_ioctl), 0);
	assert_int_equal(try_it(&of_file, use_file), 0);
}

/* ---- what a guest that took it over would like ------------------------------------------------- */

static bool open_file(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool execute(void)
{
	char *argv[] = {"true", NULL};

	return execve("/bin/true", argv, argv + 1) == 0;
}

static bool fork_child(void)
{
	return syscall(SYS_fork) >= 0;
}

static bool make_thread(void)
{
	return syscall(SYS_clone, CLONE_VM | SIGCHLD, NULL, NULL, NULL, 0) >= 0;
}

static bool use_other_ioctl(void)
{
	struct winsize size;

	return ioctl(other_fd, TIOCGWINSZ, &size) == 0;
}

static bool map_executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	       MAP_FAILED;
}

/* As the guest's memory could be, whose handle allows it. */
static bool map_writable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0) != MAP_FAILED;
}

static bool read_other(void)
{
	char byte;

	return read(other_fd, &byte, 1) >= 0;
}

static bool pread_other(void)
{
	char byte;

	return pread(other_fd, &byte, 1, 0) >= 0;
}

static bool write_other(void)
{
	return write(STDERR_FILENO, "", 0) == 0;
}

static bool duplicate(void)
{
	return dup(0) >= 0;
}

static bool kill_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static bool raise_limit(void)
{
	struct rlimit none = {0, 0};

	return syscall(SYS_prlimit64, 0, RLIMIT_CORE, &none, NULL) == 0;
}

static bool become_root(void)
{
	return setuid(0) == 0;
}

static bool unlink_file(void)
{
	return unlink("/nonexistent") == 0;
}

static bool trace_parent(void)
{
	return syscall(SYS_ptrace, 16, 1, 0, 0) == 0;
}

#ifdef __x86_64__
/* Numbers of 32-bit calls mean something else: 1 is write in one, exit in the other. */
static bool call_as_32_bit(void)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
	return result > 0;
}
#endif

static const struct {
	const char *name;
	bool (*action)(void);
} kills[] = {
	{"open", open_file},
	{"socket", make_socket},
	{"execve", execute},
	{"fork", fork_child},
	{"clone", make_thread},
	{"another ioctl", use_other_ioctl},
	{"executable memory", map_executable},
	{"map what is not our own to be written", map_writable},
	{"read of another descriptor", read_other},
	{"pread without a memory file", pread_other},
	{"write to another descriptor", write_other},
	{"dup", duplicate},
	{"kill", kill_parent},
	{"prlimit", raise_limit},
	{"setuid", become_root},
	{"unlink", unlink_file},
	{"ptrace", trace_parent},
#ifdef __x86_64__
	{"a 32-bit call", call_as_32_bit},
#endif
};

static void test_what_kills(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kills); i++) {
		int status = try_it(&of_domain, kills[i].action);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: not killed, status %#x", kills[i].name, status);
	}
}

/* The back ends do not get each other's calls. */
static void test_file_has_no_ioctl(void **state)
{
	int status = try_it(&of_file, use_allowed_ioctl);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* ---- limits and rights ------------------------------------------------------------------------- */

static bool use_too_much_memory(void)
{
	/* volatile: clang leaves out an allocation that nobody uses. */
	void *volatile large = malloc((size_t)(MM_SANDBOX_MEMORY_MIB + 1) << 20);

	return !large;
}

static void test_memory_ends(void **state)
{
	(void)state;
	if (IS_SANITIZED) /* it reserves terabytes */
		skip();
	assert_int_equal(try_it(&of_domain, use_too_much_memory), 0);
}

/* The value behind `key` in a file of /proc/PID, without its blanks in front; "" when it is not there. */
static void read_proc(pid_t pid, const char *file, const char *key, char *buf, size_t size)
{
	char path[64], line[256];
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	*buf = '\0';
	in = fopen(path, "r");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		snprintf(buf, size, "%s", line + strlen(key) + strspn(line + strlen(key), " \t"));
		buf[strcspn(buf, "\n")] = '\0';
		break;
	}
	(void)fclose(in);
}

static const struct {
	const char *file, *key, *value; /* a value that starts like this */
} facts[] = {
	{"status", "NoNewPrivs:", "1"},
	{"status", "Seccomp:", "2"},
	{"status", "CapEff:", "0000000000000000"},
	{"status", "CapPrm:", "0000000000000000"},
	{"limits", "Max core file size", "0 "},
	{"limits", "Max open files", "0 "},
	{"limits", "Max file size", "0 "},
	{"limits", "Max cpu time", "600 "},
};

static void check_facts(pid_t pid)
{
	char value[128];

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		read_proc(pid, facts[i].file, facts[i].key, value, sizeof(value));
		if (strncmp(value, facts[i].value, strlen(facts[i].value)) != 0)
			fail_msg("%s: '%s' instead of '%s'", facts[i].key, value, facts[i].value);
	}
}

/* A root that may become another user has become one, and left its groups. */
static void check_user(pid_t pid)
{
	char caps[32], value[128];

	read_proc(getpid(), "status", "CapEff:", caps, sizeof(caps));
	if (!(strtoull(caps, NULL, 16) & 1u << 7 /* CAP_SETUID */))
		return;
	read_proc(pid, "status", "Uid:", value, sizeof(value));
	assert_string_equal(value, "65534\t65534\t65534\t65534");
	read_proc(pid, "status", "Gid:", value, sizeof(value));
	assert_string_equal(value, "65534\t65534\t65534\t65534");
	read_proc(pid, "status", "Groups:", value, sizeof(value));
	assert_string_equal(value, "");
}

static void test_what_the_kernel_says(void **state)
{
	int to_child[2], from_child[2];
	char byte = 'x';
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(to_child), 0);
	assert_int_equal(pipe(from_child), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(to_child[1]);
		if (dup2(to_child[0], 0) < 0 || dup2(from_child[1], 1) < 0 ||
			mm_sandbox_enter(&of_domain) < 0 || write(1, &byte, 1) != 1)
			_exit(NOT_CLOSED);
		(void)!read(0, &byte, 1); /* until it was looked at */
		_exit(WORKED);
	}
	(void)close(from_child[1]);
	assert_int_equal(read(from_child[0], &byte, 1), 1);
	check_facts(pid);
	check_user(pid);
	(void)close(to_child[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)close(to_child[0]);
	(void)close(from_child[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_works),
		cmocka_unit_test(test_what_kills),
		cmocka_unit_test(test_file_has_no_ioctl),
		cmocka_unit_test(test_memory_ends),
		cmocka_unit_test(test_what_the_kernel_says),
	};

	other_fd = open("/dev/zero", O_RDWR);
	return other_fd > STDERR_FILENO ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
