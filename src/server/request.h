/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client of the control socket asks for: one JSON object, turned into values here and nowhere else. */
#ifndef XENMM_REQUEST_H
#define XENMM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/snapshot.h"

#define MM_REQUEST_MAX (UINT32_C(64) * 1024) /* bytes of a line */
#define MM_WAIT_MAX_MS UINT64_C(3600000)
#define MM_HOLD_MAX_MS UINT64_C(3600000)

/* How long a lease is held for a guest that has not been started yet, unless the client says otherwise. */
#define MM_HOLD_DEFAULT_MS UINT64_C(60000)

enum mm_request_kind {
	MM_REQUEST_STATUS,
	MM_REQUEST_WHY,
	MM_REQUEST_LEASES,
	MM_REQUEST_RESERVE,
	MM_REQUEST_RELEASE,
	MM_REQUEST_PAUSE,
	MM_REQUEST_RESUME,
	MM_REQUEST_HISTORY,
	MM_REQUEST_DECISIONS,
	MM_REQUEST_COUNT
};

struct mm_request {
	enum mm_request_kind kind;
	char guest
		[MM_NAME_MAX]; /* why, history, decisions: name, domid or uuid; reserve, release: whom it is for; "": none */
	uint64_t count; /* why, decisions */
	int64_t since; /* history: ms of the wall clock, or so long ago if below 0; decisions: a number */
	uint64_t id;  /* release: 0 where guest is given */
	uint64_t kib; /* reserve */
	uint64_t wait_ms;
	uint64_t hold_ms;
	bool is_tied;	      /* the lease ends with the connection, instead of after hold_ms */
	bool is_told_of_wait; /* send a line before the wait begins */
};

/*
 * Parses an untrusted line of len bytes. Returns 0; on failure -EINVAL or -ERANGE, err holds one line for people, in
 * printable ASCII, and *ret_request is untouched.
 */
int mm_request_parse(const char *untrusted_line, size_t len, struct mm_request *ret_request,
	char *err, size_t err_size);

#endif
