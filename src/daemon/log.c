/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPEAT_MS 60000

static bool has_journal;
static bool has_debug;

/* $JOURNAL_STREAM is inherited by what the journal does not listen to, too: it names the stream. */
static bool is_journal_stream(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	struct stat st;
	char ours[64];

	if (!text || fstat(STDERR_FILENO, &st))
		return false;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return !strcmp(text, ours);
}

void mm_log_init(bool is_verbose)
{
	has_journal = is_journal_stream();
	has_debug = is_verbose;
}

/* One message is one line, whatever stands in a value that it quotes. */
static void replace_controls(char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < ' ' || *line == 0x7f)
			*line = '?';
}

/* A terminal that was stopped, or a reader that sleeps, must not stop the balancing: better no line. */
static bool is_heard(void)
{
	struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&fd, 1, 0) > 0 && (fd.revents & POLLOUT);
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
	replace_controls(line);
	if (!is_heard()) {
		errno = saved;
		return;
	}
	if (has_journal)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, line);
	errno = saved;
}

bool mm_log_is_due(uint64_t *last_ms, uint64_t now_ms)
{
	if (*last_ms && now_ms - *last_ms < REPEAT_MS)
		return false;
	*last_ms = now_ms ? now_ms : 1;
	return true;
}
