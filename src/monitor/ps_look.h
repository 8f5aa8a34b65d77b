/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looks into guests, a few at a time, and waits for what comes of it. */
#ifndef XENMM_MONITOR_PS_LOOK_H
#define XENMM_MONITOR_PS_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/probe.h"
#include "vmi/vmi.h"

/* A guest that is looked into, and what was seen the last two times. A zeroed one with a target is new. */
struct mm_look {
	struct mm_probe_target target;
	struct mm_probe *probe; /* NULL: there is none */
	bool is_asked;
	int error; /* why the last look brought nothing: -errno as of mm_probe_read(), or 0 */
	struct mm_sample now, before; /* valid where ... */
	bool has_now, has_before;     /* ... these say so */
};

/* Monotonic. */
uint64_t mm_look_clock_ms(void);
void mm_look_sleep(uint64_t ms);

/* One look into each, with processes. Blocks until all have answered or failed. */
void mm_look_all(struct mm_look *const *looks, size_t count);

/* Whether the last look brought figures. */
bool mm_look_is_good(const struct mm_look *look);

/* Why it did not: a word for programs and a sentence for people, also of a look that is good. */
const char *mm_look_reason(const struct mm_look *look);
const char *mm_look_reason_text(const struct mm_look *look);

/* All the words there are, of guests that cannot be read, one after the other; NULL past the last. */
const char *mm_look_reason_word(size_t i, const char **ret_text);

void mm_look_end(struct mm_look *look);

#endif
