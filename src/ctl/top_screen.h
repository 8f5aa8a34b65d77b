/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The terminal of mmctl top: the only place that knows curses. */
#ifndef XENMM_CTL_TOP_SCREEN_H
#define XENMM_CTL_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "top_line.h"

/*
 * Takes the terminal of stdin and stdout over. Returns NULL, or what is wrong with it: "is not known". LINES and COLUMNS that
 * no terminal has count as not set.
 */
const char *mm_top_screen_open(void);
void mm_top_screen_close(void);

void mm_top_screen_size(int *ret_rows, int *ret_columns);

/*
 * Draws `head` at the top, and below it `body` from its line `first` on; before that its first `fixed` lines, which always stay.
 * The line `marked` of the body (SIZE_MAX: none) stands out.
 */
struct mm_top_picture {
	const struct mm_top_page *head, *body;
	size_t fixed, first, marked;
};

void mm_top_screen_draw(const struct mm_top_picture *picture);

/* The next key that was pressed, MM_TOP_KEY_NONE: no more of them. *ret_is_gone: there is no terminal any more. */
int mm_top_screen_key(bool *ret_is_gone);

#endif
