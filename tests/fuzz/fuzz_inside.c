/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whatever a guest's kernel counts: a report that is made of it goes into a trace and comes back, and neither the rhythm
 * nor the witness leaves its bounds. The first byte says how many looks there are; each takes its numbers from what follows.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/inside.h"
#include "vmi/vmi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t len;
};

/* abort() and not assert(): the check must hold in builds with NDEBUG too. */
static void require(int condition)
{
	if (!condition)
		abort();
}

/* A length and so many bytes, so that small numbers are as likely as large ones. */
static uint64_t take(struct input *in)
{
	uint64_t value = 0;
	size_t len;

	if (in->len == 0)
		return 0;
	len = in->data[0] % 9;
	in->data++;
	in->len--;
	for (; len > 0 && in->len > 0; len--, in->data++, in->len--)
		value = value << 8 | in->data[0];
	return value;
}

static struct mm_counters take_counters(struct input *in)
{
	struct mm_counters c = {
		.total_kib = take(in),
		.free_kib = take(in),
		.avail_kib = take(in),
		.balloon_current_kib = take(in),
		.swap_total_kib = take(in),
		.swap_free_kib = take(in),
		.swapin_pages = take(in),
		.swapout_pages = take(in),
		.majfaults = take(in),
		.refault_anon = take(in),
		.refault_file = take(in),
		.psi_some_us = take(in),
		.psi_full_us = take(in),
		.uptime_ms = take(in),
	};
	uint64_t bits = take(in);

	c.has_psi = bits & 1;
	c.has_balloon = bits & 2;
	return c;
}

static void check_record(const struct mm_report *report)
{
	char record[MM_RECORD_MAX];
	struct mm_report again;
	int len = mm_report_format(report, record, sizeof(record));

	require(len > 0);
	require(mm_report_parse(record, (size_t)len, &again) == 0);
	again.source = report->source;
	require(!mm_report_is_news(report, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_report last = {.source = MM_SOURCE_NONE}, report;
	struct input in = {data, size};
	struct mm_look_pace pace = {.wait_ms = 0};
	struct mm_witness witness = {.next = 0};
	struct mm_seen seen = {.at_ms = 0};
	uint64_t at_ms = 1;

	while (in.len > 0) {
		struct mm_counters counters = take_counters(&in);

		at_ms += take(&in) % 5000;
		if (mm_inside_report(&counters, &last, &report) < 0)
			continue;
		check_record(&report);
		if (seen.looks % 2)
			mm_witness_hear(&witness, &last, at_ms);
		(void)mm_witness_look(&witness, &report, at_ms, &seen);
		mm_seen_look(&seen, &report, at_ms, take(&in));
		require(mm_look_next_ms(&pace, &report) <= MM_LOOK_CALM_MS);
		require(witness.next < MM_WITNESS_LOOKS && seen.differences <= seen.looks);
		last = report;
	}
	return 0;
}
