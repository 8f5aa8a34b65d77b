/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Going over a guest's memory in batches of pages, to look for something by its form. */
#ifndef XENMM_VMI_SWEEP_H
#define XENMM_VMI_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmi/phys.h"

#define MM_SWEEP_PAGES 512 /* of a batch */

/* Looks at a page at `addr`. Returns 0 to go on; 1: found, enough; negative: end with this error. */
typedef int mm_sweep_look(void *arg, uint64_t addr, const uint8_t *page);

/*
 * Hands every page that is there between start and end (page-aligned) to `look`, in order; between batches nothing stays mapped. Returns what look
 * returned last, 0 at the end, or -EIO, -EPERM, -ENOMEM.
 */
int mm_sweep(struct mm_phys *phys, uint64_t start, uint64_t end, mm_sweep_look *look, void *arg);

#endif
