/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text in columns that are as wide as what is in them. Pure but for the stream. */
#ifndef XENMM_MONITOR_PS_TABLE_H
#define XENMM_MONITOR_PS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The longest text of a cell with its terminator: longer ones are cut. */
#define MM_PS_CELL 512

#define MM_PS_COLUMNS_MAX 16

struct mm_ps_column {
	int id; /* what `cell` goes by */
	const char *title;
	bool is_left; /* texts stand on the left, numbers on the right */
};

struct mm_ps_table {
	const struct mm_ps_column *columns;
	size_t column_count;
	size_t row_count;
	/* Writes the text of a cell, printable, to buf. Is asked twice for each: once for the widths. */
	void (*cell)(const void *arg, size_t row, int id, char buf[MM_PS_CELL]);
	const void *arg;
	bool is_bare; /* no titles */
	size_t width; /* cut lines there; 0: nowhere */
};

void mm_ps_table_print(FILE *out, const struct mm_ps_table *table);

/* A line of text, cut there (0: nowhere). */
void mm_ps_line(FILE *out, size_t width, const char *text);

/* CPU time as "0:05", "59:59", "99:59:59", "12d03h". Returns buf. */
char *mm_ps_time(char *buf, size_t size, uint64_t ms);

/* How long the guest is up: "42 s", "5 min", "3:12 h", "9 days". Returns buf. */
char *mm_ps_uptime(char *buf, size_t size, uint64_t ms);

/* A share of CPU: "-" where it is not known, otherwise per cent with one place. Returns buf. */
char *mm_ps_percent(char *buf, size_t size, uint32_t share);

#endif
