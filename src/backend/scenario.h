/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Scenario files: the host, the guests and what happens to them, as plain data. Text becomes data
 * here; sim.c plays it. The format is described in xenmm-scenario(5).
 */
#ifndef XENMM_SCENARIO_H
#define XENMM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/snapshot.h"

/* Bounds of one scenario: far above what a test or a benchmark needs, far below what would hurt. */
#define MM_SCN_TEXT_MAX	  (1024 * 1024)
#define MM_SCN_LINE_MAX	  1024
#define MM_SCN_GUESTS_MAX 16384
#define MM_SCN_EVENTS_MAX 65536

enum mm_scn_agent {
	MM_SCN_AGENT_XENMM,
	MM_SCN_AGENT_SEED,	/* memory/free and memory/tot every second */
	MM_SCN_AGENT_XENSERVER, /* data/meminfo_* every minute */
	MM_SCN_AGENT_NONE,
	MM_SCN_AGENT_COUNT
};

enum mm_scn_balloon {
	MM_SCN_BALLOON_LINUX, /* as Linux 6.1: retries 2, 4, 8 s apart, then gives up */
	MM_SCN_BALLOON_IDEAL, /* moves whenever it can */
	MM_SCN_BALLOON_NONE,  /* no driver */
	MM_SCN_BALLOON_COUNT
};

/* A guest as it starts. Sizes KiB, rates KiB per second. */
struct mm_scn_guest {
	char name[MM_NAME_MAX];
	enum mm_dom_type type;
	enum mm_scn_agent agent;
	enum mm_scn_balloon balloon;
	bool is_readable; /* its kernel can be read from outside */
	bool is_at_start; /* running when the scenario begins; otherwise an event creates it */
	uint64_t memory_kib;
	uint64_t maxmem_kib;
	uint64_t kernel_kib; /* held by the kernel, not part of its MemTotal */
	bool has_kernel;     /* otherwise derived from maxmem_kib */
	uint64_t offset_kib; /* what it holds above its target when settled */
	bool has_offset;     /* otherwise 0 for pv, 1 MiB for hvm */
	uint64_t use_kib;    /* what its programs need */
	uint64_t cache_kib;  /* files it reads */
	uint64_t warm_kib;   /* of them, what it reads again and again */
	bool has_warm;	     /* then nothing else of them is ever read again */
	uint64_t swap_kib;
	uint64_t noise_kib;   /* its use wanders by up to this much */
	uint64_t down_kib_s;  /* balloon inflates */
	uint64_t up_kib_s;    /* balloon deflates */
	uint64_t swap_kib_s;  /* speed of the swap device, each way */
	uint64_t read_kib_s;  /* speed of reading files */
	uint64_t hot_percent; /* of what is swapped out, wanted back each second */
	uint64_t latency_ms;  /* from the guest's write to dom0's reading */
	uint64_t boot_ms;     /* from built until its agent runs */
	uint64_t wait_ms;     /* the toolstack waits so long for the memory to create it */
};

enum mm_scn_action {
	MM_SCN_CREATE, /* the toolstack builds and starts it */
	MM_SCN_DESTROY,
	MM_SCN_VANISH, /* gone right behind the next sample's back */
	MM_SCN_PAUSE,
	MM_SCN_UNPAUSE,
	MM_SCN_SAVE,
	MM_SCN_RESTORE,
	MM_SCN_USE,   /* value_kib over span_ms */
	MM_SCN_CACHE, /* value_kib */
	MM_SCN_WARM,  /* value_kib */
	MM_SCN_STUCK,
	MM_SCN_UNSTICK,
	MM_SCN_INTERMITTENT,
	MM_SCN_FLOOR,	/* balloon does not go below value_kib */
	MM_SCN_CEILING, /* balloon does not go above value_kib; 0 lifts it */
	MM_SCN_SILENT,
	MM_SCN_TALK,
	MM_SCN_LIE, /* reports everything as used */
	MM_SCN_FLOOD,
	MM_SCN_HONEST,
	MM_SCN_ACTION_COUNT
};

struct mm_scn_event {
	uint64_t at_ms;
	size_t guest; /* index into guests */
	enum mm_scn_action action;
	uint64_t value_kib;
	uint64_t span_ms;
};

/* The seeded generator of activity; is_on where the scenario has a `random` line. */
struct mm_scn_random {
	bool is_on;
	bool has_faults;
	uint64_t guests;
	uint64_t memory_kib; /* of each */
	uint64_t period_ms;  /* mean time between two events of one guest */
	uint64_t until_ms;   /* no event after it */
};

struct mm_scenario {
	uint64_t seed;
	uint64_t duration_ms;
	uint64_t step_ms;
	uint64_t set_cost_ms; /* time one change of a target takes */
	uint64_t total_kib;
	uint64_t dom0_kib;
	struct mm_scn_random random;
	struct mm_scn_guest *guests;
	size_t guest_count, guest_capacity;
	struct mm_scn_event *events; /* sorted by time; file order where that is equal */
	size_t event_count, event_capacity;
};

/*
 * Parses text of len bytes. On success fills *ret_scenario, to be freed by the caller. Returns 0,
 * -ENOMEM or -EINVAL; err then names line, column, what is wrong and what is allowed.
 */
int mm_scenario_parse(
	const char *text, size_t len, struct mm_scenario *ret_scenario, char *err, size_t err_size);

/*
 * Adds the guests and events of the `random` line, drawn with that seed; nothing where there is
 * none. The same seed gives the same events. Returns 0, -ENOMEM or -EINVAL (limits; err says
 * which).
 */
int mm_scenario_expand(struct mm_scenario *scenario, uint64_t seed, char *err, size_t err_size);

/* Accepts a zeroed scenario; leaves one. */
void mm_scenario_free(struct mm_scenario *scenario);

/* A deep copy, to be freed by the caller. Returns 0 or -ENOMEM. */
int mm_scenario_copy(const struct mm_scenario *scenario, struct mm_scenario *ret_copy);

/* Append a copy of *guest or *event. Return 0, -ENOMEM or -E2BIG (the bounds above). */
int mm_scenario_add_guest(struct mm_scenario *scenario, const struct mm_scn_guest *guest);
int mm_scenario_add_event(struct mm_scenario *scenario, const struct mm_scn_event *event);

/* Sorts the events by time, keeping the order of simultaneous ones. Returns 0 or -ENOMEM. */
int mm_scenario_sort(struct mm_scenario *scenario);

/* A guest with the defaults of every setting. */
struct mm_scn_guest mm_scn_guest_default(void);

#endif
