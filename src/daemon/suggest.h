/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Did you mean ...?" */
#ifndef XENMM_SUGGEST_H
#define XENMM_SUGGEST_H

#include <stddef.h>

/*
 * The word of a list that is nearest to `typed` and at most a slip or two away, or NULL. `word_of` gives word i, and
 * NULL past the last.
 */
const char *mm_suggest(const char *(*word_of)(size_t i), const char *typed);

#endif
