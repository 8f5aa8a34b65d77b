/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mmmon's HTTP endpoint: connections, TLS, tokens, limits, errors as problem+json. What there is to say comes from the service
 * behind it.
 */
#ifndef XENMM_MON_DOOR_H
#define XENMM_MON_DOOR_H

#include <stddef.h>
#include <stdint.h>

#include "monitor/service/ask.h"
#include "monitor/service/reply.h"
#include "monitor/service/settings.h"

struct event_base;
struct mm_door; /* opaque */

/* Answers one request: fills *reply, text or an error's status and detail. Never waits. */
typedef void mm_door_answer(void *arg, const struct mm_ask *ask, struct mm_reply *reply);

/* How many answers had that status. */
struct mm_door_count {
	unsigned status;
	uint64_t count;
};

/*
 * Listens as *settings (borrowed, may change while it is open) says. Returns 0; on failure -errno and a line in err:
 * -EINVAL where a file of TLS or tokens is wrong.
 */
int mm_door_open(const struct mm_mon_settings *settings, struct event_base *base,
	mm_door_answer *answer, void *arg, char *err, size_t err_size, struct mm_door **ret_door);

/*
 * Reads tokens, certificate and key again, as *settings now says. Returns 0, or -errno and a line in err: those before
 * stay in force.
 */
int mm_door_reload(struct mm_door *door, char *err, size_t err_size);

/* The counts so far, each status once. */
size_t mm_door_counts(const struct mm_door *door, const struct mm_door_count **ret_counts);

/* NULL allowed. To be called before the event base is freed. */
void mm_door_close(struct mm_door *door);

#endif
