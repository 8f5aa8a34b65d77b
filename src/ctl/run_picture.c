/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every panel gets its place in pixels, so that 3 guests and 300 are both readable. Colours are those of Okabe and Ito, which
 * colour-blind people tell apart; lines differ in width and dashes as well.
 */
#include "run_picture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gnuplot.h"
#include "xenmm/units.h"

#define POINTS_MAX 1200 /* more than pixels a panel has */
#define SUMS_MAX   1500

#define GIB_ABOVE_KIB (UINT64_C(20000) * 1024)
#define LABEL_MAX     14 /* characters of a name below its bars */

#define COLOUR_HELD   "#0072b2"
#define COLOUR_USED   "#f0c27b" /* a lighter #e69f00: an area */
#define COLOUR_TARGET "#000000"
#define COLOUR_FREE   "#009e73"
#define COLOUR_STALL  "#d55e00"
#define COLOUR_BUDGET "#cc79a7"

#define TOP	    46 /* pixels: the title */
#define LEGEND	    40
#define SUMMARY	    280
#define BESIDE_MAX  16 /* so many guests: their bars have room beside the host's panel */
#define LABEL_LEFT  76
#define LABEL_BELOW 46
#define NAMES_BELOW 92 /* of guests, turned */

/* Where things are: pixels from the left and from the top. */
struct sheet {
	FILE *out;
	const struct mm_run *run;
	struct mm_run_span span;
	struct mm_run_figures *figures; /* of each guest */
	int width, height;
	int columns, panel_height;
	double unit_ms; /* of the time axis */
	const char *unit;
	bool is_host_gib, is_guest_gib; /* of sizes; otherwise MiB */
};

struct box {
	int left, top, width, height;
};

/* ---- sizes ----------------------------------------------------------------------------------- */

static void choose_sizes(struct sheet *s)
{
	int count = (int)s->run->count, rows;
	bool is_beside = count <= BESIDE_MAX;

	s->columns = count <= 3	    ? 1
		     : count <= 8   ? 2
		     : count <= 18  ? 3
		     : count <= 60  ? 5
		     : count <= 200 ? 8
				    : 12;
	s->panel_height = count <= 3 ? 220 : count <= 8 ? 190 : count <= 60 ? 160 : 130;
	rows = (count + s->columns - 1) / s->columns;
	s->width = s->columns <= 2 ? 1200 : s->columns == 3 ? 1380 : s->columns * 330;
	s->height = TOP + (is_beside ? SUMMARY : 2 * SUMMARY) + LEGEND + rows * s->panel_height +
		    LABEL_BELOW;
}

static void choose_unit(struct sheet *s)
{
	uint64_t length_ms = s->span.end_ms - s->span.start_ms;

	s->unit_ms = length_ms < 600000 ? 1000 : length_ms < 10 * 3600000 ? 60000 : 3600000;
	s->unit = length_ms < 600000 ? "seconds" : length_ms < 10 * 3600000 ? "minutes" : "hours";
}

static double at(const struct sheet *s, uint64_t time_ms)
{
	return (double)(time_ms - s->span.start_ms) / s->unit_ms;
}

/* Of the time axis: a run of one moment is one, too. */
static double length(const struct sheet *s)
{
	double end = at(s, s->span.end_ms);

	return end > 0 ? end : 1;
}

/* 1, 2 or 5 times a power of ten, so that a scale up to `end` has no more than so many steps. */
static double step_of(double end, int most)
{
	double step = 1e-3;

	while (true) {
		if (end <= step * most)
			return step;
		if (end <= 2 * step * most)
			return 2 * step;
		if (end <= 5 * step * most)
			return 5 * step;
		step *= 10;
	}
}

static double in_unit(uint64_t kib, bool is_gib)
{
	return (double)kib / (is_gib ? 1048576 : 1024);
}

static const char *unit_of(bool is_gib)
{
	return is_gib ? "GiB" : "MiB";
}

/* Sums of a host, and guests, of more than four digits of MiB are shown in GiB. */
static void choose_scales(struct sheet *s)
{
	uint64_t sum_kib = 0;

	for (size_t i = 0; i < s->run->count; i++) {
		const struct mm_run_guest *guest = &s->run->guests[i];
		uint64_t top_kib = 0;

		for (size_t k = 0; k < guest->count; k++) {
			top_kib = mm_max_u64(top_kib, guest->rows[k].held_kib);
			sum_kib = mm_max_u64(sum_kib, guest->rows[k].budget_kib);
		}
		sum_kib = mm_max_u64(sum_kib, top_kib);
		s->is_guest_gib = s->is_guest_gib || top_kib > GIB_ABOVE_KIB;
	}
	s->is_host_gib = sum_kib > GIB_ABOVE_KIB;
}

/* What the margins of the next plot enclose. */
static void place(const struct sheet *s, const struct box *b)
{
	fprintf(s->out,
		"set lmargin at screen %.6f\nset rmargin at screen %.6f\n"
		"set tmargin at screen %.6f\nset bmargin at screen %.6f\n",
		(double)b->left / s->width, (double)(b->left + b->width) / s->width,
		1 - (double)b->top / s->height, 1 - (double)(b->top + b->height) / s->height);
}

/* ---- data ------------------------------------------------------------------------------------ */

/*
 * $gI: time, target, held, used, free, stall in percent since the row before. Returns whether anything ever stalled; the
 * highest value goes to *ret_top.
 */
static bool put_guest_data(const struct sheet *s, size_t i, double *ret_top)
{
	struct mm_run_row *rows;
	size_t count = mm_run_thin(&s->run->guests[i], POINTS_MAX, &rows);
	bool has_stalls = false;
	uint64_t top = 1024;

	fprintf(s->out, "$g%zu << EOD\n", i);
	for (size_t k = 0; k < count; k++) {
		const struct mm_run_row *row = &rows[k];
		uint64_t ms = k > 0 ? row->time_ms - row[-1].time_ms : 0;
		double stall = ms > 0 ? (double)mm_sub_floor(row->stall_us, row[-1].stall_us) /
						((double)ms * 10)
				      : 0;

		top = mm_max_u64(top, mm_max_u64(mm_max_u64(row->target_kib, row->held_kib),
					      mm_max_u64(row->used_kib, row->free_kib)));
		has_stalls = has_stalls || stall >= 1;
		fprintf(s->out, "%.4f %.2f %.2f %.2f %.2f %.2f\n", at(s, row->time_ms),
			in_unit(row->target_kib, s->is_guest_gib),
			in_unit(row->held_kib, s->is_guest_gib),
			in_unit(row->used_kib, s->is_guest_gib),
			in_unit(row->free_kib, s->is_guest_gib), stall < 100 ? stall : 100);
	}
	fprintf(s->out, "EOD\n");
	free(rows);
	*ret_top = in_unit(top, s->is_guest_gib);
	return has_stalls;
}

/* $host: time, held, target, used, budget, free. Returns whether the logs tell of budget and free memory. */
static bool put_host_data(const struct sheet *s)
{
	struct mm_run_sum *sums;
	size_t count = mm_run_sums(s->run, SUMS_MAX, &sums);
	bool has_budget = false;

	fprintf(s->out, "$host << EOD\n");
	for (size_t k = 0; k < count; k++) {
		const struct mm_run_sum *sum = &sums[k];

		fprintf(s->out, "%.4f %.2f %.2f %.2f", at(s, sum->time_ms),
			in_unit(sum->held_kib, s->is_host_gib),
			in_unit(sum->target_kib, s->is_host_gib),
			in_unit(sum->used_kib, s->is_host_gib));
		if (sum->budget_kib > 0)
			fprintf(s->out, " %.2f %.2f\n", in_unit(sum->budget_kib, s->is_host_gib),
				in_unit(sum->host_free_kib, s->is_host_gib));
		else
			fprintf(s->out, " NaN NaN\n");
		has_budget = has_budget || sum->budget_kib > 0;
	}
	fprintf(s->out, "EOD\n");
	free(sums);
	return has_budget;
}

/* In gnuplot's double quotes, as data blocks want it. Of a long name its beginning and its end. */
static void put_label(FILE *out, const char *name)
{
	size_t len = strlen(name), tail = LABEL_MAX / 2 - 1;

	fputc('"', out);
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (len > LABEL_MAX && i == LABEL_MAX - 2 - tail) {
			fputs("..", out);
			i = len - tail;
			c = name[i];
		}
		fputc(c == '"' || c == '\\' || c < ' ' || c > '~' ? '?' : c, out);
	}
	fputc('"', out);
}

/* $all: name, mean held, mean used, peak used. */
static void put_figures(const struct sheet *s)
{
	fprintf(s->out, "$all << EOD\n");
	for (size_t i = 0; i < s->run->count; i++) {
		const struct mm_run_figures *f = &s->figures[i];

		put_label(s->out, s->run->guests[i].name);
		fprintf(s->out, " %.2f %.2f %.2f\n", in_unit(f->mean_held_kib, s->is_guest_gib),
			in_unit(f->mean_used_kib, s->is_guest_gib),
			in_unit(f->peak_used_kib, s->is_guest_gib));
	}
	fprintf(s->out, "EOD\n");
}

/* ---- panels ---------------------------------------------------------------------------------- */

static void put_title(const struct sheet *s, const char *title)
{
	uint64_t changes = 0, out_kib = 0, in_kib = 0,
		 length_s = (s->span.end_ms - s->span.start_ms) / 1000;
	time_t start = (time_t)(s->span.start_ms / 1000);
	char text[400], clock[32], out[16], in[16];
	struct tm day;

	for (size_t i = 0; i < s->run->count; i++) {
		changes += s->figures[i].changes;
		out_kib += s->figures[i].swapout_kib;
		in_kib += s->figures[i].swapin_kib;
	}
	gmtime_r(&start, &day); /* the log's local time, taken for UTC */
	strftime(clock, sizeof(clock), "%Y-%m-%d %H:%M:%S", &day);
	snprintf(text, sizeof(text),
		"%s: %zu guest%s, from %s for %" PRIu64 " %s; %" PRIu64 " changes of targets, "
		"swapped out %s, in %s",
		title, s->run->count, s->run->count == 1 ? "" : "s", clock,
		length_s < 600 ? length_s : length_s / 60, length_s < 600 ? "s" : "min", changes,
		mm_format_size(out, sizeof(out), out_kib), mm_format_size(in, sizeof(in), in_kib));
	fprintf(s->out, "set label 1 ");
	mm_gnuplot_quote(s->out, text);
	fprintf(s->out, " at screen 0.5,%.6f center font ',13'\n", 1 - 20.0 / s->height);
}

static void put_host(const struct sheet *s, const struct box *box, bool has_budget)
{
	place(s, box);
	fprintf(s->out,
		"set xrange [0:%.6f]\nset yrange [0:*]\nset offsets 0,0,graph 0.22,0\n"
		"set ylabel '%s' offset 1,0\nset xlabel '%s since the start' offset 0,0.6\n"
		"set title 'All guests together, and the host' offset 0,-0.7\n"
		"set key inside top left horizontal Left reverse samplen 2 width -2\n"
		"plot $host using 1:4 with filledcurves x1 fc rgb '" COLOUR_USED "' title 'used', "
		"'' using 1:2 with lines lw 2.5 lc rgb '" COLOUR_HELD "' title 'held', "
		"'' using 1:3 with lines lw 1.5 dt 2 lc rgb '" COLOUR_TARGET "' title 'targets'",
		length(s), unit_of(s->is_host_gib), s->unit);
	if (has_budget)
		fprintf(s->out, ", '' using 1:5 with lines lw 2 dt 4 lc rgb '" COLOUR_BUDGET
				"' title 'budget', "
				"'' using 1:6 with lines lw 1.5 lc rgb '" COLOUR_FREE
				"' title 'free in the host'");
	fprintf(s->out, "\nset offsets 0,0,0,0\nunset label 1\n");
}

/* How much a guest stalled, above its bars. As data for a plot it crashes gnuplot 5.4, where no guest did. */
static void put_stalls(const struct sheet *s)
{
	for (size_t i = 0; i < s->run->count; i++) {
		const struct mm_run_figures *f = &s->figures[i];

		if (f->stall_ppm >= 500)
			fprintf(s->out,
				"set label '%.1f' at first %zu,%.2f center offset 0,0.6 font ',%d' "
				"textcolor rgb '" COLOUR_STALL "'\n",
				(double)f->stall_ppm / 10000, i,
				in_unit(mm_max_u64(f->mean_held_kib, f->peak_used_kib),
					s->is_guest_gib),
				s->run->count > 30 ? 7 : 9);
	}
}

/* Bars of what guests held and used on average, a mark for the most they used; stalls above, where there were any. */
static void put_bars(const struct sheet *s, const struct box *box)
{
	size_t count = s->run->count;

	place(s, box);
	put_stalls(s);
	fprintf(s->out,
		"set xrange [-0.6:%.1f]\nset yrange [0:*]\nset offsets 0,0,graph 0.3,0\nunset "
		"xlabel\n"
		"set xtics scale 0 %s font ',%d'\nset style fill solid 1 noborder\n"
		"set key width 0\nset ylabel '%s'\nset title 'Each guest (numbers: percent of its "
		"time stalled)' "
		"offset 0,-0.7\n"
		"plot $all using ($0):2:(0.8):xtic(1) with boxes fc rgb '#9ecae1' title 'mean "
		"held', "
		"'' using ($0):3:(0.45) with boxes fc rgb '" COLOUR_USED "' title 'mean used', "
		"'' using ($0-0.3):4:(0.6):(0) with vectors nohead lw 2.5 lc rgb '" COLOUR_TARGET
		"' title 'most used'\n"
		"unset label\nset offsets 0,0,0,0\nset xtics scale 1 norotate font ','\n",
		(double)count - 0.4, count > 6 ? "rotate by 40 right" : "norotate",
		count > 80   ? 6
		: count > 40 ? 7
			     : 9,
		unit_of(s->is_guest_gib));
}

/* What the colours of the panels mean, in a strip of its own. */
static void put_legend(const struct sheet *s, int top)
{
	const struct box box = {LABEL_LEFT, top, s->width - LABEL_LEFT - 20, LEGEND - 14};

	place(s, &box);
	fprintf(s->out,
		"unset title\nunset border\nunset tics\nunset ylabel\nunset xlabel\nset xrange "
		"[0:1]\n"
		"set yrange [0:1]\nset key center center horizontal Left reverse samplen 3 maxrows "
		"1\n"
		"plot NaN with filledcurves x1 fc rgb '" COLOUR_USED "' title 'used', "
		"NaN with lines lw 2.5 lc rgb '" COLOUR_HELD "' title 'held', "
		"NaN with lines lw 1.5 dt 2 lc rgb '" COLOUR_TARGET "' title 'target', "
		"NaN with lines lw 2 dt 3 lc rgb '" COLOUR_FREE "' title 'free in the guest', "
		"NaN with filledcurves x1 fc rgb '" COLOUR_STALL
		"' title 'stalled (from the top)'\n"
		"unset key\nset border 3\nset xtics nomirror out\nset ytics nomirror out\n");
}

static void put_guest(const struct sheet *s, size_t i, int top)
{
	int column = (int)i % s->columns, row = (int)i / s->columns;
	int cell = (s->width - 10) / s->columns;
	const struct box box = {column * cell + LABEL_LEFT, top + row * s->panel_height + 26,
		cell - LABEL_LEFT - 14, s->panel_height - (s->columns <= 2 ? 60 : 44)};
	bool is_last = i + (size_t)s->columns >= s->run->count;
	double top_mib;
	bool has_stalls = put_guest_data(s, i, &top_mib);

	place(s, &box);
	fprintf(s->out, "set title ");
	mm_gnuplot_quote(s->out, s->run->guests[i].name);
	fprintf(s->out, " offset 0,-0.7\nset format x '%s'\n",
		is_last || s->columns <= 2 ? "%g" : "");
	if (is_last)
		fprintf(s->out, "set xlabel '%s since the start' offset 0,0.6\n", s->unit);
	else
		fprintf(s->out, "unset xlabel\n");
	if (column == 0)
		fprintf(s->out, "set ylabel '%s' offset 1,0\n", unit_of(s->is_guest_gib));
	else
		fprintf(s->out, "unset ylabel\n");
	fprintf(s->out, "set xtics %g\nset ytics %g\n",
		step_of(length(s), s->columns <= 2   ? 12
				   : s->columns == 3 ? 7
						     : 4),
		step_of(top_mib, s->columns <= 2 ? 6 : 4));
	fprintf(s->out,
		"plot $g%zu using 1:4 with filledcurves x1 fc rgb '" COLOUR_USED "' notitle, "
		"'' using 1:5 with lines lw 2 dt 3 lc rgb '" COLOUR_FREE "' notitle, "
		"'' using 1:3 with lines lw 3 lc rgb '" COLOUR_HELD "' notitle, "
		"'' using 1:2 with steps lw 1.2 dt 2 lc rgb '" COLOUR_TARGET "' notitle",
		i);
	if (has_stalls)
		fprintf(s->out, ", '' using 1:6 axes x1y2 with fillsteps fc rgb '" COLOUR_STALL
				"' notitle");
	fprintf(s->out, "\nundefine $g%zu\n", i);
}

static void put_script(const struct sheet *s, const char *title)
{
	bool is_beside = s->run->count <= BESIDE_MAX;
	int inner = s->width - LABEL_LEFT - 24, bars = (int)s->run->count * 70 + 160;
	int below = s->run->count > 6 ? NAMES_BELOW : LABEL_BELOW;
	int beside =
		bars < inner / 2 - LABEL_LEFT ? (bars > 330 ? bars : 330) : inner / 2 - LABEL_LEFT;
	struct box host = {LABEL_LEFT, TOP + 24, is_beside ? inner - beside - LABEL_LEFT : inner,
		SUMMARY - 34 - LABEL_BELOW};
	struct box all = {is_beside ? s->width - beside - 24 : LABEL_LEFT,
		is_beside ? TOP + 24 : TOP + SUMMARY + 24, is_beside ? beside : inner,
		SUMMARY - 34 - below};
	int top = TOP + (is_beside ? SUMMARY : 2 * SUMMARY);
	bool has_budget = put_host_data(s);

	put_figures(s);
	fprintf(s->out, "set multiplot\nset grid back lt 1 lw 0.5 lc rgb '#d8d8d8'\nset border 3\n"
			"set tics nomirror out\n");
	put_title(s, title);
	put_host(s, &host, has_budget);
	put_bars(s, &all);
	put_legend(s, top);
	fprintf(s->out,
		"set xrange [0:%.6f]\nset yrange [0:*]\nset offsets 0,0,graph 0.06,0\n"
		"set y2range [300:0]\n",
		length(s));
	for (size_t i = 0; i < s->run->count; i++)
		put_guest(s, i, top + LEGEND);
	fprintf(s->out, "unset multiplot\n");
}

int mm_run_draw(
	const struct mm_run *run, const char *title, const char *path, char *err, size_t err_size)
{
	struct sheet s = {.run = run, .span = mm_run_span(run)};
	struct mm_gnuplot gnuplot;
	int r;

	choose_sizes(&s);
	choose_unit(&s);
	choose_scales(&s);
	s.figures = calloc(run->count, sizeof(*s.figures));
	if (!s.figures) {
		snprintf(err, err_size, "plot: out of memory");
		return -EIO;
	}
	for (size_t i = 0; i < run->count; i++)
		s.figures[i] = mm_run_figures(&run->guests[i]);
	r = mm_gnuplot_begin(
		&gnuplot, path, s.width, s.height, s.columns >= 5 ? 9 : 10, err, err_size);
	if (!r) {
		s.out = gnuplot.script;
		put_script(&s, title);
		r = mm_gnuplot_end(&gnuplot, err, err_size);
	}
	free(s.figures);
	return r;
}
