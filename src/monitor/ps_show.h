/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mmps prints: tables for people, JSON for programs. Pure but for the stream. */
#ifndef XENMM_MONITOR_PS_SHOW_H
#define XENMM_MONITOR_PS_SHOW_H

#include <stdio.h>

#include "monitor/process_json.h"
#include "monitor/ps_look.h"
#include "monitor/ps_options.h"

#define MM_PS_UUID_SIZE 37

/* A guest of this host, or a memory file. */
struct mm_ps_guest {
	uint32_t domid; /* MM_NO_DOMID: a file */
	char uuid[MM_PS_UUID_SIZE];
	char *name;	  /* owned; any bytes */
	const char *type; /* as in struct mm_guest_view */
	struct mm_look look;
};

/* A look at all guests of a host, or (is_list false) at one of them and its processes; it may be gone (count 0). */
struct mm_ps_scene {
	const struct mm_ps_options *options;
	const struct mm_ps_guest *guests;
	size_t count;
	bool is_list;
	uint64_t now_ms;  /* monotonic, as in the samples */
	uint64_t wall_ms; /* since 1970 */
	size_t width;	  /* of the terminal, where lines are to be cut; 0: nowhere */
};

/* "web (domid 3)" or "the file x", printable. Returns buf. */
char *mm_ps_guest_label(char *buf, size_t size, const struct mm_ps_guest *guest);

/* Both return 0 or -ENOMEM. */
int mm_ps_show_text(FILE *out, const struct mm_ps_scene *scene);
int mm_ps_show_json(FILE *out, const struct mm_ps_scene *scene);

#endif
