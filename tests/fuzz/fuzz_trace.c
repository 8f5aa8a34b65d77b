/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Traces: any bytes either parse or are refused; what parses is written and read back to the same text. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixed_point.h"
#include "xenmm/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes a trace's head and snapshots anew. Returns the text, to be freed, or NULL where it is refused. */
static char *rewrite(const char *text, size_t size, size_t *ret_len)
{
	const struct mm_trace_change *changes;
	struct mm_trace_reader *reader;
	struct mm_snapshot snap = {0};
	const struct mm_plan plan = {0};
	struct mm_config cfg;
	char err[200], *again = NULL;
	uint32_t generation = 0;
	size_t count;
	FILE *out;
	int r;

	if (mm_trace_open(text, size, &cfg, err, sizeof(err), &reader) < 0)
		return NULL;
	out = open_memstream(&again, ret_len);
	if (!out || mm_trace_write_head(out, &cfg) < 0)
		abort();
	while ((r = mm_trace_next(reader, &snap, &changes, &count, err, sizeof(err))) == 0) {
		if (mm_trace_config(reader)->generation != generation &&
			mm_trace_write_settings(out, mm_trace_config(reader)) < 0)
			abort();
		generation = mm_trace_config(reader)->generation;
		if (mm_trace_write_round(out, &snap, &plan) < 0)
			abort();
	}
	if (r != -ENODATA && r != -EINVAL && r != -ENOMEM)
		abort();
	fclose(out);
	mm_trace_close(reader);
	mm_snapshot_free(&snap);
	return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fixed_point(data, size, rewrite);
}
