/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The answering side: reads questions from standard input, looks, writes answers to standard output. */
#ifndef XENMM_PROBE_SERVE_H
#define XENMM_PROBE_SERVE_H

#include "vmi/vmi.h"

/*
 * Answers until standard input ends, until an answer had to say why the guest cannot be read, or until most of the CPU time that the
 * sandbox allows is used: then it ends behind an answer, and is not killed in the middle of one. `opened` is what came of
 * opening `phys`: when it is not MM_VMI_OK, it is the answer. Makes only system calls that the sandbox allows. Returns the
 * program's exit status: 0, or 1 when the other side does not keep to the format.
 */
int mm_probe_serve(struct mm_phys *phys, enum mm_vmi_reason opened);

#endif
