/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the agent asks of the system it runs on: is it Xen, the kernel's pressure trigger, a safe
 * place.
 */
#ifndef XENMM_CLIENT_GUEST_H
#define XENMM_CLIENT_GUEST_H

#include <stdbool.h>

/* True on any domain of a Xen host. True at early boot too, when xenstore cannot be reached yet. */
bool mm_guest_is_xen(const char *root);

/*
 * Opens a descriptor that polls POLLPRI when tasks stall for memory, at most twice a second.
 * Returns it or -errno: no PSI in this kernel, not allowed, or a root other than "" was named, where
 * nothing is ever written.
 */
int mm_guest_open_trigger(const char *root);

/*
 * Keeps the agent able to speak when the guest runs out of memory: its pages stay in memory, the
 * OOM killer looks elsewhere, and it comes before the guest's busy tasks. Does what its rights
 * allow.
 */
void mm_guest_protect_self(void);

#endif
