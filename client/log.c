/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_log_verbose;
static bool is_log_journal;

/* $JOURNAL_STREAM is inherited by what the journal does not listen to, too: it names the stream. */
static bool is_journal_stream(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	struct stat st;
	char ours[64];

	if (!text || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(text, ours) == 0;
}

void mm_log_open(bool is_verbose)
{
	is_log_verbose = is_verbose;
	is_log_journal = is_journal_stream();
}

/* One message is one line, whatever stands in a value that it quotes. */
static void replace_controls(char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = '?';
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
	replace_controls(line + used);
	used = strlen(line);
	line[used++] = '\n';
	/* One write, so that lines of several processes do not mix. Nobody to tell when it fails. */
	if (write(STDERR_FILENO, line, used) < 0)
		errno = saved_errno;
	errno = saved_errno;
}
