/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libmicrohttpd does HTTP; it shares our event loop through its epoll descriptor, so that there is no
 * second thread.
 */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/units.h"

/* Nobody needs more; what is above is turned away, so that balancing never waits for clients. */
#define CLIENTS_MAX	   64u
#define CLIENT_TIMEOUT_S   5u
#define CLIENT_MEMORY_BYTE 8192u

struct mm_http {
	struct MHD_Daemon *daemon;
	struct event *readable;
	struct event *timeout;
	const struct mm_journal *journal;
};

bool mm_http_is_built(void)
{
	return true;
}

/* The array; NULL without memory. To be freed by the caller. */
static char *format_guests(const struct mm_snapshot *snap, size_t *ret_len)
{
	char *text = NULL;
	const char *comma = "";
	FILE *out = open_memstream(&text, ret_len);

	if (!out)
		return NULL;
	fputc('[', out);
	for (size_t i = 0; i < snap->count; i++) {
		const struct mm_report *report = &snap->domains[i].report;

		if (report->source == MM_SOURCE_NONE)
			continue;
		fprintf(out, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", comma, report->total_kib,
			report->total_kib - report->avail_kib, report->avail_kib);
		comma = ",";
	}
	fputc(']', out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
	char *text, size_t len, enum MHD_ResponseMemoryMode mode)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(len, text, mode);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *why)
{
	return answer(
		connection, status, "text/plain", (char *)why, strlen(why), MHD_RESPMEM_PERSISTENT);
}

/* Other names than ours would be DNS rebinding: a web page elsewhere that looks into this host. */
static bool is_our_host(const char *host)
{
	size_t len = host ? strcspn(host, ":") : 0;

	if (!host)
		return true;
	return (len == 9 && (!strncmp(host, "127.0.0.1", 9) || !strncmp(host, "localhost", 9))) ||
	       (len > 0 && strspn(host, "0123456789.") == len);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state)
{
	const struct mm_http *http = arg;
	const char *host =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	char *text;
	size_t len = 0;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET))
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET\n");
	if (!is_our_host(host))
		return refuse(
			connection, MHD_HTTP_FORBIDDEN, "this endpoint goes by its address only\n");
	if (strcmp(url, "/"))
		return refuse(connection, MHD_HTTP_NOT_FOUND, "there is only /\n");
	text = format_guests(http->journal->view.snap, &len);
	if (!text)
		return MHD_NO;
	return answer(
		connection, MHD_HTTP_OK, "application/json", text, len, MHD_RESPMEM_MUST_FREE);
}

/* libmicrohttpd wants to be called again after a while, to cut off slow clients. */
static void serve(struct mm_http *http)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;

	(void)MHD_run(http->daemon);
	if (MHD_get_timeout(http->daemon, &ms) == MHD_YES) {
		struct timeval tv = {
			.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

		(void)event_add(http->timeout, &tv);
	}
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	serve(arg);
}

static int parse_address(const char *address, struct sockaddr_in *ret)
{
	const char *colon = strchr(address, ':');
	char host[INET_ADDRSTRLEN];
	uint64_t port;

	if (!colon || (size_t)(colon - address) >= sizeof(host))
		return -EINVAL;
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	memset(ret, 0, sizeof(*ret));
	ret->sin_family = AF_INET;
	if (inet_pton(AF_INET, host, &ret->sin_addr) != 1)
		return -EINVAL;
	if (mm_parse_u64(colon + 1, strlen(colon + 1), 65535, &port) || port == 0)
		return -EINVAL;
	ret->sin_port = htons((uint16_t)port);
	return 0;
}

int mm_http_check(const char *address, char *err, size_t err_size)
{
	struct sockaddr_in where;
	int r = parse_address(address, &where);

	if (r)
		snprintf(err, err_size, "http: '%s' is not off or an address and port such as %s",
			address, MM_HTTP_DEFAULT);
	return r;
}

static int join_loop(struct mm_http *http, struct event_base *base)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info)
		return -EIO;
	http->readable = event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, on_event, http);
	http->timeout = evtimer_new(base, on_event, http);
	if (!http->readable || !http->timeout || event_add(http->readable, NULL))
		return -ENOMEM;
	return 0;
}

int mm_http_open(const char *address, struct event_base *base, const struct mm_journal *journal,
	char *err, size_t err_size, struct mm_http **ret_http)
{
	struct sockaddr_in where;
	struct mm_http *http;
	int r = mm_http_check(address, err, err_size);

	if (r)
		return r;
	(void)parse_address(address, &where); /* it was right just now */
	http = calloc(1, sizeof(*http));
	if (!http)
		return -ENOMEM;
	http->journal = journal;
	errno = 0;
	http->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, http,
		MHD_OPTION_SOCK_ADDR, &where, MHD_OPTION_CONNECTION_LIMIT, CLIENTS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, CLIENT_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CLIENT_MEMORY_BYTE, MHD_OPTION_END);
	r = http->daemon ? join_loop(http, base) : (errno ? -errno : -EADDRINUSE);
	if (r) {
		snprintf(err, err_size, "http: cannot listen on %s: %s", address, strerror(-r));
		mm_http_close(http);
		return r;
	}
	*ret_http = http;
	return 0;
}

void mm_http_close(struct mm_http *http)
{
	if (!http)
		return;
	if (http->readable)
		event_free(http->readable);
	if (http->timeout)
		event_free(http->timeout);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	free(http);
}
