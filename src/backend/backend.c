/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chooses a back end by name; and the one place where real time is waited for. */
#include "xenmm/backend.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

typedef int mm_backend_opener(
	const struct mm_backend_options *o, char *err, size_t n, struct mm_backend **ret);

#ifndef XENMM_WITH_XEN
int mm_backend_xen_open(
	const struct mm_backend_options *o, char *err, size_t n, struct mm_backend **ret)
{
	(void)o;
	(void)ret;
	snprintf(err, n,
		"this mmserver was built without Xen (XENMM_WITH_XEN=OFF): use --backend=sim");
	return -ENOENT;
}
#endif

static const struct {
	const char *name;
	mm_backend_opener *open;
} backends[] = {
	{"xen", mm_backend_xen_open},
	{"sim", mm_backend_sim_open},
	{"replay", mm_backend_replay_open},
};

int mm_backend_open(const char *name, const struct mm_backend_options *options, char *err,
	size_t err_size, struct mm_backend **ret_backend)
{
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		if (strcmp(name, backends[i].name) == 0)
			return backends[i].open(options, err, err_size, ret_backend);
	}
	snprintf(err, err_size, "no back end \"%s\": must be xen, sim or replay", name);
	return -ENOENT;
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/*
 * A timer and single turns of the loop rather than event_base_loopexit(): its exit would stay
 * behind in the base when the caller breaks out first, and end a later wait at once.
 */
int mm_backend_loop_ms(struct event_base *base, uint64_t ms)
{
	struct timeval tv = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (long)(ms % 1000) * 1000};
	bool is_over = false;
	struct event *timer;
	int r = 0;

	if (ms == 0)
		return event_base_loop(base, EVLOOP_NONBLOCK) < 0 ? -EIO : 0;
	timer = evtimer_new(base, on_timeout, &is_over);
	if (!timer)
		return -EIO;
	if (evtimer_add(timer, &tv) < 0)
		r = -EIO;
	while (r == 0 && !is_over) {
		if (event_base_loop(base, EVLOOP_ONCE) < 0)
			r = -EIO;
		if (event_base_got_break(base) || event_base_got_exit(base))
			break;
	}
	event_free(timer);
	return r;
}
