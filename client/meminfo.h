/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads what the kernel says about this guest's memory. The parsers are pure functions on text; the
 * sampler opens the files below a root path once and reads them again with pread(), because a
 * sample is taken up to ten times a second in a guest that is short of everything.
 */
#ifndef XENMM_CLIENT_MEMINFO_H
#define XENMM_CLIENT_MEMINFO_H

#include <stddef.h>

#include "xenmm/guest_proto.h"

/*
 * Each parser reads `len` bytes of text (not necessarily terminated) and fills its own fields of
 * *report; the others stay. Where a key stands twice the first counts. Returns 0 or -EINVAL;
 * *report is untouched on failure.
 *
 * meminfo: MemTotal and MemFree must be there. Without MemAvailable (before Linux 3.14) it is
 * estimated as MemFree + Buffers + Cached - Shmem + SReclaimable. avail, free and swap_free are cut
 * to their totals.
 */
int mm_parse_meminfo(const char *text, size_t len, struct mm_report *report);

/*
 * vmstat: a missing counter is 0. Refaults have one counter before Linux 5.9, which is that of
 * files.
 */
int mm_parse_vmstat(const char *text, size_t len, struct mm_report *report);

/* /proc/pressure/memory: the totals of "some" and "full"; sets has_psi. "some" must be there. */
int mm_parse_pressure(const char *text, size_t len, struct mm_report *report);

struct mm_sampler;

/* Opens nothing yet: files that are missing now may come later. root is "" for the running system. */
int mm_sampler_new(const char *root, struct mm_sampler **ret_sampler);

/* Accepts NULL. */
void mm_sampler_free(struct mm_sampler *sampler);

/*
 * Takes a sample. Only /proc/meminfo must be readable; what else is missing is reported as 0 (or
 * without PSI). The balloon's size is read before and after, up to three times until both agree;
 * when they never do, is_moving is set. seq and uptime_ms are left 0. Returns 0 or -errno,
 * *ret_report untouched.
 */
int mm_sampler_read(struct mm_sampler *sampler, struct mm_report *ret_report);

#endif
