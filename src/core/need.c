/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The estimate of need. Counters are compared from report to report over the guest's own clock. After
 * one that goes back (a reboot, or a guest that plays with them) nothing is compared, and what was
 * known stays and falls with time. All rates are bounded by what the guest holds, so that a guest
 * gains nothing by absurd numbers.
 */
#include "need.h"

#include <string.h>

#include "share.h"
#include "xenmm/units.h"

/*
 * From the moment a guest begins to need memory until it has it: its agent's sample (0.1 s while
 * available memory falls, 1 s before it notices), 0.1 s to be heard, a round, and a balloon that
 * moves 100 MiB and more in a second (all seen in the lab). What it may grow by in that time it
 * must have already.
 */
#define REACTION_MS 1000

/*
 * The same with a burst pool and an agent that is awake. How fast a guest can grow is remembered for
 * minutes, and so much it always has in hand: without swap a late answer is a killed program.
 */
#define ANSWER_MS 500

/*
 * A guest that has nothing left uses exactly what it holds, however much it wants: what it grew by in
 * this time is added to what it is known to use, or of an eighth of it the part of the time it stalls.
 */
#define SURGE_MS 500

/* Two reports nearer than this tell nothing of a rate. */
#define RATE_MIN_MS 50

/* Free memory without any growth: an eighth of hard use, within these (peers keep 10 to 30 %). */
#define HEADROOM_PART	 8
#define HEADROOM_MIN_KIB (32 * MM_KIB_PER_MIB)
#define HEADROOM_MAX_KIB (512 * MM_KIB_PER_MIB)

/* Each report that finds next to nothing available doubles the headroom, up to this. */
#define BOOST_MAX_PERCENT 200

/* Next to nothing: a 64th of the guest. */
#define EMPTY_PART 64

/* Little: an eighth. PSI with 12 % available was seen where the host was short of CPU, not memory. */
#define SHORT_PART 8

/* Stalled for a tenth of the time (senpai's range is 0.1 %, systemd-oomd kills at 60 %): doubled headroom. */
#define PRESSURE_FULL_PPM 100000

/* From this on a guest that is short is an emergency. */
#define PRESSURE_URGENT_PPM 30000

/* An emergency lasts so long after the last sign of it: signs come and go from report to report. */
#define URGENT_MS 2000

/* Below this nobody notices: oomd's senpai presses up to 0.1 %. */
#define PRESSURE_CALM_PPM 1000

/* A few pages come back at any time. */
#define REFAULTS_CALM 16

/* zram and fast flash answer in 0.02 to 0.2 ms, disks in 5 ms and more. */
#define SWAPIN_SLOW_US 500

/* Falls by itself with these time constants: a burst is often followed by another. */
#define SLOPE_FALL_MS	 2000
#define GROWTH_FALL_MS	 5000
#define RISE_FALL_MS	 120000
#define PRESSURE_FALL_MS 5000
#define BOOST_FALL_MS	 20000

/*
 * What a guest used a while ago it may use again: part of its headroom, for longer where its agent
 * tells too little, or too seldom, for an answer in time.
 */
#define USE_PEAK_MS	  30000
#define USE_PEAK_BLIND_MS 600000

/*
 * What was swapped out or read again counts as wanted for so long after the last sign of it. Linux
 * leaves cold pages in swap for ever, so this must end.
 */
#define WARM_FALL_MS	   60000
#define WARM_CACHE_FALL_MS 200000

/* For each page that was read again so many are taken for warm. */
#define WARM_FACTOR 4

/* So long it may claim to have next to nothing left without any other sign of shortage. */
#define CONTRARY_MS 10000

/* What it may gain by such a claim until something confirms it. */
#define CREDIT_PART    8
#define CREDIT_MIN_KIB (64 * MM_KIB_PER_MIB)

/* Steps of doubt: an honest guest is a 25th short for one of them, one without swap a 100th. */
#define DOUBT_STEP_MS	    2000
#define DOUBT_STEP_PART	    25
#define DOUBT_STEP_DRY_PART 100

/* senpai's rhythm and step; a first refault doubles the wait, from a minute to an hour. */
#define PRESS_STEP_MS	  6000
#define PRESS_STEP_PART	  100
#define PRESS_WAIT_MS	  60000
#define PRESS_WAIT_MAX_MS 3600000

/* A working set that was found is believed for an hour. */
#define WORKING_SET_MS 3600000

/* What is left of a value after a time, with that time constant: linear within it. */
static uint64_t fallen(uint64_t value, uint64_t elapsed_ms, uint64_t fall_ms)
{
	return value - mm_scale(value, mm_min_u64(elapsed_ms, fall_ms), fall_ms);
}

static uint64_t swap_used(const struct mm_report *report)
{
	return mm_sub_floor(report->swap_total_kib, report->swap_free_kib);
}

static bool is_empty(const struct mm_report *report)
{
	return report->avail_kib < report->total_kib / EMPTY_PART;
}

static void let_fall(struct mm_need_track *n, enum mm_source source, uint64_t now_ms)
{
	uint64_t elapsed_ms = mm_sub_floor(now_ms, n->decay_ms);
	bool is_blind = source != MM_SOURCE_XENMM && source != MM_SOURCE_INTROSPECTION;
	uint64_t fall_ms = is_blind ? USE_PEAK_BLIND_MS : USE_PEAK_MS;

	if (elapsed_ms < RATE_MIN_MS)
		return; /* small steps would be lost in rounding */
	n->slope_kib_s = fallen(n->slope_kib_s, elapsed_ms, SLOPE_FALL_MS);
	n->growth_kib_s = fallen(n->growth_kib_s, elapsed_ms, GROWTH_FALL_MS);
	n->rise_kib = fallen(n->rise_kib, elapsed_ms, RISE_FALL_MS);
	n->peak_use_kib = mm_min_u64(n->peak_use_kib,
		n->use_kib +
			fallen(mm_sub_floor(n->peak_use_kib, n->use_kib), elapsed_ms, fall_ms));
	n->pressure_ppm = fallen(n->pressure_ppm, elapsed_ms, PRESSURE_FALL_MS);
	n->boost_percent = fallen(n->boost_percent, elapsed_ms, BOOST_FALL_MS);
	n->warm_swap_kib = fallen(n->warm_swap_kib, elapsed_ms, WARM_FALL_MS);
	n->warm_cache_kib = fallen(n->warm_cache_kib, elapsed_ms, WARM_CACHE_FALL_MS);
	n->decay_ms = now_ms;
}

static void remember(
	struct mm_need_track *n, const struct mm_domain *dom, uint64_t use_kib, uint64_t now_ms)
{
	n->report_ms = dom->report_ms;
	n->uptime_ms = dom->report.uptime_ms;
	n->swapin_pages = dom->report.swapin_pages;
	n->swapout_pages = dom->report.swapout_pages;
	n->refault_file = dom->report.refault_file;
	n->psi_us = dom->report.psi_some_us;
	n->use_kib = use_kib;
	if (use_kib < n->base_use_kib || !n->base_ms || now_ms >= n->base_ms + ANSWER_MS) {
		n->base_use_kib = use_kib;
		n->base_ms = now_ms;
	}
	n->peak_use_kib = mm_max_u64(n->peak_use_kib, use_kib);
}

/* Another boot, or a guest that plays with its counters: nothing can be compared. */
static bool has_gone_back(const struct mm_need_track *n, const struct mm_report *report)
{
	return report->uptime_ms < n->uptime_ms || report->swapin_pages < n->swapin_pages ||
	       report->swapout_pages < n->swapout_pages || report->refault_file < n->refault_file ||
	       report->psi_some_us < n->psi_us;
}

/* Time between two reports: the guest's, which is exact, but never less than a tenth of ours. */
static uint64_t time_between(const struct mm_need_track *n, const struct mm_domain *dom)
{
	uint64_t heard_ms = mm_sub_floor(dom->report_ms, n->report_ms);
	uint64_t said_ms = mm_sub_floor(dom->report.uptime_ms, n->uptime_ms);

	if (dom->report.uptime_ms == 0)
		said_ms = heard_ms;
	return mm_max_u64(mm_max_u64(said_ms, heard_ms / 10), RATE_MIN_MS);
}

/*
 * A balloon that takes memory waits for it as a program does, and a guest whose CPU is taken away
 * waits for it wherever it is: neither is a complaint. One that stalls for want of memory has little
 * left, or gets back what it lost.
 */
static void note_stall(struct mm_need_track *n, const struct mm_report *report, uint64_t ms,
	uint64_t swapins, bool is_shrinking)
{
	uint64_t stall_us = mm_min_u64(report->psi_some_us - n->psi_us, ms * 1000);
	bool is_short = report->avail_kib < report->total_kib / SHORT_PART || swapins > 0 ||
			report->swapout_pages > n->swapout_pages ||
			report->refault_file - n->refault_file > REFAULTS_CALM;

	if (is_empty(report) || (is_short && !is_shrinking))
		n->pressure_ppm = mm_max_u64(n->pressure_ppm, stall_us * 1000 / ms);
	if (swapins < REFAULTS_CALM)
		return;
	/* half of the last, half of what was known: some hundreds of pages make a fair average */
	stall_us /= swapins;
	n->swapin_us = n->swapin_us ? (n->swapin_us + stall_us + 1) / 2 : stall_us + 1;
}

/*
 * What was swapped out in a shortage is missed until it is back, or proves to be cold. What was read
 * again was needed, and most likely so is some of what is still cached: up to all of it, and what was
 * read again on top. Pages that come and go several times are still the same pages.
 */
static void note_warmth(struct mm_need_track *n, const struct mm_report *report, uint64_t held_kib)
{
	uint64_t again_kib =
		mm_min_u64(report->refault_file - n->refault_file, held_kib) * MM_KIB_PER_PAGE;
	uint64_t cache_kib = mm_sub_floor(report->avail_kib, report->free_kib);
	bool is_swapping =
		report->swapout_pages > n->swapout_pages || report->swapin_pages > n->swapin_pages;

	if (is_swapping)
		n->warm_swap_kib = swap_used(report); /* refault_anon says the same again */
	n->warm_swap_kib = mm_min_u64(n->warm_swap_kib, swap_used(report));
	if (again_kib > REFAULTS_CALM * MM_KIB_PER_PAGE)
		n->warm_cache_kib = mm_min_u64(n->warm_cache_kib + WARM_FACTOR * again_kib,
			mm_min_u64(cache_kib + again_kib, held_kib));
}

/* is_calm: nothing confirms a claim to be full. Such a claim counts from its first report on. */
static void note_claim(struct mm_need_track *n, const struct mm_report *report, bool is_calm,
	uint64_t held_kib, uint64_t now_ms)
{
	if (!is_empty(report) || !is_calm) {
		n->contrary_ms = 0;
	} else if (!n->contrary_ms) {
		n->contrary_ms = now_ms;
		n->contrary_kib = held_kib;
	}
}

static void note_contradiction(struct mm_need_track *n, const struct mm_report *report, uint64_t ms,
	uint64_t held_kib, uint64_t now_ms)
{
	bool is_calm = report->has_psi &&
		       report->psi_some_us - n->psi_us <= ms * PRESSURE_CALM_PPM / 1000 &&
		       report->refault_file - n->refault_file <= REFAULTS_CALM &&
		       report->swapout_pages == n->swapout_pages;

	note_claim(n, report, is_calm, held_kib, now_ms);
}

/* Signs that it misses memory that it had; a balloon's own stalls are none. */
static void note_rest(struct mm_need_track *n, const struct mm_report *report, uint64_t ms,
	bool is_shrinking, uint64_t now_ms)
{
	bool is_stalling = report->psi_some_us - n->psi_us > ms * PRESSURE_CALM_PPM / 1000;

	if ((is_stalling && !is_shrinking) ||
		report->refault_file - n->refault_file > REFAULTS_CALM ||
		report->swapout_pages > n->swapout_pages)
		n->restless_ms = now_ms;
}

static void compare(struct mm_track *track, const struct mm_domain *dom, uint64_t use_kib,
	uint64_t held_kib, uint64_t now_ms)
{
	struct mm_need_track *n = &track->need;
	bool is_down = held_kib < n->held_kib ||
		       (track->is_shrinking && track->progress != MM_PROGRESS_SETTLED);
	/* the end of a stall may be told with the next report only */
	bool is_shrinking = is_down || n->was_shrinking;
	const struct mm_report *report = &dom->report;
	uint64_t ms = time_between(n, dom);
	uint64_t rise_kib = mm_sub_floor(use_kib, n->base_use_kib);
	uint64_t rise_ms = mm_max_u64(mm_sub_floor(now_ms, n->base_ms), ANSWER_MS);

	/* over an answer's time at least, so that a single jump is no slope */
	n->slope_kib_s =
		mm_max_u64(n->slope_kib_s, mm_min_u64(mm_scale(rise_kib, 1000, rise_ms), held_kib));
	n->growth_kib_s = mm_max_u64(n->growth_kib_s, n->slope_kib_s);
	n->rise_kib = mm_max_u64(n->rise_kib, mm_min_u64(rise_kib, held_kib));
	if (is_empty(report))
		n->boost_percent = mm_min_u64(2 * n->boost_percent + 100, BOOST_MAX_PERCENT);
	note_stall(n, report, ms, report->swapin_pages - n->swapin_pages, is_shrinking);
	note_warmth(n, report, held_kib);
	note_rest(n, report, ms, is_shrinking, now_ms);
	note_contradiction(n, report, ms, held_kib, now_ms);
	n->was_shrinking = is_down;
}

/* It stalls, or at its present slope it has nothing left before the next answer. */
static bool is_in_need(const struct mm_need_track *n, const struct mm_report *report)
{
	return n->pressure_ppm >= PRESSURE_URGENT_PPM ||
	       mm_scale(n->slope_kib_s, REACTION_MS, 1000) > report->avail_kib;
}

void mm_need_update(struct mm_track *track, const struct mm_domain *dom, uint64_t use_kib,
	uint64_t held_kib, uint64_t now_ms)
{
	struct mm_need_track *n = &track->need;

	let_fall(n, dom->report.source, now_ms);
	if (n->report_ms == dom->report_ms && n->report_ms)
		return;
	if (n->report_ms && !has_gone_back(n, &dom->report))
		compare(track, dom, use_kib, held_kib, now_ms);
	else
		note_claim(n, &dom->report, n->report_ms != 0, held_kib, now_ms);
	remember(n, dom, use_kib, now_ms);
	n->held_kib = held_kib;
	if (is_in_need(n, &dom->report))
		n->urgent_ms = now_ms;
}

struct mm_need mm_need_estimate(
	const struct mm_track *track, enum mm_source source, uint64_t hard_kib, uint64_t free_kib)
{
	const struct mm_need_track *n = &track->need;
	struct mm_need need;
	uint64_t room = mm_min_u64(
		mm_max_u64(hard_kib / HEADROOM_PART, HEADROOM_MIN_KIB), HEADROOM_MAX_KIB);
	uint64_t pressure = mm_min_u64(n->pressure_ppm, PRESSURE_FULL_PPM);

	memset(&need, 0, sizeof(need)); /* padding too: plans are compared byte by byte */
	need.hard_kib = hard_kib;
	need.pressure_ppm = (uint32_t)n->pressure_ppm;
	room = mm_max_u64(room, n->rise_kib);
	room += mm_scale(n->growth_kib_s, REACTION_MS, 1000);
	room += mm_scale(room, pressure, PRESSURE_FULL_PPM);
	room += mm_scale(room, n->boost_percent, 100);
	/* no more than half of it on top, unless it is small or the administrator asks for it */
	room = mm_min_u64(room, mm_max_u64(hard_kib / 2, HEADROOM_MAX_KIB / 4));
	room = mm_max_u64(room, mm_sub_floor(n->peak_use_kib, hard_kib));
	if (source == MM_SOURCE_XENSERVER) /* a report a minute: whatever happens, it is late */
		room = mm_max_u64(2 * room, hard_kib);
	need.headroom_kib = mm_max_u64(room, free_kib);
	need.warm_kib = n->warm_swap_kib + n->warm_cache_kib;
	need.warm_kib =
		mm_max_u64(need.warm_kib, mm_sub_floor(n->working_set_kib, need.headroom_kib));
	return need;
}

uint64_t mm_need_surge(const struct mm_track *track, const struct mm_need *need)
{
	uint64_t growth_kib = mm_scale(track->need.slope_kib_s, SURGE_MS, 1000);
	uint64_t stall_kib = mm_min_u64(
		need->headroom_kib, mm_max_u64(need->hard_kib / HEADROOM_PART, HEADROOM_MIN_KIB));

	stall_kib = mm_scale(stall_kib, need->pressure_ppm, MM_TAU_ONE);
	return mm_max_u64(growth_kib, stall_kib);
}

bool mm_need_is_emergency(const struct mm_track *track, uint64_t now_ms)
{
	return track->need.urgent_ms && mm_sub_floor(now_ms, track->need.urgent_ms) <= URGENT_MS;
}

uint64_t mm_need_doubt(struct mm_track *track, const struct mm_domain *dom, uint64_t held_kib,
	uint64_t fair_kib, bool is_wanted, uint64_t now_ms)
{
	struct mm_need_track *n = &track->need;
	uint64_t part = dom->report.swap_free_kib ? DOUBT_STEP_PART : DOUBT_STEP_DRY_PART;
	uint64_t wait_ms = n->doubt_cap_kib ? DOUBT_STEP_MS : n->doubt_wait_ms;
	uint64_t believed_kib;

	if (n->doubt_cap_kib && n->restless_ms > n->doubt_ms) {
		n->doubt_cap_kib = 0; /* it spoke the truth */
		n->doubt_ms = now_ms;
		n->doubt_wait_ms = mm_max_u64(
			mm_min_u64(2 * n->doubt_wait_ms, PRESS_WAIT_MAX_MS), PRESS_WAIT_MS);
		return 0;
	}
	if (!n->contrary_ms)
		n->doubt_cap_kib = 0;
	if (n->contrary_ms && is_wanted && held_kib > fair_kib &&
		mm_sub_floor(now_ms, n->contrary_ms) >= CONTRARY_MS &&
		mm_sub_floor(now_ms, n->doubt_ms) >= wait_ms && n->report_ms > n->doubt_ms) {
		uint64_t cap_kib = n->doubt_cap_kib ? n->doubt_cap_kib : held_kib;

		n->doubt_cap_kib = mm_max_u64(cap_kib - cap_kib / part, fair_kib);
		n->doubt_ms = now_ms;
	}
	if (n->doubt_cap_kib)
		believed_kib = n->doubt_cap_kib;
	else if (
		n->contrary_ms) /* it may be early, and about to stall: not everything is believed */
		believed_kib =
			n->contrary_kib + mm_max_u64(n->contrary_kib / CREDIT_PART, CREDIT_MIN_KIB);
	else
		return 0;
	/* its balloon may be on the way yet: no target is more than a step below what it holds */
	return mm_max_u64(believed_kib, held_kib - held_kib / part);
}

bool mm_need_swaps_slowly(const struct mm_track *track)
{
	return track->need.swapin_us >= SWAPIN_SLOW_US;
}

static bool is_near(uint64_t a, uint64_t b, uint64_t distance)
{
	return a <= b + distance && b <= a + distance;
}

/*
 * What it missed memory with is its working set, unless it uses more or less than at that step, or
 * holds another amount: then it does not complain about the probing.
 */
static bool step_back(struct mm_need_track *n, uint64_t held_kib, uint64_t now_ms)
{
	uint64_t step_kib = n->press_cap_kib / PRESS_STEP_PART;
	uint64_t before_kib = n->press_cap_kib + 2 * step_kib;
	bool is_ours = is_near(n->use_kib, n->press_use_kib, step_kib) &&
		       is_near(held_kib, n->press_cap_kib, step_kib);

	n->press_cap_kib = 0;
	n->press_ms = now_ms;
	if (!is_ours)
		return false;
	n->working_set_kib = mm_sub_floor(before_kib, n->use_kib);
	n->working_set_ms = now_ms;
	n->press_wait_ms = n->press_wait_ms ? mm_min_u64(2 * n->press_wait_ms, PRESS_WAIT_MAX_MS)
					    : PRESS_WAIT_MS;
	return true;
}

bool mm_need_probe(
	struct mm_track *track, uint64_t held_kib, bool is_allowed, bool is_wanted, uint64_t now_ms)
{
	struct mm_need_track *n = &track->need;
	uint64_t wait_ms =
		n->press_cap_kib ? PRESS_STEP_MS : mm_max_u64(n->press_wait_ms, PRESS_STEP_MS);

	if (n->working_set_kib && mm_sub_floor(now_ms, n->working_set_ms) >= WORKING_SET_MS)
		n->working_set_kib = 0;
	if (n->press_cap_kib && n->restless_ms > n->press_ms)
		return step_back(n, held_kib, now_ms);
	if (!is_allowed)
		n->press_cap_kib = 0;
	if (!is_allowed || !is_wanted || mm_sub_floor(now_ms, n->press_ms) < wait_ms ||
		mm_sub_floor(now_ms, n->restless_ms) < wait_ms || n->report_ms <= n->press_ms ||
		n->growth_kib_s > held_kib / PRESS_STEP_PART)
		return false; /* what the last step did must have been heard; and who grows is not idle */
	if (!n->press_cap_kib || n->press_cap_kib > held_kib)
		n->press_cap_kib = held_kib;
	n->press_cap_kib -= n->press_cap_kib / PRESS_STEP_PART;
	n->press_use_kib = n->use_kib;
	n->press_ms = now_ms;
	return false;
}
