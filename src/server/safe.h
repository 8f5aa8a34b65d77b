/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How mmserver leaves the guests when it ends. */
#ifndef XENMM_SAFE_H
#define XENMM_SAFE_H

#include "xenmm/backend.h"
#include "xenmm/history.h"

/*
 * No guest shall go on shrinking when nobody watches it: half-way targets become what it holds. *snap is filled anew;
 * when that cannot be done the targets stay as they are.
 */
void mm_leave_safe_targets(
	struct mm_backend *backend, struct mm_snapshot *snap, const struct mm_history *hist);

#endif
