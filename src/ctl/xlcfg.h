/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a guest's xl configuration says about its memory: enough of xl.cfg(5) for that, and nothing else. Pure. */
#ifndef XENMM_CTL_XLCFG_H
#define XENMM_CTL_XLCFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/guest_policy.h"

#define MM_XLCFG_NAME_MAX 256

struct mm_xlcfg {
	char name[MM_XLCFG_NAME_MAX];
	char xenmm[MM_POLICY_TEXT_MAX]; /* our own key: the guest's policy; "": none */
	uint64_t memory_mib;		/* 0: not there */
	uint64_t maxmem_mib;
	uint64_t vcpus, maxvcpus;
	uint64_t shadow_mib;
	uint64_t stubdomain_mib; /* stubdomain_memory */
	bool is_pv;
	bool has_stubdomain;
};

/*
 * Parses text as xl reads it: assignments of numbers, quoted strings and lists, by line or ';', the last one of a
 * name wins. Keys that do not matter here are skipped. Returns 0, or -EINVAL with a line in err: the syntax, a number or
 * text that is too large, no name, no memory.
 */
int mm_xlcfg_parse(
	const char *text, size_t len, struct mm_xlcfg *ret_cfg, char *err, size_t err_size);

/* Memory that must be free for the guest to start: its own, and what libxl and Xen need besides, KiB. */
uint64_t mm_xlcfg_need_kib(const struct mm_xlcfg *cfg);

#endif
