/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/rate.h"

#include <netinet/in.h>
#include <string.h>

#include "xenmm/units.h"

#define COST_MS	  (1000u / MM_RATE_PER_SECOND) /* a request's, in time that passes */
#define CREDIT_MS ((uint64_t)MM_RATE_BURST * COST_MS)

/* Who has a network of IPv6 has all its addresses. */
static void key_of(const struct sockaddr *address, uint8_t key[16])
{
	memset(key, 0, 16);
	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;

		key[10] = key[11] = 0xff;
		memcpy(key + 12, &v4->sin_addr, 4);
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
		bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);

		memcpy(key, &v6->sin6_addr, is_mapped ? 16 : 8);
	}
}

/* The address' account, or the one that was not used for longest. */
static struct mm_rate_entry *find(struct mm_rate *rate, const uint8_t key[16])
{
	struct mm_rate_entry *oldest = &rate->entries[0];

	for (size_t i = 0; i < MM_RATE_ADDRESSES; i++) {
		struct mm_rate_entry *entry = &rate->entries[i];

		if (entry->last_ms && !memcmp(entry->address, key, 16))
			return entry;
		if (entry->last_ms < oldest->last_ms)
			oldest = entry;
	}
	memcpy(oldest->address, key, 16);
	oldest->last_ms = 0;
	oldest->credit_ms = CREDIT_MS;
	return oldest;
}

bool mm_rate_take(
	struct mm_rate *rate, const struct sockaddr *address, unsigned requests, uint64_t now_ms)
{
	uint64_t cost_ms = (uint64_t)requests * COST_MS;
	struct mm_rate_entry *entry;
	uint8_t key[16];

	key_of(address, key);
	entry = find(rate, key);
	if (entry->last_ms)
		entry->credit_ms = mm_min_u64(
			entry->credit_ms + mm_sub_floor(now_ms, entry->last_ms), CREDIT_MS);
	entry->last_ms = now_ms ? now_ms : 1;
	if (entry->credit_ms < cost_ms) {
		if (requests > 1) /* who guesses pays what he has */
			entry->credit_ms = 0;
		return false;
	}
	entry->credit_ms -= cost_ms;
	return true;
}
