/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "read_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTION ((size_t)65536)

/* Appends the next portion to *text. Returns 1, 0 at the end, or -errno. */
static int read_more(FILE *in, size_t max, char **text, size_t *len)
{
	char *grown = realloc(*text, *len + PORTION);
	size_t got;

	if (!grown)
		return -ENOMEM;
	*text = grown;
	errno = 0;
	got = fread(grown + *len, 1, PORTION, in);
	if (ferror(in))
		return errno ? -errno : -EIO;
	*len += got;
	if (*len > max)
		return -EFBIG;
	return got > 0;
}

int mm_read_file(
	const char *path, size_t max, char **ret_text, size_t *ret_len, char *err, size_t err_size)
{
	FILE *in = fopen(path, "re");
	char *text = NULL;
	size_t len = 0;
	int r;

	if (!in) {
		r = -errno;
		snprintf(err, err_size, "%s: %s", path, strerror(-r));
		return r;
	}
	do
		r = read_more(in, max, &text, &len);
	while (r > 0);
	fclose(in);
	if (r < 0) {
		snprintf(err, err_size, "%s: %s", path, strerror(-r));
		free(text);
		return r;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}
