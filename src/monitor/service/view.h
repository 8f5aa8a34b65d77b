/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers about guests and their processes, as JSON: the same for a client and a controller. */
#ifndef XENMM_MON_VIEW_H
#define XENMM_MON_VIEW_H

#include <jansson.h>

#include "monitor/service/ask.h"
#include "monitor/service/reply.h"
#include "monitor/service/seen.h"

/* {"schema_version": 1, ...}; NULL without memory. */
json_t *mm_view_new(void);

/* MM_ASK_DOMAINS, MM_ASK_DOMAIN, MM_ASK_GUEST_PROCESSES and MM_ASK_PROCESSES. */
void mm_view_answer(
	const struct mm_mon_source *source, const struct mm_ask *ask, struct mm_reply *reply);

#endif
