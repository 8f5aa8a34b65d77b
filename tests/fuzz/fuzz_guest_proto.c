/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A record that parses obeys the rules of guest_proto.h, and formats to a text that parses to the
 * same.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* abort() and not assert(): the check must hold in builds with NDEBUG too. */
static void require(int condition)
{
	if (!condition)
		abort();
}

static void check_rules(const struct mm_report *report)
{
	require(report->total_kib > 0 && report->total_kib <= MM_SIZE_MAX_KIB);
	require(report->free_kib <= report->total_kib);
	require(report->avail_kib <= report->total_kib);
	require(report->swap_free_kib <= report->swap_total_kib);
	require(report->balloon_kib <= MM_SIZE_MAX_KIB);
	require(report->seq <= MM_COUNTER_MAX && report->psi_some_us <= MM_COUNTER_MAX);
}

static void check_record(const char *text, size_t size)
{
	struct mm_report report;
	struct mm_report again;
	char first[MM_RECORD_MAX];
	char second[MM_RECORD_MAX];
	int len;

	if (mm_report_parse(text, size, &report) < 0)
		return;
	check_rules(&report);
	require(report.source == MM_SOURCE_XENMM);
	len = mm_report_format(&report, first, sizeof(first));
	require(len > 0);
	require(mm_report_parse(first, (size_t)len, &again) == 0);
	require(mm_report_format(&again, second, sizeof(second)) == len);
	require(memcmp(first, second, (size_t)len) == 0);
	require(again.has_psi == report.has_psi && again.is_moving == report.is_moving);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct mm_report report;
	size_t half = size / 2;

	check_record(text, size);
	/* The same bytes as the two plain numbers of an old agent. */
	if (mm_report_parse_pair(MM_SOURCE_SEED, text, half, text + half, size - half, &report) ==
		0)
		check_rules(&report);
	return 0;
}
