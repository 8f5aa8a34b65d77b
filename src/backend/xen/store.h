/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The connection to xenstored. Everything returns 0 or -errno; -ENOTCONN means that the connection
 * is gone (and stays so until mm_store_open() again), -ENOENT that the node is not there.
 */
#ifndef XENMM_XEN_STORE_H
#define XENMM_XEN_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat.h"

#define MM_PATH_MAX 128

struct mm_store {
	struct xs_handle *xs; /* NULL: not connected */
};

/*
 * Connects. A missing xenstored is found out by its socket: libxenstore would otherwise turn to the
 * kernel's device and wait there for ever. has_domain: the store lives in a domain of its own,
 * behind that device. Returns -ENOTCONN when there is none.
 */
int mm_store_open(struct mm_store *store, bool has_domain);
void mm_store_close(struct mm_store *store);

/* The path of a key of a guest; key may be "" for the guest's directory itself. */
void mm_store_path(char buf[MM_PATH_MAX], uint32_t domid, const char *key);

/* Reads a node into a fresh string that the caller frees (always terminated, may hold any byte). */
int mm_store_read(struct mm_store *store, xs_transaction_t t, const char *path, char **ret_text,
	size_t *ret_len);

/* Reads a decimal number below a guest's directory; -EINVAL: something else is there. */
int mm_store_read_u64(struct mm_store *store, uint32_t domid, const char *key, uint64_t *ret_value);

/*
 * Registers a watch. Returns 1: done, and the store will send one event to begin with; 0: it was
 * there already.
 */
int mm_store_watch(struct mm_store *store, const char *path, const char *token);
void mm_store_unwatch(struct mm_store *store, const char *path, const char *token);

/*
 * Takes the next event that has arrived, without waiting. Returns 1 and the event, which the caller
 * frees (one free() of the array: path, token); 0: none now.
 */
int mm_store_next(struct mm_store *store, char ***ret_event);

/* What errno says after a failed call, in our terms. */
int mm_store_error(int error);

#endif
