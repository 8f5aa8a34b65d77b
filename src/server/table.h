/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table on stdout: a header with the guests' names, a row for each round, in KiB. */
#ifndef XENMM_TABLE_H
#define XENMM_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "xenmm/plan.h"
#include "xenmm/snapshot.h"

struct mm_table {
	uint64_t guests;  /* fingerprint of the columns, so that the header comes again when they
			     change */
	uint64_t last_ms; /* when the last row was printed */
	bool has_row;
	bool is_cut;	/* the last row did not get through whole */
	bool is_broken; /* stdout is gone: nothing is printed any more */
};

/* Prints a row, after the header where guests have changed; three more rows when verbose. */
void mm_table_print(struct mm_table *table, const struct mm_snapshot *snap,
	const struct mm_plan *plan, bool is_verbose);

#endif
