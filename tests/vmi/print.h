/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sample as text, in the words of a guest's own census (inside/census.h), for compare.awk. */
#ifndef BENCH_PRINT_H
#define BENCH_PRINT_H

#include <stdio.h>

#include "vmi/vmi.h"

void bench_print_sample(FILE *out, const struct mm_sample *sample);

/* A name with all that is not plain as \xHH, blanks too; at most 4 bytes of text for each. */
#define BENCH_NAME_LEN (4 * MM_COMM_LEN + 1)
const char *bench_name(const char *comm, char name[BENCH_NAME_LEN]);

#endif
