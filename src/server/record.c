/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "xenmm/trace.h"

static void stop(struct mm_record *record, int r)
{
	mm_log(MM_LOG_WARN, "record: cannot write '%s': %s; recording stops, balancing goes on",
		record->path, strerror(-r));
	fclose(record->out);
	record->out = NULL;
}

int mm_record_open(struct mm_record *record, const char *path, const struct mm_config *cfg)
{
	int r;

	record->path = path;
	record->out = fopen(path, "wxe");
	if (!record->out) {
		r = -errno;
		mm_log(MM_LOG_ERR, "record: cannot create '%s': %s", path,
			r == -EEXIST ? "it exists, and is not overwritten" : strerror(-r));
		return r;
	}
	r = mm_trace_write_head(record->out, cfg);
	if (r)
		stop(record, r);
	return 0;
}

void mm_record_settings(struct mm_record *record, const struct mm_config *cfg)
{
	int r = record->out ? mm_trace_write_settings(record->out, cfg) : 0;

	if (r)
		stop(record, r);
}

void mm_record_round(
	struct mm_record *record, const struct mm_snapshot *snap, const struct mm_plan *plan)
{
	int r = record->out ? mm_trace_write_round(record->out, snap, plan) : 0;

	if (r)
		stop(record, r);
}

void mm_record_close(struct mm_record *record)
{
	if (record->out && fclose(record->out))
		mm_log(MM_LOG_WARN, "record: cannot write '%s': %s", record->path, strerror(errno));
	record->out = NULL;
}
