/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What clients of the control socket can ask for, and what of it lives from round to round: leases, and the requests that
 * wait for one.
 */
#ifndef XENMM_SERVICE_H
#define XENMM_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "control.h"
#include "journal.h"
#include "xenmm/lease.h"

struct event_base;
struct event;

/* A request for memory that has not been answered yet, or a lease that ends with its connection. */
struct mm_claimant {
	struct mm_peer *peer; /* NULL: free row */
	uint32_t lease_id;
	bool is_waiting;
	bool has_begun; /* waiting, and seen by a round */
	bool is_tied;
	bool is_told_of_wait;
	uint64_t wait_ms, hold_ms;
	uint64_t begin_ms; /* back end's clock */
	json_t *offer;	   /* how things stood when the wait began */
};

struct mm_service {
	struct mm_journal *journal; /* the owner's */
	bool is_replay;		    /* nothing can be reserved in what has happened */
	struct mm_leases leases;
	struct mm_claimant claimants[MM_LEASE_MAX];
	struct event_base *base;
	struct event *wake; /* calls for a round */
	struct mm_control *control;
	char *status; /* as text, built when somebody asks; NULL: not since the last round */
	size_t status_len;
	uint64_t status_us, status_cost_us; /* when it was built, and how long that took */
};

/* Listens at `path`. Errors as mm_control_open(). journal must be set; the rest zeroed. */
int mm_service_open(struct mm_service *service, const char *path, struct event_base *base,
	char *err, size_t err_size);

/* To be called before the event base is freed; also when it was never opened. */
void mm_service_close(struct mm_service *service);

/* Between sample and decision: leases as they are now, and snap->host.reserved_kib. */
void mm_service_sampled(struct mm_service *service, struct mm_snapshot *snap);

/* Between decision and its application: leases are granted. */
void mm_service_decided(struct mm_service *service);

/* After a round, or one that failed: answers those who waited. */
void mm_service_answer(struct mm_service *service);

/* When the next round must be, by the back end's clock, for a wait or a lease that ends; UINT64_MAX: whenever. */
uint64_t mm_service_due_ms(const struct mm_service *service);

#endif
