/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding kallsyms by its form, where nobody says where it is: kernels before 6.0, and those whose vmcoreinfo page has not been looked
 * for. What is rare is the index of tokens: 256 rising numbers, before which lie 256 short texts that end where
 * the next begins, with those of the digits at the digits' places.
 */
#ifndef XENMM_VMI_FALLBACK_H
#define XENMM_VMI_FALLBACK_H

#include "vmi/kallsyms.h"

/* Looks at tables that may be a kernel's: place.stext is 0. Returns 0 to go on, 1: it was, negative: end with this error. */
typedef int mm_fallback_try(void *arg, const struct mm_kallsyms_place *place);

/*
 * Hands each set of tables between the MM_PHYS_GUEST addresses start and end to `try`, in order; at most 16. Returns what `try` returned last, 0: none
 * left, or a negative errno.
 */
int mm_fallback_find(
	struct mm_phys *phys, uint64_t start, uint64_t end, mm_fallback_try *try, void *arg);

#endif
