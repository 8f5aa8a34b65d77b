/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Xen's headers, and what differs between its versions. Included instead of them.
 *
 * libxl promises its interface for a stated version: 4.8 is the first with 64-bit memory targets.
 * libxenctrl promises nothing; we use xc_physinfo, xc_domain_getinfolist and
 * xc_domain_get_pod_target, which are the same from 4.8 to 4.20 (xc_domain_getinfo went,
 * xc_domain_getinfo_single came: neither is used).
 */
#ifndef XENMM_XEN_COMPAT_H
#define XENMM_XEN_COMPAT_H

#define LIBXL_API_VERSION 0x040800

#include <libxl.h>
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xenstore.h>
#include <xentoollog.h>

#endif
