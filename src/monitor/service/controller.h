/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The controller's side of the endpoint: what its hosts said, and how they are. */
#ifndef XENMM_MON_CONTROLLER_H
#define XENMM_MON_CONTROLLER_H

#include "monitor/service/door.h"
#include "monitor/service/exporter.h"
#include "monitor/service/hosts.h"

/* MM_ASK_HOSTS. */
void mm_controller_hosts(const struct mm_hosts *hosts, struct mm_reply *reply);

/* Whether there is a host of that name; "" is any. */
bool mm_controller_has(const struct mm_hosts *hosts, const char *name);

/* For the metrics: one for each host, to be freed. NULL without memory. */
struct mm_exported_host *mm_controller_export(const struct mm_hosts *hosts);

#endif
