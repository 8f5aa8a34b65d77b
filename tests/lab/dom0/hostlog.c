/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hostlog FILE [MS]: the host's side of a timeline. Every MS (50) milliseconds one line per guest
 * whose balloon, target or agent changed: wall-clock seconds, domid, KiB held (hypervisor), KiB target
 * (xenstore), 1 once its agent has reported. Runs until it is killed.
 */
#include <unistd.h>

#include <xenctrl.h>

#include "common.h"

enum { MAX_GUESTS = 64 };

struct seen {
	uint32_t domid;
	long long held_kib, target_kib;
	bool has_agent;
};

static struct seen *slot(struct seen *table, uint32_t domid)
{
	for (int i = 0; i < MAX_GUESTS; i++) {
		if (table[i].domid == domid || table[i].domid == 0) {
			table[i].domid = domid;
			return &table[i];
		}
	}
	return NULL;
}

static void note(FILE *out, struct xs_handle *xs, struct seen *table, const xc_domaininfo_t *info)
{
	struct seen now = {.domid = info->domain, .held_kib = (long long)info->tot_pages * 4};
	struct seen *last = slot(table, info->domain);
	char path[64];
	char *record;

	snprintf(path, sizeof(path), "/local/domain/%u/memory/target", now.domid);
	now.target_kib = lab_read_number(xs, path);
	/* In this order: a target that an answer to its report set is never seen without the report. */
	snprintf(path, sizeof(path), "/local/domain/%u/data/xenmm", now.domid);
	record = xs_read(xs, XBT_NULL, path, NULL);
	now.has_agent = record != NULL;
	free(record);
	if (!last || (last->held_kib == now.held_kib && last->target_kib == now.target_kib &&
			     last->has_agent == now.has_agent))
		return;
	*last = now;
	fprintf(out, "%.3f %u %lld %lld %d\n", lab_clock(CLOCK_REALTIME), now.domid, now.held_kib,
		now.target_kib, now.has_agent);
}

int main(int argc, char **argv)
{
	static struct seen table[MAX_GUESTS];
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	struct xs_handle *xs = xs_open(0);
	FILE *out = argc > 1 ? fopen(argv[1], "w") : NULL;
	useconds_t pause_us = (useconds_t)(argc > 2 ? atoi(argv[2]) : 50) * 1000;

	if (!xc || !xs || !out) {
		fprintf(stderr, "usage: hostlog FILE [MS]\n");
		return 2;
	}
	setvbuf(out, NULL, _IOLBF, 0);
	for (;;) {
		xc_domaininfo_t info[MAX_GUESTS];
		int count = xc_domain_getinfolist(xc, 1, MAX_GUESTS, info);

		for (int i = 0; i < count; i++)
			note(out, xs, table, &info[i]);
		usleep(pause_us);
	}
}
