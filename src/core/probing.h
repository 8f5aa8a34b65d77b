/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which idle guests are pressed, and when; how one is pressed stands in need.c. */
#ifndef XENMM_CORE_PROBING_H
#define XENMM_CORE_PROBING_H

#include "survey.h"

/*
 * Moves caps and doubts of all rows on by a round. Memory is welcome as long as the host has less
 * free than the guest that could grow most might ask for, and less than a quarter of the budget; claims
 * are put to the test while what all must have does not fit.
 */
void mm_probe_guests(struct mm_decision *d);

#endif
