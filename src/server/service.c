/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "service.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "request.h"
#include "service_private.h"
#include "xenmm/units.h"

/* Requests that come together are served by one round, and no client sets the pace of rounds. */
#define GATHER_MS 20

/*
 * A status of 10,000 guests takes 0.1 s to build: whoever asks for it all the time gets it that often that a tenth of
 * the time goes into it.
 */
#define STATUS_COST_FACTOR 10

bool mm_service_is_open(const struct mm_service *service)
{
	return service->control != NULL;
}

/* What was built from an older state is not shown any more. */
void mm_service_forget(struct mm_service *service)
{
	free(service->status);
	service->status = NULL;
}

void mm_service_outdate(struct mm_service *service)
{
	if (mm_clock_us() - service->status_us >= STATUS_COST_FACTOR * service->status_cost_us)
		mm_service_forget(service);
}

void mm_service_call(struct mm_service *service)
{
	const struct timeval tv = {.tv_usec = GATHER_MS * 1000};

	if (!event_pending(service->wake, EV_TIMEOUT, NULL))
		(void)event_add(service->wake, &tv); /* without memory the floor round does it */
}

/* ---- answers --------------------------------------------------------------------------------- */

void mm_answer_send(struct mm_peer *peer, json_t *answer)
{
	static const char trouble[] =
		"{\"ok\":false,\"version\":1,\"error\":\"the server is out of memory\"}";
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	if (text)
		mm_peer_send(peer, text, strlen(text));
	else
		mm_peer_send(peer, trouble, sizeof(trouble) - 1);
	free(text);
	json_decref(answer);
}

static void answer_status(struct mm_service *service, struct mm_peer *peer)
{
	if (!service->status) {
		uint64_t begin_us = mm_clock_us();
		json_t *status = mm_status_json(&service->journal->view);

		service->status = status ? json_dumps(status, JSON_COMPACT) : NULL;
		service->status_len = service->status ? strlen(service->status) : 0;
		json_decref(status);
		service->status_us = mm_clock_us();
		service->status_cost_us = service->status_us - begin_us;
	}
	if (service->status)
		mm_peer_send(peer, service->status, service->status_len);
	else
		mm_answer_send(peer, NULL);
}

static void answer_why(
	struct mm_service *service, struct mm_peer *peer, const struct mm_request *request)
{
	const struct mm_decided_guest *guest =
		mm_decisions_find(&service->journal->decisions, request->guest);
	json_t *answer;

	if (!guest) {
		mm_answer_send(peer, mm_answer_no_guest(request->guest));
		return;
	}
	answer = json_pack("{sb si so so}", "ok", 1, "version", MM_STATUS_VERSION, "guest",
		json_pack("{ss sI ss sb}", "name", guest->name, "domid", (json_int_t)guest->domid,
			"uuid", guest->uuid, "gone", guest->gone_ms != 0),
		"decisions", mm_decisions_json(guest, (size_t)request->count));
	if (answer && json_object_set_new(answer, "now", mm_journal_row(service->journal, guest))) {
		json_decref(answer);
		answer = NULL;
	}
	mm_answer_send(peer, answer);
}

static void answer_leases(struct mm_service *service, struct mm_peer *peer)
{
	json_t *answer = mm_answer_ok();

	if (answer)
		(void)json_object_set_new(answer, "leases",
			mm_status_leases(&service->leases, service->journal->view.snap->now_ms));
	mm_answer_send(peer, answer);
}

static void answer_history(
	struct mm_service *service, struct mm_peer *peer, const struct mm_request *request)
{
	const char *guest = request->guest[0] ? request->guest : NULL;
	char *text = NULL;
	size_t len = 0;
	int r = mm_journal_history(service->journal, guest, request->since, &text, &len);

	if (r == -ENOENT)
		mm_answer_send(peer, mm_answer_no_guest(guest));
	else if (r)
		mm_answer_send(peer, NULL);
	else
		mm_peer_send(peer, text, len);
	free(text);
}

static void answer_decisions(
	struct mm_service *service, struct mm_peer *peer, const struct mm_request *request)
{
	const char *guest = request->guest[0] ? request->guest : NULL;
	bool is_found;

	mm_answer_send(peer, mm_journal_decisions(service->journal, guest, (uint64_t)request->since,
				     (size_t)request->count, &is_found));
}

static void set_paused(struct mm_service *service, struct mm_peer *peer, bool is_paused)
{
	bool was_paused = service->journal->view.is_paused;
	json_t *answer = mm_answer_ok();

	if (was_paused != is_paused)
		mm_log(MM_LOG_WARN, is_paused ? "balancing is paused: no target is set until "
						"somebody resumes it"
					      : "balancing goes on");
	service->journal->view.is_paused = is_paused;
	mm_service_forget(service);
	mm_service_call(service);
	if (answer)
		(void)json_object_set_new(answer, "was_paused", json_boolean(was_paused));
	mm_answer_send(peer, answer);
}

/* ---- requests ------------------------------------------------------------------------------- */

static void on_request(void *arg, struct mm_peer *peer, const char *untrusted_line, size_t len)
{
	struct mm_service *service = arg;
	struct mm_request request;
	char err[256];

	if (mm_request_parse(untrusted_line, len, &request, err, sizeof(err))) {
		mm_answer_send(peer, mm_answer_error(err));
		return;
	}
	switch (request.kind) {
	case MM_REQUEST_STATUS:
		answer_status(service, peer);
		break;
	case MM_REQUEST_WHY:
		answer_why(service, peer, &request);
		break;
	case MM_REQUEST_HISTORY:
		answer_history(service, peer, &request);
		break;
	case MM_REQUEST_DECISIONS:
		answer_decisions(service, peer, &request);
		break;
	case MM_REQUEST_LEASES:
		answer_leases(service, peer);
		break;
	case MM_REQUEST_RESERVE:
		mm_claims_reserve(service, peer, &request);
		break;
	case MM_REQUEST_RELEASE:
		mm_claims_release(service, peer, &request);
		break;
	case MM_REQUEST_PAUSE:
	case MM_REQUEST_RESUME:
		set_paused(service, peer, request.kind == MM_REQUEST_PAUSE);
		break;
	case MM_REQUEST_COUNT:
		break;
	}
}

/* ---- rounds ---------------------------------------------------------------------------------- */

void mm_service_decided(struct mm_service *service)
{
	const struct mm_view *view;

	if (!mm_service_is_open(service))
		return;
	view = &service->journal->view;
	mm_lease_grant(&service->leases, view->snap, view->plan);
}

/* ---- opening --------------------------------------------------------------------------------- */

static void on_gathered(evutil_socket_t fd, short what, void *arg)
{
	struct mm_service *service = arg;

	(void)fd;
	(void)what;
	(void)event_base_loopbreak(service->base);
}

int mm_service_open(struct mm_service *service, const char *path, struct event_base *base,
	char *err, size_t err_size)
{
	static const struct mm_control_ops ops = {
		.request = on_request, .closed = mm_claims_closed};

	service->base = base;
	service->wake = evtimer_new(base, on_gathered, service);
	if (!service->wake) {
		snprintf(err, err_size, "control: out of memory");
		return -ENOMEM;
	}
	return mm_control_open(path, base, &ops, service, err, err_size, &service->control);
}

void mm_service_close(struct mm_service *service)
{
	mm_control_close(service->control);
	if (service->wake)
		event_free(service->wake);
	for (size_t i = 0; i < MM_LEASE_MAX; i++)
		json_decref(service->claimants[i].offer);
	mm_leases_clear(&service->leases);
	free(service->status);
	memset(service, 0, sizeof(*service));
}
