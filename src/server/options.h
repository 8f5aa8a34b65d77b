/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmserver's command line. */
#ifndef XENMM_OPTIONS_H
#define XENMM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config_file.h"
#include "xenmm/backend.h"
#include "xenmm/config.h"

struct mm_options {
	struct mm_config config;
	char backend[16];
	struct mm_backend_options world;
	const char *log_dir;	 /* NULL: the current directory */
	const char *record;	 /* NULL: no trace is written */
	const char *http;	 /* NULL: no endpoint */
	const char *control;	 /* path, or "off"; NULL: the back end's default */
	const char *config_file; /* NULL: the back end's default */
	bool is_http_asked;	 /* otherwise http is the default */
	bool is_check_config;
	bool is_print_config;
	bool is_verbose;
	bool is_once;
	bool is_dry_run;
};

enum mm_options_result {
	MM_OPTIONS_RUN,
	MM_OPTIONS_DONE,  /* --help or --version was printed: exit status 0 */
	MM_OPTIONS_WRONG, /* err says what: exit status 2 */
	MM_OPTIONS_FAULT, /* of the configuration file; err says where */
};

/*
 * Parses argv. `base` is what to start from (NULL: the defaults), a file that was read or settings that were
 * recorded; strings of *ret_options point into it and into argv. Does not check settings against each other
 * (mm_config_check): more may come below. May be called again.
 */
enum mm_options_result mm_options_parse(int argc, char **argv, const struct mm_config_file *base,
	struct mm_options *ret_options, char *err, size_t err_size);

#endif
