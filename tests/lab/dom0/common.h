/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the lab's dom0 helpers share: finding a guest by name in xenstore, reading decimal nodes, a
 * monotonic and a wall clock. Header only, so that each helper stays one gcc call.
 */
#ifndef XENMM_LAB_COMMON_H
#define XENMM_LAB_COMMON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xenstore.h>

static inline double lab_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double lab_now(void)
{
	return lab_clock(CLOCK_MONOTONIC);
}

/* The value of a node as text (to be freed), NULL when it is absent. */
static inline char *lab_read(struct xs_handle *xs, const char *path)
{
	unsigned int len;

	return xs_read(xs, XBT_NULL, path, &len);
}

/* A decimal node; -1 when it is absent or no number. */
static inline long long lab_read_number(struct xs_handle *xs, const char *path)
{
	char *text = lab_read(xs, path), *end;
	long long value;

	if (!text)
		return -1;
	value = strtoll(text, &end, 10);
	if (end == text || *end != '\0')
		value = -1;
	free(text);
	return value;
}

/*
 * The domid of the guest NAME (the newest, while two share a name in a migration); -1 when there is
 * none.
 */
static inline int lab_domid(struct xs_handle *xs, const char *name)
{
	unsigned int count, i;
	int found = -1;
	char **ids = xs_directory(xs, XBT_NULL, "/local/domain", &count);

	for (i = 0; ids && i < count; i++) {
		char path[64], *value;

		snprintf(path, sizeof(path), "/local/domain/%.10s/name", ids[i]);
		value = lab_read(xs, path);
		if (value && !strcmp(value, name) && atoi(ids[i]) > found)
			found = atoi(ids[i]);
		free(value);
	}
	free(ids);
	return found;
}

#endif
