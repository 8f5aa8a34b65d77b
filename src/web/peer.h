/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deadlines of an HTTP daemon's connections, beside its own: that one is for silence, and a byte now and then is not silence. */
#ifndef XENMM_WEB_PEER_H
#define XENMM_WEB_PEER_H

#include <event2/event.h>
#include <microhttpd.h>
#include <stdint.h>

/* To send a request, and for a reader to take a byte. */
#define MM_HTTP_TIMEOUT_S 5u

/* To take an answer as a whole, however slowly. */
#define MM_HTTP_ANSWER_S 60u

/* A connection that gives its request, or takes an answer. */
struct mm_web_peer {
	struct mm_web_peers *peers;
	struct mm_web_peer *next, **link;
	int fd;
	uint64_t due_us; /* to be cut off then; UINT64_MAX: never */
};

/* All connections of a daemon. */
struct mm_web_peers {
	struct mm_web_peer *first;
	struct event *sweep;
};

/* Returns 0 or -ENOMEM. */
int mm_web_peers_open(struct mm_web_peers *peers, struct event_base *base);

/* To be called after the daemon has ended, and with it all connections. */
void mm_web_peers_close(struct mm_web_peers *peers);

/* The daemon's MHD_OPTION_NOTIFY_CONNECTION, with *peers. */
void mm_web_peer_notify(void *arg, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode what);

/* Its connection's; NULL: there was no memory for it. */
struct mm_web_peer *mm_web_peer_of(struct MHD_Connection *connection);

/* It has so long for what it does; 0: as long as it likes. NULL allowed. */
void mm_web_peer_allow(struct mm_web_peer *peer, unsigned seconds);

/* Ends a connection; the daemon notices. NULL allowed. */
void mm_web_peer_cut(struct mm_web_peer *peer);

#endif
