/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A client's looks into its guests: who is there, what the fleet of probes knows of each, and what that has cost. */
#ifndef XENMM_MON_LOOK_H
#define XENMM_MON_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/service/settings.h"
#include "vmi/vmi.h"
#include "xenmm/snapshot.h"

struct event_base;
struct mm_look; /* opaque */

#define MM_LOOK_GUESTS_MAX    1000	/* more are not looked into */
#define MM_LOOK_AT_ONCE	      2		/* first looks, which take longest */
#define MM_LOOK_PROCESSES_MAX (1 << 20) /* kept, of all guests: 100 MiB */

/* What is known of a guest. */
struct mm_look_guest {
	uint32_t domid; /* MM_NO_DOMID: a memory file */
	char uuid[MM_UUID_LEN + 1];
	char name[MM_NAME_MAX];
	const char *type, *state;	  /* "pv" ...; "running" ...; of a file "file" */
	const struct mm_sample *now;	  /* the last that could be read; NULL: none yet */
	const struct mm_sample *before;	  /* the one before it, of the same boot; or NULL */
	const char *reason, *reason_text; /* why the last look failed; NULL: it did not */
	uint64_t age_ms;		  /* of `now` */
	uint64_t samples, failures;	  /* looks that went well, and others */
	uint64_t cost_us;		  /* CPU time of this host for those that went well */
};

/*
 * Begins to look, by *settings (borrowed, may change meanwhile). Returns 0; on failure -errno and a line in err: -ENOSYS, there
 * is nothing to look into in this build; -EACCES.
 */
int mm_look_open(const struct mm_mon_settings *settings, struct event_base *base, char *err,
	size_t err_size, struct mm_look **ret_look);

/* How many there are, and guest i of them, by domid; valid until the event loop runs again. */
size_t mm_look_count(const struct mm_look *look);
const struct mm_look_guest *mm_look_guest(const struct mm_look *look, size_t i);

/* Brings ages, samples and reasons up to date; those above then hold them. */
void mm_look_refresh(struct mm_look *look);

/* Of that uuid, of any case; NULL: none. Of two domains of one uuid (a migration within the host) there is the one that runs. */
const struct mm_look_guest *mm_look_find(const struct mm_look *look, const char *uuid);

/* Whether every guest was looked into once, and the clock of the last round: ms, monotonic. */
bool mm_look_is_complete(const struct mm_look *look);
uint64_t mm_look_round_ms(const struct mm_look *look);

/* The settings are new: looks at once. */
void mm_look_again(struct mm_look *look);

/* NULL allowed. Before the event base is freed. */
void mm_look_close(struct mm_look *look);

#endif
