/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "publish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what there is to say ---------------------------------------------------------------------- */

static void read_guest(
	const struct mm_journal *journal, size_t i, struct mm_published_guest *ret_guest)
{
	const struct mm_view *view = &journal->view;
	const struct mm_plan_entry *entry = mm_status_entry(view->snap, view->plan, i);

	*ret_guest = (struct mm_published_guest){
		.domid = view->snap->domains[i].domid,
		.has_reason = entry != NULL,
		.reason = entry ? entry->reason : MM_REASON_COUNT,
		.row = journal->rows[i],
	};
}

/* The first guests as they are now, all of them; NULL without memory. */
static struct mm_published_guest *read_guests(const struct mm_journal *journal, size_t count)
{
	struct mm_published_guest *guests = calloc(count + 1, sizeof(*guests));

	for (size_t i = 0; guests && i < count; i++)
		read_guest(journal, i, &guests[i]);
	return guests;
}

static bool is_same(const struct mm_published_guest *a, const struct mm_published_guest *b)
{
	return a->has_reason == b->has_reason && a->reason == b->reason &&
	       !memcmp(&a->row, &b->row, sizeof(a->row));
}

/* ---- text ------------------------------------------------------------------------------------ */

static void write_columns(FILE *out)
{
	fputs("\"columns\":[\"domid\"", out);
	for (int c = 0; c < MM_ROW_COUNT; c++)
		fprintf(out, ",\"%s\"", mm_row_column_name((enum mm_row_column)c));
	fputs(",\"reason\"]", out);
}

static void write_guest(FILE *out, const struct mm_published_guest *guest)
{
	fprintf(out, "[%" PRIu32, guest->domid);
	for (int c = 0; c < MM_ROW_COUNT; c++) {
		if (guest->row.of[c] == MM_ROW_NONE)
			fputs(",null", out);
		else
			fprintf(out, ",%" PRIu64, guest->row.of[c]);
	}
	if (guest->has_reason)
		fprintf(out, ",\"%s\"]", mm_reason_name(guest->reason));
	else
		fputs(",null]", out);
}

/* Releases the value. Returns 0 or -ENOMEM. */
static int write_json(FILE *out, const char *name, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	json_decref(value);
	if (!text)
		return -ENOMEM;
	fprintf(out, ",\"%s\":%s", name, text);
	free(text);
	return 0;
}

/* Both are sorted by domid. `old` NULL: all of them are new. */
static void write_guests(FILE *out, const struct mm_published_guest *now, size_t now_count,
	const struct mm_published_guest *old, size_t old_count)
{
	const char *comma = "";
	size_t o = 0;

	fputs(",\"guests\":[", out);
	for (size_t i = 0; i < now_count; i++) {
		while (o < old_count && old[o].domid < now[i].domid)
			o++;
		if (o < old_count && old[o].domid == now[i].domid && is_same(&old[o], &now[i]))
			continue;
		fputs(comma, out);
		write_guest(out, &now[i]);
		comma = ",";
	}
	fputc(']', out);
}

static void write_gone(FILE *out, const struct mm_published_guest *now, size_t now_count,
	const struct mm_published_guest *old, size_t old_count)
{
	const char *comma = "";
	size_t n = 0;

	fputs(",\"gone\":[", out);
	for (size_t o = 0; o < old_count; o++) {
		while (n < now_count && now[n].domid < old[o].domid)
			n++;
		if (n < now_count && now[n].domid == old[o].domid)
			continue;
		fprintf(out, "%s%" PRIu32, comma, old[o].domid);
		comma = ",";
	}
	fputc(']', out);
}

/* Guests of the last message, and those of the one before that it speaks of the changes since; NULL: it is in full. */
struct span {
	const struct mm_published_guest *now, *old;
	size_t now_count, old_count;
	uint64_t after_seq; /* decisions since that one */
};

static int write_message(FILE *out, const struct mm_journal *journal, const struct span *span)
{
	const struct mm_view *view = &journal->view;
	int r;

	fprintf(out,
		"%sevent: round\nid: %" PRIu64 "\ndata: {\"version\":%d,\"round\":%" PRIu64
		",\"time_ms\":%" JSON_INTEGER_FORMAT ",\"full\":%s",
		span->old ? "" : "retry: 1000\n", view->rounds, MM_STATUS_VERSION, view->rounds,
		mm_status_time(&view->wall), span->old ? "false" : "true");
	r = write_json(out, "server", mm_status_server(view));
	if (!r)
		r = write_json(out, "host", mm_status_host(view));
	if (r)
		return r;
	fputc(',', out);
	write_columns(out);
	write_guests(out, span->now, span->now_count, span->old, span->old_count);
	write_gone(out, span->now, span->now_count, span->old, span->old_count);
	r = write_json(out, "decisions",
		mm_decisions_feed(
			&journal->decisions, NULL, span->after_seq, MM_PUBLISH_DECISIONS));
	fputs("}\n\n", out);
	return r;
}

static struct mm_body *make_message(struct mm_publisher *publisher, const struct span *span)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r;

	if (!out)
		return NULL;
	r = write_message(out, publisher->journal, span);
	if (fclose(out) || r) {
		free(text);
		return NULL;
	}
	return mm_body_new(text, len, &publisher->total);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void keep(struct mm_publisher *publisher, struct mm_body *message)
{
	struct mm_body **place = &publisher->kept[++publisher->last % MM_PUBLISH_KEPT];

	mm_body_unref(*place);
	*place = message;
}

/* What the next message will speak of the changes since. Returns 0 or -ENOMEM. */
static int take_state(
	struct mm_publisher *publisher, struct mm_published_guest *guests, size_t count)
{
	if (!guests)
		return -ENOMEM;
	free(publisher->guests);
	publisher->guests = guests;
	publisher->count = count;
	publisher->round = publisher->journal->view.rounds;
	publisher->decision_seq = publisher->journal->decisions.last_seq;
	mm_body_unref(publisher->full);
	publisher->full = NULL;
	return 0;
}

/* After a round that failed half-way, samples are still those of the round before. */
static bool is_whole(const struct mm_journal *journal)
{
	return journal->row_count == journal->view.snap->count;
}

int mm_publisher_round(struct mm_publisher *publisher)
{
	const struct mm_journal *journal = publisher->journal;
	struct span span = {.now_count = journal->view.snap->count,
		.old = publisher->guests,
		.old_count = publisher->count,
		.after_seq = publisher->decision_seq};
	struct mm_published_guest *guests;
	struct mm_body *message;

	if (!publisher->guests || journal->view.rounds == publisher->round || !is_whole(journal))
		return 1;
	guests = read_guests(journal, span.now_count);
	span.now = guests;
	message = guests ? make_message(publisher, &span) : NULL;
	if (!message) {
		free(guests);
		return -ENOMEM;
	}
	keep(publisher, message);
	publisher->before_seq = publisher->decision_seq;
	return take_state(publisher, guests, span.now_count);
}

void mm_publisher_note(struct mm_publisher *publisher)
{
	if (publisher->guests)
		return;
	publisher->before_seq = publisher->noted_seq;
	publisher->noted_seq = publisher->journal->decisions.last_seq;
}

/* Somebody listens again. */
static int wake(struct mm_publisher *publisher)
{
	size_t count = is_whole(publisher->journal) ? publisher->journal->view.snap->count : 0;

	return take_state(publisher, read_guests(publisher->journal, count), count);
}

struct mm_body *mm_publisher_full(struct mm_publisher *publisher)
{
	struct span span = {.old = NULL};

	if (!publisher->guests && wake(publisher))
		return NULL;
	span.now = publisher->guests;
	span.now_count = publisher->count;
	span.after_seq = publisher->before_seq;
	if (!publisher->full)
		publisher->full = make_message(publisher, &span);
	return publisher->full ? mm_body_ref(publisher->full) : NULL;
}

void mm_publisher_rest(struct mm_publisher *publisher)
{
	for (size_t i = 0; i < MM_PUBLISH_KEPT; i++) {
		mm_body_unref(publisher->kept[i]);
		publisher->kept[i] = NULL;
	}
	mm_body_unref(publisher->full);
	publisher->full = NULL;
	free(publisher->guests);
	publisher->guests = NULL;
	publisher->count = 0;
	publisher->noted_seq = publisher->journal->decisions.last_seq;
}
