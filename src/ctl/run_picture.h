/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The picture of a run: a summary of the host and of all guests, and a panel for each guest, by gnuplot. */
#ifndef XENMM_CTL_RUN_PICTURE_H
#define XENMM_CTL_RUN_PICTURE_H

#include <stddef.h>

#include "runlog.h"

/* So many guests are drawn at most: more would be a picture that nothing can show. */
#define MM_RUN_GUESTS_MAX 1000

/*
 * Draws a run of 1 to MM_RUN_GUESTS_MAX guests, all with rows. Returns 0, or -EINVAL or -EIO with a line in err, as
 * mm_gnuplot_begin().
 */
int mm_run_draw(
	const struct mm_run *run, const char *title, const char *path, char *err, size_t err_size);

#endif
