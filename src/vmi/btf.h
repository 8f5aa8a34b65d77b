/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Offsets, sizes and enumerators from a kernel's BTF, the description of its own types that it carries. The bytes are hostile: they
 * are checked before libbpf sees them, and every step through the types is bounded.
 */
#ifndef XENMM_VMI_BTF_H
#define XENMM_VMI_BTF_H

#include <stddef.h>
#include <stdint.h>

#include "vmi/guest.h"

#define MM_BTF_MAX (UINT64_C(64) << 20) /* bytes: Debian's 6.1 has 4.2 MiB */

enum mm_btf_kind {
	MM_BTF_FIELD,  /* of a struct or union */
	MM_BTF_STRUCT, /* its size */
	MM_BTF_VALUE,  /* of an enumerator, of whichever enum */
};

/* A question and its answer. */
struct mm_btf_query {
	enum mm_btf_kind kind;
	const char *name; /* of the struct, union or enumerator */
	const char *
		path; /* MM_BTF_FIELD: member, or member.member...; of an array of structs: its first */
	/* .offset is MM_ABSENT where there is none (also for bit fields that are not whole bytes); a size is in .size, a value in
	 * .offset. */
	struct mm_field_at at;
};

/* The rules a blob must keep before anything is looked up in it: header, sections, and nothing to be mended. 0 or -EINVAL. */
int mm_btf_check(const void *data, size_t size);

/*
 * Answers all queries in one pass; the first type with a name and size counts. Returns 0; -EINVAL: no BTF, or of a form
 * that libbpf does not know; -E2BIG: longer than MM_BTF_MAX; -EDQUOT: types so tangled that the work had to be
 * ended; -ENOMEM.
 */
int mm_btf_resolve(const void *data, size_t size, struct mm_btf_query *queries, size_t count);

#endif
