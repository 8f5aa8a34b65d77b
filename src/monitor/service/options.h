/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmmon's command line and configuration file together: defaults < file < command line, at the start and on SIGHUP. */
#ifndef XENMM_MON_OPTIONS_H
#define XENMM_MON_OPTIONS_H

#include <stdbool.h>

#include "monitor/service/settings.h"

struct mm_mon_options {
	struct mm_mon_settings settings;
	int argc;
	char **argv;
	const char *path; /* of the file that counts */
	bool is_named;	  /* by --config, so it must be there */
	bool is_read;	  /* it is there */
	bool is_once;
	bool is_check_config;
};

enum mm_mon_result {
	MM_MON_RUN,
	MM_MON_DONE,  /* --help or --version was printed: exit status 0 */
	MM_MON_WRONG, /* err says what: exit status 2 */
};

/* Reads command line and file; argv must outlive *ret_options, which is to be freed whatever is returned. */
enum mm_mon_result mm_mon_options_read(
	int argc, char **argv, struct mm_mon_options *ret_options, char *err, size_t err_size);

/*
 * Reads the file again and puts it into force, except for what needs a restart. On any fault one line is logged and
 * nothing changes. Returns whether settings are new.
 */
bool mm_mon_options_reload(struct mm_mon_options *options);

void mm_mon_options_free(struct mm_mon_options *options);

#endif
