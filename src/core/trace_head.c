/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading traces: the version, and the settings and rules in force. */
#include <errno.h>
#include <string.h>

#include "trace_private.h"

/* What holds where a trace of that version says nothing. */
static void init_settings(const struct mm_trace_reader *t, struct mm_config *cfg)
{
	mm_config_init(cfg);
	if (t->version < 2)
		cfg->policy = MM_POLICY_TAX; /* there was no other */
}

int mm_trace_read_version(struct mm_trace_reader *t)
{
	const size_t prefix = strlen(TRACE_HEAD_PREFIX);
	struct mm_line line;
	int r = mm_trace_next_line(t, &line);

	if (r < 0)
		return r;
	if (r == 0 || line.len < prefix || memcmp(line.text, TRACE_HEAD_PREFIX, prefix) != 0)
		return mm_trace_fail(t, "not a trace: must begin with \"" TRACE_HEAD_LINE "\"");
	if (line.len != prefix + 1 || line.text[prefix] < '1' ||
		line.text[prefix] > '0' + TRACE_VERSION) {
		(void)mm_trace_fail(t, "made by another version: this one reads \"" TRACE_HEAD_LINE
				       "\" and older ones");
		return -EPROTONOSUPPORT;
	}
	t->version = (unsigned int)(line.text[prefix] - '0');
	init_settings(t, &t->cfg);
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

static int read_setting(struct mm_trace_reader *t, struct mm_line *line, struct mm_config *cfg)
{
	char name[64], value[TRACE_SETTING_MAX], why[256] = "";
	int r = mm_trace_read_word(t, line, "setting", name, sizeof(name));

	if (r == 0)
		r = mm_trace_read_word(t, line, "value", value, sizeof(value));
	if (r == 0)
		r = mm_trace_expect_end(t, line);
	if (r == 0 && restore_setting(cfg, name, value, why, sizeof(why)) < 0)
		r = mm_trace_fail(t, "%s", why);
	return r;
}

static int read_rule(struct mm_trace_reader *t, struct mm_line *line, struct mm_config *cfg)
{
	char match[MM_PATTERN_MAX], words[MM_POLICY_TEXT_MAX], why[256] = "";
	struct mm_guest_policy policy;
	int r = mm_trace_read_word(t, line, "match", match, sizeof(match));

	if (r == 0)
		r = mm_trace_read_policy(t, line, &policy);
	if (r < 0)
		return r;
	(void)mm_guest_policy_format(&policy, words, sizeof(words)); /* fits: it was parsed */
	if (mm_config_add_rule(cfg, match, words, why, sizeof(why)) < 0)
		return mm_trace_fail(t, "%s", why);
	return 0;
}

static bool is_setting_next(const struct mm_trace_reader *t)
{
	const char *text = t->text + t->pos;

	if (t->len - t->pos < 2 || text[1] != ' ')
		return false;
	return text[0] == 'C' || (text[0] == 'G' && t->version >= 2);
}

int mm_trace_read_settings(struct mm_trace_reader *t)
{
	struct mm_config cfg;
	char why[256] = "";

	if (!is_setting_next(t))
		return 0;
	init_settings(t, &cfg);
	cfg.generation = t->cfg.generation + 1;
	while (is_setting_next(t)) {
		bool is_rule = t->text[t->pos] == 'G';
		struct mm_line line;
		int r = mm_trace_next_line(t, &line);

		if (r <= 0)
			return r < 0 ? r : -ENODATA;
		(void)mm_trace_cut_word(&line);
		r = is_rule ? read_rule(t, &line, &cfg) : read_setting(t, &line, &cfg);
		if (r < 0)
			return r;
	}
	if (mm_config_check(&cfg, why, sizeof(why)) < 0)
		return mm_trace_fail(t, "%s", why);
	t->cfg = cfg;
	return 0;
}

const struct mm_config *mm_trace_config(const struct mm_trace_reader *t)
{
	return &t->cfg;
}
