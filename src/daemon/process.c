/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <string.h>
#include <unistd.h>

void mm_process_raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE,
		&limit); /* without it there are fewer data logs, which is reported */
}

void mm_process_open_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

void mm_process_host_name(char *buf, size_t size)
{
	buf[size - 1] = '\0'; /* a name that is longer comes without an end */
	if (gethostname(buf, size - 1) ||
		!strcmp(buf, "(none)")) /* Linux' word for a name that was never set */
		buf[0] = '\0';
	for (char *c = buf; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?'; /* what is no text would make an answer no JSON */
}
