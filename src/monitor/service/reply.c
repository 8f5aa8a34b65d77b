/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "monitor/process_json.h"

void mm_reply_error(struct mm_reply *reply, unsigned status, const char *format, ...)
{
	va_list args;

	free(reply->text);
	reply->text = NULL;
	reply->status = status;
	va_start(args, format);
	vsnprintf(reply->detail, sizeof(reply->detail), format, args);
	va_end(args);
}

void mm_reply_json(struct mm_reply *reply, json_t *json)
{
	FILE *out = json ? open_memstream(&reply->text, &reply->len) : NULL;
	int r = out ? json_dumpf(json, out, JSON_COMPACT | MM_GUEST_JSON_FLAGS) : -1;

	if (out) {
		fputc('\n', out);
		r = fclose(out) ? -1 : r;
	}
	json_decref(json);
	if (r)
		mm_reply_error(reply, 503, "out of memory; try again");
}
