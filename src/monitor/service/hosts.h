/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A controller's hosts and what they said last, put together: which guest is where, what is stale. Pure: the caller has clock and
 * network.
 */
#ifndef XENMM_MON_HOSTS_H
#define XENMM_MON_HOSTS_H

#include "monitor/service/report.h"
#include "monitor/service/seen.h"
#include "monitor/service/settings.h"

#define MM_HOSTS_GUESTS_MAX    10000  /* of all hosts; a host that would bring more is refused */
#define MM_HOSTS_PROCESSES_MAX 500000 /* of all guests; beyond it hosts bring totals only: 50 MB */
#define MM_HOSTS_FORGET_MS                                                                         \
	UINT64_C(86400000) /* what a host said is dropped a day after it fell silent */

struct mm_host_state {
	struct mm_mon_host_entry entry;
	struct mm_host_report report; /* the last right one */
	bool has_report, has_failed;  /* the last answer was wrong, or there was none */
	bool lacks_processes;	      /* it does not show them, or there were too many in all */
	uint64_t received_ms;	      /* the report */
	uint64_t asked, failures;     /* requests so far */
	uint32_t failures_in_row;
	uint64_t duration_ms; /* of the last that was answered */
	char error[200];      /* why the last failed; "" */
};

/* A guest of a uuid: where it is, and where else. */
struct mm_hosts_place {
	const struct mm_host_state *host, *other; /* other: NULL, it is nowhere else */
	const struct mm_report_guest *guest;
	bool is_fresh; /* its sample was, when places were made */
};

struct mm_hosts {
	struct mm_host_state *list; /* in the order of the configuration */
	size_t count;
	struct mm_hosts_place *places; /* by uuid */
	size_t place_count;
	bool is_dirty;	   /* places are of an earlier state */
	uint64_t until_ms; /* so long the choice between hosts of the same uuid holds */
	uint64_t now_ms;   /* of the request under way */
	uint64_t stale_ms; /* what is older is stale */
};

/*
 * From now on these; those that keep name and url keep what they said. Returns 0, or -ENOMEM: nothing has changed.
 */
int mm_hosts_set(struct mm_hosts *hosts, const struct mm_mon_host_entry *entries, size_t count);

/* A right answer came; the report is taken over. Returns 0, or -E2BIG: too many guests in all, which counts as a failure. */
int mm_hosts_accept(struct mm_hosts *hosts, struct mm_host_state *host,
	struct mm_host_report *report, uint64_t now_ms);

/* None came, or a wrong one; `error` is copied, and made printable. */
void mm_hosts_fail(struct mm_host_state *host, const char *error);

/*
 * Puts all together, if something is new, for requests at now_ms. Of a uuid that several hosts show, the one that showed it first counts
 * as long as its sample is fresh: what another host says does not take a guest away from it. Where none is fresh, the newest.
 * Returns 0 or -ENOMEM: the places are those before.
 */
int mm_hosts_refresh(struct mm_hosts *hosts, uint64_t now_ms, uint64_t stale_ms);

/* Whether its last answer was right and is not stale; its age, where there is one. */
bool mm_host_is_up(const struct mm_hosts *hosts, const struct mm_host_state *host);
uint64_t mm_host_age_ms(const struct mm_hosts *hosts, const struct mm_host_state *host);

/* The guests, as of the last mm_hosts_refresh(); *hosts must outlive it. */
struct mm_mon_source mm_hosts_source(struct mm_hosts *hosts);

void mm_hosts_free(struct mm_hosts *hosts);

#endif
