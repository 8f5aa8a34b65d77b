/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for this folder in a build without Xen: memory files are all that can be looked into. */
#include "phys_xen.h"

enum mm_vmi_reason mm_phys_xen_open(uint32_t domid, struct mm_phys **ret_phys)
{
	(void)domid;
	(void)ret_phys;
	return MM_VMI_NO_ACCESS;
}

const unsigned long *mm_phys_xen_ioctls(size_t *ret_count)
{
	*ret_count = 0;
	return NULL;
}
