/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an HTTP request asks for. Pure: text in, values or a refusal out. Everything in a request is hostile: another
 * program's, or a web page's of somebody who got an administrator to open it.
 */
#ifndef XENMM_WEB_ROUTE_H
#define XENMM_WEB_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/snapshot.h"

#define MM_WEB_HEAD_MAX 8192 /* bytes of a request: line and headers; browsers send 1 KiB */
#define MM_WEB_NAME_MAX 256  /* a host's name, with the terminator: RFC 1035 allows 255 bytes */
#define MM_WEB_FILE_MAX 64   /* a file of the page, with the terminator */

/* History reaches back so far where nothing is said. */
#define MM_WEB_SINCE_DEFAULT_MS (-300000)

#define MM_WEB_LIMIT_DEFAULT 100
#define MM_WEB_LIMIT_MAX     1024 /* as many as are kept */

enum mm_route_kind {
	MM_ROUTE_LIST, /* the first xenmm's array */
	MM_ROUTE_PAGE, /* a file of the page */
	MM_ROUTE_STATUS,
	MM_ROUTE_DOMAIN,
	MM_ROUTE_HISTORY,
	MM_ROUTE_DECISIONS,
	MM_ROUTE_EVENTS,
	MM_ROUTE_METRICS,
	MM_ROUTE_COUNT
};

/* A request's head, as it came. NULL: that header is not there. */
struct mm_web_head {
	const char *method;
	const char *target; /* path and query, not decoded */
	const char *host;
	const char *authorization;
	const char *origin;
	const char *accept;
	const char *accept_encoding;
	const char *if_none_match;
	const char *fetch_site;
	const char *content_length;
	const char *transfer_encoding;
	size_t size;	   /* bytes of it all */
	bool is_ambiguous; /* there are two of a header that there can be one of */
};

/* Names of this host that requests may be for, beside localhost and addresses. */
struct mm_web_names {
	char name[2][MM_WEB_NAME_MAX];
	size_t count;
};

struct mm_route {
	enum mm_route_kind kind;
	bool is_head;		    /* no body is wanted */
	bool is_open_metrics;	    /* MM_ROUTE_METRICS */
	char guest[MM_NAME_MAX];    /* domid, uuid or name; "": all, or the host */
	int64_t since_ms;	    /* MM_ROUTE_HISTORY: wall clock, or if negative so long ago */
	uint64_t since_seq;	    /* MM_ROUTE_DECISIONS */
	size_t limit;		    /* MM_ROUTE_DECISIONS: 1 to MM_WEB_LIMIT_MAX */
	char file[MM_WEB_FILE_MAX]; /* MM_ROUTE_PAGE */
};

/* Why not: a status code of HTTP from 400 to 499, and a printable line. */
struct mm_refusal {
	unsigned status;
	char text[200];
};

/*
 * What holds whatever is asked for: GET or HEAD, no body, for this host (names == NULL: any), and not from another site's
 * page by its Origin. Returns 0, or -EINVAL with *ret_refusal.
 */
int mm_route_check(const struct mm_web_head *head, const struct mm_web_names *names,
	struct mm_refusal *ret_refusal);

/* Whether a browser says that a page of another site, or port, asks; pages of ours and people may. NULL: no browser. */
bool mm_route_is_foreign_site(const char *fetch_site);

/* Returns 0 with *ret_route, or -EINVAL with *ret_refusal. */
int mm_route_find(const struct mm_web_head *head, const struct mm_web_names *names,
	struct mm_route *ret_route, struct mm_refusal *ret_refusal);

/*
 * Whether a Host header names this host: an address, localhost or one of the names, with or without a port. Any other
 * name may be one that a web page's owner lets point here (DNS rebinding).
 */
bool mm_route_is_our_host(const char *host, const struct mm_web_names *names);

/* Whether a body follows: it is refused, and not waited for. */
bool mm_route_has_body(const struct mm_web_head *head);

/* Whether a header with a list of choices ("text/html;q=0.9, *" "/" "*") names this one, and does not exclude it with q=0. */
bool mm_route_accepts(const char *header, const char *choice);

/* Whether an If-None-Match header names this entity tag. */
bool mm_route_has_tag(const char *header, const char *etag);

#endif
