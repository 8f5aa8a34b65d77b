/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decisions as JSON: those of a guest, and the latest of all guests in their order. */
#include <stdlib.h>
#include <string.h>

#include "decisions_private.h"
#include "status.h"

struct mm_fed {
	uint32_t domid;
	char uuid[MM_UUID_LEN + 1];
	char name[MM_NAME_MAX];
	struct mm_decided decided; /* seq 0: an empty place */
};

static const char *const outcome_names[MM_OUTCOME_COUNT] = {
	[MM_OUTCOME_NONE] = "none",
	[MM_OUTCOME_SET] = "set",
	[MM_OUTCOME_DRY_RUN] = "dry-run",
	[MM_OUTCOME_PAUSED] = "paused",
	[MM_OUTCOME_REFUSED] = "refused",
};

void mm_feed_put(struct mm_decisions *decisions, const struct mm_decided_guest *guest,
	const struct mm_decided *decided)
{
	struct mm_fed *fed;

	if (!decisions->feed)
		decisions->feed = calloc(MM_DECISIONS_FEED, sizeof(*decisions->feed));
	if (!decisions->feed || decided->seq + MM_DECISIONS_FEED <= decisions->last_seq)
		return;
	fed = &decisions->feed[decided->seq % MM_DECISIONS_FEED];
	fed->domid = guest->domid;
	memcpy(fed->uuid, guest->uuid, sizeof(fed->uuid));
	memcpy(fed->name, guest->name, sizeof(fed->name));
	fed->decided = *decided;
}

static json_t *decided_json(
	uint32_t domid, const char *uuid, const char *name, const struct mm_decided *decided)
{
	const struct mm_plan_entry *entry = &decided->entry;

	return json_pack("{sI ss sI ss sI ss ss ss sI sI sI sI sI so sI sI sI sI sI sI sI sb}",
		"seq", (json_int_t)decided->seq, "name", name, "domid", (json_int_t)domid, "uuid",
		uuid, "time_ms", mm_status_time(&decided->wall), "reason",
		mm_reason_name(entry->reason), "reason_text", mm_reason_text(entry->reason),
		"outcome", outcome_names[decided->outcome], "old_kib", (json_int_t)entry->old_kib,
		"new_kib", (json_int_t)entry->new_kib, "held_kib", (json_int_t)entry->current_kib,
		"use_kib", (json_int_t)entry->use_kib, "wish_kib", (json_int_t)entry->wish_kib,
		"need", mm_status_need(&entry->need), "min_kib", (json_int_t)entry->min_kib,
		"max_kib", (json_int_t)entry->max_kib, "weight", (json_int_t)entry->weight,
		"budget_kib", (json_int_t)decided->budget_kib, "spare_kib",
		(json_int_t)decided->spare_kib, "available_kib", (json_int_t)decided->available_kib,
		"pool_kib", (json_int_t)decided->pool_kib, "overcommitted",
		decided->is_overcommitted);
}

json_t *mm_decisions_json(const struct mm_decided_guest *guest, size_t max)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < guest->count && i < max; i++) {
		json_t *row = decided_json(
			guest->domid, guest->uuid, guest->name, mm_decided_newest(guest, i));

		if (json_array_append_new(array, row)) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *fed_json(const struct mm_fed *fed)
{
	return decided_json(fed->domid, fed->uuid, fed->name, &fed->decided);
}

static bool is_of(const struct mm_fed *fed, const struct mm_decided_guest *guest)
{
	return !guest || (fed->domid == guest->domid && !strcmp(fed->uuid, guest->uuid));
}

json_t *mm_decisions_feed(const struct mm_decisions *decisions,
	const struct mm_decided_guest *guest, uint64_t since_seq, size_t max)
{
	json_t *array = json_array();
	uint64_t seq = decisions->feed ? decisions->last_seq : 0;

	for (; array && seq > since_seq && seq + MM_DECISIONS_FEED > decisions->last_seq; seq--) {
		const struct mm_fed *fed = &decisions->feed[seq % MM_DECISIONS_FEED];

		if (json_array_size(array) >= max)
			break;
		if (fed->decided.seq != seq || !is_of(fed, guest))
			continue;
		if (json_array_append_new(array, fed_json(fed))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}
