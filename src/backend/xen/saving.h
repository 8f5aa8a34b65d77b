/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which domains are being saved, migrated or restored: libxl (and so xl and libvirt) starts one
 * helper process for each in dom0, as root, with the domain's id among its arguments. Xen and the
 * store say nothing of it. Processes of other users are not believed.
 */
#ifndef XENMM_XEN_SAVING_H
#define XENMM_XEN_SAVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MM_HELPERS_MAX 64 /* at a time; migrations in parallel are few */

struct mm_helper {
	int pid;
	uint32_t domid;
	bool is_restore;
};

/* Zeroed it has not looked yet. */
struct mm_saving {
	struct mm_helper helpers[MM_HELPERS_MAX];
	size_t count;
	uint64_t looked_ms; /* 0: never */
	int seen_pid;	    /* the last process made, as of the last look ... */
	int before_pid;	    /* ... and the one before that */
};

/*
 * Whether a process's arguments (each ended by a NUL, len bytes in all) are those of such a helper;
 * fills domid and is_restore.
 */
bool mm_helper_parse(const char *cmdline, size_t len, struct mm_helper *ret_helper);

/*
 * Looks at the processes, at most once a second (is_urgent: five times), in the proc file system at
 * `root`. In the calm case this reads one line: new processes are searched only when there are any,
 * and only those.
 */
void mm_saving_look(struct mm_saving *saving, const char *root, uint64_t now_ms, bool is_urgent);

/* The helper that works on a domain, or NULL. */
const struct mm_helper *mm_saving_find(const struct mm_saving *saving, uint32_t domid);

#endif
