/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparisons as a picture: a panel for each figure, in it a group of bars for each scenario, by gnuplot. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "gnuplot.h"
#include "xenmm/units.h"

#define BESIDE_MAX 3	/* so few scenarios: two panels beside each other */
#define NOTHING	   1e-9 /* in a logarithmic panel, below its range */

enum panel { PANEL_UNMET, PANEL_SWAPPED, PANEL_RELIEF, PANEL_MOVED, PANEL_COUNT };

static const struct {
	const char *title;
	const char *setup;
	bool has_bound;
} panels[PANEL_COUNT] = {
	[PANEL_UNMET] = {"unmet need, percent (logarithmic)",
		"set logscale y; set yrange [0.001:100]; set format y '%g'", true},
	[PANEL_SWAPPED] = {"swapped out and in, GiB",
		"unset logscale y; set yrange [0:1<*]; set format y '%g'", false},
	[PANEL_RELIEF] = {"99 of 100 shortages lasted no longer than, seconds (logarithmic)",
		"set logscale y; set yrange [0.1:1000]", false},
	[PANEL_MOVED] = {"moved by balloons, GiB", "unset logscale y; set yrange [0:1<*]", false},
};

static const char *const colours[] = {
	"#1f5fbf", "#e08a2e", "#2a9d4a", "#b0413e", "#7a5bb0", "#5f6b76", "#c2a500", "#2aa5a5"};

static double value_of(enum panel panel, const struct mm_figures *f)
{
	double unmet = (double)mm_figures_unmet_ppm(f) / 1e4;

	switch (panel) {
	case PANEL_UNMET:
		return unmet > 0 ? unmet : NOTHING;
	case PANEL_SWAPPED:
		return (double)(f->swapin_kib + f->swapout_kib) / 1048576;
	case PANEL_RELIEF:
		return f->relief_p99_ms ? (double)f->relief_p99_ms / 1000 : NOTHING;
	default:
		return (double)f->moved_kib / 1048576;
	}
}

/* A block of data: a line for each scenario, in it its name and the bars. */
static void print_data(FILE *out, enum panel panel, const struct mm_comparison *rows, size_t count)
{
	fprintf(out, "$panel%d << EOD\n", (int)panel);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "\"%s\"", rows[i].name);
		if (panels[panel].has_bound)
			fprintf(out, " %g", value_of(panel, &rows[i].bounds[0]));
		for (size_t t = 0; t < rows[i].trial_count; t++)
			fprintf(out, " %g", value_of(panel, &rows[i].figures[t]));
		fputc('\n', out);
	}
	fprintf(out, "EOD\n");
}

static void print_panel(FILE *out, enum panel panel, const struct mm_comparison *rows)
{
	bool has_bound = panels[panel].has_bound;

	fprintf(out, "%s\nset title '%s' offset 0,-0.5\nplot ", panels[panel].setup,
		panels[panel].title);
	if (has_bound)
		fprintf(out, "$panel%d using 2:xtic(1) title 'bound' lc rgb '#222222', ",
			(int)panel);
	for (size_t t = 0; t < rows->trial_count; t++) {
		fprintf(out, "%s$panel%d using %zu:xtic(1) lc rgb '%s' title ", t ? ", " : "",
			(int)panel, t + 2 + has_bound,
			colours[t % (sizeof(colours) / sizeof(colours[0]))]);
		mm_gnuplot_quote(out, rows->trials[t].label);
	}
	fputc('\n', out);
}

static void print_script(FILE *out, const struct mm_comparison *rows, size_t count)
{
	int columns = count <= BESIDE_MAX ? 2 : 1;

	fprintf(out,
		"set style data histogram\nset style histogram cluster gap 1\n"
		"set style fill solid 0.9 noborder\nset boxwidth 0.95 relative\n"
		"set border 3\nset tics nomirror out\nset xtics scale 0 %s\nset lmargin 9\nset "
		"rmargin 18\n"
		"set grid ytics back lt 1 lw 0.5 lc rgb '#c8c8c8'\n"
		"set key outside right top reverse Left\n",
		count > BESIDE_MAX ? "rotate by -20 left" : "norotate");
	for (int panel = 0; panel < PANEL_COUNT; panel++)
		print_data(out, (enum panel)panel, rows, count);
	fprintf(out, "set multiplot layout %d,%d\n", PANEL_COUNT / columns, columns);
	for (int panel = 0; panel < PANEL_COUNT; panel++)
		print_panel(out, (enum panel)panel, rows);
	fprintf(out, "unset multiplot\n");
}

int mm_compare_plot(const char *path, const struct mm_comparison *rows, size_t count, char *err,
	size_t err_size)
{
	bool is_beside = count <= BESIDE_MAX;
	size_t width = is_beside ? 1100 : 300 + 26 * count * (rows->trial_count + 1);
	size_t len = strlen(path);
	bool is_svg = len > 4 && !strcmp(path + len - 4, ".svg");
	struct mm_gnuplot gnuplot;
	int r = mm_gnuplot_begin(&gnuplot, path, (int)mm_min_u64(mm_max_u64(width, 900), 6000),
		is_beside ? 640 : 1000, is_svg ? 12 : 10, err, err_size);

	if (r < 0)
		return r;
	print_script(gnuplot.script, rows, count);
	return mm_gnuplot_end(&gnuplot, err, err_size);
}
