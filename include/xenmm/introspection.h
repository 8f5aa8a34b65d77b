/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest whose kernel is read from outside, without an agent: what is known of that, when to look again, and
 * whether an agent in it says the same. Pure; the looking itself is the back end's.
 */
#ifndef XENMM_INTROSPECTION_H
#define XENMM_INTROSPECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/guest_proto.h"

/* Into whom to look (setting "introspection"). */
enum mm_introspection {
	MM_INTROSPECTION_OFF,
	MM_INTROSPECTION_AGENTLESS, /* guests without mmclient, or whose mmclient is silent */
	MM_INTROSPECTION_ON,	    /* all: agents are believed, and checked */
	MM_INTROSPECTION_STRICT, /* all; where an agent says other things than its kernel, the kernel is believed */
	MM_INTROSPECTION_COUNT
};

const char *mm_introspection_name(enum mm_introspection introspection);

/* Longest word of mm_seen.state, with the terminator. */
#define MM_SEEN_STATE_MAX 24

#define MM_SEEN_OK	"ok"
#define MM_SEEN_WAITING "waiting" /* not looked into yet, or not just now: paused, being saved */

/* What is known of a domain from looking into it. Plain data, of dom0's making; sizes KiB. */
struct mm_seen {
	char state
		[MM_SEEN_STATE_MAX]; /* "": it is not looked into; otherwise "ok", or in a word why it
					  cannot be read */
	const char *text;	     /* the same in a sentence, static; NULL: nothing to add */
	uint64_t at_ms;		     /* of the last look that found something; 0: none did */
	uint64_t total_kib, avail_kib; /* what its kernel said then */
	uint64_t looks;		       /* that found something */
	uint64_t cost_us;	       /* CPU time of dom0 for one, lately ... */
	uint64_t spent_us;	       /* ... for all of them, starts included ... */
	uint64_t start_us;	       /* ... and for finding the kernel */
	uint64_t share_ppm;	       /* of one CPU, lately, without the start */
	uint64_t differences; /* times its agent was found to differ lastingly from its kernel */
	bool is_different;    /* it does now; what both said: */
	uint64_t agent_total_kib, agent_avail_kib;
	uint64_t kernel_total_kib, kernel_avail_kib;
};

/* Takes in a look that found something: figures, costs, state "ok". */
void mm_seen_look(
	struct mm_seen *seen, const struct mm_report *report, uint64_t at_ms, uint64_t cost_us);

/* It cannot be looked into, or not now: a word, and a sentence that stays valid (or NULL). */
void mm_seen_set_state(struct mm_seen *seen, const char *state, const char *text);

/* ---- when to look again ---------------------------------------------------------------------- */

#define MM_LOOK_FALL_MS	 100 /* while what is available falls: mmclient's own pace then */
#define MM_LOOK_QUICK_MS 250 /* while something else moves in it, or little is left */
#define MM_LOOK_CALM_MS                                                                            \
	500 /* nothing wakes us as its own kernel wakes mmclient when something stalls */
#define MM_LOOK_CHECK_MS 2000 /* where its agent tells all that moves, and is checked only */

struct mm_look_pace {
	struct mm_report last; /* source MM_SOURCE_NONE: none yet */
	uint64_t wait_ms;
};

/*
 * Takes in a look and returns in how many milliseconds the next one is due: soon after one that shows a change, then
 * twice as long each time.
 */
uint64_t mm_look_next_ms(struct mm_look_pace *pace, const struct mm_report *now);

/* Whether the last look showed that something moves. */
bool mm_look_is_quick(const struct mm_look_pace *pace);

/*
 * The shortest wait between two looks at one of `count` guests, of which one costs cost_us: all of them together shall take
 * no more than a tenth of one CPU; or where is_quick, which counts those that mm_look_is_quick() alone, half of one. At most 10 s, so
 * that what was seen stays fresh.
 */
uint64_t mm_look_least_ms(uint64_t cost_us, size_t count, bool is_quick);

/* ---- does its agent say the same? ------------------------------------------------------------ */

#define MM_WITNESS_LOOKS 16

struct mm_testimony {
	uint64_t at_ms; /* 0: none */
	uint64_t total_kib, avail_kib;
};

/* All zero: nothing heard yet. */
struct mm_witness {
	struct mm_testimony looks[MM_WITNESS_LOOKS]; /* the last ones, a ring */
	size_t next;
	struct mm_testimony agent;  /* its last word ... */
	bool is_open;		    /* ... waits for a look that came after it */
	unsigned int against, with; /* words in a row that differed, or did not */
	unsigned int doubt;	    /* more after each that differed, less after the others */
};

/* mmclient's record was written at that time. */
void mm_witness_hear(struct mm_witness *w, const struct mm_report *report, uint64_t at_ms);

/*
 * A look was taken. An agent's word is compared with all looks from 2 s before to 2 s after it: it differs when its
 * total or available memory lies beyond what all of them show by more than 5 % of the total and 16 MiB. Two such
 * words in a row are a difference, as is every other word for a while; two others end it; so does silence (mm_witness_rest). Fills in the difference in
 * *seen. Returns whether it began or ended with this look.
 */
bool mm_witness_look(
	struct mm_witness *w, const struct mm_report *report, uint64_t at_ms, struct mm_seen *seen);

/* Nobody speaks any more: ends a difference and forgets the words. Returns whether there was one. */
bool mm_witness_rest(struct mm_witness *w, struct mm_seen *seen);

/* "its agent says 400 MiB of 512 MiB available, its kernel 20 MiB of 512 MiB", for people. Returns buf. */
const char *mm_seen_difference(const struct mm_seen *seen, char *buf, size_t size);

#endif
