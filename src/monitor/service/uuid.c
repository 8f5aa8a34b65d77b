/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/uuid.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "process.h"

bool mm_uuid_is(const char *text)
{
	if (strlen(text) != MM_UUID_LEN)
		return false;
	for (size_t i = 0; i < MM_UUID_LEN; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

/* FNV-1a, 64 bits: it tells names apart, and keeps no secret. */
static uint64_t hash(uint64_t start, const char *text)
{
	uint64_t value = start;

	do {
		value = (value ^ (unsigned char)*text) * UINT64_C(1099511628211);
	} while (*text++);
	return value;
}

void mm_uuid_of(const char *name, char ret_uuid[MM_UUID_LEN + 1])
{
	char host[256] = "";
	uint64_t high, low;

	if (mm_uuid_is(name)) {
		for (size_t i = 0; i <= MM_UUID_LEN; i++)
			ret_uuid[i] = (char)tolower((unsigned char)name[i]);
		return;
	}
	mm_process_host_name(host, sizeof(host));
	high = hash(hash(UINT64_C(14695981039346656037), host), name);
	low = hash(high, name);
	/* version 8, "of our own making", and the usual variant: RFC 9562 */
	snprintf(ret_uuid, MM_UUID_LEN + 1,
		"%08" PRIx64 "-%04" PRIx64 "-8%03" PRIx64 "-%04" PRIx64 "-%012" PRIx64, high >> 32,
		high >> 16 & 0xffff, high & 0xfff, (low >> 48 & 0x3fff) | 0x8000,
		low & UINT64_C(0xffffffffffff));
}
