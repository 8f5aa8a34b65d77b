/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guests' xl configurations: any bytes are refused with a line, or give a guest whose need can be summed up. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/xlcfg.h"
#include "xenmm/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mm_xlcfg cfg;
	char err[800] = "";
	uint64_t need_kib;

	if (mm_xlcfg_parse((const char *)data, size, &cfg, err, sizeof(err)) < 0) {
		if (!err[0] || !memchr(err, '\0', sizeof(err)))
			abort();
		return 0;
	}
	need_kib = mm_xlcfg_need_kib(&cfg);
	if (!cfg.name[0] || !memchr(cfg.name, '\0', sizeof(cfg.name)) ||
		!memchr(cfg.xenmm, '\0', sizeof(cfg.xenmm)))
		abort();
	if (need_kib <= cfg.memory_mib * MM_KIB_PER_MIB || need_kib > MM_SIZE_MAX_KIB)
		abort();
	return 0;
}
