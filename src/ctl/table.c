/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison as a table for people. */
#include <inttypes.h>
#include <string.h>

#include "compare.h"
#include "xenmm/units.h"

static void print_seconds(FILE *out, uint64_t ms)
{
	fprintf(out, " %6" PRIu64 ".%" PRIu64, ms / 1000, ms % 1000 / 100);
}

static void print_unmet(FILE *out, const struct mm_figures *f)
{
	uint64_t ppm = mm_figures_unmet_ppm(f);

	fprintf(out, " %4" PRIu64 ".%03" PRIu64 " %11" PRIu64 " %4" PRIu64, ppm / 10000,
		ppm % 10000 / 10, f->unmet_kib_ms / MM_KIB_PER_MIB / 1000, f->kills);
}

static void print_row(FILE *out, int width, const char *label, const struct mm_figures *f)
{
	char lowest[16];

	fprintf(out, "  %-*s", width, label);
	print_unmet(out, f);
	fprintf(out, " %7" PRIu64 " %7" PRIu64 " %7" PRIu64, f->not_started,
		f->swapin_kib / MM_KIB_PER_MIB, f->swapout_kib / MM_KIB_PER_MIB);
	print_seconds(out, f->relief_p50_ms);
	print_seconds(out, f->relief_p99_ms);
	fprintf(out, " %8" PRIu64 " %7" PRIu64 " %8s\n", f->moved_kib / MM_KIB_PER_MIB, f->targets,
		mm_format_size(lowest, sizeof(lowest), f->lowest_free_kib));
}

static void print_bound(FILE *out, int width, const struct mm_figures *f)
{
	fprintf(out, "  %-*s", width, "(bound)");
	print_unmet(out, f);
	fputc('\n', out);
}

void mm_compare_print(FILE *out, const struct mm_comparison *c)
{
	int width = 12;

	for (size_t i = 0; i < c->trial_count; i++) {
		if ((int)strlen(c->trials[i].label) > width)
			width = (int)strlen(c->trials[i].label);
	}
	fprintf(out, "%s%s%s\n", c->name, *c->story ? ": " : "", c->story);
	fprintf(out, "  %-*s %8s %11s %4s %7s %7s %7s %8s %8s %8s %7s %8s\n", width, "policy",
		"unmet %", "MiB*s", "OOM", "refused", "swap-in", "out MiB", "p50 s", "p99 s",
		"moved", "targets", "low free");
	for (size_t i = 0; i < c->trial_count; i++) {
		if (i == 0 || memcmp(&c->bounds[i], &c->bounds[i - 1], sizeof(c->bounds[i])) != 0)
			print_bound(out, width, &c->bounds[i]);
		print_row(out, width, c->trials[i].label, &c->figures[i]);
	}
}
