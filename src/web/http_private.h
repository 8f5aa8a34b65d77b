/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What http.c (the daemon in our loop), serve.c (requests) and stream.c (clients of the event stream) share. */
#ifndef XENMM_WEB_HTTP_PRIVATE_H
#define XENMM_WEB_HTTP_PRIVATE_H

#include <event2/event.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "answer.h"
#include "budget.h"
#include "http.h"
#include "peer.h"
#include "publish.h"
#include "route.h"

#define MM_HTTP_CONNECTIONS 256u

/* The rest of the connections is for those who ask and go. */
#define MM_HTTP_STREAMS 224u

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
	struct mm_budget budget;
	uint64_t answered_us; /* spent on answers since the daemon was called */
	struct mm_web_names names;
	struct mm_answers answers;
	struct mm_publisher publisher;
	struct mm_web_peers peers;
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

#endif
