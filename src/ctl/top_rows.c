/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "top_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client.h"
#include "show.h"
#include "xenmm/plan.h"
#include "xenmm/units.h"

/* Keys as in xentop and htop, where they have one: M memory, N name, T target (time), P pressure (processor). */
static const struct {
	const char *title;
	char key;
	bool is_upward; /* small ones first, unless reversed */
} columns[MM_TOP_COLUMN_COUNT] = {
	[MM_TOP_ID] = {"ID", 'D', true},
	[MM_TOP_NAME] = {"NAME", 'N', true},
	[MM_TOP_STATE] = {"STATE", 'S', true},
	[MM_TOP_HELD] = {"HELD", 'M', false},
	[MM_TOP_TARGET] = {"TARGET", 'T', false},
	[MM_TOP_USED] = {"USED", 'U', false},
	[MM_TOP_NEED] = {"NEED", 'E', false},
	[MM_TOP_BAR] = {"HARD# WARM= ROOM-", 0, false},
	[MM_TOP_STALL] = {"STALL%", 'P', false},
	[MM_TOP_AGE] = {"AGE", 'A', false},
	[MM_TOP_WHY] = {"WHY", 'W', true},
};

void mm_top_copy(char *dst, size_t size, const char *text)
{
	size_t i = 0;

	for (; text[i] && i + 1 < size; i++)
		dst[i] = (char)(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?');
	dst[i] = '\0';
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum mm_top_mood mood_of(const char *reason)
{
	switch (mm_reason_from_name(reason)) {
	case MM_REASON_SHORT:
	case MM_REASON_EMERGENCY:
	case MM_REASON_OVERCOMMITTED:
		return MM_TOP_ALERT;
	case MM_REASON_WAIT:
	case MM_REASON_MAXIMUM:
	case MM_REASON_DOUBT:
	case MM_REASON_NUDGE:
	case MM_REASON_STUCK:
	case MM_REASON_PROBE:
	case MM_REASON_SILENT:
	case MM_REASON_NO_AGENT:
		return MM_TOP_WATCH;
	case MM_REASON_DONATE:
	case MM_REASON_GROW:
	case MM_REASON_STEP_BACK:
		return MM_TOP_BUSY;
	default:
		return MM_TOP_CALM;
	}
}

static void copy_member(char *dst, size_t size, const json_t *object, const char *name)
{
	mm_top_copy(dst, size, mm_client_text(object, name));
}

/* An older mmserver does not say what is used, but what it is made of. */
static void read_used(const json_t *guest, struct mm_top_row *row)
{
	const json_t *agent = json_object_get(guest, "agent");

	row->has_age = json_is_integer(json_object_get(agent, "age_ms"));
	row->age_ms = mm_client_kib(agent, "age_ms");
	row->has_used = json_is_integer(json_object_get(guest, "used_kib"));
	row->used_kib = mm_client_kib(guest, "used_kib");
	if (row->has_used || !json_is_integer(json_object_get(agent, "total_kib")))
		return;
	row->has_used = true;
	row->used_kib = mm_sub_floor(
		mm_client_kib(agent, "total_kib"), mm_client_kib(agent, "available_kib"));
}

/* With what was seen from outside, in a few words: in the list there is no other place for it. */
static void read_reason(const json_t *guest, struct mm_top_row *row)
{
	size_t len;

	copy_member(row->reason_text, sizeof(row->reason_text), guest, "reason_text");
	len = strlen(row->reason_text);
	snprintf(row->reason_text + len, sizeof(row->reason_text) - len, "%s",
		mm_show_outside_short(guest));
}

void mm_top_read_row(const json_t *guest, struct mm_top_row *row)
{
	const json_t *need = json_object_get(guest, "need");

	memset(row, 0, sizeof(*row));
	row->domid = (uint32_t)mm_client_kib(guest, "domid");
	copy_member(row->name, sizeof(row->name), guest, "name");
	copy_member(row->uuid, sizeof(row->uuid), guest, "uuid");
	copy_member(row->state, sizeof(row->state), guest, "state");
	copy_member(row->reason, sizeof(row->reason), guest, "reason");
	read_reason(guest, row);
	row->mood = mood_of(row->reason);
	row->is_balanced = json_is_true(json_object_get(guest, "balanced"));
	row->held_kib = mm_client_kib(guest, "held_kib");
	row->target_kib = mm_client_kib(guest, "target_kib");
	row->hard_kib = mm_client_kib(need, "hard_kib");
	row->warm_kib = mm_client_kib(need, "warm_kib");
	row->headroom_kib = mm_client_kib(need, "headroom_kib");
	row->pressure_ppm = mm_client_kib(need, "pressure_ppm");
	read_used(guest, row);
}

static void read_head(const json_t *answer, struct mm_top_status *s)
{
	const json_t *server = json_object_get(answer, "server");
	const json_t *host = json_object_get(answer, "host");

	copy_member(s->host, sizeof(s->host), server, "host");
	copy_member(s->version, sizeof(s->version), server, "version");
	copy_member(s->backend, sizeof(s->backend), server, "backend");
	copy_member(s->policy, sizeof(s->policy), server, "policy");
	s->interval_ms = mm_client_kib(server, "interval_ms");
	s->rounds = mm_client_kib(server, "rounds");
	s->time_ms = mm_client_kib(server, "time_ms");
	s->start_ms = mm_client_kib(server, "start_ms");
	s->round_us = mm_client_kib(server, "round_us");
	s->is_dry_run = json_is_true(json_object_get(server, "dry_run"));
	s->is_paused = json_is_true(json_object_get(server, "paused"));
	s->is_overcommitted = json_is_true(json_object_get(host, "overcommitted"));
	s->total_kib = mm_client_kib(host, "total_kib");
	s->free_kib = mm_client_kib(host, "free_kib");
	s->reserve_kib = mm_client_kib(host, "reserve_kib");
	s->reserved_kib = mm_client_kib(host, "reserved_kib");
	s->spare_kib = mm_client_kib(host, "spare_kib");
	s->pool_kib = mm_client_kib(host, "pool_kib");
	s->budget_kib = mm_client_kib(host, "budget_kib");
}

int mm_top_read(const json_t *answer, struct mm_top_status *ret_status)
{
	const json_t *guests = json_object_get(answer, "guests");
	struct mm_top_status status = {.count = json_array_size(guests)};

	status.rows = calloc(status.count ? status.count : 1, sizeof(*status.rows));
	if (!status.rows)
		return -ENOMEM;
	read_head(answer, &status);
	for (size_t i = 0; i < status.count; i++)
		mm_top_read_row(json_array_get(guests, i), &status.rows[i]);
	*ret_status = status;
	return 0;
}

void mm_top_status_free(struct mm_top_status *status)
{
	free(status->rows);
	*status = (struct mm_top_status){0};
}

/* ---- order ----------------------------------------------------------------------------------- */

uint64_t mm_top_need_kib(const struct mm_top_row *row)
{
	return row->hard_kib + row->warm_kib + row->headroom_kib;
}

static const char *text_of(const struct mm_top_row *row, enum mm_top_column column)
{
	switch (column) {
	case MM_TOP_NAME:
		return row->name;
	case MM_TOP_STATE:
		return row->state;
	case MM_TOP_WHY:
		return row->reason_text;
	default:
		return ""; /* it goes by number */
	}
}

/* What is not known counts as nothing; an agent that never spoke is older than all. */
static uint64_t number_of(const struct mm_top_row *row, enum mm_top_column column)
{
	switch (column) {
	case MM_TOP_HELD:
		return row->held_kib;
	case MM_TOP_TARGET:
		return row->target_kib;
	case MM_TOP_USED:
		return row->used_kib;
	case MM_TOP_NEED:
		return mm_top_need_kib(row);
	case MM_TOP_STALL:
		return row->pressure_ppm;
	case MM_TOP_AGE:
		return row->has_age ? row->age_ms : UINT64_MAX;
	case MM_TOP_ID:
		return row->domid;
	default:
		return 0; /* it goes by text */
	}
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct mm_top_row *a = left, *b = right;
	const struct mm_top_order *order = arg;
	bool is_upward = columns[order->column].is_upward != order->is_reverse;
	int r = strcasecmp(text_of(a, order->column), text_of(b, order->column));

	if (!r)
		r = compare_numbers(number_of(a, order->column), number_of(b, order->column));
	if (r)
		return is_upward ? r : -r;
	return compare_numbers(a->domid, b->domid);
}

static bool is_shown(const struct mm_top_row *row, const char *filter)
{
	return !*filter || strcasestr(row->name, filter) || strcasestr(row->state, filter) ||
	       strcasestr(row->reason_text, filter);
}

size_t mm_top_arrange(struct mm_top_status *status, const struct mm_top_order *order)
{
	size_t shown = 0;

	for (size_t i = 0; i < status->count; i++) {
		struct mm_top_row row = status->rows[i];

		if (!is_shown(&row, order->filter))
			continue;
		status->rows[i] = status->rows[shown];
		status->rows[shown++] = row;
	}
	qsort_r(status->rows, shown, sizeof(*status->rows), compare_rows, (void *)order);
	return shown;
}

/* ---- columns --------------------------------------------------------------------------------- */

enum mm_top_column mm_top_column_named(const char *name)
{
	for (int i = 0; i < MM_TOP_COLUMN_COUNT; i++) {
		const char key[2] = {columns[i].key, '\0'};

		if (columns[i].key &&
			(!strcasecmp(name, columns[i].title) || !strcasecmp(name, key)))
			return (enum mm_top_column)i;
	}
	return !strcasecmp(name, "stall") ? MM_TOP_STALL : MM_TOP_COLUMN_COUNT;
}

char mm_top_column_key(enum mm_top_column column)
{
	return columns[column].key;
}

const char *mm_top_column_title(enum mm_top_column column)
{
	return columns[column].title;
}
