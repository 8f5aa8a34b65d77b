/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"

#define PATH_BYTES 4096

/* As systemd's own units for what must not be killed; -1000 would exempt us even from our own leak. */
#define OOM_SCORE_ADJ "-900"

/* The first xenmm's init script did the same. */
#define NICE -10

/* Writes root + path to buf; false when it does not fit. */
static bool join(char *buf, const char *root, const char *path)
{
	int len = snprintf(buf, PATH_BYTES, "%s%s", root, path);

	return len > 0 && len < PATH_BYTES;
}

bool mm_guest_is_xen(const char *root)
{
	static const char *const signs[] = {"/proc/xen", "/dev/xen/xenbus", "/proc/xen/xenbus"};
	char path[PATH_BYTES];
	char type[4] = "";
	int fd;

	if (join(path, root, "/sys/hypervisor/type")) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			ssize_t n = read(fd, type, 3);

			(void)close(fd);
			if (n == 3 && memcmp(type, "xen", 3) == 0)
				return true;
		}
	}
	/* Linux makes /proc/xen only in a Xen domain, whether or not anything is mounted there. */
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (join(path, root, signs[i]) && access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static int arm_trigger(const char *path, const char *trigger)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0)
		return -errno;
	if (write(fd, trigger, strlen(trigger) + 1) < 0) { /* the kernel eats the last byte */
		r = -errno;
		(void)close(fd);
		return r;
	}
	return fd;
}

int mm_guest_open_trigger(const char *root)
{
	/*
	 * 5 % of the shortest window the kernel takes: in half a second a guest can swap out
	 * thousands of pages. Without privilege only windows of whole 2 s are allowed (Linux 6.5).
	 */
	static const char *const triggers[] = {"some 25000 500000", "some 100000 2000000"};
	int r = -ENOTSUP;

	/* Whoever made the folder may have put any file there, or a link to one. */
	if (root[0] != '\0')
		return r;
	for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
		r = arm_trigger("/proc/pressure/memory", triggers[i]);
		if (r >= 0)
			break;
	}
	return r;
}

static void lower_oom_score(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, OOM_SCORE_ADJ, strlen(OOM_SCORE_ADJ)) < 0)
		mm_log(MM_LOG_DEBUG, "cannot lower the OOM score: %s", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
}

void mm_guest_protect_self(void)
{
	/* ONFAULT: lock what is used, not every page that is mapped (that would treble our size). */
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		mm_log(MM_LOG_DEBUG, "cannot lock memory: %s", strerror(errno));
	lower_oom_score();
	if (setpriority(PRIO_PROCESS, 0, NICE) < 0)
		mm_log(MM_LOG_DEBUG, "cannot raise the priority: %s", strerror(errno));
}
