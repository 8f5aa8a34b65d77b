/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Waiting, and listening to the store meanwhile. However fast guests write, the store is listened
 * to at most every PACE_MS and a round is called at most every ROUND_GAP_MS; and a guest that goes
 * on writing is put aside by mm_guest_event() before its events pile up in libxenstore, which takes
 * them in at any time.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "xen_private.h"
#include "xenmm/units.h"

/* Between two looks at the store's events; many writes then cost one wake-up. */
#define PACE_MS 20u

/*
 * A round comes so long after the event that calls for it: what belongs together arrives together
 * ...
 */
#define GATHER_MS 10u

/*
 * ... and so long after the round before it. A sample that takes long stretches that, so that
 * sampling takes a tenth of the time at most.
 */
#define ROUND_GAP_MS	 50u
#define ROUND_GAP_MAX_MS 500u
#define ROUND_GAP_FACTOR 10u

/* At a time. Above what xenstored delivers in PACE_MS, so this bounds a look and loses nothing. */
#define DRAIN_MAX 4096

static void set_timer(struct event *timer, uint64_t ms)
{
	struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	/* fails only for want of memory; the next wait sets it again */
	(void)event_add(timer, &tv);
}

void mm_xen_call_round(struct mm_xen *x, uint64_t now_ms)
{
	struct mm_loop *loop = &x->loop;
	uint64_t gap_ms = mm_max_u64(ROUND_GAP_MS, ROUND_GAP_FACTOR * x->sample_cost_ms);

	if (loop->round_ms)
		return;
	gap_ms = mm_min_u64(gap_ms, ROUND_GAP_MAX_MS);
	loop->round_ms = mm_max_u64(now_ms + GATHER_MS, x->sampled_ms + gap_ms);
	if (loop->base && loop->round_ms < loop->until_ms) {
		loop->until_ms = loop->round_ms;
		set_timer(loop->timer, loop->round_ms - now_ms);
	}
}

static void take_event(struct mm_xen *x, const char *path, const char *token, uint64_t now_ms)
{
	struct mm_guest *guest;
	enum mm_watch watch;
	uint32_t domid, serial;

	if (mm_token_parse(token, &watch, &domid, &serial) < 0)
		return;
	if (watch >= MM_WATCH_GUEST_COUNT) {
		mm_xen_call_round(x, now_ms);
		return;
	}
	guest = mm_xen_find(x, domid);
	if (guest && guest->serial == serial &&
		mm_guest_event(guest, &x->store, watch, path, now_ms))
		mm_xen_call_round(x, now_ms);
}

int mm_xen_drain(struct mm_xen *x, uint64_t now_ms)
{
	char **event;
	int r = 0;

	for (int i = 0; i < DRAIN_MAX; i++) {
		r = mm_store_next(&x->store, &event);
		if (r <= 0)
			break;
		take_event(x, event[XS_WATCH_PATH], event[XS_WATCH_TOKEN], now_ms);
		free(event);
	}
	return r < 0 ? r : 0;
}

/* ---- libevent ------------------------------------------------------------------- */

static void on_store(evutil_socket_t fd, short what, void *arg)
{
	struct mm_xen *x = arg;

	(void)fd;
	(void)what;
	(void)event_del(x->loop.store);
	/* a lost connection shows again, and is dealt with, in the next sample */
	if (mm_xen_drain(x, mm_xen_now_ms()) == 0)
		set_timer(x->loop.pace, PACE_MS);
	else
		mm_xen_call_round(x, mm_xen_now_ms());
}

static void on_pace(evutil_socket_t fd, short what, void *arg)
{
	struct mm_xen *x = arg;

	(void)fd;
	(void)what;
	(void)event_add(x->loop.store, NULL);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct mm_loop *loop = arg;

	(void)fd;
	(void)what;
	loop->is_over = true;
}

static void free_event(struct event **event)
{
	if (*event)
		event_free(*event);
	*event = NULL;
}

void mm_loop_reset(struct mm_loop *loop)
{
	free_event(&loop->store);
	free_event(&loop->pace);
	free_event(&loop->timer);
	free_event(&loop->low);
	loop->base = NULL;
}

/* Registers our events with the base we are to wait in, if that has not been done. */
static int join(struct mm_xen *x, struct event_base *base)
{
	struct mm_loop *loop = &x->loop;

	if (loop->base == base && (loop->store || !x->store.xs))
		return 0;
	mm_loop_reset(loop);
	loop->timer = evtimer_new(base, on_timer, loop);
	loop->pace = evtimer_new(base, on_pace, x);
	if (x->store.xs)
		loop->store = event_new(base, xs_fileno(x->store.xs), EV_READ, on_store, x);
	if (!loop->timer || !loop->pace ||
		(x->store.xs && (!loop->store || event_add(loop->store, NULL) < 0)) ||
		mm_lowmem_join(x, base, &loop->low) < 0) {
		mm_loop_reset(loop);
		return -ENOMEM;
	}
	loop->base = base;
	return 0;
}

int mm_xen_wait(struct mm_backend *b, struct event_base *base, uint64_t until_ms)
{
	struct mm_xen *x = (struct mm_xen *)b;
	struct mm_loop *loop = &x->loop;
	int r = join(x, base);

	if (r < 0)
		return r;
	if (x->insides)
		mm_insides_join(x->insides, base);
	if (loop->round_ms)
		until_ms = mm_min_u64(until_ms, loop->round_ms);
	if (!x->store.xs) /* lost: no event will tell when it can be had again */
		until_ms = mm_min_u64(until_ms, x->retry_ms);
	loop->until_ms = until_ms;
	loop->is_over = false;
	set_timer(loop->timer, mm_sub_floor(until_ms, mm_xen_now_ms()));
	/* single turns: event_base_loopexit() would leave its mark for a later wait */
	while (!loop->is_over) {
		if (event_base_loop(base, EVLOOP_ONCE) < 0)
			return -EIO;
		if (event_base_got_break(base) || event_base_got_exit(base))
			break;
	}
	(void)event_del(loop->timer);
	return 0;
}
