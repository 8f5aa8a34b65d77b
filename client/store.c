/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <xenstore.h>

#include "signals.h"

struct mm_store {
	struct xs_handle *xs;
};

/* libxenstore leaves errno 0 in some corners (a reply cut short, a reader thread that ended). */
static int last_error(void)
{
	return errno > 0 ? -errno : -EIO;
}

int mm_store_open(struct mm_store **ret_store)
{
	struct mm_store *store = malloc(sizeof(*store));
	int r = 0;

	if (!store)
		return -ENOMEM;
	mm_signals_let_in();
	errno = 0;
	store->xs = xs_open(XS_UNWATCH_FILTER);
	if (!store->xs)
		r = last_error();
	mm_signals_keep_out();
	if (r < 0) {
		free(store);
		return r;
	}
	*ret_store = store;
	return 0;
}

void mm_store_close(struct mm_store *store)
{
	if (!store)
		return;
	mm_signals_let_in();
	xs_close(store->xs);
	mm_signals_keep_out();
	free(store);
}

int mm_store_write(struct mm_store *store, const char *key, const char *value, size_t len)
{
	int r = 0;

	mm_signals_let_in();
	errno = 0;
	if (!xs_write(store->xs, XBT_NULL, key, value, (unsigned int)len))
		r = last_error();
	mm_signals_keep_out();
	return r;
}

int mm_store_watch(struct mm_store *store, const char *key)
{
	int r = 0;

	mm_signals_let_in();
	errno = 0;
	if (!xs_watch(store->xs, key, key))
		r = last_error();
	mm_signals_keep_out();
	return r;
}

int mm_store_unwatch(struct mm_store *store, const char *key)
{
	int r = 0;

	mm_signals_let_in();
	errno = 0;
	if (!xs_unwatch(store->xs, key, key))
		r = last_error();
	mm_signals_keep_out();
	return r;
}

int mm_store_fd(struct mm_store *store)
{
	int fd = xs_fileno(store->xs);

	return fd < 0 ? -EIO : fd;
}

int mm_store_next_event(struct mm_store *store, char *key, size_t size)
{
	char **event;

	errno = 0;
	event = xs_check_watch(store->xs);
	if (!event)
		return last_error();
	(void)snprintf(key, size, "%s", event[XS_WATCH_TOKEN]);
	free(event);
	return 0;
}
