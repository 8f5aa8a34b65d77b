/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mmctl simulate plays: scenario files, recorded traces, and the scenarios that it brings along. */
#ifndef XENMM_CTL_INPUT_H
#define XENMM_CTL_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/scenario.h"
#include "xenmm/config.h"

/* A scenario or a trace that was compiled in, from src/ctl/scenarios or traces. */
struct mm_shipped {
	const char *name;
	const char *text; /* len bytes */
	size_t len;
	const char *story; /* "": in the text */
};

extern const struct mm_shipped mm_shipped_scenarios[];
extern const size_t mm_shipped_count;

struct mm_input {
	char name[128];	 /* of the file, without folder and ending */
	char story[256]; /* its first line of comment, without the '#', or "" */
	struct mm_scenario scenario;
	bool is_recorded;     /* a trace: then ... */
	struct mm_config cfg; /* ... the settings it was recorded with */
};

/*
 * Reads the file `path`; where there is none of that name, the shipped scenario of that name. To be freed. Returns 0,
 * -ENOMEM, -ENOENT, -EINVAL or what reading a file may fail with; err then has one line.
 */
int mm_input_open(const char *path, struct mm_input *ret_input, char *err, size_t err_size);
int mm_input_open_shipped(
	const struct mm_shipped *shipped, struct mm_input *ret_input, char *err, size_t err_size);

void mm_input_free(struct mm_input *input);

#endif
