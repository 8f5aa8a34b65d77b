/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Clients of the event stream. Between rounds the daemon does not look at them (they are suspended); a round's message
 * wakes those who have taken all before it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http_private.h"

struct mm_web_stream {
	struct mm_http *http;
	struct MHD_Connection *connection;
	struct mm_web_peer *peer;
	struct mm_web_stream *next, **link;
	struct mm_body *message; /* that it takes now; NULL: none */
	size_t offset;
	uint64_t taken; /* number of the last message that it began */
	bool is_suspended;
	bool is_cut;
};

/* ---- taking ------------------------------------------------------------------------------------ */

/* The next piece. Returns whether there is one. */
static bool advance(struct mm_web_stream *stream)
{
	struct mm_publisher *publisher = &stream->http->publisher;

	if (stream->message && stream->offset < stream->message->len)
		return true;
	mm_body_unref(stream->message);
	stream->message = NULL;
	stream->offset = 0;
	if (stream->taken == publisher->last)
		return false;
	stream->taken++;
	stream->message = mm_body_ref(publisher->kept[stream->taken % MM_PUBLISH_KEPT]);
	return true;
}

static ssize_t on_room(void *arg, uint64_t position, char *buf, size_t max)
{
	struct mm_web_stream *stream = arg;
	size_t n = 0;

	(void)position;
	if (stream->is_cut || stream->http->is_closing)
		return MHD_CONTENT_READER_END_OF_STREAM;
	while (n < max && advance(stream)) {
		size_t left = stream->message->len - stream->offset;
		size_t step = left < max - n ? left : max - n;

		memcpy(buf + n, stream->message->text + stream->offset, step);
		stream->offset += step;
		n += step;
	}
	if (n == 0) {
		stream->is_suspended = true;
		MHD_suspend_connection(stream->connection);
	}
	return (ssize_t)n;
}

static void wake(struct mm_web_stream *stream)
{
	if (!stream->is_suspended)
		return;
	stream->is_suspended = false;
	MHD_resume_connection(stream->connection);
}

/* ---- coming and going -------------------------------------------------------------------------- */

static void on_gone(void *arg)
{
	struct mm_web_stream *stream = arg;
	struct mm_http *http = stream->http;

	*stream->link = stream->next;
	if (stream->next)
		stream->next->link = stream->link;
	mm_body_unref(stream->message);
	free(stream);
	if (--http->answers.event_streams == 0)
		mm_publisher_rest(&http->publisher);
}

static struct mm_web_stream *new_stream(struct mm_http *http, struct MHD_Connection *connection)
{
	struct mm_web_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->message = mm_publisher_full(&http->publisher);
	if (!stream->message) {
		free(stream);
		return NULL;
	}
	stream->http = http;
	stream->connection = connection;
	stream->peer = mm_web_peer_of(connection);
	stream->taken = http->publisher.last;
	stream->next = http->streams;
	stream->link = &http->streams;
	if (stream->next)
		stream->next->link = &stream->next;
	http->streams = stream;
	http->answers.event_streams++;
	return stream;
}

static struct MHD_Response *stream_response(
	struct mm_http *http, struct MHD_Connection *connection, bool is_head)
{
	struct mm_web_stream *stream;
	struct MHD_Response *response;

	if (is_head)
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	mm_stream_publish(http); /* what is new since the last message is not in the next one too */
	stream = new_stream(http, connection);
	if (!stream)
		return NULL;
	response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, on_room, stream, on_gone);
	if (!response)
		on_gone(stream);
	return response;
}

/* Who is let go costs nothing any more: what he has not read is dropped. */
static void prepare_peer(struct mm_web_peer *peer)
{
	const struct linger linger = {.l_onoff = 1};

	(void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger,
		sizeof(linger)); /* else it is kept for a while */
	mm_web_peer_allow(peer, 0);
}

enum MHD_Result mm_stream_open(
	struct mm_http *http, struct MHD_Connection *connection, bool is_head)
{
	struct mm_web_peer *peer = mm_web_peer_of(connection);
	struct MHD_Response *response;

	if (http->answers.event_streams >= MM_HTTP_STREAMS)
		return mm_serve_refuse(http, connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"224 clients are on the event stream already; try again later");
	response = stream_response(http, connection, is_head);
	if (!response)
		return MHD_NO;
	if (peer && !is_head)
		prepare_peer(peer);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
	(void)MHD_add_response_header(
		response, "X-Accel-Buffering", "no"); /* a proxy must not collect it */
	return mm_serve_queue(http, connection, MHD_HTTP_OK, response);
}

/* ---- rounds ------------------------------------------------------------------------------------ */

void mm_stream_publish(struct mm_http *http)
{
	struct mm_publisher *publisher = &http->publisher;

	if (mm_publisher_round(publisher))
		return;
	for (struct mm_web_stream *stream = http->streams; stream; stream = stream->next) {
		if (publisher->last - stream->taken < MM_PUBLISH_KEPT) {
			wake(stream);
			continue;
		}
		/* the message that it would take next is about to be overwritten */
		stream->is_cut = true;
		mm_web_peer_cut(stream->peer);
		wake(stream);
	}
}

void mm_stream_wake_all(struct mm_http *http)
{
	for (struct mm_web_stream *stream = http->streams; stream; stream = stream->next)
		wake(stream);
}
