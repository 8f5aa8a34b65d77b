/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define REPEAT_MS 60000

static bool has_journal;
static bool has_debug;

void mm_log_init(bool is_verbose)
{
	has_journal = getenv("JOURNAL_STREAM") != NULL;
	has_debug = is_verbose;
}

void mm_log(enum mm_log_level level, const char *format, ...)
{
	int saved = errno;
	char line[1024];
	va_list args;

	if (level == MM_LOG_DEBUG && !has_debug)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (has_journal)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "mmserver: %s\n", line);
	errno = saved;
}

bool mm_log_is_due(uint64_t *last_ms, uint64_t now_ms)
{
	if (*last_ms && now_ms - *last_ms < REPEAT_MS)
		return false;
	*last_ms = now_ms ? now_ms : 1;
	return true;
}
