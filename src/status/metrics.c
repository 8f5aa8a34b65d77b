/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Figures are read once, KiB, ms, us and ppm as everywhere; the table of families says under which name and in which base
 * unit each is shown. Names never change their meaning.
 */
#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exposition.h"
#include "journal.h"
#include "xenmm/units.h"

/* A figure that is not known: its sample is left out. */
#define UNKNOWN UINT64_MAX

enum host_figure {
	HOST_TOTAL,
	HOST_FREE,
	HOST_CLAIMS,
	HOST_RESERVE,
	HOST_LEASED,
	HOST_SPARE,
	HOST_POOL,
	HOST_BUDGET,
	HOST_OVERCOMMITTED,
	HOST_PAUSED,
	HOST_DRY_RUN,
	HOST_LAST_ROUND, /* ms since 1970 */
	HOST_ROUNDS,
	HOST_ROUNDS_FAILED,
	HOST_REFUSED,
	HOST_EVENT_STREAMS,
	HOST_COUNT
};

enum guest_figure {
	GUEST_HELD,
	GUEST_TARGET,
	GUEST_MINIMUM,
	GUEST_MAXIMUM,
	GUEST_USED,
	GUEST_HARD,
	GUEST_WARM,
	GUEST_HEADROOM,
	GUEST_PRESSURE,
	GUEST_AGENT_AGE,
	GUEST_DIFFERS,
	GUEST_READABLE,
	GUEST_LOOKS_COST,
	GUEST_CHANGES,
	GUEST_COUNT
};

struct row {
	const struct mm_domain *dom;
	uint64_t of[GUEST_COUNT];
};

struct writer {
	struct mm_exposition out;
	const struct mm_metrics_view *view;
	uint64_t host[HOST_COUNT];
	struct row *rows; /* guests that are shown, by domid */
	size_t count;
};

/* How a figure is shown. */
enum unit { UNIT_NONE, UNIT_KIB, UNIT_MS, UNIT_US, UNIT_PPM };

static const struct {
	const char *name;
	unsigned factor, decimals;
} units[] = {
	[UNIT_NONE] = {NULL, 1, 0},
	[UNIT_KIB] = {"bytes", 1024, 0},
	[UNIT_MS] = {"seconds", 1, 3},
	[UNIT_US] = {"seconds", 1, 6},
	[UNIT_PPM] = {"ratio", 1, 6},
};

struct family {
	const char *name;
	enum mm_metric_type type;
	enum unit unit;
	void (*write)(struct writer *writer, const struct family *family);
	int figure;
	const char *help;
};

/* ---- figures --------------------------------------------------------------------------------- */

/* After a look that failed there is no host; before the first round there is no plan. */
static void read_host(const struct mm_metrics_view *view, uint64_t of[HOST_COUNT])
{
	const struct mm_journal *journal = view->journal;
	const struct mm_view *state = &journal->view;
	const struct mm_host *host = &state->snap->host;

	for (size_t i = 0; i < HOST_COUNT; i++)
		of[i] = UNKNOWN;
	if (host->total_kib > 0) {
		of[HOST_TOTAL] = host->total_kib;
		of[HOST_FREE] = host->free_kib;
		of[HOST_CLAIMS] = host->claims_kib;
		of[HOST_LEASED] = host->reserved_kib;
	}
	if (state->rounds > 0) {
		of[HOST_SPARE] = state->plan->spare_kib;
		of[HOST_POOL] = state->plan->pool_kib;
		of[HOST_BUDGET] = state->plan->budget_kib;
		of[HOST_OVERCOMMITTED] = state->plan->is_overcommitted;
		of[HOST_LAST_ROUND] = (uint64_t)mm_status_time(&state->wall);
	}
	of[HOST_RESERVE] = state->config->reserve_kib;
	of[HOST_PAUSED] = state->is_paused;
	of[HOST_DRY_RUN] = state->is_dry_run;
	of[HOST_ROUNDS] = state->rounds;
	of[HOST_ROUNDS_FAILED] = journal->timing.failed;
	of[HOST_REFUSED] = journal->decisions.refused;
	of[HOST_EVENT_STREAMS] = view->event_streams;
}

static uint64_t known(uint64_t sample)
{
	return sample == MM_ROW_NONE ? UNKNOWN : sample;
}

/* Nobody has set a target; no bounds hold, for a guest that is left alone: they are 0 then. */
static uint64_t unless_0(uint64_t figure)
{
	return figure ? known(figure) : UNKNOWN;
}

/* Seen from outside; unknown where it is not looked into. */
static void read_seen(const struct mm_seen *seen, struct row *row)
{
	bool is_looked_into = seen->state[0];

	row->of[GUEST_DIFFERS] = is_looked_into ? seen->is_different : UNKNOWN;
	row->of[GUEST_READABLE] = is_looked_into ? !strcmp(seen->state, MM_SEEN_OK) : UNKNOWN;
	row->of[GUEST_LOOKS_COST] = is_looked_into ? seen->spent_us : UNKNOWN;
}

static void read_guest(const struct mm_view *state, size_t i, struct row *row)
{
	const struct mm_domain *dom = &state->snap->domains[i];
	const struct mm_plan_entry *entry = mm_status_entry(state->snap, state->plan, i);
	const struct mm_row sample = mm_row_guest(state, i);

	row->dom = dom;
	row->of[GUEST_HELD] = known(sample.of[MM_ROW_HELD]);
	row->of[GUEST_TARGET] = unless_0(sample.of[MM_ROW_TARGET]);
	row->of[GUEST_MAXIMUM] = entry ? unless_0(entry->max_kib) : UNKNOWN;
	row->of[GUEST_MINIMUM] = row->of[GUEST_MAXIMUM] == UNKNOWN ? UNKNOWN : entry->min_kib;
	row->of[GUEST_USED] = known(sample.of[MM_ROW_USED]);
	row->of[GUEST_HARD] = known(sample.of[MM_ROW_HARD]);
	row->of[GUEST_WARM] = known(sample.of[MM_ROW_WARM]);
	row->of[GUEST_HEADROOM] = known(sample.of[MM_ROW_HEADROOM]);
	row->of[GUEST_PRESSURE] = known(sample.of[MM_ROW_PRESSURE]);
	row->of[GUEST_AGENT_AGE] = dom->report.source == MM_SOURCE_NONE
					   ? UNKNOWN
					   : mm_sub_floor(state->snap->now_ms, dom->report_ms);
	read_seen(&dom->seen, row);
	row->of[GUEST_CHANGES] = UNKNOWN;
}

/* By uuid; of those with the same, the one that is to be shown first. */
static int compare_uuid(const void *x, const void *y)
{
	const struct mm_domain *a = *(const struct mm_domain *const *)x;
	const struct mm_domain *b = *(const struct mm_domain *const *)y;
	int order = strcmp(a->uuid, b->uuid);

	if (order)
		return order;
	if (a->state != b->state && (a->state == MM_DOM_RUNNING || b->state == MM_DOM_RUNNING))
		return a->state == MM_DOM_RUNNING ? -1 : 1;
	return a->domid < b->domid ? -1 : a->domid > b->domid;
}

/* Marks in `is_twin` the domains whose uuid another has: series of the same name must not come twice. */
static int find_twins(const struct mm_snapshot *snap, bool *is_twin)
{
	const struct mm_domain **order = malloc(snap->count * sizeof(*order));

	if (!order)
		return -1;
	for (size_t i = 0; i < snap->count; i++)
		order[i] = &snap->domains[i];
	qsort(order, snap->count, sizeof(*order), compare_uuid);
	for (size_t i = 1; i < snap->count; i++)
		is_twin[order[i] - snap->domains] = !strcmp(order[i]->uuid, order[i - 1]->uuid);
	free(order);
	return 0;
}

/* Both lists are sorted by domid. */
static void count_changes(struct writer *writer)
{
	const struct mm_decisions *decisions = &writer->view->journal->decisions;
	size_t cursor = 0;

	for (size_t i = 0; i < writer->count; i++) {
		struct row *row = &writer->rows[i];

		while (cursor < decisions->count &&
			decisions->guests[cursor].domid < row->dom->domid)
			cursor++;
		if (cursor < decisions->count && decisions->guests[cursor].domid == row->dom->domid)
			row->of[GUEST_CHANGES] = decisions->guests[cursor].changes;
	}
}

static int read_guests(struct writer *writer)
{
	const struct mm_view *state = &writer->view->journal->view;
	size_t count = state->snap->count;
	bool *is_twin = calloc(count + 1, sizeof(*is_twin));
	int r = -1;

	writer->rows = malloc((count + 1) * sizeof(*writer->rows));
	if (is_twin && writer->rows && (count == 0 || !find_twins(state->snap, is_twin))) {
		for (size_t i = 0; i < count; i++)
			if (!is_twin[i])
				read_guest(state, i, &writer->rows[writer->count++]);
		count_changes(writer);
		r = 0;
	}
	free(is_twin);
	return r;
}

/* ---- samples --------------------------------------------------------------------------------- */

static void value(struct writer *writer, enum unit unit, uint64_t figure)
{
	mm_exposition_value(&writer->out, figure * units[unit].factor, units[unit].decimals);
}

static void write_host(struct writer *writer, const struct family *family)
{
	uint64_t figure = writer->host[family->figure];

	if (figure == UNKNOWN)
		return;
	mm_exposition_begin(&writer->out, family->name, "");
	value(writer, family->unit, figure);
}

static void begin_guest(struct writer *writer, const struct family *family, const struct row *row)
{
	mm_exposition_begin(&writer->out, family->name, "");
	mm_exposition_label(&writer->out, "uuid", row->dom->uuid);
}

static void write_guests(struct writer *writer, const struct family *family)
{
	for (size_t i = 0; i < writer->count; i++) {
		const struct row *row = &writer->rows[i];

		if (row->of[family->figure] == UNKNOWN)
			continue;
		begin_guest(writer, family, row);
		value(writer, family->unit, row->of[family->figure]);
	}
}

static void write_needs(struct writer *writer, const struct family *family)
{
	static const char *const parts[] = {"hard", "warm", "headroom"};

	for (size_t i = 0; i < writer->count; i++) {
		const struct row *row = &writer->rows[i];

		for (size_t k = 0; k < 3; k++) {
			if (row->of[GUEST_HARD + k] == UNKNOWN)
				continue;
			begin_guest(writer, family, row);
			mm_exposition_label(&writer->out, "part", parts[k]);
			value(writer, family->unit, row->of[GUEST_HARD + k]);
		}
	}
}

static void write_identities(struct writer *writer, const struct family *family)
{
	for (size_t i = 0; i < writer->count; i++) {
		const struct row *row = &writer->rows[i];
		char domid[12];

		snprintf(domid, sizeof(domid), "%u", row->dom->domid);
		begin_guest(writer, family, row);
		mm_exposition_label(&writer->out, "name", row->dom->name);
		mm_exposition_label(&writer->out, "domid", domid);
		mm_exposition_label(&writer->out, "type", mm_dom_type_name(row->dom->type));
		value(writer, UNIT_NONE, 1);
	}
}

static void write_states(struct writer *writer, const struct family *family)
{
	for (size_t i = 0; i < writer->count; i++) {
		const struct row *row = &writer->rows[i];

		begin_guest(writer, family, row);
		mm_exposition_label(&writer->out, "state", mm_dom_state_name(row->dom->state));
		value(writer, UNIT_NONE, 1);
	}
}

static void write_build(struct writer *writer, const struct family *family)
{
	mm_exposition_begin(&writer->out, family->name, "");
	mm_exposition_label(&writer->out, "version", XENMM_VERSION);
	value(writer, UNIT_NONE, 1);
}

static void write_reasons(struct writer *writer, const struct family *family)
{
	for (size_t i = 0; i < MM_REASON_COUNT; i++) {
		mm_exposition_begin(&writer->out, family->name, "");
		mm_exposition_label(&writer->out, "reason", mm_reason_name((enum mm_reason)i));
		value(writer, UNIT_NONE, writer->view->journal->decisions.by_reason[i]);
	}
}

static void write_requests(struct writer *writer, const struct family *family)
{
	for (size_t i = 0; i < writer->view->request_count; i++) {
		const struct mm_http_count *row = &writer->view->requests[i];
		char code[12];

		snprintf(code, sizeof(code), "%u", row->code);
		mm_exposition_begin(&writer->out, family->name, "");
		mm_exposition_label(&writer->out, "code", code);
		value(writer, UNIT_NONE, row->count);
	}
}

static void bucket(
	struct writer *writer, const struct family *family, const char *bound, uint64_t count)
{
	mm_exposition_begin(&writer->out, family->name, "_bucket");
	mm_exposition_label(&writer->out, "le", bound);
	value(writer, UNIT_NONE, count);
}

static void write_histogram(
	struct writer *writer, const struct family *family, const struct mm_histogram *histogram)
{
	char bound[MM_DECIMAL_MAX];
	uint64_t count = 0;

	for (size_t i = 0; i < MM_TIMING_BUCKETS; i++) {
		count += histogram->counts[i];
		bucket(writer, family,
			mm_exposition_decimal(
				bound, mm_timing_bounds_us[i], units[family->unit].decimals),
			count);
	}
	count += histogram->counts[MM_TIMING_BUCKETS];
	bucket(writer, family, "+Inf", count);
	mm_exposition_begin(&writer->out, family->name, "_sum");
	value(writer, family->unit, histogram->sum_us);
	mm_exposition_begin(&writer->out, family->name, "_count");
	value(writer, UNIT_NONE, count);
}

static void write_durations(struct writer *writer, const struct family *family)
{
	write_histogram(writer, family, &writer->view->journal->timing.duration);
}

static void write_lags(struct writer *writer, const struct family *family)
{
	write_histogram(writer, family, &writer->view->journal->timing.lag);
}

/* ---- families -------------------------------------------------------------------------------- */

#define GAUGE	  MM_METRIC_GAUGE
#define COUNTER	  MM_METRIC_COUNTER
#define HISTOGRAM MM_METRIC_HISTOGRAM
#define INFO	  MM_METRIC_INFO

/* clang-format off: a table */
static const struct family families[] = {
	{"xenmm_build_info", INFO, UNIT_NONE, write_build, 0, "Version of mmserver."},
	{"xenmm_host_memory_total_bytes", GAUGE, UNIT_KIB, write_host, HOST_TOTAL,
		"Memory of the host."},
	{"xenmm_host_memory_free_bytes", GAUGE, UNIT_KIB, write_host, HOST_FREE,
		"Memory of the host that Xen says is free, claims included."},
	{"xenmm_host_memory_claims_bytes", GAUGE, UNIT_KIB, write_host, HOST_CLAIMS,
		"Free memory that is claimed for domains being built."},
	{"xenmm_host_memory_reserve_bytes", GAUGE, UNIT_KIB, write_host, HOST_RESERVE,
		"Memory of the host that is never handed out, by the setting reserve."},
	{"xenmm_host_memory_leased_bytes", GAUGE, UNIT_KIB, write_host, HOST_LEASED,
		"Memory set aside for guests that are about to start."},
	{"xenmm_host_memory_spare_bytes", GAUGE, UNIT_KIB, write_host, HOST_SPARE,
		"Free memory less claims, reserve and what guests have been promised."},
	{"xenmm_host_memory_pool_bytes", GAUGE, UNIT_KIB, write_host, HOST_POOL,
		"Memory that the host keeps free to answer bursts at once."},
	{"xenmm_host_memory_budget_bytes", GAUGE, UNIT_KIB, write_host, HOST_BUDGET,
		"Memory that all balanced guests may hold together."},
	{"xenmm_host_overcommitted", GAUGE, UNIT_NONE, write_host, HOST_OVERCOMMITTED,
		"1 if the hard use of all guests exceeds the budget."},
	{"xenmm_paused", GAUGE, UNIT_NONE, write_host, HOST_PAUSED,
		"1 if balancing is paused: no target is set."},
	{"xenmm_dry_run", GAUGE, UNIT_NONE, write_host, HOST_DRY_RUN,
		"1 if mmserver only says what it would do."},
	{"xenmm_domain_info", INFO, UNIT_NONE, write_identities, 0,
		"Name, id and type of a guest."},
	{"xenmm_domain_state", GAUGE, UNIT_NONE, write_states, 0,
		"1 for the state that a guest is in."},
	{"xenmm_domain_memory_bytes", GAUGE, UNIT_KIB, write_guests, GUEST_HELD,
		"Memory that a guest holds."},
	{"xenmm_domain_memory_target_bytes", GAUGE, UNIT_KIB, write_guests, GUEST_TARGET,
		"Balloon target of a guest."},
	{"xenmm_domain_memory_minimum_bytes", GAUGE, UNIT_KIB, write_guests, GUEST_MINIMUM,
		"Memory below which a guest is not taken."},
	{"xenmm_domain_memory_maximum_bytes", GAUGE, UNIT_KIB, write_guests, GUEST_MAXIMUM,
		"Memory that a guest can hold at most."},
	{"xenmm_domain_memory_used_bytes", GAUGE, UNIT_KIB, write_guests, GUEST_USED,
		"Memory that is not available in a guest, by what its agent reports."},
	{"xenmm_domain_memory_need_bytes", GAUGE, UNIT_KIB, write_needs, 0,
		"Estimated need of a guest by part: hard use, warm memory, headroom."},
	{"xenmm_domain_memory_pressure_ratio", GAUGE, UNIT_PPM, write_guests, GUEST_PRESSURE,
		"Share of time for which a guest's tasks wait for memory, 0 to 1."},
	{"xenmm_domain_agent_age_seconds", GAUGE, UNIT_MS, write_guests, GUEST_AGENT_AGE,
		"Time since a guest's agent reported last."},
	{"xenmm_domain_agent_differs", GAUGE, UNIT_NONE, write_guests, GUEST_DIFFERS,
		"1 if a guest's agent says other things than its kernel, looked at from outside."},
	{"xenmm_domain_introspection_readable", GAUGE, UNIT_NONE, write_guests, GUEST_READABLE,
		"1 if a guest that is to be looked into could be."},
	{"xenmm_domain_introspection_cpu_seconds_total", COUNTER, UNIT_US, write_guests,
		GUEST_LOOKS_COST, "CPU time of dom0 for looking into a guest."},
	{"xenmm_domain_target_changes_total", COUNTER, UNIT_NONE, write_guests, GUEST_CHANGES,
		"Targets that were set for a guest since it or mmserver started."},
	{"xenmm_decisions_total", COUNTER, UNIT_NONE, write_reasons, 0,
		"Decisions that were noted, by reason."},
	{"xenmm_targets_refused_total", COUNTER, UNIT_NONE, write_host, HOST_REFUSED,
		"Targets that could not be set."},
	{"xenmm_rounds_total", COUNTER, UNIT_NONE, write_host, HOST_ROUNDS,
		"Rounds in which mmserver looked and decided."},
	{"xenmm_rounds_failed_total", COUNTER, UNIT_NONE, write_host, HOST_ROUNDS_FAILED,
		"Rounds that could not read the domains or had no memory."},
	{"xenmm_round_duration_seconds", HISTOGRAM, UNIT_US, write_durations, 0,
		"How long rounds took."},
	{"xenmm_round_lag_seconds", HISTOGRAM, UNIT_US, write_lags, 0,
		"How much later than they were due rounds began."},
	{"xenmm_last_round_timestamp_seconds", GAUGE, UNIT_MS, write_host, HOST_LAST_ROUND,
		"When the last round was, in seconds since 1970."},
	{"xenmm_event_streams", GAUGE, UNIT_NONE, write_host, HOST_EVENT_STREAMS,
		"Readers of the event stream."},
	{"xenmm_http_requests_total", COUNTER, UNIT_NONE, write_requests, 0,
		"HTTP requests that were answered, by status code."},
};
/* clang-format on */

char *mm_metrics_text(const struct mm_metrics_view *view, bool is_open_metrics, size_t *ret_len)
{
	struct writer writer = {.out = {.is_open_metrics = is_open_metrics}, .view = view};

	read_host(view, writer.host);
	if (read_guests(&writer))
		writer.out.is_failed = true;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct family *family = &families[i];

		mm_exposition_family(&writer.out, family->name, family->type,
			units[family->unit].name, family->help);
		family->write(&writer, family);
	}
	free(writer.rows);
	return mm_exposition_end(&writer.out, ret_len);
}
