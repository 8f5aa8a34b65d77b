/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Configuration files: any bytes either parse or are refused with a line and a reason; what parses is written, and
 * read back to the same text.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"
#include "fixed_point.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mm_config_file file;

/* Reads a file and writes it anew. Returns the text, to be freed, or NULL where it is refused. */
static char *rewrite(const char *text, size_t size, size_t *ret_len)
{
	struct mm_ini_fault fault = {.line = 0};
	char *again = NULL;
	FILE *out;

	if (mm_config_file_parse(text, size, NULL, &file, &fault) < 0) {
		if (!fault.line || !*fault.text || strchr(fault.text, '\n'))
			abort();
		return NULL;
	}
	out = open_memstream(&again, ret_len);
	if (!out || mm_config_file_write(out, &file, &fault) < 0)
		abort();
	fclose(out);
	return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fixed_point(data, size, rewrite);
}
