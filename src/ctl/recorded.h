/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recorded trace as a scenario: what its guests used and when, for what-if on an administrator's own host. */
#ifndef XENMM_CTL_RECORDED_H
#define XENMM_CTL_RECORDED_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/scenario.h"
#include "xenmm/config.h"

/* Whether a file begins as a trace does. */
bool mm_is_trace(const char *text, size_t len);

/*
 * Turns a trace into a scenario, to be freed, and *ret_cfg into the settings it was recorded with. Each guest, told apart by
 * its uuid, starts with what it held when it was first seen. Its use follows its reports: what it held less what was
 * available, and what lay in swap. Returns 0; -ENOMEM; -EINVAL: no trace, or nothing in it to play. err then has
 * one line.
 */
int mm_recorded_scenario(const char *text, size_t len, struct mm_scenario *ret_scenario,
	struct mm_config *ret_cfg, char *err, size_t err_size);

#endif
