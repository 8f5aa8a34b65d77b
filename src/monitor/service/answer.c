/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests: who asks, whether he may, and his answer. */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "head.h"
#include "log.h"
#include "monitor/process_json.h"
#include "monitor/service/door_private.h"

/* An answer that took 0.1 s to build is kept for a second. */
#define COST_FACTOR 10

#define HEALTH "/healthz"

/* A request, from its first line until it is answered. */
struct request {
	char *target;
	bool is_whole; /* nothing of it is still to come */
};

/* ---- errors ---------------------------------------------------------------------------------- */

static const char *title_of(unsigned status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 413:
		return "Content Too Large";
	case 429:
		return "Too Many Requests";
	case 431:
		return "Request Header Fields Too Large";
	default:
		return "Service Unavailable";
	}
}

/* RFC 9457. */
static void write_problem(struct mm_reply *reply)
{
	json_t *json = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
		title_of(reply->status), "status", (int)reply->status, "detail", reply->detail);

	reply->type = MM_REPLY_PROBLEM;
	reply->text = json ? json_dumps(json, JSON_COMPACT | MM_GUEST_JSON_FLAGS) : NULL;
	reply->len = reply->text ? strlen(reply->text) : 0;
	json_decref(json);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void count(struct mm_door *door, unsigned status)
{
	size_t i = 0;

	while (i < door->count_count && door->counts[i].status != status)
		i++;
	if (i == MM_DOOR_STATUSES)
		return; /* there are fewer that we send */
	if (i == door->count_count)
		door->counts[door->count_count++].status = status;
	door->counts[i].count++;
}

static void release_text(void *text)
{
	mm_body_unref(mm_body_of(text));
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
	(void)MHD_add_response_header(response, name, value); /* without memory it is left out */
}

static void add_headers(struct MHD_Response *response, unsigned status, const char *type)
{
	add(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	add(response, "X-Content-Type-Options", "nosniff");
	add(response, "Referrer-Policy", "no-referrer");
	add(response, "Cross-Origin-Resource-Policy", "same-origin");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		add(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (status == MHD_HTTP_UNAUTHORIZED)
		add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer realm=\"mmmon\"");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE || status == MHD_HTTP_TOO_MANY_REQUESTS)
		add(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
}

/* Takes over a reference of the body. */
static enum MHD_Result send_body(struct mm_door *door, struct MHD_Connection *connection,
	unsigned status, const char *type, struct mm_body *body)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (!body)
		return MHD_NO;
	response = MHD_create_response_from_buffer_with_free_callback(
		body->len, body->text, release_text);
	if (!response) {
		mm_body_unref(body);
		return MHD_NO;
	}
	add_headers(response, status, type);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	if (result == MHD_YES)
		count(door, status);
	return result;
}

/* Takes over the reply's text. */
static enum MHD_Result send_reply(
	struct mm_door *door, struct MHD_Connection *connection, struct mm_reply *reply)
{
	if (!reply->text)
		write_problem(reply);
	return send_body(door, connection, reply->status, reply->type,
		mm_body_new(reply->text, reply->len, &door->bytes));
}

static enum MHD_Result refuse(struct mm_door *door, struct MHD_Connection *connection,
	unsigned status, const char *detail)
{
	struct mm_reply reply = {.text = NULL};

	mm_reply_error(&reply, status, "%s", detail);
	return send_reply(door, connection, &reply);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static bool is_same(const struct mm_ask *a, const struct mm_ask *b)
{
	return a->kind == b->kind && a->limit == b->limit && a->sort == b->sort &&
	       a->with_kernel == b->with_kernel && a->is_open_metrics == b->is_open_metrics &&
	       a->scope == b->scope && !strcmp(a->guest, b->guest) && !strcmp(a->host, b->host);
}

void mm_door_forget(struct mm_door *door)
{
	for (size_t i = 0; i < MM_DOOR_KEPT; i++)
		mm_body_unref(door->kept[i].body);
	memset(door->kept, 0, sizeof(door->kept));
}

/* Drops what is too old. The answer to the same question, or NULL. */
static struct mm_door_kept *find_kept(
	struct mm_door *door, const struct mm_ask *ask, uint64_t now_us)
{
	struct mm_door_kept *found = NULL;

	for (size_t i = 0; i < MM_DOOR_KEPT; i++) {
		struct mm_door_kept *kept = &door->kept[i];

		if (kept->body && now_us - kept->built_us >= COST_FACTOR * kept->cost_us) {
			mm_body_unref(kept->body);
			kept->body = NULL;
		}
		if (kept->body && is_same(&kept->ask, ask))
			found = kept;
	}
	return found;
}

/* What is kept for the next who asks is not waiting. */
static size_t waiting_bytes(const struct mm_door *door)
{
	size_t bytes = door->bytes;

	for (size_t i = 0; i < MM_DOOR_KEPT; i++)
		bytes -= door->kept[i].body ? door->kept[i].body->len : 0;
	return bytes;
}

/* In the place of one that is gone, or the oldest. */
static void keep(struct mm_door *door, const struct mm_door_kept *fresh)
{
	struct mm_door_kept *place = &door->kept[0];

	for (size_t i = 1; i < MM_DOOR_KEPT && place->body; i++)
		if (!door->kept[i].body || door->kept[i].built_us < place->built_us)
			place = &door->kept[i];
	mm_body_unref(place->body);
	*place = *fresh;
	(void)mm_body_ref(place->body);
}

static enum MHD_Result answer(
	struct mm_door *door, struct MHD_Connection *connection, const struct mm_ask *ask)
{
	struct mm_door_kept fresh = {.ask = *ask, .built_us = mm_clock_us()};
	struct mm_door_kept *kept = find_kept(door, ask, fresh.built_us);
	struct mm_reply reply = {.status = MHD_HTTP_OK, .type = MM_REPLY_JSON};

	if (kept)
		return send_body(
			door, connection, MHD_HTTP_OK, kept->type, mm_body_ref(kept->body));
	if (waiting_bytes(door) > MM_DOOR_BYTES)
		return refuse(door, connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			"too many answers wait to be read; try again");
	door->answer(door->arg, ask, &reply);
	if (!reply.text || reply.status != MHD_HTTP_OK)
		return send_reply(door, connection, &reply);
	fresh.type = reply.type;
	fresh.body = mm_body_new(reply.text, reply.len, &door->bytes);
	fresh.cost_us = mm_clock_us() - fresh.built_us;
	if (fresh.body && fresh.cost_us > 1000)
		keep(door, &fresh);
	return send_body(door, connection, MHD_HTTP_OK, fresh.type, fresh.body);
}

/* ---- who asks -------------------------------------------------------------------------------- */

static const struct sockaddr *address_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info ? info->client_addr : NULL;
}

/* On loopback everybody has the same address: nobody shall lock the others out. */
static bool may_go_on(struct mm_door *door, struct MHD_Connection *connection, unsigned requests)
{
	const struct sockaddr *address = address_of(connection);

	return !door->is_exposed || !address ||
	       mm_rate_take(&door->rate, address, requests, mm_clock_us() / 1000);
}

static void tell_of_wrong(struct mm_door *door, struct MHD_Connection *connection)
{
	const struct sockaddr *address = address_of(connection);
	char host[INET6_ADDRSTRLEN] = "?";

	if (!mm_log_is_due(&door->told_ms, mm_clock_us() / 1000))
		return;
	if (address && address->sa_family == AF_INET)
		(void)inet_ntop(AF_INET,
			&((const struct sockaddr_in *)(const void *)address)->sin_addr, host,
			sizeof(host));
	else if (address && address->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6,
			&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, host,
			sizeof(host));
	mm_log(MM_LOG_WARN, "%s sent a wrong token", host);
}

/* Returns 0 with *ret_scope, or the status of the refusal. */
static unsigned authorize(struct mm_door *door, struct MHD_Connection *connection,
	const struct mm_web_head *head, enum mm_mon_scope *ret_scope)
{
	*ret_scope = door->tokens ? mm_mon_tokens_check(door->tokens, head->authorization)
				  : MM_SCOPE_PROCESSES;
	if (*ret_scope != MM_SCOPE_NONE)
		return 0;
	if (!head->authorization)
		return MHD_HTTP_UNAUTHORIZED;
	tell_of_wrong(door, connection);
	return may_go_on(door, connection, MM_RATE_WRONG) ? MHD_HTTP_UNAUTHORIZED
							  : MHD_HTTP_TOO_MANY_REQUESTS;
}

/* ---- requests -------------------------------------------------------------------------------- */

static enum MHD_Result serve(
	struct mm_door *door, struct MHD_Connection *connection, const struct mm_web_head *head)
{
	const struct mm_web_names *names = door->tokens ? NULL : &door->names;
	bool is_health = !strcmp(head->target, HEALTH);
	enum mm_mon_scope scope = MM_SCOPE_NONE;
	struct mm_refusal refusal;
	struct mm_ask ask;
	unsigned status;

	if (mm_route_check(head, names, &refusal))
		return refuse(door, connection, refusal.status, refusal.text);
	if (!door->tokens && mm_route_is_foreign_site(head->fetch_site))
		return refuse(door, connection, 403, "pages of other sites may not look in here");
	if (!may_go_on(door, connection, 1))
		return refuse(door, connection, 429, "too many requests; ask less often");
	status = is_health ? 0 : authorize(door, connection, head, &scope);
	if (status)
		return refuse(door, connection, status,
			status == 429	      ? "too many wrong tokens"
			: head->authorization ? "this token is not known here"
					      : "a token is needed: Authorization: Bearer TOKEN");
	if (mm_ask_parse(head->target, door->settings->is_controller, &ask, &refusal))
		return refuse(door, connection, refusal.status, refusal.text);
	if (mm_ask_is_private(&ask) && !door->settings->with_processes)
		return refuse(door, connection, 403,
			"per-process data is off: see processes in mmmon.conf(5)");
	if (mm_ask_is_private(&ask) && scope != MM_SCOPE_PROCESSES)
		return refuse(door, connection, 403,
			"this token is for totals: see token-file in mmmon.conf(5)");
	ask.scope = door->settings->with_processes ? scope : MM_SCOPE_TOTALS;
	ask.is_open_metrics = ask.kind == MM_ASK_METRICS &&
			      mm_route_accepts(head->accept, "application/openmetrics-text");
	return answer(door, connection, &ask);
}

void *mm_door_begin(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct request *request = calloc(1, sizeof(*request));

	(void)arg;
	(void)connection;
	if (request)
		request->target = strdup(target);
	return request;
}

enum MHD_Result mm_door_request(void *arg, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state)
{
	struct request *request = *state;
	struct mm_door *door = arg;
	struct mm_web_head head;

	(void)url; /* the daemon's own reading of the target */
	(void)version;
	(void)upload;
	(void)upload_size;
	if (!request || !request->target)
		return MHD_NO;
	mm_web_head_read(connection, method, request->target, &head);
	if (!request->is_whole && !mm_route_has_body(&head)) {
		/* an answer now would end the connection, as it does before a body */
		request->is_whole = true;
		return MHD_YES;
	}
	mm_web_peer_allow(mm_web_peer_of(connection), MM_HTTP_ANSWER_S);
	return serve(door, connection, &head);
}

void mm_door_end(void *arg, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode why)
{
	struct request *request = *state;

	(void)arg;
	(void)why;
	mm_web_peer_allow(mm_web_peer_of(connection), MM_HTTP_TIMEOUT_S); /* for the next */
	if (!request)
		return;
	free(request->target);
	free(request);
	*state = NULL;
}
