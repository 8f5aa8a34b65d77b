/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Need, estimated from reports: up at once, down slowly. Knows nothing of budgets. An agent that
 * tells less (no PSI, no counters, two numbers alone) gets the parts that can be known, and a wider
 * margin.
 */
#ifndef XENMM_CORE_NEED_H
#define XENMM_CORE_NEED_H

#include "xenmm/history.h"
#include "xenmm/need.h"

/*
 * Takes in the domain's last report, if it is a new one, and lets what is older fall. use_kib: hard
 * use of that report; held_kib: what it holds now, in its target's terms.
 */
void mm_need_update(struct mm_track *track, const struct mm_domain *dom, uint64_t use_kib,
	uint64_t held_kib, uint64_t now_ms);

/*
 * The estimate. hard_kib is the smoothed hard use; free_kib what the administrator wants it to have
 * free (-f; 0: nothing said).
 */
struct mm_need mm_need_estimate(
	const struct mm_track *track, enum mm_source source, uint64_t hard_kib, uint64_t free_kib);

/* What it is about to use on top of its hard use, KiB: it grows, or stalls; 0 when it does neither. */
uint64_t mm_need_surge(const struct mm_track *track, const struct mm_need *need);

/* It stalls, or at its slope it had nothing left before the next answer, now or a moment ago. */
bool mm_need_is_emergency(const struct mm_track *track, uint64_t now_ms);

/*
 * A guest that has claimed for a while to use nearly all that it has, while nothing in it stalls, swaps
 * or is read again, may lie, or may just fit. When others are short (is_wanted) and it holds more than
 * its fair share, that is tried: what is believed of its claim comes down in small steps, to the fair
 * share at the lowest, until it stalls; then it is believed for a minute, and twice as long each time.
 * Until something confirms such a claim it is worth 64 MiB, or an eighth more than it held. Returns
 * what is believed, KiB; 0: all of it.
 */
uint64_t mm_need_doubt(struct mm_track *track, const struct mm_domain *dom, uint64_t held_kib,
	uint64_t fair_kib, bool is_wanted, uint64_t now_ms);

/*
 * Working-set probing: moves the cap on what it shall hold. is_allowed: it may be pressed at all (else
 * the cap is lifted); is_wanted: its memory is welcome, so the cap comes down by a step of at
 * most 1 %, once it has been calm for long enough. At the first sign that it misses something the
 * cap is lifted, and what it held before is remembered as its working set. Returns true in the round
 * in which that happened.
 */
bool mm_need_probe(struct mm_track *track, uint64_t held_kib, bool is_allowed, bool is_wanted,
	uint64_t now_ms);

/* Whether its swap, as far as seen, is so slow that probing is off unless asked for. */
bool mm_need_swaps_slowly(const struct mm_track *track);

#endif
