/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Watches, tokens, and what an event means. See events.h. */
#include "events.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

/*
 * Events a guest may cause in a second. An agent at its fastest samples ten times a second and
 * writes three keys; this is three times as many.
 */
#define FLOOD_EVENTS	100u
#define FLOOD_WINDOW_MS 1000u

static const struct {
	char letter;
	bool is_guests;
	const char *path;
} watch_table[MM_WATCH_COUNT] = {
	[MM_WATCH_RECORD] = {'r', true, MM_KEY_RECORD},
	[MM_WATCH_XS] = {'x', true, MM_KEY_XS_FREE},
	[MM_WATCH_MEMORY] = {'m', true, "memory"},
	[MM_WATCH_NAME] = {'n', false, "name"},
	[MM_WATCH_SHUTDOWN] = {'s', true, "control/shutdown"},
	[MM_WATCH_INTRODUCE] = {'I', false, "@introduceDomain"},
	[MM_WATCH_RELEASE] = {'R', false, "@releaseDomain"},
};

const char *mm_watch_path(enum mm_watch watch)
{
	return watch_table[watch].path;
}

bool mm_watch_is_guests(enum mm_watch watch)
{
	return watch_table[watch].is_guests;
}

void mm_token_format(char buf[MM_TOKEN_MAX], enum mm_watch watch, uint32_t domid, uint32_t serial)
{
	snprintf(buf, MM_TOKEN_MAX, "%c%u.%u", watch_table[watch].letter, domid, serial);
}

int mm_token_parse(
	const char *token, enum mm_watch *ret_watch, uint32_t *ret_domid, uint32_t *ret_serial)
{
	const char *dot = strchr(token, '.');
	uint64_t domid, serial;
	int watch = 0;

	while (watch < MM_WATCH_COUNT && watch_table[watch].letter != token[0])
		watch++;
	if (watch == MM_WATCH_COUNT || !dot)
		return -EINVAL;
	if (mm_parse_u64(token + 1, (size_t)(dot - token - 1), UINT32_MAX, &domid) < 0 ||
		mm_parse_u64(dot + 1, strlen(dot + 1), UINT32_MAX, &serial) < 0)
		return -EINVAL;
	*ret_watch = (enum mm_watch)watch;
	*ret_domid = (uint32_t)domid;
	*ret_serial = (uint32_t)serial;
	return 0;
}

/* The part of path behind the directory "memory", or NULL: it is the directory itself. */
static const char *below_memory(const char *path)
{
	const char *last = strstr(path, "/memory/");

	return last ? last + strlen("/memory/") : NULL;
}

static unsigned int memory_dirty(const char *path)
{
	const char *key = below_memory(path);

	if (!key) /* the directory: our registration, or it came or went */
		return MM_DIRTY_PAIR | MM_DIRTY_TARGET | MM_DIRTY_POLICY;
	if (!strcmp(key, "free") || !strcmp(key, "tot"))
		return MM_DIRTY_PAIR;
	if (!strcmp(key, "target") || !strcmp(key, "static-max"))
		return MM_DIRTY_TARGET;
	if (!strcmp(key, "xenmm"))
		return MM_DIRTY_POLICY;
	return 0;
}

unsigned int mm_watch_dirty(enum mm_watch watch, const char *path)
{
	switch (watch) {
	case MM_WATCH_RECORD:
		return MM_DIRTY_RECORD;
	case MM_WATCH_XS:
		return MM_DIRTY_XS;
	case MM_WATCH_MEMORY:
		return memory_dirty(path);
	case MM_WATCH_NAME:
		return MM_DIRTY_NAME;
	case MM_WATCH_SHUTDOWN:
		return MM_DIRTY_SHUTDOWN;
	default:
		return 0;
	}
}

bool mm_flood_count(struct mm_flood *flood, uint64_t now_ms)
{
	if (now_ms - flood->window_ms >= FLOOD_WINDOW_MS) {
		flood->window_ms = now_ms;
		flood->count = 0;
	}
	return ++flood->count > FLOOD_EVENTS;
}
