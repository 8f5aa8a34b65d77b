/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What mmprobe gives up before it looks at the first byte of a guest: its user, its capabilities, every system call that it does
 * not need, and memory and time without end. What it already has open stays open.
 */
#ifndef XENMM_PROBE_SANDBOX_H
#define XENMM_PROBE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Above what is in use when the sandbox closes. A Debian guest of 100 processes takes 13 MiB (printed by
 * tests/lab/test_probe.sh). At worst it is 180: BTF is read up to 64 MiB, and libbpf holds a copy and an index of it; then the
 * symbols, and 65536 processes with their answer.
 */
#define MM_SANDBOX_MEMORY_MIB 256

/*
 * CPU time of a child's whole life: one that spins is ended even when nobody watches it. At 10 ms a sample and a sample a
 * second that is 16 hours, after most of which it ends by itself and is started again.
 */
#define MM_SANDBOX_CPU_S 600

/* Who it becomes, where it may: nobody and nogroup, the same numbers everywhere. */
#define MM_SANDBOX_UID 65534

struct mm_sandbox {
	const unsigned long *ioctls; /* requests of the back end that are needed; all others kill */
	size_t ioctl_count;
	bool reads_file; /* pread and lseek */
};

/*
 * Closes for good. Standard input may be read, standard output written. Rights that this process has no right to give up (a user
 * without capabilities cannot become another one) are kept; the filter of system calls is not optional. Returns 0 or -errno:
 * then end.
 */
int mm_sandbox_enter(const struct mm_sandbox *needs);

#endif
