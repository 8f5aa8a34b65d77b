/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a request to mmmon asks for. Pure: path and query in, values or a refusal out. See mmmon.conf(5), ANSWERS. */
#ifndef XENMM_MON_ASK_H
#define XENMM_MON_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "monitor/service/tokens.h"
#include "monitor/share.h"
#include "route.h"

#define MM_ASK_LIMIT_DEFAULT 20
#define MM_ASK_LIMIT_MAX     1000

enum mm_ask_kind {
	MM_ASK_HEALTH,
	MM_ASK_METRICS,
	MM_ASK_HOST,
	MM_ASK_HOSTS, /* a controller's alone */
	MM_ASK_DOMAINS,
	MM_ASK_DOMAIN,
	MM_ASK_GUEST_PROCESSES,
	MM_ASK_PROCESSES, /* of all guests */
	MM_ASK_COUNT
};

struct mm_ask {
	enum mm_ask_kind kind;
	char guest[MM_NAME_MAX]; /* uuid; MM_ASK_DOMAIN, MM_ASK_GUEST_PROCESSES */
	char host[MM_NAME_MAX];	 /* of a controller's; "": all */
	enum mm_sort sort;	 /* of processes */
	size_t limit; /* of processes; MM_ASK_DOMAINS: in each guest, by CPU and by memory; 0: none */
	bool with_kernel; /* the kernel's own threads too */
	bool is_open_metrics;
	enum mm_mon_scope
		scope; /* of who asks, as far as this service shows it; not from the request's line */
};

/* Whether it is about processes only. */
bool mm_ask_is_private(const struct mm_ask *ask);

/* Returns 0 with *ret_ask, but for is_open_metrics and scope; or -EINVAL with *ret_refusal. */
int mm_ask_parse(const char *target, bool is_controller, struct mm_ask *ret_ask,
	struct mm_refusal *ret_refusal);

#endif
