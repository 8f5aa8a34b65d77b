/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What door.c (the daemon in the loop) and answer.c (requests) share. */
#ifndef XENMM_MON_DOOR_PRIVATE_H
#define XENMM_MON_DOOR_PRIVATE_H

#include <event2/event.h>
#include <microhttpd.h>
#include <stdbool.h>

#include "body.h"
#include "monitor/service/door.h"
#include "monitor/service/rate.h"
#include "monitor/service/tokens.h"
#include "peer.h"
#include "route.h"

#define MM_DOOR_CONNECTIONS 256u
#define MM_DOOR_PER_ADDRESS 32u /* where others than this host come */

/* Bodies that clients have not read yet, in all; with more, requests are turned away. */
#define MM_DOOR_BYTES ((size_t)64 * 1024 * 1024)

#define MM_DOOR_STATUSES 16
#define MM_DOOR_KEPT	 8

/* An answer that took long to make, for others who ask the same. */
struct mm_door_kept {
	struct mm_ask ask;
	struct mm_body *body;
	const char *type;
	uint64_t built_us, cost_us;
};

struct mm_door {
	const struct mm_mon_settings *settings;
	struct event_base *base;
	mm_door_answer *answer;
	void *arg;
	int fd; /* that listens; each daemon has a copy */
	bool is_exposed;
	struct MHD_Daemon *daemon;
	struct event *readable; /* the daemon has something to do */
	struct event *timeout;	/* ... or will have */
	struct mm_web_peers peers;
	struct mm_web_names names;
	struct mm_mon_tokens *tokens; /* NULL: everybody may ask */
	struct mm_rate rate;
	uint64_t told_ms; /* of a wrong token */
	size_t bytes;	  /* of all bodies that are still referenced */
	struct mm_door_kept kept[MM_DOOR_KEPT];
	struct mm_door_count counts[MM_DOOR_STATUSES];
	size_t count_count;
};

/* MHD's callbacks: a request's first line, the request, and its end. */
void *mm_door_begin(void *arg, const char *target, struct MHD_Connection *connection);
enum MHD_Result mm_door_request(void *arg, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state);
void mm_door_end(void *arg, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode why);

/* Nothing is kept any more. */
void mm_door_forget(struct mm_door *door);

#endif
