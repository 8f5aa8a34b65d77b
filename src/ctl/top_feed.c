/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "top_feed.h"

#include <stdio.h>
#include <string.h>

#include "xenmm/units.h"

#define HISTORY_MS    (-300000) /* the finest there is */
#define DECISIONS_MAX 32

/* Rounds come each 2 s at least, or each interval: three of them may be late. */
#define STALE_ROUNDS 3
#define STALE_MIN_MS 6000

static json_t *request(const struct mm_top_feed *feed)
{
	switch (feed->asked) {
	case MM_TOP_ASKED_WHY:
		return json_pack("{ss ss si}", "request", "why", "guest", feed->guest, "count",
			DECISIONS_MAX);
	case MM_TOP_ASKED_HISTORY:
		return json_pack("{ss ss si}", "request", "history", "guest", feed->guest, "since",
			HISTORY_MS);
	default:
		return json_pack("{ss}", "request", "status");
	}
}

static void send_request(struct mm_top_feed *feed, enum mm_top_asked asked)
{
	feed->asked = asked;
	feed->client.why = feed->why;
	feed->client.why_size = sizeof(feed->why);
	if (mm_client_send(&feed->client, request(feed))) {
		feed->asked = MM_TOP_ASKED_NOTHING;
		feed->is_lost = true;
	}
}

void mm_top_feed_ask(struct mm_top_feed *feed, uint64_t now_ms)
{
	if (feed->good_ms == 0)
		feed->good_ms = now_ms;
	if (feed->asked != MM_TOP_ASKED_NOTHING)
		return;
	feed->has_retried = false;
	send_request(feed, MM_TOP_ASKED_STATUS);
}

static void keep(json_t **slot, json_t *answer)
{
	json_decref(*slot);
	*slot = answer;
}

static void take_status(struct mm_top_feed *feed, json_t *answer, uint64_t now_ms)
{
	uint64_t rounds = mm_client_kib(json_object_get(answer, "server"), "rounds");

	keep(&feed->status, answer);
	feed->answers++;
	feed->is_lost = false;
	if (feed->rounds != rounds || feed->answers == 1)
		feed->good_ms = now_ms;
	feed->rounds = rounds;
}

/* An answer, in its place; then the next question. */
static void take_answer(struct mm_top_feed *feed, json_t *answer, uint64_t now_ms)
{
	enum mm_top_asked asked = feed->asked;

	feed->asked = MM_TOP_ASKED_NOTHING;
	if (asked == MM_TOP_ASKED_STATUS) {
		if (json_is_true(json_object_get(answer, "ok"))) {
			take_status(feed, answer, now_ms);
		} else {
			json_decref(answer);
			feed->is_lost = true;
		}
		if (*feed->guest)
			send_request(feed, MM_TOP_ASKED_WHY);
	} else if (asked == MM_TOP_ASKED_WHY) {
		keep(&feed->decisions, answer);
		send_request(feed, MM_TOP_ASKED_HISTORY);
	} else if (asked == MM_TOP_ASKED_HISTORY) {
		keep(&feed->history, answer);
	} else {
		json_decref(answer); /* of a guest that nobody looks at any more */
	}
}

bool mm_top_feed_read(struct mm_top_feed *feed, uint64_t now_ms)
{
	enum mm_top_asked asked = feed->asked;
	json_t *answer;

	(void)mm_client_take(&feed->client, &answer);
	if (answer) {
		take_answer(feed, answer, now_ms);
		return true;
	}
	if (mm_client_is_open(&feed->client) || asked == MM_TOP_ASKED_NOTHING)
		return false; /* to be continued; or the server closed a connection that was idle */
	feed->asked = MM_TOP_ASKED_NOTHING;
	if (feed->has_retried) {
		feed->is_lost = true;
	} else { /* it may have closed it just when we asked */
		feed->has_retried = true;
		send_request(feed, MM_TOP_ASKED_STATUS);
	}
	return true;
}

void mm_top_feed_guest(struct mm_top_feed *feed, const char *uuid)
{
	if (!strcmp(feed->guest, uuid))
		return;
	snprintf(feed->guest, sizeof(feed->guest), "%s", uuid);
	keep(&feed->history, NULL);
	keep(&feed->decisions, NULL);
	if (feed->asked == MM_TOP_ASKED_WHY || feed->asked == MM_TOP_ASKED_HISTORY) {
		mm_client_close(&feed->client); /* that answer would be of the other guest */
		feed->asked = MM_TOP_ASKED_NOTHING;
	}
}

const char *mm_top_feed_trouble(
	const struct mm_top_feed *feed, uint64_t now_ms, uint64_t *ret_age_ms)
{
	uint64_t interval_ms =
		mm_client_kib(json_object_get(feed->status, "server"), "interval_ms");
	uint64_t age_ms = mm_sub_floor(now_ms, feed->good_ms);

	*ret_age_ms = age_ms;
	if (feed->is_lost)
		return feed->why;
	if (age_ms <= feed->delay_ms + mm_max_u64(STALE_ROUNDS * interval_ms, STALE_MIN_MS))
		return NULL;
	return feed->asked == MM_TOP_ASKED_NOTHING ? "mmserver makes no round any more"
						   : "mmserver does not answer";
}

void mm_top_feed_free(struct mm_top_feed *feed)
{
	mm_client_close(&feed->client);
	json_decref(feed->status);
	json_decref(feed->history);
	json_decref(feed->decisions);
	*feed = (struct mm_top_feed){0};
}
