/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmps' command line. */
#ifndef XENMM_MONITOR_PS_OPTIONS_H
#define XENMM_MONITOR_PS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/share.h"

#define MM_PS_OK     0
#define MM_PS_FAILED 1 /* a guest, or the list of them, cannot be read */
#define MM_PS_MISUSE 2

struct mm_ps_options {
	const char *guest; /* as typed; NULL: all of this host, or the file */
	const char *file;  /* of memory; NULL: a guest of this host */
	uint64_t below;	   /* of the file, as in phys.h */
	enum mm_sort sort;
	size_t limit;	      /* SIZE_MAX: all */
	uint64_t interval_ms; /* between the two samples of shares of CPU */
	uint64_t watch_ms;    /* from one block to the next; 0: only one */
	uint64_t blocks;      /* then end; 0: never */
	bool with_shares;     /* of CPU, also in the first block */
	bool with_kernel, is_tree, is_json, is_bare, is_names;
};

/*
 * Returns -1 with *ret to go on with; otherwise the status to end with: --help and its like were printed on stdout,
 * or what is wrong on stderr, in a line.
 */
int mm_ps_options_parse(int argc, char **argv, struct mm_ps_options *ret);

/* Flushes stdout. Returns MM_PS_OK, or MM_PS_FAILED with a line on stderr when it could not be written. */
int mm_ps_finish(void);

#endif
