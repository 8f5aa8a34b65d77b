/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pictures by gnuplot: a script is written to it, and the picture takes its place when it is complete. */
#ifndef XENMM_CTL_GNUPLOT_H
#define XENMM_CTL_GNUPLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct mm_gnuplot {
	pid_t pid;
	FILE *script; /* what gnuplot is to do */
	const char *path;
	char *unfinished; /* the picture until it is complete, beside `path` */
	bool is_svg;
};

/*
 * Starts gnuplot for a picture at `path`, which ends with .png or .svg; terminal and output are set. Returns 0; -EINVAL:
 * another ending; -EIO: it cannot be written, or gnuplot does not start. err then has one line.
 */
int mm_gnuplot_begin(struct mm_gnuplot *gnuplot, const char *path, int width, int height,
	int font_size, char *err, size_t err_size);

/* Ends the script. Returns 0 when the picture is there, otherwise -EIO with a line in err, and what was there still is. */
int mm_gnuplot_end(struct mm_gnuplot *gnuplot, char *err, size_t err_size);

/* Text in gnuplot's quotes, in which nothing is expanded; control bytes become '?'. */
void mm_gnuplot_quote(FILE *script, const char *text);

#endif
