/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Data logs: any lines give rows in order, and sums that add up; names are printable. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SUMS_MAX 50

static void check_guest(const struct mm_run_guest *guest)
{
	struct mm_run_figures f = mm_run_figures(guest);
	struct mm_run_row *rows;

	for (const char *c = guest->name; *c; c++)
		if (*c < ' ' || *c > '~')
			abort();
	for (size_t i = 1; i < guest->count; i++)
		if (guest->rows[i].time_ms < guest->rows[i - 1].time_ms)
			abort();
	if (f.mean_used_kib > f.peak_used_kib || f.stall_ppm > 1000000)
		abort();
	if (mm_run_thin(guest, 3, &rows) > guest->count)
		abort();
	free(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_run_guest guest;
	struct mm_run run = {&guest, 1, 1};
	struct mm_run_sum *sums;

	mm_run_guest_init(&guest, "fuzz");
	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;

		if (mm_run_guest_line(&guest, (const char *)data, len))
			abort();
		len += end != NULL;
		data += len;
		size -= len;
	}
	if (guest.count > 0) {
		check_guest(&guest);
		if (mm_run_sums(&run, SUMS_MAX, &sums) > SUMS_MAX)
			abort();
		free(sums);
	}
	free(guest.rows);
	return 0;
}
