/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A synthetic kernel in a guest's memory, for tests of the bootstrap: image with kallsyms in one of its orders, BTF with all
 * that is wanted, page table, vmcoreinfo page. lib/image.h has what runs on it.
 */
#ifndef XENMM_TEST_KERNEL_H
#define XENMM_TEST_KERNEL_H

#include "vmi/phys.h"
#include "vmi/wanted.h"

#define KERNEL_RELEASE "6.1.0-test"
#define KERNEL_MIB     (UINT64_C(1) << 20)
#define KERNEL_MEMORY  (64 * KERNEL_MIB)
#define KERNEL_START   (16 * KERNEL_MIB) /* of an image that is not moved */
#define KERNEL_FILLERS 1500		 /* symbols nobody wants */

/* In which order kallsyms' tables lie. */
enum kernel_order {
	KERNEL_OLD,  /* until 6.1 */
	KERNEL_SEQS, /* 6.2 to 6.4, and later 6.1 */
	KERNEL_NEW,  /* since 6.5 */
};

struct kernel_options {
	enum kernel_order order;
	bool is_relative;   /* offsets count from the base, per-CPU ones too */
	uint64_t start;	    /* guest-physical, of the image; 0: KERNEL_START */
	uint64_t slide;	    /* KASLR, virtual */
	unsigned levels;    /* of page tables; 0: 4 */
	bool is_pv;	    /* page tables of machine frames, 4 KiB pages */
	uint64_t info_at;   /* guest-physical, of the vmcoreinfo page; 0: none */
	bool is_info_short; /* says nothing of kallsyms, as before 6.0 */
	uint32_t state;	    /* system_state; 0: 3, running */
	bool is_booting;    /* system_state is 0 */
	uint64_t sme_mask;
	const char *missing; /* a symbol that is not there */
	const char *no_row;  /* a struct that BTF does not have */
	bool has_no_table;   /* the page table is empty */
	bool has_root;	     /* the back end knows the page table in use */
	bool is_user_half;   /* ... which is the programs' half of an isolated one */
	bool has_pod;	     /* must not be swept */
};

struct kernel {
	struct mm_phys phys; /* first: its ops get this struct */
	struct kernel_options options;
	uint8_t *mem;
	bool *there;	     /* pages that hold something: others are holes */
	uint64_t seen;	     /* pages swept that were there */
	uint64_t tables_end; /* offset in the image */
	int fail_with;	     /* every read fails, and every sweep */
};

/* Makes a guest. Aborts where there is no memory. */
struct kernel *kernel_new(const struct kernel_options *options);
void kernel_free(struct kernel *kernel);

/* A symbol's value; 0: none of that name. */
uint64_t kernel_symbol(const struct kernel *kernel, const char *name);

/* Where a kernel address is in mem. */
uint8_t *kernel_mem(struct kernel *kernel, uint64_t vaddr);

/* Fills the page at a guest-physical address, and has it be there. */
void kernel_fill(struct kernel *kernel, uint64_t addr, const void *data, size_t size);

/* The MM_PHYS_MACHINE address of a guest-physical one. */
uint64_t kernel_machine(const struct kernel *kernel, uint64_t addr);

#endif
