/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the endpoint listens, "A.B.C.D:PORT" or "[V6]:PORT", and what this host is called. */
#ifndef XENMM_WEB_ADDRESS_H
#define XENMM_WEB_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

union mm_web_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Returns 0, or -EINVAL where it is none. */
int mm_web_address_parse(const char *text, union mm_web_address *ret_address);

/* Whether only programs of this machine can reach it. */
bool mm_web_address_is_loopback(const union mm_web_address *address);

#endif
