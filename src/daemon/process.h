/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a service asks of its own process before it begins. */
#ifndef XENMM_PROCESS_H
#define XENMM_PROCESS_H

#include <stddef.h>

/* Where 0, 1 or 2 were closed, the next file to be opened would get the table or the log: they lead to /dev/null. */
void mm_process_open_standard_files(void);

/* A file for each guest is open: as many as the system lets us have. */
void mm_process_raise_file_limit(void);

/* This machine's name as visible ASCII, other bytes replaced by '?'; "" where it has none. */
void mm_process_host_name(char *buf, size_t size);

#endif
