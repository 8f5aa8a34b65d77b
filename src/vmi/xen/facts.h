/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Xen and the store say of a domain before its memory is looked at. Inside the room only. */
#ifndef XENMM_VMI_XEN_FACTS_H
#define XENMM_VMI_XEN_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "vmi/vmi.h"

struct mm_xen_facts {
	bool is_pv;
	bool has_pod; /* populate-on-demand entries are left: reading one makes it a page */
	uint64_t shared_info_page; /* PV: its machine frame */
	uint64_t root;		   /* page table its first CPU uses now (not PV); 0: unknown */
	unsigned root_levels;
	uint64_t end_page; /* first guest frame beyond its memory */
};

/* Opens and closes Xen's control interface. Returns MM_VMI_OK or why this guest cannot be read (now). */
enum mm_vmi_reason mm_xen_facts_read(uint32_t domid, struct mm_xen_facts *ret_facts);

#endif
