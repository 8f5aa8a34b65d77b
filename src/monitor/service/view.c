/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/process_json.h"
#include "xenmm/units.h"

int mm_mon_rows(const struct mm_mon_guest *seen, bool with_kernel, struct mm_process_row **ret_rows,
	size_t *ret_count)
{
	const struct mm_sample *sample = seen->sample;
	struct mm_process_row *rows;
	size_t n = 0;

	*ret_rows = NULL;
	*ret_count = 0;
	if (!sample || sample->count == 0)
		return 0;
	if (!seen->shares)
		return mm_process_rows_new(seen->before, sample, with_kernel, ret_rows, ret_count);
	rows = calloc(sample->count, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < sample->count; i++)
		if (with_kernel || !sample->processes[i].is_kernel)
			rows[n++] = (struct mm_process_row){&sample->processes[i], seen->shares[i]};
	*ret_rows = rows;
	*ret_count = n;
	return 0;
}

json_t *mm_view_new(void)
{
	return json_pack("{s:i}", "schema_version", MM_GUEST_JSON_VERSION);
}

/* Puts a new reference, where both are there. Returns 0 or -ENOMEM. */
static int put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) ? -ENOMEM : 0;
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)mm_min_u64(value, INT64_MAX));
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* ---- guests ---------------------------------------------------------------------------------- */

static json_t *guest_json(const struct mm_mon_guest *seen)
{
	const struct mm_guest_view view = {
		.domid = seen->domid,
		.uuid = seen->uuid,
		.name = seen->name,
		.type = seen->type,
		.sample = seen->sample,
		.reason = seen->reason,
		.reason_text = seen->reason_text,
		.now_ms = seen->sample ? seen->sample->taken_ms + seen->age_ms : 0,
	};
	json_t *json = mm_guest_json(&view);
	int r = put(json, "host", json_string(seen->host));

	r = r ? r : put(json, "state", text_or_null(seen->state));
	r = r ? r : put(json, "stale", json_boolean(seen->is_stale));
	r = r ? r : put(json, "also_on", text_or_null(seen->also_on));
	r = r ? r : put(json, "samples", number(seen->samples));
	r = r ? r : put(json, "failures", number(seen->failures));
	r = r ? r : put(json, "cost_total_us", number(seen->cost_us));
	if (!r && seen->process_count)
		r = put(json, "processes", number(seen->process_count));
	if (!r)
		return json;
	json_decref(json);
	return NULL;
}

/* The first `limit` by CPU, and those by memory that are not among them. */
static json_t *largest_json(const struct mm_mon_guest *seen, size_t limit)
{
	json_t *list = json_array();
	struct mm_process_row *rows;
	size_t count, shown;

	if (!list || mm_mon_rows(seen, true, &rows, &count)) {
		json_decref(list);
		return NULL;
	}
	shown = mm_process_rows_sort(rows, count, MM_SORT_CPU, limit);
	for (size_t i = 0; i < shown; i++)
		(void)json_array_append_new(list, mm_process_json(rows[i].process, rows[i].share));
	if (count > shown) {
		size_t more = mm_process_rows_sort(rows + shown, count - shown, MM_SORT_RSS, limit);

		for (size_t i = shown; i < shown + more; i++)
			(void)json_array_append_new(
				list, mm_process_json(rows[i].process, rows[i].share));
		shown += more;
	}
	free(rows);
	if (json_array_size(list) == shown)
		return list;
	json_decref(list);
	return NULL;
}

static void answer_domains(
	const struct mm_mon_source *source, const struct mm_ask *ask, struct mm_reply *reply)
{
	json_t *answer = mm_view_new(), *list = json_array();
	size_t count = source->count(source->arg);
	int r = 0;

	for (size_t i = 0; !r && i < count; i++) {
		struct mm_mon_guest seen;
		json_t *guest;

		source->get(source->arg, i, &seen);
		if (*ask->host && strcmp(ask->host, seen.host) != 0)
			continue;
		guest = guest_json(&seen);
		if (ask->limit)
			r = put(guest, "process_list", largest_json(&seen, ask->limit));
		r = json_array_append_new(list, guest) || r ? -ENOMEM : 0;
	}
	if (!r)
		r = put(answer, "domains", list);
	else
		json_decref(list);
	if (r) {
		json_decref(answer);
		answer = NULL;
	}
	mm_reply_json(reply, answer);
}

/* Returns whether it is there; otherwise the reply says so. */
static bool find(const struct mm_mon_source *source, const struct mm_ask *ask,
	struct mm_mon_guest *ret_seen, struct mm_reply *reply)
{
	if (source->find(source->arg, ask->guest, ret_seen))
		return true;
	mm_reply_error(reply, 404, "there is no guest of the uuid '%s'", ask->guest);
	return false;
}

static void answer_domain(
	const struct mm_mon_source *source, const struct mm_ask *ask, struct mm_reply *reply)
{
	struct mm_mon_guest seen;
	json_t *answer;

	if (!find(source, ask, &seen, reply))
		return;
	answer = mm_view_new();
	if (put(answer, "domain", guest_json(&seen))) {
		json_decref(answer);
		answer = NULL;
	}
	mm_reply_json(reply, answer);
}

/* ---- processes ------------------------------------------------------------------------------- */

static void answer_guest_processes(
	const struct mm_mon_source *source, const struct mm_ask *ask, struct mm_reply *reply)
{
	struct mm_process_row *rows = NULL;
	json_t *answer, *list;
	struct mm_mon_guest seen;
	size_t count = 0, shown;
	int r;

	if (!find(source, ask, &seen, reply))
		return;
	answer = mm_view_new();
	list = json_array();
	r = mm_mon_rows(&seen, ask->with_kernel, &rows, &count);
	shown = r ? 0 : mm_process_rows_sort(rows, count, ask->sort, ask->limit);
	for (size_t i = 0; !r && i < shown; i++)
		r = json_array_append_new(list, mm_process_json(rows[i].process, rows[i].share));
	free(rows);
	r = r ? r : put(answer, "domain", guest_json(&seen));
	r = r ? r : put(answer, "sort", json_string(mm_sort_name(ask->sort)));
	r = r ? r : put(answer, "matching", number(count));
	r = put(answer, "processes", list) || r; /* takes the list over in any case */
	if (r) {
		json_decref(answer);
		answer = NULL;
	}
	mm_reply_json(reply, answer);
}

struct owned_row {
	struct mm_process_row row;
	size_t guest; /* its place in the source */
};

static enum mm_sort sort_of_all; /* qsort() has no argument; there is one thread */

static int compare_owned(const void *a, const void *b)
{
	const struct owned_row *x = a, *y = b;
	int order = mm_process_row_compare(sort_of_all, &x->row, &y->row);

	return order ? order : (x->guest > y->guest) - (x->guest < y->guest);
}

/* The first `limit` of those kept and the guest's. Returns 0 or -ENOMEM. */
static int merge_guest(struct owned_row **kept, size_t *count, const struct mm_mon_guest *seen,
	size_t guest, const struct mm_ask *ask)
{
	struct mm_process_row *rows;
	struct owned_row *all;
	size_t more;

	if (mm_mon_rows(seen, ask->with_kernel, &rows, &more))
		return -ENOMEM;
	more = mm_process_rows_sort(rows, more, ask->sort, ask->limit);
	/* most guests of many have nothing that counts */
	while (*count == ask->limit && more > 0 &&
		mm_process_row_compare(ask->sort, &rows[more - 1], &(*kept)[*count - 1].row) > 0)
		more--;
	all = more ? reallocarray(*kept, *count + more, sizeof(*all)) : *kept;
	if (more && !all) {
		free(rows);
		return -ENOMEM;
	}
	for (size_t i = 0; i < more; i++)
		all[*count + i] = (struct owned_row){rows[i], guest};
	free(rows);
	*kept = all;
	*count += more;
	if (more) {
		sort_of_all = ask->sort;
		qsort(all, *count, sizeof(*all), compare_owned);
	}
	*count = *count < ask->limit ? *count : ask->limit;
	return 0;
}

static int put_rows(const struct mm_mon_source *source, const struct owned_row *rows, size_t count,
	json_t *list)
{
	int r = 0;

	for (size_t i = 0; !r && i < count; i++) {
		struct mm_mon_guest seen;
		json_t *json = mm_process_json(rows[i].row.process, rows[i].row.share);

		source->get(source->arg, rows[i].guest, &seen);
		r = put(json, "host", json_string(seen.host));
		r = r ? r : put(json, "domain_uuid", text_or_null(seen.uuid));
		r = r ? r : put(json, "domain_name", text_or_null(seen.name));
		r = r ? r : put(json, "stale", json_boolean(seen.is_stale));
		r = json_array_append_new(list, json) || r ? -ENOMEM : 0;
	}
	return r;
}

static void answer_processes(
	const struct mm_mon_source *source, const struct mm_ask *ask, struct mm_reply *reply)
{
	json_t *answer = mm_view_new(), *list = json_array();
	struct owned_row *rows = NULL;
	size_t guests = source->count(source->arg), count = 0;
	int r = 0;

	for (size_t i = 0; !r && i < guests; i++) {
		struct mm_mon_guest seen;

		source->get(source->arg, i, &seen);
		if (!*ask->host || !strcmp(ask->host, seen.host))
			r = merge_guest(&rows, &count, &seen, i, ask);
	}
	r = r ? r : put_rows(source, rows, count, list);
	free(rows);
	r = r ? r : put(answer, "sort", json_string(mm_sort_name(ask->sort)));
	r = put(answer, "processes", list) || r;
	if (r) {
		json_decref(answer);
		answer = NULL;
	}
	mm_reply_json(reply, answer);
}

void mm_view_answer(
	const struct mm_mon_source *source, const struct mm_ask *ask, struct mm_reply *reply)
{
	switch (ask->kind) {
	case MM_ASK_DOMAINS:
		answer_domains(source, ask, reply);
		break;
	case MM_ASK_DOMAIN:
		answer_domain(source, ask, reply);
		break;
	case MM_ASK_GUEST_PROCESSES:
		answer_guest_processes(source, ask, reply);
		break;
	default:
		answer_processes(source, ask, reply);
		break;
	}
}
