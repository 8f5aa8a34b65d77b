/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options and configuration file together: defaults < file < command line, at the start and on SIGHUP. */
#ifndef XENMM_SETUP_H
#define XENMM_SETUP_H

#include <stdbool.h>
#include <stdio.h>

#include "config_file.h"
#include "options.h"

struct mm_setup {
	int argc;
	char **argv;
	const char *
		path; /* of the file that counts; NULL: none, as on the simulator without --config */
	bool is_named;		    /* by --config, so it must be there */
	bool is_read;		    /* it has been there */
	struct mm_config_file file; /* as read at the start; strings of the options point into it */
};

/*
 * Reads the command line and the file. argv must outlive *setup, and *setup the options. Beside what
 * mm_options_parse() returns: MM_OPTIONS_FAULT, the file is wrong or missing.
 */
enum mm_options_result mm_setup_start(struct mm_setup *setup, int argc, char **argv,
	struct mm_options *ret_options, char *err, size_t err_size);

/*
 * Puts file and command line over recorded settings, as a replay has them. Returns 0 or -EINVAL; the options are
 * as they were then.
 */
int mm_setup_rebase(struct mm_setup *setup, const struct mm_config *recorded,
	struct mm_options *options, char *err, size_t err_size);

/*
 * Reads the file again and puts it into force, with the next generation; what cannot change while running is told. On
 * any fault one line is logged and *options stays. Returns whether settings are new.
 */
bool mm_setup_reload(const struct mm_setup *setup, struct mm_options *options);

/* --print-config: writes what is in force as a file. Returns 0 or -errno, and a line in err. */
int mm_setup_print(const struct mm_options *options, FILE *out, char *err, size_t err_size);

/* --check-config: one line about what was found. */
void mm_setup_describe(const struct mm_setup *setup, FILE *out);

/* One line in the log about how guests are balanced and where the page is; options->http is open. */
void mm_setup_greet(const struct mm_options *options);

#endif
