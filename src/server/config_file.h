/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The configuration file as text: general settings, then a section for each rule. Pure: reading and writing of text,
 * no files. The format is in mmserver.conf(5).
 */
#ifndef XENMM_CONFIG_FILE_H
#define XENMM_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ini_text.h"
#include "xenmm/config.h"

/* What a file says; settings that it does not name have their defaults. */
struct mm_config_file {
	struct mm_config config;
	/* mmserver's own options, as typed; "": not named */
	char log_dir[MM_INI_LINE_MAX + 1];
	char http[MM_INI_LINE_MAX + 1];
	char control[MM_INI_LINE_MAX + 1];
	bool is_verbose;
	bool is_dry_run;
	size_t http_line;   /* of "http"; 0: it is not there */
	size_t bounds_line; /* the last of "min" and "max"; 0: neither is there */
};

/*
 * Reads text of len bytes over the settings of `base` (NULL: the defaults). Returns 0, or -EINVAL with the first
 * fault; *ret_file is untouched then. Does not check single settings against each other (mm_config_check).
 */
int mm_config_file_parse(const char *text, size_t len, const struct mm_config *base,
	struct mm_config_file *ret_file, struct mm_ini_fault *ret_fault);

/*
 * Writes a file that parses to the same settings, and is written the same again. Returns 0 or -errno; -EINVAL for
 * a value that no file can hold, which *ret_fault names.
 */
int mm_config_file_write(
	FILE *out, const struct mm_config_file *file, struct mm_ini_fault *ret_fault);

#endif
