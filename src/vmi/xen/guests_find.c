/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What needs no Xen of guests.h. */
#include <string.h>
#include <strings.h>

#include "guests.h"
#include "xenmm/units.h"

const char *mm_guest_type_name(enum mm_guest_type type)
{
	switch (type) {
	case MM_GUEST_PV:
		return "pv";
	case MM_GUEST_PVH:
		return "pvh";
	case MM_GUEST_HVM:
		return "hvm";
	}
	return "?";
}

const char *mm_guest_state_name(enum mm_guest_state state)
{
	switch (state) {
	case MM_GUEST_RUNNING:
		return "running";
	case MM_GUEST_PAUSED:
		return "paused";
	case MM_GUEST_SHUTDOWN:
		return "shutdown";
	case MM_GUEST_DYING:
		return "dying";
	}
	return "?";
}

const struct mm_guest_info *mm_guests_find(
	const struct mm_guest_info *guests, size_t count, const char *word)
{
	const struct mm_guest_info *by_uuid = NULL, *by_name = NULL;
	uint64_t domid = 0; /* no guest's */

	(void)mm_parse_u64(word, strlen(word), UINT32_MAX, &domid);
	for (size_t i = 0; i < count; i++) {
		if (domid && guests[i].domid == domid)
			return &guests[i];
		if (!by_uuid && !strcasecmp(guests[i].uuid, word))
			by_uuid = &guests[i];
		if (!by_name && *word && !strcmp(guests[i].name, word))
			by_name = &guests[i];
	}
	return by_uuid ? by_uuid : by_name;
}
