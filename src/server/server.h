/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef XENMM_SERVER_H
#define XENMM_SERVER_H

/* mmserver as a function: returns its exit status (0 well, 1 failure, 2 misuse). */
int mm_server_main(int argc, char **argv);

#endif
