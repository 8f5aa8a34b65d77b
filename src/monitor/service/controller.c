/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/controller.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/service/view.h"

static json_t *host_json(const struct mm_hosts *hosts, const struct mm_host_state *host)
{
	json_t *age = host->has_report ? json_integer((json_int_t)mm_host_age_ms(hosts, host))
				       : json_null();
	json_t *error = *host->error ? json_string(host->error) : json_null();
	bool is_stale = host->has_report && mm_host_age_ms(hosts, host) > hosts->stale_ms;

	return json_pack("{s:s, s:s, s:b, s:b, s:o, s:o, s:I, s:b, s:I, s:I, s:I}", "name",
		host->entry.name, "url", host->entry.url, "up", mm_host_is_up(hosts, host), "stale",
		is_stale, "age_ms", age, "error", error, "guests",
		host->has_report ? (json_int_t)host->report.count : 0, "lacks_processes",
		host->lacks_processes, "requests", (json_int_t)host->asked, "failures",
		(json_int_t)host->failures, "duration_ms", (json_int_t)host->duration_ms);
}

void mm_controller_hosts(const struct mm_hosts *hosts, struct mm_reply *reply)
{
	json_t *answer = mm_view_new(), *list = json_array();
	int r = 0;

	for (size_t i = 0; !r && i < hosts->count; i++)
		r = json_array_append_new(list, host_json(hosts, &hosts->list[i]));
	if (json_object_set_new(answer, "hosts", list) || r) {
		json_decref(answer);
		answer = NULL;
	}
	mm_reply_json(reply, answer);
}

bool mm_controller_has(const struct mm_hosts *hosts, const char *name)
{
	for (size_t i = 0; *name && i < hosts->count; i++)
		if (!strcmp(hosts->list[i].entry.name, name))
			return true;
	return !*name;
}

struct mm_exported_host *mm_controller_export(const struct mm_hosts *hosts)
{
	struct mm_exported_host *list = calloc(hosts->count + 1, sizeof(*list));

	for (size_t i = 0; list && i < hosts->count; i++) {
		const struct mm_host_state *host = &hosts->list[i];

		list[i] = (struct mm_exported_host){
			.name = host->entry.name,
			.is_up = mm_host_is_up(hosts, host),
			.has_age = host->has_report,
			.age_ms = mm_host_age_ms(hosts, host),
			.guests = host->has_report ? host->report.count : 0,
			.failures = host->failures,
		};
	}
	return list;
}
