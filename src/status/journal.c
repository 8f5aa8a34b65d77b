/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/units.h"

void mm_journal_open(struct mm_journal *journal)
{
	journal->is_kept = true;
	if (mm_series_new(&journal->series))
		journal->series = NULL;
}

void mm_journal_free(struct mm_journal *journal)
{
	mm_decisions_free(&journal->decisions);
	mm_series_free(journal->series);
	free(journal->rows);
	memset(journal, 0, sizeof(*journal));
}

static enum mm_outcome outcome_of(const struct mm_view *view)
{
	if (view->is_dry_run)
		return MM_OUTCOME_DRY_RUN;
	return view->is_paused ? MM_OUTCOME_PAUSED : MM_OUTCOME_SET;
}

static void take_rows(struct mm_journal *journal)
{
	size_t count = journal->view.snap->count;

	journal->row_count = 0;
	if (count > journal->row_capacity) {
		size_t capacity = count + count / 2 + 16;
		struct mm_row *rows = realloc(journal->rows, capacity * sizeof(*rows));

		if (!rows)
			return;
		journal->rows = rows;
		journal->row_capacity = capacity;
	}
	for (size_t i = 0; i < count; i++)
		journal->rows[i] = mm_row_guest(&journal->view, i);
	journal->row_count = count;
}

void mm_journal_decided(struct mm_journal *journal, const struct timespec *wall)
{
	const struct mm_view *view = &journal->view;
	struct mm_host_row host;

	if (!journal->is_kept)
		return;
	if (view->rounds == 0)
		journal->view.start = *wall;
	journal->view.wall = *wall;
	journal->view.rounds++;
	mm_decisions_round(&journal->decisions, view->snap, view->plan, outcome_of(view), wall);
	take_rows(journal);
	if (!journal->series || journal->row_count != view->snap->count)
		return;
	host = mm_row_host(view, journal->rows);
	mm_series_round(journal->series, view->snap, &host, journal->rows);
}

void mm_journal_refused(struct mm_journal *journal, uint32_t domid)
{
	mm_decisions_refused(&journal->decisions, domid);
}

/* ---- answers --------------------------------------------------------------------------------- */

json_t *mm_answer_ok(void)
{
	return json_pack("{sb si}", "ok", 1, "version", MM_STATUS_VERSION);
}

json_t *mm_answer_error(const char *error)
{
	return json_pack("{sb si ss}", "ok", 0, "version", MM_STATUS_VERSION, "error", error);
}

json_t *mm_answer_no_guest(const char *guest)
{
	char text[160];

	snprintf(text, sizeof(text), "there is no guest '%s'", guest);
	return mm_answer_error(text);
}

json_t *mm_journal_row(const struct mm_journal *journal, const struct mm_decided_guest *guest)
{
	const struct mm_snapshot *snap = journal->view.snap;

	for (size_t i = 0; !guest->gone_ms && i < snap->count; i++)
		if (snap->domains[i].domid == guest->domid)
			return mm_status_guest(&journal->view, i);
	return json_null();
}

json_t *mm_journal_domain(const struct mm_journal *journal, const char *guest, bool *ret_found)
{
	const struct mm_decided_guest *row = mm_decisions_find(&journal->decisions, guest);

	*ret_found = row != NULL;
	if (!row)
		return mm_answer_no_guest(guest);
	return json_pack("{sb si sI so so}", "ok", 1, "version", MM_STATUS_VERSION, "time_ms",
		mm_status_time(&journal->view.wall), "guest", mm_journal_row(journal, row),
		"decisions", mm_decisions_json(row, MM_DECISIONS_KEPT));
}

json_t *mm_journal_decisions(const struct mm_journal *journal, const char *guest,
	uint64_t since_seq, size_t max, bool *ret_found)
{
	const struct mm_decided_guest *row =
		guest ? mm_decisions_find(&journal->decisions, guest) : NULL;

	*ret_found = row || !guest;
	if (!*ret_found)
		return mm_answer_no_guest(guest);
	return json_pack("{sb si sI so}", "ok", 1, "version", MM_STATUS_VERSION, "last_seq",
		(json_int_t)journal->decisions.last_seq, "decisions",
		mm_decisions_feed(&journal->decisions, row, since_seq, max));
}

int mm_journal_history(const struct mm_journal *journal, const char *guest, int64_t since_ms,
	char **ret_text, size_t *ret_len)
{
	const struct mm_view *view = &journal->view;
	struct mm_series_query query = {.guest = guest, .now_ms = view->snap->now_ms};

	query.to_wall_ms = (int64_t)mm_status_time(&view->wall) - (int64_t)query.now_ms;
	if (since_ms < 0)
		query.back_ms = (uint64_t)-since_ms;
	else
		query.back_ms =
			mm_sub_floor((uint64_t)mm_status_time(&view->wall), (uint64_t)since_ms);
	if (!journal->series)
		return -ENOMEM;
	return mm_series_json(journal->series, &query, ret_text, ret_len);
}
