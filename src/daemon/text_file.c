/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int read_all(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	char *text = malloc(max + 1);
	size_t len = 0;
	ssize_t got;

	if (!text)
		return -ENOMEM;
	while (len <= max && (got = read(fd, text + len, max + 1 - len)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			int r = -errno;

			free(text);
			return r;
		}
		len += (size_t)got;
	}
	if (len > max) {
		free(text);
		return -EFBIG;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int mm_text_file_read(
	const char *path, size_t max, char **ret_text, size_t *ret_len, struct stat *ret_stat)
{
	/* A FIFO without a writer must not hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r;

	if (fd < 0)
		return -errno;
	if (fstat(fd, ret_stat))
		r = -errno;
	else if (S_ISDIR(ret_stat->st_mode))
		r = -EISDIR;
	else if (!S_ISREG(ret_stat->st_mode) && !S_ISCHR(ret_stat->st_mode))
		r = -EINVAL;
	else
		r = read_all(fd, max, ret_text, ret_len);
	close(fd);
	return r;
}

const char *mm_text_file_error(int error)
{
	return error == -EINVAL ? "not a regular file" : strerror(-error);
}
