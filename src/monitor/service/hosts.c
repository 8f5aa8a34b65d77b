/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "xenmm/units.h"

/* ---- which hosts ------------------------------------------------------------------------------- */

static void drop_report(struct mm_hosts *hosts, struct mm_host_state *host)
{
	if (host->has_report)
		mm_host_report_free(&host->report);
	host->has_report = false;
	hosts->is_dirty = true;
}

static bool is_same(const struct mm_mon_host_entry *a, const struct mm_mon_host_entry *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->url, b->url);
}

/* Nothing points into the list any more; the next refresh makes places again. */
static void forget_places(struct mm_hosts *hosts)
{
	free(hosts->places);
	hosts->places = NULL;
	hosts->place_count = 0;
	hosts->is_dirty = true;
}

int mm_hosts_set(struct mm_hosts *hosts, const struct mm_mon_host_entry *entries, size_t count)
{
	struct mm_host_state *list = calloc(count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < hosts->count; k++)
			if (is_same(&hosts->list[k].entry, &entries[i])) {
				list[i] = hosts->list[k];
				hosts->list[k].has_report = false; /* moved */
			}
		list[i].entry = entries[i];
	}
	for (size_t k = 0; k < hosts->count; k++)
		drop_report(hosts, &hosts->list[k]);
	free(hosts->list);
	hosts->list = list;
	hosts->count = count;
	forget_places(hosts);
	return 0;
}

/* ---- what they say ----------------------------------------------------------------------------- */

void mm_hosts_fail(struct mm_host_state *host, const char *error)
{
	host->has_failed = true;
	host->asked++;
	host->failures++;
	host->failures_in_row++;
	snprintf(host->error, sizeof(host->error), "%s", error);
	for (char *c = host->error; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* Of all other hosts. */
static void count_others(const struct mm_hosts *hosts, const struct mm_host_state *host,
	size_t *ret_guests, size_t *ret_processes)
{
	*ret_guests = *ret_processes = 0;
	for (size_t i = 0; i < hosts->count; i++) {
		const struct mm_host_state *other = &hosts->list[i];

		if (other == host || !other->has_report)
			continue;
		*ret_guests += other->report.count;
		*ret_processes += other->report.processes;
	}
}

/* Both are by uuid. */
static void carry_since(
	const struct mm_host_state *host, struct mm_host_report *report, uint64_t now_ms)
{
	size_t old = 0, count = host->has_report ? host->report.count : 0;

	for (size_t i = 0; i < report->count; i++) {
		struct mm_report_guest *guest = &report->guests[i];

		while (old < count && strcmp(host->report.guests[old].uuid, guest->uuid) < 0)
			old++;
		guest->since_ms = now_ms;
		if (old < count && !strcmp(host->report.guests[old].uuid, guest->uuid))
			guest->since_ms = host->report.guests[old].since_ms;
	}
}

int mm_hosts_accept(struct mm_hosts *hosts, struct mm_host_state *host,
	struct mm_host_report *report, uint64_t now_ms)
{
	size_t guests, processes;
	char error[100];

	count_others(hosts, host, &guests, &processes);
	if (guests + report->count > MM_HOSTS_GUESTS_MAX) {
		snprintf(error, sizeof(error), "with its %zu guests there are more than %d in all",
			report->count, MM_HOSTS_GUESTS_MAX);
		mm_host_report_free(report);
		mm_hosts_fail(host, error);
		return -E2BIG;
	}
	host->lacks_processes = processes + report->processes > MM_HOSTS_PROCESSES_MAX;
	if (host->lacks_processes)
		mm_host_report_drop_processes(report);
	carry_since(host, report, now_ms);
	drop_report(hosts, host);
	host->report = *report;
	host->has_report = true;
	host->received_ms = now_ms;
	for (size_t i = 0; i < report->count; i++)
		report->guests[i].sample.taken_ms = mm_sub_floor(now_ms, report->guests[i].age_ms);
	host->asked++;
	host->has_failed = false;
	host->failures_in_row = 0;
	host->error[0] = '\0';
	return 0;
}

/* ---- together ---------------------------------------------------------------------------------- */

/* By uuid; of the same one, the one to be shown first. */
static int compare_places(const void *a, const void *b)
{
	const struct mm_hosts_place *x = a, *y = b;
	int order = strcmp(x->guest->uuid, y->guest->uuid);
	uint64_t x_ms = x->guest->has_sample ? x->guest->sample.taken_ms + 1 : 0;
	uint64_t y_ms = y->guest->has_sample ? y->guest->sample.taken_ms + 1 : 0;

	if (order)
		return order;
	if (x->is_fresh != y->is_fresh)
		return x->is_fresh ? -1 : 1;
	if (x->is_fresh && x->guest->since_ms != y->guest->since_ms)
		return x->guest->since_ms < y->guest->since_ms ? -1 : 1;
	if (x_ms != y_ms)
		return x_ms > y_ms ? -1 : 1;
	if (x->host->received_ms != y->host->received_ms)
		return x->host->received_ms > y->host->received_ms ? -1 : 1;
	return x->host > y->host ? 1 : -1;
}

/* A host that falls silent, or no longer reads the guest, gives way when its sample is old. */
static bool is_fresh(const struct mm_hosts *hosts, const struct mm_report_guest *guest)
{
	return guest->has_sample &&
	       mm_sub_floor(hosts->now_ms, guest->sample.taken_ms) <= hosts->stale_ms;
}

/* One place for each uuid. */
static void merge(struct mm_hosts *hosts, size_t count)
{
	struct mm_hosts_place *last = NULL;
	size_t n = 0;

	hosts->until_ms = UINT64_MAX;
	for (size_t i = 0; i < count; i++) {
		struct mm_hosts_place *place = &hosts->places[i];

		if (!last || strcmp(last->guest->uuid, place->guest->uuid) != 0) {
			last = &hosts->places[n++];
			*last = *place;
			continue;
		}
		if (!last->other)
			last->other = place->host;
		if (last->is_fresh)
			hosts->until_ms = mm_min_u64(
				hosts->until_ms, last->guest->sample.taken_ms + hosts->stale_ms);
	}
	hosts->place_count = n;
}

static void forget_old(struct mm_hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++) {
		struct mm_host_state *host = &hosts->list[i];

		if (host->has_report &&
			mm_sub_floor(hosts->now_ms, host->received_ms) > MM_HOSTS_FORGET_MS)
			drop_report(hosts, host);
	}
}

int mm_hosts_refresh(struct mm_hosts *hosts, uint64_t now_ms, uint64_t stale_ms)
{
	struct mm_hosts_place *places;
	size_t count = 0, n = 0;

	hosts->now_ms = now_ms;
	hosts->stale_ms = stale_ms;
	forget_old(hosts);
	if (!hosts->is_dirty && now_ms <= hosts->until_ms)
		return 0;
	forget_places(hosts); /* they point to what is gone */
	for (size_t i = 0; i < hosts->count; i++)
		count += hosts->list[i].has_report ? hosts->list[i].report.count : 0;
	places = calloc(count + 1, sizeof(*places));
	if (!places)
		return -ENOMEM;
	for (size_t i = 0; i < hosts->count; i++) {
		const struct mm_host_state *host = &hosts->list[i];

		for (size_t k = 0; host->has_report && k < host->report.count; k++)
			places[n++] = (struct mm_hosts_place){.host = host,
				.guest = &host->report.guests[k],
				.is_fresh = is_fresh(hosts, &host->report.guests[k])};
	}
	qsort(places, n, sizeof(*places), compare_places);
	hosts->places = places;
	hosts->is_dirty = false;
	merge(hosts, n);
	return 0;
}

uint64_t mm_host_age_ms(const struct mm_hosts *hosts, const struct mm_host_state *host)
{
	return mm_sub_floor(hosts->now_ms, host->received_ms);
}

bool mm_host_is_up(const struct mm_hosts *hosts, const struct mm_host_state *host)
{
	return host->has_report && !host->has_failed &&
	       mm_host_age_ms(hosts, host) <= hosts->stale_ms;
}

/* ---- as a source ------------------------------------------------------------------------------- */

static size_t count(const void *arg)
{
	return ((const struct mm_hosts *)arg)->place_count;
}

/* Why its figures are old, where its host is to blame. */
static void explain(const struct mm_hosts *hosts, const struct mm_host_state *host,
	struct mm_mon_guest *ret_guest)
{
	if (mm_host_age_ms(hosts, host) <= hosts->stale_ms)
		return;
	ret_guest->is_stale = true;
	ret_guest->reason = "host-silent";
	ret_guest->reason_text = *host->error ? host->error : "its host does not answer";
}

static void get(const void *arg, size_t i, struct mm_mon_guest *ret_guest)
{
	const struct mm_hosts *hosts = arg;
	const struct mm_hosts_place *place = &hosts->places[i];
	const struct mm_report_guest *guest = place->guest;

	*ret_guest = (struct mm_mon_guest){
		.host = place->host->entry.name,
		.domid = guest->domid,
		.uuid = guest->uuid,
		.name = guest->name,
		.type = guest->type,
		.state = guest->state,
		.sample = guest->has_sample ? &guest->sample : NULL,
		.shares = guest->shares,
		.process_count = guest->process_count,
		.reason = *guest->reason ? guest->reason : NULL,
		.reason_text = *guest->reason ? guest->reason_text : NULL,
		.samples = guest->samples,
		.failures = guest->failures,
		.cost_us = guest->cost_us,
	};
	/* what a silent host said last is no sign that the guest is still there */
	if (place->other && mm_host_age_ms(hosts, place->other) <= hosts->stale_ms)
		ret_guest->also_on = place->other->entry.name;
	if (guest->has_sample) {
		ret_guest->age_ms = mm_sub_floor(hosts->now_ms, guest->sample.taken_ms);
		ret_guest->is_stale = ret_guest->age_ms > hosts->stale_ms;
	}
	explain(hosts, place->host, ret_guest);
}

static bool find(const void *arg, const char *uuid, struct mm_mon_guest *ret_guest)
{
	const struct mm_hosts *hosts = arg;
	size_t low = 0, high = hosts->place_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcasecmp(hosts->places[middle].guest->uuid, uuid);

		if (order == 0) {
			get(hosts, middle, ret_guest);
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

struct mm_mon_source mm_hosts_source(struct mm_hosts *hosts)
{
	return (struct mm_mon_source){.arg = hosts, .count = count, .get = get, .find = find};
}

void mm_hosts_free(struct mm_hosts *hosts)
{
	for (size_t k = 0; k < hosts->count; k++)
		drop_report(hosts, &hosts->list[k]);
	free(hosts->list);
	forget_places(hosts);
	memset(hosts, 0, sizeof(*hosts));
}
