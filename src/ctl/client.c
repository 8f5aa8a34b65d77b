/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "xenmm/units.h"

#define SOCKET_DEFAULT "/run/xenmm/mmserver.sock"

/* A server that is well answers within a round; a second for each that may be in between is plenty: for all of it. */
#define ANSWER_MS 10000

/* A status of 10,000 guests has about 8 MiB. */
#define ANSWER_MAX ((size_t)64 * 1024 * 1024)

bool mm_client_option(struct mm_client *client, int option, const char *value)
{
	const char *name = client->command->options[option].name;

	if (!strcmp(name, "socket"))
		client->path = value;
	else if (!strcmp(name, "json"))
		client->is_json = true;
	else
		return false;
	return true;
}

__attribute__((format(printf, 2, 3))) static void say(
	const struct mm_client *client, const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	if (client->why) {
		vsnprintf(client->why, client->why_size, format, args);
	} else {
		vsnprintf(line, sizeof(line), format, args);
		mm_ctl_say(client->command, "%s", line);
	}
	va_end(args);
}

bool mm_client_is_open(const struct mm_client *client)
{
	return client->buf != NULL;
}

void mm_client_close(struct mm_client *client)
{
	if (client->buf) /* there is none before the first connection */
		close(client->fd);
	free(client->buf);
	client->buf = NULL;
	client->len = client->size = 0;
}

static int no_server(const struct mm_client *client, const char *path, int error)
{
	if (error == EACCES || error == EPERM) {
		say(client, "no permission to use %s: only root has it", path);
		return MM_EXIT_FAILED;
	}
	say(client, "no mmserver answers at %s: %s; is it running?", path, strerror(error));
	return MM_EXIT_NO_SERVER;
}

static int connect_server(struct mm_client *client)
{
	const char *path = client->path ? client->path : SOCKET_DEFAULT;
	const struct timeval limit = {.tv_sec = ANSWER_MS / 1000};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (client->buf)
		return MM_EXIT_OK;
	if (!*path || strlen(path) >= sizeof(address.sun_path)) {
		say(client, "socket: '%s' must have 1 to %zu bytes", path,
			sizeof(address.sun_path) - 1);
		return MM_EXIT_MISUSE;
	}
	strcpy(address.sun_path, path);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client->buf = client->fd < 0 ? NULL : malloc(4096);
	if (!client->buf) {
		say(client, "no socket: %s", strerror(errno));
		return MM_EXIT_FAILED;
	}
	client->size = 4096;
	/* a server that stands still takes no connection once many wait, nor more than the socket holds */
	(void)setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(client->fd, (const struct sockaddr *)&address, sizeof(address))) {
		int error = errno;

		mm_client_close(client);
		return no_server(client, path, error);
	}
	return MM_EXIT_OK;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int send_line(struct mm_client *client, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = send(client->fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

static int grow(struct mm_client *client)
{
	char *buf;

	if (client->len < client->size)
		return 0;
	if (client->size >= ANSWER_MAX)
		return -EMSGSIZE;
	buf = realloc(client->buf, 2 * client->size);
	if (!buf)
		return -ENOMEM;
	client->buf = buf;
	client->size *= 2;
	return 0;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What there is to read by then, at least a byte. Returns 0 or -errno. */
static int read_some(struct mm_client *client, uint64_t until_ms)
{
	struct pollfd fd = {.fd = client->fd, .events = POLLIN};

	for (;;) {
		uint64_t now_ms = now();
		ssize_t n;

		if (now_ms >= until_ms)
			return -ETIMEDOUT;
		if (poll(&fd, 1, (int)mm_min_u64(until_ms - now_ms, INT_MAX)) <= 0)
			continue;
		n = recv(client->fd, client->buf + client->len, client->size - client->len,
			MSG_DONTWAIT);
		if (n > 0) {
			client->len += (size_t)n;
			return 0;
		}
		if (n == 0)
			return -ECONNRESET;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

/* Reads until a line is complete; its length goes to *ret_len. A server that sends little by little has no more time. */
static int read_line(struct mm_client *client, uint64_t wait_ms, size_t *ret_len)
{
	uint64_t until_ms = now() + wait_ms + ANSWER_MS;
	size_t looked = 0;

	for (;;) {
		char *end = memchr(client->buf + looked, '\n', client->len - looked);
		int r;

		if (end) {
			*ret_len = (size_t)(end - client->buf);
			return 0;
		}
		looked = client->len;
		r = grow(client);
		if (!r)
			r = read_some(client, until_ms);
		if (r)
			return r;
	}
}

static int lost(const struct mm_client *client, int error)
{
	say(client, "%s",
		error == -ECONNRESET  ? "the server closed the connection"
		: error == -ETIMEDOUT ? "the server does not answer"
				      : strerror(-error));
	return MM_EXIT_FAILED;
}

/* Whoever is at the other end, no text of it tells a terminal what to do: what is not printable ASCII becomes '?'. */
static bool clean_text(char *text)
{
	bool is_changed = false;

	for (; *text; text++)
		if (*text < ' ' || *text > '~') {
			*text = '?';
			is_changed = true;
		}
	return is_changed;
}

/* All texts of an answer, within it. Returns 0 or -ENOMEM. */
static int clean_answer(json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;
	char *text;
	int r = 0;

	if (json_is_string(value)) {
		text = strdup(json_string_value(value));
		r = !text || (clean_text(text) && json_string_set(value, text)) ? -ENOMEM : 0;
		free(text);
	}
	json_array_foreach(value, i, member) r = r ? r : clean_answer(member);
	json_object_foreach(value, key, member) r = r ? r : clean_answer(member);
	return r;
}

/* The first `len` bytes of the buffer are an answer; they leave it. */
static int take_line(struct mm_client *client, size_t len, json_t **ret_answer)
{
	json_error_t error;
	json_t *answer = json_loadb(client->buf, len, 0, &error);

	client->len -= len + 1;
	memmove(client->buf, client->buf + len + 1, client->len);
	if (!json_is_object(answer)) {
		(void)clean_text(error.text); /* it quotes what was sent */
		say(client, "the server's answer is no JSON%s%s", answer ? " object" : ": ",
			answer ? "" : error.text);
		json_decref(answer);
		return MM_EXIT_FAILED;
	}
	if (clean_answer(answer)) {
		json_decref(answer);
		say(client, "out of memory");
		return MM_EXIT_FAILED;
	}
	*ret_answer = answer;
	if (json_is_true(json_object_get(answer, "ok")))
		return MM_EXIT_OK;
	say(client, "%s", mm_client_text(answer, "error"));
	return MM_EXIT_FAILED;
}

int mm_client_more(struct mm_client *client, uint64_t wait_ms, json_t **ret_answer)
{
	size_t len = 0;
	int r = read_line(client, wait_ms, &len);

	*ret_answer = NULL;
	return r ? lost(client, r) : take_line(client, len, ret_answer);
}

int mm_client_send(struct mm_client *client, json_t *request)
{
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	int r;

	json_decref(request);
	if (!text) {
		say(client, "a text of the request is not UTF-8");
		return MM_EXIT_MISUSE;
	}
	r = connect_server(client);
	/* a server that turns us away says why before it closes: its answer is read all the same */
	if (!r && !send_line(client, text))
		(void)send_line(client, "\n");
	free(text);
	return r;
}

int mm_client_take(struct mm_client *client, json_t **ret_answer)
{
	size_t looked = client->len;
	ssize_t n = 0;
	char *end;
	int r = grow(client);

	*ret_answer = NULL;
	if (!r) {
		n = recv(client->fd, client->buf + client->len, client->size - client->len,
			MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return MM_EXIT_OK;
		r = n > 0 ? 0 : n == 0 ? -ECONNRESET : -errno;
	}
	if (r) {
		r = lost(client, r);
		mm_client_close(client);
		return r;
	}
	client->len += (size_t)n;
	end = memchr(client->buf + looked, '\n', client->len - looked);
	return end ? take_line(client, (size_t)(end - client->buf), ret_answer) : MM_EXIT_OK;
}

int mm_client_ask(struct mm_client *client, json_t *request, uint64_t wait_ms, json_t **ret_answer)
{
	int r = mm_client_send(client, request);

	*ret_answer = NULL;
	return r ? r : mm_client_more(client, wait_ms, ret_answer);
}

/* ---- answers --------------------------------------------------------------------------------- */

void mm_client_print(const json_t *answer)
{
	char *text = json_dumps(answer, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	if (text)
		puts(text);
	free(text);
}

uint64_t mm_client_kib(const json_t *object, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(object, name));

	return value > 0 ? (uint64_t)value : 0;
}

const char *mm_client_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}
