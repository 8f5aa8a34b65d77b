/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for http.c where the endpoint is not built. */
#include "http.h"

#include <errno.h>
#include <stdio.h>

bool mm_http_is_built(void)
{
	return false;
}

int mm_http_check(const char *address, char *err, size_t err_size)
{
	snprintf(err, err_size,
		"http: '%s': this mmserver was built without the endpoint (cmake -DSOCK=ON)",
		address);
	return -ENOSYS;
}

bool mm_http_is_exposed(const char *address)
{
	(void)address;
	return false;
}

int mm_http_open(const char *address, struct event_base *base, const struct mm_journal *journal,
	char *err, size_t err_size, struct mm_http **ret_http)
{
	(void)base;
	(void)journal;
	(void)ret_http;
	return mm_http_check(address, err, err_size);
}

void mm_http_round(struct mm_http *http)
{
	(void)http;
}

void mm_http_close(struct mm_http *http)
{
	(void)http;
}
