/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest's memory numbers in one line, read straight from /proc and /sys: for the lab's
 * measurements, in C because a shell and its forks would cost the emulated guest more than what is
 * being measured. Shared by agent.c and memlog.c.
 */
#ifndef XENMM_LAB_MEMSTAT_H
#define XENMM_LAB_MEMSTAT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMSTAT_LINE = 512 };

/* Reads a whole small file; "" when it cannot be read. */
static inline void memstat_slurp(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t got = f ? fread(buf, 1, size - 1, f) : 0;

	buf[got] = '\0';
	if (f)
		fclose(f);
}

/* The number after "\nKEY" in text; 0 when there is none. */
static inline unsigned long long memstat_after(const char *text, const char *key)
{
	size_t len = strlen(key);
	const char *at = text;

	while ((at = strstr(at, key)) != NULL) {
		if ((at == text || at[-1] == '\n') && strchr(": =", at[len]))
			return strtoull(at + len + 1, NULL, 10);
		at += len;
	}
	return 0;
}

static inline unsigned long long memstat_psi(const char *text, const char *kind)
{
	const char *line = strstr(text, kind), *total = line ? strstr(line, "total=") : NULL;

	return total ? strtoull(total + strlen("total="), NULL, 10) : 0;
}

/* KiB for sizes, pages for swap traffic, microseconds for PSI. */
static inline int memstat_line(char *out, size_t size)
{
	char mem[4096], vm[8192], psi[512], held[64];

	memstat_slurp("/proc/meminfo", mem, sizeof(mem));
	memstat_slurp("/proc/vmstat", vm, sizeof(vm));
	memstat_slurp("/proc/pressure/memory", psi, sizeof(psi));
	memstat_slurp(
		"/sys/devices/system/xen_memory/xen_memory0/info/current_kb", held, sizeof(held));
	return snprintf(out, size,
		"held=%lu total=%llu free=%llu available=%llu cached=%llu swaptotal=%llu "
		"swapfree=%llu "
		"pswpin=%llu pswpout=%llu pgmajfault=%llu oom_kill=%llu psi_some=%llu "
		"psi_full=%llu",
		strtoul(held, NULL, 10), memstat_after(mem, "MemTotal"),
		memstat_after(mem, "MemFree"), memstat_after(mem, "MemAvailable"),
		memstat_after(mem, "Cached"), memstat_after(mem, "SwapTotal"),
		memstat_after(mem, "SwapFree"), memstat_after(vm, "pswpin"),
		memstat_after(vm, "pswpout"), memstat_after(vm, "pgmajfault"),
		memstat_after(vm, "oom_kill"), memstat_psi(psi, "some"), memstat_psi(psi, "full"));
}

#endif
