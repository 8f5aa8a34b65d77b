/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only file of the room that uses libxenctrl, whose interface changes between versions. */
#include "facts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "compat.h"
#include "xenmm/units.h"

/* Up to here memory follows memory; then devices, up to 4 GiB. libxl puts no guest's border higher (PVH: the local APIC). */
#define DEVICES_PAGE (UINT64_C(0xfee00000) >> MM_PAGE_SHIFT)

/* Of the architecture. */
#define CR0_PAGING     (UINT64_C(1) << 31)
#define CR4_LA57       (UINT64_C(1) << 12)
#define EFER_LONG_MODE (UINT64_C(1) << 10) /* active */

static enum mm_vmi_reason reason_of(int error)
{
	if (error == ESRCH)
		return MM_VMI_GONE;
	return error == ENOMEM ? MM_VMI_LIMIT : MM_VMI_NO_ACCESS;
}

/* The most the guest may ever have, in pages; 0: unknown. */
static uint64_t read_static_max(uint32_t domid)
{
	struct xs_handle *xs = xs_open(0);
	char path[64];
	uint64_t kib = 0;
	unsigned int len;
	char *text;

	if (!xs)
		return 0;
	snprintf(path, sizeof(path), "/local/domain/%" PRIu32 "/memory/static-max", domid);
	text = xs_read(xs, XBT_NULL, path, &len);
	if (text && mm_parse_u64(text, len, MM_SIZE_MAX_KIB, &kib) < 0)
		kib = 0;
	free(text);
	xs_close(xs);
	return kib / MM_KIB_PER_PAGE;
}

/*
 * Where the hypervisor translates, the last frame is one of Xen's own pages just below 4 GiB, also in a guest of 128 MiB: a
 * sweep would ask for a million frames that are not there.
 */
static uint64_t bound_end(uint32_t domid, uint64_t end_page)
{
	uint64_t memory = read_static_max(domid);

	return memory && memory <= DEVICES_PAGE ? mm_min_u64(memory, end_page) : end_page;
}

/* The page table in use. Xen stops the CPU for the moment of the copy. */
static void read_root(xc_interface *xc, uint32_t domid, struct mm_xen_facts *facts)
{
	struct hvm_hw_cpu cpu;

	if (xc_domain_hvm_getcontext_partial(xc, domid, HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu)) <
		0)
		return;
	if (!(cpu.cr0 & CR0_PAGING) || !(cpu.msr_efer & EFER_LONG_MODE))
		return;
	facts->root = cpu.cr3 & (MM_PHYS_MAX - MM_PAGE_SIZE);
	facts->root_levels = cpu.cr4 & CR4_LA57 ? 5 : 4;
}

static enum mm_vmi_reason read_hvm(xc_interface *xc, uint32_t domid, struct mm_xen_facts *facts)
{
	uint64_t pages, cache, entries;

	if (xc_domain_get_pod_target(xc, domid, &pages, &cache, &entries) < 0)
		return reason_of(errno);
	facts->has_pod = entries > 0;
	facts->end_page = bound_end(domid, facts->end_page);
	read_root(xc, domid, facts);
	return MM_VMI_OK;
}

/* A kernel of 32 bits has other structures everywhere, the page shared with Xen among them. */
static enum mm_vmi_reason check_pv(xc_interface *xc, uint32_t domid)
{
	unsigned int bytes;

	if (xc_domain_get_guest_width(xc, domid, &bytes) < 0)
		return reason_of(errno);
	return bytes == 8 ? MM_VMI_OK : MM_VMI_UNSUPPORTED;
}

static enum mm_vmi_reason read_facts(xc_interface *xc, uint32_t domid, struct mm_xen_facts *facts)
{
	xc_domaininfo_t info;
	xen_pfn_t last;
	int n = xc_domain_getinfolist(xc, domid, 1, &info);

	if (n < 0)
		return reason_of(errno);
	if (n == 0 || info.domain != domid || info.flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown))
		return MM_VMI_GONE;
	if (info.cpu_time == 0) /* being built, or paused since */
		return MM_VMI_NOT_BOOTED;
	if (xc_domain_maximum_gpfn(xc, domid, &last) < 0)
		return reason_of(errno);
	facts->is_pv = !(info.flags & XEN_DOMINF_hvm_guest);
	facts->shared_info_page = info.shared_info_frame;
	facts->end_page = mm_min_u64((uint64_t)last + 1, MM_PHYS_MAX >> MM_PAGE_SHIFT);
	return facts->is_pv ? check_pv(xc, domid) : read_hvm(xc, domid, facts);
}

enum mm_vmi_reason mm_xen_facts_read(uint32_t domid, struct mm_xen_facts *ret_facts)
{
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	enum mm_vmi_reason reason;

	*ret_facts = (struct mm_xen_facts){0};
	if (!xc)
		return MM_VMI_NO_ACCESS;
	reason = read_facts(xc, domid, ret_facts);
	xc_interface_close(xc);
	return reason;
}
