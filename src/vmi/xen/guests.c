/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of domains, from libxl. Nothing of it stays open between two calls. */
#include "guests.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compat.h"

/* libxl_dominfo takes PVH for HVM; libxl itself notes the type in dom0's part of the store. */
static bool is_pvh(struct xs_handle *xs, uint32_t domid)
{
	char path[48], *type;
	bool is;

	snprintf(path, sizeof(path), "/libxl/%" PRIu32 "/type", domid);
	type = xs ? xs_read(xs, XBT_NULL, path, NULL) : NULL;
	is = type && !strcmp(type, "pvh");
	free(type);
	return is;
}

static enum mm_guest_type type_of(struct xs_handle *xs, const libxl_dominfo *info)
{
	if (info->domain_type == LIBXL_DOMAIN_TYPE_PV)
		return MM_GUEST_PV;
	return is_pvh(xs, info->domid) ? MM_GUEST_PVH : MM_GUEST_HVM;
}

static enum mm_guest_state state_of(const libxl_dominfo *info)
{
	if (info->dying)
		return MM_GUEST_DYING;
	if (info->shutdown)
		return MM_GUEST_SHUTDOWN;
	return info->paused ? MM_GUEST_PAUSED : MM_GUEST_RUNNING;
}

static void fill(libxl_ctx *ctx, struct xs_handle *xs, const libxl_dominfo *info,
	struct mm_guest_info *guest)
{
	char *name = libxl_domid_to_name(ctx, info->domid);

	*guest = (struct mm_guest_info){
		.domid = info->domid,
		.type = type_of(xs, info),
		.state = state_of(info),
		.vcpus = info->vcpu_online,
		.memory_kib = info->current_memkb,
	};
	snprintf(guest->uuid, sizeof(guest->uuid), LIBXL_UUID_FMT, LIBXL_UUID_BYTES(info->uuid));
	snprintf(guest->name, sizeof(guest->name), "%s", name ? name : "");
	free(name);
}

static int list_guests(libxl_ctx *ctx, struct mm_guest_info **ret_guests, size_t *ret_count)
{
	int n = 0;
	libxl_dominfo *infos = libxl_list_domain(ctx, &n);
	struct xs_handle *xs;
	struct mm_guest_info *guests;
	size_t count = 0;

	if (!infos)
		return -EIO;
	xs = xs_open(0);
	guests = calloc((size_t)n + 1, sizeof(*guests));
	for (int i = 0; guests && i < n; i++)
		if (infos[i].domid)
			fill(ctx, xs, &infos[i], &guests[count++]);
	if (xs)
		xs_close(xs);
	libxl_dominfo_list_free(infos, n);
	if (!guests)
		return -ENOMEM;
	*ret_guests = guests;
	*ret_count = count;
	return 0;
}

int mm_guests_list(struct mm_guest_info **ret_guests, size_t *ret_count)
{
	xentoollog_logger_stdiostream *log = xtl_createlogger_stdiostream(stderr, XTL_CRITICAL, 0);
	libxl_ctx *ctx = NULL;
	int r = -ENOMEM;

	if (!log)
		return r;
	r = libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, (xentoollog_logger *)log);
	if (r == 0) {
		r = list_guests(ctx, ret_guests, ret_count);
		libxl_ctx_free(ctx);
	} else {
		r = -EACCES;
	}
	xtl_logger_destroy((xentoollog_logger *)log);
	return r;
}
