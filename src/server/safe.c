/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "safe.h"

#include <inttypes.h>

#include "log.h"

void mm_leave_safe_targets(
	struct mm_backend *backend, struct mm_snapshot *snap, const struct mm_history *hist)
{
	const struct mm_backend_ops *ops = backend->ops;

	if (ops->sample(backend, snap))
		return;
	for (size_t i = 0; i < snap->count; i++) {
		const struct mm_domain *dom = &snap->domains[i];
		const struct mm_track *track = mm_history_find(hist, dom->domid);

		if (!track || dom->state != MM_DOM_RUNNING || !mm_track_is_shrinking(track, dom))
			continue;
		if (!ops->set_target(backend, dom->domid, mm_track_surely_held(track, dom)))
			mm_log(MM_LOG_INFO,
				"%s (domain %" PRIu32 "): left at %" PRIu64 " KiB, what it holds",
				dom->name, dom->domid, mm_track_surely_held(track, dom));
	}
}
