/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which guests there are, and which of them was meant. */
#ifndef XENMM_MONITOR_PS_GUESTS_H
#define XENMM_MONITOR_PS_GUESTS_H

#include "monitor/ps_show.h"

/* Zeroed it is empty. */
struct mm_ps_guests {
	struct mm_ps_guest *list;
	size_t count;
};

/*
 * The guests that are there now take the place of those in `guests`, sorted by domid; who is the same keeps his look. Returns 0, or
 * -errno, as mm_guests_list(), with *guests as it was.
 */
int mm_ps_guests_update(struct mm_ps_guests *guests);

/* A memory file instead, as the only guest. The path is the caller's. Returns 0 or -ENOMEM. */
int mm_ps_guests_file(struct mm_ps_guests *guests, const char *path, uint64_t below);

/*
 * The place of the guest meant by `typed`: a domid, a uuid, a name, in this order. -ENOENT: there is none; -EEXIST: several have
 * this name. Pure.
 */
int mm_ps_guests_find(const struct mm_ps_guests *guests, const char *typed);

void mm_ps_guests_free(struct mm_ps_guests *guests);

#endif
