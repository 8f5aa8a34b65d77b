/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a host's mmmon answers, as its controller reads it: any bytes are refused with one printable line, or give values within
 * their bounds that can be answered and exported again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/service/exporter.h"
#include "monitor/service/hosts.h"
#include "monitor/service/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *err, size_t size)
{
	if (!err[0] || !memchr(err, '\0', size))
		abort();
	for (; *err; err++)
		if (*err < ' ' || *err > '~')
			abort();
}

static void check_guest(const struct mm_report_guest *guest)
{
	if (!memchr(guest->name, '\0', sizeof(guest->name)) || strlen(guest->uuid) != MM_UUID_LEN)
		abort();
	if (guest->has_sample && !mm_sample_is_sane(&guest->sample))
		abort();
	if (guest->sample.count > MM_REPORT_PROCESSES_MAX)
		abort();
	if (!guest->has_sample && !guest->reason[0])
		abort();
}

/* What it says is sent on: it must be understood as the same again. */
static void check_answer(const struct mm_mon_source *source, size_t count)
{
	const struct mm_ask ask = {.kind = MM_ASK_DOMAINS, .limit = MM_REPORT_ASKED};
	struct mm_reply reply = {.status = 200};
	struct mm_host_report again;
	char err[160] = "";

	mm_view_answer(source, &ask, &reply);
	if (!reply.text)
		return; /* no memory */
	if (mm_host_report_read(reply.text, reply.len, &again, err, sizeof(err)))
		abort();
	if (again.count != count)
		abort();
	mm_host_report_free(&again);
	free(reply.text);
}

static void check_together(struct mm_host_report *report)
{
	struct mm_mon_host_entry entry = {.name = "a", .url = "http://a"};
	struct mm_hosts hosts = {.list = NULL};
	struct mm_mon_source source;
	struct mm_export export = {.source = &source, .is_controller = true, .top = 3};
	size_t count = report->count, len = 0;
	char *text;

	if (mm_hosts_set(&hosts, &entry, 1) ||
		mm_hosts_accept(&hosts, &hosts.list[0], report, 1000000) ||
		mm_hosts_refresh(&hosts, 1000000, UINT64_MAX))
		abort();
	source = mm_hosts_source(&hosts);
	if (hosts.place_count != count)
		abort();
	check_answer(&source, count);
	text = mm_export_text(&export, true, &len);
	if (text && memchr(text, '\0', len))
		abort();
	free(text);
	mm_hosts_free(&hosts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_host_report report;
	char err[160] = "";

	if (mm_host_report_read((const char *)data, size, &report, err, sizeof(err))) {
		check_line(err, sizeof(err));
		return 0;
	}
	for (size_t i = 0; i < report.count; i++)
		check_guest(&report.guests[i]);
	check_together(&report);
	return 0;
}
