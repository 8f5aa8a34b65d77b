/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest's memory by address, read-only. Two implementations: file (a raw or shared memory file with holes:
 * tests, and guests of plain QEMU) and xen (foreign mappings). Everything read is hostile.
 */
#ifndef XENMM_VMI_PHYS_H
#define XENMM_VMI_PHYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MM_PAGE_SHIFT 12
#define MM_PAGE_SIZE  (UINT64_C(1) << MM_PAGE_SHIFT)

/* No guest reaches further: addresses of 52 bits, as the architecture has them. */
#define MM_PHYS_MAX (UINT64_C(1) << 52)

/*
 * Two kinds of addresses. They differ in a PV guest alone, whose page tables hold the machine's frames; where
 * the hypervisor translates (PVH, HVM, QEMU), a back end treats both alike.
 */
enum mm_phys_space {
	MM_PHYS_GUEST,	 /* what the guest takes for physical: counted from 0 */
	MM_PHYS_MACHINE, /* what stands in its page tables */
};

struct mm_phys;

struct mm_phys_ops {
	const char *name;

	/*
	 * Copies len bytes, which may cross pages, once. Returns 0; -ENXIO when (part of) it is not there: a hole, a
	 * page that was ballooned out meanwhile, an address out of range; -EIO when access itself failed; -EPERM.
	 */
	int (*read)(
		struct mm_phys *p, enum mm_phys_space space, uint64_t addr, void *buf, size_t len);

	/*
	 * For sweeps, in the space MM_PHYS_GUEST: copies up to `pages` whole pages from page-aligned `addr` on; page i of buf is
	 * only valid where ret_there[i]. Returns 0 or -EIO. A page that is not there costs as little as possible.
	 */
	int (*sweep)(struct mm_phys *p, uint64_t addr, size_t pages, void *buf, bool *ret_there);

	/*
	 * NULL allowed. These pages (page-aligned addresses) will be read soon: a back end may map them in one go. No
	 * promise, no errors.
	 */
	void (*expect)(
		struct mm_phys *p, enum mm_phys_space space, const uint64_t *addrs, size_t count);

	/* NULL allowed. The end of a sample: nothing stays mapped. */
	void (*release)(struct mm_phys *p);

	void (*close)(struct mm_phys *p);
};

/* Every back end's own struct starts with this. */
struct mm_phys {
	const struct mm_phys_ops *ops;
	uint64_t end; /* first MM_PHYS_GUEST address beyond the guest's memory */
	uint64_t
		root; /* page table that one of its CPUs uses, in MM_PHYS_GUEST, where the back end knows it; or 0 */
	unsigned root_levels; /* of that table */
	bool may_sweep; /* false while reading a page at random could change the guest (populate on demand) */
	bool is_pv;
	bool is_gone; /* set by the back end as soon as it notices that there is no such guest any more */
};

/*
 * A raw memory image, or a file that a running guest shares (QEMU's memory-backend-file,share=on). `below` is
 * how many bytes lie below 4 GiB before the hole for devices, the rest follows at 4 GiB: 0 means as QEMU's pc and q35
 * machines lay it out (all below 3.5 GiB / 2.75 GiB, otherwise 3 GiB / 2 GiB below: give it explicitly), -1 (UINT64_MAX): no
 * hole at all. Holes of a sparse file read as absent and are not filled (a page that was read once, and became a
 * hole since, as zeros). Returns 0 or -errno.
 */
int mm_phys_file_open(const char *path, uint64_t below, struct mm_phys **ret_phys);

#endif
