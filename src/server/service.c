/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "service.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void mm_service_outdate(struct mm_service *service)
{
	if (now_us() - service->status_us >= STATUS_COST_FACTOR * service->status_cost_us)
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

json_t *mm_answer_ok(void)
{
	return json_pack("{sb si}", "ok", 1, "version", MM_STATUS_VERSION);
}

json_t *mm_answer_error(const char *error)
{
	return json_pack("{sb si ss}", "ok", 0, "version", MM_STATUS_VERSION, "error", error);
}

static void answer_status(struct mm_service *service, struct mm_peer *peer)
{
	if (!service->status) {
		uint64_t begin_us = now_us();
		json_t *status = mm_status_json(&service->view);

		service->status = status ? json_dumps(status, JSON_COMPACT) : NULL;
		service->status_len = service->status ? strlen(service->status) : 0;
		json_decref(status);
		service->status_us = now_us();
		service->status_cost_us = service->status_us - begin_us;
	}
	if (service->status)
		mm_peer_send(peer, service->status, service->status_len);
	else
		mm_answer_send(peer, NULL);
}

/* Its row of the status; null when it is gone. */
static json_t *now_json(const struct mm_service *service, const struct mm_decided_guest *guest)
{
	const struct mm_snapshot *snap = service->view.snap;

	for (size_t i = 0; !guest->gone_ms && i < snap->count; i++)
		if (snap->domains[i].domid == guest->domid)
			return mm_status_guest(&service->view, i);
	return json_null();
}

static void answer_why(
	struct mm_service *service, struct mm_peer *peer, const struct mm_request *request)
{
	const struct mm_decided_guest *guest =
		mm_decisions_find(&service->decisions, request->guest);
	char text[160];
	json_t *answer;

	if (!guest) {
		snprintf(text, sizeof(text), "there is no guest '%s'", request->guest);
		mm_answer_send(peer, mm_answer_error(text));
		return;
	}
	answer = json_pack("{sb si so so}", "ok", 1, "version", MM_STATUS_VERSION, "guest",
		json_pack("{ss sI ss sb}", "name", guest->name, "domid", (json_int_t)guest->domid,
			"uuid", guest->uuid, "gone", guest->gone_ms != 0),
		"decisions", mm_decisions_json(guest, (size_t)request->count));
	if (answer && json_object_set_new(answer, "now", now_json(service, guest))) {
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
			mm_status_leases(&service->leases, service->view.snap->now_ms));
	mm_answer_send(peer, answer);
}

static void set_paused(struct mm_service *service, struct mm_peer *peer, bool is_paused)
{
	if (service->view.is_paused != is_paused)
		mm_log(MM_LOG_WARN, is_paused ? "balancing is paused: no target is set until "
						"somebody resumes it"
					      : "balancing goes on");
	service->view.is_paused = is_paused;
	mm_service_forget(service);
	mm_service_call(service);
	mm_answer_send(peer, mm_answer_ok());
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

void mm_service_decided(struct mm_service *service, const struct timespec *wall)
{
	enum mm_outcome outcome = service->view.is_dry_run  ? MM_OUTCOME_DRY_RUN
				  : service->view.is_paused ? MM_OUTCOME_PAUSED
							    : MM_OUTCOME_SET;

	if (!mm_service_is_open(service))
		return;
	service->view.wall = *wall;
	service->view.rounds++;
	mm_lease_grant(&service->leases, service->view.snap, service->view.plan);
	mm_decisions_round(
		&service->decisions, service->view.snap, service->view.plan, outcome, wall);
}

void mm_service_refused(struct mm_service *service, uint32_t domid)
{
	mm_decisions_refused(&service->decisions, domid);
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

	service->view.leases = &service->leases;
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
	mm_decisions_free(&service->decisions);
	free(service->status);
	memset(service, 0, sizeof(*service));
}
