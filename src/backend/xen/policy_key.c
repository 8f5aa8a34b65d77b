/* SPDX-License-Identifier: GPL-3.0-or-later */
/* See policy_key.h. */
#include "policy_key.h"

#include <stdio.h>
#include <string.h>

void mm_policy_key_clear(struct mm_policy_key *key)
{
	memset(&key->policy, 0, sizeof(key->policy));
	key->fault[0] = '\0';
}

void mm_policy_key_hear(struct mm_policy_key *key, const char *text, size_t len)
{
	char why[sizeof(key->fault) - 64];

	key->fault[0] = '\0';
	if (strlen(text) != len) {
		snprintf(key->fault, sizeof(key->fault), MM_KEY_POLICY " is no text");
		return;
	}
	if (mm_guest_policy_parse(text, &key->policy, why, sizeof(why)) < 0)
		snprintf(key->fault, sizeof(key->fault),
			MM_KEY_POLICY ": %s; what held before goes on", why);
}

void mm_policy_key_refuse(struct mm_policy_key *key)
{
	mm_policy_key_clear(key);
	if (!key->was_foreign)
		snprintf(key->fault, sizeof(key->fault),
			MM_KEY_POLICY " is ignored: it must be dom0's, and writable by dom0 alone");
	key->was_foreign = true;
}
