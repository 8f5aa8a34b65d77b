/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What service.c (requests, rounds) and claims.c (clients that reserve) share. */
#ifndef XENMM_SERVICE_PRIVATE_H
#define XENMM_SERVICE_PRIVATE_H

#include <stdbool.h>

#include "request.h"
#include "service.h"

bool mm_service_is_open(const struct mm_service *service);

/* What was built from an older state is not shown any more. */
void mm_service_forget(struct mm_service *service);

/* The same after a round, in which everything may have changed; on a very large host not every time. */
void mm_service_outdate(struct mm_service *service);

/* Calls for a round, soon. */
void mm_service_call(struct mm_service *service);

/* Sends and releases an answer; NULL: there was no memory for it. */
void mm_answer_send(struct mm_peer *peer, json_t *answer);

/* The requests "reserve" and "release", and what becomes of a client's leases when it goes. */
void mm_claims_reserve(
	struct mm_service *service, struct mm_peer *peer, const struct mm_request *request);
void mm_claims_release(
	struct mm_service *service, struct mm_peer *peer, const struct mm_request *request);
void mm_claims_closed(void *arg, struct mm_peer *peer);

#endif
