/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/ps_guests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "vmi/xen/guests.h"
#include "xenmm/units.h"

static void free_guest(struct mm_ps_guest *guest)
{
	mm_look_end(&guest->look);
	free(guest->name);
}

void mm_ps_guests_free(struct mm_ps_guests *guests)
{
	for (size_t i = 0; i < guests->count; i++)
		free_guest(&guests->list[i]);
	free(guests->list);
	*guests = (struct mm_ps_guests){0};
}

int mm_ps_guests_file(struct mm_ps_guests *guests, const char *path, uint64_t below)
{
	struct mm_ps_guest *list = calloc(1, sizeof(*list));
	char *name = strdup(path);

	if (!list || !name) {
		free(list);
		free(name);
		return -ENOMEM;
	}
	*list = (struct mm_ps_guest){.domid = MM_NO_DOMID,
		.name = name,
		.type = "file",
		.look.target = {.file = path, .below = below}};
	mm_ps_guests_free(guests);
	*guests = (struct mm_ps_guests){list, 1};
	return 0;
}

/* ---- the guests of this host ----------------------------------------------------------------- */

static int from_info(struct mm_ps_guest *guest, const struct mm_guest_info *info)
{
	*guest = (struct mm_ps_guest){.domid = info->domid,
		.name = strdup(info->name),
		.type = mm_guest_type_name(info->type),
		.look.target.domid = info->domid};
	if (!guest->name)
		return -ENOMEM;
	snprintf(guest->uuid, sizeof(guest->uuid), "%s", info->uuid);
	return 0;
}

/* Whoever was there before goes on with his look; domids are not used again soon, but they are. */
static void keep_look(struct mm_ps_guest *guest, struct mm_ps_guests *before)
{
	for (size_t i = 0; i < before->count; i++) {
		struct mm_ps_guest *old = &before->list[i];

		if (old->domid != guest->domid || strcmp(old->uuid, guest->uuid) != 0)
			continue;
		guest->look = old->look;
		old->look = (struct mm_look){0};
		return;
	}
}

static int from_infos(struct mm_ps_guests *ret, const struct mm_guest_info *infos, size_t count)
{
	struct mm_ps_guests guests = {calloc(count + 1, sizeof(*guests.list)), 0};
	int r = guests.list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < count; i++) {
		r = from_info(&guests.list[i], &infos[i]);
		guests.count += r == 0;
	}
	if (r == 0)
		*ret = guests;
	else
		mm_ps_guests_free(&guests);
	return r;
}

int mm_ps_guests_update(struct mm_ps_guests *guests)
{
	struct mm_ps_guests now;
	struct mm_guest_info *infos = NULL;
	size_t count = 0;
	int r = mm_guests_list(&infos, &count);

	if (r == 0)
		r = from_infos(&now, infos, count);
	free(infos);
	if (r < 0)
		return r;
	for (size_t i = 0; i < now.count; i++)
		keep_look(&now.list[i], guests);
	mm_ps_guests_free(guests);
	*guests = now;
	return 0;
}

/* ---- who was meant --------------------------------------------------------------------------- */

static int find_domid(const struct mm_ps_guests *guests, const char *typed)
{
	uint64_t domid;

	if (mm_parse_u64(typed, strlen(typed), MM_NO_DOMID - 1, &domid) < 0)
		return -ENOENT;
	for (size_t i = 0; i < guests->count; i++)
		if (guests->list[i].domid == domid)
			return (int)i;
	return -ENOENT;
}

static int find_uuid(const struct mm_ps_guests *guests, const char *typed)
{
	for (size_t i = 0; i < guests->count; i++)
		if (*typed && !strcasecmp(guests->list[i].uuid, typed))
			return (int)i;
	return -ENOENT;
}

static int find_name(const struct mm_ps_guests *guests, const char *typed)
{
	int found = -ENOENT;

	for (size_t i = 0; i < guests->count; i++) {
		if (strcmp(guests->list[i].name, typed) != 0)
			continue;
		if (found >= 0)
			return -EEXIST;
		found = (int)i;
	}
	return found;
}

int mm_ps_guests_find(const struct mm_ps_guests *guests, const char *typed)
{
	int i = find_domid(guests, typed);

	if (i < 0)
		i = find_uuid(guests, typed);
	return i < 0 ? find_name(guests, typed) : i;
}
