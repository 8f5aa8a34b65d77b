/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LABEL_WIDTH  8
#define COLUMN_WIDTH 12

static bool is_shown(const struct mm_domain *dom)
{
	return dom->report.source != MM_SOURCE_NONE && dom->state != MM_DOM_DYING;
}

/* FNV-1a over what the header shows. */
static uint64_t fingerprint(const struct mm_snapshot *snap)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < snap->count; i++) {
		const struct mm_domain *dom = &snap->domains[i];

		if (!is_shown(dom))
			continue;
		for (const char *c = dom->name; *c; c++)
			hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
		hash = (hash ^ dom->domid) * UINT64_C(1099511628211);
	}
	return hash;
}

static void print_header(const struct mm_snapshot *snap)
{
	size_t shown = 0;

	printf("%-*s", LABEL_WIDTH, "Field");
	for (size_t i = 0; i < snap->count; i++)
		if (is_shown(&snap->domains[i])) {
			printf(" %*s", COLUMN_WIDTH, snap->domains[i].name);
			shown++;
		}
	puts(shown ? "" : "(no guest reports yet: start mmclient in the guests)");
}

/* A row of the field at `offset` of each guest's report. */
static void print_reports(const struct mm_snapshot *snap, const char *label, size_t offset)
{
	printf("%-*s", LABEL_WIDTH, label);
	for (size_t i = 0; i < snap->count; i++) {
		uint64_t value;

		if (!is_shown(&snap->domains[i]))
			continue;
		memcpy(&value, (const char *)&snap->domains[i].report + offset, sizeof(value));
		printf(" %*" PRIu64, COLUMN_WIDTH, value);
	}
	putchar('\n');
}

static void print_plan(const struct mm_snapshot *snap, const struct mm_plan *plan, bool is_use)
{
	if (is_use)
		printf("%-*s", LABEL_WIDTH, "use:");
	else /* tau takes two bytes and one column */
		printf("\u03c4%u.%03u  ", plan->tau_ppm / 1000000, plan->tau_ppm / 1000 % 1000);
	for (size_t i = 0; i < plan->count; i++)
		if (is_shown(&snap->domains[i]))
			printf(" %*" PRIu64, COLUMN_WIDTH,
				is_use ? plan->entries[i].use_kib : plan->entries[i].new_kib);
	putchar('\n');
}

void mm_table_print(struct mm_table *table, const struct mm_snapshot *snap,
	const struct mm_plan *plan, bool is_verbose)
{
	uint64_t guests = fingerprint(snap);

	if (table->is_broken)
		return;
	if (!table->has_row || guests != table->guests)
		print_header(snap);
	print_plan(snap, plan, false);
	if (is_verbose) {
		print_reports(snap, "tot:", offsetof(struct mm_report, total_kib));
		print_plan(snap, plan, true);
		print_reports(snap, "free:", offsetof(struct mm_report, avail_kib));
		putchar('\n');
	}
	table->guests = guests;
	table->has_row = true;
	table->last_ms = snap->now_ms;
	table->is_broken = fflush(stdout) != 0;
}
