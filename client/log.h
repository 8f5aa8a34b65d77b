/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The agent's words: one line each on stderr, with the journal's "<N>" in front when the journal
 * listens.
 */
#ifndef XENMM_CLIENT_LOG_H
#define XENMM_CLIENT_LOG_H

#include <stdbool.h>

/* The numbers are syslog's. */
enum mm_log_level { MM_LOG_ERR = 3, MM_LOG_WARN = 4, MM_LOG_INFO = 6, MM_LOG_DEBUG = 7 };

/* Looks for the journal once; debug lines are written only when is_verbose. */
void mm_log_open(bool is_verbose);

/* Keeps errno. A line longer than 500 bytes is cut, and control bytes become "?". */
void mm_log(enum mm_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
