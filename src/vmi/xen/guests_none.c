/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for guests.c in a build without Xen. */
#include <errno.h>

#include "guests.h"

int mm_guests_list(struct mm_guest_info **ret_guests, size_t *ret_count)
{
	(void)ret_guests;
	(void)ret_count;
	return -ENOSYS;
}
