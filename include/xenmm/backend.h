/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The world behind four calls. Three implementations: xen (libxl, libxc, libxenstore), sim (guests in
 * virtual time), replay (a recorded run).
 */
#ifndef XENMM_BACKEND_H
#define XENMM_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "xenmm/config.h"
#include "xenmm/plan.h"
#include "xenmm/snapshot.h"

/* Something the administrator should know, in one line. */
struct mm_note {
	bool is_warning; /* otherwise for information */
	char text[512];
};

struct event_base; /* libevent */
struct mm_backend;

struct mm_backend_ops {
	const char *name;     /* what --backend= selects */
	bool is_virtual_time; /* its clock is not the wall's: it starts at any time and may jump */

	/*
	 * Fills *snap (cleared first, its memory reused) with the world as it is now, sorted by domid. A
	 * domain that vanishes meanwhile is left out. Returns 0; -ENODATA: the world has ended (end of a
	 * scenario or trace); -EAGAIN: nothing could be read this time, try the next round (now_ms is set, and
	 * nothing else); -ENOTCONN: lost for good.
	 */
	int (*sample)(struct mm_backend *b, struct mm_snapshot *snap);

	/*
	 * NULL allowed. Told of the settings before the first sample, and again whenever they have changed: into which
	 * guests to look (cfg->introspection) is the back end's to follow.
	 */
	void (*configure)(struct mm_backend *b, const struct mm_config *cfg);

	/* Sets a balloon target. Returns 0, -ENOENT (gone), -EAGAIN (busy), -EINVAL (refused), -EIO. */
	int (*set_target)(struct mm_backend *b, uint32_t domid, uint64_t target_kib);

	/*
	 * Runs the event loop `base` (signals and the caller's own events are served in it) until until_ms
	 * of the back end's clock, or sooner: when something happened that deserves a round, or when the
	 * caller broke the loop. Virtual time jumps instead of waiting. Returns 0 or -errno.
	 */
	int (*wait)(struct mm_backend *b, struct event_base *base, uint64_t until_ms);

	/* NULL allowed. Told of each decision after it was applied; replay compares, others ignore it. */
	int (*decided)(
		struct mm_backend *b, const struct mm_snapshot *snap, const struct mm_plan *plan);

	/*
	 * NULL allowed. The settings the world was recorded with, to start from instead of the defaults: only
	 * with them can replay find the same plans. Returns 0 or -errno.
	 */
	int (*settings)(struct mm_backend *b, struct mm_config *ret_cfg);

	/*
	 * NULL allowed. Prints what the back end has to say at the end of a run: the simulator its figures,
	 * replay the differences. Returns 0; -EPROTO: the run was not as it must be (plans differ, a rule of
	 * the simulated world was broken), and the program should end with status 1; -EIO: could not print.
	 */
	int (*summary)(struct mm_backend *b, FILE *out);

	/*
	 * NULL allowed. Why the last set_target() failed, in words for a log line; "" when there is nothing to
	 * add. Valid until the next call.
	 */
	const char *(*last_error)(struct mm_backend *b);

	/*
	 * NULL allowed. Hands out what the back end found out by itself and nobody asked for, one note a call, each once;
	 * the same trouble at most once a minute. Returns false when there is none (left). Worth a look after each
	 * sample().
	 */
	bool (*note)(struct mm_backend *b, struct mm_note *ret_note);

	/* To be called before the event base that wait() was given goes away. */
	void (*close)(struct mm_backend *b);
};

/* Every back end's own struct starts with this. */
struct mm_backend {
	const struct mm_backend_ops *ops;
};

struct mm_backend_options {
	const char *file;  /* scenario or trace, NULL: the built-in scenario */
	uint64_t seed;	   /* sim: of its random numbers */
	bool has_seed;	   /* otherwise the scenario's own, or 1 */
	bool is_real_pace; /* sim: one virtual second takes one second */
	bool is_dry_run;   /* nothing outside is changed: xen then creates no keys either */
};

/*
 * Opens the back end of that name. On failure returns -errno and err holds one line for people: -ENOENT no
 * such back end or file, -EINVAL broken scenario (line and column in err), -EPERM no rights, -ENODEV not in a
 * dom0, -EBUSY another mmserver. Close with b->ops->close(b).
 */
int mm_backend_open(const char *name, const struct mm_backend_options *options, char *err,
	size_t err_size, struct mm_backend **ret_backend);

/* Tells it the settings, where it wants to know. */
static inline void mm_backend_configure(struct mm_backend *b, const struct mm_config *cfg)
{
	if (b->ops->configure)
		b->ops->configure(b, cfg);
}

/* Each back end's opener; backend.c alone calls them. */
int mm_backend_sim_open(
	const struct mm_backend_options *o, char *err, size_t n, struct mm_backend **ret);
int mm_backend_replay_open(
	const struct mm_backend_options *o, char *err, size_t n, struct mm_backend **ret);
int mm_backend_xen_open(
	const struct mm_backend_options *o, char *err, size_t n, struct mm_backend **ret);

/* For back ends in real time: runs base until `ms` have passed or it was broken out of. 0 or -EIO. */
int mm_backend_loop_ms(struct event_base *base, uint64_t ms);

#endif
