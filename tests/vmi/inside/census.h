/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a guest's own /proc says of its processes and its memory, in one pass and without a fork: the truth that a look
 * from outside is compared with. One line each, "process KEY=VALUE..." and "counter KEY VALUE", in the words of look.c.
 */
#ifndef BENCH_CENSUS_H
#define BENCH_CENSUS_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PF_KTHREAD 0x00200000ul /* include/linux/sched.h */

struct census_stat {
	char state;
	long parent;
	unsigned long flags, utime, stime, threads;
	unsigned long long start;
};

/* The whole of a small file, terminated. False: the process is gone. */
static bool census_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return false;
	while (len + 1 < size && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return len > 0;
}

/* A name may hold anything: what is not plain becomes \xHH, blanks too. */
static void census_name(FILE *out, const char *name)
{
	for (; *name; name++) {
		if (*name > ' ' && *name < 127 && *name != '\\')
			fputc(*name, out);
		else
			fprintf(out, "\\x%02x", (unsigned char)*name);
	}
}

/* "Key:   123 kB" of a status file; 0 where it has none (kernel threads). */
static unsigned long census_value(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

/* Effective user id: the second number. */
static unsigned long census_uid(const char *status)
{
	const char *at = strstr(status, "\nUid:");
	char *end;

	if (!at)
		return 0;
	strtoul(at + 5, &end, 10);
	return strtoul(end, NULL, 10);
}

/* Fields after the last ')': the name may hold any byte. */
static bool census_stat(const char *dir, struct census_stat *ret)
{
	char path[64], text[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%s/stat", dir);
	if (!census_read(path, text, sizeof(text)) || !(at = strrchr(text, ')')))
		return false;
	return sscanf(at + 1,
		       " %c %ld %*d %*d %*d %*d %lu %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %lu "
		       "%*d %llu",
		       &ret->state, &ret->parent, &ret->flags, &ret->utime, &ret->stime,
		       &ret->threads, &ret->start) == 7;
}

static void census_process(FILE *out, const char *dir)
{
	char path[64], name[128], status[4096];
	struct census_stat stat;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%s/comm", dir);
	if (!census_read(path, name, sizeof(name)))
		return;
	len = strlen(name);
	name[len - 1] = '\0';
	snprintf(path, sizeof(path), "/proc/%s/status", dir);
	if (!census_read(path, status, sizeof(status)) || !census_stat(dir, &stat))
		return;
	fprintf(out,
		"process pid=%s parent=%ld uid=%lu threads=%lu state=%c kernel=%d anon_kib=%lu "
		"file_kib=%lu "
		"shmem_kib=%lu swap_kib=%lu vm_kib=%lu cpu_ms=%lu start_ms=%llu comm=",
		dir, stat.parent, census_uid(status), stat.threads, stat.state,
		!!(stat.flags & PF_KTHREAD), census_value(status, "RssAnon:"),
		census_value(status, "RssFile:"), census_value(status, "RssShmem:"),
		census_value(status, "VmSwap:"), census_value(status, "VmSize:"),
		(stat.utime + stat.stime) * 10, stat.start * 10);
	census_name(out, name);
	fputc('\n', out);
}

static void census_counters(FILE *out, const char *path, const char *const (*keys)[2], size_t count)
{
	static char text[16384];

	text[0] = '\n';
	if (!census_read(path, text + 1, sizeof(text) - 1))
		return;
	for (size_t i = 0; i < count; i++)
		if (strstr(text, keys[i][0]))
			fprintf(out, "counter %s %lu\n", keys[i][1],
				census_value(text, keys[i][0]));
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" and a line "full" of the same form. */
static void census_pressure(FILE *out)
{
	unsigned long whole, part;
	unsigned long long some, full;
	char text[512];

	if (census_read("/proc/pressure/memory", text, sizeof(text)) &&
		sscanf(text, "some avg10=%lu.%lu %*s %*s total=%llu full %*s %*s %*s total=%llu",
			&whole, &part, &some, &full) == 4)
		fprintf(out,
			"counter psi_some_avg10_pct100 %lu\ncounter psi_some_us %llu\ncounter "
			"psi_full_us %llu\n",
			whole * 100 + part, some, full);
}

static void census_load(FILE *out)
{
	unsigned long a[6];
	char text[128];

	if (census_read("/proc/loadavg", text, sizeof(text)) &&
		sscanf(text, "%lu.%lu %lu.%lu %lu.%lu", &a[0], &a[1], &a[2], &a[3], &a[4], &a[5]) ==
			6)
		for (int i = 0; i < 3; i++)
			fprintf(out, "counter load_milli%d %lu\n", i,
				a[2 * i] * 1000 + a[2 * i + 1] * 10);
	if (census_read("/proc/uptime", text, sizeof(text)) &&
		sscanf(text, "%lu.%lu", &a[0], &a[1]) == 2)
		fprintf(out, "counter uptime_ms %lu\n", a[0] * 1000 + a[1] * 10);
}

static void census(FILE *out)
{
	static const char *const memory[][2] = {
		{"\nMemTotal:", "total_kib"},
		{"\nMemFree:", "free_kib"},
		{"\nMemAvailable:", "avail_kib"},
		{"\nAnonPages:", "anon_kib"},
		{"\nShmem:", "shmem_kib"},
		{"\nSReclaimable:", "slab_reclaimable_kib"},
		{"\nSUnreclaim:", "slab_unreclaimable_kib"},
		{"\nPageTables:", "page_tables_kib"},
		{"\nKernelStack:", "kernel_stack_kib"},
		{"\nCommitted_AS:", "committed_kib"},
		{"\nSwapTotal:", "swap_total_kib"},
		{"\nSwapFree:", "swap_free_kib"},
	};
	static const char *const events[][2] = {
		{"\npswpin ", "swapin_pages"},
		{"\npswpout ", "swapout_pages"},
		{"\npgmajfault ", "majfaults"},
		{"\noom_kill ", "oom_kills"},
		{"\nworkingset_refault_anon ", "refault_anon"},
		{"\nworkingset_refault_file ", "refault_file"},
	};
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (!proc)
		return;
	census_counters(out, "/proc/meminfo", memory, sizeof(memory) / sizeof(memory[0]));
	census_counters(out, "/proc/vmstat", events, sizeof(events) / sizeof(events[0]));
	census_pressure(out);
	census_load(out);
	while ((entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			census_process(out, entry->d_name);
	closedir(proc);
	fprintf(out, "end\n");
	fflush(out);
}

#endif
