/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A domain's memory through Xen's foreign mappings. No Xen type leaves this folder; a build without Xen has a stand-in
 * (phys_none.c) that may see nothing.
 */
#ifndef XENMM_VMI_PHYS_XEN_H
#define XENMM_VMI_PHYS_XEN_H

#include "vmi/phys.h"
#include "vmi/vmi.h"

/*
 * Asks Xen all it needs to know of the domain, and leaves a back end behind that can map this domain's memory for reading and do
 * nothing else: Xen's control interface is closed, and the privcmd handle is restricted to the domain. Maps nothing
 * of a domain that holds populate-on-demand entries before it has found that out (mm_phys.may_sweep). Returns MM_VMI_OK;
 * MM_VMI_GONE; MM_VMI_NOT_BOOTED: being built, or its kernel has not set itself up yet; MM_VMI_NO_ACCESS: no privcmd, or not
 * root; MM_VMI_LIMIT: out of memory.
 */
enum mm_vmi_reason mm_phys_xen_open(uint32_t domid, struct mm_phys **ret_phys);

/* The ioctl requests that reading takes, for the filter of system calls. */
const unsigned long *mm_phys_xen_ioctls(size_t *ret_count);

#endif
