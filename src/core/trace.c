/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading traces: one line per fact, words separated by single blanks, so that they can be read, compared and kept
 * under version control. The reader trusts nothing: a trace may be cut off, edited or made up.
 */
#include "xenmm/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "trace_private.h"
#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

#define DOMAINS_MAX  65536			  /* a round; Xen itself ends at 32,752 */
#define LINE_MAX_LEN (3 * TRACE_SETTING_MAX + 64) /* with every byte written as %XX */

struct mm_trace_reader {
	const char *text;
	size_t len;
	size_t pos;
	size_t number; /* of the current line, from 1 */
	struct mm_trace_change *changes;
	size_t count, capacity;
	char *err; /* of the call under way */
	size_t err_size;
};

/* A line, cut off word by word from the front. */
struct line {
	const char *text;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static int fail(
	struct mm_trace_reader *t, const char *format, ...)
{
	int used = snprintf(t->err, t->err_size, "line %zu: ", t->number);
	va_list args;

	if (used < 0 || (size_t)used >= t->err_size)
		return -EINVAL;
	va_start(args, format);
	vsnprintf(t->err + used, t->err_size - (size_t)used, format, args);
	va_end(args);
	return -EINVAL;
}

/* ---- words ----------------------------------------------------------------------------------- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The next word, or an empty one at the end of the line. */
static struct line cut_word(struct line *line)
{
	const char *blank = memchr(line->text, ' ', line->len);
	struct line word = {line->text, blank ? (size_t)(blank - line->text) : line->len};
	size_t used = word.len + (blank ? 1 : 0);

	line->text += used;
	line->len -= used;
	return word;
}

static int read_word(
	struct mm_trace_reader *t, struct line *line, const char *what, char *dst, size_t size)
{
	struct line word = cut_word(line);
	size_t used = 0;

	if (word.len == 0)
		return fail(t, "%s missing", what);
	for (size_t i = 0; i < word.len; i++) {
		int c = (unsigned char)word.text[i];

		if (c == '%') {
			int high = i + 2 < word.len ? hex_value(word.text[i + 1]) : -1;
			int low = high >= 0 ? hex_value(word.text[i + 2]) : -1;

			if (low < 0)
				return fail(t, "%s: broken %%XX", what);
			c = high * 16 + low;
			i += 2;
		} else if (!mm_trace_is_plain((unsigned char)c)) {
			return fail(t, "%s: byte %d must be written as %%XX", what, c);
		}
		if (used + 1 >= size)
			return fail(t, "%s longer than %zu bytes", what, size - 1);
		dst[used++] = (char)c;
	}
	dst[used] = '\0';
	return 0;
}

static int read_number(struct mm_trace_reader *t, struct line *line, const char *what, uint64_t max,
	uint64_t *ret_value)
{
	struct line word = cut_word(line);

	if (mm_parse_u64(word.text, word.len, max, ret_value) < 0)
		return fail(t, "%s must be a number up to %" PRIu64, what, max);
	return 0;
}

static int expect_end(struct mm_trace_reader *t, const struct line *line)
{
	return line->len ? fail(t, "too long") : 0;
}

/* Cuts the next line off: 1, or 0 at the end. A last line without its newline was cut short: no line. */
static int next_line(struct mm_trace_reader *t, struct line *ret_line)
{
	const char *start = t->text + t->pos;
	const char *end = t->pos < t->len ? memchr(start, '\n', t->len - t->pos) : NULL;

	if (!end)
		return 0;
	*ret_line = (struct line){start, (size_t)(end - start)};
	t->pos += ret_line->len + 1;
	t->number++;
	if (ret_line->len > LINE_MAX_LEN)
		return fail(t, "longer than %d bytes", LINE_MAX_LEN);
	return 1;
}

/* ---- reading a round ------------------------------------------------------------------------- */

static int read_host(struct mm_trace_reader *t, struct line *line, struct mm_snapshot *snap)
{
	int r = read_number(t, line, "time", UINT64_MAX, &snap->now_ms);

	if (r == 0)
		r = read_number(t, line, "total", MM_SIZE_MAX_KIB, &snap->host.total_kib);
	if (r == 0)
		r = read_number(t, line, "free", MM_SIZE_MAX_KIB, &snap->host.free_kib);
	if (r == 0)
		r = read_number(t, line, "claims", MM_SIZE_MAX_KIB, &snap->host.claims_kib);
	return r < 0 ? r : expect_end(t, line);
}

/* A word out of a list that `name_of` names. */
static int read_choice(struct mm_trace_reader *t, struct line *line, const char *what,
	const char *(*name_of)(unsigned int), unsigned int count, unsigned int *ret_index)
{
	char word[32];
	int r = read_word(t, line, what, word, sizeof(word));

	for (unsigned int i = 0; r == 0 && i < count; i++) {
		if (strcmp(word, name_of(i)) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	return r < 0 ? r : fail(t, "no %s \"%s\"", what, word);
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

static int read_domid(struct mm_trace_reader *t, struct line *line, uint32_t *ret_domid)
{
	uint64_t domid;
	int r = read_number(t, line, "domid", UINT32_MAX, &domid);

	if (r == 0)
		*ret_domid = (uint32_t)domid;
	return r;
}

static int read_sizes(struct mm_trace_reader *t, struct line *line, struct mm_domain *d)
{
	int r = read_number(t, line, "current", MM_SIZE_MAX_KIB, &d->current_kib);

	if (r == 0)
		r = read_number(t, line, "target", MM_SIZE_MAX_KIB, &d->target_kib);
	if (r == 0)
		r = read_number(t, line, "static maximum", MM_SIZE_MAX_KIB, &d->static_max_kib);
	if (r == 0)
		r = read_number(t, line, "pod", MM_SIZE_MAX_KIB, &d->pod_kib);
	if (r == 0)
		r = read_number(t, line, "report's time", UINT64_MAX, &d->report_ms);
	return r;
}

static int read_domain(struct mm_trace_reader *t, struct line *line, struct mm_domain *d)
{
	unsigned int type = 0, state = 0, source = 0;
	int r = read_domid(t, line, &d->domid);

	if (r == 0)
		r = read_word(t, line, "uuid", d->uuid, sizeof(d->uuid));
	if (r == 0)
		r = read_choice(t, line, "type", type_name, MM_DOM_TYPE_COUNT, &type);
	if (r == 0)
		r = read_choice(t, line, "state", state_name, MM_DOM_STATE_COUNT, &state);
	if (r == 0)
		r = read_sizes(t, line, d);
	if (r == 0)
		r = read_choice(t, line, "source", source_name, MM_SOURCE_COUNT, &source);
	if (r == 0)
		r = read_word(t, line, "name", d->name, sizeof(d->name));
	if (r < 0)
		return r;
	d->type = (enum mm_dom_type)type;
	d->state = (enum mm_dom_state)state;
	d->report.source = (enum mm_source)source;
	return expect_end(t, line);
}

/* Domains are written in the order of their ids; anything else would not be what was seen. */
static int add_domain(struct mm_trace_reader *t, struct line *line, struct mm_snapshot *snap)
{
	struct mm_domain *d;
	int r;

	if (snap->count >= DOMAINS_MAX)
		return fail(t, "more than %d domains", DOMAINS_MAX);
	r = mm_snapshot_add(snap, &d);
	if (r < 0)
		return r;
	r = read_domain(t, line, d);
	if (r < 0)
		return r;
	if (snap->count > 1 && d[-1].domid >= d->domid)
		return fail(t, "domains out of order");
	return 0;
}

static int read_report(struct mm_trace_reader *t, const struct line *line, struct mm_domain *d)
{
	enum mm_source source = d->report.source;
	struct mm_report report;

	if (source == MM_SOURCE_NONE || d->report.total_kib)
		return fail(t, "a record that belongs to no domain");
	if (mm_report_parse(line->text, line->len, &report) < 0)
		return fail(t, "broken record");
	d->report = report;
	d->report.source = source;
	return 0;
}

static int add_change(struct mm_trace_reader *t, struct line *line)
{
	struct mm_trace_change change;
	unsigned int reason = 0;
	int r = read_domid(t, line, &change.domid);

	if (r == 0)
		r = read_number(t, line, "old target", MM_SIZE_MAX_KIB, &change.old_kib);
	if (r == 0)
		r = read_number(t, line, "new target", MM_SIZE_MAX_KIB, &change.new_kib);
	if (r == 0)
		r = read_choice(t, line, "reason", reason_name, MM_REASON_COUNT, &reason);
	if (r == 0)
		r = expect_end(t, line);
	if (r < 0)
		return r;
	if (t->count >= DOMAINS_MAX)
		return fail(t, "more than %d changes", DOMAINS_MAX);
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
		return fail(t, "the record of domain %" PRIu32 " is missing", d->domid);
	return 0;
}

/* One line of a round: 1, 0 at its end. */
static int read_line(struct mm_trace_reader *t, struct line *line, struct mm_snapshot *snap)
{
	char kind = line->len ? line->text[0] : ' ';
	int r;

	if (kind != '.' && (line->len < 2 || line->text[1] != ' '))
		return fail(t, "no trace line");
	if (kind == 'R') {
		if (snap->count == 0)
			return fail(t, "a record that belongs to no domain");
		*line = (struct line){line->text + 2, line->len - 2};
		r = read_report(t, line, &snap->domains[snap->count - 1]);
		return r < 0 ? r : 1;
	}
	r = check_record_there(t, snap);
	if (r < 0)
		return r;
	(void)cut_word(line);
	switch (kind) {
	case '.':
		return expect_end(t, line);
	case 'D':
		r = t->count ? fail(t, "a domain behind the plan") : add_domain(t, line, snap);
		return r < 0 ? r : 1;
	case 'P':
		r = add_change(t, line);
		return r < 0 ? r : 1;
	default:
		return fail(t, "no line of a round: '%c'", kind);
	}
}

int mm_trace_next(struct mm_trace_reader *t, struct mm_snapshot *snap,
	const struct mm_trace_change **ret_changes, size_t *ret_count, char *err, size_t err_size)
{
	struct line line;
	int r;

	t->err = err;
	t->err_size = err_size;
	t->count = 0;
	mm_snapshot_clear(snap);
	r = next_line(t, &line);
	if (r <= 0)
		return r < 0 ? r : -ENODATA;
	if (line.len < 2 || memcmp(line.text, "T ", 2) != 0)
		return fail(t, "a round must begin with T");
	(void)cut_word(&line);
	r = read_host(t, &line, snap);
	if (r < 0)
		return r;
	do {
		r = next_line(t, &line);
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

/* ---- the head -------------------------------------------------------------------------------- */

static int read_version(struct mm_trace_reader *t)
{
	size_t prefix = strlen(TRACE_HEAD_PREFIX);
	struct line line;
	int r = next_line(t, &line);

	if (r < 0)
		return r;
	if (r == 0 || line.len < prefix || memcmp(line.text, TRACE_HEAD_PREFIX, prefix) != 0)
		return fail(t, "not a trace: must begin with \"" TRACE_HEAD_LINE "\"");
	if (line.len != strlen(TRACE_HEAD_LINE) ||
		memcmp(line.text, TRACE_HEAD_LINE, line.len) != 0) {
		(void)fail(t, "made by another version: this one reads \"" TRACE_HEAD_LINE "\"");
		return -EPROTONOSUPPORT;
	}
	return 0;
}

/* Patterns come all in one value, as mm_config_get() writes them; no single value has a blank in it. */
static int restore_setting(
	struct mm_config *cfg, const char *name, char *value, char *why, size_t why_size)
{
	char *rest = value;
	int r = 0;

	do {
		char *word = strsep(&rest, " ");

		r = mm_config_set(cfg, name, word, why, why_size);
	} while (r == 0 && rest);
	return r;
}

static int read_settings(struct mm_trace_reader *t, struct mm_config *cfg)
{
	while (t->pos + 1 < t->len && t->text[t->pos] == 'C' && t->text[t->pos + 1] == ' ') {
		char name[64], value[TRACE_SETTING_MAX], why[256] = "";
		struct line line;
		int r = next_line(t, &line);

		if (r <= 0)
			return r < 0 ? r : fail(t, "cut short");
		(void)cut_word(&line);
		r = read_word(t, &line, "setting", name, sizeof(name));
		if (r == 0)
			r = read_word(t, &line, "value", value, sizeof(value));
		if (r == 0)
			r = expect_end(t, &line);
		if (r < 0)
			return r;
		if (restore_setting(cfg, name, value, why, sizeof(why)) < 0)
			return fail(t, "%s", why);
	}
	return 0;
}

int mm_trace_open(const char *text, size_t len, struct mm_config *ret_cfg, char *err,
	size_t err_size, struct mm_trace_reader **ret_reader)
{
	struct mm_trace_reader *t = calloc(1, sizeof(*t));
	struct mm_config cfg;
	int r;

	if (!t) {
		snprintf(err, err_size, "out of memory");
		return -ENOMEM;
	}
	*t = (struct mm_trace_reader){.text = text, .len = len, .err = err, .err_size = err_size};
	mm_config_init(&cfg);
	r = read_version(t);
	if (r == 0)
		r = read_settings(t, &cfg);
	if (r == 0 && mm_config_check(&cfg, err, err_size) < 0)
		r = -EINVAL;
	if (r < 0) {
		mm_trace_close(t);
		return r;
	}
	*ret_cfg = cfg;
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
