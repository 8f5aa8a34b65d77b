/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of guests, wherever it comes from: a client's own looks, or the hosts that a controller gathers. */
#ifndef XENMM_MON_SEEN_H
#define XENMM_MON_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/share.h"
#include "vmi/vmi.h"

/* A guest. All is the source's and only read. */
struct mm_mon_guest {
	const char *host; /* whose guest it is */
	uint32_t domid;	  /* MM_NO_DOMID: a memory file */
	const char *uuid, *name, *type, *state;
	const struct mm_sample *sample; /* the last that could be read; NULL: none */
	const struct mm_sample *before; /* the one before, for shares of CPU; NULL: none */
	const uint32_t *shares;		/* ... or these, of sample's processes; NULL: none */
	uint64_t process_count; /* of the guest, where sample holds only some; 0: it holds all */
	const char *reason, *reason_text; /* why it cannot be read now; NULL: it can */
	const char *also_on; /* a host that shows a guest of this uuid too; NULL: none */
	uint64_t age_ms;     /* of the sample */
	bool is_stale;
	uint64_t samples, failures, cost_us; /* so far */
};

struct mm_mon_source {
	void *arg;
	size_t (*count)(const void *arg);
	void (*get)(const void *arg, size_t i, struct mm_mon_guest *ret_seen);
	bool (*find)(const void *arg, const char *uuid, struct mm_mon_guest *ret_seen);
};

/*
 * Its processes, with their shares of CPU. Returns 0 with *ret_rows (free it; NULL where there is none), or -ENOMEM.
 */
int mm_mon_rows(const struct mm_mon_guest *seen, bool with_kernel, struct mm_process_row **ret_rows,
	size_t *ret_count);

#endif
