/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "route.h"
#include "xenmm/units.h"

#define PORT_DIGITS 5

/* The host's part of "host:port" or "[v6]:port" without brackets, and the port's, "" where there is none. */
static int split(const char *text, char *host, size_t size, const char **ret_port)
{
	bool is_bracketed = text[0] == '[';
	size_t len = strcspn(text + is_bracketed, is_bracketed ? "]" : ":");
	const char *rest = text + is_bracketed + len;

	if (len == 0 || len >= size || (is_bracketed && *rest++ != ']') ||
		(*rest != '\0' && *rest != ':'))
		return -EINVAL;
	memcpy(host, text + is_bracketed, len);
	host[len] = '\0';
	*ret_port = rest + (*rest == ':');
	return 0;
}

int mm_web_address_parse(const char *text, union mm_web_address *ret_address)
{
	union mm_web_address address;
	char host[INET6_ADDRSTRLEN];
	const char *port_text;
	uint64_t port;

	memset(&address, 0, sizeof(address));
	if (split(text, host, sizeof(host), &port_text) || strlen(port_text) > PORT_DIGITS ||
		mm_parse_u64(port_text, strlen(port_text), UINT16_MAX, &port) || port == 0)
		return -EINVAL;
	if (text[0] == '[') {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = htons((uint16_t)port);
		if (inet_pton(AF_INET6, host, &address.v6.sin6_addr) != 1)
			return -EINVAL;
	} else {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = htons((uint16_t)port);
		if (inet_pton(AF_INET, host, &address.v4.sin_addr) != 1)
			return -EINVAL;
	}
	*ret_address = address;
	return 0;
}

bool mm_web_address_is_loopback(const union mm_web_address *address)
{
	if (address->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
	return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* A name that ends with the dot of the root is the same name. */
static bool is_same_name(const char *text, size_t len, const char *name)
{
	if (len > 1 && text[len - 1] == '.')
		len--;
	return strlen(name) == len && !strncasecmp(text, name, len);
}

bool mm_route_is_our_host(const char *text, const struct mm_web_names *names)
{
	char host[MM_WEB_NAME_MAX];
	struct in6_addr address;
	const char *port;

	if (split(text, host, sizeof(host), &port) || strlen(port) > PORT_DIGITS ||
		strspn(port, "0123456789") != strlen(port))
		return false;
	if (text[0] == '[')
		return inet_pton(AF_INET6, host, &address) == 1;
	if (inet_pton(AF_INET, host, &address) == 1 ||
		is_same_name(host, strlen(host), "localhost"))
		return true;
	for (size_t i = 0; i < names->count; i++)
		if (is_same_name(host, strlen(host), names->name[i]))
			return true;
	return false;
}
