/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Xen back end's own state, shared by its files and by nobody else. */
#ifndef XENMM_XEN_PRIVATE_H
#define XENMM_XEN_PRIVATE_H

#include "xenmm/backend.h"

#include "compat.h"
#include "guest.h"
#include "saving.h"
#include "store.h"

struct event;

/* Catches what Xen's libraries would print; the first error since it was cleared is kept. */
struct mm_logger {
	xentoollog_logger vtable;
	char text[256];
};

/* Waiting; see loop.c. */
struct mm_loop {
	struct event_base *base; /* where the events below are registered; NULL: none are */
	struct event *store;	 /* the store has something to say */
	struct event *pace;	 /* when to listen to it again */
	struct event *timer;	 /* the end of the wait */
	struct event *low;	 /* Xen is short of memory */
	uint64_t until_ms;	 /* what the timer is set to */
	uint64_t round_ms;	 /* when a round is due because of events; 0: none is */
	bool is_over;
};

/* Xen's low-memory event; see lowmem.c. */
struct mm_lowmem {
	xenevtchn_handle *handle; /* NULL: not ours */
	int port;
	int error;	  /* why it could not be had, until that is told; 0: nothing to tell */
	bool is_heard;	  /* since it was told last */
	uint64_t told_ms; /* 0: never */
};

struct mm_xen {
	struct mm_backend base;
	bool is_dry_run;
	int lock_fd; /* -1: none (dry run) */
	struct mm_logger logger;
	xc_interface *xc;
	libxl_ctx *xl; /* opened at the first target */
	char last_error[256];
	bool has_place_note; /* about the toolstack, to be told */
	char place_note[384];

	struct mm_store store;
	uint64_t retry_ms;	/* store lost: when to try again ... */
	uint64_t retry_wait_ms; /* ... and how long that waits, doubling */

	xc_domaininfo_t *infos; /* Xen's list, sorted by domid, without dom0 */
	unsigned int info_count, info_capacity;
	struct mm_guest **guests;      /* of the same domains in the same order */
	struct mm_guest **next_guests; /* room for the next list */
	size_t guest_count, guest_capacity;
	uint32_t next_serial;
	size_t refresh_first; /* whom to begin with; a sample may leave some for the next */
	struct mm_saving saving;

	uint64_t sampled_ms;	 /* start of the last sample ... */
	uint64_t sample_cost_ms; /* ... and how long it took */
	struct mm_loop loop;
	struct mm_lowmem low;
	uint64_t free_kib;	    /* of the host, at the last sample */
	struct mm_insides *insides; /* NULL: nobody looks into guests */
	struct mm_config config;    /* as told last */
};

/* CLOCK_MONOTONIC: goes on through changes of the wall clock, and is libevent's, too. */
uint64_t mm_xen_now_ms(void);

/*
 * place.c: whether this is the place to run. Checks dom0 and rights, and takes the lock that keeps
 * a second mmserver away. On failure -ENODEV, -EPERM, -EBUSY or another -errno with a line in err.
 */
int mm_place_check(char *err, size_t err_size);
int mm_place_lock(int *ret_fd, char *err, size_t err_size);

/* domains.c: refreshes x->infos and x->guests. Returns 0, -EIO or -ENOMEM. */
int mm_xen_list(struct mm_xen *x);

/* The record of a domain, or NULL. */
struct mm_guest *mm_xen_find(struct mm_xen *x, uint32_t domid);

/* Fills a snapshot from what was listed and refreshed. Returns 0, -EIO or -ENOMEM. */
int mm_xen_fill(struct mm_xen *x, struct mm_snapshot *snap, uint64_t now_ms);

/* loop.c: takes the store events that have arrived. Returns 0 or -ENOTCONN. */
int mm_xen_drain(struct mm_xen *x, uint64_t now_ms);

/* Makes the wait end for a round soon. */
void mm_xen_call_round(struct mm_xen *x, uint64_t now_ms);

/* Waits as mm_backend_ops.wait() promises. */
int mm_xen_wait(struct mm_backend *b, struct event_base *base, uint64_t until_ms);

/* The store's descriptor is about to go away, or everything: unregisters all events. */
void mm_loop_reset(struct mm_loop *loop);

/* target.c: as mm_backend_ops.set_target() promises. */
int mm_xen_set_target(struct mm_backend *b, uint32_t domid, uint64_t target_kib);
/* Opens x->xl if it is not. Returns 0 or -EAGAIN. */
int mm_xen_open_libxl(struct mm_xen *x);
void mm_xen_close_libxl(struct mm_xen *x);
void mm_logger_init(struct mm_logger *logger);

/* look.c: as mm_backend_ops.configure() promises. */
void mm_xen_configure(struct mm_backend *b, const struct mm_config *cfg);

/* Looks into that guest, of which *dom is filled but for reports, as the settings want; and fills in the report to go by. */
void mm_xen_look(struct mm_xen *x, struct mm_guest *guest, struct mm_domain *dom, uint64_t now_ms);

/* What is to be told of looking into guests; returns false: nothing. */
bool mm_xen_look_note(struct mm_xen *x, struct mm_note *ret_note);
bool mm_guest_look_note(
	struct mm_guest *guest, const struct mm_config *cfg, struct mm_note *ret_note);

/* lowmem.c: binds the event; a failure is kept in low->error to be told. */
void mm_lowmem_open(struct mm_lowmem *low, struct mm_logger *logger);
void mm_lowmem_close(struct mm_lowmem *low);

/* Makes the event call rounds in that base. Returns 0 or -ENOMEM; *ret_event stays NULL where it is not ours. */
int mm_lowmem_join(struct mm_xen *x, struct event_base *base, struct event **ret_event);

/* What is to be told of it, given what is free now. Returns false: nothing. */
bool mm_lowmem_note(
	struct mm_lowmem *low, uint64_t free_kib, uint64_t now_ms, struct mm_note *ret_note);

/* notes.c: as mm_backend_ops.note() promises. */
bool mm_xen_note(struct mm_backend *b, struct mm_note *ret_note);

/* Finds out, once at the start, whether a toolstack balloons dom0. */
void mm_xen_look_for_autoballoon(struct mm_xen *x);

#endif
