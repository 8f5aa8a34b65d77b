/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state of host, guests and leases as JSON, for whatever shows it: built from what a round left behind. */
#ifndef XENMM_STATUS_H
#define XENMM_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "timing.h"
#include "xenmm/config.h"
#include "xenmm/history.h"
#include "xenmm/lease.h"
#include "xenmm/plan.h"
#include "xenmm/snapshot.h"

/* Of the JSON; rises when something in it changes its meaning or goes away. */
#define MM_STATUS_VERSION 1

/* Everything that a status is built from. All are the caller's and only read. */
struct mm_view {
	const char *backend;
	const char *host; /* this machine's name, printable ASCII; NULL: not known */
	const struct mm_config *config;
	const struct mm_snapshot *snap;
	const struct mm_plan *plan;
	const struct mm_history *hist;
	const struct mm_leases *leases;
	const struct mm_timing *timing;
	struct timespec start; /* wall clock when mmserver began ... */
	struct timespec wall;  /* ... and at the snapshot */
	uint64_t rounds;
	bool is_dry_run;
	bool is_paused;
};

/* All of these return a new reference, or NULL without memory. */
json_t *mm_status_json(const struct mm_view *view);
json_t *mm_status_server(const struct mm_view *view);
json_t *mm_status_host(const struct mm_view *view);
json_t *mm_status_need(const struct mm_need *need);
json_t *mm_status_leases(const struct mm_leases *leases, uint64_t now_ms);

/* The target that holds: nobody sets one in a dry run or a pause. */
uint64_t mm_status_target(const struct mm_view *view, const struct mm_plan_entry *entry);

/* The i-th domain of the snapshot, as in the array "guests" of the status. */
json_t *mm_status_guest(const struct mm_view *view, size_t i);

/* An offer, with its donors' names; eta_ms is null where the memory cannot be had. */
json_t *mm_status_offer(const struct mm_snapshot *snap, const struct mm_offer *offer);

/* Milliseconds of the wall clock since 1970. */
json_int_t mm_status_time(const struct timespec *wall);

/* The plan's entry of the i-th domain; NULL where the plan is of another snapshot. */
const struct mm_plan_entry *mm_status_entry(
	const struct mm_snapshot *snap, const struct mm_plan *plan, size_t i);

#endif
