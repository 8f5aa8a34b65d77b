/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command line of mmclient. Parses only; main.c prints and exits. */
#ifndef XENMM_CLIENT_OPTIONS_H
#define XENMM_CLIENT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* --interval: no shorter than the quickest sampling, no longer than a sign of life is due. */
#define MM_INTERVAL_MIN_MS UINT64_C(100)
#define MM_INTERVAL_MAX_MS UINT64_C(10000)

enum mm_client_action { MM_CLIENT_RUN, MM_CLIENT_HELP, MM_CLIENT_VERSION, MM_CLIENT_MISUSE };

struct mm_client_options {
	uint64_t interval_ms;
	const char *root; /* points into argv; "" for the running system */
	bool is_once;
	bool is_dry_run;
	bool is_verbose;
	char error[256]; /* for MM_CLIENT_MISUSE: one line without newline */
};

/* The text of --help. */
extern const char mm_client_help[];

/* Fills *ret_options and says what to do. */
enum mm_client_action mm_client_options_parse(
	int argc, char *const argv[], struct mm_client_options *ret_options);

#endif
