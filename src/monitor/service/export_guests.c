/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Families of guests: what their kernels say, and their largest processes by name. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "monitor/process_json.h"
#include "monitor/service/exporter_private.h"

/* It can be read, with counters: of some kernels only the processes are found. */
static bool has_figures(const struct mm_mon_guest *seen)
{
	return mm_export_is_readable(seen) && seen->sample->counters.total_kib > 0;
}

/* ---- of a guest ------------------------------------------------------------------------------ */

static void write_info(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct mm_mon_guest *seen = &w->guests[i];
		char domid[16] = "";

		if (seen->domid != MM_NO_DOMID)
			snprintf(domid, sizeof(domid), "%" PRIu32, seen->domid);
		mm_export_guest(w, family, seen);
		mm_export_label(w, "name", seen->name);
		mm_export_label(w, "host", seen->host);
		mm_export_label(w, "domid", domid);
		mm_export_label(w, "type", seen->type);
		mm_export_label(w, "kernel", seen->sample ? seen->sample->counters.release : "");
		mm_export_value(w, family, 1);
	}
}

static void write_readable(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		mm_export_guest(w, family, &w->guests[i]);
		mm_export_value(w, family, mm_export_is_readable(&w->guests[i]));
	}
}

static void write_reasons(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!w->guests[i].reason)
			continue;
		mm_export_guest(w, family, &w->guests[i]);
		mm_export_label(w, "reason", w->guests[i].reason);
		mm_export_value(w, family, 1);
	}
}

static void write_ages(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!w->guests[i].sample)
			continue;
		mm_export_guest(w, family, &w->guests[i]);
		mm_export_value(w, family, w->guests[i].age_ms);
	}
}

/* ---- what its kernel counts ------------------------------------------------------------------ */

static uint64_t counter_at(const struct mm_mon_guest *seen, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)&seen->sample->counters + offset, sizeof(value));
	return value;
}

static void write_counter(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!has_figures(&w->guests[i]))
			continue;
		mm_export_guest(w, family, &w->guests[i]);
		mm_export_value(w, family, counter_at(&w->guests[i], family->figure));
	}
}

/* Two figures that stand one behind the other, told apart by a label. */
static void write_pair(struct mm_export_writer *w, const struct mm_export_family *family,
	const char *name, const char *const values[2], const struct mm_mon_guest *seen)
{
	for (size_t i = 0; i < 2; i++) {
		mm_export_guest(w, family, seen);
		mm_exposition_label(&w->out, name, values[i]);
		mm_export_value(w, family, counter_at(seen, family->figure + i * sizeof(uint64_t)));
	}
}

static void write_refaults(struct mm_export_writer *w, const struct mm_export_family *family)
{
	static const char *const kinds[] = {"anon", "file"};

	for (size_t i = 0; i < w->count; i++)
		if (has_figures(&w->guests[i]))
			write_pair(w, family, "kind", kinds, &w->guests[i]);
}

static void write_stalls(struct mm_export_writer *w, const struct mm_export_family *family)
{
	static const char *const kinds[] = {"some", "full"};

	for (size_t i = 0; i < w->count; i++)
		if (has_figures(&w->guests[i]) && w->guests[i].sample->counters.has_psi)
			write_pair(w, family, "kind", kinds, &w->guests[i]);
}

static void write_balloons(struct mm_export_writer *w, const struct mm_export_family *family)
{
	static const char *const kinds[] = {"current", "target"};

	for (size_t i = 0; i < w->count; i++)
		if (has_figures(&w->guests[i]) && w->guests[i].sample->counters.has_balloon)
			write_pair(w, family, "kind", kinds, &w->guests[i]);
}

static void write_slabs(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct mm_mon_guest *seen = &w->guests[i];

		if (!has_figures(seen))
			continue;
		mm_export_guest(w, family, seen);
		mm_export_value(w, family,
			seen->sample->counters.slab_reclaimable_kib +
				seen->sample->counters.slab_unreclaimable_kib);
	}
}

static void write_cpus(struct mm_export_writer *w, const struct mm_export_family *family)
{
	for (size_t i = 0; i < w->count; i++) {
		if (!has_figures(&w->guests[i]))
			continue;
		mm_export_guest(w, family, &w->guests[i]);
		mm_export_value(w, family, w->guests[i].sample->counters.cpus);
	}
}

/* ---- its processes --------------------------------------------------------------------------- */

static void write_names(struct mm_export_writer *w, const struct mm_export_family *family)
{
	size_t top = w->export->top;

	for (size_t i = 0; top && i < w->count; i++)
		for (size_t k = 0; k < w->name_counts[i]; k++) {
			const struct mm_export_name *sum = &w->names[i * top + k];
			mm_export_guest(w, family, &w->guests[i]);
			mm_exposition_label(&w->out, "process", sum->name);
			if (family->unit == MM_EXPORT_KIB)
				mm_export_value(w, family, sum->rss_kib);
			else /* 1/100 of a per cent are 4 decimals */
				mm_exposition_value(&w->out, sum->share, 4);
		}
}

/* ---- the table ------------------------------------------------------------------------------- */

#define GAUGE	 MM_METRIC_GAUGE
#define COUNTER	 MM_METRIC_COUNTER
#define INFO	 MM_METRIC_INFO
#define OF(name) offsetof(struct mm_counters, name)

/* clang-format off */
static const struct mm_export_family families[] = {
	{"xenmm_guest_info", INFO, MM_EXPORT_NONE, write_info, 0, "Name, host, id, type and kernel of a guest."},
	{"xenmm_guest_readable", GAUGE, MM_EXPORT_NONE, write_readable, 0,
		"1 if a guest can be read and its figures are not stale."},
	{"xenmm_guest_unreadable", GAUGE, MM_EXPORT_NONE, write_reasons, 0, "1 for the reason why a guest cannot be read."},
	{"xenmm_guest_sample_age_seconds", GAUGE, MM_EXPORT_MS, write_ages, 0, "Time since a guest was last read."},
	{"xenmm_guest_uptime_seconds", GAUGE, MM_EXPORT_MS, write_counter, OF(uptime_ms), "Time since a guest's kernel booted."},
	{"xenmm_guest_cpus", GAUGE, MM_EXPORT_NONE, write_cpus, 0, "CPUs that a guest's kernel can use."},
	{"xenmm_guest_memory_total_bytes", GAUGE, MM_EXPORT_KIB, write_counter, OF(total_kib), "MemTotal of a guest."},
	{"xenmm_guest_memory_free_bytes", GAUGE, MM_EXPORT_KIB, write_counter, OF(free_kib), "MemFree of a guest."},
	{"xenmm_guest_memory_available_bytes", GAUGE, MM_EXPORT_KIB, write_counter, OF(avail_kib), "MemAvailable of a guest."},
	{"xenmm_guest_memory_anon_bytes", GAUGE, MM_EXPORT_KIB, write_counter, OF(anon_kib), "Anonymous memory of a guest."},
	{"xenmm_guest_memory_file_bytes", GAUGE, MM_EXPORT_KIB, write_counter, OF(file_kib), "Page cache of a guest."},
	{"xenmm_guest_memory_shmem_bytes", GAUGE, MM_EXPORT_KIB, write_counter, OF(shmem_kib), "Shared memory of a guest."},
	{"xenmm_guest_memory_slab_bytes", GAUGE, MM_EXPORT_KIB, write_slabs, 0,
		"Slab memory of a guest's kernel."},
	{"xenmm_guest_memory_committed_bytes", GAUGE, MM_EXPORT_KIB, write_counter, OF(committed_kib), "Committed_AS of a guest."},
	{"xenmm_guest_swap_size_bytes", GAUGE, MM_EXPORT_KIB, write_counter, OF(swap_total_kib), "Swap space of a guest."},
	{"xenmm_guest_swap_free_bytes", GAUGE, MM_EXPORT_KIB, write_counter, OF(swap_free_kib), "Free swap space of a guest."},
	{"xenmm_guest_swap_in_bytes_total", COUNTER, MM_EXPORT_PAGES, write_counter, OF(swapin_pages), "Swapped in by a guest."},
	{"xenmm_guest_swap_out_bytes_total", COUNTER, MM_EXPORT_PAGES, write_counter, OF(swapout_pages), "Swapped out by a guest."},
	{"xenmm_guest_major_faults_total", COUNTER, MM_EXPORT_NONE, write_counter, OF(majfaults), "Major page faults in a guest."},
	{"xenmm_guest_oom_kills_total", COUNTER, MM_EXPORT_NONE, write_counter, OF(oom_kills),
		"Processes that a guest's kernel killed for want of memory."},
	{"xenmm_guest_refaults_total", COUNTER, MM_EXPORT_NONE, write_refaults, OF(refault_anon),
		"Pages that a guest needed again after it had evicted them."},
	{"xenmm_guest_memory_stall_seconds_total", COUNTER, MM_EXPORT_US, write_stalls, OF(psi_some_us),
		"Time for which some or all tasks of a guest waited for memory."},
	{"xenmm_guest_load1", GAUGE, MM_EXPORT_MILLI, write_counter, OF(load_milli[0]), "Load average of a guest over a minute."},
	{"xenmm_guest_load5", GAUGE, MM_EXPORT_MILLI, write_counter, OF(load_milli[1]), "Load average of a guest over 5 minutes."},
	{"xenmm_guest_load15", GAUGE, MM_EXPORT_MILLI, write_counter, OF(load_milli[2]), "Load average of a guest over 15 minutes."},
	{"xenmm_guest_balloon_bytes", GAUGE, MM_EXPORT_KIB, write_balloons, OF(balloon_current_kib),
		"What the balloon driver of a guest has and wants."},
	{"xenmm_guest_process_memory_bytes", GAUGE, MM_EXPORT_KIB, write_names, 0,
		"Resident memory of all processes of a name, of the largest names of a guest."},
	{"xenmm_guest_process_cpu_ratio", GAUGE, MM_EXPORT_NONE, write_names, 0,
		"CPUs that the processes of a name use, of the largest names of a guest."},
};
/* clang-format on */

_Static_assert(OF(refault_file) == OF(refault_anon) + sizeof(uint64_t), "a pair");
_Static_assert(OF(psi_full_us) == OF(psi_some_us) + sizeof(uint64_t), "a pair");
_Static_assert(OF(balloon_target_kib) == OF(balloon_current_kib) + sizeof(uint64_t), "a pair");

const struct mm_export_family *mm_export_of_guests(size_t i)
{
	return i < sizeof(families) / sizeof(families[0]) ? &families[i] : NULL;
}
