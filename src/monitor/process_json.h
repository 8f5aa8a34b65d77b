/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest that was looked into, and its processes, as JSON: the same in mmps and mmmon. Pure. */
#ifndef XENMM_MONITOR_PROCESS_JSON_H
#define XENMM_MONITOR_PROCESS_JSON_H

#include <jansson.h>
#include <stdint.h>

#include "monitor/share.h"
#include "vmi/vmi.h"

/* Of the JSON ("schema_version"); rises when something in it changes its meaning or goes away. */
#define MM_GUEST_JSON_VERSION 1

/* For json_dumps(): no byte above ASCII, which a terminal might obey, and no digits that mean nothing. */
#define MM_GUEST_JSON_FLAGS (JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12))

#define MM_NO_DOMID UINT32_MAX

/* Everything that is known of a guest. All is the caller's and only read. */
struct mm_guest_view {
	uint32_t domid;			  /* MM_NO_DOMID: it is no domain, but a memory file */
	const char *uuid;		  /* NULL: it has none */
	const char *name;		  /* any bytes */
	const char *type;		  /* "pv", "pvh", "hvm", or "file" */
	const struct mm_sample *sample;	  /* the last one; NULL: there was none */
	const char *reason, *reason_text; /* where it is not the sample's; NULL otherwise */
	uint64_t now_ms;		  /* as sample->taken_ms */
};

/*
 * All of these return a new reference, or NULL without memory. Texts are valid UTF-8, numbers are below 2^63.
 *
 * A guest: figures are null where it cannot be read, all but those of processes where its kernel was found without symbols
 * (total_kib 0); where there is an older sample and a reason, "readable" is
 * false and the figures are those of the sample ("age_ms").
 */
json_t *mm_guest_json(const struct mm_guest_view *view);

/* A process; `share` of CPU as in share.h. */
json_t *mm_process_json(const struct mm_process *process, uint32_t share);

#endif
