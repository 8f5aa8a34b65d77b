/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every plan must keep, whatever the world does. Fails the running test otherwise. */
#ifndef XENMM_TESTS_SIM_RULES_H
#define XENMM_TESTS_SIM_RULES_H

#include "harness.h"

/* What must be known from before the decision. */
struct rules {
	struct mm_history hist; /* a copy: the same inputs must give the same plan */
};

void rules_before(struct rules *rules, const struct sim_run *run);
void rules_after(struct rules *rules, const struct sim_run *run);

#endif
