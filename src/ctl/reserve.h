/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Setting memory aside, and running a program meanwhile: what mmctl reserve and mmctl create share. */
#ifndef XENMM_CTL_RESERVE_H
#define XENMM_CTL_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"

/* How long is waited for the memory, unless told otherwise. */
#define MM_RESERVE_WAIT_MS 10000

struct mm_reservation {
	uint64_t kib;
	const char *name; /* of the guest it is for; NULL: the next one */
	uint64_t wait_ms;
	uint64_t hold_ms; /* 0: for as long as the client stays connected */
};

/*
 * Reserves, and tells how that goes: on stderr while it waits and when it fails (who kept what), on stdout when the
 * memory is there; with client->is_json only the last answer, on stdout. Returns an exit status.
 */
int mm_reserve(struct mm_client *client, const struct mm_reservation *wanted);

/* A time on the command line, at most max_ms. Returns 0, or -1 after a line on stderr. */
int mm_reserve_time(const struct mm_ctl_command *command, const char *name, const char *text,
	uint64_t max_ms, uint64_t *ret_ms);

/*
 * Runs a program, with our signals to end handed on to it. Returns its exit status; 128 and the signal's number where one
 * ended it; 126 or 127, after a line on stderr, where it cannot be run or is not there.
 */
int mm_reserve_run(const struct mm_ctl_command *command, char *const *argv);

#endif
