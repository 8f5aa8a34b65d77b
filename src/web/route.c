/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "route.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "query.h"
#include "xenmm/units.h"

#define API	"/api/v1/"
#define DOMAINS API "domains/"
#define FILES	"/page/"

/* ---- refusals -------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static int refuse(
	struct mm_refusal *refusal, unsigned status, const char *format, ...)
{
	va_list args;

	refusal->status = status;
	va_start(args, format);
	vsnprintf(refusal->text, sizeof(refusal->text), format, args);
	va_end(args);
	return -EINVAL;
}

/* ---- headers --------------------------------------------------------------------------------- */

static const char *skip_spaces(const char *text)
{
	return text + strspn(text, " \t");
}

/* Whether the parameters behind a choice, ";level=1;q=0.0", give it no weight. */
static bool is_excluded(const char *text, size_t len)
{
	const char *end = text + len;

	for (const char *at = memchr(text, ';', len); at;
		at = memchr(at, ';', (size_t)(end - at))) {
		at = skip_spaces(at + 1);
		if (strncasecmp(at, "q=0", 3) != 0)
			continue;
		at += 3 + strspn(at + 3, ".0");
		return at >= end || strchr(" \t;", *at);
	}
	return false;
}

bool mm_route_accepts(const char *header, const char *choice)
{
	size_t choice_len = strlen(choice);

	while (header && *header) {
		const char *item = skip_spaces(header);
		size_t len = strcspn(item, ",");

		if (len >= choice_len && !strncasecmp(item, choice, choice_len) &&
			(len == choice_len || strchr(" \t;", item[choice_len])))
			return !is_excluded(item + choice_len, len - choice_len);
		header = item + len + (item[len] == ',');
	}
	return false;
}

bool mm_route_has_tag(const char *header, const char *etag)
{
	size_t tag_len = strlen(etag);

	while (header && *header) {
		const char *item = skip_spaces(header);
		size_t len;

		if (!strncmp(item, "W/", 2))
			item += 2;
		len = strcspn(item, ", \t");
		if ((len == tag_len && !strncmp(item, etag, len)) || (len == 1 && *item == '*'))
			return true;
		header = item + len;
		header += strspn(header, ", \t");
	}
	return false;
}

/* A page elsewhere that asks says so: its browser sends where it comes from. */
static bool is_our_origin(const char *origin, const char *host)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; host && i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (!strncasecmp(origin, schemes[i], strlen(schemes[i])))
			return !strcasecmp(origin + strlen(schemes[i]), host);
	return false;
}

/* A browser says whether a page of ours asks, or the one who sits before it; "same-site" is another port of this host. */
bool mm_route_is_foreign_site(const char *fetch_site)
{
	return fetch_site && strcmp(fetch_site, "same-origin") != 0 &&
	       strcmp(fetch_site, "none") != 0;
}

bool mm_route_has_body(const struct mm_web_head *head)
{
	return head->transfer_encoding ||
	       (head->content_length && strcmp(head->content_length, "0") != 0);
}

int mm_route_check(const struct mm_web_head *head, const struct mm_web_names *names,
	struct mm_refusal *refusal)
{
	char shown[40];

	if (head->is_ambiguous)
		return refuse(refusal, 400, "a header is there twice");
	if (head->size > MM_WEB_HEAD_MAX)
		return refuse(
			refusal, 431, "a request's head has at most %d bytes", MM_WEB_HEAD_MAX);
	if (strcmp(head->method, "GET") != 0 && strcmp(head->method, "HEAD") != 0)
		return refuse(refusal, 405, "%s: only GET and HEAD are answered",
			mm_query_show(head->method, shown, sizeof(shown)));
	if (mm_route_has_body(head))
		return refuse(refusal, 413, "a request has no body here");
	if (names && head->host && !mm_route_is_our_host(head->host, names))
		return refuse(refusal, 403,
			"this host goes by its address, localhost or its own name, not by '%s'",
			mm_query_show(head->host, shown, sizeof(shown)));
	if (head->origin && !is_our_origin(head->origin, head->host))
		return refuse(refusal, 403, "pages of '%s' may not look in here",
			mm_query_show(head->origin, shown, sizeof(shown)));
	return 0;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static int wrong_value(
	struct mm_refusal *refusal, const char *name, const char *value, const char *limits)
{
	char shown[40];

	return refuse(refusal, 400, "%s: '%s' is not %s", name,
		mm_query_show(value, shown, sizeof(shown)), limits);
}

static int take_guest(const char *value, struct mm_route *route, struct mm_refusal *refusal)
{
	size_t len = strlen(value);

	if (len == 0 || len >= sizeof(route->guest))
		return wrong_value(
			refusal, "domain", value, "a domid, a uuid or a name of 1 to 63 bytes");
	memcpy(route->guest, value, len + 1);
	return 0;
}

static int take_since_ms(const char *value, struct mm_route *route, struct mm_refusal *refusal)
{
	bool is_ago = value[0] == '-';
	uint64_t ms;

	if (mm_parse_u64(value + is_ago, strlen(value + is_ago), INT64_MAX, &ms))
		return wrong_value(refusal, "since", value, "a number of milliseconds");
	route->since_ms = is_ago ? -(int64_t)ms : (int64_t)ms;
	return 0;
}

static int take_since_seq(const char *value, struct mm_route *route, struct mm_refusal *refusal)
{
	if (mm_parse_u64(value, strlen(value), INT64_MAX, &route->since_seq))
		return wrong_value(refusal, "since", value, "a number of a decision");
	return 0;
}

static int take_limit(const char *value, struct mm_route *route, struct mm_refusal *refusal)
{
	uint64_t limit;

	if (mm_parse_u64(value, strlen(value), MM_WEB_LIMIT_MAX, &limit) || limit == 0)
		return wrong_value(refusal, "limit", value, "a number from 1 to 1024");
	route->limit = (size_t)limit;
	return 0;
}

#define PARAMETERS_MAX 3

/* Everything that there is, and what its query may say. */
static const struct path {
	const char *path;
	enum mm_route_kind kind;
	struct parameter {
		const char *name;
		int (*take)(const char *value, struct mm_route *route, struct mm_refusal *refusal);
	} parameters[PARAMETERS_MAX];
} paths[] = {
	{"/", MM_ROUTE_LIST, {{NULL, NULL}}}, {"/metrics", MM_ROUTE_METRICS, {{NULL, NULL}}},
	{API "status", MM_ROUTE_STATUS, {{NULL, NULL}}},
	{API "events", MM_ROUTE_EVENTS, {{NULL, NULL}}},
	{API "history", MM_ROUTE_HISTORY, {{"domain", take_guest}, {"since", take_since_ms}}},
	{API "decisions", MM_ROUTE_DECISIONS,
		{{"domain", take_guest}, {"since", take_since_seq}, {"limit", take_limit}}},
	{DOMAINS, MM_ROUTE_DOMAIN, {{NULL, NULL}}}, /* and the guest */
	{FILES, MM_ROUTE_PAGE, {{NULL, NULL}}},	    /* and the file */
};

static bool is_there(const struct path *path, const char *text, size_t len)
{
	size_t own_len = strlen(path->path);

	if (path->kind == MM_ROUTE_DOMAIN || path->kind == MM_ROUTE_PAGE)
		return len > own_len && !strncmp(text, path->path, own_len);
	return len == own_len && !strncmp(text, path->path, own_len);
}

static const struct path *find_path(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (is_there(&paths[i], text, len))
			return &paths[i];
	return NULL;
}

static int take_parameter(const struct path *path, const struct mm_query_pair *pair, unsigned *seen,
	struct mm_route *route, struct mm_refusal *refusal)
{
	char shown[40];

	for (size_t i = 0; i < PARAMETERS_MAX && path->parameters[i].name; i++) {
		if (strcmp(pair->name, path->parameters[i].name) != 0)
			continue;
		if (*seen & 1u << i)
			return refuse(refusal, 400, "%s: it is there twice", pair->name);
		*seen |= 1u << i;
		return path->parameters[i].take(pair->value, route, refusal);
	}
	return refuse(refusal, 400, "%s has no parameter '%s'", path->path,
		mm_query_show(pair->name, shown, sizeof(shown)));
}

static int take_query(const struct path *path, const char *query, struct mm_route *route,
	struct mm_refusal *refusal)
{
	struct mm_query_pair pair;
	unsigned seen = 0;

	while (*query) {
		int r = mm_query_next(&query, &pair);

		if (r)
			return refuse(
				refusal, 400, "the part behind '?' is not made of name=value");
		r = take_parameter(path, &pair, &seen, route, refusal);
		if (r)
			return r;
	}
	return 0;
}

/* The last part of a path, decoded. */
static int take_rest(const struct path *path, const char *text, size_t len, struct mm_route *route,
	struct mm_refusal *refusal)
{
	char rest[MM_NAME_MAX];

	text += strlen(path->path);
	len -= strlen(path->path);
	if (memchr(text, '/', len) || mm_query_decode(text, len, false, rest, sizeof(rest)))
		return refuse(refusal, 404, "%s: there is nothing of that name there", path->path);
	if (path->kind == MM_ROUTE_DOMAIN)
		return take_guest(rest, route, refusal);
	if (strchr(rest, '/'))
		return refuse(refusal, 404, "%s: there is nothing of that name there", path->path);
	strcpy(route->file, rest);
	return 0;
}

_Static_assert(MM_WEB_FILE_MAX >= MM_NAME_MAX, "a decoded rest fits");

/* "/" is two things: to a browser, which asks for HTML, the page. */
static void refine(const struct mm_web_head *head, struct mm_route *route)
{
	route->is_head = !strcmp(head->method, "HEAD");
	if (route->kind == MM_ROUTE_LIST && mm_route_accepts(head->accept, "text/html"))
		route->kind = MM_ROUTE_PAGE; /* with no file's name: its first */
	if (route->kind == MM_ROUTE_METRICS)
		route->is_open_metrics =
			mm_route_accepts(head->accept, "application/openmetrics-text");
}

int mm_route_find(const struct mm_web_head *head, const struct mm_web_names *names,
	struct mm_route *ret_route, struct mm_refusal *ret_refusal)
{
	struct mm_route route = {
		.since_ms = MM_WEB_SINCE_DEFAULT_MS, .limit = MM_WEB_LIMIT_DEFAULT};
	size_t len = strcspn(head->target, "?");
	const char *query = head->target + len + (head->target[len] == '?');
	const struct path *path;
	char shown[80];
	int r = mm_route_check(head, names, ret_refusal);

	if (r)
		return r;
	path = find_path(head->target, len);
	if (!path)
		return refuse(ret_refusal, 404, "there is no '%s' here",
			mm_query_show(head->target, shown, sizeof(shown)));
	route.kind = path->kind;
	if (path->kind == MM_ROUTE_DOMAIN || path->kind == MM_ROUTE_PAGE)
		r = take_rest(path, head->target, len, &route, ret_refusal);
	if (!r && path->kind !=
			  MM_ROUTE_PAGE) /* files may be asked for with ?anything, against caches */
		r = take_query(path, query, &route, ret_refusal);
	if (r)
		return r;
	refine(head, &route);
	if (route.kind != MM_ROUTE_PAGE && mm_route_is_foreign_site(head->fetch_site))
		return refuse(ret_refusal, 403, "pages of other sites may not look in here");
	*ret_route = route;
	return 0;
}
