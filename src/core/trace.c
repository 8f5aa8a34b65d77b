/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading traces: one line per fact, words separated by single blanks, so that they can be read, compared and kept
 * under version control. The reader trusts nothing: a trace may be cut off, edited or made up.
 */
#include "xenmm/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace_private.h"
#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

#define DOMAINS_MAX 65536 /* a round; Xen itself ends at 32,752 */

static int read_host(struct mm_trace_reader *t, struct mm_line *line, struct mm_snapshot *snap)
{
	int r = mm_trace_read_number(t, line, "time", UINT64_MAX, &snap->now_ms);

	if (r == 0)
		r = mm_trace_read_number(t, line, "total", MM_SIZE_MAX_KIB, &snap->host.total_kib);
	if (r == 0)
		r = mm_trace_read_number(t, line, "free", MM_SIZE_MAX_KIB, &snap->host.free_kib);
	if (r == 0)
		r = mm_trace_read_number(
			t, line, "claims", MM_SIZE_MAX_KIB, &snap->host.claims_kib);
	if (r == 0 && t->version >= 2)
		r = mm_trace_read_number(
			t, line, "reserved", MM_SIZE_MAX_KIB, &snap->host.reserved_kib);
	return r < 0 ? r : mm_trace_expect_end(t, line);
}

/* A word out of a list that `name_of` names. */
static int read_choice(struct mm_trace_reader *t, struct mm_line *line, const char *what,
	const char *(*name_of)(unsigned int), unsigned int count, unsigned int *ret_index)
{
	char word[32];
	int r = mm_trace_read_word(t, line, what, word, sizeof(word));

	for (unsigned int i = 0; r == 0 && i < count; i++) {
		if (strcmp(word, name_of(i)) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	return r < 0 ? r : mm_trace_fail(t, "no %s \"%s\"", what, word);
}

static const char *type_name(unsigned int i)
{
	return mm_dom_type_name((enum mm_dom_type)i);
}

static const char *state_name(unsigned int i)
{
	return mm_dom_state_name((enum mm_dom_state)i);
}

static const char *source_name(unsigned int i)
{
	return mm_source_name((enum mm_source)i);
}

static const char *reason_name(unsigned int i)
{
	return mm_reason_name((enum mm_reason)i);
}

static int read_domid(struct mm_trace_reader *t, struct mm_line *line, uint32_t *ret_domid)
{
	uint64_t domid;
	int r = mm_trace_read_number(t, line, "domid", UINT32_MAX, &domid);

	if (r == 0)
		*ret_domid = (uint32_t)domid;
	return r;
}

static int read_sizes(struct mm_trace_reader *t, struct mm_line *line, struct mm_domain *d)
{
	int r = mm_trace_read_number(t, line, "current", MM_SIZE_MAX_KIB, &d->current_kib);

	if (r == 0)
		r = mm_trace_read_number(t, line, "target", MM_SIZE_MAX_KIB, &d->target_kib);
	if (r == 0)
		r = mm_trace_read_number(
			t, line, "static maximum", MM_SIZE_MAX_KIB, &d->static_max_kib);
	if (r == 0)
		r = mm_trace_read_number(t, line, "pod", MM_SIZE_MAX_KIB, &d->pod_kib);
	if (r == 0)
		r = mm_trace_read_number(t, line, "report's time", UINT64_MAX, &d->report_ms);
	return r;
}

static int read_domain(struct mm_trace_reader *t, struct mm_line *line, struct mm_domain *d)
{
	unsigned int type = 0, state = 0, source = 0;
	int r = read_domid(t, line, &d->domid);

	if (r == 0)
		r = mm_trace_read_word(t, line, "uuid", d->uuid, sizeof(d->uuid));
	if (r == 0)
		r = read_choice(t, line, "type", type_name, MM_DOM_TYPE_COUNT, &type);
	if (r == 0)
		r = read_choice(t, line, "state", state_name, MM_DOM_STATE_COUNT, &state);
	if (r == 0)
		r = read_sizes(t, line, d);
	if (r == 0)
		r = read_choice(t, line, "source", source_name, MM_SOURCE_COUNT, &source);
	if (r == 0)
		r = mm_trace_read_word(t, line, "name", d->name, sizeof(d->name));
	if (r < 0)
		return r;
	d->type = (enum mm_dom_type)type;
	d->state = (enum mm_dom_state)state;
	d->report.source = (enum mm_source)source;
	return mm_trace_expect_end(t, line);
}

/* Domains are written in the order of their ids; anything else would not be what was seen. */
static int add_domain(struct mm_trace_reader *t, struct mm_line *line, struct mm_snapshot *snap)
{
	struct mm_domain *d;
	int r;

	if (snap->count >= DOMAINS_MAX)
		return mm_trace_fail(t, "more than %d domains", DOMAINS_MAX);
	r = mm_snapshot_add(snap, &d);
	if (r < 0)
		return r;
	r = read_domain(t, line, d);
	if (r < 0)
		return r;
	if (snap->count > 1 && d[-1].domid >= d->domid)
		return mm_trace_fail(t, "domains out of order");
	return 0;
}

static int read_report(
	struct mm_trace_reader *t, const struct mm_line *line, struct mm_snapshot *snap)
{
	struct mm_domain *d = snap->count ? &snap->domains[snap->count - 1] : NULL;
	enum mm_source source = d ? d->report.source : MM_SOURCE_NONE;
	struct mm_report report;

	if (source == MM_SOURCE_NONE || d->report.total_kib)
		return mm_trace_fail(t, "a record that belongs to no domain");
	if (mm_report_parse(line->text, line->len, &report) < 0)
		return mm_trace_fail(t, "broken record");
	d->report = report;
	d->report.source = source;
	return 0;
}

/* The domain's own key follows its line at once. */
static int read_key(struct mm_trace_reader *t, const struct mm_line *line, struct mm_snapshot *snap)
{
	struct mm_domain *d = snap->count ? &snap->domains[snap->count - 1] : NULL;

	if (!d || t->keyed == snap->count || d->report.total_kib || d->seen.state[0] || t->count)
		return mm_trace_fail(t, "a key that belongs to no domain");
	t->keyed = snap->count;
	return mm_trace_read_policy(t, line, &d->policy);
}

/* Behind the domain's record, or where it has none behind its line. */
static int read_seen(struct mm_trace_reader *t, struct mm_line *line, struct mm_snapshot *snap)
{
	struct mm_domain *d = snap->count ? &snap->domains[snap->count - 1] : NULL;
	bool has_record = d && (d->report.source == MM_SOURCE_NONE || d->report.total_kib);

	if (!has_record || d->seen.state[0] || t->count)
		return mm_trace_fail(t, "a look that belongs to no domain");
	return mm_trace_read_seen(t, line, &d->seen);
}

static int add_change(struct mm_trace_reader *t, struct mm_line *line)
{
	struct mm_trace_change change;
	unsigned int reason = 0;
	int r = read_domid(t, line, &change.domid);

	if (r == 0)
		r = mm_trace_read_number(t, line, "old target", MM_SIZE_MAX_KIB, &change.old_kib);
	if (r == 0)
		r = mm_trace_read_number(t, line, "new target", MM_SIZE_MAX_KIB, &change.new_kib);
	if (r == 0)
		r = read_choice(t, line, "reason", reason_name, MM_REASON_COUNT, &reason);
	if (r == 0)
		r = mm_trace_expect_end(t, line);
	if (r < 0)
		return r;
	if (t->count >= DOMAINS_MAX)
		return mm_trace_fail(t, "more than %d changes", DOMAINS_MAX);
	if (t->count == t->capacity) {
		size_t capacity = t->capacity ? t->capacity * 2 : 16;
		void *grown = reallocarray(t->changes, capacity, sizeof(*t->changes));

		if (!grown)
			return -ENOMEM;
		t->changes = grown;
		t->capacity = capacity;
	}
	change.reason = (enum mm_reason)reason;
	t->changes[t->count++] = change;
	return 0;
}

/* The last domain's record must have come before anything else follows. */
static int check_record_there(struct mm_trace_reader *t, const struct mm_snapshot *snap)
{
	const struct mm_domain *d = snap->count ? &snap->domains[snap->count - 1] : NULL;

	if (d && d->report.source != MM_SOURCE_NONE && d->report.total_kib == 0)
		return mm_trace_fail(t, "the record of domain %" PRIu32 " is missing", d->domid);
	return 0;
}

/* A line that says more of the last domain: 1, or 0: it is another one. */
static int read_more(
	struct mm_trace_reader *t, char kind, struct mm_line *line, struct mm_snapshot *snap)
{
	struct mm_line rest;
	int r;

	if (kind != 'R' && (kind != 'K' || t->version < 2) && (kind != 'S' || t->version < 3))
		return 0;
	rest = (struct mm_line){line->text + 2, line->len - 2};
	if (kind == 'R')
		r = read_report(t, &rest, snap);
	else
		r = kind == 'K' ? read_key(t, &rest, snap) : read_seen(t, &rest, snap);
	return r < 0 ? r : 1;
}

/* One line of a round: 1, 0 at its end. */
static int read_line(struct mm_trace_reader *t, struct mm_line *line, struct mm_snapshot *snap)
{
	char kind = line->len ? line->text[0] : ' ';
	int r;

	if (kind != '.' && (line->len < 2 || line->text[1] != ' '))
		return mm_trace_fail(t, "no trace line");
	r = read_more(t, kind, line, snap);
	if (r)
		return r;
	r = check_record_there(t, snap);
	if (r < 0)
		return r;
	(void)mm_trace_cut_word(line);
	switch (kind) {
	case '.':
		return mm_trace_expect_end(t, line);
	case 'D':
		r = t->count ? mm_trace_fail(t, "a domain behind the plan")
			     : add_domain(t, line, snap);
		return r < 0 ? r : 1;
	case 'P':
		r = add_change(t, line);
		return r < 0 ? r : 1;
	default:
		return mm_trace_fail(t, "no line of a round: '%c'", kind);
	}
}

int mm_trace_next(struct mm_trace_reader *t, struct mm_snapshot *snap,
	const struct mm_trace_change **ret_changes, size_t *ret_count, char *err, size_t err_size)
{
	struct mm_line line;
	int r;

	t->err = err;
	t->err_size = err_size;
	t->count = 0;
	t->keyed = 0;
	mm_snapshot_clear(snap);
	r = mm_trace_read_settings(t);
	if (r < 0)
		return r;
	r = mm_trace_next_line(t, &line);
	if (r <= 0)
		return r < 0 ? r : -ENODATA;
	if (line.len < 2 || memcmp(line.text, "T ", 2) != 0)
		return mm_trace_fail(t, "a round must begin with T");
	(void)mm_trace_cut_word(&line);
	r = read_host(t, &line, snap);
	if (r < 0)
		return r;
	do {
		r = mm_trace_next_line(t, &line);
		if (r == 0)
			return -ENODATA; /* unfinished */
		if (r > 0)
			r = read_line(t, &line, snap);
	} while (r > 0);
	if (r == -ENOMEM)
		snprintf(err, err_size, "out of memory");
	if (r < 0)
		return r;
	*ret_changes = t->changes;
	*ret_count = t->count;
	return 0;
}

int mm_trace_open(const char *text, size_t len, struct mm_config *ret_cfg, char *err,
	size_t err_size, struct mm_trace_reader **ret_reader)
{
	struct mm_trace_reader *t = calloc(1, sizeof(*t));
	int r;

	if (!t) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	*t = (struct mm_trace_reader){.text = text, .len = len, .err = err, .err_size = err_size};
	r = mm_trace_read_version(t);
	if (r == 0)
		r = mm_trace_read_settings(t);
	if (r == -ENODATA)
		r = mm_trace_fail(t, "cut short");
	if (r < 0) {
		mm_trace_close(t);
		return r;
	}
	t->cfg.generation = 0;
	*ret_cfg = t->cfg;
	*ret_reader = t;
	return 0;
}

void mm_trace_close(struct mm_trace_reader *t)
{
	if (!t)
		return;
	free(t->changes);
	free(t);
}
