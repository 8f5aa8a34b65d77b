/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plays a simulated world to its end under one set of settings, as mmserver would, in virtual time. */
#ifndef XENMM_CTL_PLAY_H
#define XENMM_CTL_PLAY_H

#include "xenmm/backend.h"
#include "xenmm/config.h"

/*
 * Plays b, a simulator, to its end. Returns 0; -ENOMEM; -EPROTO: a rule of the simulated world was broken, and
 * mm_sim_error() says which.
 */
int mm_play(struct mm_backend *b, const struct mm_config *cfg);

#endif
