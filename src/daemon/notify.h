/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tells systemd how the service is, by its datagram protocol; nothing happens without systemd. */
#ifndef XENMM_NOTIFY_H
#define XENMM_NOTIFY_H

#include <stdint.h>

/*
 * Sends `state`, lines as in sd_notify(3) such as "READY=1\nSTATUS=...", to $NOTIFY_SOCKET. A
 * failure is ignored: the service must not suffer from its supervisor.
 */
void mm_notify(const char *state);

/*
 * How often "WATCHDOG=1" must come at least, half of $WATCHDOG_USEC as sd_watchdog_enabled(3) advises;
 * UINT64_MAX where nobody watches.
 */
uint64_t mm_notify_watchdog_ms(void);

#endif
