/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes below their parents. Pure. */
#ifndef XENMM_MONITOR_PS_TREE_H
#define XENMM_MONITOR_PS_TREE_H

#include "monitor/share.h"

/*
 * Puts rows, which stay in their order among brothers, behind their parents; ret_depths[i] is how deep row i stands then. Whose parent is
 * not among them stands at the top, and so does, last, who is his own ancestor: a guest may claim that. Returns 0 or -ENOMEM.
 */
int mm_ps_tree(struct mm_process_row *rows, size_t count, uint32_t *ret_depths);

#endif
