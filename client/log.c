/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_log_verbose;
static bool is_log_journal;

void mm_log_open(bool is_verbose)
{
	is_log_verbose = is_verbose;
	is_log_journal = getenv("JOURNAL_STREAM") != NULL;
}

void mm_log(enum mm_log_level level, const char *format, ...)
{
	char line[512];
	int saved_errno = errno;
	size_t used;
	va_list args;

	if (level == MM_LOG_DEBUG && !is_log_verbose)
		return;
	if (is_log_journal)
		(void)snprintf(line, sizeof(line), "<%d>", (int)level);
	else
		(void)snprintf(line, sizeof(line), "mmclient: ");
	used = strlen(line);
	va_start(args, format);
	(void)vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	used = strlen(line);
	line[used++] = '\n';
	/* One write, so that lines of several processes do not mix. Nobody to tell when it fails. */
	if (write(STDERR_FILENO, line, used) < 0)
		errno = saved_errno;
	errno = saved_errno;
}
