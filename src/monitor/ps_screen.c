/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/ps_screen.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Sequences of ECMA-48, which every terminal of the last decades knows. */
#define HOME	    "\033[H"
#define CLEAR_LINE  "\033[K" /* from the cursor on */
#define CLEAR_BELOW "\033[J"

#define ROWS_DEFAULT	24
#define COLUMNS_DEFAULT 80

bool mm_ps_screen_size(size_t *ret_rows, size_t *ret_columns)
{
	struct winsize size = {0};

	if (!isatty(STDOUT_FILENO))
		return false;
	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*ret_rows = size.ws_row ? size.ws_row : ROWS_DEFAULT;
	*ret_columns = size.ws_col ? size.ws_col : COLUMNS_DEFAULT;
	return true;
}

void mm_ps_screen_draw(const char *text, size_t rows)
{
	size_t row = 0;

	fputs(HOME, stdout);
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		/* No newline behind the last row: it would scroll. */
		if (row == rows)
			break;
		if (row++ > 0)
			fputc('\n', stdout);
		fwrite(text, 1, (size_t)(end - text), stdout);
		fputs(CLEAR_LINE, stdout);
	}
	if (row < rows)
		fputs("\n" CLEAR_BELOW, stdout);
}
