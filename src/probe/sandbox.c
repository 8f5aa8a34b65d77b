/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

/* ---- limits ------------------------------------------------------------------------------------ */

/* Reads a small file of numbers; the first one. */
static int read_number(const char *path, long *ret_value)
{
	char text[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	*ret_value = strtol(text, NULL, 10);
	return 0;
}

/*
 * When dom0 runs out of memory, a look into a guest is what it can do without best. mmserver, which may be our parent, is
 * protected, and we have inherited that. Where /proc is not there or read-only we go on without.
 */
static void offer_to_oom_killer(void)
{
	static const char path[] = "/proc/self/oom_score_adj";
	char text[32];
	long score;
	int fd;

	if (read_number(path, &score) < 0)
		return;
	score = (score > 0 ? score : 0) + 500;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	snprintf(text, sizeof(text), "%ld", score < 1000 ? score : 1000);
	(void)!write(fd, text, strlen(text));
	(void)close(fd);
}

static int limit(__rlimit_resource_t resource, rlim_t value)
{
	struct rlimit both = {value, value};
	struct rlimit now;

	if (getrlimit(resource, &now) < 0)
		return -errno;
	if (now.rlim_max < value) /* it is narrower already */
		both.rlim_cur = both.rlim_max = now.rlim_max;
	return setrlimit(resource, &both) < 0 ? -errno : 0;
}

static int limit_memory(void)
{
	long pages;
	int r;

	if (HAS_SANITIZER) /* it reserves terabytes */
		return 0;
	r = read_number("/proc/self/statm", &pages);
	if (r < 0)
		return r;
	return limit(RLIMIT_AS, (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) +
					((rlim_t)MM_SANDBOX_MEMORY_MIB << 20));
}

static int limit_all(void)
{
	static const struct {
		__rlimit_resource_t resource;
		rlim_t value;
	} limits[] = {
		{RLIMIT_CORE, 0}, /* what is in here belongs to a guest */
		{RLIMIT_FSIZE, 0},
		{RLIMIT_NOFILE, 0}, /* no new ones */
		{RLIMIT_CPU, MM_SANDBOX_CPU_S},
	};
	int r = limit_memory();

	for (size_t i = 0; r == 0 && i < sizeof(limits) / sizeof(limits[0]); i++)
		r = limit(limits[i].resource, limits[i].value);
	return r;
}

/* ---- rights ------------------------------------------------------------------------------------ */

/* EINVAL: a user namespace that does not know the number. */
static bool is_denied(int result)
{
	return result < 0 && (errno == EPERM || errno == EINVAL);
}

static int drop_user(void)
{
	int r = setgroups(0, NULL);

	if (r < 0 && !is_denied(r))
		return -errno;
	r = setresgid(MM_SANDBOX_UID, MM_SANDBOX_UID, MM_SANDBOX_UID);
	if (r < 0 && !is_denied(r))
		return -errno;
	r = setresuid(MM_SANDBOX_UID, MM_SANDBOX_UID, MM_SANDBOX_UID);
	if (r < 0)
		return is_denied(r) ? 0 : -errno;
	return setresuid(0, 0, 0) == 0 ? -EPERM : 0; /* no way back */
}

/* A root that could not become another user still loses what makes root mighty. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

/* Our parent's end is ours. After the change of user, which undoes it. */
static int set_process_flags(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

/* ---- system calls ------------------------------------------------------------------------------ */

static const int plain_calls[] = {
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(clock_gettime), /* of the CPU time: not in the vDSO */
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), /* libxenforeignmemory waits for paged-out pages */
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#if HAS_SANITIZER
	SCMP_SYS(futex),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(mprotect),
	SCMP_SYS(prctl),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack),
#endif
};

static int allow_plain(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

/* Memory may be had, but not to be executed; what is not our own, the guest's, only to be read. */
static int allow_memory(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, 0));

	if (r < 0)
		return r;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
		SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
		SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
}

static int allow_pipes(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(
		filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, SCMP_A0(SCMP_CMP_EQ, STDIN_FILENO, 0));

	if (r < 0)
		return r;
	return seccomp_rule_add(
		filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_EQ, STDOUT_FILENO, 0));
}

static int allow_back_end(scmp_filter_ctx filter, const struct mm_sandbox *needs)
{
	static const int file_calls[] = {SCMP_SYS(pread64), SCMP_SYS(lseek)};
	int r = 0;

	for (size_t i = 0; r == 0 && i < needs->ioctl_count; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_EQ, needs->ioctls[i], 0));
	if (r == 0 && needs->reads_file)
		r = allow_plain(filter, file_calls, sizeof(file_calls) / sizeof(file_calls[0]));
	return r;
}

static int filter_calls(const struct mm_sandbox *needs)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (!filter)
		return -ENOMEM;
	r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = allow_plain(filter, plain_calls, sizeof(plain_calls) / sizeof(plain_calls[0]));
	if (r == 0)
		r = allow_memory(filter);
	if (r == 0)
		r = allow_pipes(filter);
	if (r == 0)
		r = allow_back_end(filter, needs);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

/* ------------------------------------------------------------------------------------------------ */

static int compare_bytes(const void *a, const void *b)
{
	return *(const unsigned char *)a - *(const unsigned char *)b;
}

/* glibc's qsort() asks once for the machine's memory, by a call or a file; here that is still allowed. */
static void warm_up_qsort(void)
{
	unsigned char bytes[4096] = {1};

	qsort(bytes, sizeof(bytes), 1, compare_bytes);
}

int mm_sandbox_enter(const struct mm_sandbox *needs)
{
	int r;

	(void)clearenv();
	warm_up_qsort();
	offer_to_oom_killer();
	r = limit_all();
	if (r == 0)
		r = drop_user();
	if (r == 0)
		r = drop_capabilities();
	if (r == 0)
		r = set_process_flags();
	return r == 0 ? filter_calls(needs) : r;
}
