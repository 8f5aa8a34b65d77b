/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/client.h"

static void fill(const struct mm_mon_client *client, const struct mm_look_guest *guest,
	struct mm_mon_guest *ret_seen)
{
	*ret_seen = (struct mm_mon_guest){
		.host = client->host,
		.domid = guest->domid,
		.uuid = guest->uuid,
		.name = guest->name,
		.type = guest->type,
		.state = guest->state,
		.sample = guest->now,
		.before = guest->before,
		.reason = guest->reason,
		.reason_text = guest->reason_text,
		.age_ms = guest->age_ms,
		.is_stale = guest->now && guest->age_ms > mm_mon_stale_ms(client->settings),
		.samples = guest->samples,
		.failures = guest->failures,
		.cost_us = guest->cost_us,
	};
}

static size_t count(const void *arg)
{
	const struct mm_mon_client *client = arg;

	return mm_look_count(client->look);
}

static void get(const void *arg, size_t i, struct mm_mon_guest *ret_seen)
{
	const struct mm_mon_client *client = arg;

	fill(client, mm_look_guest(client->look, i), ret_seen);
}

static bool find(const void *arg, const char *uuid, struct mm_mon_guest *ret_seen)
{
	const struct mm_mon_client *client = arg;
	const struct mm_look_guest *guest = mm_look_find(client->look, uuid);

	if (guest)
		fill(client, guest, ret_seen);
	return guest != NULL;
}

struct mm_mon_source mm_mon_client_source(struct mm_mon_client *client)
{
	return (struct mm_mon_source){.arg = client, .count = count, .get = get, .find = find};
}
