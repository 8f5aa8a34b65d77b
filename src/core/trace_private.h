/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reader and writer of traces must agree on. */
#ifndef XENMM_TRACE_PRIVATE_H
#define XENMM_TRACE_PRIVATE_H

#include <stdbool.h>

#include "xenmm/config.h"

#define TRACE_HEAD_LINE	  "xenmm-trace 1"
#define TRACE_HEAD_PREFIX "xenmm-trace "

/* The longest setting: all exclude patterns. */
#define TRACE_SETTING_MAX (MM_EXCLUDE_MAX * MM_PATTERN_MAX)

/* Whether a byte stands for itself; all others are written as %XX. */
static inline bool mm_trace_is_plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '%';
}

#endif
