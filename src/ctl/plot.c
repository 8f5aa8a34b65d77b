/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparisons as a picture: a panel for each figure, in it a group of bars for each scenario, by gnuplot. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare.h"
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

/* In gnuplot's single quotes; all of it is printable ASCII or the caller's own argument. */
static void print_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++)
		fprintf(out, *text == '\'' ? "''" : "%c", *text);
	fputc('\'', out);
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
		print_quoted(out, rows->trials[t].label);
	}
	fputc('\n', out);
}

static void print_script(
	FILE *out, const char *path, const struct mm_comparison *rows, size_t count)
{
	bool is_svg = strlen(path) > 4 && !strcmp(path + strlen(path) - 4, ".svg");
	int columns = count <= BESIDE_MAX ? 2 : 1;
	size_t width = columns == 2 ? 1100 : 300 + 26 * count * (rows->trial_count + 1);

	fprintf(out, "set terminal %s noenhanced font 'sans,%d' size %zu,%d\nset output ",
		is_svg ? "svg background 'white'" : "pngcairo", is_svg ? 12 : 10,
		mm_min_u64(mm_max_u64(width, 900), 6000), columns == 2 ? 640 : 1000);
	print_quoted(out, path);
	fprintf(out,
		"\nset style data histogram\nset style histogram cluster gap 1\n"
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

static int check_path(const char *path, char *err, size_t err_size)
{
	size_t len = strlen(path);
	FILE *file;

	if (len < 5 || (strcmp(path + len - 4, ".png") && strcmp(path + len - 4, ".svg"))) {
		snprintf(err, err_size, "plot: '%s' must end with .png or .svg", path);
		return -EINVAL;
	}
	file = fopen(path, "a");
	if (!file) {
		snprintf(err, err_size, "plot: cannot write '%s': %s", path, strerror(errno));
		return -EIO;
	}
	fclose(file);
	return 0;
}

int mm_compare_plot(const char *path, const struct mm_comparison *rows, size_t count, char *err,
	size_t err_size)
{
	int r = check_path(path, err, err_size), status;
	FILE *gnuplot;

	if (r < 0)
		return r;
	(void)signal(SIGPIPE, SIG_IGN); /* without gnuplot nobody reads; its status tells */
	gnuplot = popen("exec gnuplot >/dev/null 2>&1", "w");
	if (!gnuplot) {
		snprintf(err, err_size, "plot: cannot start gnuplot: %s", strerror(errno));
		return -EIO;
	}
	print_script(gnuplot, path, rows, count);
	status = pclose(gnuplot);
	if (status == 0)
		return 0;
	(void)unlink(path); /* empty, or half a picture */
	snprintf(err, err_size, "plot: gnuplot %s",
		WIFEXITED(status) && WEXITSTATUS(status) == 127
			? "is not installed (on Debian: apt-get install gnuplot-nox)"
			: "failed");
	return -EIO;
}
