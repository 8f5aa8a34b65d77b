/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking into guests with probes: starts, asks and ends one for each guest that is wanted, in the rhythm of
 * introspection.h, and hands out what its kernel counts as a report. Never blocks. Without Xen's headers.
 */
#ifndef XENMM_BACKEND_INSIDE_H
#define XENMM_BACKEND_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/introspection.h"

struct event_base;
struct mm_counters;
struct mm_inside; /* of one guest */
struct mm_insides;

/*
 * A look found something: `owner` as given to mm_inside_new(). is_news: it says more than that the guest lives. Must not
 * free the guest's mm_inside.
 */
typedef void mm_inside_fn(
	void *arg, void *owner, const struct mm_report *report, uint64_t at_ms, bool is_news);

/* All of them. Returns 0 or -ENOMEM. */
int mm_insides_new(mm_inside_fn *fn, void *arg, struct mm_insides **ret_insides);

/* NULL allowed. All of its guests must have been freed. */
void mm_insides_free(struct mm_insides *insides);

/* Where events are served from now on; NULL: nowhere, as that base is about to go. */
void mm_insides_join(struct mm_insides *insides, struct event_base *base);

/* Once, when mmprobe was found missing: true. */
bool mm_insides_take_missing(struct mm_insides *insides);

/* One guest, not wanted yet. Returns 0 or -ENOMEM. */
int mm_inside_new(
	struct mm_insides *insides, uint32_t domid, void *owner, struct mm_inside **ret_inside);

/* Ends its probe at once. NULL allowed. */
void mm_inside_free(struct mm_inside *inside);

/* What is wanted of it now. */
enum mm_inside_wish {
	MM_INSIDE_LEAVE, /* nothing: its probe is ended, what was seen is forgotten */
	MM_INSIDE_REST,	 /* not now: it is not asked; a probe that is there stays */
	MM_INSIDE_CHECK, /* now and then: its agent tells the same, sooner */
	MM_INSIDE_WATCH
};

/* To be called each round; cheap where nothing changes. */
void mm_inside_wish(struct mm_inside *inside, enum mm_inside_wish wish);

/* What is known; mm_witness_look() writes into it. */
struct mm_seen *mm_inside_seen(struct mm_inside *inside);

/*
 * What a kernel counts as a report of the source MM_SOURCE_INTROSPECTION. `last` is the one before, of source
 * MM_SOURCE_NONE where there is none. Returns 0, or -ERANGE for figures that no report can have: none, sizes that do not
 * fit together, or a kernel whose free and available memory could not be found. Pure.
 */
int mm_inside_report(const struct mm_counters *counters, const struct mm_report *last,
	struct mm_report *ret_report);

#endif
