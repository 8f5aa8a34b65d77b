/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A request's head, as libmicrohttpd has it. */
#ifndef XENMM_WEB_HEAD_H
#define XENMM_WEB_HEAD_H

#include <microhttpd.h>

#include "route.h"

/* What it points to lives as long as the request, and as method and target. */
void mm_web_head_read(struct MHD_Connection *connection, const char *method, const char *target,
	struct mm_web_head *ret_head);

#endif
