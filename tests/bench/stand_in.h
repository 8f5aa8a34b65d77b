/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lets a benchmark run mm_server_main() on a back end of its own: linked, it takes the place of mm_backend_open(). */
#ifndef XENMM_BENCH_STAND_IN_H
#define XENMM_BENCH_STAND_IN_H

#include "xenmm/backend.h"

/* Whatever name mmserver asks for, it gets this one. To be set first; it stays the benchmark's. */
extern struct mm_backend *stand_in;

/* For ops.close: there is nothing to close. */
void stand_in_close(struct mm_backend *backend);

#endif
