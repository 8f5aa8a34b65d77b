/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Store events: what is watched below a guest's directory, the tokens that lead back from an event
 * to the guest, and the brake on guests that cause too many. Pure: no store in here.
 */
#ifndef XENMM_XEN_EVENTS_H
#define XENMM_XEN_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One store watch. The last two are about the host and have no path below a guest. */
enum mm_watch {
	MM_WATCH_RECORD,   /* data/xenmm */
	MM_WATCH_XS,	   /* data/meminfo_free */
	MM_WATCH_MEMORY,   /* memory: target, static-max, free, tot, xenmm */
	MM_WATCH_NAME,	   /* name */
	MM_WATCH_SHUTDOWN, /* control/shutdown */
	MM_WATCH_INTRODUCE,
	MM_WATCH_RELEASE,
	MM_WATCH_COUNT
};
#define MM_WATCH_GUEST_COUNT MM_WATCH_INTRODUCE

/* What has to be read again. */
#define MM_DIRTY_RECORD	  0x01u
#define MM_DIRTY_PAIR	  0x02u /* memory/free, memory/tot */
#define MM_DIRTY_XS	  0x04u
#define MM_DIRTY_TARGET	  0x08u /* memory/target, memory/static-max */
#define MM_DIRTY_NAME	  0x10u
#define MM_DIRTY_SHUTDOWN 0x20u
#define MM_DIRTY_POLICY	  0x40u /* memory/xenmm */
#define MM_DIRTY_ALL	  0x7fu

#define MM_TOKEN_MAX 32

/* A watch's path: below the guest's directory, or a special one. */
const char *mm_watch_path(enum mm_watch watch);

/* Whether the guest itself can make this watch fire. */
bool mm_watch_is_guests(enum mm_watch watch);

/*
 * Writes the token of a watch: it names the watch, the domain and the serial number of our record
 * of it, so that a late event of a domain that is gone is never taken for one of its successor.
 */
void mm_token_format(char buf[MM_TOKEN_MAX], enum mm_watch watch, uint32_t domid, uint32_t serial);

/* The reverse. Returns 0 or -EINVAL: not one of ours. */
int mm_token_parse(
	const char *token, enum mm_watch *ret_watch, uint32_t *ret_domid, uint32_t *ret_serial);

/* What an event of that watch with that path makes dirty; 0: nothing we read. */
unsigned int mm_watch_dirty(enum mm_watch watch, const char *path);

/* Counts the events that a guest causes, in windows of a second. */
struct mm_flood {
	uint64_t window_ms; /* start of the window */
	unsigned int count;
};

/*
 * Counts one event. Returns true when the guest has caused more than it may and should not be heard
 * for a while.
 */
bool mm_flood_count(struct mm_flood *flood, uint64_t now_ms);

#endif
