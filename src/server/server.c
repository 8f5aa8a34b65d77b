/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop: sample, decide, apply, report, wait. Owns the signals and what is printed; decides
 * nothing itself.
 */
#include "server.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "datalog.h"
#include "events.h"
#include "http.h"
#include "journal.h"
#include "log.h"
#include "notify.h"
#include "process.h"
#include "record.h"
#include "safe.h"
#include "service.h"
#include "setup.h"
#include "table.h"
#include "xenmm/decide.h"
#include "xenmm/units.h"

/* While balloons move the world is looked at this often: a tenth of the time that 100 MiB take. */
#define QUICK_MS 100

/* A client's deadline that passed while nothing could be done about it does not make the loop spin. */
#define DUE_MIN_MS 10

/* A row of the table at most this often, however quick the rounds are. */
#define TABLE_MS 500

#define EXIT_MISUSE 2

struct server {
	struct mm_setup setup;
	struct mm_options options;
	struct mm_backend *backend;
	struct event_base *base;
	struct event *signals[3];
	struct mm_snapshot snap;
	struct mm_history hist;
	struct mm_plan plan;
	struct mm_table table;
	struct mm_events events;
	struct mm_datalog *datalog;
	struct mm_http *http;
	struct mm_journal journal;
	struct mm_service service;
	struct mm_record record;
	char host[HOST_NAME_MAX + 1]; /* this machine's name */
	struct timespec start;	      /* wall clock at the first round ... */
	uint64_t start_ms;	      /* ... and the back end's clock then */
	uint64_t sample_told_ms;      /* when such a failure was told last */
	uint64_t watchdog_ms;	      /* the service manager wants a word this often */
	bool has_started;
	bool has_failed_target;	      /* in this round */
	uint32_t recorded_generation; /* of a replay's settings */
	bool had_terminal;	      /* somebody watches us there */
	bool is_reload_due;
	bool is_stopping;
};

/* SIGHUP means two things: read the file again, and: the terminal that we were started from is gone. */
static bool is_hangup(const struct server *server)
{
	return server->had_terminal && !isatty(STDIN_FILENO);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct server *server = arg;

	(void)what;
	if (number == SIGHUP && !is_hangup(server)) {
		server->is_reload_due = true;
	} else {
		if (!server->is_stopping)
			mm_log(MM_LOG_INFO, "told to stop by SIG%s", sigabbrev_np(number));
		server->is_stopping = true;
	}
	event_base_loopbreak(server->base);
}

/* By itself libevent looks at a clock that moves each 4 ms, and rounds would begin that late. */
static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config && !event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER))
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	return base;
}

static int open_loop(struct server *server)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	/* A reader of our table that left, or a log at its limit, must not end the balancing. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	server->had_terminal = isatty(STDIN_FILENO);
	server->base = new_base();
	if (!server->base)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		server->signals[i] = evsignal_new(server->base, numbers[i], on_signal, server);
		if (!server->signals[i] || evsignal_add(server->signals[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

static bool is_replay(const struct server *server)
{
	return !strcmp(server->options.backend, "replay");
}

/* Errors of a file or value that was named on the command line, not of the system. */
static bool is_misuse(int error)
{
	return error == -EINVAL || error == -ENOENT || error == -EEXIST || error == -EISDIR ||
	       error == -ENOTDIR;
}

/* Wall-clock time of the snapshot; virtual time counts from when the run began. */
static struct timespec wall_time(const struct server *server)
{
	uint64_t elapsed_ms = server->snap.now_ms - server->start_ms;
	struct timespec wall = server->start;

	if (!server->backend->ops->is_virtual_time) {
		clock_gettime(CLOCK_REALTIME, &wall);
		return wall;
	}
	wall.tv_nsec += (long)(elapsed_ms % 1000) * 1000000;
	wall.tv_sec += (time_t)(elapsed_ms / 1000) + wall.tv_nsec / 1000000000;
	wall.tv_nsec %= 1000000000;
	return wall;
}

static void begin(struct server *server)
{
	clock_gettime(CLOCK_REALTIME, &server->start);
	server->start_ms = server->snap.now_ms;
	server->has_started = true;
	if (server->options.log_dir || !(is_replay(server) || server->options.is_dry_run))
		(void)mm_datalog_new(server->options.log_dir ? server->options.log_dir : ".",
			&server->start,
			&server->datalog); /* without memory for it there are no data logs */
	if (server->datalog)
		mm_datalog_probe(server->datalog, server->snap.now_ms);
	mm_notify("READY=1");
}

static const char *refusal(const struct server *server, int error)
{
	const struct mm_backend_ops *ops = server->backend->ops;
	const char *why = ops->last_error ? ops->last_error(server->backend) : "";

	return *why ? why : strerror(-error);
}

static void apply_entry(struct server *server, const struct mm_plan_entry *entry)
{
	const struct mm_backend_ops *ops = server->backend->ops;
	int r = server->options.is_dry_run
			? 0
			: ops->set_target(server->backend, entry->domid, entry->new_kib);

	if (r == -ENOENT) /* it went away since the sample: the next one will show that */
		return;
	if (r) {
		server->has_failed_target = true;
		mm_journal_refused(&server->journal, entry->domid);
		mm_events_refused(&server->events, &server->snap, entry, refusal(server, r));
		return;
	}
	if (server->options.is_dry_run)
		mm_events_dry_run(&server->events, &server->snap, &server->plan, entry);
	else
		mm_events_target(&server->snap, &server->plan, entry);
}

static void apply(struct server *server)
{
	server->has_failed_target = false;
	if (server->journal.view.is_paused)
		return;
	for (size_t i = 0; i < server->plan.change_count; i++)
		apply_entry(server, &server->plan.entries[server->plan.order[i]]);
}

static void report(struct server *server)
{
	const struct timespec wall = wall_time(server);
	uint64_t interval_ms = server->options.config.interval_ms;
	uint64_t since_ms = server->snap.now_ms - server->table.last_ms;

	if (!server->table.has_row || since_ms >= interval_ms ||
		(server->plan.change_count > 0 && since_ms >= TABLE_MS))
		mm_table_print(
			&server->table, &server->snap, &server->plan, server->options.is_verbose);
	if (server->datalog)
		mm_datalog_write(server->datalog, &server->snap, &server->plan, &wall, interval_ms);
	mm_record_round(&server->record, &server->snap, &server->plan);
}

/* Nobody waits for what is not set: then only balloons that others move are under way. */
static void settle(struct server *server)
{
	const struct mm_history *hist = &server->hist;

	if (!server->options.is_dry_run && !server->journal.view.is_paused)
		return;
	server->plan.is_moving = false;
	for (size_t i = 0; i < hist->count && !server->plan.is_moving; i++)
		server->plan.is_moving = hist->tracks[i].progress == MM_PROGRESS_MOVING;
}

/* Decides what to do about the sample, and does it. */
static int act(struct server *server)
{
	int r;

	mm_service_sampled(&server->service, &server->snap);
	r = mm_decide(&server->options.config, &server->snap, &server->hist, &server->plan);
	if (!r) {
		const struct timespec wall = wall_time(server);

		settle(server);
		mm_service_decided(&server->service);
		mm_journal_decided(&server->journal, &wall);
		mm_events_round(&server->events, &server->snap, &server->plan);
		apply(server);
		report(server);
	}
	mm_service_answer(&server->service);
	return r;
}

/* A world that has its own settings (a replay): they hold below those of the file and the command line. */
static int follow_recorded(struct server *server, bool is_first)
{
	const struct mm_backend_ops *ops = server->backend->ops;
	struct mm_config recorded;
	char err[512] = "";
	int r;

	if (!ops->settings)
		return 0;
	r = ops->settings(server->backend, &recorded);
	if (r || (!is_first && recorded.generation == server->recorded_generation))
		return r;
	server->recorded_generation = recorded.generation;
	r = mm_setup_rebase(&server->setup, &recorded, &server->options, err, sizeof(err));
	if (r)
		mm_log(MM_LOG_ERR, "%s", err);
	return r;
}

/* One round. Returns 0; 1: the world has ended; -errno: no way to go on. */
static int run_round(struct server *server, bool *ret_failed)
{
	const struct mm_backend_ops *ops = server->backend->ops;
	int r = ops->sample(server->backend, &server->snap);

	mm_events_notes(server->backend);
	if (r == -ENODATA)
		return 1;
	*ret_failed = r != 0;
	if (r == -EAGAIN) {
		if (mm_log_is_due(&server->sample_told_ms, server->snap.now_ms))
			mm_log(MM_LOG_WARN, "the domains cannot be read just now; trying again");
		server->plan.is_moving = false;
		mm_service_answer(&server->service);
		mm_notify(
			"WATCHDOG=1"); /* the loop is well, and a restart would not bring the store back */
		return 0;
	}
	if (r) {
		mm_log(MM_LOG_ERR, "the domains cannot be read: %s", strerror(-r));
		return r;
	}
	if (!server->has_started)
		begin(server);
	r = follow_recorded(server, false);
	if (r)
		return r;
	mm_events_limits(&server->events, &server->options.config, &server->snap.host);
	r = act(server);
	if (r) {
		mm_log(MM_LOG_WARN, "no memory for this round; trying again");
		*ret_failed = true;
		return 0;
	}
	mm_notify("WATCHDOG=1");
	return ops->decided ? ops->decided(server->backend, &server->snap, &server->plan) : 0;
}

/* How long the next round may be away. */
static uint64_t delay_ms(const struct server *server)
{
	uint64_t ms = mm_min_u64(server->options.config.interval_ms, server->watchdog_ms);
	uint64_t due_ms = mm_sub_floor(mm_service_due_ms(&server->service), server->snap.now_ms);

	if (server->plan.is_moving && !server->has_failed_target)
		ms = mm_min_u64(ms, QUICK_MS);
	return mm_min_u64(ms, mm_max_u64(due_ms, DUE_MIN_MS));
}

static void reload(struct server *server)
{
	server->is_reload_due = false;
	if (!mm_setup_reload(&server->setup, &server->options))
		return;
	mm_log_init(server->options.is_verbose);
	mm_backend_configure(server->backend, &server->options.config);
	mm_record_settings(&server->record, &server->options.config);
}

static int run(struct server *server)
{
	int r = 0;

	while (!server->is_stopping) {
		bool has_failed = false;

		if (server->is_reload_due)
			reload(server);
		mm_timing_begin(&server->journal.timing, mm_clock_us());
		r = run_round(server, &has_failed);
		mm_timing_end(&server->journal.timing, mm_clock_us(), has_failed);
		if (r || server->options.is_once)
			break;
		mm_http_round(server->http);
		mm_timing_due(&server->journal.timing, mm_clock_us(), delay_ms(server));
		r = server->backend->ops->wait(
			server->backend, server->base, server->snap.now_ms + delay_ms(server));
		if (r)
			break;
	}
	return r < 0 ? r : 0;
}

static void close_server(struct server *server)
{
	mm_service_close(&server->service);
	mm_http_close(server->http);
	mm_journal_free(&server->journal);
	mm_datalog_free(server->datalog);
	mm_record_close(&server->record);
	if (server->backend)
		server->backend->ops->close(server->backend);
	for (size_t i = 0; i < sizeof(server->signals) / sizeof(server->signals[0]); i++)
		if (server->signals[i])
			event_free(server->signals[i]);
	if (server->base)
		event_base_free(server->base);
	mm_events_free(&server->events);
	mm_plan_free(&server->plan);
	mm_history_free(&server->hist);
	mm_snapshot_free(&server->snap);
}

static int open_world(struct server *server)
{
	struct mm_options *options = &server->options;
	char err[256] = "";
	int r = mm_backend_open(
		options->backend, &options->world, err, sizeof(err), &server->backend);

	if (r) {
		mm_log(MM_LOG_ERR, "%s", err);
		return is_misuse(r) ? EXIT_MISUSE : EXIT_FAILURE;
	}
	mm_backend_configure(server->backend, &options->config);
	if (follow_recorded(server, true) == 0)
		return EXIT_SUCCESS;
	return EXIT_MISUSE;
}

/* In a replay nobody looks at the endpoint; it is there when asked for. */
static int open_http(struct server *server)
{
	const char *address = server->options.http;
	char err[256] = "";
	int r;

	if (!address || (is_replay(server) && !server->options.is_http_asked))
		return EXIT_SUCCESS;
	r = mm_http_open(address, server->base, &server->journal, err, sizeof(err), &server->http);
	if (r && !server->options.is_http_asked) { /* a guest that swaps is worse than no page */
		mm_log(MM_LOG_WARN, "%s; balancing goes on without the endpoint (see --http)", err);
		return EXIT_SUCCESS;
	}
	if (r) {
		mm_log(MM_LOG_ERR, "%s", err);
		return r == -EINVAL || r == -ENOSYS ? EXIT_MISUSE : EXIT_FAILURE;
	}
	mm_setup_greet(&server->options);
	if (mm_http_is_exposed(address))
		mm_log(MM_LOG_WARN,
			"http: whoever reaches %s can read names and memory of all guests; there "
			"is no password",
			address);
	return EXIT_SUCCESS;
}

/* On the simulator and in a replay only where it is asked for. */
static int open_control(struct server *server)
{
	const struct mm_options *options = &server->options;
	const char *path = options->control;
	char err[256] = "";
	int r;

	if (!path && !strcmp(options->backend, "xen"))
		path = MM_CONTROL_DEFAULT;
	if (!path || !strcmp(path, "off") || options->is_once)
		return EXIT_SUCCESS;
	server->service.journal = &server->journal;
	server->service.is_replay = is_replay(server);
	r = mm_service_open(&server->service, path, server->base, err, sizeof(err));
	if (!r)
		return EXIT_SUCCESS;
	mm_log(MM_LOG_ERR, "%s", err);
	return is_misuse(r) ? EXIT_MISUSE : EXIT_FAILURE;
}

/* The doors through which others look in, and what is kept for them. */
static int open_doors(struct server *server)
{
	int r;

	mm_process_host_name(server->host, sizeof(server->host));
	server->journal.view = (struct mm_view){
		.backend = server->options.backend,
		.host = *server->host ? server->host : NULL,
		.config = &server->options.config,
		.snap = &server->snap,
		.plan = &server->plan,
		.hist = &server->hist,
		.leases = &server->service.leases,
		.timing = &server->journal.timing,
		.is_dry_run = server->options.is_dry_run,
	};
	r = open_http(server);
	if (!r)
		r = open_control(server);
	if (!r && (server->http || server->service.control))
		mm_journal_open(&server->journal);
	return r;
}

static int serve(struct server *server)
{
	int r = open_world(server);

	if (r)
		return r;
	mm_process_raise_file_limit();
	if (open_loop(server)) {
		mm_log(MM_LOG_ERR, "cannot start the event loop");
		return EXIT_FAILURE;
	}
	if (server->options.record)
		r = mm_record_open(
			&server->record, server->options.record, &server->options.config);
	if (r)
		return is_misuse(r) ? EXIT_MISUSE : EXIT_FAILURE;
	r = open_doors(server);
	if (r)
		return r;
	r = run(server);
	mm_notify("STOPPING=1");
	if (server->is_stopping && !server->options.is_dry_run && !is_replay(server))
		mm_leave_safe_targets(server->backend, &server->snap, &server->hist);
	if (server->backend->ops->summary) {
		int summed = server->backend->ops->summary(server->backend, stdout);

		r = r ? r : summed;
	}
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --check-config and --print-config: returns the exit status. */
static int show_setup(const struct server *server)
{
	const struct mm_options *options = &server->options;
	char err[256] = "";

	if (options->is_check_config)
		mm_setup_describe(&server->setup, stdout);
	else if (mm_setup_print(options, stdout, err, sizeof(err)))
		mm_log(MM_LOG_ERR, "print-config: %s", err);
	return *err || fflush(stdout) || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Reads command line and file. Returns true where that is all there is to do, and the exit status. */
static bool is_done(struct server *server, int argc, char **argv, int *ret_status)
{
	struct mm_options *options = &server->options;
	char err[512] = "";
	enum mm_options_result result =
		mm_setup_start(&server->setup, argc, argv, options, err, sizeof(err));
	bool is_shown = options->is_check_config || options->is_print_config;

	if (result == MM_OPTIONS_WRONG || result == MM_OPTIONS_FAULT)
		mm_log(MM_LOG_ERR, "%s", err);
	if (result == MM_OPTIONS_FAULT && is_shown)
		*ret_status = EXIT_FAILURE;
	else if (result == MM_OPTIONS_RUN && is_shown)
		*ret_status = show_setup(server);
	else
		*ret_status = result == MM_OPTIONS_DONE ? EXIT_SUCCESS : EXIT_MISUSE;
	return result != MM_OPTIONS_RUN || is_shown;
}

int mm_server_main(int argc, char **argv)
{
	struct server server = {.options.is_once = false};
	int status;

	mm_process_open_standard_files();
	mm_log_init(false);
	if (is_done(&server, argc, argv, &status))
		return status;
	mm_log_init(server.options.is_verbose);
	server.watchdog_ms = mm_notify_watchdog_ms();
	status = serve(&server);
	close_server(&server);
	return status;
}
