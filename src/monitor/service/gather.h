/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A controller's requests: asks each host's mmmon at its interval, many at a time, in the event loop. Hosts may hang, lie, talk
 * for ever or be gone: each has its time and its bytes, and no more.
 */
#ifndef XENMM_MON_GATHER_H
#define XENMM_MON_GATHER_H

#include "monitor/service/hosts.h"
#include "monitor/service/settings.h"

struct event_base;
struct mm_gather; /* opaque */

#define MM_GATHER_AT_ONCE 64
#define MM_GATHER_BYTES	  ((size_t)128 << 20) /* of all answers under way */

/*
 * Begins to ask, by *settings (borrowed, may change: mm_gather_again()), and fills *hosts, which must outlive it. Returns 0, or
 * -errno and a line in err: a token file is wrong.
 */
int mm_gather_open(const struct mm_mon_settings *settings, struct event_base *base,
	struct mm_hosts *hosts, char *err, size_t err_size, struct mm_gather **ret_gather);

/* The settings are new. Returns 0, or -errno and a line in err: hosts and tokens stay as they are. */
int mm_gather_again(struct mm_gather *gather, char *err, size_t err_size);

/* Whether every host was asked once. */
bool mm_gather_is_complete(const struct mm_gather *gather);

/* NULL allowed. Before the event base is freed. */
void mm_gather_close(struct mm_gather *gather);

#endif
