/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A page of vmcoreinfo: any bytes are refused, or give a printable release and addresses of what is required. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/vmcoreinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_vmcoreinfo info;
	const char *c;

	if (mm_vmcoreinfo_parse((const char *)data, size, &info) < 0)
		return 0;
	if (!info.release[0] || !memchr(info.release, '\0', sizeof(info.release)))
		abort();
	for (c = info.release; *c; c++)
		if (*c <= ' ' || *c > '~')
			abort();
	if (!memmem(data, size, "SYMBOL(_stext)=", 15))
		abort();
	return 0;
}
