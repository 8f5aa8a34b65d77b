/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "peer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"

/*
 * So much of an answer the kernel takes at once, and keeps (it doubles that) for a client who does not read: we notice, and a
 * crowd that reads long answers does not hold up the loop. By itself it would be megabytes.
 */
#define SEND_BUFFER (64 * 1024)

static void arm_sweep(struct mm_web_peers *peers)
{
	const struct timeval tv = {.tv_sec = 1};

	if (!event_pending(peers->sweep, EV_TIMEOUT, NULL))
		(void)event_add(peers->sweep, &tv); /* without memory the next one does it */
}

void mm_web_peer_allow(struct mm_web_peer *peer, unsigned seconds)
{
	if (!peer)
		return;
	peer->due_us = seconds ? mm_clock_us() + (uint64_t)seconds * 1000000 : UINT64_MAX;
	if (seconds)
		arm_sweep(peer->peers);
}

static void add_peer(struct mm_web_peers *peers, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct mm_web_peer *peer = info ? calloc(1, sizeof(*peer)) : NULL;
	const int size = SEND_BUFFER;

	*context = peer;
	if (!peer)
		return;
	peer->peers = peers;
	peer->fd = info->connect_fd;
	(void)setsockopt(
		peer->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)); /* else it is more */
	peer->next = peers->first;
	peer->link = &peers->first;
	if (peer->next)
		peer->next->link = &peer->next;
	peers->first = peer;
	mm_web_peer_allow(peer, MM_HTTP_TIMEOUT_S);
}

static void remove_peer(struct mm_web_peer *peer)
{
	*peer->link = peer->next;
	if (peer->next)
		peer->next->link = peer->link;
	free(peer);
}

void mm_web_peer_notify(void *arg, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		add_peer(arg, connection, socket_context);
	else if (*socket_context)
		remove_peer(*socket_context);
}

struct mm_web_peer *mm_web_peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

void mm_web_peer_cut(struct mm_web_peer *peer)
{
	if (peer)
		(void)shutdown(peer->fd, SHUT_RDWR); /* it may have gone by itself just now */
}

static void sweep(evutil_socket_t fd, short what, void *arg)
{
	struct mm_web_peers *peers = arg;
	uint64_t now_us = mm_clock_us();
	bool is_more = false;

	(void)fd;
	(void)what;
	for (struct mm_web_peer *peer = peers->first; peer; peer = peer->next) {
		if (peer->due_us <= now_us)
			mm_web_peer_cut(peer);
		else if (peer->due_us < UINT64_MAX)
			is_more = true;
	}
	if (is_more)
		arm_sweep(peers);
}

int mm_web_peers_open(struct mm_web_peers *peers, struct event_base *base)
{
	memset(peers, 0, sizeof(*peers));
	peers->sweep = evtimer_new(base, sweep, peers);
	return peers->sweep ? 0 : -ENOMEM;
}

void mm_web_peers_close(struct mm_web_peers *peers)
{
	if (peers->sweep)
		event_free(peers->sweep);
	peers->sweep = NULL;
}
