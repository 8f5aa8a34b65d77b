/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmps --json: one guest with its processes, or all guests; see process_json.h for what is in each. */
#include <errno.h>
#include <stdlib.h>

#include "monitor/ps_show.h"

/* Takes value, which may be NULL without memory. */
static int put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) < 0 ? -ENOMEM : 0;
}

static json_t *guest_json(const struct mm_ps_scene *scene, const struct mm_ps_guest *guest)
{
	const struct mm_look *look = &guest->look;
	struct mm_guest_view view = {
		.domid = guest->domid,
		.uuid = *guest->uuid ? guest->uuid : NULL,
		.name = guest->name,
		.type = guest->type,
		.sample = look->has_now ? &look->now : NULL,
		.now_ms = scene->now_ms,
	};

	if (look->error || !look->has_now) {
		view.reason = mm_look_reason(look);
		view.reason_text = mm_look_reason_text(look);
	}
	return mm_guest_json(&view);
}

static json_t *guests_json(const struct mm_ps_scene *scene)
{
	json_t *array = json_array();

	for (size_t i = 0; i < scene->count; i++) {
		if (json_array_append_new(array, guest_json(scene, &scene->guests[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *rows_json(const struct mm_process_row *rows, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		json_t *row = mm_process_json(rows[i].process, rows[i].share);

		if (json_array_append_new(array, row) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *processes_json(const struct mm_ps_scene *scene)
{
	const struct mm_look *look = scene->count ? &scene->guests->look : NULL;
	const struct mm_ps_options *o = scene->options;
	struct mm_process_row *rows;
	json_t *array;
	size_t count;

	if (!look || !mm_look_is_good(look))
		return json_array();
	if (mm_process_rows_new(look->has_before ? &look->before : NULL, &look->now, o->with_kernel,
		    &rows, &count) < 0)
		return NULL;
	count = mm_process_rows_sort(rows, count, o->sort, o->limit);
	array = rows_json(rows, count);
	free(rows);
	return array;
}

int mm_ps_show_json(FILE *out, const struct mm_ps_scene *scene)
{
	size_t form = scene->options->watch_ms ? JSON_COMPACT : JSON_INDENT(2);
	json_t *whole = json_object();
	int r = put(whole, "schema_version", json_integer(MM_GUEST_JSON_VERSION));

	if (r == 0)
		r = put(whole, "time_ms", json_integer((json_int_t)scene->wall_ms));
	if (r == 0 && scene->is_list) {
		r = put(whole, "guests", guests_json(scene));
	} else if (r == 0) {
		r = put(whole, "guest",
			scene->count ? guest_json(scene, scene->guests) : json_null());
		if (r == 0)
			r = put(whole, "processes", processes_json(scene));
	}
	/* What cannot be written is seen at the end, on the stream. */
	if (r == 0) {
		(void)json_dumpf(whole, out, MM_GUEST_JSON_FLAGS | form);
		fputc('\n', out);
	}
	json_decref(whole);
	return r;
}
