/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guests of this host, for mmps and mmmon. No type of libxl outside. In a build without Xen (guests_none.c) every call
 * returns -ENOSYS.
 */
#ifndef XENMM_VMI_GUESTS_H
#define XENMM_VMI_GUESTS_H

#include <stddef.h>
#include <stdint.h>

#include "xenmm/snapshot.h"

enum mm_guest_type { MM_GUEST_PV, MM_GUEST_PVH, MM_GUEST_HVM };

enum mm_guest_state {
	MM_GUEST_RUNNING, /* or waiting for something to do */
	MM_GUEST_PAUSED,  /* by the toolstack; also while it is built */
	MM_GUEST_SHUTDOWN,
	MM_GUEST_DYING,
};

struct mm_guest_info {
	uint32_t domid; /* never 0: dom0 is no guest */
	char uuid[MM_UUID_LEN + 1];
	char name
		[MM_NAME_MAX]; /* "": it has none (yet). From the store, where only dom0 writes it */
	enum mm_guest_type type;
	enum mm_guest_state state;
	uint32_t vcpus;	     /* online */
	uint64_t memory_kib; /* what it holds now */
};

/* "pv", "pvh", "hvm"; "running", "paused", "shutdown", "dying". */
const char *mm_guest_type_name(enum mm_guest_type type);
const char *mm_guest_state_name(enum mm_guest_state state);

/*
 * All guests, sorted by domid; to be freed with free(). Returns 0; -EACCES: libxl may not be used (not dom0, not root);
 * -EIO; -ENOMEM; -ENOSYS.
 */
int mm_guests_list(struct mm_guest_info **ret_guests, size_t *ret_count);

/* The guest of that domid, uuid (of any case) or name, in this order. NULL: none. Pure. */
const struct mm_guest_info *mm_guests_find(
	const struct mm_guest_info *guests, size_t count, const char *word);

#endif
