/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the administrator should know though nobody asked: a toolstack that balloons dom0, Xen's low memory, a guest's
 * key that is wrong. Each is told when it is found out, and not again before it changes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autoballoon.h"
#include "xen_private.h"

#define XL_CONF	     "/etc/xen/xl.conf"
#define LIBVIRT_CONF "/etc/libvirt/libxl.conf"

/* Both are a few lines of settings and a page of comments; the rest of a larger file is not read. */
#define CONF_MAX 65536u

/* Reads a small file into buf, terminated; "" if it cannot be read. Returns whether it is there. */
static bool read_conf(const char *path, char *buf, size_t size)
{
	FILE *in = fopen(path, "re");
	size_t got = in ? fread(buf, 1, size - 1, in) : 0;

	buf[got] = '\0';
	if (!in)
		return false;
	fclose(in);
	return true;
}

void mm_xen_look_for_autoballoon(struct mm_xen *x)
{
	struct mm_autoballoon facts = {.has_dom0_mem = true};
	const libxl_version_info *info;
	char *conf = malloc(CONF_MAX);

	if (!conf || mm_xen_open_libxl(x) < 0) { /* what cannot be read is not warned of */
		free(conf);
		return;
	}
	info = libxl_get_version_info(x->xl); /* libxl's own; freed with it */
	if (info && info->commandline)
		facts.has_dom0_mem = mm_autoballoon_is_fixed(info->commandline);
	(void)read_conf(XL_CONF, conf, CONF_MAX);
	facts.xl = mm_autoballoon_parse(conf);
	facts.has_libvirt = read_conf(LIBVIRT_CONF, conf, CONF_MAX);
	facts.libvirt = mm_autoballoon_parse(conf);
	free(conf);
	x->has_place_note = mm_autoballoon_warning(&facts, x->place_note, sizeof(x->place_note));
}

static bool note_place(struct mm_xen *x, struct mm_note *ret_note)
{
	if (!x->has_place_note)
		return false;
	x->has_place_note = false;
	snprintf(ret_note->text, sizeof(ret_note->text), "%s", x->place_note);
	ret_note->is_warning = true;
	return true;
}

static bool note_guest(
	struct mm_guest *guest, const struct mm_config *cfg, struct mm_note *ret_note)
{
	if (mm_guest_look_note(guest, cfg, ret_note))
		return true;
	if (!guest->policy_key.fault[0])
		return false;
	snprintf(ret_note->text, sizeof(ret_note->text), "%s (domain %" PRIu32 "): %s", guest->name,
		guest->domid, guest->policy_key.fault);
	ret_note->is_warning = true;
	guest->policy_key.fault[0] = '\0';
	return true;
}

bool mm_xen_note(struct mm_backend *b, struct mm_note *ret_note)
{
	struct mm_xen *x = (struct mm_xen *)b;

	if (note_place(x, ret_note) || mm_xen_look_note(x, ret_note) ||
		mm_lowmem_note(&x->low, x->free_kib, mm_xen_now_ms(), ret_note))
		return true;
	for (size_t i = 0; i < x->guest_count; i++)
		if (note_guest(x->guests[i], &x->config, ret_note))
			return true;
	return false;
}
