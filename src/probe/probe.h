/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One sandboxed child (mmprobe) for each guest that is looked into: it alone parses what the guest holds, sees no
 * other guest, and can at worst lose its own guest's figures. This is the side of the program that asks; it
 * checks all that the child says, never blocks, and needs no Xen headers.
 */
#ifndef XENMM_PROBE_H
#define XENMM_PROBE_H

#include <stdint.h>

#include "vmi/vmi.h"

#define MM_PROBE_BOOTSTRAP_MS                                                                      \
	20000 /* for the first answer: 2 s of CPU time is the goal, on a busy host */
#define MM_PROBE_SAMPLE_MS 5000 /* for every other one */

struct mm_probe;

/* Whom to look at: a domain of this host, or (file not NULL) a memory file with `below` as in phys.h. */
struct mm_probe_target {
	uint32_t domid;
	const char *file;
	uint64_t below;
};

/*
 * Starts mmprobe (beside this program, or in its installed place, or $XENMM_PROBE in tests). The first answer includes the
 * bootstrap. Returns 0; -ENOENT: there is no mmprobe; or -errno.
 */
int mm_probe_start(const struct mm_probe_target *target, struct mm_probe **ret_probe);

/* Asks for a sample. One at a time: -EBUSY before the last one was read. -EPIPE: the child is gone. */
int mm_probe_ask(struct mm_probe *probe, bool with_processes, uint64_t now_ms);

/* Readable when (part of) an answer, or the child's end, is there. For poll and event loops. */
int mm_probe_fd(const struct mm_probe *probe);

/* When what was asked is too late, in the clock of now_ms; UINT64_MAX: nothing was asked. Call mm_probe_read() then. */
uint64_t mm_probe_deadline(const struct mm_probe *probe);

/*
 * Takes in what is there. Returns 0 with a complete, checked *ret_sample (free it); -EAGAIN: not yet; -ETIMEDOUT: it took
 * longer than the deadline and was killed; -EPROTO: nonsense, killed; -EPIPE: it died. After 0 with a reason other than MM_VMI_OK
 * the child ends as well.
 */
int mm_probe_read(struct mm_probe *probe, uint64_t now_ms, struct mm_sample *ret_sample);

/* Who has answered for so long is well. */
#define MM_PROBE_STEADY_MS 60000

/*
 * After -EPIPE: whether the child ended between two samples, having answered for longer than MM_PROBE_STEADY_MS. It does so before its CPU time
 * is used up (see serve.h), and is to be started again at once: it is no failure.
 */
bool mm_probe_is_worn(const struct mm_probe *probe, uint64_t now_ms);

/* Kills and reaps the child if it still lives; NULL allowed. Never blocks for long: SIGKILL. */
void mm_probe_free(struct mm_probe *probe);

#endif
