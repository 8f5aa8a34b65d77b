/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Families of mmmon itself, of the hosts that it gathers, and of what its looks cost. */
#include <stdio.h>
#include <sys/resource.h>

#include "monitor/service/exporter_private.h"

/* ---- of the service -------------------------------------------------------------------------- */

static void write_build(struct mm_export_writer *w, const struct mm_export_family *family)
{
	mm_exposition_begin(&w->out, family->name, "");
	mm_exposition_label(&w->out, "version", XENMM_VERSION);
	mm_exposition_label(&w->out, "mode", w->export->is_controller ? "controller" : "client");
	mm_export_value(w, family, 1);
}

static void write_cpu(struct mm_export_writer *w, const struct mm_export_family *family)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return;
	mm_exposition_begin(&w->out, family->name, "");
	mm_export_value(w, family,
		(uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
			(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
}

static void write_round_age(struct mm_export_writer *w, const struct mm_export_family *family)
{
	if (w->export->is_controller)
		return;
	mm_exposition_begin(&w->out, family->name, "");
	mm_export_value(w, family, w->export->round_age_ms);
}

static void write_requests(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->export->request_count; i++) {
		char code[16];

		snprintf(code, sizeof(code), "%u", w->export->requests[i].status);
		mm_exposition_begin(&w->out, family->name, "");
		mm_exposition_label(&w->out, "code", code);
		mm_export_value(w, family, w->export->requests[i].count);
	}
}

static void write_guest_count(struct mm_export_writer *w, const struct mm_export_family *family)
{
	mm_exposition_begin(&w->out, family->name, "");
	mm_export_value(w, family, w->count);
}

static void write_duplicates(struct mm_export_writer *w, const struct mm_export_family *family)
{
	uint64_t count = 0;

	for (size_t i = 0; i < w->count; i++)
		count += w->guests[i].also_on != NULL;
	mm_exposition_begin(&w->out, family->name, "");
	mm_export_value(w, family, count);
}

/* ---- of a controller's hosts ----------------------------------------------------------------- */

static uint64_t host_value(const struct mm_exported_host *host, size_t figure)
{
	const uint64_t values[] = {host->is_up, host->guests, host->failures, host->age_ms};

	return values[figure];
}

static void write_hosts(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->export->host_count; i++) {
		const struct mm_exported_host *host = &w->export->hosts[i];

		if (family->unit == MM_EXPORT_MS && !host->has_age)
			continue;
		mm_exposition_begin(&w->out, family->name, "");
		mm_exposition_label(&w->out, "host", host->name);
		mm_export_value(w, family, host_value(host, family->figure));
	}
}

/* ---- of its looks ---------------------------------------------------------------------------- */

static void write_costs(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		mm_export_guest(w, family, &w->guests[i]);
		mm_export_value(w, family, w->guests[i].cost_us);
	}
}

static void write_looks(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		mm_export_guest(w, family, &w->guests[i]);
		mm_exposition_label(&w->out, "result", "read");
		mm_export_value(w, family, w->guests[i].samples);
		mm_export_guest(w, family, &w->guests[i]);
		mm_exposition_label(&w->out, "result", "failed");
		mm_export_value(w, family, w->guests[i].failures);
	}
}

/* ---- the table ------------------------------------------------------------------------------- */

#define GAUGE	MM_METRIC_GAUGE
#define COUNTER MM_METRIC_COUNTER
#define INFO	MM_METRIC_INFO

enum host_figure { HOST_UP, HOST_GUESTS, HOST_FAILURES, HOST_AGE };

/* clang-format off */
static const struct mm_export_family families[] = {
	{"xenmm_monitor_build_info", INFO, MM_EXPORT_NONE, write_build, 0, "Version and mode of mmmon."},
	{"xenmm_monitor_cpu_seconds_total", COUNTER, MM_EXPORT_US, write_cpu, 0,
		"CPU time of mmmon itself, without its probes."},
	{"xenmm_monitor_round_age_seconds", GAUGE, MM_EXPORT_MS, write_round_age, 0,
		"Time since the guests were last looked after."},
	{"xenmm_monitor_http_requests_total", COUNTER, MM_EXPORT_NONE, write_requests, 0,
		"HTTP requests that were answered, by status code."},
	{"xenmm_monitor_guests", GAUGE, MM_EXPORT_NONE, write_guest_count, 0, "Guests that are known."},
	{"xenmm_monitor_duplicates", GAUGE, MM_EXPORT_NONE, write_duplicates, 0,
		"Guests that more than one host shows, as while they migrate."},
	{"xenmm_monitor_host_up", GAUGE, MM_EXPORT_NONE, write_hosts, HOST_UP,
		"1 if a host's last answer was right and is not stale."},
	{"xenmm_monitor_host_guests", GAUGE, MM_EXPORT_NONE, write_hosts, HOST_GUESTS, "Guests of a host."},
	{"xenmm_monitor_host_failures_total", COUNTER, MM_EXPORT_NONE, write_hosts, HOST_FAILURES,
		"Requests to a host that failed."},
	{"xenmm_monitor_host_age_seconds", GAUGE, MM_EXPORT_MS, write_hosts, HOST_AGE,
		"Time since a host's last right answer."},
	{"xenmm_monitor_cost_seconds_total", COUNTER, MM_EXPORT_US, write_costs, 0,
		"CPU time of the host for looking into a guest."},
	{"xenmm_monitor_looks_total", COUNTER, MM_EXPORT_NONE, write_looks, 0, "Looks into a guest, by result."},
};
/* clang-format on */

const struct mm_export_family *mm_export_of_service(size_t i)
{
	return i < sizeof(families) / sizeof(families[0]) ? &families[i] : NULL;
}
