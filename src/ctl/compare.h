/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison: one scenario under several settings, beside the clairvoyant bound; and how it is shown. */
#ifndef XENMM_CTL_COMPARE_H
#define XENMM_CTL_COMPARE_H

#include <jansson.h>
#include <stdio.h>

#include "figures.h"
#include "input.h"
#include "xenmm/config.h"

#define MM_TRIALS_MAX 16
#define MM_LABEL_MAX  64

/* Settings to be tried, and what they are called. */
struct mm_trial {
	char label[MM_LABEL_MAX];
	struct mm_config cfg;
};

struct mm_comparison {
	char name[128];
	char story[256];
	uint64_t seed;
	uint64_t duration_ms;
	size_t guest_count;
	const struct mm_trial *trials;
	size_t trial_count;
	struct mm_figures figures[MM_TRIALS_MAX];
	struct mm_figures
		bounds[MM_TRIALS_MAX]; /* they differ where budget, reserve or maximum do */
};

/*
 * The settings that trials of this input start from: those of the recording, or the defaults; with TAX_RATE AUTO, and
 * without -r, which leaves no choice of a policy. input NULL: the defaults.
 */
void mm_trial_base(const struct mm_input *input, struct mm_config *ret_base);

/*
 * Reads "NAME[,SETTING=VALUE]..." on top of *base, where NAME is a policy. Returns 0 or -EINVAL; err then has one line.
 */
int mm_trial_parse(const char *text, const struct mm_config *base, struct mm_trial *ret_trial,
	char *err, size_t err_size);

/* Sets "SETTING=VALUE". Returns 0 or -EINVAL; err then has one line. */
int mm_trial_set(struct mm_config *cfg, const char *text, char *err, size_t err_size);

/* Plays input under every trial. Errors as mm_play(). */
int mm_compare(const struct mm_input *input, const struct mm_trial *trials, size_t trial_count,
	bool has_seed, uint64_t seed, struct mm_comparison *ret_comparison, char *err,
	size_t err_size);

/* The table for people. */
void mm_compare_print(FILE *out, const struct mm_comparison *comparison);

/*
 * Draws `count` comparisons of the same trials into a file that ends with .png or .svg. Returns 0; -EINVAL: another
 * ending; -EIO: it cannot be written, or gnuplot is missing or failed. err then has one line.
 */
int mm_compare_plot(const char *path, const struct mm_comparison *comparisons, size_t count,
	char *err, size_t err_size);

/* The same for programs, as mmctl(8) describes it; the caller's to free. NULL: no memory. */
json_t *mm_compare_json(const struct mm_comparison *comparison);

#endif
