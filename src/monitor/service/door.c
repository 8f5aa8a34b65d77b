/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon in the loop. It shares it through its epoll descriptor, so that there is no second thread. */
#include "monitor/service/door.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "monitor/service/door_private.h"
#include "monitor/service/listen.h"

/* A request's head, what is noted of it, and the answer's head: four times what we allow, so that we say that it is too long. */
#define CONNECTION_BYTES ((size_t)4 * MM_WEB_HEAD_MAX)

/* ---- in the loop ------------------------------------------------------------------------------- */

static void call_after(struct event *event, uint64_t ms)
{
	const struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	(void)event_add(event, &tv); /* without memory for it the next request goes on */
}

static unsigned connection_count(const struct mm_door *door)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

	return info ? info->num_connections : 0;
}

/*
 * The daemon does not listen while all its connections are in use. It looks whether it can again when a run begins; if this
 * run ended them all, nothing else would call for the next one.
 */
static void run_daemon(struct mm_door *door)
{
	unsigned before = connection_count(door);
	MHD_UNSIGNED_LONG_LONG ms = 0;

	(void)MHD_run(door->daemon);
	if (connection_count(door) < before)
		(void)MHD_run(door->daemon);
	if (MHD_get_timeout(door->daemon, &ms) == MHD_YES)
		call_after(door->timeout, ms);
	else
		(void)event_del(door->timeout);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run_daemon(arg);
}

/* ---- the daemon -------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 0))) static void on_log(
	void *arg, const char *format, va_list args)
{
	char line[300];

	(void)arg;
	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	mm_log(MM_LOG_DEBUG, "http: %s", line);
}

/* One more daemon on the same socket: it closes its copy when it ends. */
static struct MHD_Daemon *new_daemon(struct mm_door *door, const char *cert, const char *key)
{
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0,
			(void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem *options = cert ? tls : tls + 3;
	unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | (cert ? MHD_USE_TLS : 0u);
	int fd = fcntl(door->fd, F_DUPFD_CLOEXEC, 3);
	struct MHD_Daemon *daemon;

	if (fd < 0)
		return NULL;
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, mm_door_request, door,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, MM_DOOR_CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, door->is_exposed ? MM_DOOR_PER_ADDRESS : 0u,
		MHD_OPTION_CONNECTION_TIMEOUT, MM_HTTP_TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT,
		1, MHD_OPTION_URI_LOG_CALLBACK, mm_door_begin, door, MHD_OPTION_NOTIFY_COMPLETED,
		mm_door_end, door, MHD_OPTION_NOTIFY_CONNECTION, mm_web_peer_notify, &door->peers,
		MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	if (!daemon)
		close(fd);
	return daemon;
}

static int join_loop(struct mm_door *door, struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct event *readable =
		info ? event_new(door->base, info->epoll_fd, EV_READ | EV_PERSIST, on_event, door)
		     : NULL;

	if (!readable || event_add(readable, NULL)) {
		if (readable)
			event_free(readable);
		return -ENOMEM;
	}
	if (door->readable)
		event_free(door->readable);
	door->readable = readable;
	return 0;
}

/* Starts a daemon by the settings; the one before ends where that went well. */
static int start(struct mm_door *door, char *err, size_t err_size)
{
	const struct mm_mon_settings *settings = door->settings;
	struct MHD_Daemon *daemon;
	char *cert = NULL, *key = NULL;
	int r = 0;

	if (*settings->tls_cert)
		r = mm_listen_read_tls(
			settings->tls_cert, settings->tls_key, &cert, &key, err, err_size);
	if (r)
		return r;
	daemon = new_daemon(door, cert, key);
	if (!daemon) {
		snprintf(err, err_size,
			cert ? "tls-cert, tls-key: %s and %s are not a certificate and its key"
			     : "out of memory for the endpoint",
			settings->tls_cert, settings->tls_key);
		r = -EINVAL;
	} else if (join_loop(door, daemon)) {
		snprintf(err, err_size, "out of memory for the endpoint");
		MHD_stop_daemon(daemon);
		r = -ENOMEM;
	}
	if (key)
		explicit_bzero(key, strlen(key));
	free(cert);
	free(key);
	if (!r) {
		if (door->daemon)
			MHD_stop_daemon(door->daemon);
		door->daemon = daemon;
		call_after(door->timeout, 0);
	}
	return r;
}

int mm_door_reload(struct mm_door *door, char *err, size_t err_size)
{
	const char *path = door->settings->token_file;
	struct mm_mon_tokens *tokens = NULL;
	int r = 0;

	if (*path)
		r = mm_mon_tokens_load(path, &tokens, err, err_size);
	else if (door->is_exposed && !door->settings->is_insecure)
		r = -EINVAL; /* checked with the settings */
	if (!r && (!door->daemon || *door->settings->tls_cert))
		r = start(door, err, err_size);
	if (r) {
		mm_mon_tokens_free(tokens);
		return r;
	}
	mm_mon_tokens_free(door->tokens);
	door->tokens = tokens;
	mm_door_forget(door);
	return 0;
}

/* ---- opening ----------------------------------------------------------------------------------- */

/* What this host is called; the resolver is asked only where others than this host itself come. */
static void find_names(struct mm_web_names *names, bool is_exposed)
{
	const struct addrinfo hints = {.ai_flags = AI_CANONNAME};
	struct addrinfo *info = NULL;
	char *name = names->name[0];

	if (gethostname(name, MM_WEB_NAME_MAX - 1) || !*name)
		return;
	names->count = 1;
	if (!is_exposed || getaddrinfo(name, NULL, &hints, &info))
		return;
	if (info->ai_canonname && strlen(info->ai_canonname) < MM_WEB_NAME_MAX)
		strcpy(names->name[names->count++], info->ai_canonname);
	freeaddrinfo(info);
}

int mm_door_open(const struct mm_mon_settings *settings, struct event_base *base,
	mm_door_answer *answer, void *arg, char *err, size_t err_size, struct mm_door **ret_door)
{
	struct mm_door *door = calloc(1, sizeof(*door));
	union mm_web_address where;
	int r = mm_web_address_parse(mm_mon_listen(settings), &where);

	if (!door || r) {
		snprintf(err, err_size, "listen: %s", strerror(door ? EINVAL : ENOMEM));
		free(door);
		return door ? r : -ENOMEM;
	}
	*door = (struct mm_door){.settings = settings, .base = base, .answer = answer, .arg = arg};
	door->is_exposed = !mm_web_address_is_loopback(&where);
	find_names(&door->names, door->is_exposed);
	door->fd = mm_listen_open(&where);
	door->timeout = evtimer_new(base, on_event, door);
	if (door->fd < 0) {
		r = door->fd;
		snprintf(err, err_size, "cannot listen on %s: %s", mm_mon_listen(settings),
			strerror(-r));
	} else if (!door->timeout || mm_web_peers_open(&door->peers, base)) {
		r = -ENOMEM;
		snprintf(err, err_size, "out of memory for the endpoint");
	} else {
		r = mm_door_reload(door, err, err_size);
	}
	if (r)
		mm_door_close(door);
	else
		*ret_door = door;
	return r;
}

void mm_door_close(struct mm_door *door)
{
	if (!door)
		return;
	if (door->daemon)
		MHD_stop_daemon(door->daemon);
	if (door->readable)
		event_free(door->readable);
	if (door->timeout)
		event_free(door->timeout);
	mm_web_peers_close(&door->peers);
	if (door->fd >= 0)
		close(door->fd);
	mm_door_forget(door);
	mm_mon_tokens_free(door->tokens);
	free(door);
}

size_t mm_door_counts(const struct mm_door *door, const struct mm_door_count **ret_counts)
{
	*ret_counts = door->counts;
	return door->count_count;
}
