/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The page of text in which a Linux kernel tells crash dumpers of itself: "OSRELEASE=" at the start of a page, then lines of
 * SYMBOL(name)=hex, NUMBER(name)=decimal (or 0x...) and others. Pure.
 */
#ifndef XENMM_VMI_VMCOREINFO_H
#define XENMM_VMI_VMCOREINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MM_VMCOREINFO_MARK	"OSRELEASE="
#define MM_VMCOREINFO_MARK_SIZE 10

/* Addresses are virtual, KASLR added; 0: the line is not there (kallsyms: before Linux 6.0). */
struct mm_vmcoreinfo {
	char release[65]; /* printable; as long as the kernel's own field for it */
	uint64_t
		phys_base; /* what a kernel address minus 0xffffffff80000000 is shifted by; wraps when negative */
	uint64_t stext;
	uint64_t init_top_pgt;
	uint64_t kallsyms_names, kallsyms_num_syms, kallsyms_token_table, kallsyms_token_index;
	uint64_t kallsyms_offsets, kallsyms_relative_base;
	uint64_t l5_enabled; /* 1: page tables of 5 levels */
	uint64_t sme_mask;   /* not 0: page-table entries carry this bit, memory is encrypted */
};

/*
 * Reads the text, which ends at a NUL or at `size`. Unknown lines are skipped, of equal ones the first counts. Returns 0, or -EINVAL: not such
 * a page, a number that is none, or without what the rest depends on (release, _stext, a page table, phys_base).
 */
int mm_vmcoreinfo_parse(const char *text, size_t size, struct mm_vmcoreinfo *ret_info);

#endif
