/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The JSON endpoint of the first xenmm (CMake option SOCK): http://127.0.0.1:9091/ answers
 * [[tot,used,free],...] in KiB, an element for each guest that reports.
 */
#ifndef XENMM_HTTP_H
#define XENMM_HTTP_H

#include <stddef.h>

#include "journal.h"

struct event_base;
struct mm_http; /* opaque */

#define MM_HTTP_DEFAULT "127.0.0.1:9091"

/* Whether this build has the endpoint at all. */
bool mm_http_is_built(void);

/* Whether an address can be listened on in this build: 0, or -errno and a line in err. */
int mm_http_check(const char *address, char *err, size_t err_size);

/*
 * Listens on `address`, "A.B.C.D:PORT", and shows *journal, which must outlive it, in the event loop
 * `base`. Read-only; slow or many clients are cut off. Returns 0; on failure -errno and a line in err.
 */
int mm_http_open(const char *address, struct event_base *base, const struct mm_journal *journal,
	char *err, size_t err_size, struct mm_http **ret_http);

/* NULL allowed. To be called before the event base is freed. */
void mm_http_close(struct mm_http *http);

#endif
