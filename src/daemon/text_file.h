/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small files of the administrator, as a whole. */
#ifndef XENMM_TEXT_FILE_H
#define XENMM_TEXT_FILE_H

#include <stddef.h>
#include <sys/stat.h>

/*
 * Reads a regular file or a device such as /dev/null; never waits for a FIFO's writer. *ret_text is the caller's to free and
 * not terminated; *ret_stat is of what was read. Returns 0; -EINVAL: another kind of file; -EFBIG: more than `max` bytes;
 * or -errno.
 */
int mm_text_file_read(
	const char *path, size_t max, char **ret_text, size_t *ret_len, struct stat *ret_stat);

/* What such an error of `path` is called. */
const char *mm_text_file_error(int error);

#endif
