/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dom GUEST id|held|target|limit: one number about a guest. held is what it has now (KiB, from the
 * hypervisor), target and limit are memory/target and memory/static-max (KiB, from xenstore). Exit
 * status 1 when there is no such guest or value.
 */
#include <xenctrl.h>

#include "common.h"

static long long held_kib(int domid)
{
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	xc_domaininfo_t info;
	long long kib = -1;

	if (!xc)
		return -1;
	if (xc_domain_getinfolist(xc, (uint32_t)domid, 1, &info) == 1 && info.domain == domid)
		kib = (long long)info.tot_pages * 4;
	xc_interface_close(xc);
	return kib;
}

static long long field(struct xs_handle *xs, int domid, const char *what)
{
	char path[96];

	if (!strcmp(what, "id"))
		return domid;
	if (!strcmp(what, "held"))
		return held_kib(domid);
	snprintf(path, sizeof(path), "/local/domain/%d/memory/%s", domid,
		!strcmp(what, "limit") ? "static-max" : "target");
	return lab_read_number(xs, path);
}

int main(int argc, char **argv)
{
	struct xs_handle *xs = xs_open(0);
	long long value;
	int domid;

	if (argc != 3 || !xs) {
		fprintf(stderr, "usage: dom GUEST id|held|target|limit\n");
		return 2;
	}
	domid = lab_domid(xs, argv[1]);
	value = domid < 0 ? -1 : field(xs, domid, argv[2]);
	if (value < 0)
		return 1;
	printf("%lld\n", value);
	return 0;
}
