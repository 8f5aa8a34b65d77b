/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of answers as text for people, that several commands print. */
#ifndef XENMM_CTL_SHOW_H
#define XENMM_CTL_SHOW_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* Room for a size or a time. */
#define MM_SHOW_MAX 32

/* The member `name`, KiB, as "1.5G". Returns buf. */
char *mm_show_size(char buf[MM_SHOW_MAX], const json_t *object, const char *name);

/* "from web (512M), db (100M)": who could give memory; nothing where nobody can. */
void mm_show_donors(FILE *out, const json_t *offer);

/* The guests that keep more than they need, a line each, and why. */
void mm_show_refused(FILE *out, const json_t *answer);

/* A line for each lease; "no leases" where there is none. */
void mm_show_leases(FILE *out, const json_t *leases);

/* The hour of a wall clock's time, with the day where that is not today. */
void mm_show_time(FILE *out, uint64_t time_ms);

/*
 * One decision, an object of "decisions", as a sentence, without newline: when, what changed, why, and the numbers that led to it.
 * With the guest's name, unless that is NULL.
 */
void mm_show_decision(FILE *out, const json_t *decision, const char *name);

#define MM_SHOW_OUTSIDE_MAX 320

/*
 * What is seen from outside of a guest, a row of the status, as a sentence: that its agent differs from its kernel, what its kernel
 * says, or why it cannot be looked into; "" where nobody looks. Returns buf.
 */
const char *mm_show_outside(char *buf, size_t size, const json_t *guest);

/* The same in a few words behind others, such as ", seen from outside"; "" where there is nothing to say. */
const char *mm_show_outside_short(const json_t *guest);

#endif
