/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What fuzz targets of formats that are read and written have in common. */
#ifndef XENMM_TESTS_FUZZ_FIXED_POINT_H
#define XENMM_TESTS_FUZZ_FIXED_POINT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * rewrite() reads a text and writes it anew; it returns the new text, to be freed, or NULL where the text is
 * refused. What is not refused must be read again, and written to the same text; aborts otherwise.
 */
static inline int fixed_point(const uint8_t *data, size_t size,
	char *(*rewrite)(const char *text, size_t size, size_t *ret_len))
{
	size_t once_len, twice_len;
	char *once = rewrite((const char *)data, size, &once_len);
	char *twice;

	if (!once)
		return 0;
	twice = rewrite(once, once_len, &twice_len);
	if (!twice || once_len != twice_len || memcmp(once, twice, once_len) != 0)
		abort();
	free(once);
	free(twice);
	return 0;
}

#endif
