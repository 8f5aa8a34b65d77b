/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The thin leaf over libxenstore: keys relative to this domain's directory, failure as -errno.
 * Built without Xen (store_none.c) it cannot be opened. Tests link a store of their own.
 */
#ifndef XENMM_CLIENT_STORE_H
#define XENMM_CLIENT_STORE_H

#include <stddef.h>

struct mm_store;

int mm_store_open(struct mm_store **ret_store);

/* Accepts NULL. */
void mm_store_close(struct mm_store *store);

int mm_store_write(struct mm_store *store, const char *key, const char *value, size_t len);

/*
 * A watch fires once when it is set, and whenever the key changes, is made, or the domain was
 * moved.
 */
int mm_store_watch(struct mm_store *store, const char *key);
int mm_store_unwatch(struct mm_store *store, const char *key);

/* Readable when an event waits. */
int mm_store_fd(struct mm_store *store);

/* Copies the watched key of the next event to `key`. Returns 0, -EAGAIN (no event) or -errno. */
int mm_store_next_event(struct mm_store *store, char *key, size_t size);

#endif
