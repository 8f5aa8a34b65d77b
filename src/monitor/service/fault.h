/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why a host's answer did not come, in words that say which setting to look at. */
#ifndef XENMM_MON_FAULT_H
#define XENMM_MON_FAULT_H

#include <stddef.h>

#include "monitor/service/settings.h"

/* Pure. code is curl's (CURLcode), not CURLE_OK; writes one line without the host's name. */
void mm_gather_fault(int code, const struct mm_mon_host_entry *entry,
	const struct mm_mon_settings *settings, char *text, size_t size);

#endif
