/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The read-only HTTP endpoint (CMake option SOCK): the live page, the state as JSON, a stream of events, metrics, and the
 * first xenmm's array. See mmserver(8), HTTP.
 */
#ifndef XENMM_HTTP_H
#define XENMM_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "journal.h"

struct event_base;
struct mm_http; /* opaque */

#define MM_HTTP_DEFAULT "127.0.0.1:9091"

/* Whether this build has the endpoint at all. */
bool mm_http_is_built(void);

/* Whether an address can be listened on in this build: 0, or -errno and a line in err. */
int mm_http_check(const char *address, char *err, size_t err_size);

/* Whether others than programs of this machine can reach an address that mm_http_check() found right. */
bool mm_http_is_exposed(const char *address);

/*
 * Listens on `address`, "A.B.C.D:PORT" or "[V6]:PORT", and shows *journal, which must outlive it, in the event loop
 * `base`. Takes at most a tenth of the loop's time, a few milliseconds at once; slow or many clients are cut off. Returns 0;
 * on failure -errno and a line in err.
 */
int mm_http_open(const char *address, struct event_base *base, const struct mm_journal *journal,
	char *err, size_t err_size, struct mm_http **ret_http);

/* A round is over: its news goes out from the event loop, not from here. NULL allowed. */
void mm_http_round(struct mm_http *http);

/* NULL allowed. To be called before the event base is freed. */
void mm_http_close(struct mm_http *http);

#endif
