/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scenario and trace files are read whole, up to a bound. */
#ifndef XENMM_READ_FILE_H
#define XENMM_READ_FILE_H

#include <stddef.h>

/*
 * Reads a file of at most `max` bytes; *ret_text is the caller's to free. Returns 0 or -errno, -EFBIG above
 * the bound; err then holds one line for people.
 */
int mm_read_file(
	const char *path, size_t max, char **ret_text, size_t *ret_len, char *err, size_t err_size);

#endif
