/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking into guests: the rhythm, and the comparison with what agents say. See introspection.h. */
#include "xenmm/introspection.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "xenmm/units.h"

/* A guest with less than this part of its memory left is looked at more often. */
#define SHORT_PART 16

/* A tenth of a CPU: 100 us in each millisecond; half of one. */
#define BUDGET_US_MS	   100
#define BUDGET_QUICK_US_MS 500
#define LEAST_MAX_MS	   10000

/* What falls by more than this part of all in one look falls (mmclient: a quarter of what it takes for a change). */
#define FALL_PART 512

/*
 * Both look at the same counters, but not at the same moment: a balloon or a program moves some MiB
 * meanwhile (1 GiB/s at most, and then the looks before and after differ as well); the kernel's per-CPU
 * counts that one of them leaves out are 125 pages for each CPU.
 */
#define WINDOW_MS      2000
#define TOLERANCE_PART 20
#define TOLERANCE_KIB  (16 * MM_KIB_PER_MIB)
#define IN_A_ROW       2
#define DOUBT_STEP     2 /* a word that differs; one that does not takes 1 away */
#define DOUBT_MOST     4

const char *mm_introspection_name(enum mm_introspection introspection)
{
	static const char *const names[MM_INTROSPECTION_COUNT] = {
		[MM_INTROSPECTION_OFF] = "off",
		[MM_INTROSPECTION_AGENTLESS] = "agentless",
		[MM_INTROSPECTION_ON] = "on",
		[MM_INTROSPECTION_STRICT] = "strict",
	};

	return introspection < MM_INTROSPECTION_COUNT ? names[introspection] : "unknown";
}

void mm_seen_set_state(struct mm_seen *seen, const char *state, const char *text)
{
	memset(seen->state, 0, sizeof(seen->state));
	memcpy(seen->state, state, strnlen(state, sizeof(seen->state) - 1));
	seen->text = text;
}

/* An eighth of what is new at a time: looks come at uneven distances. */
static uint64_t smooth_share(const struct mm_seen *seen, uint64_t at_ms, uint64_t cost_us)
{
	uint64_t gap_ms = mm_max_u64(mm_sub_floor(at_ms, seen->at_ms), 1);
	uint64_t share_ppm = mm_min_u64(cost_us, UINT32_MAX) * 1000 / gap_ms;

	if (!seen->at_ms) /* nothing to compare with: as if once a second */
		return mm_min_u64(cost_us, UINT32_MAX);
	return (7 * seen->share_ppm + share_ppm) / 8;
}

void mm_seen_look(
	struct mm_seen *seen, const struct mm_report *report, uint64_t at_ms, uint64_t cost_us)
{
	mm_seen_set_state(seen, MM_SEEN_OK, NULL);
	seen->share_ppm = smooth_share(seen, at_ms, cost_us);
	seen->at_ms = at_ms;
	seen->total_kib = report->total_kib;
	seen->avail_kib = report->avail_kib;
	seen->looks++;
	/* single ones swing, and where the clock is coarse most seem to cost nothing */
	seen->cost_us = seen->looks > 1
				? (7 * seen->cost_us + mm_min_u64(cost_us, UINT32_MAX) + 4) / 8
				: mm_min_u64(cost_us, UINT32_MAX);
	seen->spent_us += cost_us;
}

uint64_t mm_look_next_ms(struct mm_look_pace *pace, const struct mm_report *now)
{
	bool is_first = pace->last.source == MM_SOURCE_NONE;
	bool is_short = now->avail_kib < now->total_kib / SHORT_PART;
	uint64_t fell_kib = is_first ? 0 : mm_sub_floor(pace->last.avail_kib, now->avail_kib);

	if (fell_kib > mm_max_u64(now->total_kib / FALL_PART, MM_KIB_PER_MIB / 4))
		pace->wait_ms = MM_LOOK_FALL_MS;
	else if (is_first || is_short || mm_report_is_news(&pace->last, now))
		pace->wait_ms = MM_LOOK_QUICK_MS;
	else
		pace->wait_ms = mm_min_u64(2 * pace->wait_ms, MM_LOOK_CALM_MS);
	pace->last = *now;
	return pace->wait_ms;
}

bool mm_look_is_quick(const struct mm_look_pace *pace)
{
	return pace->wait_ms > 0 && pace->wait_ms <= MM_LOOK_QUICK_MS;
}

uint64_t mm_look_least_ms(uint64_t cost_us, size_t count, bool is_quick)
{
	uint64_t budget = is_quick ? BUDGET_QUICK_US_MS : BUDGET_US_MS;

	/* the dearest that counts: one that alone asks for the longest wait */
	cost_us = mm_min_u64(cost_us, LEAST_MAX_MS * budget);
	return mm_min_u64(cost_us * mm_min_u64(count, UINT32_MAX) / budget, LEAST_MAX_MS);
}

/* ---- the witness ----------------------------------------------------------------------------- */

static struct mm_testimony testimony(const struct mm_report *report, uint64_t at_ms)
{
	return (struct mm_testimony){.at_ms = mm_max_u64(at_ms, 1),
		.total_kib = report->total_kib,
		.avail_kib = report->avail_kib};
}

void mm_witness_hear(struct mm_witness *w, const struct mm_report *report, uint64_t at_ms)
{
	w->agent = testimony(report, at_ms);
	w->is_open = true;
}

/* The least and the most that looks around the agent's word show. Returns how many there are. */
static size_t range_of_looks(
	const struct mm_witness *w, struct mm_testimony *ret_low, struct mm_testimony *ret_high)
{
	struct mm_testimony low = {0}, high = {0};
	size_t count = 0;

	for (size_t i = 0; i < MM_WITNESS_LOOKS; i++) {
		const struct mm_testimony *look = &w->looks[i];

		if (!look->at_ms || look->at_ms + WINDOW_MS < w->agent.at_ms ||
			look->at_ms > w->agent.at_ms + WINDOW_MS)
			continue;
		if (count++ == 0)
			low = high = *look;
		low.total_kib = mm_min_u64(low.total_kib, look->total_kib);
		low.avail_kib = mm_min_u64(low.avail_kib, look->avail_kib);
		high.total_kib = mm_max_u64(high.total_kib, look->total_kib);
		high.avail_kib = mm_max_u64(high.avail_kib, look->avail_kib);
	}
	*ret_low = low;
	*ret_high = high;
	return count;
}

static bool is_beyond(uint64_t value, uint64_t low, uint64_t high, uint64_t tolerance)
{
	return value + tolerance < low || value > high + tolerance;
}

/* What there is to compare. Returns 1 a difference, 0 none, -1 no look near enough. */
static int compare(const struct mm_witness *w)
{
	struct mm_testimony low, high;
	uint64_t tolerance;

	if (!range_of_looks(w, &low, &high))
		return -1;
	tolerance = high.total_kib / TOLERANCE_PART + TOLERANCE_KIB;
	return is_beyond(w->agent.total_kib, low.total_kib, high.total_kib, tolerance) ||
	       is_beyond(w->agent.avail_kib, low.avail_kib, high.avail_kib, tolerance);
}

static void note_figures(
	const struct mm_witness *w, const struct mm_report *report, struct mm_seen *seen)
{
	seen->agent_total_kib = w->agent.total_kib;
	seen->agent_avail_kib = w->agent.avail_kib;
	seen->kernel_total_kib = report->total_kib;
	seen->kernel_avail_kib = report->avail_kib;
}

/* Two in a row would be easy to avoid, by every other word being true. */
static void count_word(struct mm_witness *w, bool differs)
{
	if (differs)
		w->doubt = w->doubt + DOUBT_STEP;
	else if (w->doubt)
		w->doubt--;
	w->against = differs ? w->against + 1 : 0;
	w->with = differs ? 0 : w->with + 1;
}

bool mm_witness_look(
	struct mm_witness *w, const struct mm_report *report, uint64_t at_ms, struct mm_seen *seen)
{
	bool was_different = seen->is_different;
	int differs;

	w->looks[w->next] = testimony(report, at_ms);
	w->next = (w->next + 1) % MM_WITNESS_LOOKS;
	if (!w->is_open || at_ms < w->agent.at_ms)
		return false;
	w->is_open = false;
	differs = compare(w);
	if (differs < 0)
		return false;
	count_word(w, differs);
	if (differs && (w->against >= IN_A_ROW || w->doubt >= DOUBT_MOST))
		seen->is_different = true;
	if (w->with >= IN_A_ROW && seen->is_different) {
		seen->is_different = false;
		w->doubt = 0;
	}
	if (w->doubt > DOUBT_MOST)
		w->doubt = DOUBT_MOST;
	if (seen->is_different && differs)
		note_figures(w, report, seen);
	if (seen->is_different && !was_different)
		seen->differences++;
	return seen->is_different != was_different;
}

bool mm_witness_rest(struct mm_witness *w, struct mm_seen *seen)
{
	bool was_different = seen->is_different;

	w->is_open = false;
	w->against = w->with = w->doubt = 0;
	seen->is_different = false;
	return was_different;
}

const char *mm_seen_difference(const struct mm_seen *seen, char *buf, size_t size)
{
	snprintf(buf, size,
		"its agent says %" PRIu64 " MiB of %" PRIu64 " MiB available, its kernel %" PRIu64
		" MiB of %" PRIu64 " MiB",
		seen->agent_avail_kib / MM_KIB_PER_MIB, seen->agent_total_kib / MM_KIB_PER_MIB,
		seen->kernel_avail_kib / MM_KIB_PER_MIB, seen->kernel_total_kib / MM_KIB_PER_MIB);
	return buf;
}
