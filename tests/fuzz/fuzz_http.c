/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an HTTP request asks for: any head is refused with a status and one printable line, or gives values within their
 * bounds; and no host but this one is taken for this one. The input is a head as it is sent.
 */
#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "address.h"
#include "query.h"
#include "route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct mm_web_names names = {.name = {"dom0", "dom0.example.org"}, .count = 2};

static void check_printable(const char *text, size_t size)
{
	if (!memchr(text, '\0', size))
		abort();
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			abort();
}

/* The value of the first header of that name, by the plainest of readers. */
static const char *header(char *lines, const char *name)
{
	size_t len = strlen(name);

	for (char *line = lines; line; line = strchr(line, '\0') + 1) {
		if (*line == '\0')
			return NULL;
		if (!strncasecmp(line, name, len) && line[len] == ':')
			return line + len + 1 + strspn(line + len + 1, " ");
	}
	return NULL;
}

/* Lines become texts, the last of them empty. */
static void cut_lines(char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] == '\r' || text[i] == '\n')
			text[i] = '\0';
}

static void check_route(const struct mm_route *route)
{
	if (route->kind >= MM_ROUTE_COUNT || route->limit < 1 || route->limit > MM_WEB_LIMIT_MAX ||
		route->since_ms == INT64_MIN || route->since_seq > INT64_MAX)
		abort();
	check_printable(route->guest, sizeof(route->guest));
	check_printable(route->file, sizeof(route->file));
	if (route->kind == MM_ROUTE_DOMAIN && !route->guest[0])
		abort();
	if (strchr(route->file, '/'))
		abort(); /* "%2f" in a file's name finds nothing, but nobody must have to rely on that */
}

static void check_head(char *text, size_t size)
{
	char *target = strchr(text, ' ');
	char *lines = strchr(text, '\0') + 1;
	struct mm_web_head head = {.method = text, .size = size};
	struct mm_refusal refusal;
	struct mm_route route;

	if (!target)
		return;
	*target++ = '\0';
	target[strcspn(target, " ")] = '\0';
	head.target = target;
	head.host = header(lines, "host");
	head.origin = header(lines, "origin");
	head.accept = header(lines, "accept");
	head.accept_encoding = header(lines, "accept-encoding");
	head.if_none_match = header(lines, "if-none-match");
	head.fetch_site = header(lines, "sec-fetch-site");
	head.content_length = header(lines, "content-length");
	head.transfer_encoding = header(lines, "transfer-encoding");
	(void)mm_route_accepts(head.accept_encoding, "gzip");
	(void)mm_route_has_tag(head.if_none_match, "\"0123\"");
	if (!mm_route_find(&head, &names, &route, &refusal)) {
		check_route(&route);
		return;
	}
	check_printable(refusal.text, sizeof(refusal.text));
	if (refusal.status < 400 || refusal.status > 499 || !refusal.text[0])
		abort();
}

/* A name that is ours consists of an address or a name of ours, and a port. */
static void check_host(const char *text)
{
	union mm_web_address address;
	char shown[24];

	if (mm_route_is_our_host(text, &names) && strpbrk(text, "/@\\ %?#"))
		abort();
	if (!mm_web_address_parse(text, &address) && !mm_route_is_our_host(text, &names))
		abort();
	check_printable(mm_query_show(text, shown, sizeof(shown)), sizeof(shown));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(size + 3, 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	check_host(text);
	cut_lines(text, size);
	check_head(text, size);
	free(text);
	return 0;
}
