/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How often an address may ask: so many requests at once, then so many a second. Pure: the caller has the clock. */
#ifndef XENMM_MON_RATE_H
#define XENMM_MON_RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define MM_RATE_BURST	   100
#define MM_RATE_PER_SECOND 20
#define MM_RATE_WRONG	   10 /* what a wrong token costs */
#define MM_RATE_ADDRESSES  128

/* Zeroed: nobody has asked yet. */
struct mm_rate {
	struct mm_rate_entry {
		uint8_t address[16]; /* IPv4 in its place; of IPv6 the network, 64 bits */
		uint64_t credit_ms;
		uint64_t last_ms;
	} entries[MM_RATE_ADDRESSES];
};

/* Takes the cost of `requests` from that address' account. Returns whether there was enough: false is a refusal. */
bool mm_rate_take(
	struct mm_rate *rate, const struct sockaddr *address, unsigned requests, uint64_t now_ms);

#endif
