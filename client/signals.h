/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SIGTERM and SIGINT: blocked and read from a descriptor in the loop. A request to xenstore may
 * wait for ever, though (a xenstored that hangs), so they are let in around it, and then end the
 * program at once.
 */
#ifndef XENMM_CLIENT_SIGNALS_H
#define XENMM_CLIENT_SIGNALS_H

/* Blocks both signals and returns a descriptor that is readable when one came, or -errno. */
int mm_signals_open(void);

/* While let in, a signal ends the program with status 0: nothing is open that would need closing. */
void mm_signals_let_in(void);
void mm_signals_keep_out(void);

#endif
