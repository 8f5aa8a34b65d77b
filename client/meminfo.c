/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "meminfo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xenmm/units.h"

/* A whole /proc/vmstat: 5 KiB on Linux 6.1, and it grows with each version. */
#define TEXT_MAX 16384

/* How often a sample is repeated because the balloon moved meanwhile. */
#define BALLOON_TRIES 3

struct wanted {
	const char *name;
	uint64_t value;
	bool is_found;
};

/* ---- parsers -------------------------------------------------------------------- */

static size_t count_digits(const char *text, size_t len)
{
	size_t digits = 0;

	while (digits < len && text[digits] >= '0' && text[digits] <= '9')
		digits++;
	return digits;
}

static struct wanted *find_wanted(struct wanted *wanted, size_t count, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(wanted[i].name) == len && memcmp(wanted[i].name, name, len) == 0)
			return &wanted[i];
	}
	return NULL;
}

/* One line "Name:   123 kB" or "name 123", without its newline. */
static int scan_line(const char *line, size_t len, struct wanted *wanted, size_t count)
{
	struct wanted *found;
	size_t name_len = 0;
	size_t start;

	while (name_len < len && line[name_len] != ':' && line[name_len] != ' ')
		name_len++;
	found = find_wanted(wanted, count, line, name_len);
	if (!found || found->is_found)
		return 0;
	start = name_len;
	while (start < len && (line[start] == ':' || line[start] == ' '))
		start++;
	found->is_found = true;
	return mm_parse_u64(line + start, count_digits(line + start, len - start), MM_COUNTER_MAX,
		&found->value);
}

/*
 * Fills wanted from lines of text. A last line that was cut off has no newline and is not looked
 * at.
 */
static int scan_lines(const char *text, size_t len, struct wanted *wanted, size_t count)
{
	const char *newline;

	while (len > 0 && (newline = memchr(text, '\n', len))) {
		size_t line_len = (size_t)(newline - text);

		if (scan_line(text, line_len, wanted, count) < 0)
			return -EINVAL;
		text += line_len + 1;
		len -= line_len + 1;
	}
	return 0;
}

int mm_parse_meminfo(const char *text, size_t len, struct mm_report *report)
{
	enum { TOTAL, FREE, AVAIL, BUFFERS, CACHED, SHMEM, SLAB, SWAP_TOTAL, SWAP_FREE, COUNT };
	struct wanted w[COUNT] = {
		[TOTAL] = {.name = "MemTotal"},
		[FREE] = {.name = "MemFree"},
		[AVAIL] = {.name = "MemAvailable"},
		[BUFFERS] = {.name = "Buffers"},
		[CACHED] = {.name = "Cached"},
		[SHMEM] = {.name = "Shmem"},
		[SLAB] = {.name = "SReclaimable"},
		[SWAP_TOTAL] = {.name = "SwapTotal"},
		[SWAP_FREE] = {.name = "SwapFree"},
	};
	uint64_t avail;

	if (scan_lines(text, len, w, COUNT) < 0)
		return -EINVAL;
	if (!w[TOTAL].is_found || !w[FREE].is_found || w[TOTAL].value == 0 ||
		w[TOTAL].value > MM_SIZE_MAX_KIB || w[SWAP_TOTAL].value > MM_SIZE_MAX_KIB)
		return -EINVAL;
	/* Sums of MM_COUNTER_MAX at most: they cannot overflow. */
	avail = w[FREE].value + w[BUFFERS].value + w[CACHED].value + w[SLAB].value;
	avail = mm_sub_floor(avail, w[SHMEM].value);
	if (w[AVAIL].is_found)
		avail = w[AVAIL].value;
	report->total_kib = w[TOTAL].value;
	/* The kernel sums per-CPU counters without a lock: a free above the total is its rounding. */
	report->free_kib = mm_min_u64(w[FREE].value, report->total_kib);
	report->avail_kib = mm_min_u64(avail, report->total_kib);
	report->swap_total_kib = w[SWAP_TOTAL].value;
	report->swap_free_kib = mm_min_u64(w[SWAP_FREE].value, report->swap_total_kib);
	return 0;
}

int mm_parse_vmstat(const char *text, size_t len, struct mm_report *report)
{
	enum { SWAPIN, SWAPOUT, MAJFAULT, REFAULT, REFAULT_ANON, REFAULT_FILE, COUNT };
	struct wanted w[COUNT] = {
		[SWAPIN] = {.name = "pswpin"},
		[SWAPOUT] = {.name = "pswpout"},
		[MAJFAULT] = {.name = "pgmajfault"},
		[REFAULT] = {.name = "workingset_refault"},
		[REFAULT_ANON] = {.name = "workingset_refault_anon"},
		[REFAULT_FILE] = {.name = "workingset_refault_file"},
	};

	if (scan_lines(text, len, w, COUNT) < 0)
		return -EINVAL;
	report->swapin_pages = w[SWAPIN].value;
	report->swapout_pages = w[SWAPOUT].value;
	report->majfaults = w[MAJFAULT].value;
	report->refault_anon = w[REFAULT_ANON].value;
	report->refault_file = w[REFAULT_FILE].is_found ? w[REFAULT_FILE].value : w[REFAULT].value;
	return 0;
}

/* The number behind "total=" in the line that begins with `kind`. */
static int find_pressure_total(const char *text, size_t len, const char *kind, uint64_t *ret_total)
{
	static const char key[] = " total=";
	const char *newline;

	while (len > 0 && (newline = memchr(text, '\n', len))) {
		size_t line_len = (size_t)(newline - text);
		const char *total = memmem(text, line_len, key, strlen(key));

		if (total && line_len > strlen(kind) && memcmp(text, kind, strlen(kind)) == 0) {
			total += strlen(key);
			return mm_parse_u64(total,
				count_digits(total, line_len - (size_t)(total - text)),
				MM_COUNTER_MAX, ret_total);
		}
		text += line_len + 1;
		len -= line_len + 1;
	}
	return -ENOENT;
}

int mm_parse_pressure(const char *text, size_t len, struct mm_report *report)
{
	uint64_t some;
	uint64_t full = 0;
	int r;

	if (find_pressure_total(text, len, "some ", &some) < 0)
		return -EINVAL;
	r = find_pressure_total(text, len, "full ", &full);
	if (r < 0 && r != -ENOENT)
		return -EINVAL;
	report->psi_some_us = some;
	report->psi_full_us = full;
	report->has_psi = true;
	return 0;
}

/* ---- files ---------------------------------------------------------------------- */

enum file_id { FILE_MEMINFO, FILE_VMSTAT, FILE_PRESSURE, FILE_BALLOON, FILE_COUNT };

static const char *const file_paths[FILE_COUNT] = {
	[FILE_MEMINFO] = "/proc/meminfo",
	[FILE_VMSTAT] = "/proc/vmstat",
	[FILE_PRESSURE] = "/proc/pressure/memory",
	[FILE_BALLOON] = "/sys/devices/system/xen_memory/xen_memory0/info/current_kb",
};

struct mm_sampler {
	char *root;
	int fds[FILE_COUNT];
	char text[TEXT_MAX];
};

int mm_sampler_new(const char *root, struct mm_sampler **ret_sampler)
{
	struct mm_sampler *sampler = calloc(1, sizeof(*sampler));

	if (!sampler)
		return -ENOMEM;
	sampler->root = strdup(root);
	if (!sampler->root) {
		free(sampler);
		return -ENOMEM;
	}
	for (size_t i = 0; i < FILE_COUNT; i++)
		sampler->fds[i] = -1;
	*ret_sampler = sampler;
	return 0;
}

static void close_file(struct mm_sampler *sampler, enum file_id id)
{
	if (sampler->fds[id] >= 0)
		(void)close(sampler->fds[id]); /* read only: nothing can be lost */
	sampler->fds[id] = -1;
}

void mm_sampler_free(struct mm_sampler *sampler)
{
	if (!sampler)
		return;
	for (int i = 0; i < FILE_COUNT; i++)
		close_file(sampler, (enum file_id)i);
	free(sampler->root);
	free(sampler);
}

static int open_file(struct mm_sampler *sampler, enum file_id id)
{
	char path[4096];
	int len;

	if (sampler->fds[id] >= 0)
		return 0;
	len = snprintf(path, sizeof(path), "%s%s", sampler->root, file_paths[id]);
	if (len < 0 || (size_t)len >= sizeof(path))
		return -ENAMETOOLONG;
	sampler->fds[id] = open(path, O_RDONLY | O_CLOEXEC);
	return sampler->fds[id] < 0 ? -errno : 0;
}

/*
 * Reads a file into sampler->text. Returns its length or -errno. /proc hands out one page a read,
 * so it takes several. A file that fails is opened anew next time: the balloon's driver may be a
 * module.
 */
static ssize_t read_file(struct mm_sampler *sampler, enum file_id id)
{
	size_t used = 0;
	ssize_t n = 0;
	int r = open_file(sampler, id);

	if (r < 0)
		return r;
	while (used < sizeof(sampler->text)) {
		n = pread(sampler->fds[id], sampler->text + used, sizeof(sampler->text) - used,
			(off_t)used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	if (n < 0) {
		r = -errno;
		close_file(sampler, id);
		return r;
	}
	return (ssize_t)used;
}

static uint64_t read_balloon(struct mm_sampler *sampler)
{
	ssize_t len = read_file(sampler, FILE_BALLOON);
	uint64_t kib = 0;

	if (len > 0 && sampler->text[len - 1] == '\n')
		len--;
	if (len <= 0 || mm_parse_u64(sampler->text, (size_t)len, MM_SIZE_MAX_KIB, &kib) < 0)
		return 0;
	return kib;
}

/* meminfo with the balloon's size around it. */
static int read_meminfo(struct mm_sampler *sampler, struct mm_report *report)
{
	for (int i = 0; i < BALLOON_TRIES; i++) {
		uint64_t before = read_balloon(sampler);
		ssize_t len = read_file(sampler, FILE_MEMINFO);
		uint64_t after;
		int r;

		if (len < 0)
			return (int)len;
		r = mm_parse_meminfo(sampler->text, (size_t)len, report);
		if (r < 0)
			return r;
		after = read_balloon(sampler);
		report->balloon_kib = mm_max_u64(before, after);
		report->is_moving = before != after;
		if (!report->is_moving)
			break;
	}
	return 0;
}

int mm_sampler_read(struct mm_sampler *sampler, struct mm_report *ret_report)
{
	struct mm_report report = {.source = MM_SOURCE_XENMM};
	ssize_t len;
	int r;

	/* A guest without these still has its sizes to tell: what fails stays 0. */
	len = read_file(sampler, FILE_VMSTAT);
	if (len > 0)
		(void)mm_parse_vmstat(sampler->text, (size_t)len, &report);
	len = read_file(sampler, FILE_PRESSURE);
	if (len > 0)
		(void)mm_parse_pressure(sampler->text, (size_t)len, &report);
	r = read_meminfo(sampler, &report);
	if (r < 0)
		return r;
	*ret_report = report;
	return 0;
}
