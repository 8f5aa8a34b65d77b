/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests: from the daemon's callbacks to answers. route.c says what is asked for, answer.c what there is to say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "head.h"
#include "http_private.h"

/* When the answers of one go have taken so long, the others wait for the next, and a round may come between. */
#define GO_US 5000

/* ---- sending ----------------------------------------------------------------------------------- */

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	(void)MHD_add_response_header(response, name, value); /* without memory it is left out */
}

enum MHD_Result mm_serve_queue(struct mm_http *http, struct MHD_Connection *connection,
	unsigned status, struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!MHD_get_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL))
		add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	add_header(response, "X-Content-Type-Options", "nosniff");
	add_header(response, "Referrer-Policy", "no-referrer");
	add_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		add_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	if (result == MHD_YES)
		mm_answers_count(&http->answers, status);
	return result;
}

static void release_text(void *text)
{
	mm_body_unref(mm_body_of(text));
}

/* Takes over the answer's body. */
static enum MHD_Result send_answer(
	struct mm_http *http, struct MHD_Connection *connection, struct mm_answer *answer)
{
	struct mm_body *body = answer->body;
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
		body->len, body->text, release_text);

	if (!response) {
		mm_body_unref(body);
		return MHD_NO;
	}
	add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	if (answer->status == 200)
		add_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
	return mm_serve_queue(http, connection, answer->status, response);
}

enum MHD_Result mm_serve_refuse(
	struct mm_http *http, struct MHD_Connection *connection, unsigned status, const char *text)
{
	struct mm_answer answer;

	if (mm_answers_refuse(&http->answers, status, text, &answer))
		return MHD_NO;
	return send_answer(http, connection, &answer);
}

/* ---- answers ----------------------------------------------------------------------------------- */

static enum MHD_Result send_body(
	struct mm_http *http, struct MHD_Connection *connection, const struct mm_route *route)
{
	uint64_t begin_us = mm_clock_us();
	struct mm_answer answer;
	int r = mm_answers_get(&http->answers, route, &answer);

	http->answered_us += mm_clock_us() - begin_us;
	if (r)
		return mm_serve_refuse(http, connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			r == -EBUSY ? "too many answers wait to be read; try again"
				    : "out of memory; try again");
	return send_answer(http, connection, &answer);
}

/* Until the next go. */
static enum MHD_Result wait(struct mm_web_request *request, struct MHD_Connection *connection)
{
	struct mm_http *http = request->http;

	request->connection = connection;
	request->next = NULL;
	*http->waiting_end = request;
	http->waiting_end = &request->next;
	mm_web_peer_allow(mm_web_peer_of(connection), 0);
	MHD_suspend_connection(connection);
	return MHD_YES;
}

void mm_serve_waiting(struct mm_http *http, size_t max)
{
	while (http->waiting && max-- > 0) {
		struct mm_web_request *request = http->waiting;
		struct MHD_Connection *connection = request->connection;

		http->waiting = request->next;
		if (!http->waiting)
			http->waiting_end = &http->waiting;
		request->connection = NULL;
		MHD_resume_connection(connection);
	}
}

/* ---- the daemon's callbacks -------------------------------------------------------------------- */

void *mm_serve_begin(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct mm_web_request *request = calloc(1, sizeof(*request));

	(void)connection;
	if (!request)
		return NULL;
	request->http = arg;
	request->target = strdup(target);
	return request;
}

enum MHD_Result mm_serve_request(void *arg, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state)
{
	struct mm_http *http = arg;
	struct mm_web_request *request = *state;
	struct mm_web_head head;
	struct mm_refusal refusal;
	struct mm_route route;
	bool is_right;

	(void)url; /* the daemon's own reading of the target */
	(void)version;
	(void)upload;
	(void)upload_size;
	if (!request || !request->target || http->is_closing)
		return MHD_NO;
	mm_web_head_read(connection, method, request->target, &head);
	is_right = !mm_route_find(&head, &http->names, &route, &refusal);
	if (!request->is_whole && !mm_route_has_body(&head)) {
		request->is_whole =
			true; /* an answer now would end the connection, as it does before a body */
		return MHD_YES;
	}
	mm_web_peer_allow(mm_web_peer_of(connection), MM_HTTP_ANSWER_S);
	if (!is_right)
		return mm_serve_refuse(http, connection, refusal.status, refusal.text);
	if (route.kind == MM_ROUTE_PAGE)
		return mm_file_send(http, connection, &head, route.file);
	if (http->answered_us >= GO_US)
		return wait(request, connection);
	if (route.kind == MM_ROUTE_EVENTS)
		return mm_stream_open(http, connection, route.is_head);
	return send_body(http, connection, &route);
}

void mm_serve_end(void *arg, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode why)
{
	struct mm_web_request *request = *state;

	(void)arg;
	(void)why;
	mm_web_peer_allow(mm_web_peer_of(connection), MM_HTTP_TIMEOUT_S); /* for the next */
	if (!request)
		return;
	free(request->target);
	free(request);
	*state = NULL;
}
