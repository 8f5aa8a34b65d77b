/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Requests on the control socket: any bytes are refused with one printable line, or give values within their bounds. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "status/decisions.h"
#include "server/request.h"
#include "xenmm/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const char *err, size_t size)
{
	if (!err[0] || !memchr(err, '\0', size))
		abort();
	for (; *err; err++)
		if (*err < ' ' || *err > '~')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_request request;
	char err[120] = "";

	if (mm_request_parse((const char *)data, size, &request, err, sizeof(err)) < 0) {
		check_line(err, sizeof(err));
		return 0;
	}
	if (request.kind >= MM_REQUEST_COUNT || !memchr(request.guest, '\0', sizeof(request.guest)))
		abort();
	if (request.count < 1 || request.count > MM_DECISIONS_FEED ||
		request.wait_ms > MM_WAIT_MAX_MS || request.hold_ms > MM_HOLD_MAX_MS ||
		request.kib > MM_SIZE_MAX_KIB)
		abort();
	if (request.kind == MM_REQUEST_RESERVE && request.kib == 0)
		abort();
	if (request.since < 0 && request.kind != MM_REQUEST_HISTORY)
		abort();
	return 0;
}
