/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A terminal on stdout that is drawn over again and again, as by watch(1). */
#ifndef XENMM_MONITOR_PS_SCREEN_H
#define XENMM_MONITOR_PS_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* False where stdout is no terminal. */
bool mm_ps_screen_size(size_t *ret_rows, size_t *ret_columns);

/* Draws text, lines that end with a newline, from the top; what is below the last row is left out. */
void mm_ps_screen_draw(const char *text, size_t rows);

#endif
