/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/report.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/process_json.h"
#include "monitor/service/uuid.h"
#include "monitor/text.h"
#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

#define NS_PER_MS UINT64_C(1000000)

/* The first complaint; with one, what is read further does not count. */
struct reader {
	char *err;
	size_t err_size;
	int r;
};

/* What is quoted of the host's bytes are names of members, which are ours. */
__attribute__((format(printf, 2, 3))) static void fail(
	struct reader *reader, const char *format, ...)
{
	va_list args;

	if (reader->r)
		return;
	reader->r = -EPROTO;
	va_start(args, format);
	vsnprintf(reader->err, reader->err_size, format, args);
	va_end(args);
}

/* ---- members --------------------------------------------------------------------------------- */

static uint64_t read_number(
	struct reader *reader, const json_t *object, const char *key, uint64_t max)
{
	const json_t *value = json_object_get(object, key);
	json_int_t number = json_integer_value(value);

	if (json_is_integer(value) && number >= 0 && (uint64_t)number <= max)
		return (uint64_t)number;
	fail(reader, "%s is not a number from 0 to %llu", key, (unsigned long long)max);
	return 0;
}

static uint64_t read_size(struct reader *reader, const json_t *object, const char *key)
{
	return read_number(reader, object, key, MM_SIZE_MAX_KIB);
}

static uint64_t read_count(struct reader *reader, const json_t *object, const char *key)
{
	return read_number(reader, object, key, MM_COUNTER_MAX);
}

/* A number with a fraction, in 1/scale; between 0 and max/scale. */
static uint64_t read_real(
	struct reader *reader, const json_t *value, const char *key, unsigned scale, uint64_t max)
{
	double number = json_number_value(value) * scale + 0.5;

	if (json_is_number(value) && number >= 0 && number < (double)max + 1)
		return (uint64_t)number;
	fail(reader, "%s is not a number from 0 on", key);
	return 0;
}

static bool read_bool(struct reader *reader, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		fail(reader, "%s is neither true nor false", key);
	return json_is_true(value);
}

/* Any text, made harmless, cut to `size`; "" where it is null. */
static void read_text(
	struct reader *reader, const json_t *object, const char *key, char *ret, size_t size)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	ret[0] = '\0';
	if (text)
		(void)mm_text_utf8(ret, size, text, json_string_length(value));
	else if (!json_is_null(value))
		fail(reader, "%s is no text", key);
}

/* The one of our words that it is; the last is NULL. */
static const char *read_word(
	struct reader *reader, const json_t *object, const char *key, const char *const *words)
{
	const char *text = json_string_value(json_object_get(object, key));

	for (size_t i = 0; text && words[i]; i++)
		if (!strcmp(text, words[i]))
			return words[i];
	fail(reader, "%s is none of the words that are known", key);
	return words[0];
}

/* Printable, for a label and for people. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* ---- processes ------------------------------------------------------------------------------- */

struct row {
	struct mm_process process;
	uint32_t share;
};

static void read_process(struct reader *reader, const json_t *json, struct row *row)
{
	struct mm_process *p = &row->process;
	const json_t *share = json_object_get(json, "cpu_percent");
	char state[2] = "";

	memset(row, 0, sizeof(*row));
	p->pid = (int32_t)read_number(reader, json, "pid", MM_PID_MAX - 1);
	p->parent = (int32_t)read_number(reader, json, "ppid", MM_PID_MAX - 1);
	p->uid = (uint32_t)read_number(reader, json, "uid", UINT32_MAX);
	p->threads = (uint32_t)read_number(reader, json, "threads", MM_PID_MAX);
	read_text(reader, json, "name", p->comm, sizeof(p->comm));
	read_text(reader, json, "state", state, sizeof(state));
	p->state = state[0];
	p->is_kernel = read_bool(reader, json, "kernel");
	p->is_torn = read_bool(reader, json, "torn");
	p->rss_anon_kib = read_size(reader, json, "rss_anon_kib");
	p->rss_file_kib = read_size(reader, json, "rss_file_kib");
	p->rss_shmem_kib = read_size(reader, json, "rss_shmem_kib");
	p->swap_kib = read_size(reader, json, "swap_kib");
	p->vm_kib = read_number(reader, json, "vm_kib", MM_VIRT_KIB_MAX);
	p->cpu_ns = NS_PER_MS * read_number(reader, json, "cpu_ms", INT64_MAX / NS_PER_MS);
	p->start_ns = NS_PER_MS * read_number(reader, json, "start_ms", INT64_MAX / NS_PER_MS);
	row->share = MM_SHARE_UNKNOWN;
	if (!json_is_null(share))
		row->share = (uint32_t)read_real(
			reader, share, "cpu_percent", 100, UINT64_C(10000) * MM_VMI_CPUS_MAX);
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->process.pid > y->process.pid) - (x->process.pid < y->process.pid);
}

static void read_processes(struct reader *reader, const json_t *list, struct mm_report_guest *guest)
{
	size_t count = json_array_size(list);
	struct row *rows;

	if (count > MM_REPORT_PROCESSES_MAX) {
		fail(reader, "process_list has more than %d entries", MM_REPORT_PROCESSES_MAX);
		return;
	}
	rows = calloc(count + 1, sizeof(*rows));
	guest->sample.processes = calloc(count + 1, sizeof(struct mm_process));
	guest->shares = calloc(count + 1, sizeof(*guest->shares));
	if (!rows || !guest->sample.processes || !guest->shares) {
		fail(reader, "out of memory");
		reader->r = -ENOMEM;
	} else {
		for (size_t i = 0; i < count; i++)
			read_process(reader, json_array_get(list, i), &rows[i]);
		qsort(rows, count, sizeof(*rows), compare_rows);
		for (size_t i = 0; i < count; i++) {
			guest->sample.processes[i] = rows[i].process;
			guest->shares[i] = rows[i].share;
		}
		guest->sample.count = count;
	}
	free(rows);
}

/* ---- guests ---------------------------------------------------------------------------------- */

static void read_memory(struct reader *reader, const json_t *json, struct mm_counters *c)
{
	c->total_kib = read_size(reader, json, "total_kib");
	c->free_kib = read_size(reader, json, "free_kib");
	c->avail_kib = read_size(reader, json, "available_kib");
	c->anon_kib = read_size(reader, json, "anon_kib");
	c->file_kib = read_size(reader, json, "file_kib");
	c->shmem_kib = read_size(reader, json, "shmem_kib");
	/* the two kinds come as their sum */
	c->slab_reclaimable_kib = read_number(reader, json, "slab_kib", 2 * MM_SIZE_MAX_KIB) / 2;
	c->slab_unreclaimable_kib = read_number(reader, json, "slab_kib", 2 * MM_SIZE_MAX_KIB) -
				    c->slab_reclaimable_kib;
	c->committed_kib = read_number(reader, json, "committed_kib", MM_VIRT_KIB_MAX);
	c->swap_total_kib = read_size(reader, json, "swap_total_kib");
	c->swap_free_kib = read_size(reader, json, "swap_free_kib");
}

static void read_counters(struct reader *reader, const json_t *json, struct mm_counters *c)
{
	const json_t *load = json_object_get(json, "load"), *psi = json_object_get(json, "psi");
	const json_t *balloon = json_object_get(json, "balloon");
	const json_t *counts = json_object_get(json, "counters");

	read_text(reader, json, "kernel", c->release, sizeof(c->release));
	make_printable(c->release);
	if (!json_is_object(json_object_get(json, "memory"))) {
		c->cpus = 1; /* of some kernels only the processes are found */
		return;
	}
	c->uptime_ms = read_count(reader, json, "uptime_ms");
	c->cpus = (uint32_t)read_number(reader, json, "cpus", MM_VMI_CPUS_MAX);
	read_memory(reader, json_object_get(json, "memory"), c);
	c->swapin_pages = read_count(reader, counts, "swapin_pages");
	c->swapout_pages = read_count(reader, counts, "swapout_pages");
	c->majfaults = read_count(reader, counts, "majfaults");
	c->oom_kills = read_count(reader, counts, "oom_kills");
	c->refault_anon = read_count(reader, counts, "refault_anon");
	c->refault_file = read_count(reader, counts, "refault_file");
	for (size_t i = 0; i < 3; i++)
		c->load_milli[i] =
			read_real(reader, json_array_get(load, i), "load", 1000, MM_COUNTER_MAX);
	c->has_psi = psi && !json_is_null(psi);
	if (c->has_psi) {
		c->psi_some_us = read_count(reader, psi, "some_us");
		c->psi_full_us = read_count(reader, psi, "full_us");
		c->psi_some_avg10_pct100 = (uint32_t)read_real(
			reader, json_object_get(psi, "some_avg10"), "some_avg10", 100, 10000);
	}
	c->has_balloon = balloon && !json_is_null(balloon);
	if (c->has_balloon) {
		c->balloon_current_kib = read_size(reader, balloon, "current_kib");
		c->balloon_target_kib = read_size(reader, balloon, "target_kib");
	}
}

static void read_sample(struct reader *reader, const json_t *json, struct mm_report_guest *guest)
{
	const json_t *list = json_object_get(json, "process_list");
	const json_t *count = json_object_get(json, "processes");
	struct mm_sample *sample = &guest->sample;

	guest->has_sample = true;
	read_counters(reader, json, &sample->counters);
	sample->is_partial = read_bool(reader, json, "partial");
	sample->torn = (uint32_t)read_number(reader, json, "torn", UINT32_MAX);
	sample->retries = (uint32_t)read_number(reader, json, "retries", UINT32_MAX);
	sample->cost_us = read_count(reader, json, "cost_us");
	sample->bootstrap_us = read_count(reader, json, "bootstrap_us");
	guest->age_ms = read_count(reader, json, "age_ms");
	if (!json_is_null(count))
		guest->process_count = read_number(reader, json, "processes", MM_VMI_TASKS_MAX);
	if (list)
		read_processes(reader, list, guest);
	if (!reader->r && !mm_sample_is_sane(sample))
		fail(reader, "figures that no guest can have, or a process that is there twice");
}

static void read_identity(struct reader *reader, const json_t *json, struct mm_report_guest *guest)
{
	static const char *const types[] = {"pv", "pvh", "hvm", "file", NULL};
	static const char *const states[] = {"running", "paused", "shutdown", "dying", NULL};
	const json_t *domid = json_object_get(json, "domid");
	const char *uuid = json_string_value(json_object_get(json, "uuid"));

	guest->domid = MM_NO_DOMID;
	if (!json_is_null(domid))
		guest->domid = (uint32_t)read_number(reader, json, "domid", MM_NO_DOMID - 1);
	if (uuid && mm_uuid_is(uuid))
		mm_uuid_of(uuid, guest->uuid);
	else
		fail(reader, "uuid is none");
	read_text(reader, json, "name", guest->name, sizeof(guest->name));
	guest->type = read_word(reader, json, "type", types);
	guest->state = read_word(reader, json, "state", states);
	if (!read_bool(reader, json, "readable")) {
		read_text(reader, json, "reason", guest->reason, sizeof(guest->reason));
		read_text(reader, json, "reason_text", guest->reason_text,
			sizeof(guest->reason_text));
		make_printable(guest->reason);
		if (!*guest->reason)
			strcpy(guest->reason, "unknown");
	}
	guest->samples = read_count(reader, json, "samples");
	guest->failures = read_count(reader, json, "failures");
	guest->cost_us = read_count(reader, json, "cost_total_us");
}

static void read_guest(struct reader *reader, const json_t *json, struct mm_report_guest *guest)
{
	const json_t *memory = json_object_get(json, "memory");
	bool has_no_figures = json_is_null(memory) && json_is_null(json_object_get(json, "cpus"));

	if (!json_is_object(json)) {
		fail(reader, "a guest that is no object");
		return;
	}
	read_identity(reader, json, guest);
	if (json_is_object(memory) || (!*guest->reason && has_no_figures))
		read_sample(reader, json, guest);
	else if (!*guest->reason)
		fail(reader, "memory: a readable guest has figures");
}

static int compare_guests(const void *a, const void *b)
{
	const struct mm_report_guest *x = a, *y = b;

	return strcmp(x->uuid, y->uuid);
}

static void read_guests(struct reader *reader, const json_t *list, struct mm_host_report *report)
{
	size_t count = json_array_size(list);

	if (!json_is_array(list) || count > MM_REPORT_GUESTS_MAX) {
		fail(reader, "domains is not a list of at most %d guests", MM_REPORT_GUESTS_MAX);
		return;
	}
	report->guests = calloc(count + 1, sizeof(*report->guests));
	if (!report->guests) {
		fail(reader, "out of memory");
		reader->r = -ENOMEM;
		return;
	}
	for (size_t i = 0; !reader->r && i < count; i++) {
		report->count++;
		read_guest(reader, json_array_get(list, i), &report->guests[i]);
		report->processes += report->guests[i].sample.count;
	}
	qsort(report->guests, report->count, sizeof(*report->guests), compare_guests);
	for (size_t i = 1; i < report->count; i++)
		if (compare_guests(&report->guests[i - 1], &report->guests[i]) == 0)
			fail(reader, "two guests of one uuid");
}

/*
 * Whether it is as dense as no answer of ours: each value takes memory when it is parsed, and 8 MiB of "{}" would be 600 MiB.
 * Ours have a member in 12 bytes and an object in 150, more or less.
 */
static bool is_too_dense(const char *bytes, size_t len)
{
	size_t containers = 0, values = 0;
	bool is_text = false;

	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (is_text && c == '\\')
			i++;
		else if (c == '"')
			is_text = !is_text;
		else if (!is_text) {
			containers += c == '{' || c == '[';
			values += c == ',';
		}
	}
	return containers > len / 32 + 4096 || values > len / 4 + 4096;
}

int mm_host_report_read(const char *bytes, size_t len, struct mm_host_report *ret_report, char *err,
	size_t err_size)
{
	struct reader reader = {.err = err, .err_size = err_size};
	struct mm_host_report report = {.guests = NULL};
	json_error_t fault;
	json_t *json;

	if (is_too_dense(bytes, len)) {
		snprintf(err, err_size, "more objects and values than an answer has");
		return -EPROTO;
	}
	json = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &fault);
	if (!json) { /* what jansson says quotes the bytes */
		snprintf(err, err_size, "no JSON: line %d, column %d", fault.line, fault.column);
		return -EPROTO;
	}
	if (read_number(&reader, json, "schema_version", INT64_MAX) != MM_GUEST_JSON_VERSION)
		fail(&reader, "another version of mmmon: schema_version is not %d",
			MM_GUEST_JSON_VERSION);
	if (!reader.r)
		read_guests(&reader, json_object_get(json, "domains"), &report);
	json_decref(json);
	if (reader.r)
		mm_host_report_free(&report);
	else
		*ret_report = report;
	return reader.r;
}

void mm_host_report_drop_processes(struct mm_host_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		mm_sample_free(&report->guests[i].sample);
		free(report->guests[i].shares);
		report->guests[i].shares = NULL;
	}
	report->processes = 0;
}

void mm_host_report_free(struct mm_host_report *report)
{
	mm_host_report_drop_processes(report);
	free(report->guests);
	report->guests = NULL;
	report->count = 0;
}
