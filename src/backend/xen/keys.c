/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whose keys are whose. The two that the first xenmm's client writes are the only ones we ever create. The guest
 * may not make nodes in its "memory" directory, so we make exactly these and give them to it: owner
 * the guest, nobody else.
 */
#include <errno.h>
#include <stdlib.h>

#include "guest.h"

/* Transactions that others got in the way of are tried so often; then in the next round. */
#define TRIES_MAX 4

/* The permissions we want are one entry: the owner, and nothing for the rest. */
static bool is_private(struct mm_store *store, xs_transaction_t t, const char *path, uint32_t domid)
{
	unsigned int count = 0;
	struct xs_permissions *perms = xs_get_permissions(store->xs, t, path, &count);
	bool is_right =
		perms && count == 1 && perms[0].id == domid && perms[0].perms == XS_PERM_NONE;

	free(perms);
	return is_right;
}

int mm_guest_is_dom0s(struct mm_store *store, const char *path)
{
	unsigned int count = 0;
	struct xs_permissions *perms = xs_get_permissions(store->xs, XBT_NULL, path, &count);
	bool is_dom0s;

	if (!perms)
		return mm_store_error(errno);
	/* the first entry names the owner, and what all that are not named may do */
	is_dom0s = count > 0 && perms[0].id == 0;
	for (unsigned int i = 0; i < count; i++)
		is_dom0s &= !(perms[i].perms & XS_PERM_WRITE) || (i > 0 && perms[i].id == 0);
	free(perms);
	return is_dom0s;
}

/* Makes one key right. Returns 1: changed something, 0: it was right, -errno. */
static int make_key(struct mm_store *store, xs_transaction_t t, uint32_t domid, const char *key)
{
	struct xs_permissions perms = {.id = domid, .perms = XS_PERM_NONE};
	char path[MM_PATH_MAX], *text;
	size_t len;
	int r;

	mm_store_path(path, domid, key);
	r = mm_store_read(store, t, path, &text, &len);
	if (r == 0) {
		free(text);
		if (is_private(store, t, path, domid))
			return 0;
	} else if (r != -ENOENT) {
		return r;
	} else if (!xs_write(store->xs, t, path, "", 0)) {
		return mm_store_error(errno);
	}
	return xs_set_permissions(store->xs, t, path, &perms, 1) ? 1 : mm_store_error(errno);
}

/*
 * Both keys, provided that the guest is there: writing below a dead guest would bring its directory
 * back.
 */
static int make_both(struct mm_store *store, xs_transaction_t t, uint32_t domid)
{
	char path[MM_PATH_MAX], *text;
	size_t len;
	int r, changed;

	mm_store_path(path, domid, "memory/target");
	r = mm_store_read(store, t, path, &text, &len);
	if (r < 0)
		return r;
	free(text);
	changed = make_key(store, t, domid, MM_KEY_FREE);
	if (changed < 0)
		return changed;
	r = make_key(store, t, domid, MM_KEY_TOT);
	return r < 0 ? r : r | changed;
}

/* After a restart of ours all is in place as a rule; two questions then spare the transaction. */
static bool has_both(struct mm_store *store, uint32_t domid)
{
	char path[MM_PATH_MAX];

	mm_store_path(path, domid, MM_KEY_FREE);
	if (!is_private(store, XBT_NULL, path, domid))
		return false;
	mm_store_path(path, domid, MM_KEY_TOT);
	return is_private(store, XBT_NULL, path, domid);
}

int mm_guest_make_keys(struct mm_store *store, uint32_t domid)
{
	if (has_both(store, domid))
		return 0;
	for (int i = 0; i < TRIES_MAX; i++) {
		xs_transaction_t t = xs_transaction_start(store->xs);
		int r;

		if (t == XBT_NULL)
			return mm_store_error(errno);
		r = make_both(store, t, domid);
		if (xs_transaction_end(store->xs, t, r <= 0))
			return r < 0 ? r : 0;
		if (errno != EAGAIN)
			return mm_store_error(errno);
	}
	return -EAGAIN;
}
