/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding libxl's save and restore helpers among dom0's processes. See saving.h. */
#include "saving.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "xenmm/units.h"

#define LOOK_MS	       1000u
#define LOOK_URGENT_MS 200u

/* Up to so many new processes are looked up by number; for more the directory is read. */
#define PROBE_MAX 256

#define PID_LIMIT   (1 << 22) /* the kernel's own */
#define CMDLINE_MAX 512
#define STATUS_MAX  512 /* the line wanted is the ninth */
#define HELPER	    "libxl-save-helper"
#define ARG_MODE    1 /* --save-domain or --restore-domain */
#define ARG_DOMID   4 /* behind two file descriptors */
#define ARGS_WANTED 5

/* Splits len bytes into the first ARGS_WANTED strings; false if there are fewer. */
static bool split_args(const char *cmdline, size_t len, const char *args[ARGS_WANTED])
{
	size_t at = 0;

	for (int i = 0; i < ARGS_WANTED; i++) {
		const char *end = at < len ? memchr(cmdline + at, '\0', len - at) : NULL;

		if (!end)
			return false;
		args[i] = cmdline + at;
		at = (size_t)(end - cmdline) + 1;
	}
	return true;
}

bool mm_helper_parse(const char *cmdline, size_t len, struct mm_helper *ret_helper)
{
	const char *args[ARGS_WANTED], *slash;
	bool is_restore;
	uint64_t domid;

	if (!split_args(cmdline, len, args))
		return false;
	slash = strrchr(args[0], '/');
	if (strcmp(slash ? slash + 1 : args[0], HELPER))
		return false;
	is_restore = !strcmp(args[ARG_MODE], "--restore-domain");
	if (!is_restore && strcmp(args[ARG_MODE], "--save-domain"))
		return false;
	if (mm_parse_u64(args[ARG_DOMID], strlen(args[ARG_DOMID]), UINT32_MAX, &domid) < 0)
		return false;
	ret_helper->domid = (uint32_t)domid;
	ret_helper->is_restore = is_restore;
	return true;
}

/*
 * Reads a small file below root; returns the number of bytes, 0 when it is not there. buf is
 * terminated.
 */
static size_t read_small(const char *root, const char *name, char *buf, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", root, name) >= (int)sizeof(path))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/*
 * Anybody can call a process what he likes, so only root's count. The owner of a process's files does
 * not tell: they are root's, too, when the process is not dumpable, or runs a program that is setuid.
 * Real, effective, saved and file system user must all be root.
 */
static bool is_of_root(const char *root, int pid)
{
	char name[32], status[STATUS_MAX];

	snprintf(name, sizeof(name), "%d/status", pid);
	return read_small(root, name, status, sizeof(status)) &&
	       strstr(status, "\nUid:\t0\t0\t0\t0\n");
}

static bool read_helper(const char *root, int pid, struct mm_helper *ret_helper)
{
	char name[32], cmdline[CMDLINE_MAX];
	size_t len;

	snprintf(name, sizeof(name), "%d/cmdline", pid);
	len = read_small(root, name, cmdline, sizeof(cmdline));
	ret_helper->pid = pid;
	return len && mm_helper_parse(cmdline, len, ret_helper) && is_of_root(root, pid);
}

static void note_if_helper(struct mm_saving *saving, const char *root, int pid)
{
	struct mm_helper helper;

	if (saving->count == MM_HELPERS_MAX)
		return;
	for (size_t i = 0; i < saving->count; i++)
		if (saving->helpers[i].pid == pid)
			return;
	if (read_helper(root, pid, &helper))
		saving->helpers[saving->count++] = helper;
}

/* Drops the helpers that have ended. */
static void check_known(struct mm_saving *saving, const char *root)
{
	size_t kept = 0;

	for (size_t i = 0; i < saving->count; i++) {
		struct mm_helper helper;

		if (read_helper(root, saving->helpers[i].pid, &helper))
			saving->helpers[kept++] = helper;
	}
	saving->count = kept;
}

static void search_all(struct mm_saving *saving, const char *root)
{
	DIR *dir = opendir(root);
	const struct dirent *entry;
	uint64_t pid;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!mm_parse_u64(entry->d_name, strlen(entry->d_name), PID_LIMIT, &pid))
			note_if_helper(saving, root, (int)pid);
	closedir(dir);
}

/* The number of the process that was made last: the fifth word of loadavg. 0 unknown. */
static int last_pid(const char *root)
{
	char line[128], *word;
	uint64_t pid;

	if (!read_small(root, "loadavg", line, sizeof(line)))
		return 0;
	line[strcspn(line, "\n")] = '\0';
	word = strrchr(line, ' ');
	if (!word || mm_parse_u64(word + 1, strlen(word + 1), PID_LIMIT, &pid) < 0)
		return 0;
	return (int)pid;
}

void mm_saving_look(struct mm_saving *saving, const char *root, uint64_t now_ms, bool is_urgent)
{
	int last;

	if (saving->looked_ms &&
		now_ms - saving->looked_ms < (is_urgent ? LOOK_URGENT_MS : LOOK_MS))
		return;
	last = last_pid(root);
	check_known(saving, root);
	/*
	 * What was new at the last look is looked at once more: it may have been between fork and
	 * exec then. Numbers wrap around; then, and at first, all are searched.
	 */
	if (!saving->looked_ms || !last || last < saving->before_pid ||
		last - saving->before_pid > PROBE_MAX)
		search_all(saving, root);
	else
		for (int pid = saving->before_pid + 1; pid <= last; pid++)
			note_if_helper(saving, root, pid);
	saving->before_pid = saving->seen_pid;
	saving->seen_pid = last;
	saving->looked_ms = now_ms;
}

const struct mm_helper *mm_saving_find(const struct mm_saving *saving, uint32_t domid)
{
	for (size_t i = 0; i < saving->count; i++)
		if (saving->helpers[i].domid == domid)
			return &saving->helpers[i];
	return NULL;
}
