/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The agent at work: sample, decide, publish, wait. */
#ifndef XENMM_CLIENT_LOOP_H
#define XENMM_CLIENT_LOOP_H

#include "options.h"

/* Runs until a signal ends it (or once). Returns 0 or -errno; what went wrong is logged. */
int mm_client_run(const struct mm_client_options *options);

#endif
