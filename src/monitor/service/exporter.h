/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What mmmon knows, in the form that Prometheus reads. Figures of guests are their kernels' own; of those that cannot be read, or
 * are stale, only that is told. Series are bounded: of processes there are the first few names of each guest.
 */
#ifndef XENMM_MON_EXPORTER_H
#define XENMM_MON_EXPORTER_H

#include "monitor/service/door.h"
#include "monitor/service/seen.h"

/* A host that a controller gathers. */
struct mm_exported_host {
	const char *name;
	bool is_up;
	bool has_age;
	uint64_t age_ms, guests, failures;
};

struct mm_export {
	const struct mm_mon_source *source;
	bool is_controller;
	uint64_t round_age_ms;		      /* a client's */
	const struct mm_exported_host *hosts; /* a controller's */
	size_t host_count;
	const struct mm_door_count *requests;
	size_t request_count;
	size_t top; /* names of processes of each guest; 0: none */
};

/* The text, to be freed, or NULL without memory. */
char *mm_export_text(const struct mm_export *export, bool is_open_metrics, size_t *ret_len);

#endif
