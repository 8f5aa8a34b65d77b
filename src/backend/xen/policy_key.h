/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What dom0 wrote about a guest into the guest's own key (MM_KEY_POLICY), and what was wrong with it. Pure. */
#ifndef XENMM_XEN_POLICY_KEY_H
#define XENMM_XEN_POLICY_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "xenmm/guest_policy.h"

/* Zeroed: no key, nothing wrong. */
struct mm_policy_key {
	struct mm_guest_policy policy;
	bool was_foreign; /* was refused once because the guest could write it */
	char fault[256];  /* to be told; "": nothing */
};

/* The key is gone: the policy is that of the configuration again. */
void mm_policy_key_clear(struct mm_policy_key *key);

/* The key has a new text of len bytes. One that cannot be understood leaves what held before. */
void mm_policy_key_hear(struct mm_policy_key *key, const char *text, size_t len);

/*
 * The key is not dom0's alone, so it counts as absent. Told once for each guest: a guest could make it so again and
 * again.
 */
void mm_policy_key_refuse(struct mm_policy_key *key);

#endif
