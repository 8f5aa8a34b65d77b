/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The connection to xenstored. See store.h. */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "xenmm/units.h"

/* Whether somebody listens on xenstored's socket. */
static bool has_daemon(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const char *path = xs_daemon_socket();
	bool is_there;
	int fd;

	if (!path || strlen(path) >= sizeof(addr.sun_path))
		return false;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	is_there = connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0;
	close(fd);
	return is_there;
}

int mm_store_open(struct mm_store *store, bool has_domain)
{
	if (!has_domain && !has_daemon())
		return -ENOTCONN;
	store->xs = xs_open(0);
	return store->xs ? 0 : -ENOTCONN;
}

void mm_store_close(struct mm_store *store)
{
	xs_close(store->xs);
	store->xs = NULL;
}

void mm_store_path(char buf[MM_PATH_MAX], uint32_t domid, const char *key)
{
	snprintf(buf, MM_PATH_MAX, "/local/domain/%u%s%s", domid, key[0] ? "/" : "", key);
}

int mm_store_error(int error)
{
	switch (error) {
	case EBADF:
	case EPIPE:
	case ECONNRESET:
	case EINVAL: /* what libxenstore says when the other side closed while it waited for the
			reply */
		return -ENOTCONN;
	case ENOENT:
	case EAGAIN:
	case ENOMEM:
		return -error;
	default:
		return -EIO;
	}
}

int mm_store_read(struct mm_store *store, xs_transaction_t t, const char *path, char **ret_text,
	size_t *ret_len)
{
	unsigned int len;
	char *text;

	if (!store->xs)
		return -ENOTCONN;
	text = xs_read(store->xs, t, path, &len);
	if (!text)
		return mm_store_error(errno);
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int mm_store_read_u64(struct mm_store *store, uint32_t domid, const char *key, uint64_t *ret_value)
{
	char path[MM_PATH_MAX], *text;
	size_t len;
	int r;

	mm_store_path(path, domid, key);
	r = mm_store_read(store, XBT_NULL, path, &text, &len);
	if (r < 0)
		return r;
	r = mm_parse_u64(text, len, MM_SIZE_MAX_KIB, ret_value) < 0 ? -EINVAL : 0;
	free(text);
	return r;
}

int mm_store_watch(struct mm_store *store, const char *path, const char *token)
{
	if (!store->xs)
		return -ENOTCONN;
	if (xs_watch(store->xs, path, token))
		return 1;
	return errno == EEXIST ? 0 : mm_store_error(errno);
}

void mm_store_unwatch(struct mm_store *store, const char *path, const char *token)
{
	/* fails when the connection is gone, and the watch with it */
	if (store->xs)
		(void)xs_unwatch(store->xs, path, token);
}

int mm_store_next(struct mm_store *store, char ***ret_event)
{
	char **event;

	if (!store->xs)
		return -ENOTCONN;
	event = xs_check_watch(store->xs);
	if (event) {
		*ret_event = event;
		return 1;
	}
	/* the reader thread does not wake us when the connection ends; this is where it shows */
	return errno == EAGAIN ? 0 : -ENOTCONN;
}
