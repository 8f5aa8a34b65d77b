/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing traces: each word so that the reader gets the same bytes back. */
#include "xenmm/trace.h"

#include <errno.h>
#include <inttypes.h>

#include "trace_private.h"

static void write_word(FILE *out, const char *word)
{
	if (!*word)
		fputs("%00", out); /* nothing at all would be no word */
	for (; *word; word++) {
		unsigned char c = (unsigned char)*word;

		if (mm_trace_is_plain(c))
			fputc(c, out);
		else
			fprintf(out, "%%%02X", c);
	}
}

static int finish(FILE *out)
{
	if (fflush(out) != 0 || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}

/* The policy's words, if there are any, behind what is written first. */
static void write_policy(FILE *out, const struct mm_guest_policy *policy)
{
	char words[MM_POLICY_TEXT_MAX] = "";

	(void)mm_guest_policy_format(policy, words, sizeof(words)); /* that size suffices */
	fputs(words, out);
	fputc('\n', out);
}

int mm_trace_write_settings(FILE *out, const struct mm_config *cfg)
{
	const struct mm_setting_info *info;

	errno = 0;
	for (size_t i = 0; (info = mm_setting_info(i)); i++) {
		char value[TRACE_SETTING_MAX];
		int r = mm_config_get(cfg, i, value, sizeof(value));

		if (r < 0)
			return r;
		if (!*value) /* a list without members */
			continue;
		fprintf(out, "C %s ", info->name);
		write_word(out, value);
		fputc('\n', out);
	}
	for (size_t i = 0; i < cfg->rule_count; i++) {
		fputs("G ", out);
		write_word(out, cfg->rules[i].match);
		fputc(' ', out);
		write_policy(out, &cfg->rules[i].policy);
	}
	return finish(out);
}

int mm_trace_write_head(FILE *out, const struct mm_config *cfg)
{
	errno = 0;
	fputs(TRACE_HEAD_LINE "\n", out);
	return mm_trace_write_settings(out, cfg);
}

static bool has_words(const struct mm_guest_policy *policy)
{
	return policy->has_min || policy->has_max || policy->weight ||
	       policy->exclude != MM_CHOICE_UNSET || policy->probing != MM_CHOICE_UNSET;
}

static int write_domain(FILE *out, const struct mm_domain *d)
{
	char record[MM_RECORD_MAX];
	int r;

	fprintf(out, "D %" PRIu32 " ", d->domid);
	write_word(out, d->uuid);
	fprintf(out, " %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s ",
		mm_dom_type_name(d->type), mm_dom_state_name(d->state), d->current_kib,
		d->target_kib, d->static_max_kib, d->pod_kib, d->report_ms,
		mm_source_name(d->report.source));
	write_word(out, d->name);
	fputc('\n', out);
	if (has_words(&d->policy)) {
		fputs("K ", out);
		write_policy(out, &d->policy);
	}
	if (d->report.source != MM_SOURCE_NONE) {
		r = mm_report_format(&d->report, record, sizeof(record));
		if (r < 0)
			return r;
		fprintf(out, "R %s\n", record);
	}
	mm_trace_write_seen(out, &d->seen);
	return 0;
}

int mm_trace_write_round(FILE *out, const struct mm_snapshot *snap, const struct mm_plan *plan)
{
	errno = 0;
	fprintf(out, "T %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		snap->now_ms, snap->host.total_kib, snap->host.free_kib, snap->host.claims_kib,
		snap->host.reserved_kib);
	for (size_t i = 0; i < snap->count; i++) {
		int r = write_domain(out, &snap->domains[i]);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct mm_plan_entry *e = &plan->entries[plan->order[i]];

		fprintf(out, "P %" PRIu32 " %" PRIu64 " %" PRIu64 " %s\n", e->domid, e->old_kib,
			e->new_kib, mm_reason_name(e->reason));
	}
	fputs(".\n", out);
	return finish(out);
}
