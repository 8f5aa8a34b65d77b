/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/ask.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "query.h"
#include "xenmm/units.h"

#define DOMAINS	  "/v1/domains"
#define PROCESSES "/processes"

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

bool mm_ask_is_private(const struct mm_ask *ask)
{
	return ask->kind == MM_ASK_GUEST_PROCESSES || ask->kind == MM_ASK_PROCESSES ||
	       (ask->kind == MM_ASK_DOMAINS && ask->limit > 0);
}

/* ---- queries --------------------------------------------------------------------------------- */

static int wrong(struct mm_refusal *refusal, const struct mm_query_pair *pair, const char *limits)
{
	char shown[40];

	return refuse(refusal, 400, "%s: '%s' is not %s", pair->name,
		mm_query_show(pair->value, shown, sizeof(shown)), limits);
}

static int take_sort(
	const struct mm_query_pair *pair, struct mm_ask *ask, struct mm_refusal *refusal)
{
	return mm_sort_parse(pair->value, &ask->sort) ? wrong(refusal, pair, MM_SORT_WORDS) : 0;
}

static int take_limit(
	const struct mm_query_pair *pair, struct mm_ask *ask, struct mm_refusal *refusal)
{
	uint64_t limit;

	if (mm_parse_u64(pair->value, strlen(pair->value), MM_ASK_LIMIT_MAX, &limit) || limit == 0)
		return wrong(refusal, pair, "a number from 1 to 1000");
	ask->limit = (size_t)limit;
	return 0;
}

static int take_kernel(
	const struct mm_query_pair *pair, struct mm_ask *ask, struct mm_refusal *refusal)
{
	ask->with_kernel = !strcmp(pair->value, "yes");
	return ask->with_kernel || !strcmp(pair->value, "no") ? 0
							      : wrong(refusal, pair, "yes or no");
}

static int take_host(
	const struct mm_query_pair *pair, struct mm_ask *ask, struct mm_refusal *refusal)
{
	if (!*pair->value || strlen(pair->value) >= sizeof(ask->host))
		return wrong(refusal, pair, "a host's name of 1 to 63 bytes");
	strcpy(ask->host, pair->value);
	return 0;
}

#define SORT   0x1u
#define LIMIT  0x2u
#define KERNEL 0x4u
#define IN     0x8u  /* processes in each guest: the limit by another name */
#define HOST   0x10u /* a controller's alone */

static const struct parameter {
	unsigned bit;
	const char *name;
	int (*take)(
		const struct mm_query_pair *pair, struct mm_ask *ask, struct mm_refusal *refusal);
} parameters[] = {
	{SORT, "sort", take_sort},
	{LIMIT, "limit", take_limit},
	{KERNEL, "kernel", take_kernel},
	{IN, "processes", take_limit},
	{HOST, "host", take_host},
};

#define PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static const unsigned allowed[MM_ASK_COUNT] = {
	[MM_ASK_DOMAINS] = IN | HOST,
	[MM_ASK_GUEST_PROCESSES] = SORT | LIMIT | KERNEL,
	[MM_ASK_PROCESSES] = SORT | LIMIT | KERNEL | HOST,
};

static int take_pair(const struct mm_query_pair *pair, unsigned may, unsigned *seen,
	struct mm_ask *ask, struct mm_refusal *refusal)
{
	char shown[40];

	for (size_t i = 0; i < PARAMETERS; i++) {
		if (!(may & parameters[i].bit) || strcmp(pair->name, parameters[i].name) != 0)
			continue;
		if (*seen & parameters[i].bit)
			return refuse(refusal, 400, "%s: it is there twice", pair->name);
		*seen |= parameters[i].bit;
		return parameters[i].take(pair, ask, refusal);
	}
	return refuse(refusal, 400, "there is no parameter '%s' here",
		mm_query_show(pair->name, shown, sizeof(shown)));
}

static int take_query(
	const char *query, bool is_controller, struct mm_ask *ask, struct mm_refusal *refusal)
{
	unsigned may = allowed[ask->kind] & (is_controller ? ~0u : ~HOST), seen = 0;
	struct mm_query_pair pair;
	int r = 0;

	while (!r && *query)
		r = mm_query_next(&query, &pair)
			    ? refuse(refusal, 400, "the part behind '?' is not made of name=value")
			    : take_pair(&pair, may, &seen, ask, refusal);
	return r;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static const struct {
	const char *path;
	enum mm_ask_kind kind;
} paths[] = {
	{"/healthz", MM_ASK_HEALTH},
	{"/metrics", MM_ASK_METRICS},
	{"/v1/host", MM_ASK_HOST},
	{"/v1/hosts", MM_ASK_HOSTS},
	{DOMAINS, MM_ASK_DOMAINS},
	{"/v1/processes", MM_ASK_PROCESSES},
};

/* "/v1/domains/UUID" and "/v1/domains/UUID/processes" */
static int take_guest(const char *path, size_t len, struct mm_ask *ask)
{
	const size_t prefix = strlen(DOMAINS "/"), suffix = strlen(PROCESSES);
	const char *slash;

	if (len <= prefix || strncmp(path, DOMAINS "/", prefix) != 0)
		return -EINVAL;
	path += prefix;
	len -= prefix;
	ask->kind = MM_ASK_DOMAIN;
	slash = memchr(path, '/', len);
	if (slash) {
		if ((size_t)(path + len - slash) != suffix || memcmp(slash, PROCESSES, suffix) != 0)
			return -EINVAL;
		ask->kind = MM_ASK_GUEST_PROCESSES;
		len -= suffix;
	}
	if (len == 0)
		return -EINVAL;
	return mm_query_decode(path, len, false, ask->guest, sizeof(ask->guest));
}

static int find_kind(const char *path, size_t len, bool is_controller, struct mm_ask *ask)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strlen(paths[i].path) == len && !strncmp(path, paths[i].path, len) &&
			(is_controller || paths[i].kind != MM_ASK_HOSTS)) {
			ask->kind = paths[i].kind;
			return 0;
		}
	return take_guest(path, len, ask);
}

int mm_ask_parse(const char *target, bool is_controller, struct mm_ask *ret_ask,
	struct mm_refusal *ret_refusal)
{
	size_t len = strcspn(target, "?");
	struct mm_ask ask = {.sort = MM_SORT_RSS};
	char shown[80];
	int r;

	if (find_kind(target, len, is_controller, &ask))
		return refuse(ret_refusal, 404, "there is no '%s' here",
			mm_query_show(target, shown, sizeof(shown)));
	if (ask.kind == MM_ASK_PROCESSES)
		ask.sort = MM_SORT_CPU;
	if (ask.kind == MM_ASK_GUEST_PROCESSES || ask.kind == MM_ASK_PROCESSES)
		ask.limit = MM_ASK_LIMIT_DEFAULT;
	r = take_query(target + len + (target[len] == '?'), is_controller, &ask, ret_refusal);
	if (!r)
		*ret_ask = ask;
	return r;
}
