/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is this a dom0, may we act in it, and are we the only one? */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xen_private.h"

#define CAPABILITIES "/proc/xen/capabilities"
#define PRIVCMD	     "/dev/xen/privcmd"
#define PRIVCMD_OLD  "/proc/xen/privcmd"
#define LOCK_DIR     "/run/xenmm"
#define LOCK_FILE    LOCK_DIR "/mmserver.lock"

/* Reads the first bytes of a file, terminated. Returns false if it cannot be read. */
static bool read_start(int fd, char *buf, size_t size)
{
	ssize_t n = fd < 0 ? -1 : pread(fd, buf, size - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

int mm_place_check(char *err, size_t err_size)
{
	char text[128];
	int fd = open(CAPABILITIES, O_RDONLY | O_CLOEXEC);
	bool is_dom0 = read_start(fd, text, sizeof(text)) && strstr(text, "control_d");

	if (fd >= 0)
		close(fd);
	if (!is_dom0) {
		snprintf(err, err_size, "not in a Xen dom0: no control_d in %s%s", CAPABILITIES,
			fd < 0 && access("/proc/xen", F_OK) == 0
				? " (is xenfs mounted on /proc/xen?)"
				: "");
		return -ENODEV;
	}
	if (access(PRIVCMD, R_OK | W_OK) < 0 && access(PRIVCMD_OLD, R_OK | W_OK) < 0) {
		int error = errno == ENOENT ? ENODEV : EPERM;

		snprintf(err, err_size, "cannot use %s: %s%s", PRIVCMD, strerror(errno),
			error == EPERM ? " (must be root)" : "");
		return -error;
	}
	return 0;
}

static int write_pid(int fd)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len)
		return -EIO;
	return 0;
}

int mm_place_lock(int *ret_fd, char *err, size_t err_size)
{
	char holder[32];
	int fd, error;

	if (mkdir(LOCK_DIR, 0755) < 0 && errno != EEXIST) {
		error = errno;
		snprintf(err, err_size, "cannot make %s: %s", LOCK_DIR, strerror(error));
		return -error;
	}
	fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		error = errno;
		snprintf(err, err_size, "cannot open %s: %s", LOCK_FILE, strerror(error));
		return -error;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		error = errno == EWOULDBLOCK ? EBUSY : errno;
		read_start(fd, holder, sizeof(holder));
		holder[strcspn(holder, "\n")] = '\0';
		if (error == EBUSY)
			snprintf(err, err_size, "another mmserver runs on this host (process %s)",
				holder[0] ? holder : "unknown");
		else
			snprintf(err, err_size, "cannot lock %s: %s", LOCK_FILE, strerror(error));
		close(fd);
		return -error;
	}
	(void)write_pid(fd); /* for people; the lock is what counts */
	*ret_fd = fd;
	return 0;
}
