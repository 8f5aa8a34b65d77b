/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's own table of symbols: names packed with a table of 256 tokens, one after the other; addresses as 32-bit offsets from
 * a base. One pass finds what is wanted; nothing else is kept.
 */
#ifndef XENMM_VMI_KALLSYMS_H
#define XENMM_VMI_KALLSYMS_H

#include <stddef.h>
#include <stdint.h>

#include "vmi/phys.h"

#define MM_KALLSYMS_TOKENS 256
#define MM_KALLSYMS_MAX	   2000000 /* symbols: Debian's 6.1 has 94,266, with KALLSYMS_ALL */

/* Where the tables are: MM_PHYS_GUEST addresses. */
struct mm_kallsyms_place {
	uint64_t names, names_end;	   /* the end may be too far: at the next thing known */
	uint64_t token_table, token_index; /* the index follows the table */
	uint64_t offsets;
	uint64_t relative_base; /* the value, not its place */
	uint64_t stext;		/* the address that _stext must come out with; 0: unknown */
	uint32_t count;
};

/*
 * Looks the names up; entries of `names` may be NULL. ret_addrs[i] is the symbol's address (per-CPU ones: their offset), 0 where there is none; of
 * symbols with the same name the first counts. The way offsets are meant (relative, or absolute for per-CPU symbols) is found
 * from _stext. Returns 0; -EINVAL: not such tables, or of another form; -E2BIG: too large; -ENOMEM; -EFAULT,
 * -EIO, -EPERM: cannot be read.
 */
int mm_kallsyms_resolve(struct mm_phys *phys, const struct mm_kallsyms_place *place,
	const char *const *names, size_t count, uint64_t *ret_addrs);

/*
 * Steps over one packed name at *pos of `size` bytes: a length (two bytes when over 127), then as many tokens. Returns the count of
 * tokens and where they begin, or 0: none there. Since Linux 6.1; before, no name was that long.
 */
size_t mm_kallsyms_next(const uint8_t *names, size_t size, size_t *pos, const uint8_t **ret_tokens);

#endif
