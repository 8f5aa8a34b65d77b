/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A controller's hosts: what is understood of their answers, and how they are put together. */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/process_json.h"
#include "monitor/service/exporter.h"
#include "monitor/service/hosts.h"
#include "monitor/service/view.h"

#define ONE   "11111111-1111-1111-1111-111111111111"
#define TWO   "22222222-2222-2222-2222-222222222222"
#define THREE "33333333-3333-3333-3333-333333333333"

/* ---- a client that answers ------------------------------------------------------------------- */

struct fake {
	struct mm_mon_guest guests[3];
	size_t count;
	struct mm_sample sample;
	struct mm_process processes[4];
	uint32_t shares[4];
};

static size_t fake_count(const void *arg)
{
	return ((const struct fake *)arg)->count;
}

static void fake_get(const void *arg, size_t i, struct mm_mon_guest *ret_guest)
{
	*ret_guest = ((const struct fake *)arg)->guests[i];
}

static bool fake_find(const void *arg, const char *uuid, struct mm_mon_guest *ret_guest)
{
	(void)arg;
	(void)uuid;
	(void)ret_guest;
	return false;
}

static void set_processes(struct fake *fake)
{
	static const char *const names[] = {"init", "kworker", "\"\\\n\xff", "db"};

	for (int i = 0; i < 4; i++) {
		fake->processes[i] = (struct mm_process){.pid = i + 1,
			.threads = 1,
			.state = 'S',
			.is_kernel = i == 1,
			.rss_anon_kib = (uint64_t)i * 100,
			.cpu_ns = 5000000,
			.start_ns = 7000000};
		memcpy(fake->processes[i].comm, names[i], strlen(names[i]));
		fake->shares[i] = i == 0 ? MM_SHARE_UNKNOWN : (uint32_t)i * 1000;
	}
	fake->sample.processes = fake->processes;
	fake->sample.count = 4;
}

/* Two guests that can be read, the second with an old sample, and one that cannot. */
static void set_up(struct fake *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->sample = (struct mm_sample){.cost_us = 900,
		.bootstrap_us = 40000,
		.taken_ms = 5000,
		.torn = 1,
		.counters = {.release = "6.1.0",
			.uptime_ms = 77000,
			.cpus = 2,
			.total_kib = 1000,
			.free_kib = 400,
			.avail_kib = 600,
			.slab_reclaimable_kib = 7,
			.slab_unreclaimable_kib = 4,
			.committed_kib = 3000,
			.has_psi = true,
			.psi_some_us = 5,
			.psi_some_avg10_pct100 = 117,
			.load_milli = {1230, 500, 70},
			.has_balloon = true,
			.balloon_current_kib = 1000,
			.balloon_target_kib = 900}};
	set_processes(fake);
	for (int i = 0; i < 3; i++)
		fake->guests[i] = (struct mm_mon_guest){.host = "here",
			.domid = (uint32_t)i + 1,
			.uuid = i == 0	 ? ONE
				: i == 1 ? TWO
					 : THREE,
			.name = "web",
			.type = "pv",
			.state = "running",
			.samples = 3,
			.cost_us = 2700};
	fake->guests[0].sample = fake->guests[1].sample = &fake->sample;
	fake->guests[0].shares = fake->guests[1].shares = fake->shares;
	fake->guests[0].age_ms = 100;
	fake->guests[1].age_ms = 4000;
	fake->guests[1].reason = fake->guests[2].reason = "damaged";
	fake->guests[1].reason_text = fake->guests[2].reason_text = "it rebooted";
	fake->count = 3;
}

/* What it answers to /v1/domains?processes=limit; to be freed. */
static char *answer(const struct fake *fake, size_t limit)
{
	const struct mm_mon_source source = {
		.arg = (void *)fake, .count = fake_count, .get = fake_get, .find = fake_find};
	const struct mm_ask ask = {.kind = MM_ASK_DOMAINS, .limit = limit};
	struct mm_reply reply = {.status = 200};
	char *text;

	mm_view_answer(&source, &ask, &reply);
	assert_non_null(reply.text);
	text = strndup(reply.text, reply.len);
	free(reply.text);
	assert_non_null(text);
	return text;
}

static int read_text(const char *text, struct mm_host_report *report, char err[160])
{
	err[0] = '\0';
	return mm_host_report_read(text, strlen(text), report, err, 160);
}

/* ---- what is understood ---------------------------------------------------------------------- */

static void check_first(const struct mm_report_guest *guest)
{
	const struct mm_counters *c = &guest->sample.counters;

	assert_string_equal(guest->uuid, ONE);
	assert_int_equal(guest->domid, 1);
	assert_string_equal(guest->type, "pv");
	assert_string_equal(guest->reason, "");
	assert_true(guest->has_sample);
	assert_int_equal(guest->age_ms, 100);
	assert_int_equal(guest->process_count, 4);
	assert_int_equal(guest->samples, 3);
	assert_int_equal(guest->cost_us, 2700);
	assert_string_equal(c->release, "6.1.0");
	assert_int_equal(c->avail_kib, 600);
	assert_int_equal(c->slab_reclaimable_kib + c->slab_unreclaimable_kib, 11);
	assert_int_equal(c->psi_some_avg10_pct100, 117);
	assert_int_equal(c->load_milli[0], 1230);
	assert_int_equal(c->balloon_target_kib, 900);
}

static void test_round_trip(void **state)
{
	struct mm_host_report report;
	struct fake fake;
	char err[160];
	char *text;

	(void)state;
	set_up(&fake);
	text = answer(&fake, 2);
	if (read_text(text, &report, err))
		fail_msg("%s: %s", err, text);
	assert_int_equal(report.count, 3);
	check_first(&report.guests[0]);
	/* the two by CPU are the two by memory as well: then the next two by memory come too */
	assert_int_equal(report.guests[0].sample.count, 4);
	assert_int_equal(report.processes, 8);
	assert_int_equal(report.guests[0].sample.processes[0].pid, 1);
	assert_int_equal(report.guests[0].shares[0], MM_SHARE_UNKNOWN);
	assert_int_equal(report.guests[0].shares[3], 3000);
	assert_true(report.guests[0].sample.processes[1].is_kernel);
	assert_int_equal(report.guests[0].sample.processes[2].cpu_ns, 5000000);
	assert_string_equal(report.guests[1].reason, "damaged");
	assert_string_equal(report.guests[1].reason_text, "it rebooted");
	assert_true(report.guests[1].has_sample);
	assert_false(report.guests[2].has_sample);
	mm_host_report_free(&report);
	free(text);
}

/* ---- what is not ----------------------------------------------------------------------------- */

/* A right answer in which one piece of text stands in the place of another. */
static const struct {
	const char *from, *to, *says;
} lies[] = {
	{"\"schema_version\":1", "\"schema_version\":2", "another version"},
	{"\"schema_version\":1", "\"version\":1", "schema_version"},
	{"\"domains\":[", "\"domains\":7,\"x\":[", "domains"},
	{"\"domains\":[", "\"domains\":[7,", "no object"},
	{ONE, TWO, "two guests of one uuid"},
	{ONE, "1", "uuid"},
	{"\"uuid\":\"" ONE "\"", "\"uuid\":null", "uuid"},
	{"\"domid\":1,", "\"domid\":-1,", "domid"},
	{"\"domid\":1,", "\"domid\":4294967295,", "domid"},
	{"\"name\":\"web\"", "\"name\":{}", "name"},
	{"\"type\":\"pv\"", "\"type\":\"vm\"", "type"},
	{"\"state\":\"running\"", "\"state\":\"\"", "state"},
	{"\"readable\":true", "\"readable\":1", "readable"},
	{"\"total_kib\":1000", "\"total_kib\":-1", "total_kib"},
	{"\"total_kib\":1000", "\"total_kib\":1e3", "total_kib"},
	{"\"total_kib\":1000", "\"total_kib\":99999999999999", "total_kib"},
	{"\"cpus\":2", "\"cpus\":0", "figures"},
	{"\"cpus\":2", "\"cpus\":4097", "cpus"},
	{"\"kernel\":\"6.1.0\"", "\"kernel\":\"\"", "figures"},
	{"\"kernel\":\"6.1.0\"", "\"kernel\":6", "kernel"},
	{"\"load\":[1.23", "\"load\":[-1", "load"},
	{"\"load\":[1.23", "\"load\":[1e300", "load"},
	{"\"load\":[", "\"load\":[], \"x\":[", "load"},
	{"\"some_avg10\":1.17", "\"some_avg10\":101", "some_avg10"},
	{"\"psi\":{", "\"psi\":7,\"x\":{", "some_us"},
	{"\"memory\":{", "\"memory\":null,\"x\":{", "memory"},
	{"\"age_ms\":100", "\"age_ms\":null", "age_ms"},
	{"\"partial\":false", "\"partial\":null", "partial"},
	{"\"pid\":1,", "\"pid\":0,", "figures"},
	{"\"pid\":1,", "\"pid\":2,", "twice"},
	{"\"pid\":1,", "\"pid\":4194304,", "pid"},
	{"\"cpu_ms\":5", "\"cpu_ms\":9223372036854775807", "cpu_ms"},
	{"\"cpu_percent\":30.0", "\"cpu_percent\":\"x\"", "cpu_percent"},
	{"\"cpu_percent\":30.0", "\"cpu_percent\":409601", "cpu_percent"},
	{"\"state\":\"S\"", "\"state\":\"?\"", "figures"},
	{"\"process_list\":[", "\"process_list\":[7,", "pid"},
	{"}]}", "}]", "no JSON"},
	{"{\"schema", "[{\"schema", "no JSON"},
	{"\"domid\":1,", "\"domid\":1,\"domid\":1,", "no JSON"},
};

static void test_lies(void **state)
{
	struct fake fake;
	char *text;

	(void)state;
	set_up(&fake);
	text = answer(&fake, 2);
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		const char *at = strstr(text, lies[i].from);
		struct mm_host_report report;
		char *lie, err[160];

		if (!at)
			fail_msg("the answer holds no '%s': %s", lies[i].from, text);
		assert_true(asprintf(&lie, "%.*s%s%s", (int)(at - text), text, lies[i].to,
				    at + strlen(lies[i].from)) > 0);
		if (!read_text(lie, &report, err))
			fail_msg("'%s' for '%s' is believed", lies[i].to, lies[i].from);
		if (!strstr(err, lies[i].says))
			fail_msg("'%s': %s", lies[i].to, err);
		free(lie);
	}
	free(text);
}

/* Cut anywhere, it is no answer. */
static void test_cut(void **state)
{
	struct mm_host_report report;
	struct fake fake;
	size_t len;
	char *text, err[160];

	(void)state;
	set_up(&fake);
	text = answer(&fake, 1);
	len = strlen(text);
	for (size_t i = 0; i < len - 1; i++)
		assert_int_not_equal(mm_host_report_read(text, i, &report, err, sizeof(err)), 0);
	free(text);
}

static void test_too_much(void **state)
{
	char *text = NULL, err[160];
	struct mm_host_report report;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	fputs("{\"schema_version\":1,\"domains\":[", out);
	for (int i = 0; i <= MM_REPORT_GUESTS_MAX; i++)
		fprintf(out, "%s{}", i ? "," : "");
	fputs("]}", out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(read_text(text, &report, err), -EPROTO);
	assert_non_null(strstr(err, "at most 1000 guests"));
	free(text);
}

/* Small values by the million, each of which takes memory when it is parsed. */
static void test_too_dense(void **state)
{
	static const char *const values[] = {"{}", "[]", "0", "{\"\\\"\":{}}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		char *text = NULL, err[160];
		struct mm_host_report report;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);

		fputs("{\"schema_version\":1,\"domains\":[0", out);
		for (int k = 0; k < 100000; k++)
			fprintf(out, ",%s", values[i]);
		fputs("]}", out);
		assert_int_equal(fclose(out), 0);
		assert_int_equal(read_text(text, &report, err), -EPROTO);
		assert_non_null(strstr(err, "more objects and values"));
		free(text);
	}
}

/* Names full of brackets are no such values. */
static void test_brackets_in_names(void **state)
{
	struct mm_host_report report;
	char *name = malloc(400001), *text, err[160];

	(void)state;
	assert_non_null(name);
	for (size_t i = 0; i < 400000; i++)
		name[i] = "{[,\\"[i % 5 < 4 ? i % 5 : 3];
	name[400000] = '\0';
	assert_true(
		asprintf(&text, "{\"schema_version\":1,\"domains\":[],\"x\":\"%s\"}", name) > 0);
	free(name);
	if (read_text(text, &report, err))
		fail_msg("%s", err);
	mm_host_report_free(&report);
	free(text);
}

/* A kernel that hides its symbols shows processes only; its host is heard all the same. */
static void test_processes_only(void **state)
{
	struct mm_host_report report;
	struct fake fake;
	char *text, err[160];

	(void)state;
	set_up(&fake);
	fake.sample.counters = (struct mm_counters){.release = "6.1.0", .cpus = 1};
	text = answer(&fake, 2);
	if (read_text(text, &report, err))
		fail_msg("%s", err);
	assert_int_equal(report.count, 3);
	assert_true(report.guests[0].has_sample);
	assert_int_equal(report.guests[0].sample.counters.total_kib, 0);
	assert_int_equal(report.guests[0].process_count, 4);
	assert_false(report.guests[1].has_sample);
	mm_host_report_free(&report);
	free(text);
}

static void test_names(void **state)
{
	char text[] = "{\"schema_version\":1,\"domains\":[{\"domid\":null,\"uuid\":\"" ONE "\","
		      "\"name\":\"\\u0007a\\ud83d\\ude00"
		      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\","
		      "\"type\":\"file\",\"state\":\"running\",\"readable\":false,"
		      "\"reason\":\"x\\ny\",\"reason_text\":null,\"samples\":0,\"failures\":1,"
		      "\"cost_total_us\":0}]}";
	struct mm_host_report report;
	char err[160];

	(void)state;
	if (read_text(text, &report, err))
		fail_msg("%s", err);
	assert_int_equal(report.guests[0].domid, MM_NO_DOMID);
	assert_int_equal(strlen(report.guests[0].name), MM_NAME_MAX - 1);
	assert_string_equal(report.guests[0].reason, "x?y");
	mm_host_report_free(&report);
}

/* ---- hosts together -------------------------------------------------------------------------- */

static void set_hosts(struct mm_hosts *hosts, size_t count)
{
	static const char *const names[] = {"alpha", "beta", "gamma"};
	struct mm_mon_host_entry entries[3];

	memset(entries, 0, sizeof(entries));
	for (size_t i = 0; i < count; i++) {
		strcpy(entries[i].name, names[i]);
		strcpy(entries[i].url, "http://x");
	}
	assert_int_equal(mm_hosts_set(hosts, entries, count), 0);
}

static void accept(struct mm_hosts *hosts, size_t i, const struct fake *fake, uint64_t now_ms)
{
	char *text = answer(fake, 2), err[160];
	struct mm_host_report report;

	if (read_text(text, &report, err))
		fail_msg("%s", err);
	free(text);
	assert_int_equal(mm_hosts_accept(hosts, &hosts->list[i], &report, now_ms), 0);
}

static struct mm_mon_guest find(struct mm_hosts *hosts, const char *uuid)
{
	struct mm_mon_source source = mm_hosts_source(hosts);
	struct mm_mon_guest guest;

	if (!source.find(source.arg, uuid, &guest))
		fail_msg("no %s", uuid);
	return guest;
}

static void test_stale(void **state)
{
	struct mm_hosts hosts = {0};
	struct mm_mon_guest guest;
	struct fake fake;

	(void)state;
	set_up(&fake);
	set_hosts(&hosts, 2);
	accept(&hosts, 0, &fake, 100000);
	assert_int_equal(mm_hosts_refresh(&hosts, 101000, 5000), 0);
	assert_true(mm_host_is_up(&hosts, &hosts.list[0]));
	assert_false(mm_host_is_up(&hosts, &hosts.list[1]));
	guest = find(&hosts, ONE);
	assert_int_equal(guest.age_ms, 1100); /* 100 there, 1000 here */
	assert_false(guest.is_stale);
	assert_null(guest.reason);
	assert_false(find(&hosts, TWO).is_stale);

	/* its own sample grows old although the host answers */
	assert_int_equal(mm_hosts_refresh(&hosts, 101001, 5000), 0);
	assert_true(find(&hosts, TWO).is_stale);
	assert_string_equal(find(&hosts, TWO).reason, "damaged");

	/* the host falls silent */
	mm_hosts_fail(&hosts.list[0], "no\nroute");
	assert_int_equal(mm_hosts_refresh(&hosts, 105001, 5000), 0);
	assert_false(mm_host_is_up(&hosts, &hosts.list[0]));
	guest = find(&hosts, ONE);
	assert_true(guest.is_stale);
	assert_string_equal(guest.reason, "host-silent");
	assert_string_equal(guest.reason_text, "no?route");
	assert_non_null(guest.sample); /* the last one is kept */

	/* and comes back */
	accept(&hosts, 0, &fake, 106000);
	assert_int_equal(mm_hosts_refresh(&hosts, 106000, 5000), 0);
	assert_true(mm_host_is_up(&hosts, &hosts.list[0]));
	assert_null(find(&hosts, ONE).reason);

	/* for a day it is remembered */
	assert_int_equal(mm_hosts_refresh(&hosts, 106000 + MM_HOSTS_FORGET_MS, 5000), 0);
	assert_int_equal(hosts.place_count, 3);
	assert_int_equal(mm_hosts_refresh(&hosts, 106001 + MM_HOSTS_FORGET_MS, 5000), 0);
	assert_int_equal(hosts.place_count, 0);
	mm_hosts_free(&hosts);
}

static void test_same_uuid(void **state)
{
	struct mm_hosts hosts = {0};
	struct fake fake;

	(void)state;
	set_up(&fake);
	set_hosts(&hosts, 3);
	fake.count = 1;
	accept(&hosts, 0, &fake, 100000);
	accept(&hosts, 1, &fake, 100500);
	accept(&hosts, 2, &fake, 100200);
	assert_int_equal(mm_hosts_refresh(&hosts, 101000, 5000), 0);
	assert_int_equal(hosts.place_count, 1);
	assert_string_equal(find(&hosts, ONE).host, "alpha"); /* it was first, and is fresh */
	assert_string_equal(find(&hosts, ONE).also_on, "gamma");

	/* one that cannot be read does not win over one that can */
	fake.guests[0].sample = NULL;
	fake.guests[0].reason = "not-booted";
	accept(&hosts, 0, &fake, 101000);
	assert_int_equal(mm_hosts_refresh(&hosts, 101000, 5000), 0);
	assert_string_equal(find(&hosts, ONE).host, "gamma");

	/* what a silent host said is no sign that the guest is there, too */
	set_up(&fake);
	fake.count = 1;
	accept(&hosts, 1, &fake, 200000);
	assert_int_equal(mm_hosts_refresh(&hosts, 200000, 5000), 0);
	assert_null(find(&hosts, ONE).also_on);
	mm_hosts_free(&hosts);
}

/* A host cannot take a guest away from the one that has it by naming its uuid with newer figures. */
static void test_foreign_uuid(void **state)
{
	struct mm_hosts hosts = {0};
	struct fake own, thief, none;

	(void)state;
	set_up(&own);
	set_up(&thief);
	set_up(&none);
	own.count = thief.count = 1;
	none.count = 0;
	thief.guests[0].age_ms = 0;
	set_hosts(&hosts, 2);
	accept(&hosts, 0, &own, 100000);
	for (uint64_t now_ms = 101000; now_ms < 110000; now_ms += 1000) {
		accept(&hosts, 1, &thief, now_ms);
		accept(&hosts, 0, &own, now_ms);
		set_hosts(&hosts, 2); /* settings read again change nothing */
		assert_int_equal(mm_hosts_refresh(&hosts, now_ms, 5000), 0);
		assert_string_equal(find(&hosts, ONE).host, "alpha");
		assert_string_equal(find(&hosts, ONE).also_on, "beta");
	}

	/* it falls silent: as soon as its sample is old, also if no answer comes meanwhile */
	accept(&hosts, 1, &thief, 113000);
	assert_int_equal(mm_hosts_refresh(&hosts, 113900, 5000), 0); /* 100 ms old at 109000 */
	assert_string_equal(find(&hosts, ONE).host, "alpha");
	assert_int_equal(mm_hosts_refresh(&hosts, 113901, 5000), 0);
	assert_string_equal(find(&hosts, ONE).host, "beta");

	/* it is back, and then the guest is on the other one alone, and comes again */
	accept(&hosts, 0, &own, 114000);
	assert_int_equal(mm_hosts_refresh(&hosts, 114000, 5000), 0);
	assert_string_equal(find(&hosts, ONE).host, "alpha");
	accept(&hosts, 0, &none, 115000);
	accept(&hosts, 1, &thief, 115000);
	assert_int_equal(mm_hosts_refresh(&hosts, 115000, 5000), 0);
	assert_string_equal(find(&hosts, ONE).host, "beta");
	assert_null(find(&hosts, ONE).also_on);
	accept(&hosts, 0, &own, 116000);
	assert_int_equal(mm_hosts_refresh(&hosts, 116000, 5000), 0);
	assert_string_equal(find(&hosts, ONE).host, "beta");
	assert_string_equal(find(&hosts, ONE).also_on, "alpha");
	mm_hosts_free(&hosts);
}

static void test_other_hosts(void **state)
{
	struct mm_mon_host_entry entry = {.name = "beta", .url = "http://other"};
	struct mm_hosts hosts = {0};
	struct fake fake;

	(void)state;
	set_up(&fake);
	set_hosts(&hosts, 2);
	accept(&hosts, 0, &fake, 1000);
	set_hosts(&hosts, 3); /* who stays keeps what he said */
	assert_int_equal(mm_hosts_refresh(&hosts, 1000, 5000), 0);
	assert_int_equal(hosts.place_count, 3);
	assert_int_equal(mm_hosts_set(&hosts, &entry, 1), 0);
	assert_int_equal(mm_hosts_refresh(&hosts, 1000, 5000), 0);
	assert_int_equal(hosts.place_count, 0);
	assert_false(hosts.list[0].has_report);
	mm_hosts_free(&hosts);
}

static void fill_report(struct mm_host_report *report, unsigned host, size_t count)
{
	report->guests = calloc(count, sizeof(*report->guests));
	assert_non_null(report->guests);
	report->count = count;
	report->processes = 0;
	for (size_t i = 0; i < count; i++) {
		report->guests[i].type = "pv";
		report->guests[i].state = "running";
		snprintf(report->guests[i].uuid, sizeof(report->guests[i].uuid),
			"%08x-0000-0000-0000-000000000%03x", host, (unsigned)i % 4096);
	}
}

/* The eleventh host with a thousand guests is refused; those before are not touched. */
static void test_too_many_guests(void **state)
{
	struct mm_mon_host_entry entries[11];
	struct mm_hosts hosts = {0};
	struct mm_host_report report;

	(void)state;
	memset(entries, 0, sizeof(entries));
	for (int i = 0; i < 11; i++) {
		snprintf(entries[i].name, sizeof(entries[i].name), "h%d", i);
		strcpy(entries[i].url, "http://x");
	}
	assert_int_equal(mm_hosts_set(&hosts, entries, 11), 0);
	for (unsigned i = 0; i < 10; i++) {
		fill_report(&report, i, 1000);
		assert_int_equal(mm_hosts_accept(&hosts, &hosts.list[i], &report, 1), 0);
	}
	fill_report(&report, 10, 1);
	assert_int_equal(mm_hosts_accept(&hosts, &hosts.list[10], &report, 1), -E2BIG);
	assert_non_null(strstr(hosts.list[10].error, "more than 10000"));
	fill_report(&report, 9, 999); /* room again */
	assert_int_equal(mm_hosts_accept(&hosts, &hosts.list[9], &report, 1), 0);
	fill_report(&report, 10, 1);
	assert_int_equal(mm_hosts_accept(&hosts, &hosts.list[10], &report, 1), 0);
	assert_int_equal(mm_hosts_refresh(&hosts, 1, 5000), 0);
	assert_int_equal(hosts.place_count, 10000);
	mm_hosts_free(&hosts);
}

/* ---- metrics --------------------------------------------------------------------------------- */

static void test_metrics(void **state)
{
	struct mm_hosts hosts = {0};
	struct mm_mon_source source;
	struct mm_export export = {.source = &source, .is_controller = true};
	struct fake fake;
	size_t len = 0;
	char *text;

	(void)state;
	set_up(&fake);
	set_hosts(&hosts, 1);
	accept(&hosts, 0, &fake, 1000);
	assert_int_equal(mm_hosts_refresh(&hosts, 1000, 5000), 0);
	source = mm_hosts_source(&hosts);
	text = mm_export_text(&export, false, &len);
	assert_non_null(text);
	assert_non_null(strstr(text, "xenmm_guest_memory_total_bytes{uuid=\"" ONE "\"} 1024000\n"));
	assert_null(strstr(text, "xenmm_guest_memory_total_bytes{uuid=\"" TWO)); /* unreadable */
	assert_non_null(
		strstr(text, "xenmm_guest_unreadable{uuid=\"" TWO "\",reason=\"damaged\"} 1"));
	assert_non_null(strstr(text, "xenmm_guest_load1{uuid=\"" ONE "\"} 1.23\n"));
	assert_null(strstr(text, "process=")); /* nobody asked for processes */
	free(text);
	export.top = 2;
	text = mm_export_text(&export, true, &len);
	assert_non_null(text);
	assert_non_null(strstr(text, "_bytes{uuid=\"" ONE "\",process=\"db\"} 307200\n"));
	assert_non_null(strstr(text, "process=\"\\\"\\\\?\xef\xbf\xbd\"}")); /* escaped */
	assert_null(strstr(text, "process=\"init\""));			     /* two are enough */
	assert_non_null(strstr(
		text, "xenmm_guest_process_cpu_ratio{uuid=\"" ONE "\",process=\"db\"} 0.3\n"));
	assert_int_equal(strlen(text), len);
	assert_string_equal(text + len - 6, "# EOF\n");
	free(text);
	mm_hosts_free(&hosts);
}

/* What a terminal would obey: CSI as one character of two bytes, writing from right to left, and what isolates it. */
static void test_obeyed_labels(void **state)
{
	static const struct {
		const char *comm, *label;
	} cases[] = {
		{"a\xc2\x9b\x33\x31mb", "a??31mb"}, {"a\xe2\x80\xae\x62", "a???b"},
		{"\xe2\x81\xa6x\xe2\x81\xa9", "???x???"}, {"\x1b[2J\x7f", "?[2J?"},
		{"\xd8\x9c\xe2\x80\x8f", "?????"},
		{"\xc3\xa9\xe2\x82\xac", "\xc3\xa9\xe2\x82\xac"}, /* letters stay */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm_mon_source own = {
			.count = fake_count, .get = fake_get, .find = fake_find};
		struct mm_export export = {.source = &own, .is_controller = true, .top = 1};
		struct fake fake;
		char *text, label[80];
		size_t len = 0;

		set_up(&fake);
		own.arg = &fake;
		memset(fake.processes[3].comm, 0, MM_COMM_LEN);
		memcpy(fake.processes[3].comm, cases[i].comm, strlen(cases[i].comm));
		text = mm_export_text(&export, false, &len);
		assert_non_null(text);
		snprintf(label, sizeof(label), "process=\"%s\"}", cases[i].label);
		if (!strstr(text, label))
			fail_msg("no %s in: %s", label, strstr(text, "process=") ?: text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_too_dense),
		cmocka_unit_test(test_brackets_in_names),
		cmocka_unit_test(test_processes_only),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_same_uuid),
		cmocka_unit_test(test_foreign_uuid),
		cmocka_unit_test(test_other_hosts),
		cmocka_unit_test(test_too_many_guests),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_obeyed_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
