/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/service.h"

#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "monitor/process_json.h"
#include "monitor/service/client.h"
#include "monitor/service/controller.h"
#include "monitor/service/door.h"
#include "monitor/service/exporter.h"
#include "monitor/service/files.h"
#include "monitor/service/gather.h"
#include "monitor/service/options.h"
#include "monitor/service/view.h"
#include "notify.h"
#include "process.h"
#include "xenmm/units.h"

#define EXIT_MISUSE 2

#define BEAT_MS	       10000 /* how often systemd hears how it is, where its watchdog is slower */
#define ONCE_POLL_MS   50
#define HEALTH_LATE_MS 10000 /* beyond three intervals: then no round comes any more */

struct service {
	struct mm_mon_options options;
	struct event_base *base;
	struct event *signals[3];
	struct event *beat; /* of the watchdog; with --once, whether all is done */
	struct mm_door *door;
	struct mm_mon_client client; /* look: NULL in a controller */
	struct mm_gather *gather;    /* NULL in a client */
	struct mm_hosts hosts;
	struct mm_mon_source source;
	char host[256];
	uint64_t started_ms, beat_ms;
	bool had_terminal;
};

static uint64_t now_ms(void)
{
	return mm_clock_us() / 1000;
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool is_controller(const struct service *service)
{
	return service->options.settings.is_controller;
}

/* Brings what is told up to date. Returns 0 or -ENOMEM. */
static int refresh(struct service *service)
{
	if (is_controller(service))
		return mm_hosts_refresh(
			&service->hosts, now_ms(), mm_mon_stale_ms(&service->options.settings));
	mm_look_refresh(service->client.look);
	return 0;
}

static uint64_t round_age_ms(const struct service *service)
{
	if (is_controller(service))
		return 0;
	return mm_sub_floor(now_ms(), mm_look_round_ms(service->client.look));
}

static void answer_health(const struct service *service, struct mm_reply *reply)
{
	uint64_t late_ms = 3 * service->options.settings.interval_ms + HEALTH_LATE_MS;

	if (round_age_ms(service) > late_ms)
		mm_reply_error(reply, 503, "the guests cannot be listed");
	else
		mm_reply_json(reply, json_pack("{s:b}", "ok", 1));
}

static uint64_t own_cpu_us(void)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage))
		return 0;
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static json_t *host_json(const struct service *service)
{
	const struct mm_mon_settings *settings = &service->options.settings;
	uint64_t readable = 0, samples = 0, failures = 0, cost_us = 0;
	size_t count = service->source.count(service->source.arg);

	for (size_t i = 0; i < count; i++) {
		struct mm_mon_guest seen;

		service->source.get(service->source.arg, i, &seen);
		readable += seen.sample && !seen.reason && !seen.is_stale;
		samples += seen.samples;
		failures += seen.failures;
		cost_us += seen.cost_us;
	}
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I}",
		"name", service->host, "version", XENMM_VERSION, "mode",
		settings->is_controller ? "controller" : "client", "uptime_ms",
		(json_int_t)(now_ms() - service->started_ms), "interval_ms",
		(json_int_t)settings->interval_ms, "stale_after_ms",
		(json_int_t)mm_mon_stale_ms(settings), "processes", settings->with_processes,
		"guests", (json_int_t)count, "readable", (json_int_t)readable, "samples",
		(json_int_t)samples, "failures", (json_int_t)failures, "cost_us",
		(json_int_t)cost_us, "cpu_us", (json_int_t)own_cpu_us());
}

static void answer_host(const struct service *service, struct mm_reply *reply)
{
	json_t *answer = mm_view_new();

	if (json_object_set_new(answer, "host", host_json(service))) {
		json_decref(answer);
		answer = NULL;
	}
	mm_reply_json(reply, answer);
}

static void answer_metrics(
	const struct service *service, const struct mm_ask *ask, struct mm_reply *reply)
{
	struct mm_export export = {
		.source = &service->source,
		.is_controller = is_controller(service),
		.host_count = service->hosts.count,
		.top = ask->scope == MM_SCOPE_PROCESSES ? service->options.settings.top : 0,
	};

	struct mm_exported_host *hosts = mm_controller_export(&service->hosts);

	export.hosts = hosts;
	export.request_count = mm_door_counts(service->door, &export.requests);
	export.round_age_ms = round_age_ms(service);
	reply->text = hosts ? mm_export_text(&export, ask->is_open_metrics, &reply->len) : NULL;
	free(hosts);
	reply->type = ask->is_open_metrics ? MM_METRICS_OPEN_METRICS_TYPE : MM_METRICS_TEXT_TYPE;
	if (!reply->text)
		mm_reply_error(reply, 503, "out of memory; try again");
}

static void on_ask(void *arg, const struct mm_ask *ask, struct mm_reply *reply)
{
	struct service *service = arg;

	if (refresh(service)) {
		mm_reply_error(reply, 503, "out of memory; try again");
		return;
	}
	if (!mm_controller_has(&service->hosts, ask->host)) {
		mm_reply_error(reply, 404, "there is no host '%s'", ask->host);
		return;
	}
	switch (ask->kind) {
	case MM_ASK_HEALTH:
		answer_health(service, reply);
		break;
	case MM_ASK_METRICS:
		answer_metrics(service, ask, reply);
		break;
	case MM_ASK_HOST:
		answer_host(service, reply);
		break;
	case MM_ASK_HOSTS:
		mm_controller_hosts(&service->hosts, reply);
		break;
	default:
		mm_view_answer(&service->source, ask, reply);
		break;
	}
}

/* ---- signals, systemd ------------------------------------------------------------------------ */

static void reload(struct service *service)
{
	char err[512] = "";

	if (!mm_mon_options_reload(&service->options))
		return;
	mm_log_init(service->options.settings.is_verbose);
	if (mm_door_reload(service->door, err, sizeof(err)))
		mm_log(MM_LOG_ERR, "%s; tokens and certificate stay as they are", err);
	if (!is_controller(service))
		mm_look_again(service->client.look);
	else if (mm_gather_again(service->gather, err, sizeof(err)))
		mm_log(MM_LOG_ERR, "%s; hosts and their tokens stay as they are", err);
}

/* SIGHUP means two things: read the file again, and: the terminal that we were started from is gone. */
static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct service *service = arg;
	bool is_hangup = service->had_terminal && !isatty(STDIN_FILENO);

	(void)what;
	if (number == SIGHUP && !is_hangup) {
		if (service->door)
			reload(service);
		return;
	}
	mm_log(MM_LOG_INFO, "told to stop by SIG%s", sigabbrev_np(number));
	event_base_loopbreak(service->base);
}

static void call_after(struct event *event, uint64_t ms)
{
	const struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	(void)event_add(event, &tv);
}

static bool is_complete(const struct service *service)
{
	return is_controller(service) ? mm_gather_is_complete(service->gather)
				      : mm_look_is_complete(service->client.look);
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct service *service = arg;
	char status[120];

	(void)fd;
	(void)what;
	if (service->options.is_once) {
		if (is_complete(service))
			event_base_loopbreak(service->base);
		call_after(service->beat, ONCE_POLL_MS);
		return;
	}
	snprintf(status, sizeof(status), "WATCHDOG=1\nSTATUS=%zu guests",
		service->source.count(service->source.arg));
	mm_notify(status);
	call_after(service->beat, service->beat_ms);
}

static int open_loop(struct service *service)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	signal(SIGPIPE, SIG_IGN);
	service->had_terminal = isatty(STDIN_FILENO);
	service->base = event_base_new();
	if (!service->base)
		return -ENOMEM;
	service->beat = evtimer_new(service->base, on_beat, service);
	if (!service->beat)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		service->signals[i] = evsignal_new(service->base, numbers[i], on_signal, service);
		if (!service->signals[i] || evsignal_add(service->signals[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

/* ---- the run --------------------------------------------------------------------------------- */

static void greet(const struct mm_mon_settings *settings)
{
	bool is_tls = *settings->tls_cert, has_tokens = *settings->token_file;
	const char *listen = mm_mon_listen(settings);
	union mm_web_address where;

	mm_log(MM_LOG_INFO,
		"version %s: %s every %g s; answers at http%s://%s/; "
		"per-process data: %s",
		XENMM_VERSION, settings->is_controller ? "asks its hosts" : "looks",
		(double)settings->interval_ms / 1000, is_tls ? "s" : "", listen,
		settings->with_processes ? "yes" : "no");
	if (!mm_web_address_parse(listen, &where) && !mm_web_address_is_loopback(&where) &&
		(!is_tls || !has_tokens))
		mm_log(MM_LOG_WARN, "listen: whoever reaches %s can read %s of all guests%s",
			listen, settings->with_processes ? "memory and processes" : "the memory",
			has_tokens ? ", and tokens on their way: there is no TLS"
				   : ": there are no tokens");
	else if (settings->with_processes && !has_tokens)
		mm_log(MM_LOG_WARN, "processes: every user of this machine can see what runs in "
				    "the guests: there are no tokens");
}

/* With --once: what /v1/domains says, with all processes where they are wanted. */
static int print_once(struct service *service)
{
	struct mm_reply reply = {.status = 200};
	struct mm_ask ask = {.kind = MM_ASK_DOMAINS};
	int r = -1;

	if (service->options.settings.with_processes)
		ask.limit = MM_ASK_LIMIT_MAX;
	if (!refresh(service))
		mm_view_answer(&service->source, &ask, &reply);
	if (reply.text)
		r = fwrite(reply.text, 1, reply.len, stdout) == reply.len && !fflush(stdout) ? 0
											     : -1;
	free(reply.text);
	if (r)
		mm_log(MM_LOG_ERR, "once: cannot be written");
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int open_client(struct service *service)
{
	const struct mm_mon_settings *settings = &service->options.settings;
	char err[512] = "";
	int r;

	if (mm_mon_check_memory(settings, err, sizeof(err))) {
		mm_log(MM_LOG_ERR, "%s", err);
		return EXIT_MISUSE;
	}
	service->client = (struct mm_mon_client){.settings = settings, .host = service->host};
	r = mm_look_open(settings, service->base, err, sizeof(err), &service->client.look);
	if (r) {
		mm_log(MM_LOG_ERR, "%s", err);
		return r == -ENOSYS ? EXIT_MISUSE : EXIT_FAILURE;
	}
	service->source = mm_mon_client_source(&service->client);
	return EXIT_SUCCESS;
}

static int open_controller(struct service *service)
{
	const struct mm_mon_settings *settings = &service->options.settings;
	char err[512] = "";

	if (settings->host_count == 0)
		mm_log(MM_LOG_WARN, "%s names no host: there is nothing to gather",
			service->options.path);
	if (mm_gather_open(
		    settings, service->base, &service->hosts, err, sizeof(err), &service->gather)) {
		mm_log(MM_LOG_ERR, "%s", err);
		return EXIT_MISUSE;
	}
	service->source = mm_hosts_source(&service->hosts);
	return EXIT_SUCCESS;
}

static int run(struct service *service)
{
	const struct mm_mon_settings *settings = &service->options.settings;
	char err[512] = "";
	int r;

	if (open_loop(service)) {
		mm_log(MM_LOG_ERR, "cannot start the event loop");
		return EXIT_FAILURE;
	}
	r = is_controller(service) ? open_controller(service) : open_client(service);
	if (r)
		return r;
	if (!service->options.is_once) {
		r = mm_door_open(
			settings, service->base, on_ask, service, err, sizeof(err), &service->door);
		if (r) {
			mm_log(MM_LOG_ERR, "%s", err);
			return r == -EINVAL || r == -EPERM || r == -ENOENT ? EXIT_MISUSE
									   : EXIT_FAILURE;
		}
		greet(settings);
		mm_notify("READY=1");
	}
	service->beat_ms = mm_min_u64(mm_notify_watchdog_ms(), BEAT_MS);
	call_after(service->beat, 0);
	(void)event_base_dispatch(service->base);
	mm_notify("STOPPING=1");
	return service->options.is_once ? print_once(service) : EXIT_SUCCESS;
}

static void close_service(struct service *service)
{
	mm_door_close(service->door);
	mm_look_close(service->client.look);
	mm_gather_close(service->gather);
	mm_hosts_free(&service->hosts);
	for (size_t i = 0; i < sizeof(service->signals) / sizeof(service->signals[0]); i++)
		if (service->signals[i])
			event_free(service->signals[i]);
	if (service->beat)
		event_free(service->beat);
	if (service->base)
		event_base_free(service->base);
	mm_mon_options_free(&service->options);
}

static int check_config(const struct mm_mon_options *options)
{
	char err[512] = "";

	if (mm_mon_check_files(&options->settings, err, sizeof(err))) {
		mm_log(MM_LOG_ERR, "%s", err);
		return EXIT_FAILURE;
	}
	if (!options->is_read)
		printf("%s: not there; the defaults hold\n", options->path);
	else
		printf("%s: understood\n", options->path);
	return fflush(stdout) || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int mm_mon_main(int argc, char **argv)
{
	struct service service = {.started_ms = now_ms()};
	char err[512] = "";
	enum mm_mon_result result;
	int status = EXIT_SUCCESS;

	mm_process_open_standard_files();
	mm_log_init(false);
	result = mm_mon_options_read(argc, argv, &service.options, err, sizeof(err));
	if (result == MM_MON_WRONG) {
		mm_log(MM_LOG_ERR, "%s", err);
		status = service.options.is_check_config ? EXIT_FAILURE : EXIT_MISUSE;
	} else if (result == MM_MON_RUN && service.options.is_check_config) {
		status = check_config(&service.options);
	} else if (result == MM_MON_RUN) {
		mm_log_init(service.options.settings.is_verbose);
		mm_process_raise_file_limit();
		mm_process_host_name(service.host, sizeof(service.host));
		status = run(&service);
	}
	close_service(&service);
	return status;
}
