/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/exporter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "exposition.h"
#include "monitor/process_json.h"
#include "monitor/text.h"
#include "xenmm/units.h"

enum unit { UNIT_NONE, UNIT_KIB, UNIT_MS, UNIT_US, UNIT_MILLI, UNIT_PAGES };

static const struct {
	const char *name;
	unsigned factor, decimals;
} units[] = {
	[UNIT_NONE] = {NULL, 1, 0},
	[UNIT_KIB] = {"bytes", 1024, 0},
	[UNIT_MS] = {"seconds", 1, 3},
	[UNIT_US] = {"seconds", 1, 6},
	[UNIT_MILLI] = {NULL, 1, 3},
	[UNIT_PAGES] = {"bytes", 4096, 0},
};

struct writer;

struct family {
	const char *name;
	enum mm_metric_type type;
	enum unit unit;
	void (*write)(struct writer *writer, const struct family *family);
	size_t figure; /* offset in struct mm_counters */
	const char *help;
};

/* The first names of a guest. */
struct name_sum {
	char name[MM_TEXT_SIZE(
		MM_COMM_LEN)];	 /* as in the label: two names may look the same there */
	uint64_t rss_kib, share; /* 1/100 of a per cent of one CPU */
};

struct writer {
	struct mm_exposition out;
	const struct mm_export *export;
	struct mm_mon_guest *guests;
	size_t count;
	struct name_sum *names; /* `top` for each guest */
	size_t *name_counts;
};

/* ---- samples --------------------------------------------------------------------------------- */

static void end(struct writer *w, const struct family *family, uint64_t value)
{
	mm_exposition_value(&w->out,
		mm_min_u64(value, INT64_MAX / 4096) * units[family->unit].factor,
		units[family->unit].decimals);
}

static void begin_guest(
	struct writer *w, const struct family *family, const struct mm_mon_guest *seen)
{
	mm_exposition_begin(&w->out, family->name, "");
	mm_exposition_label(&w->out, "uuid", seen->uuid);
}

static void label(struct writer *w, const char *name, const char *value)
{
	char text[MM_TEXT_SIZE(MM_NAME_MAX)];

	mm_exposition_label(&w->out, name,
		mm_text_label(text, sizeof(text), value ? value : "", value ? strlen(value) : 0));
}

/* Whether it can be read, and was lately. */
static bool is_readable(const struct mm_mon_guest *seen)
{
	return seen->sample && !seen->is_stale && !seen->reason;
}

/* ... with counters: of some kernels only the processes are found. */
static bool has_figures(const struct mm_mon_guest *seen)
{
	return is_readable(seen) && seen->sample->counters.total_kib > 0;
}

/* ---- of the service -------------------------------------------------------------------------- */

static void write_build(struct writer *w, const struct family *family)
{
	mm_exposition_begin(&w->out, family->name, "");
	mm_exposition_label(&w->out, "version", XENMM_VERSION);
	mm_exposition_label(&w->out, "mode", w->export->is_controller ? "controller" : "client");
	end(w, family, 1);
}

static void write_cpu(struct writer *w, const struct family *family)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return;
	mm_exposition_begin(&w->out, family->name, "");
	end(w, family,
		(uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
			(uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec));
}

static void write_round_age(struct writer *w, const struct family *family)
{
	if (w->export->is_controller)
		return;
	mm_exposition_begin(&w->out, family->name, "");
	end(w, family, w->export->round_age_ms);
}

static void write_requests(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->export->request_count; i++) {
		char code[16];

		snprintf(code, sizeof(code), "%u", w->export->requests[i].status);
		mm_exposition_begin(&w->out, family->name, "");
		mm_exposition_label(&w->out, "code", code);
		end(w, family, w->export->requests[i].count);
	}
}

static void write_guest_count(struct writer *w, const struct family *family)
{
	mm_exposition_begin(&w->out, family->name, "");
	end(w, family, w->count);
}

static void write_duplicates(struct writer *w, const struct family *family)
{
	uint64_t count = 0;

	for (size_t i = 0; i < w->count; i++)
		count += w->guests[i].also_on != NULL;
	mm_exposition_begin(&w->out, family->name, "");
	end(w, family, count);
}

/* ---- of a controller's hosts ----------------------------------------------------------------- */

static uint64_t host_value(const struct mm_exported_host *host, size_t figure)
{
	const uint64_t values[] = {host->is_up, host->guests, host->failures, host->age_ms};

	return values[figure];
}

static void write_hosts(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->export->host_count; i++) {
		const struct mm_exported_host *host = &w->export->hosts[i];

		if (family->unit == UNIT_MS && !host->has_age)
			continue;
		mm_exposition_begin(&w->out, family->name, "");
		mm_exposition_label(&w->out, "host", host->name);
		end(w, family, host_value(host, family->figure));
	}
}

/* ---- of guests ------------------------------------------------------------------------------- */

static void write_info(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct mm_mon_guest *seen = &w->guests[i];
		char domid[16] = "";

		if (seen->domid != MM_NO_DOMID)
			snprintf(domid, sizeof(domid), "%" PRIu32, seen->domid);
		begin_guest(w, family, seen);
		label(w, "name", seen->name);
		label(w, "host", seen->host);
		label(w, "domid", domid);
		label(w, "type", seen->type);
		label(w, "kernel", seen->sample ? seen->sample->counters.release : "");
		end(w, family, 1);
	}
}

static void write_readable(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		begin_guest(w, family, &w->guests[i]);
		end(w, family, is_readable(&w->guests[i]));
	}
}

static void write_reasons(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!w->guests[i].reason)
			continue;
		begin_guest(w, family, &w->guests[i]);
		label(w, "reason", w->guests[i].reason);
		end(w, family, 1);
	}
}

static void write_ages(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!w->guests[i].sample)
			continue;
		begin_guest(w, family, &w->guests[i]);
		end(w, family, w->guests[i].age_ms);
	}
}

static void write_costs(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		begin_guest(w, family, &w->guests[i]);
		end(w, family, w->guests[i].cost_us);
	}
}

static void write_looks(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		begin_guest(w, family, &w->guests[i]);
		mm_exposition_label(&w->out, "result", "read");
		end(w, family, w->guests[i].samples);
		begin_guest(w, family, &w->guests[i]);
		mm_exposition_label(&w->out, "result", "failed");
		end(w, family, w->guests[i].failures);
	}
}

static uint64_t counter_at(const struct mm_mon_guest *seen, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)&seen->sample->counters + offset, sizeof(value));
	return value;
}

static void write_counter(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!has_figures(&w->guests[i]))
			continue;
		begin_guest(w, family, &w->guests[i]);
		end(w, family, counter_at(&w->guests[i], family->figure));
	}
}

/* Two figures that stand one behind the other, told apart by a label. */
static void write_pair(struct writer *w, const struct family *family, const char *name,
	const char *const values[2], const struct mm_mon_guest *seen)
{
	for (size_t i = 0; i < 2; i++) {
		begin_guest(w, family, seen);
		mm_exposition_label(&w->out, name, values[i]);
		end(w, family, counter_at(seen, family->figure + i * sizeof(uint64_t)));
	}
}

static void write_refaults(struct writer *w, const struct family *family)
{
	static const char *const kinds[] = {"anon", "file"};

	for (size_t i = 0; i < w->count; i++)
		if (has_figures(&w->guests[i]))
			write_pair(w, family, "kind", kinds, &w->guests[i]);
}

static void write_stalls(struct writer *w, const struct family *family)
{
	static const char *const kinds[] = {"some", "full"};

	for (size_t i = 0; i < w->count; i++)
		if (has_figures(&w->guests[i]) && w->guests[i].sample->counters.has_psi)
			write_pair(w, family, "kind", kinds, &w->guests[i]);
}

static void write_balloons(struct writer *w, const struct family *family)
{
	static const char *const kinds[] = {"current", "target"};

	for (size_t i = 0; i < w->count; i++)
		if (has_figures(&w->guests[i]) && w->guests[i].sample->counters.has_balloon)
			write_pair(w, family, "kind", kinds, &w->guests[i]);
}

static void write_slabs(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct mm_mon_guest *seen = &w->guests[i];

		if (!has_figures(seen))
			continue;
		begin_guest(w, family, seen);
		end(w, family,
			seen->sample->counters.slab_reclaimable_kib +
				seen->sample->counters.slab_unreclaimable_kib);
	}
}

static void write_cpus(struct writer *w, const struct family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!has_figures(&w->guests[i]))
			continue;
		begin_guest(w, family, &w->guests[i]);
		end(w, family, w->guests[i].sample->counters.cpus);
	}
}

/* ---- of processes ---------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	const struct name_sum *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int compare_sizes(const void *a, const void *b)
{
	const struct name_sum *x = a, *y = b;

	if (x->rss_kib != y->rss_kib)
		return x->rss_kib < y->rss_kib ? 1 : -1;
	return compare_names(a, b);
}

static uint64_t share_of(const struct mm_process_row *row)
{
	return row->share == MM_SHARE_UNKNOWN ? 0 : row->share;
}

/* Sums by name, the largest first: processes come and go, their names stay. Returns how many, `sums` has room for all. */
static size_t sum_names(const struct mm_process_row *rows, size_t count, struct name_sum *sums)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		(void)mm_text_label(sums[i].name, sizeof(sums[i].name), rows[i].process->comm,
			sizeof(rows[i].process->comm));
		sums[i].rss_kib = mm_process_rss_kib(rows[i].process);
		sums[i].share = share_of(&rows[i]);
	}
	qsort(sums, count, sizeof(*sums), compare_names);
	for (size_t i = 0; i < count; i++) {
		if (n > 0 && compare_names(&sums[n - 1], &sums[i]) == 0) {
			sums[n - 1].rss_kib += sums[i].rss_kib;
			sums[n - 1].share += sums[i].share;
		} else {
			sums[n++] = sums[i];
		}
	}
	qsort(sums, n, sizeof(*sums), compare_sizes);
	return n;
}

static bool read_names(struct writer *w, size_t guest)
{
	struct mm_process_row *rows = NULL;
	struct name_sum *sums;
	size_t count = 0, n;

	if (!is_readable(&w->guests[guest]))
		return true;
	if (mm_mon_rows(&w->guests[guest], false, &rows, &count))
		return false;
	sums = calloc(count + 1, sizeof(*sums));
	if (sums) {
		n = sum_names(rows, count, sums);
		n = n < w->export->top ? n : w->export->top;
		memcpy(&w->names[guest * w->export->top], sums, n * sizeof(*sums));
		w->name_counts[guest] = n;
	}
	free(rows);
	free(sums);
	return sums != NULL;
}

static void write_names(struct writer *w, const struct family *family)
{
	size_t top = w->export->top;

	for (size_t i = 0; top && i < w->count; i++)
		for (size_t k = 0; k < w->name_counts[i]; k++) {
			const struct name_sum *sum = &w->names[i * top + k];
			begin_guest(w, family, &w->guests[i]);
			mm_exposition_label(&w->out, "process", sum->name);
			if (family->unit == UNIT_KIB)
				end(w, family, sum->rss_kib);
			else /* 1/100 of a per cent are 4 decimals */
				mm_exposition_value(&w->out, sum->share, 4);
		}
}

/* ---- the table ------------------------------------------------------------------------------- */

#define GAUGE	 MM_METRIC_GAUGE
#define COUNTER	 MM_METRIC_COUNTER
#define INFO	 MM_METRIC_INFO
#define OF(name) offsetof(struct mm_counters, name)

enum host_figure { HOST_UP, HOST_GUESTS, HOST_FAILURES, HOST_AGE };

/* clang-format off */
static const struct family families[] = {
	{"xenmm_monitor_build_info", INFO, UNIT_NONE, write_build, 0, "Version and mode of mmmon."},
	{"xenmm_monitor_cpu_seconds_total", COUNTER, UNIT_US, write_cpu, 0,
		"CPU time of mmmon itself, without its probes."},
	{"xenmm_monitor_round_age_seconds", GAUGE, UNIT_MS, write_round_age, 0,
		"Time since the guests were last looked after."},
	{"xenmm_monitor_http_requests_total", COUNTER, UNIT_NONE, write_requests, 0,
		"HTTP requests that were answered, by status code."},
	{"xenmm_monitor_guests", GAUGE, UNIT_NONE, write_guest_count, 0, "Guests that are known."},
	{"xenmm_monitor_duplicates", GAUGE, UNIT_NONE, write_duplicates, 0,
		"Guests that more than one host shows, as while they migrate."},
	{"xenmm_monitor_host_up", GAUGE, UNIT_NONE, write_hosts, HOST_UP,
		"1 if a host's last answer was right and is not stale."},
	{"xenmm_monitor_host_guests", GAUGE, UNIT_NONE, write_hosts, HOST_GUESTS, "Guests of a host."},
	{"xenmm_monitor_host_failures_total", COUNTER, UNIT_NONE, write_hosts, HOST_FAILURES,
		"Requests to a host that failed."},
	{"xenmm_monitor_host_age_seconds", GAUGE, UNIT_MS, write_hosts, HOST_AGE,
		"Time since a host's last right answer."},
	{"xenmm_monitor_cost_seconds_total", COUNTER, UNIT_US, write_costs, 0,
		"CPU time of the host for looking into a guest."},
	{"xenmm_monitor_looks_total", COUNTER, UNIT_NONE, write_looks, 0, "Looks into a guest, by result."},
	{"xenmm_guest_info", INFO, UNIT_NONE, write_info, 0, "Name, host, id, type and kernel of a guest."},
	{"xenmm_guest_readable", GAUGE, UNIT_NONE, write_readable, 0,
		"1 if a guest can be read and its figures are not stale."},
	{"xenmm_guest_unreadable", GAUGE, UNIT_NONE, write_reasons, 0, "1 for the reason why a guest cannot be read."},
	{"xenmm_guest_sample_age_seconds", GAUGE, UNIT_MS, write_ages, 0, "Time since a guest was last read."},
	{"xenmm_guest_uptime_seconds", GAUGE, UNIT_MS, write_counter, OF(uptime_ms), "Time since a guest's kernel booted."},
	{"xenmm_guest_cpus", GAUGE, UNIT_NONE, write_cpus, 0, "CPUs that a guest's kernel can use."},
	{"xenmm_guest_memory_total_bytes", GAUGE, UNIT_KIB, write_counter, OF(total_kib), "MemTotal of a guest."},
	{"xenmm_guest_memory_free_bytes", GAUGE, UNIT_KIB, write_counter, OF(free_kib), "MemFree of a guest."},
	{"xenmm_guest_memory_available_bytes", GAUGE, UNIT_KIB, write_counter, OF(avail_kib), "MemAvailable of a guest."},
	{"xenmm_guest_memory_anon_bytes", GAUGE, UNIT_KIB, write_counter, OF(anon_kib), "Anonymous memory of a guest."},
	{"xenmm_guest_memory_file_bytes", GAUGE, UNIT_KIB, write_counter, OF(file_kib), "Page cache of a guest."},
	{"xenmm_guest_memory_shmem_bytes", GAUGE, UNIT_KIB, write_counter, OF(shmem_kib), "Shared memory of a guest."},
	{"xenmm_guest_memory_slab_bytes", GAUGE, UNIT_KIB, write_slabs, 0,
		"Slab memory of a guest's kernel."},
	{"xenmm_guest_memory_committed_bytes", GAUGE, UNIT_KIB, write_counter, OF(committed_kib), "Committed_AS of a guest."},
	{"xenmm_guest_swap_size_bytes", GAUGE, UNIT_KIB, write_counter, OF(swap_total_kib), "Swap space of a guest."},
	{"xenmm_guest_swap_free_bytes", GAUGE, UNIT_KIB, write_counter, OF(swap_free_kib), "Free swap space of a guest."},
	{"xenmm_guest_swap_in_bytes_total", COUNTER, UNIT_PAGES, write_counter, OF(swapin_pages), "Swapped in by a guest."},
	{"xenmm_guest_swap_out_bytes_total", COUNTER, UNIT_PAGES, write_counter, OF(swapout_pages), "Swapped out by a guest."},
	{"xenmm_guest_major_faults_total", COUNTER, UNIT_NONE, write_counter, OF(majfaults), "Major page faults in a guest."},
	{"xenmm_guest_oom_kills_total", COUNTER, UNIT_NONE, write_counter, OF(oom_kills),
		"Processes that a guest's kernel killed for want of memory."},
	{"xenmm_guest_refaults_total", COUNTER, UNIT_NONE, write_refaults, OF(refault_anon),
		"Pages that a guest needed again after it had evicted them."},
	{"xenmm_guest_memory_stall_seconds_total", COUNTER, UNIT_US, write_stalls, OF(psi_some_us),
		"Time for which some or all tasks of a guest waited for memory."},
	{"xenmm_guest_load1", GAUGE, UNIT_MILLI, write_counter, OF(load_milli[0]), "Load average of a guest over a minute."},
	{"xenmm_guest_load5", GAUGE, UNIT_MILLI, write_counter, OF(load_milli[1]), "Load average of a guest over 5 minutes."},
	{"xenmm_guest_load15", GAUGE, UNIT_MILLI, write_counter, OF(load_milli[2]), "Load average of a guest over 15 minutes."},
	{"xenmm_guest_balloon_bytes", GAUGE, UNIT_KIB, write_balloons, OF(balloon_current_kib),
		"What the balloon driver of a guest has and wants."},
	{"xenmm_guest_process_memory_bytes", GAUGE, UNIT_KIB, write_names, 0,
		"Resident memory of all processes of a name, of the largest names of a guest."},
	{"xenmm_guest_process_cpu_ratio", GAUGE, UNIT_NONE, write_names, 0,
		"CPUs that the processes of a name use, of the largest names of a guest."},
};
/* clang-format on */

_Static_assert(OF(refault_file) == OF(refault_anon) + sizeof(uint64_t), "a pair");
_Static_assert(OF(psi_full_us) == OF(psi_some_us) + sizeof(uint64_t), "a pair");
_Static_assert(OF(balloon_target_kib) == OF(balloon_current_kib) + sizeof(uint64_t), "a pair");

/* A label says which guest: a uuid that is there twice is told of once. */
static bool is_repeated(const struct writer *w, const struct mm_mon_guest *seen)
{
	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->guests[i].uuid, seen->uuid))
			return true;
	return false;
}

static bool open_writer(struct writer *w)
{
	const struct mm_mon_source *source = w->export->source;
	size_t count = source->count(source->arg);

	w->guests = calloc(count + 1, sizeof(*w->guests));
	w->names = calloc(count * w->export->top + 1, sizeof(*w->names));
	w->name_counts = calloc(count + 1, sizeof(*w->name_counts));
	if (!w->guests || !w->names || !w->name_counts)
		return false;
	for (size_t i = 0; i < count; i++) {
		source->get(source->arg, i, &w->guests[w->count]);
		/* a controller's are merged already, and there may be many */
		if (w->export->is_controller || !is_repeated(w, &w->guests[w->count]))
			w->count++;
	}
	for (size_t i = 0; w->export->top && i < w->count; i++)
		if (!read_names(w, i))
			return false;
	return true;
}

char *mm_export_text(const struct mm_export *export, bool is_open_metrics, size_t *ret_len)
{
	struct writer w = {.out = {.is_open_metrics = is_open_metrics}, .export = export};
	char *text = NULL;

	if (open_writer(&w)) {
		for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
			mm_exposition_family(&w.out, families[i].name, families[i].type,
				units[families[i].unit].name, families[i].help);
			families[i].write(&w, &families[i]);
		}
		text = mm_exposition_end(&w.out, ret_len);
	}
	free(w.guests);
	free(w.names);
	free(w.name_counts);
	return text;
}
