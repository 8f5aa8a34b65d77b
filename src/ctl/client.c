/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_DEFAULT "/run/xenmm/mmserver.sock"

/* A server that is well answers within a round; a second for each that may be in between is plenty. */
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
		mm_ctl_say(client->command, "no permission to use %s: only root has it", path);
		return MM_EXIT_FAILED;
	}
	mm_ctl_say(client->command, "no mmserver answers at %s: %s; is it running?", path,
		strerror(error));
	return MM_EXIT_NO_SERVER;
}

static int connect_server(struct mm_client *client)
{
	const char *path = client->path ? client->path : SOCKET_DEFAULT;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (client->buf)
		return MM_EXIT_OK;
	if (!*path || strlen(path) >= sizeof(address.sun_path)) {
		mm_ctl_say(client->command, "socket: '%s' must have 1 to %zu bytes", path,
			sizeof(address.sun_path) - 1);
		return MM_EXIT_MISUSE;
	}
	strcpy(address.sun_path, path);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client->buf = client->fd < 0 ? NULL : malloc(4096);
	if (!client->buf) {
		mm_ctl_say(client->command, "no socket: %s", strerror(errno));
		return MM_EXIT_FAILED;
	}
	client->size = 4096;
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

/* Reads until a line is complete; its length goes to *ret_len. */
static int read_line(struct mm_client *client, uint64_t wait_ms, size_t *ret_len)
{
	const struct timeval tv = {.tv_sec = (time_t)((wait_ms + ANSWER_MS) / 1000)};
	size_t looked = 0;

	(void)setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	for (;;) {
		char *end = memchr(client->buf + looked, '\n', client->len - looked);
		ssize_t n;
		int r;

		if (end) {
			*ret_len = (size_t)(end - client->buf);
			return 0;
		}
		looked = client->len;
		r = grow(client);
		if (r)
			return r;
		n = recv(client->fd, client->buf + client->len, client->size - client->len, 0);
		if (n > 0)
			client->len += (size_t)n;
		else if (n == 0)
			return -ECONNRESET;
		else if (errno != EINTR)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
	}
}

static int lost(const struct mm_client *client, int error)
{
	mm_ctl_say(client->command, "%s",
		error == -ECONNRESET  ? "the server closed the connection"
		: error == -ETIMEDOUT ? "the server does not answer"
				      : strerror(-error));
	return MM_EXIT_FAILED;
}

int mm_client_more(struct mm_client *client, uint64_t wait_ms, json_t **ret_answer)
{
	json_error_t error;
	json_t *answer;
	size_t len = 0;
	int r = read_line(client, wait_ms, &len);

	*ret_answer = NULL;
	if (r)
		return lost(client, r);
	answer = json_loadb(client->buf, len, 0, &error);
	client->len -= len + 1;
	memmove(client->buf, client->buf + len + 1, client->len);
	if (!json_is_object(answer)) {
		json_decref(answer);
		mm_ctl_say(client->command, "the server's answer is no JSON: %s", error.text);
		return MM_EXIT_FAILED;
	}
	*ret_answer = answer;
	if (json_is_true(json_object_get(answer, "ok")))
		return MM_EXIT_OK;
	mm_ctl_say(client->command, "%s", mm_client_text(answer, "error"));
	return MM_EXIT_FAILED;
}

int mm_client_ask(struct mm_client *client, json_t *request, uint64_t wait_ms, json_t **ret_answer)
{
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	int r;

	*ret_answer = NULL;
	json_decref(request);
	if (!text) {
		mm_ctl_say(client->command, "a text of the request is not UTF-8");
		return MM_EXIT_MISUSE;
	}
	r = connect_server(client);
	if (r) {
		free(text);
		return r;
	}
	/* a server that turns us away says why before it closes: its answer is read all the same */
	if (!send_line(client, text))
		(void)send_line(client, "\n");
	free(text);
	return mm_client_more(client, wait_ms, ret_answer);
}

/* ---- answers --------------------------------------------------------------------------------- */

void mm_client_print(const json_t *answer)
{
	char *text = json_dumps(answer, JSON_INDENT(2));

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
