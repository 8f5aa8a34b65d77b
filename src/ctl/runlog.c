/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "runlog.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xenmm/units.h"

#define FIELDS_MAX 32
#define FIRST_NAME "data log of guest "

/* The first xenmm's columns: time, target, used, free, total; it wrote what the guest holds into none of its own. */
enum { COLUMN_TIME, COLUMN_TARGET, COLUMN_USED, COLUMN_FREE, COLUMN_TOTAL, COLUMN_COUNT };

struct fields {
	struct {
		const char *text;
		size_t len;
	} at[FIELDS_MAX];
	int count;
};

void mm_run_guest_init(struct mm_run_guest *guest, const char *name)
{
	*guest = (struct mm_run_guest){.held = -1,
		.swapin = -1,
		.swapout = -1,
		.stall = -1,
		.budget = -1,
		.host_free = -1};
	snprintf(guest->name, sizeof(guest->name), "%s", name);
}

static void split(const char *line, size_t len, struct fields *f)
{
	size_t i = 0;

	f->count = 0;
	while (i < len && f->count < FIELDS_MAX) {
		size_t start;

		while (i < len && isspace((unsigned char)line[i]))
			i++;
		start = i;
		while (i < len && !isspace((unsigned char)line[i]))
			i++;
		if (i > start) {
			f->at[f->count].text = line + start;
			f->at[f->count++].len = i - start;
		}
	}
}

static bool is_word(const struct fields *f, int i, const char *word)
{
	return f->at[i].len == strlen(word) && !strncasecmp(f->at[i].text, word, f->at[i].len);
}

/* ---- comment lines --------------------------------------------------------------------------- */

/* "# xenmm 1.0 data log of guest NAME, domain 3, uuid ...": the name may hold anything but control bytes. */
static void take_name(struct mm_run_guest *guest, const char *line, size_t len)
{
	const char *start = memmem(line, len, FIRST_NAME, strlen(FIRST_NAME));
	const char *end = line + len, *found = NULL;
	size_t n = 0;

	if (!start)
		return;
	start += strlen(FIRST_NAME);
	for (const char *p = start; (p = memmem(p, (size_t)(end - p), ", domain ", 9)); p++)
		found = p; /* the last one: the name may hold it too */
	if (!found || found == start)
		return;
	for (; start < found && n + 1 < sizeof(guest->name); start++)
		guest->name[n++] = (char)(*start >= ' ' && *start <= '~' ? *start : '?');
	guest->name[n] = '\0';
}

/* "# time tg_mem ...": where the columns beyond the first five are. */
static void take_titles(struct mm_run_guest *guest, const struct fields *f)
{
	const struct {
		const char *title;
		int *place;
	} known[] = {
		{"held_mem", &guest->held},
		{"cur_mem", &guest->held},
		{"swap_in", &guest->swapin},
		{"swap_out", &guest->swapout},
		{"psi_some_us", &guest->stall},
		{"budget_mem", &guest->budget},
		{"host_free", &guest->host_free},
	};

	if (f->count < 2 || !is_word(f, 0, "#") || !is_word(f, 1, "time"))
		return;
	for (int i = 2; i < f->count; i++)
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (is_word(f, i, known[k].title))
				*known[k].place = i - 1;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Digits from *text on, `count` of them, then `behind`. */
static bool read_part(
	const char **text, size_t *len, size_t count, char behind, unsigned *ret_value)
{
	uint64_t value;

	if (*len < count + (behind != 0) || mm_parse_u64(*text, count, 9999, &value))
		return false;
	if (behind && (*text)[count] != behind)
		return false;
	*text += count + (behind != 0);
	*len -= count + (behind != 0);
	*ret_value = (unsigned)value;
	return true;
}

/* Days since 1970 by the civil calendar. */
static uint64_t days_of(unsigned y, unsigned m, unsigned d)
{
	if (m <= 2) {
		y--;
		m += 12;
	}
	return (uint64_t)365 * y + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 + d - 719469;
}

/* "2026-11-21T14:03:22.123"; a zone behind it is not looked at. */
static bool read_time(const char *text, size_t len, uint64_t *ret_ms)
{
	unsigned y, mo, d, h, mi, s, ms = 0;

	if (!read_part(&text, &len, 4, '-', &y) || !read_part(&text, &len, 2, '-', &mo) ||
		!read_part(&text, &len, 2, 'T', &d) || !read_part(&text, &len, 2, ':', &h) ||
		!read_part(&text, &len, 2, ':', &mi) || !read_part(&text, &len, 2, 0, &s))
		return false;
	if (len >= 4 && *text == '.') {
		text++;
		len--;
		if (!read_part(&text, &len, 3, 0, &ms))
			return false;
	}
	if (y < 1971 || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || s > 60)
		return false;
	*ret_ms = (((days_of(y, mo, d) * 24 + h) * 60 + mi) * 60 + s) * 1000 + ms;
	return true;
}

/* A number of the row; false where the column is not there or holds something else. */
static bool read_number(const struct fields *f, int place, uint64_t *ret_value)
{
	return place >= 0 && place < f->count &&
	       !mm_parse_u64(f->at[place].text, f->at[place].len, INT64_MAX, ret_value);
}

static bool read_size(const struct fields *f, int place, uint64_t *ret_kib)
{
	return read_number(f, place, ret_kib) && *ret_kib <= MM_SIZE_MAX_KIB;
}

static bool read_row(
	const struct mm_run_guest *guest, const struct fields *f, struct mm_run_row *row)
{
	uint64_t total_kib;

	*row = (struct mm_run_row){0};
	if (f->count < COLUMN_COUNT ||
		!read_time(f->at[COLUMN_TIME].text, f->at[COLUMN_TIME].len, &row->time_ms) ||
		!read_size(f, COLUMN_TARGET, &row->target_kib) ||
		!read_size(f, COLUMN_USED, &row->used_kib) ||
		!read_size(f, COLUMN_FREE, &row->free_kib) ||
		!read_size(f, COLUMN_TOTAL, &total_kib))
		return false;
	if (!read_size(f, guest->held, &row->held_kib))
		row->held_kib = total_kib;
	(void)read_number(f, guest->swapin, &row->swapin_pages);
	(void)read_number(f, guest->swapout, &row->swapout_pages);
	(void)read_number(f, guest->stall, &row->stall_us);
	if (!read_size(f, guest->budget, &row->budget_kib))
		row->budget_kib = 0;
	if (!read_size(f, guest->host_free, &row->host_free_kib))
		row->host_free_kib = 0;
	return true;
}

/* Rows stay in order: one that is older than the last one, after the clock was set back, is left out. */
static int add_row(struct mm_run_guest *guest, const struct mm_run_row *row)
{
	if (guest->count > 0 && row->time_ms < guest->rows[guest->count - 1].time_ms)
		return 0;
	if (guest->count == guest->capacity) {
		size_t capacity = guest->capacity ? 2 * guest->capacity : 256;
		struct mm_run_row *rows = realloc(guest->rows, capacity * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		guest->rows = rows;
		guest->capacity = capacity;
	}
	guest->rows[guest->count++] = *row;
	return 0;
}

int mm_run_guest_line(struct mm_run_guest *guest, const char *line, size_t len)
{
	struct mm_run_row row;
	struct fields f;

	split(line, len, &f);
	if (len > 0 && *line == '#') {
		take_name(guest, line, len);
		take_titles(guest, &f);
		return 0;
	}
	return read_row(guest, &f, &row) ? add_row(guest, &row) : 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* A log without a name in it: the domain is in the file's name, "26_11_21_1_3.log". */
static void name_by_file(const char *path, char *name, size_t size)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const char *mark = strrchr(base, '_');
	size_t n = mark ? strspn(mark + 1, "0123456789") : 0;

	if (n > 0 && !strcmp(mark + 1 + n, ".log"))
		snprintf(name, size, "domain %.*s", (int)n, mark + 1);
	else
		snprintf(name, size, "%s", base);
}

/* A plain file: a pipe would keep us waiting. */
static FILE *open_log(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	FILE *file;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return NULL;
	}
	file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

/* All lines but one that its writer has not finished. */
static int read_lines(FILE *file, struct mm_run_guest *guest)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int r = 0;

	while (!r && (len = getline(&line, &size, file)) > 0)
		if (line[len - 1] == '\n')
			r = mm_run_guest_line(guest, line, (size_t)len - 1);
	if (!r && ferror(file))
		r = -EIO;
	free(line);
	return r;
}

static struct mm_run_guest *add_guest(struct mm_run *run)
{
	if (run->count == run->capacity) {
		size_t capacity = run->capacity ? 2 * run->capacity : 16;
		struct mm_run_guest *guests = realloc(run->guests, capacity * sizeof(*guests));

		if (!guests)
			return NULL;
		run->guests = guests;
		run->capacity = capacity;
	}
	return &run->guests[run->count];
}

int mm_run_read(struct mm_run *run, const char *path)
{
	struct mm_run_guest *guest = add_guest(run);
	char name[MM_RUN_NAME_MAX];
	FILE *file;
	int r;

	if (!guest)
		return -ENOMEM;
	file = open_log(path);
	if (!file)
		return -errno;
	name_by_file(path, name, sizeof(name));
	mm_run_guest_init(guest, name);
	r = read_lines(file, guest);
	fclose(file);
	if (!r && guest->count > 0) {
		run->count++;
		return 1;
	}
	free(guest->rows);
	return r;
}

void mm_run_free(struct mm_run *run)
{
	for (size_t i = 0; i < run->count; i++)
		free(run->guests[i].rows);
	free(run->guests);
	*run = (struct mm_run){0};
}
