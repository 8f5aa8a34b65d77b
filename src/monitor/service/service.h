/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmmon: the loop, signals, systemd; and what is behind the endpoint in either mode. */
#ifndef XENMM_MON_SERVICE_H
#define XENMM_MON_SERVICE_H

/* Returns the exit status: 0, 1, or 2 for misuse. */
int mm_mon_main(int argc, char **argv);

#endif
