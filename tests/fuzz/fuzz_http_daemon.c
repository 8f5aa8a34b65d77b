/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes through the whole endpoint: the input is what a client sends, over a socket pair, in two parts. What comes back
 * is nothing or answers of HTTP, the client is let go when it has ended, and no stream is left behind.
 */
#include <errno.h>
#include <event2/event.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "http_private.h"
#include "xenmm/decide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define GUESTS 3
#define PORTS  64

static struct world {
	struct mm_config config;
	struct mm_snapshot snap;
	struct mm_history hist;
	struct mm_plan plan;
	struct mm_leases leases;
	struct mm_journal journal;
	struct event_base *base;
	struct mm_http *http;
} world;

static void add_guest(uint32_t domid)
{
	struct mm_domain *dom;

	if (mm_snapshot_add(&world.snap, &dom))
		abort();
	dom->domid = domid;
	snprintf(dom->uuid, sizeof(dom->uuid), "00000000-0000-0000-0000-%012u", domid);
	snprintf(dom->name, sizeof(dom->name), "a\"<b>&%u", domid);
	dom->current_kib = dom->target_kib = dom->static_max_kib = 262144;
	dom->report_ms = world.snap.now_ms;
	dom->report = (struct mm_report){
		.source = MM_SOURCE_XENMM, .total_kib = 250000, .avail_kib = 90000};
}

static void run_round(void)
{
	const struct timespec wall = {.tv_sec = 1700000000 + (time_t)(world.snap.now_ms / 1000)};
	uint64_t now_ms = world.snap.now_ms + 1000;

	mm_snapshot_clear(&world.snap);
	world.snap.now_ms = now_ms;
	world.snap.host.total_kib = 1048576;
	world.snap.host.free_kib = 131072;
	for (uint32_t i = 1; i <= GUESTS; i++)
		add_guest(i);
	if (mm_decide(&world.config, &world.snap, &world.hist, &world.plan))
		abort();
	mm_journal_decided(&world.journal, &wall);
	if (world.http)
		mm_http_round(world.http);
}

static void open_world(void)
{
	char address[32], err[200] = "";
	int r = -EADDRINUSE;

	mm_config_init(&world.config);
	world.journal.view = (struct mm_view){.backend = "fuzz",
		.config = &world.config,
		.snap = &world.snap,
		.plan = &world.plan,
		.hist = &world.hist,
		.leases = &world.leases,
		.timing = &world.journal.timing};
	mm_journal_open(&world.journal);
	run_round();
	world.base = event_base_new();
	/* it listens, but nobody needs to know where */
	for (int i = 0; i < PORTS && r == -EADDRINUSE; i++) {
		snprintf(address, sizeof(address), "127.0.0.1:%d", 20000 + (getpid() + i) % 20000);
		r = mm_http_open(
			address, world.base, &world.journal, err, sizeof(err), &world.http);
	}
	if (r) {
		fprintf(stderr, "%s\n", err);
		exit(1);
	}
}

static void turn(void)
{
	mm_budget_init(&world.http->budget, mm_clock_us());
	(void)event_base_loop(world.base, EVLOOP_NONBLOCK);
}

static int dial(void)
{
	const struct sockaddr_in address = {.sin_family = AF_INET};
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
		abort();
	if (MHD_add_connection(world.http->daemon, fds[1], (const struct sockaddr *)&address,
		    sizeof(address)) != MHD_YES)
		abort();
	return fds[0];
}

/* Takes what there is. Returns whether there may be more. */
static bool take(int fd, char *text, size_t *len, size_t size)
{
	ssize_t n;

	do {
		n = recv(fd, text + *len, size - *len, 0);
		*len += n > 0 ? (size_t)n : 0;
		if (*len == size) /* only how it begins is looked at */
			*len = size / 2;
	} while (n > 0);
	return n < 0 && errno == EAGAIN;
}

static void send_part(int fd, const uint8_t *data, size_t size)
{
	/* who is let go in the middle gets no further */
	(void)!send(fd, data, size, MSG_NOSIGNAL);
	turn();
	turn();
}

static void check_answer(const char *text, size_t len)
{
	static const char begin[] = "HTTP/1.";

	if (len > 0 && (len < 13 || memcmp(text, begin, sizeof(begin) - 1) != 0 || text[9] < '1' ||
			       text[9] > '5'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[65536];
	bool is_more = true;
	size_t len = 0;
	int fd;

	if (!world.base)
		open_world();
	fd = dial();
	send_part(fd, data, size / 2);
	send_part(fd, data + size / 2, size - size / 2);
	is_more = take(fd, text, &len, sizeof(text));
	(void)shutdown(fd, SHUT_WR);
	for (int i = 0; i < 100 && is_more; i++) {
		turn();
		is_more = take(fd, text, &len, sizeof(text));
		if (i % 10 == 9)
			run_round(); /* who is on the stream stays, until he is gone */
	}
	check_answer(text, len);
	close(fd);
	for (int i = 0; i < 100 && (world.http->peers.first || world.http->streams); i++) {
		run_round();
		turn();
		turn();
	}
	if (world.http->peers.first || world.http->streams || world.http->waiting ||
		world.http->publisher.total)
		abort();
	return 0;
}
