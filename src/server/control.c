/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Everything about a client is bounded, so that none can hold up a round: how many there are, how long a line is, how
 * many lines are served in a row, how much of an answer may wait, and for how long.
 */
#include "control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "request.h"

#define PEERS_MAX 32u

/* A client that asks nothing, and one that does not read its answer, is let go after so many seconds. */
#define IDLE_S 30
#define SLOW_S 5

/* So many lines of one client are served, then others, and the balancing, have their turn. */
#define LINES_IN_A_ROW 8

/* With so much unread no further request of that client is served. */
#define BACKLOG_MAX ((size_t)64 * 1024)

/* Where connections cannot be taken (no descriptors left), it is tried again after a second. */
#define PAUSE_S 1

struct mm_peer {
	struct mm_control *control;
	struct bufferevent *bev;
	struct event *idle;
	struct mm_peer *next, **link;
	bool is_held;
	bool is_kept;
	bool is_ending; /* said good-bye, or is to be let go: only what waits to be sent keeps it */
};

struct mm_control {
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *pause;
	const struct mm_control_ops *ops;
	void *arg;
	struct mm_peer *peers;
	unsigned int peer_count;
	char *path;
};

/* ---- one client ------------------------------------------------------------------------------ */

static void free_peer(struct mm_peer *peer)
{
	*peer->link = peer->next;
	if (peer->next)
		peer->next->link = peer->link;
	peer->control->peer_count--;
	if (peer->idle)
		event_free(peer->idle);
	if (peer->bev)
		bufferevent_free(peer->bev);
	free(peer);
}

static void close_peer(struct mm_peer *peer)
{
	peer->control->ops->closed(peer->control->arg, peer);
	free_peer(peer);
}

static void watch_idle(struct mm_peer *peer)
{
	const struct timeval tv = {.tv_sec = IDLE_S};

	if (peer->is_held || peer->is_kept)
		(void)event_del(peer->idle);
	else
		(void)event_add(peer->idle, &tv); /* without memory for it nobody is let go */
}

static size_t backlog(const struct mm_peer *peer)
{
	return evbuffer_get_length(bufferevent_get_output(peer->bev));
}

void mm_peer_send(struct mm_peer *peer, const char *text, size_t len)
{
	if (bufferevent_write(peer->bev, text, len) || bufferevent_write(peer->bev, "\n", 1))
		peer->is_ending = true; /* no memory: half an answer is none */
	watch_idle(peer);
}

void mm_peer_hold(struct mm_peer *peer, bool is_held)
{
	bool is_over = peer->is_held && !is_held;

	peer->is_held = is_held;
	watch_idle(peer);
	if (is_over)
		bufferevent_trigger(peer->bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
}

void mm_peer_keep(struct mm_peer *peer, bool is_kept)
{
	peer->is_kept = is_kept;
	watch_idle(peer);
}

static void refuse(struct mm_peer *peer, const char *why)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "{\"ok\":false,\"version\":1,\"error\":\"%s\"}", why);

	mm_peer_send(peer, text, (size_t)n);
	peer->is_ending = true;
}

/* Serves the next line. Returns whether there may be more to serve. */
static bool serve_line(struct mm_peer *peer)
{
	struct evbuffer *in = bufferevent_get_input(peer->bev);
	struct evbuffer_ptr end;
	unsigned char *line;

	if (peer->is_ending || peer->is_held || backlog(peer) > BACKLOG_MAX)
		return false;
	end = evbuffer_search_eol(in, NULL, NULL, EVBUFFER_EOL_LF);
	if (end.pos < 0 || end.pos > (ev_ssize_t)MM_REQUEST_MAX) {
		if (evbuffer_get_length(in) > MM_REQUEST_MAX)
			refuse(peer, "a request has at most 65536 bytes");
		return false;
	}
	line = evbuffer_pullup(in, end.pos + 1);
	if (!line) {
		peer->is_ending = true;
		return false;
	}
	peer->control->ops->request(peer->control->arg, peer, (const char *)line, (size_t)end.pos);
	(void)evbuffer_drain(in, (size_t)end.pos + 1);
	return true;
}

static void end_if_done(struct mm_peer *peer)
{
	if (peer->is_ending && backlog(peer) == 0)
		close_peer(peer);
}

static void on_input(struct bufferevent *bev, void *arg)
{
	struct mm_peer *peer = arg;
	bool is_more = true;

	for (int i = 0; is_more && i < LINES_IN_A_ROW; i++)
		is_more = serve_line(peer);
	if (is_more)
		bufferevent_trigger(bev, EV_READ, BEV_TRIG_DEFER_CALLBACKS);
	end_if_done(peer);
}

/* All that waited to be sent is sent: the next line's turn. */
static void on_sent(struct bufferevent *bev, void *arg)
{
	on_input(bev, arg);
}

/* The client is gone, in trouble, or too slow; after a good-bye (EOF) it still gets its answers. */
static void on_end(struct bufferevent *bev, short what, void *arg)
{
	struct mm_peer *peer = arg;

	if (what & BEV_EVENT_EOF) {
		while (serve_line(peer))
			;
		peer->is_ending = true;
		(void)bufferevent_disable(bev, EV_READ);
		if (!peer->is_held)
			end_if_done(peer);
		else
			close_peer(peer);
		return;
	}
	close_peer(peer);
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	close_peer(arg);
}

static struct mm_peer *new_peer(struct mm_control *control, int fd)
{
	const struct timeval slow = {.tv_sec = SLOW_S};
	struct mm_peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->control = control;
	peer->next = control->peers;
	peer->link = &control->peers;
	if (peer->next)
		peer->next->link = &peer->next;
	control->peers = peer;
	control->peer_count++;
	peer->idle = evtimer_new(control->base, on_idle, peer);
	peer->bev = bufferevent_socket_new(control->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!peer->idle || !peer->bev) {
		if (!peer->bev)
			close(fd);
		free_peer(peer);
		return NULL;
	}
	bufferevent_setcb(peer->bev, on_input, on_sent, on_end, peer);
	bufferevent_setwatermark(peer->bev, EV_READ, 0, MM_REQUEST_MAX + 1);
	(void)bufferevent_set_timeouts(peer->bev, NULL, &slow);
	watch_idle(peer);
	return peer;
}

/* ---- the door -------------------------------------------------------------------------------- */

static bool is_allowed(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) &&
	       (who.uid == 0 || who.uid == geteuid());
}

static void turn_away(int fd, const char *why)
{
	char text[200];
	int n = snprintf(
		text, sizeof(text), "{\"ok\":false,\"version\":1,\"error\":\"%s\"}\n", why);

	/* a new socket's buffer is empty: it goes through, or nobody is there to read it */
	(void)!send(fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
	struct sockaddr *address, int len, void *arg)
{
	struct mm_control *control = arg;
	struct mm_peer *peer;

	(void)listener;
	(void)address;
	(void)len;
	if (!is_allowed(fd)) {
		turn_away(fd, "only root may use this socket");
		return;
	}
	if (control->peer_count >= PEERS_MAX) {
		turn_away(fd, "too many connections; try again");
		return;
	}
	peer = new_peer(control, fd);
	if (peer && bufferevent_enable(peer->bev, EV_READ | EV_WRITE))
		free_peer(peer);
}

static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	const struct timeval tv = {.tv_sec = PAUSE_S};
	struct mm_control *control = arg;

	(void)evconnlistener_disable(listener);
	(void)event_add(control->pause, &tv);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct mm_control *control = arg;

	(void)fd;
	(void)what;
	(void)evconnlistener_enable(control->listener);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int fill_address(const char *path, struct sockaddr_un *ret_address)
{
	memset(ret_address, 0, sizeof(*ret_address));
	ret_address->sun_family = AF_UNIX;
	if (!path[0] || strlen(path) >= sizeof(ret_address->sun_path))
		return -EINVAL;
	strcpy(ret_address->sun_path, path);
	return 0;
}

/* The last folder of the path, if it is not there: nobody else needs to look into it. */
static int make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (!slash || slash == path)
		return 0;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	return mkdir(folder, 0755) && errno != EEXIST ? -errno : 0;
}

/* A socket that a dead server left behind refuses connections; whatever else is there stays. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat st;
	int fd, r;

	if (lstat(address->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	close(fd);
	if (r != ECONNREFUSED)
		return r == 0 || r == EAGAIN ? -EADDRINUSE : -r;
	return unlink(address->sun_path) && errno != ENOENT ? -errno : 0;
}

/* Only its owner may even connect, from its first moment on. */
static int bind_private(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0177);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	umask(mask);
	return r;
}

static int listen_at(struct mm_control *control, const struct sockaddr_un *address)
{
	int fd, r = make_folder(address->sun_path);

	if (!r)
		r = remove_stale(address);
	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = bind_private(fd, address);
	if (r) {
		close(fd);
		return r;
	}
	control->path = strdup(address->sun_path);
	control->listener = evconnlistener_new(control->base, on_connection, control,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, PEERS_MAX, fd);
	if (!control->path || !control->listener) {
		if (!control->listener)
			close(fd);
		return -ENOMEM;
	}
	evconnlistener_set_error_cb(control->listener, on_accept_error);
	return 0;
}

static const char *trouble(int error)
{
	switch (error) {
	case -EINVAL:
		return "a path of 1 to 107 bytes is needed";
	case -EADDRINUSE:
		return "another mmserver answers there";
	case -EEXIST:
		return "something that is no socket is there, and is not overwritten";
	default:
		return strerror(-error);
	}
}

int mm_control_open(const char *path, struct event_base *base, const struct mm_control_ops *ops,
	void *arg, char *err, size_t err_size, struct mm_control **ret_control)
{
	struct mm_control *control = calloc(1, sizeof(*control));
	struct sockaddr_un address;
	int r = control ? fill_address(path, &address) : -ENOMEM;

	if (!r) {
		control->base = base;
		control->ops = ops;
		control->arg = arg;
		control->pause = evtimer_new(base, on_pause_over, control);
		r = control->pause ? listen_at(control, &address) : -ENOMEM;
	}
	if (r) {
		snprintf(err, err_size, "control: cannot listen at '%s': %s", path, trouble(r));
		mm_control_close(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

void mm_control_close(struct mm_control *control)
{
	if (!control)
		return;
	for (struct mm_peer *peer = control->peers, *next; peer; peer = next) {
		next = peer->next;
		free_peer(peer);
	}
	if (control->listener)
		evconnlistener_free(control->listener);
	if (control->pause)
		event_free(control->pause);
	if (control->path)
		(void)unlink(control->path);
	free(control->path);
	free(control);
}
