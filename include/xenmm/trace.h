/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A run as plain text: what --record writes and the replay back end reads. Versioned first line, the
 * settings, then for each round the snapshot and the plan. Pure text <-> structs; no I/O.
 *
 *	xenmm-trace 2
 *	C budget 768M
 *	G web* weight=200                                 a rule for guests: match, policy
 *	...
 *	T 12000 3145728 524288 0 0                        now, host total, free, claims, reserved
 *	D 3 <uuid> pv running <current> <target> <static max> <pod> <report ms> <source> <name>
 *	K min=256M                                        the domain's own policy key, if it has one
 *	R <the guest's record as in guest_proto.h>        follows its D unless source is none
 *	P 3 262144 300000 grow                            domid, old and new target, reason; changes only
 *	.                                                 end of round
 *
 * Settings and rules may come again between two rounds, all of them: they hold from then on. Version 1, without G, K
 * and the reserved memory, is still read.
 */
#ifndef XENMM_TRACE_H
#define XENMM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "xenmm/config.h"
#include "xenmm/plan.h"
#include "xenmm/snapshot.h"

/* A recorded change of target. */
struct mm_trace_change {
	uint32_t domid;
	uint64_t old_kib, new_kib;
	enum mm_reason reason;
};

struct mm_trace_reader; /* opaque: pulls lines from memory */

/*
 * Reads from text of len bytes, which must outlive the reader. Parses the head (version, settings) into
 * *ret_cfg at once. Errors: -EPROTONOSUPPORT, -EINVAL (err says which line).
 */
int mm_trace_open(const char *text, size_t len, struct mm_config *ret_cfg, char *err,
	size_t err_size, struct mm_trace_reader **ret_reader);

/* The settings in force for the round that was read last; a new generation whenever the trace changed them. */
const struct mm_config *mm_trace_config(const struct mm_trace_reader *reader);

void mm_trace_close(struct mm_trace_reader *reader);

/*
 * Next round into snap (cleared first) and the changes that were planned in it (valid until the next
 * call). Returns 0, -ENODATA at the end (an unfinished last round, as a killed server leaves it, is left out),
 * -EINVAL (err says which line).
 */
int mm_trace_next(struct mm_trace_reader *reader, struct mm_snapshot *snap,
	const struct mm_trace_change **ret_changes, size_t *ret_count, char *err, size_t err_size);

/*
 * Append the head (version and settings), settings that have changed since, or one round, to a stream. Return 0 or
 * -errno of the first failed write.
 */
int mm_trace_write_head(FILE *out, const struct mm_config *cfg);
int mm_trace_write_settings(FILE *out, const struct mm_config *cfg);
int mm_trace_write_round(FILE *out, const struct mm_snapshot *snap, const struct mm_plan *plan);

#endif
