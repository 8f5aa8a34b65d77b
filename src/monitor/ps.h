/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmps, all of it. */
#ifndef XENMM_MONITOR_PS_H
#define XENMM_MONITOR_PS_H

/* Returns the exit status. */
int mm_ps_main(int argc, char **argv);

#endif
