/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for store.c in a build without Xen: mmclient then has --dry-run alone. */
#include "store.h"

#include <errno.h>

int mm_store_open(struct mm_store **ret_store)
{
	(void)ret_store;
	return -ENOSYS;
}

void mm_store_close(struct mm_store *store)
{
	(void)store;
}

int mm_store_write(struct mm_store *store, const char *key, const char *value, size_t len)
{
	(void)store;
	(void)key;
	(void)value;
	(void)len;
	return -ENOSYS;
}

int mm_store_watch(struct mm_store *store, const char *key)
{
	(void)store;
	(void)key;
	return -ENOSYS;
}

int mm_store_unwatch(struct mm_store *store, const char *key)
{
	(void)store;
	(void)key;
	return -ENOSYS;
}

int mm_store_fd(struct mm_store *store)
{
	(void)store;
	return -ENOSYS;
}

int mm_store_next_event(struct mm_store *store, char *key, size_t size)
{
	(void)store;
	(void)key;
	(void)size;
	return -ENOSYS;
}
