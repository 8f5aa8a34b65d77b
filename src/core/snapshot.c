/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Snapshots: the container, and the stable words for states and types. */
#include "xenmm/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 16 /* a small host; doubled from there */

void mm_snapshot_free(struct mm_snapshot *snap)
{
	free(snap->domains);
	*snap = (struct mm_snapshot){0};
}

void mm_snapshot_clear(struct mm_snapshot *snap)
{
	snap->now_ms = 0;
	snap->host = (struct mm_host){0};
	snap->count = 0;
}

int mm_snapshot_add(struct mm_snapshot *snap, struct mm_domain **ret_domain)
{
	if (snap->count == snap->capacity) {
		size_t capacity = snap->capacity ? snap->capacity * 2 : FIRST_CAPACITY;
		struct mm_domain *grown =
			reallocarray(snap->domains, capacity, sizeof(*snap->domains));

		if (!grown)
			return -ENOMEM;
		snap->domains = grown;
		snap->capacity = capacity;
	}
	*ret_domain = &snap->domains[snap->count++];
	memset(*ret_domain, 0, sizeof(**ret_domain));
	return 0;
}

static int compare_domid(const void *a, const void *b)
{
	uint32_t x = ((const struct mm_domain *)a)->domid;
	uint32_t y = ((const struct mm_domain *)b)->domid;

	return (x > y) - (x < y);
}

void mm_snapshot_sort(struct mm_snapshot *snap)
{
	if (snap->count > 1)
		qsort(snap->domains, snap->count, sizeof(*snap->domains), compare_domid);
}

const struct mm_domain *mm_snapshot_find(const struct mm_snapshot *snap, uint32_t domid)
{
	struct mm_domain key = {.domid = domid};

	if (!snap->count)
		return NULL;
	return bsearch(&key, snap->domains, snap->count, sizeof(key), compare_domid);
}

void mm_name_copy(char dst[MM_NAME_MAX], const char *untrusted_name, size_t len)
{
	size_t i;

	for (i = 0; i < len && i < MM_NAME_MAX - 1; i++) {
		char c = untrusted_name[i];

		dst[i] = c > ' ' && c < 0x7f ? c : '?';
	}
	dst[i] = '\0';
}

static const char *const state_names[MM_DOM_STATE_COUNT] = {
	[MM_DOM_RUNNING] = "running",
	[MM_DOM_BUILDING] = "building",
	[MM_DOM_PAUSED] = "paused",
	[MM_DOM_SAVING] = "saving",
	[MM_DOM_FOREIGN] = "foreign",
	[MM_DOM_DYING] = "dying",
};

const char *mm_dom_state_name(enum mm_dom_state state)
{
	return (unsigned int)state < MM_DOM_STATE_COUNT ? state_names[state] : "unknown";
}

static const char *const type_names[MM_DOM_TYPE_COUNT] = {
	[MM_DOM_PV] = "pv",
	[MM_DOM_HVM] = "hvm",
};

const char *mm_dom_type_name(enum mm_dom_type type)
{
	return (unsigned int)type < MM_DOM_TYPE_COUNT ? type_names[type] : "unknown";
}
