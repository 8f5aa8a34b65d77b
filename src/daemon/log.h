/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages for the administrator, on stderr; with journal priorities where the journal listens. */
#ifndef XENMM_LOG_H
#define XENMM_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum mm_log_level {
	MM_LOG_ERR = 3,	 /* a person must act */
	MM_LOG_WARN = 4, /* coped with */
	MM_LOG_INFO = 6, /* a target changed */
	MM_LOG_DEBUG = 7,
};

/* Call once at the start: is_verbose lets debug messages through. */
void mm_log_init(bool is_verbose);

/* One line, without the newline. errno survives. */
void mm_log(enum mm_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Lets the same trouble through once a minute: `*last_ms` is when it was told last (0: never).
 * Returns whether to tell it now.
 */
bool mm_log_is_due(uint64_t *last_ms, uint64_t now_ms);

#endif
