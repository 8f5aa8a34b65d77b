/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmps' tables: the guests of a host, or one guest's head and processes. */
#include "monitor/ps_show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ps_table.h"
#include "monitor/ps_tree.h"
#include "monitor/text.h"
#include "xenmm/units.h"

#define NAME_BYTES 100 /* of a guest's name or a file's: the rest is cut */
#define DEPTH_MAX  40  /* of a tree, as far as it is drawn */
#define SIZE_BYTES 16  /* for mm_format_size() */

char *mm_ps_guest_label(char *buf, size_t size, const struct mm_ps_guest *guest)
{
	char name[MM_TEXT_SIZE(NAME_BYTES)];

	mm_text_plain(name, sizeof(name), guest->name, NAME_BYTES);
	if (guest->domid == MM_NO_DOMID)
		snprintf(buf, size, "the file %s", name);
	else
		snprintf(buf, size, "%s (domid %" PRIu32 ")", name, guest->domid);
	return buf;
}

/* "-" for nothing. */
static void put_size(char buf[MM_PS_CELL], uint64_t kib)
{
	if (kib)
		mm_format_size(buf, MM_PS_CELL, kib);
	else
		snprintf(buf, MM_PS_CELL, "-");
}

/* A kernel that was found without its symbols shows its processes only. */
static bool has_counters(const struct mm_sample *s)
{
	return s->counters.total_kib > 0;
}

/* ---- all guests ------------------------------------------------------------------------------ */

enum {
	COL_NAME,
	COL_DOMID,
	COL_TYPE,
	COL_KERNEL,
	COL_PROCESSES,
	COL_TOTAL,
	COL_FREE,
	COL_AVAILABLE,
	COL_COMMITTED,
	COL_SWAP,
	COL_STALL,
	COL_LOAD,
	COL_STATE
};

static const struct mm_ps_column guest_columns[] = {
	{COL_NAME, "NAME", true},
	{COL_DOMID, "ID", false},
	{COL_TYPE, "TYPE", true},
	{COL_KERNEL, "KERNEL", true},
	{COL_PROCESSES, "PROCS", false},
	{COL_TOTAL, "TOTAL", false},
	{COL_FREE, "FREE", false},
	{COL_AVAILABLE, "AVAIL", false},
	{COL_COMMITTED, "COMMIT", false},
	{COL_SWAP, "SWAP", false},
	{COL_STALL, "STALL%", false},
	{COL_LOAD, "LOAD", false},
	{COL_STATE, "STATE", true},
};

static void put_state(char buf[MM_PS_CELL], const struct mm_look *look)
{
	if (!mm_look_is_good(look))
		snprintf(
			buf, MM_PS_CELL, "%s: %s", mm_look_reason(look), mm_look_reason_text(look));
	else
		snprintf(buf, MM_PS_CELL, "%s%s", look->now.is_partial ? "partial" : "ok",
			has_counters(&look->now) ? "" : ", processes only: no symbols");
}

/* What the guest's kernel says. */
static void put_figure(char buf[MM_PS_CELL], const struct mm_sample *s, int id)
{
	const struct mm_counters *c = &s->counters;

	if (!has_counters(s) && id != COL_KERNEL && id != COL_PROCESSES)
		return;
	switch (id) {
	case COL_KERNEL:
		mm_text_plain(buf, MM_PS_CELL, c->release, sizeof(c->release));
		break;
	case COL_PROCESSES:
		snprintf(buf, MM_PS_CELL, "%zu", s->count);
		break;
	case COL_TOTAL:
		put_size(buf, c->total_kib);
		break;
	case COL_FREE:
		put_size(buf, c->free_kib);
		break;
	case COL_AVAILABLE:
		put_size(buf, c->avail_kib);
		break;
	case COL_COMMITTED:
		put_size(buf, c->committed_kib);
		break;
	case COL_SWAP:
		put_size(buf, mm_sub_floor(c->swap_total_kib, c->swap_free_kib));
		break;
	case COL_STALL:
		if (c->has_psi)
			snprintf(buf, MM_PS_CELL, "%" PRIu32 ".%02" PRIu32,
				c->psi_some_avg10_pct100 / 100, c->psi_some_avg10_pct100 % 100);
		break;
	case COL_LOAD:
		snprintf(buf, MM_PS_CELL, "%" PRIu64 ".%02" PRIu64, c->load_milli[0] / 1000,
			c->load_milli[0] % 1000 / 10);
		break;
	default:
		break;
	}
}

static void guest_cell(const void *arg, size_t row, int id, char buf[MM_PS_CELL])
{
	const struct mm_ps_guest *guest = (const struct mm_ps_guest *)arg + row;

	snprintf(buf, MM_PS_CELL, "-");
	switch (id) {
	case COL_NAME:
		if (*guest->name)
			mm_text_plain(buf, MM_PS_CELL, guest->name, NAME_BYTES);
		break;
	case COL_DOMID:
		snprintf(buf, MM_PS_CELL, "%" PRIu32, guest->domid);
		break;
	case COL_TYPE:
		snprintf(buf, MM_PS_CELL, "%s", guest->type);
		break;
	case COL_STATE:
		put_state(buf, &guest->look);
		break;
	default:
		if (mm_look_is_good(&guest->look))
			put_figure(buf, &guest->look.now, id);
		break;
	}
}

static void show_guests(FILE *out, const struct mm_ps_scene *scene)
{
	struct mm_ps_table table = {
		.columns = guest_columns,
		.column_count = sizeof(guest_columns) / sizeof(guest_columns[0]),
		.row_count = scene->count,
		.cell = guest_cell,
		.arg = scene->guests,
		.is_bare = scene->options->is_bare,
		.width = scene->width,
	};

	mm_ps_table_print(out, &table);
}

/* ---- one guest's head ------------------------------------------------------------------------ */

#define HEAD_LINE 1024

static void head_kernel(char line[HEAD_LINE], const struct mm_ps_guest *guest)
{
	const struct mm_counters *c = &guest->look.now.counters;
	char label[MM_TEXT_SIZE(NAME_BYTES) + 32], release[MM_TEXT_SIZE(sizeof(c->release))];
	bool is_file = guest->domid == MM_NO_DOMID;
	char uptime[32];
	int used = snprintf(line, HEAD_LINE, "%s%s%s: Linux %s",
		mm_ps_guest_label(label, sizeof(label), guest), is_file ? "" : ", ",
		is_file ? "" : guest->type,
		mm_text_plain(release, sizeof(release), c->release, sizeof(c->release)));

	if (!has_counters(&guest->look.now))
		return;
	snprintf(line + used, HEAD_LINE - (size_t)used,
		", %" PRIu32 " CPU%s, up %s, load %" PRIu64 ".%02" PRIu64 " %" PRIu64 ".%02" PRIu64
		" %" PRIu64 ".%02" PRIu64,
		c->cpus, c->cpus == 1 ? "" : "s",
		mm_ps_uptime(uptime, sizeof(uptime), c->uptime_ms), c->load_milli[0] / 1000,
		c->load_milli[0] % 1000 / 10, c->load_milli[1] / 1000, c->load_milli[1] % 1000 / 10,
		c->load_milli[2] / 1000, c->load_milli[2] % 1000 / 10);
}

static void head_memory(char line[HEAD_LINE], const struct mm_counters *c)
{
	char size[4][SIZE_BYTES];

	snprintf(line, HEAD_LINE, "memory: %s, %s free, %s available; %s committed",
		mm_format_size(size[0], SIZE_BYTES, c->total_kib),
		mm_format_size(size[1], SIZE_BYTES, c->free_kib),
		mm_format_size(size[2], SIZE_BYTES, c->avail_kib),
		mm_format_size(size[3], SIZE_BYTES, c->committed_kib));
}

static void head_use(char line[HEAD_LINE], const struct mm_counters *c)
{
	uint64_t slab_kib = mm_min_u64(c->slab_reclaimable_kib, MM_SIZE_MAX_KIB) +
			    mm_min_u64(c->slab_unreclaimable_kib, MM_SIZE_MAX_KIB);
	char size[4][SIZE_BYTES];

	snprintf(line, HEAD_LINE, "used for: anonymous %s, files %s (shared %s), slab %s",
		mm_format_size(size[0], SIZE_BYTES, c->anon_kib),
		mm_format_size(size[1], SIZE_BYTES, c->file_kib),
		mm_format_size(size[2], SIZE_BYTES, c->shmem_kib),
		mm_format_size(size[3], SIZE_BYTES, slab_kib));
}

static void head_swap(char line[HEAD_LINE], const struct mm_counters *c)
{
	char size[3][SIZE_BYTES];
	size_t used;

	if (c->swap_total_kib)
		snprintf(line, HEAD_LINE,
			"swap: %s, %s used; %" PRIu64 " pages in, %" PRIu64 " out",
			mm_format_size(size[0], SIZE_BYTES, c->swap_total_kib),
			mm_format_size(size[1], SIZE_BYTES,
				mm_sub_floor(c->swap_total_kib, c->swap_free_kib)),
			c->swapin_pages, c->swapout_pages);
	else
		snprintf(line, HEAD_LINE, "swap: none");
	used = strlen(line);
	if (c->has_balloon)
		snprintf(line + used, HEAD_LINE - used, "; balloon: holds %s, target %s",
			mm_format_size(size[0], SIZE_BYTES, c->balloon_current_kib),
			mm_format_size(size[1], SIZE_BYTES, c->balloon_target_kib));
}

static void head_pressure(char line[HEAD_LINE], const struct mm_counters *c)
{
	char stalls[64] = "not counted by this kernel";

	if (c->has_psi)
		snprintf(stalls, sizeof(stalls),
			"%" PRIu32 ".%02" PRIu32 " %% of 10 s, %" PRIu64 ".%" PRIu64
			" s since boot",
			c->psi_some_avg10_pct100 / 100, c->psi_some_avg10_pct100 % 100,
			c->psi_some_us / 1000000, c->psi_some_us % 1000000 / 100000);
	snprintf(line, HEAD_LINE, "stalls: %s; %" PRIu64 " major fault%s, %" PRIu64 " OOM kill%s",
		stalls, c->majfaults, c->majfaults == 1 ? "" : "s", c->oom_kills,
		c->oom_kills == 1 ? "" : "s");
}

static size_t count_kernel(const struct mm_sample *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->processes[i].is_kernel;
	return n;
}

/* How many there are, and whether that is all. */
static void head_processes(char line[HEAD_LINE], const struct mm_sample *s, bool with_kernel)
{
	size_t kernel = count_kernel(s);
	int used = snprintf(line, HEAD_LINE, "processes: %zu, and %zu kernel thread%s%s",
		s->count - kernel, kernel, kernel == 1 ? "" : "s", with_kernel ? "" : " (-k)");

	if (s->torn && used > 0 && used < HEAD_LINE)
		used += snprintf(line + used, HEAD_LINE - (size_t)used,
			"; %" PRIu32 " changed meanwhile (*)", s->torn);
	if (s->is_partial && used > 0 && used < HEAD_LINE)
		snprintf(line + used, HEAD_LINE - (size_t)used, "; PARTIAL: some may be missing");
}

static void head_cost(char line[HEAD_LINE], const struct mm_sample *s)
{
	char look[32], start[32];

	/* where the clock of CPU time is coarse, most looks end before it moves */
	snprintf(look, sizeof(look), "less than a tick");
	if (s->cost_us >= 100)
		snprintf(look, sizeof(look), "%" PRIu64 ".%" PRIu64 " ms", s->cost_us / 1000,
			s->cost_us % 1000 / 100);
	snprintf(start, sizeof(start), "< 1 ms");
	if (s->bootstrap_us >= 1000)
		snprintf(start, sizeof(start), "%" PRIu64 " ms", s->bootstrap_us / 1000);
	snprintf(line, HEAD_LINE, "this look: %s of CPU time here; finding the kernel: %s, once",
		look, start);
}

static void show_head(FILE *out, const struct mm_ps_scene *scene)
{
	const struct mm_ps_guest *guest = scene->guests;
	const struct mm_sample *s = &guest->look.now;
	char lines[7][HEAD_LINE] = {"", "", "", "", "", "", ""};

	head_kernel(lines[0], guest);
	if (has_counters(s)) {
		head_memory(lines[1], &s->counters);
		head_use(lines[2], &s->counters);
		head_swap(lines[3], &s->counters);
		head_pressure(lines[4], &s->counters);
	} else {
		snprintf(lines[1], HEAD_LINE,
			"memory: not known: this kernel has no symbols that can be found "
			"(CONFIG_KALLSYMS), only its processes");
	}
	head_processes(lines[5], s, scene->options->with_kernel);
	head_cost(lines[6], s);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (*lines[i])
			mm_ps_line(out, scene->width, lines[i]);
	fputc('\n', out);
}

/* ---- its processes --------------------------------------------------------------------------- */

enum {
	COL_PID,
	COL_PPID,
	COL_UID,
	COL_S,
	COL_THREADS,
	COL_RSS,
	COL_SWAPPED,
	COL_CPU,
	COL_TIME,
	COL_COMMAND
};

static const struct mm_ps_column process_columns[] = {
	{COL_PID, "PID", false},
	{COL_PPID, "PPID", false},
	{COL_UID, "UID", false},
	{COL_S, "S", true},
	{COL_THREADS, "THR", false},
	{COL_RSS, "RSS", false},
	{COL_SWAPPED, "SWAP", false},
	{COL_CPU, "%CPU", false},
	{COL_TIME, "TIME", false},
	{COL_COMMAND, "COMMAND", true},
};

struct list {
	struct mm_process_row *rows;
	uint32_t *depths; /* NULL: no tree */
	size_t count;
};

static void put_command(char buf[MM_PS_CELL], const struct mm_process *p, uint32_t depth)
{
	char name[MM_TEXT_SIZE(MM_COMM_LEN)];
	int indent = (int)(depth > DEPTH_MAX ? DEPTH_MAX : depth);

	mm_text_plain(name, sizeof(name), p->comm, sizeof(p->comm));
	snprintf(buf, MM_PS_CELL, "%*s%s%s%s%s", indent > 0 ? 2 * (indent - 1) : 0, "",
		indent > 0 ? "\\_ " : "", p->is_kernel ? "[" : "", name, p->is_kernel ? "]" : "");
}

static void process_cell(const void *arg, size_t row, int id, char buf[MM_PS_CELL])
{
	const struct list *list = arg;
	const struct mm_process *p = list->rows[row].process;

	switch (id) {
	case COL_PID:
		snprintf(buf, MM_PS_CELL, "%" PRId32, p->pid);
		break;
	case COL_PPID:
		snprintf(buf, MM_PS_CELL, "%" PRId32, p->parent);
		break;
	case COL_UID:
		snprintf(buf, MM_PS_CELL, "%" PRIu32, p->uid);
		break;
	case COL_S:
		mm_text_plain(buf, MM_PS_CELL, &p->state, 1);
		strcat(buf, p->is_torn ? "*" : "");
		break;
	case COL_THREADS:
		snprintf(buf, MM_PS_CELL, "%" PRIu32, p->threads);
		break;
	case COL_RSS:
		put_size(buf, mm_process_rss_kib(p));
		break;
	case COL_SWAPPED:
		put_size(buf, p->swap_kib);
		break;
	case COL_CPU:
		mm_ps_percent(buf, MM_PS_CELL, list->rows[row].share);
		break;
	case COL_TIME:
		mm_ps_time(buf, MM_PS_CELL, p->cpu_ns / 1000000);
		break;
	default:
		put_command(buf, p, list->depths ? list->depths[row] : 0);
		break;
	}
}

/* The rows in their order. Returns 0 or -ENOMEM; to be freed. */
static int make_list(const struct mm_ps_scene *scene, struct list *ret)
{
	const struct mm_look *look = &scene->guests->look;
	const struct mm_ps_options *o = scene->options;
	size_t all;
	int r = mm_process_rows_new(look->has_before ? &look->before : NULL, &look->now,
		o->with_kernel, &ret->rows, &all);

	if (r < 0)
		return r;
	ret->count = mm_process_rows_sort(ret->rows, all, o->sort, o->limit);
	if (!o->is_tree || all == 0)
		return 0;
	ret->depths = calloc(all, sizeof(*ret->depths));
	return ret->depths ? mm_ps_tree(ret->rows, all, ret->depths) : -ENOMEM;
}

/* Without shares of CPU, in all but the first block of --watch, there is no column of them. */
static size_t choose_columns(
	const struct mm_ps_scene *scene, struct mm_ps_column columns[MM_PS_COLUMNS_MAX])
{
	bool with_shares = scene->options->with_shares || scene->options->watch_ms;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(process_columns) / sizeof(process_columns[0]); i++)
		if (process_columns[i].id != COL_CPU || with_shares)
			columns[n++] = process_columns[i];
	return n;
}

static int show_processes(FILE *out, const struct mm_ps_scene *scene)
{
	struct mm_ps_column columns[MM_PS_COLUMNS_MAX];
	struct list list = {0};
	int r = make_list(scene, &list);

	if (r == 0) {
		struct mm_ps_table table = {
			.columns = columns,
			.column_count = choose_columns(scene, columns),
			.row_count = list.count,
			.cell = process_cell,
			.arg = &list,
			.is_bare = scene->options->is_bare,
			.width = scene->width,
		};

		mm_ps_table_print(out, &table);
	}
	free(list.rows);
	free(list.depths);
	return r;
}

int mm_ps_show_text(FILE *out, const struct mm_ps_scene *scene)
{
	char label[MM_TEXT_SIZE(NAME_BYTES) + 32], line[HEAD_LINE + MM_PS_CELL];
	const struct mm_look *look;

	if (scene->is_list) {
		show_guests(out, scene);
		return 0;
	}
	if (scene->count == 0) {
		mm_ps_line(out, scene->width, "there is no such guest any more; waiting for it");
		return 0;
	}
	look = &scene->guests->look;
	if (mm_look_is_good(look)) {
		if (!scene->options->is_bare)
			show_head(out, scene);
		return show_processes(out, scene);
	}
	snprintf(line, sizeof(line), "%s cannot be read (%s): %s",
		mm_ps_guest_label(label, sizeof(label), scene->guests), mm_look_reason(look),
		mm_look_reason_text(look));
	mm_ps_line(out, scene->width, line);
	return 0;
}
