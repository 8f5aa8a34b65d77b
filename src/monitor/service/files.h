/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files that settings name, looked at before anything is opened: for mmmon --check-config, and at its start. */
#ifndef XENMM_MON_FILES_H
#define XENMM_MON_FILES_H

#include <stddef.h>

#include "monitor/service/settings.h"

/*
 * Tokens, certificate and key, memory files, and the hosts' tokens and authorities: whether they can be read and used as mmmon would, by
 * this user. Returns 0, or -errno and a line in err, of the first that cannot.
 */
int mm_mon_check_files(const struct mm_mon_settings *settings, char *err, size_t err_size);

/* The memory files alone: whether they are files that this user may read. Returns 0, or -errno and a line in err. */
int mm_mon_check_memory(const struct mm_mon_settings *settings, char *err, size_t err_size);

#endif
