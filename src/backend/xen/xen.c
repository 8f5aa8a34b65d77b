/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The real world: libxenctrl for what domains hold, libxenstore for what guests say, libxl for
 * targets. Opening, sampling and closing; the parts are in the other files of this folder. No Xen
 * type leaves it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "xen_private.h"
#include "xenmm/units.h"

/* A lost store is tried again after this, then twice as long, up to the second. */
#define RETRY_MS     500u
#define RETRY_MAX_MS 8000u

/* Keys that could not be made are tried again after this. */
#define KEYS_AGAIN_MS 1000u

/*
 * A sample spends no more time than this on the store: with a thousand new guests it would take
 * longer, and the program has to show the watchdog a sign of life.
 */
#define REFRESH_MAX_MS 2000u

#define PROC "/proc"

uint64_t mm_xen_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- the store's connection ----------------------------------------------------- */

static bool has_store_domain(struct mm_xen *x)
{
	xc_domaininfo_t info;

	for (uint32_t domid = 1; xc_domain_getinfolist(x->xc, domid, 1, &info) == 1;
		domid = info.domain + 1u)
		if (info.flags & XEN_DOMINF_xs_domain)
			return true;
	return false;
}

static int watch_host(struct mm_xen *x)
{
	char token[MM_TOKEN_MAX];

	for (int watch = MM_WATCH_GUEST_COUNT; watch < MM_WATCH_COUNT; watch++) {
		int r;

		mm_token_format(token, (enum mm_watch)watch, 0, 0);
		r = mm_store_watch(&x->store, mm_watch_path((enum mm_watch)watch), token);
		if (r < 0)
			return r;
	}
	return 0;
}

static void disconnect(struct mm_xen *x)
{
	mm_loop_reset(&x->loop); /* before its descriptor goes */
	mm_store_close(&x->store);
	mm_xen_close_libxl(x); /* has a connection of its own, which is no better */
	for (size_t i = 0; i < x->guest_count; i++)
		mm_guest_forget_watches(x->guests[i]);
}

static int connect_store(struct mm_xen *x)
{
	int r = mm_store_open(&x->store, has_store_domain(x));

	if (r == 0)
		r = watch_host(x);
	if (r < 0)
		disconnect(x);
	return r;
}

/* The connection is gone: waits a little longer with each try. */
static int lose(struct mm_xen *x, uint64_t now_ms)
{
	disconnect(x);
	x->retry_wait_ms =
		x->retry_wait_ms ? mm_min_u64(2 * x->retry_wait_ms, RETRY_MAX_MS) : RETRY_MS;
	x->retry_ms = now_ms + x->retry_wait_ms;
	return -EAGAIN;
}

/* ---- sampling ------------------------------------------------------------------- */

/* Gives a guest its keys, where it has none yet. */
static int give_keys(struct mm_xen *x, struct mm_guest *guest, uint64_t now_ms)
{
	int r;

	if (guest->has_keys || !guest->has_target || x->is_dry_run || now_ms < guest->keys_ms)
		return 0;
	r = mm_guest_make_keys(&x->store, guest->domid);
	guest->has_keys = r == 0;
	guest->keys_ms = now_ms + KEYS_AGAIN_MS;
	return r == -ENOTCONN ? r : 0;
}

static int refresh_guest(struct mm_xen *x, struct mm_guest *guest, uint64_t now_ms)
{
	int r = mm_guest_watch(guest, &x->store, now_ms);

	if (r != -ENOTCONN)
		r = mm_guest_refresh(guest, &x->store, now_ms);
	return r < 0 ? r : give_keys(x, guest, now_ms);
}

/*
 * What the store has to say about the guests; nothing is asked about those that kept quiet. When
 * time runs out the rest waits for the next round, which begins with it.
 */
static int refresh_guests(struct mm_xen *x, uint64_t now_ms)
{
	size_t first = x->refresh_first < x->guest_count ? x->refresh_first : 0;

	x->refresh_first = 0;
	for (size_t i = 0; i < x->guest_count; i++) {
		size_t at = (first + i) % x->guest_count;
		int r = refresh_guest(x, x->guests[at], now_ms);

		if (r < 0)
			return r;
		if (mm_xen_now_ms() - now_ms > REFRESH_MAX_MS && i + 1 < x->guest_count) {
			x->refresh_first = at + 1;
			mm_xen_call_round(x, mm_xen_now_ms());
			break;
		}
	}
	return 0;
}

static void look_for_helpers(struct mm_xen *x, uint64_t now_ms)
{
	bool is_urgent = false;

	for (size_t i = 0; i < x->guest_count; i++)
		is_urgent |= mm_suspend_is_due(&x->guests[i]->suspend, now_ms);
	mm_saving_look(&x->saving, PROC, now_ms, is_urgent);
}

static int sample(struct mm_backend *b, struct mm_snapshot *snap)
{
	struct mm_xen *x = (struct mm_xen *)b;
	uint64_t now_ms = mm_xen_now_ms();
	int r = 0;

	mm_snapshot_clear(snap);
	snap->now_ms = now_ms;
	x->sampled_ms = now_ms;
	x->loop.round_ms = 0;
	if (!x->store.xs) {
		if (now_ms < x->retry_ms)
			return -EAGAIN;
		r = connect_store(x);
	}
	if (r == 0)
		r = mm_xen_drain(x, now_ms);
	if (r < 0)
		return lose(x, now_ms);
	x->loop.round_ms = 0; /* what was drained just now is served here */
	r = mm_xen_list(x);
	if (r < 0)
		return -EAGAIN;
	r = refresh_guests(x, now_ms);
	if (r < 0)
		return lose(x, now_ms);
	x->retry_wait_ms = 0;
	look_for_helpers(x, now_ms);
	r = mm_xen_fill(x, snap, now_ms);
	x->sample_cost_ms = mm_xen_now_ms() - now_ms;
	if (r < 0) {
		mm_snapshot_clear(snap);
		snap->now_ms = now_ms;
		return -EAGAIN;
	}
	return 0;
}

/* ---- opening and closing -------------------------------------------------------- */

static const char *last_error(struct mm_backend *b)
{
	return ((struct mm_xen *)b)->last_error;
}

static void close_xen(struct mm_backend *b)
{
	struct mm_xen *x = (struct mm_xen *)b;

	mm_loop_reset(&x->loop);
	if (x->insides)
		mm_insides_join(x->insides, NULL);
	mm_lowmem_close(&x->low);
	/* the watches end with the connection */
	mm_store_close(&x->store);
	for (size_t i = 0; i < x->guest_count; i++)
		mm_guest_free(x->guests[i], &x->store);
	mm_insides_free(x->insides);
	mm_xen_close_libxl(x);
	if (x->xc)
		xc_interface_close(x->xc);
	if (x->lock_fd >= 0)
		close(x->lock_fd); /* and so unlocks; the file stays, as removing it would race with
				      the next one */
	free(x->guests);
	free(x->next_guests);
	free(x->infos);
	free(x);
}

static const struct mm_backend_ops xen_ops = {
	.name = "xen",
	.sample = sample,
	.configure = mm_xen_configure,
	.set_target = mm_xen_set_target,
	.wait = mm_xen_wait,
	.last_error = last_error,
	.note = mm_xen_note,
	.close = close_xen,
};

static int open_all(struct mm_xen *x, char *err, size_t err_size)
{
	int r = mm_place_check(err, err_size);

	if (r == 0 && !x->is_dry_run)
		r = mm_place_lock(&x->lock_fd, err, err_size);
	if (r < 0)
		return r;
	x->xc = xc_interface_open(&x->logger.vtable, &x->logger.vtable, 0);
	if (!x->xc) {
		snprintf(err, err_size, "cannot talk to Xen: %s", x->logger.text);
		return errno == EACCES || errno == EPERM ? -EPERM : -ENODEV;
	}
	r = connect_store(x);
	if (r < 0)
		snprintf(err, err_size, "cannot connect to xenstored at %s: is it running?",
			xs_daemon_socket());
	if (r < 0)
		return r;
	if (!x->is_dry_run) /* which may run beside the mmserver whose event it is */
		mm_lowmem_open(&x->low, &x->logger);
	mm_xen_look_for_autoballoon(x);
	return 0;
}

int mm_backend_xen_open(
	const struct mm_backend_options *o, char *err, size_t n, struct mm_backend **ret)
{
	struct mm_xen *x = calloc(1, sizeof(*x));
	int r;

	if (!x) {
		snprintf(err, n, "out of memory");
		return -ENOMEM;
	}
	x->base.ops = &xen_ops;
	x->is_dry_run = o->is_dry_run;
	x->lock_fd = -1;
	mm_logger_init(&x->logger);
	r = open_all(x, err, n);
	if (r < 0) {
		close_xen(&x->base);
		return r;
	}
	*ret = &x->base;
	return 0;
}
