/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Xen's own alarm: VIRQ_ENOMEM, sent to dom0 when free memory of the host falls below a limit (64 MiB unless Xen's
 * low_mem_virq_limit says otherwise) and each time it halves from there. One program at a time can have it.
 */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "xen_private.h"

/* Told at most this often; a host may stay near the limit for hours. */
#define TOLD_MS 60000u

void mm_lowmem_open(struct mm_lowmem *low, struct mm_logger *logger)
{
	low->handle = xenevtchn_open(&logger->vtable, 0);
	if (!low->handle) {
		low->error = errno;
		return;
	}
	low->port = xenevtchn_bind_virq(low->handle, VIRQ_ENOMEM);
	if (low->port >= 0)
		return;
	low->error = errno;
	mm_lowmem_close(low);
}

void mm_lowmem_close(struct mm_lowmem *low)
{
	if (low->handle)
		(void)xenevtchn_close(low->handle); /* and so unbinds; nothing to be done if not */
	low->handle = NULL;
}

/* Called when the descriptor is readable: asked at another time xenevtchn_pending() may block. */
static void on_low(evutil_socket_t fd, short what, void *arg)
{
	struct mm_xen *x = arg;
	xenevtchn_port_or_error_t port = xenevtchn_pending(x->low.handle);

	(void)fd;
	(void)what;
	if (port < 0)
		return;
	/* for the next one; without it there would be none, which costs no more than the alarm */
	(void)xenevtchn_unmask(x->low.handle, (evtchn_port_t)port);
	x->low.is_heard = true;
	mm_xen_call_round(x, mm_xen_now_ms());
}

int mm_lowmem_join(struct mm_xen *x, struct event_base *base, struct event **ret_event)
{
	struct event *event;

	if (!x->low.handle)
		return 0;
	event = event_new(base, xenevtchn_fd(x->low.handle), EV_READ | EV_PERSIST, on_low, x);
	if (!event)
		return -ENOMEM;
	if (event_add(event, NULL) < 0) {
		event_free(event);
		return -ENOMEM;
	}
	*ret_event = event;
	return 0;
}

static bool note_error(struct mm_lowmem *low, struct mm_note *ret_note)
{
	if (low->error == EEXIST)
		snprintf(ret_note->text, sizeof(ret_note->text),
			"Xen's low-memory event belongs to another program (xen-lowmemd?); the "
			"rounds will show it, too");
	else
		snprintf(ret_note->text, sizeof(ret_note->text),
			"Xen's low-memory event cannot be had: %s; the rounds will show it, too",
			strerror(low->error));
	ret_note->is_warning = false;
	low->error = 0;
	return true;
}

bool mm_lowmem_note(
	struct mm_lowmem *low, uint64_t free_kib, uint64_t now_ms, struct mm_note *ret_note)
{
	if (low->error)
		return note_error(low, ret_note);
	if (!low->is_heard)
		return false;
	low->is_heard = false;
	if (low->told_ms && now_ms - low->told_ms < TOLD_MS)
		return false;
	low->told_ms = now_ms;
	snprintf(ret_note->text, sizeof(ret_note->text),
		"Xen says that host memory is low: %" PRIu64 " KiB free", free_kib);
	ret_note->is_warning = true;
	return true;
}
