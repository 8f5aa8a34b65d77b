/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client's side of the endpoint: what it looked into, as a source. */
#ifndef XENMM_MON_CLIENT_H
#define XENMM_MON_CLIENT_H

#include "monitor/service/look.h"
#include "monitor/service/seen.h"

struct mm_mon_client {
	const struct mm_mon_settings *settings;
	const char *host; /* this machine's name */
	struct mm_look *look;
};

/* Its guests; *client must outlive it. */
struct mm_mon_source mm_mon_client_source(struct mm_mon_client *client);

#endif
