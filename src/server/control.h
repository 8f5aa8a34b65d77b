/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket: a Unix stream socket on which root's programs send a request a line and get an answer a line.
 * Knows nothing of what the lines mean.
 */
#ifndef XENMM_CONTROL_H
#define XENMM_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct mm_control; /* opaque */
struct mm_peer;	   /* opaque: a connection */

#define MM_CONTROL_DEFAULT "/run/xenmm/mmserver.sock"

/* What the owner of the socket does with it. */
struct mm_control_ops {
	/*
	 * A line came, without its newline; it is not terminated. To be answered with mm_peer_send(), now, or later
	 * after mm_peer_hold(peer, true). No further line of that peer comes before that.
	 */
	void (*request)(void *arg, struct mm_peer *peer, const char *untrusted_line, size_t len);

	/* The peer is gone; the pointer is not valid after that. */
	void (*closed)(void *arg, struct mm_peer *peer);
};

/*
 * Listens at `path`; a socket there that nobody listens to any more is replaced, and its folder is made. Only root,
 * and whoever this process runs as, is let in. Returns 0; on failure -errno and a line in err: -EINVAL a path that
 * cannot be one, -EADDRINUSE another server answers there, -EEXIST something else is there.
 */
int mm_control_open(const char *path, struct event_base *base, const struct mm_control_ops *ops,
	void *arg, char *err, size_t err_size, struct mm_control **ret_control);

/* Closes all connections (without telling ops) and removes the socket. NULL allowed. */
void mm_control_close(struct mm_control *control);

/* Sends a line to a peer, text without newline. */
void mm_peer_send(struct mm_peer *peer, const char *text, size_t len);

/* A held peer waits for its answer: it gets no further line through. */
void mm_peer_hold(struct mm_peer *peer, bool is_held);

/* A peer that keeps something by staying connected may be silent for as long as it likes. */
void mm_peer_keep(struct mm_peer *peer, bool is_kept);

#endif
