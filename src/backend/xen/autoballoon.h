/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether the toolstack takes dom0's memory for new guests ("autoballoon"). Two programs that move memory for the
 * same guests get in each other's way: dom0 shrinks to the last, and what mmserver has freed is left over. Pure.
 */
#ifndef XENMM_XEN_AUTOBALLOON_H
#define XENMM_XEN_AUTOBALLOON_H

#include <stdbool.h>
#include <stddef.h>

/* What a toolstack's configuration says. Silent, and "auto", is: if Xen's command line leaves dom0's size open. */
enum mm_autoballoon_setting {
	MM_AUTOBALLOON_AUTO,
	MM_AUTOBALLOON_OFF,
	MM_AUTOBALLOON_ON,
};

struct mm_autoballoon {
	bool has_dom0_mem; /* Xen's command line fixes dom0's size */
	bool has_libvirt;  /* its configuration for Xen is there */
	enum mm_autoballoon_setting xl;
	enum mm_autoballoon_setting libvirt;
};

/*
 * Whether Xen's command line fixes dom0's size in a form that xl and libvirt know. They do not know all that Xen knows:
 * dom0_mem=10% counts as open for them.
 */
bool mm_autoballoon_is_fixed(const char *cmdline);

/* The setting in the text of /etc/xen/xl.conf or /etc/libvirt/libxl.conf; the last one counts. */
enum mm_autoballoon_setting mm_autoballoon_parse(const char *conf);

/* Writes a line that says who does it and what to do about it. Returns false, with nothing written: nobody does it. */
bool mm_autoballoon_warning(const struct mm_autoballoon *facts, char *buf, size_t size);

#endif
