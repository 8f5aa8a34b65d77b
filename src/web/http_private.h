/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What http.c (the daemon in our loop), serve.c (requests), stream.c (clients of the event stream) and peer.c share. */
#ifndef XENMM_WEB_HTTP_PRIVATE_H
#define XENMM_WEB_HTTP_PRIVATE_H

#include <event2/event.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "budget.h"
#include "http.h"
#include "publish.h"
#include "route.h"

#define MM_HTTP_CONNECTIONS 256u

/* The rest of the connections is for those who ask and go. */
#define MM_HTTP_STREAMS 224u

/* To send a request, and for a reader to take a byte. */
#define MM_HTTP_TIMEOUT_S 5u

/* To take an answer as a whole, however slowly. */
#define MM_HTTP_ANSWER_S 60u

/* A connection that gives its request, or takes an answer. */
struct mm_web_peer {
	struct mm_http *http;
	struct mm_web_peer *next, **link;
	int fd;
	bool is_stream;
	uint64_t due_us; /* to be cut off then; UINT64_MAX: never */
};

/* A request, from its first line until it is answered. */
struct mm_web_request {
	struct mm_http *http;
	struct MHD_Connection *connection; /* that waits for its turn; NULL: it does not */
	struct mm_web_request *next;
	bool is_whole; /* nothing of it is still to come */
	char *target;
};

struct mm_web_stream;

struct mm_http {
	struct event_base *base;
	struct MHD_Daemon *daemon;
	struct event *readable; /* the daemon has something to do */
	struct event *timeout;	/* ... or will have, or may go on */
	struct event *news;	/* a round's, to be published */
	struct event *sweep;	/* deadlines of connections */
	struct mm_budget budget;
	uint64_t answered_us; /* spent on answers since the daemon was called */
	struct mm_web_names names;
	struct mm_answers answers;
	struct mm_publisher publisher;
	struct mm_web_peer *peers;
	struct mm_web_stream *streams;
	struct mm_web_request *waiting, **waiting_end; /* in the order in which they came */
	bool is_closing;
};

/* ---- requests: serve.c ---- */

/* MHD's callbacks: a request's first line, the request, and its end. */
void *mm_serve_begin(void *arg, const char *target, struct MHD_Connection *connection);
enum MHD_Result mm_serve_request(void *arg, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state);
void mm_serve_end(void *arg, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode why);

/* The first requests of those that wait for their turn get on with it. */
void mm_serve_waiting(struct mm_http *http, size_t max);

/* Counts a response, adds what all have, queues it and releases it. */
enum MHD_Result mm_serve_queue(struct mm_http *http, struct MHD_Connection *connection,
	unsigned status, struct MHD_Response *response);

/* Queues {"ok":false, ...}. */
enum MHD_Result mm_serve_refuse(
	struct mm_http *http, struct MHD_Connection *connection, unsigned status, const char *text);

/* A file of the page ("": its first), or that there is none. */
enum MHD_Result mm_file_send(struct mm_http *http, struct MHD_Connection *connection,
	const struct mm_web_head *head, const char *name);

/* ---- the event stream: stream.c ---- */

/* Answers with the stream, or a refusal where there are too many. */
enum MHD_Result mm_stream_open(
	struct mm_http *http, struct MHD_Connection *connection, bool is_head);

/* Makes the round's message, wakes those who wait for it, and cuts off those who are far behind. */
void mm_stream_publish(struct mm_http *http);

/* Everybody is woken, to be let go. */
void mm_stream_wake_all(struct mm_http *http);

/* ---- connections: peer.c ---- */

/* MHD's callback. */
void mm_peer_notify(void *arg, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode what);

/* Its connection's; NULL: there was no memory for it. */
struct mm_web_peer *mm_web_peer_of(struct MHD_Connection *connection);

/* It has so long for what it does; 0: as long as it likes. */
void mm_web_peer_allow(struct mm_web_peer *peer, unsigned seconds);

/* Ends a connection; the daemon notices. NULL allowed. */
void mm_web_peer_cut(struct mm_web_peer *peer);

/* The timer's callback: those whose time is over are cut off. */
void mm_web_peer_sweep(evutil_socket_t fd, short what, void *arg);

#endif
