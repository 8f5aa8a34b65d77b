/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "table.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void print_header(FILE *out, const struct mm_snapshot *snap)
{
	size_t shown = 0;

	fprintf(out, "%-*s", LABEL_WIDTH, "Field");
	for (size_t i = 0; i < snap->count; i++)
		if (is_shown(&snap->domains[i])) {
			fprintf(out, " %*s", COLUMN_WIDTH, snap->domains[i].name);
			shown++;
		}
	fputs(shown ? "\n" : "(no guest reports yet: start mmclient in the guests)\n", out);
}

/* A row of the field at `offset` of each guest's report. */
static void print_reports(
	FILE *out, const struct mm_snapshot *snap, const char *label, size_t offset)
{
	fprintf(out, "%-*s", LABEL_WIDTH, label);
	for (size_t i = 0; i < snap->count; i++) {
		uint64_t value;

		if (!is_shown(&snap->domains[i]))
			continue;
		memcpy(&value, (const char *)&snap->domains[i].report + offset, sizeof(value));
		fprintf(out, " %*" PRIu64, COLUMN_WIDTH, value);
	}
	fputc('\n', out);
}

static void print_plan(
	FILE *out, const struct mm_snapshot *snap, const struct mm_plan *plan, bool is_use)
{
	if (is_use)
		fprintf(out, "%-*s", LABEL_WIDTH, "use:");
	else /* tau takes two bytes and one column */
		fprintf(out, "\u03c4%u.%03u  ", plan->tau_ppm / 1000000,
			plan->tau_ppm / 1000 % 1000);
	for (size_t i = 0; i < plan->count; i++)
		if (is_shown(&snap->domains[i]))
			fprintf(out, " %*" PRIu64, COLUMN_WIDTH,
				is_use ? plan->entries[i].use_kib : plan->entries[i].new_kib);
	fputc('\n', out);
}

/*
 * A terminal that was stopped, or a reader that sleeps, must not stop the balancing: what does not get
 * through at once is left out, and the next row starts on a line of its own.
 */
static void write_out(struct mm_table *table, const char *text, size_t len)
{
	struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};

	if (table->is_cut && poll(&fd, 1, 0) > 0)
		table->is_cut = write(STDOUT_FILENO, "\n", 1) != 1;
	while (len > 0 && !table->is_cut) {
		ssize_t n = -1;

		/* A pipe that polls writable takes PIPE_BUF bytes without blocking. */
		if (poll(&fd, 1, 0) > 0 && (fd.revents & POLLOUT))
			n = write(STDOUT_FILENO, text, len < PIPE_BUF ? len : PIPE_BUF);
		table->is_broken = n < 0 && errno == EPIPE;
		table->is_cut = n <= 0;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
}

void mm_table_print(struct mm_table *table, const struct mm_snapshot *snap,
	const struct mm_plan *plan, bool is_verbose)
{
	uint64_t guests = fingerprint(snap);
	char *text = NULL;
	size_t len = 0;
	FILE *out = table->is_broken ? NULL : open_memstream(&text, &len);

	if (!out)
		return;
	if (!table->has_row || guests != table->guests)
		print_header(out, snap);
	print_plan(out, snap, plan, false);
	if (is_verbose) {
		print_reports(out, snap, "tot:", offsetof(struct mm_report, total_kib));
		print_plan(out, snap, plan, true);
		print_reports(out, snap, "free:", offsetof(struct mm_report, avail_kib));
		fputc('\n', out);
	}
	table->guests = guests;
	table->has_row = true;
	table->last_ms = snap->now_ms;
	if (!fclose(out))
		write_out(table, text, len);
	free(text);
}
