/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Inside of the simulator: sim.c (the back end), sim_world.c (Xen, the toolstack and time), sim_guest.c (a
 * guest's kernel and programs), sim_balloon.c, sim_agent.c, sim_look.c.
 */
#ifndef XENMM_SIM_PRIVATE_H
#define XENMM_SIM_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "scenario.h"
#include "sim.h"
#include "xenmm/backend.h"
#include "xenmm/guest_proto.h"
#include "xenmm/introspection.h"
#include "xenmm/snapshot.h"
#include "xenmm/source.h"

#define SIM_MAIL_MAX 8 /* reports under way from one guest; more than latency / fastest sampling */

/* The balloon driver in the guest. */
struct sim_balloon {
	bool is_stuck; /* by the scenario: does nothing */
	bool is_intermittent;
	bool is_off; /* intermittent: in an off phase, until ... */
	uint64_t phase_ms;
	uint64_t floor_kib;
	uint64_t ceiling_kib; /* 0: none */
	/* As in Linux 6.1's balloon_thread(): asleep until wake_ms, or until the gap is another one. */
	bool is_asleep;
	uint64_t wake_ms;
	int64_t asleep_gap_kib;
	unsigned int retries;
	uint64_t delay_s;
	uint64_t carry; /* of the rate, KiB/s times ms */
};

/* A report on its way through xenstore. */
struct sim_mail {
	uint64_t due_ms;
	struct mm_report report;
};

struct sim_agent {
	bool is_silent;
	bool is_lying;
	bool is_flooding;
	uint64_t sample_ms;	 /* next sample */
	uint64_t publish_ms;	 /* last publication */
	struct mm_report last;	 /* published last */
	uint64_t seen_avail_kib; /* at the last sample */
	struct sim_mail mail[SIM_MAIL_MAX];
	size_t mail_count;
	struct mm_report delivered; /* what dom0 sees */
	uint64_t delivered_ms;
};

/* How it is seen from outside. */
struct sim_look {
	bool is_started;
	uint64_t due_ms; /* the next look */
	struct mm_look_pace pace;
	struct mm_witness witness;
	struct mm_seen seen;
	struct mm_agent heard; /* agents' words and looks, to choose among */
};

enum sim_life {
	SIM_ABSENT,
	SIM_PRESENT,
	SIM_SAVED, /* its image lies in a file */
};

struct sim_guest {
	const struct mm_scn_guest *spec;
	struct mm_sim_guest_stats stats;

	/* ---- as Xen and the toolstack see it */
	enum sim_life life;
	enum mm_dom_state state;
	uint32_t domid;
	char uuid[MM_UUID_LEN + 1];
	uint64_t held_kib;
	uint64_t target_kib;
	uint64_t max_pages_kib;
	uint64_t build_kib; /* BUILDING: to be held when done */
	bool is_restoring;
	bool is_awaited; /* the toolstack waits for memory to create it, until ... */
	uint64_t awaited_ms;
	uint64_t save_kib_left; /* SAVING */
	bool is_vanishing;	/* after the next sample */
	bool is_vanished;
	uint64_t carry;

	/* ---- its kernel */
	uint64_t
		believed_kib; /* what it thinks it has: held, and more while populate on demand lasts */
	uint64_t anon_kib;
	uint64_t swapped_kib;
	uint64_t cache_kib;
	uint64_t evicted_kib;  /* cache thrown out, not read again yet */
	uint64_t boot_left_ms; /* until its programs and its agent start */
	uint64_t uptime_ms;
	uint64_t majfaults;
	uint64_t refault_anon;
	uint64_t refault_file;
	uint64_t psi_us;
	uint64_t swapout_pages; /* since boot; stats has the sum over lives */
	uint64_t swapin_pages;
	uint64_t starved_ms; /* nothing could be had for so long */
	uint64_t kswapd_carry, swapin_carry, hot_carry, read_carry;

	/* ---- its programs */
	uint64_t goal_kib; /* what they are about to need */
	uint64_t cache_goal_kib;
	uint64_t warm_goal_kib; /* of the cache, what is read again and again ... */
	bool has_warm;		/* ... and nothing else of it */
	uint64_t warm_carry, warm_read_carry, warm_refault_kib;
	uint64_t random;     /* its own, so that what others do does not change what it does */
	uint64_t pace_kib_s; /* on the way there */
	uint64_t pace_carry;
	uint64_t demand_kib; /* what they would hold by now if nothing had held them up */
	uint64_t demand_carry;
	uint64_t noise_kib;
	uint64_t short_since_ms;
	bool is_short;

	struct sim_balloon balloon;
	struct sim_agent agent;
	struct sim_look look;
};

struct mm_sim {
	struct mm_backend backend; /* first */
	struct mm_scenario scenario;
	struct mm_sim_stats stats;
	struct sim_guest *guests; /* one for each of the scenario */
	uint64_t random;	  /* state of the generator */
	uint64_t now_ms;
	uint64_t free_kib;
	uint64_t claims_kib; /* of free_kib: for domains being built */
	size_t next_event;
	uint32_t next_domid;
	enum mm_introspection introspection;
	bool is_ample; /* no memory is ever short: see mm_sim_make_ample() */
	mm_sim_step_fn *on_step;
	void *on_step_arg;
	bool has_news; /* something happened that deserves a round */
	bool is_broken;
	char error[160];

	/* ---- the back end */
	bool is_real_pace;
	uint64_t cost_ms; /* time that set_target() took and the world has not lived yet */
	uint64_t real_start_ms;
};

/* ---- sim_world.c ---------------------------------------------------------------------------- */

/* The world at the scenario's beginning. sim->guests are there, zeroed. */
void sim_world_start(struct mm_sim *sim);

/* From now on every guest has its maximum. */
void sim_world_make_ample(struct mm_sim *sim);

/* One step of time. Returns 0, or -EPROTO and sim->error. */
int sim_world_step(struct mm_sim *sim);

/* As libxl_set_memory_target() with enforce: 0, -ENOENT, -EAGAIN, -EINVAL. */
int sim_world_set_target(struct mm_sim *sim, uint32_t domid, uint64_t target_kib);

/* What the host could give to a balloon now. */
uint64_t sim_world_spare(const struct mm_sim *sim);

/* What a toolstack does, as far as it can; nothing for a guest in the wrong state. */
void sim_world_create(struct mm_sim *sim, struct sim_guest *g);
void sim_world_restore(struct mm_sim *sim, struct sim_guest *g);
void sim_world_destroy(struct mm_sim *sim, struct sim_guest *g);

/* Lets domains vanish that the scenario wants gone behind a sample's back. */
void sim_world_vanish(struct mm_sim *sim);

/* splitmix64, and a number from 0 to bound - 1 (0 for bound 0). */
uint64_t sim_random(uint64_t *state);
uint64_t sim_random_below(uint64_t *state, uint64_t bound);

/* rate * time without losing the remainder. */
static inline uint64_t sim_portion(uint64_t rate_kib_s, uint64_t ms, uint64_t *carry)
{
	uint64_t sum = rate_kib_s * ms + *carry;

	*carry = sum % 1000;
	return sum / 1000;
}

/* ---- sim_events.c --------------------------------------------------------------------------- */

/* An event for a domain that is not there has no effect, as a command to a missing one. */
void sim_obey(struct mm_sim *sim, const struct mm_scn_event *event);

/* ---- sim_report.c --------------------------------------------------------------------------- */

int mm_sim_summary(struct mm_backend *b, FILE *out);

/* ---- sim_guest.c ---------------------------------------------------------------------------- */

/* Programs and memory as right after boot; with is_warm as if it had run for long. */
void sim_guest_boot(struct sim_guest *g, bool is_warm);

/* Programs and kernel live `ms` on. */
void sim_guest_step(struct mm_sim *sim, struct sim_guest *g, uint64_t ms);

/* The OOM killer comes. */
void sim_guest_kill(struct sim_guest *g);

uint64_t sim_guest_total(const struct sim_guest *g); /* MemTotal */
uint64_t sim_guest_free(const struct sim_guest *g);  /* MemFree */
uint64_t sim_guest_avail(const struct sim_guest *g); /* MemAvailable */
uint64_t sim_guest_need(const struct sim_guest *g);  /* held, if it had all it asks for */
uint64_t sim_guest_least(const struct sim_guest *g); /* held or in swap, or something is killed */

/* What the kernel keeps free as a rule; a balloon that gets less has to wait. */
uint64_t sim_guest_reserve(const struct sim_guest *g);

/*
 * The balloon driver asks for pages: up to want out of free and cache; then, where slow_kib is not 0, up to
 * so much by swapping out. Returns what it got; the caller takes it out of believed_kib.
 */
uint64_t sim_guest_squeeze(struct sim_guest *g, uint64_t want_kib, uint64_t slow_kib);

/* ---- sim_balloon.c -------------------------------------------------------------------------- */

void sim_balloon_step(struct mm_sim *sim, struct sim_guest *g, uint64_t ms);

/* ---- sim_agent.c ---------------------------------------------------------------------------- */

void sim_agent_step(struct mm_sim *sim, struct sim_guest *g);

/* Its first report lies in xenstore already; with the next one due some time within the agent's period. */
void sim_agent_settle(struct mm_sim *sim, struct sim_guest *g);

/* What an honest agent with mmclient's skill would say now. */
struct mm_report sim_agent_look(const struct sim_guest *g);

/* Delivers what is due: also for a guest that no longer runs. */
void sim_agent_deliver(struct mm_sim *sim, struct sim_guest *g);

/* ---- sim_look.c ----------------------------------------------------------------------------- */

/* Looks into it, where that is wanted, possible and due. */
void sim_look_step(struct mm_sim *sim, struct sim_guest *g);

/* An agent's word has come to dom0. */
void sim_look_hear(struct mm_sim *sim, struct sim_guest *g, const struct mm_report *report);

/* Another domain, of which nothing is known. */
void sim_look_reset(struct sim_guest *g);

/* The report to go by, and what was seen. */
void sim_look_fill(const struct mm_sim *sim, const struct sim_guest *g, struct mm_domain *dom);

#endif
