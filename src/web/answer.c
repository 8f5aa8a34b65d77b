/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "answer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define TYPE_JSON "application/json"

/* A status of 10,000 guests takes 0.1 s to build: it is kept for a second then. */
#define COST_FACTOR 10

/* ---- texts ------------------------------------------------------------------------------------- */

/* With a newline, for those who read it in a terminal. Releases the value; NULL without memory. */
static struct mm_body *json_body(struct mm_answers *answers, json_t *value)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = value ? open_memstream(&text, &len) : NULL;
	int r = out ? 0 : -ENOMEM;

	if (out) {
		r = json_dumpf(value, out, JSON_COMPACT);
		fputc('\n', out);
		r = fclose(out) ? -ENOMEM : r;
	}
	json_decref(value);
	if (r) {
		free(text);
		return NULL;
	}
	return mm_body_new(text, len, &answers->bytes);
}

/* The first xenmm's: total, used and free memory of each guest that reports. */
static struct mm_body *list_body(struct mm_answers *answers)
{
	const struct mm_snapshot *snap = answers->journal->view.snap;
	const char *comma = "";
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fputc('[', out);
	for (size_t i = 0; i < snap->count; i++) {
		const struct mm_report *report = &snap->domains[i].report;

		if (report->source == MM_SOURCE_NONE)
			continue;
		fprintf(out, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", comma, report->total_kib,
			report->total_kib - report->avail_kib, report->avail_kib);
		comma = ",";
	}
	fputs("]\n", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return mm_body_new(text, len, &answers->bytes);
}

static struct mm_body *status_body(struct mm_answers *answers)
{
	return json_body(answers, mm_status_json(&answers->journal->view));
}

static struct mm_body *metrics_body(struct mm_answers *answers, bool is_open_metrics)
{
	const struct mm_metrics_view view = {.journal = answers->journal,
		.event_streams = answers->event_streams,
		.requests = answers->codes,
		.request_count = answers->code_count};
	size_t len = 0;
	char *text = mm_metrics_text(&view, is_open_metrics, &len);

	return mm_body_new(text, len, &answers->bytes);
}

static struct mm_body *plain_metrics_body(struct mm_answers *answers)
{
	return metrics_body(answers, false);
}

static struct mm_body *open_metrics_body(struct mm_answers *answers)
{
	return metrics_body(answers, true);
}

/* ---- what is kept ------------------------------------------------------------------------------ */

static bool is_fresh(const struct mm_answers *answers, const struct mm_kept_answer *kept)
{
	return kept->body && (kept->round == answers->journal->view.rounds ||
				     mm_clock_us() - kept->built_us < COST_FACTOR * kept->cost_us);
}

static struct mm_body *get_kept(struct mm_answers *answers, struct mm_kept_answer *kept,
	struct mm_body *(*build)(struct mm_answers *answers))
{
	uint64_t begin_us;

	if (!is_fresh(answers, kept)) {
		mm_body_unref(kept->body);
		begin_us = mm_clock_us();
		kept->body = build(answers);
		kept->built_us = mm_clock_us();
		kept->cost_us = kept->built_us - begin_us;
		kept->round = answers->journal->view.rounds;
	}
	return kept->body ? mm_body_ref(kept->body) : NULL;
}

/* ---- answers ----------------------------------------------------------------------------------- */

static struct mm_body *history_body(
	struct mm_answers *answers, const struct mm_route *route, unsigned *ret_status)
{
	const char *guest = route->guest[0] ? route->guest : NULL;
	char *text = NULL;
	size_t len = 0;
	int r = mm_journal_history(answers->journal, guest, route->since_ms, &text, &len);

	if (r == -ENOENT) {
		*ret_status = 404;
		return json_body(answers, mm_answer_no_guest(route->guest));
	}
	return r ? NULL : mm_body_new(text, len, &answers->bytes);
}

static struct mm_body *build(
	struct mm_answers *answers, const struct mm_route *route, struct mm_answer *answer)
{
	const struct mm_journal *journal = answers->journal;
	const char *guest = route->guest[0] ? route->guest : NULL;
	struct mm_body *body;
	bool is_found = true;

	switch (route->kind) {
	case MM_ROUTE_LIST:
		return get_kept(answers, &answers->list, list_body);
	case MM_ROUTE_STATUS:
		return get_kept(answers, &answers->status, status_body);
	case MM_ROUTE_METRICS:
		answer->type = route->is_open_metrics ? MM_METRICS_OPEN_METRICS_TYPE
						      : MM_METRICS_TEXT_TYPE;
		return route->is_open_metrics
			       ? get_kept(answers, &answers->open_metrics, open_metrics_body)
			       : get_kept(answers, &answers->metrics, plain_metrics_body);
	case MM_ROUTE_HISTORY:
		return history_body(answers, route, &answer->status);
	case MM_ROUTE_DOMAIN:
		body = json_body(answers, mm_journal_domain(journal, route->guest, &is_found));
		break;
	default:
		body = json_body(answers, mm_journal_decisions(journal, guest, route->since_seq,
						  route->limit, &is_found));
		break;
	}
	if (!is_found)
		answer->status = 404;
	return body;
}

/* What we keep for the next who asks is not waiting. */
static size_t waiting_bytes(const struct mm_answers *answers)
{
	const struct mm_kept_answer *const kept[] = {
		&answers->list, &answers->status, &answers->metrics, &answers->open_metrics};
	size_t bytes = answers->bytes;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		bytes -= kept[i]->body ? kept[i]->body->len : 0;
	return bytes;
}

int mm_answers_get(
	struct mm_answers *answers, const struct mm_route *route, struct mm_answer *ret_answer)
{
	struct mm_answer answer = {.status = 200, .type = TYPE_JSON};

	if (waiting_bytes(answers) > MM_ANSWERS_BYTES)
		return -EBUSY;
	answer.body = build(answers, route, &answer);
	if (!answer.body)
		return -ENOMEM;
	*ret_answer = answer;
	return 0;
}

int mm_answers_refuse(
	struct mm_answers *answers, unsigned status, const char *text, struct mm_answer *ret_answer)
{
	struct mm_body *body = json_body(answers, mm_answer_error(text));

	if (!body)
		return -ENOMEM;
	*ret_answer = (struct mm_answer){.status = status, .type = TYPE_JSON, .body = body};
	return 0;
}

void mm_answers_count(struct mm_answers *answers, unsigned status)
{
	size_t i = 0;

	while (i < answers->code_count && answers->codes[i].code != status)
		i++;
	if (i == MM_ANSWERS_CODES)
		return; /* there are fewer that we send */
	if (i == answers->code_count)
		answers->codes[answers->code_count++].code = status;
	answers->codes[i].count++;
}

void mm_answers_free(struct mm_answers *answers)
{
	mm_body_unref(answers->list.body);
	mm_body_unref(answers->status.body);
	mm_body_unref(answers->metrics.body);
	mm_body_unref(answers->open_metrics.body);
	memset(answers, 0, sizeof(*answers));
}
