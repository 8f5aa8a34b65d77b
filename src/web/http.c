/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libmicrohttpd does HTTP; it shares our event loop through its epoll descriptor, so that there is no second thread. It is
 * called while the loop waits for the next round, for short goes, and while it has not had its share of the time.
 */
#include "http.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "http_private.h"

/*
 * Of a connection: a request's head (half of it at first), what is noted of it, and the answer's head. Four times what we
 * allow, so that we and not the library say that a head is too long, and that a message of 300 guests goes in one piece.
 */
#define CONNECTION_BYTES ((size_t)4 * MM_WEB_HEAD_MAX)

/* Requests that waited for their turn get it in such groups. */
#define WAITING_IN_A_GO 8

bool mm_http_is_built(void)
{
	return true;
}

int mm_http_check(const char *address, char *err, size_t err_size)
{
	union mm_web_address where;
	int r = mm_web_address_parse(address, &where);

	if (r)
		snprintf(err, err_size,
			"http: '%s' is not off or an address and port such as %s or [::1]:9091",
			address, MM_HTTP_DEFAULT);
	return r;
}

bool mm_http_is_exposed(const char *address)
{
	union mm_web_address where;

	return !mm_web_address_parse(address, &where) && !mm_web_address_is_loopback(&where);
}

/* ---- in the loop ------------------------------------------------------------------------------- */

static uint64_t cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void call_after(struct event *event, uint64_t us)
{
	const struct timeval tv = {
		.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};

	(void)event_add(event, &tv); /* without memory for it the next request or round goes on */
}

/* When to go on without being called by the kernel. */
static void schedule(struct mm_http *http)
{
	uint64_t wait_us = mm_budget_wait_us(&http->budget, mm_clock_us());
	MHD_UNSIGNED_LONG_LONG ms = 0;

	if (wait_us > 0) {
		(void)event_del(http->readable);
		call_after(http->timeout, wait_us);
		return;
	}
	(void)event_add(http->readable, NULL);
	if (http->waiting)
		call_after(http->timeout, 0);
	else if (MHD_get_timeout(http->daemon, &ms) == MHD_YES)
		call_after(http->timeout, ms * 1000);
	else
		(void)event_del(http->timeout);
}

static unsigned connection_count(const struct mm_http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info ? info->num_connections : 0;
}

/*
 * The daemon does not listen while all its connections, or the process' descriptors, are in use. It looks whether it can again
 * when a run begins; if this run ended them all, nothing else would call for the next one.
 */
static void run_daemon(struct mm_http *http)
{
	unsigned before = connection_count(http);

	(void)MHD_run(http->daemon);
	if (connection_count(http) < before)
		(void)MHD_run(http->daemon);
}

/* One go of the daemon, if its share of the time allows. */
static void go(struct mm_http *http)
{
	uint64_t begin_us = cpu_us();

	if (mm_budget_wait_us(&http->budget, mm_clock_us()) == 0) {
		http->answered_us = 0;
		mm_serve_waiting(http, WAITING_IN_A_GO);
		run_daemon(http);
		mm_budget_spend(&http->budget, mm_clock_us(), cpu_us() - begin_us);
	}
	schedule(http);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	go(arg);
}

static void on_news(evutil_socket_t fd, short what, void *arg)
{
	struct mm_http *http = arg;
	uint64_t wait_us = mm_budget_wait_us(&http->budget, mm_clock_us());
	uint64_t begin_us = cpu_us();

	(void)fd;
	(void)what;
	if (wait_us > 0) { /* what happens until then is in the same message */
		call_after(http->news, wait_us);
		return;
	}
	mm_stream_publish(http);
	mm_budget_spend(&http->budget, mm_clock_us(), cpu_us() - begin_us);
	go(http);
}

void mm_http_round(struct mm_http *http)
{
	if (!http)
		return;
	mm_publisher_note(&http->publisher);
	if (http->streams && !event_pending(http->news, EV_TIMEOUT, NULL))
		call_after(http->news, 0);
}

/* ---- opening ----------------------------------------------------------------------------------- */

static void add_name(struct mm_web_names *names, const char *name)
{
	if (name[0] && strlen(name) < MM_WEB_NAME_MAX)
		strcpy(names->name[names->count++], name);
}

/*
 * What this host is called; the long name, for which the resolver may have to be asked, only where others than this host
 * itself can use it.
 */
static void find_names(struct mm_web_names *names, bool is_exposed)
{
	const struct addrinfo hints = {.ai_flags = AI_CANONNAME};
	struct addrinfo *info = NULL;
	char name[MM_WEB_NAME_MAX] = "";

	if (gethostname(name, sizeof(name) - 1))
		return;
	add_name(names, name);
	if (!is_exposed || getaddrinfo(name, NULL, &hints, &info))
		return;
	if (info->ai_canonname)
		add_name(names, info->ai_canonname);
	freeaddrinfo(info);
}

static int start_daemon(struct mm_http *http, const union mm_web_address *where)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;

	if (where->any.sa_family == AF_INET6)
		flags |= MHD_USE_DUAL_STACK; /* [::] is every address of this host */
	errno = 0;
	http->daemon = MHD_start_daemon(flags, 0, NULL, NULL, mm_serve_request, http,
		MHD_OPTION_SOCK_ADDR, &where->any, MHD_OPTION_CONNECTION_LIMIT, MM_HTTP_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, MM_HTTP_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT,
		1, MHD_OPTION_URI_LOG_CALLBACK, mm_serve_begin, http, MHD_OPTION_NOTIFY_COMPLETED,
		mm_serve_end, http, MHD_OPTION_NOTIFY_CONNECTION, mm_web_peer_notify, &http->peers,
		MHD_OPTION_END);
	if (http->daemon)
		return 0;
	return errno ? -errno : -EADDRINUSE;
}

static int join_loop(struct mm_http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info)
		return -EIO;
	http->readable =
		event_new(http->base, info->epoll_fd, EV_READ | EV_PERSIST, on_event, http);
	if (!http->readable || event_add(http->readable, NULL))
		return -ENOMEM;
	return 0;
}

static int open_parts(struct mm_http *http, const union mm_web_address *where)
{
	int r;

	http->timeout = evtimer_new(http->base, on_event, http);
	http->news = evtimer_new(http->base, on_news, http);
	if (!http->timeout || !http->news || mm_web_peers_open(&http->peers, http->base))
		return -ENOMEM;
	r = start_daemon(http, where);
	return r ? r : join_loop(http);
}

int mm_http_open(const char *address, struct event_base *base, const struct mm_journal *journal,
	char *err, size_t err_size, struct mm_http **ret_http)
{
	union mm_web_address where;
	struct mm_http *http;
	int r = mm_http_check(address, err, err_size);

	if (r)
		return r;
	(void)mm_web_address_parse(address, &where); /* it was right just now */
	http = calloc(1, sizeof(*http));
	if (!http) {
		snprintf(err, err_size, "http: out of memory");
		return -ENOMEM;
	}
	http->base = base;
	http->answers.journal = journal;
	http->publisher.journal = journal;
	http->waiting_end = &http->waiting;
	mm_budget_init(&http->budget, mm_clock_us());
	find_names(&http->names, !mm_web_address_is_loopback(&where));
	r = open_parts(http, &where);
	if (r) {
		snprintf(err, err_size, "http: cannot listen on %s: %s", address, strerror(-r));
		mm_http_close(http);
		return r;
	}
	*ret_http = http;
	return 0;
}

/* The daemon does not like to end while a connection is suspended. */
static void stop_daemon(struct mm_http *http)
{
	http->is_closing = true;
	mm_serve_waiting(http, SIZE_MAX);
	mm_stream_wake_all(http);
	MHD_stop_daemon(http->daemon);
}

void mm_http_close(struct mm_http *http)
{
	struct event *events[3];

	if (!http)
		return;
	if (http->daemon)
		stop_daemon(http);
	events[0] = http->readable;
	events[1] = http->timeout;
	events[2] = http->news;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	mm_web_peers_close(&http->peers);
	mm_publisher_rest(&http->publisher);
	mm_answers_free(&http->answers);
	free(http);
}
