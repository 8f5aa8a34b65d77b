/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a host's mmmon answers, as its controller understands it. Pure: bytes in, checked values or a complaint out. The bytes are
 * hostile: a host may have been taken over.
 */
#ifndef XENMM_MON_REPORT_H
#define XENMM_MON_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmi/vmi.h"
#include "xenmm/snapshot.h"

#define MM_REPORT_BYTES_MAX	((size_t)8 << 20)
#define MM_REPORT_GUESTS_MAX	1000
#define MM_REPORT_ASKED		50 /* processes of each guest, by CPU and by memory */
#define MM_REPORT_PROCESSES_MAX (2 * MM_REPORT_ASKED) /* so at most */

#define MM_REPORT_REASON_MAX 32
#define MM_REPORT_TEXT_MAX   200

struct mm_report_guest {
	uint32_t domid;		    /* MM_NO_DOMID: a memory file */
	char uuid[MM_UUID_LEN + 1]; /* small letters */
	char name[MM_NAME_MAX];	    /* UTF-8 */
	const char *type, *state;   /* constants */
	bool has_sample;
	struct mm_sample sample;	   /* sane; processes, where there are any, by pid */
	uint32_t *shares;		   /* of its processes */
	uint64_t process_count;		   /* of all there are in the guest */
	uint64_t age_ms;		   /* of the sample, when this was sent */
	char reason[MM_REPORT_REASON_MAX]; /* why it cannot be read; "": it can */
	char reason_text[MM_REPORT_TEXT_MAX];
	uint64_t samples, failures, cost_us;
	uint64_t since_ms; /* its host has shown it without a break: mm_hosts_accept() sets it */
};

struct mm_host_report {
	struct mm_report_guest *guests; /* by uuid; each there once */
	size_t count;
	size_t processes; /* of all guests */
};

/*
 * Reads the answer to /v1/domains. Returns 0 with *ret_report, to be freed; -EPROTO and a printable line in err; -ENOMEM.
 */
int mm_host_report_read(const char *bytes, size_t len, struct mm_host_report *ret_report, char *err,
	size_t err_size);

/* Without the processes. */
void mm_host_report_drop_processes(struct mm_host_report *report);

void mm_host_report_free(struct mm_host_report *report);

#endif
