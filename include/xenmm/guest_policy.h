/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the administrator wants for one guest, or for all whose name or uuid matches. Written as words,
 * "min=256M max=2G weight=200 exclude=no probing=off", in a rule of the configuration file and in a domain's
 * own key in the store, which wins.
 */
#ifndef XENMM_GUEST_POLICY_H
#define XENMM_GUEST_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MM_WEIGHT_DEFAULT 100
#define MM_WEIGHT_MAX	  10000

/* A domain's own key, below /local/domain/ID; dom0's, which the guest may read but not write. */
#define MM_KEY_POLICY	   "memory/xenmm"
#define MM_POLICY_TEXT_MAX 256 /* with the terminator */

/* Wishes that may be silent. */
enum mm_choice { MM_CHOICE_UNSET, MM_CHOICE_NO, MM_CHOICE_YES };

struct mm_guest_policy {
	bool has_min, has_max;
	uint64_t min_kib;
	uint64_t max_kib; /* 0: its own maximum alone */
	uint32_t weight;  /* 1 to MM_WEIGHT_MAX; 0: unset */
	enum mm_choice exclude;
	enum mm_choice probing;
};

/*
 * Parses words as above, separated by blanks; "" is a policy that says nothing. Returns 0, -EINVAL or
 * -ERANGE; err then holds one line that names word, value and limit, and *ret_policy is untouched.
 */
int mm_guest_policy_parse(
	const char *text, struct mm_guest_policy *ret_policy, char *err, size_t err_size);

/* The words' keys ("min", ...), for lists and suggestions: number i, or NULL past the last. */
const char *mm_guest_policy_key(size_t i);

/* Writes what mm_guest_policy_parse() takes back. Returns 0 or -ENOSPC (MM_POLICY_TEXT_MAX suffices). */
int mm_guest_policy_format(const struct mm_guest_policy *policy, char *buf, size_t size);

/*
 * Lays `over` on top of *policy: what it says wins, where it is silent *policy stays. Where the two together would
 * have a minimum above the maximum, the one that `over` does not name is moved to the one that it does.
 */
void mm_guest_policy_merge(struct mm_guest_policy *policy, const struct mm_guest_policy *over);

#endif
