/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Xen's headers for this room. libxenforeignmemory is stable. libxenctrl promises nothing: we use
 * xc_domain_getinfolist, xc_domain_get_guest_width, xc_domain_get_pod_target, xc_domain_hvm_getcontext_partial, xc_domain_maximum_gpfn, the same from 4.8 to 4.20,
 * and those in facts.c alone. libxl promises its interface for a stated version.
 */
#ifndef XENMM_VMI_XEN_COMPAT_H
#define XENMM_VMI_XEN_COMPAT_H

#define LIBXL_API_VERSION 0x040800

#include <sys/ioctl.h> /* privcmd.h forgets it */

#include <libxl.h>
#include <libxl_utils.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xenstore.h>
#include <xentoollog.h>
#include <xen/hvm/save.h>
#include <xen/sys/privcmd.h>

#endif
