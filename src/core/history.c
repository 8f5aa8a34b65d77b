/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The history's memory: finding, adding and forgetting tracks. */
#include "xenmm/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "progress.h"

void mm_history_free(struct mm_history *hist)
{
	free(hist->tracks);
	memset(hist, 0, sizeof(*hist));
}

static size_t lower_bound(const struct mm_history *hist, uint32_t domid)
{
	size_t low = 0;
	size_t high = hist->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (hist->tracks[middle].domid < domid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct mm_track *mm_history_find(const struct mm_history *hist, uint32_t domid)
{
	size_t i = lower_bound(hist, domid);

	return i < hist->count && hist->tracks[i].domid == domid ? &hist->tracks[i] : NULL;
}

/* Tracks of domains that are gone, or whose id another domain has now, are dropped. */
static void drop_stale(struct mm_history *hist, const struct mm_snapshot *snap)
{
	size_t kept = 0;

	for (size_t i = 0; i < hist->count; i++) {
		const struct mm_domain *dom = mm_snapshot_find(snap, hist->tracks[i].domid);

		if (!dom || strcmp(dom->uuid, hist->tracks[i].uuid))
			continue;
		if (kept != i)
			hist->tracks[kept] = hist->tracks[i];
		kept++;
	}
	hist->count = kept;
}

static int reserve(struct mm_history *hist, size_t count)
{
	struct mm_track *tracks;
	size_t capacity = hist->capacity ? hist->capacity : 16;

	while (capacity < count)
		capacity *= 2;
	if (capacity == hist->capacity)
		return 0;
	tracks = realloc(hist->tracks, capacity * sizeof(*tracks));
	if (!tracks)
		return -ENOMEM;
	hist->tracks = tracks;
	hist->capacity = capacity;
	return 0;
}

/*
 * Both lists are sorted by domid and every track has its domain in the snapshot, so new domains are
 * merged in from the back, in place.
 */
static void merge_new(struct mm_history *hist, const struct mm_snapshot *snap)
{
	size_t from = hist->count;

	for (size_t to = snap->count; to-- > 0;) {
		const struct mm_domain *dom = &snap->domains[to];

		if (from > 0 && hist->tracks[from - 1].domid == dom->domid) {
			hist->tracks[to] = hist->tracks[--from];
			continue;
		}
		memset(&hist->tracks[to], 0, sizeof(hist->tracks[to]));
		hist->tracks[to].domid = dom->domid;
		memcpy(hist->tracks[to].uuid, dom->uuid, sizeof(dom->uuid));
	}
	hist->count = snap->count;
}

int mm_history_match(struct mm_history *hist, const struct mm_snapshot *snap)
{
	int r = reserve(hist, snap->count);

	if (r)
		return r;
	drop_stale(hist, snap);
	merge_new(hist, snap);
	return 0;
}
