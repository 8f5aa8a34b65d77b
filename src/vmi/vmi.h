/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking into a Linux guest from outside: what its kernel says of processes and memory, with no agent and no
 * profile. The guest's own vmcoreinfo page, kallsyms and BTF say where everything is.
 *
 * Pure but for the reads of phys.h: no clock, no log, no global. All that is read is hostile: each value is
 * copied once and then checked, every walk is bounded by a budget of reads.
 */
#ifndef XENMM_VMI_H
#define XENMM_VMI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmi/phys.h"

#define MM_VMI_TASKS_MAX   65536 /* processes in one sample; more: the sample is partial */
#define MM_VMI_THREADS_MAX 4096	 /* looked at in one process */
#define MM_VMI_CPUS_MAX	   4096

/* Why a guest can, or cannot, be read. */
enum mm_vmi_reason {
	MM_VMI_OK,
	MM_VMI_NOT_BOOTED, /* being built or paused since its start, or its kernel is not up yet */
	MM_VMI_POD,	   /* holds populate-on-demand entries: a sweep would change it */
	MM_VMI_NOT_LINUX,  /* swept, and no Linux kernel found: Windows, BSD, firmware */
	MM_VMI_NO_SYMBOLS, /* Linux without kallsyms that we can find */
	MM_VMI_NO_BTF,	   /* Linux without BTF (CONFIG_DEBUG_INFO_BTF) */
	MM_VMI_UNSUPPORTED, /* BTF or kallsyms of a form unknown here, or a struct without what we need */
	MM_VMI_ENCRYPTED, /* its memory is encrypted */
	MM_VMI_DAMAGED,	  /* was readable and no longer makes sense: rebooting, kexec, or hostile */
	MM_VMI_LIMIT,	  /* the budget of reads, memory or time was used up */
	MM_VMI_NO_ACCESS, /* this process may not map the guest's memory */
	MM_VMI_GONE,	  /* no such domain (any more) */
	MM_VMI_REASON_COUNT
};

/* A word for JSON and logs ("no-btf"), and a sentence for people, with what to do about it. */
const char *mm_vmi_reason_name(enum mm_vmi_reason reason);
const char *mm_vmi_reason_text(enum mm_vmi_reason reason);

/* What the guest's kernel counts. Sizes KiB, times as named, counters since boot. */
struct mm_counters {
	char release[65]; /* OSRELEASE, printable */
	uint64_t uptime_ms;
	uint32_t cpus; /* possible CPUs that have per-CPU data */
	uint64_t total_kib, free_kib, avail_kib;
	uint64_t anon_kib, file_kib, shmem_kib, slab_reclaimable_kib, slab_unreclaimable_kib;
	uint64_t page_tables_kib, kernel_stack_kib;
	uint64_t committed_kib; /* Committed_AS */
	uint64_t swap_total_kib, swap_free_kib;
	uint64_t swapin_pages, swapout_pages, majfaults, oom_kills;
	uint64_t refault_anon, refault_file;
	uint64_t psi_some_us, psi_full_us; /* stall totals, memory */
	uint32_t psi_some_avg10_pct100;	   /* 1/100 of a per cent */
	uint64_t load_milli[3];		   /* load averages, thousandths */
	uint64_t balloon_current_kib,
		balloon_target_kib; /* the guest's own balloon driver; 0 unknown */
	bool has_psi, has_balloon;
};

#define MM_COMM_LEN 16 /* TASK_COMM_LEN, with the terminator */

/* One process (thread group). */
struct mm_process {
	int32_t pid, parent; /* in the guest's initial namespace */
	uint32_t uid;	     /* effective, initial user namespace, as ps shows it */
	uint32_t threads;
	char state;		/* as in ps: R S D T t Z X I ... of the leader */
	bool is_kernel;		/* a kernel thread */
	bool is_torn;		/* changed while it was read; figures may be of two moments */
	char comm[MM_COMM_LEN]; /* terminated; any byte: escape it */
	uint64_t start_ns;	/* since boot; with pid, what makes it the same process */
	uint64_t rss_anon_kib, rss_file_kib, rss_shmem_kib, swap_kib, vm_kib;
	uint64_t cpu_ns; /* consumed by all its threads, the dead ones too */
};

/* One look. */
struct mm_sample {
	enum mm_vmi_reason reason; /* what follows is valid where MM_VMI_OK */
	struct mm_counters counters;
	struct mm_process
		*processes; /* sorted by pid; owned; NULL when only counters were asked for */
	size_t count;
	bool is_partial; /* the list may lack processes: it kept changing, or a limit was reached */
	uint32_t retries; /* walks of the list that were begun again */
	uint32_t torn;	  /* processes left out or marked because they changed meanwhile */
	uint64_t reads;	  /* of the budget: pages and parts of pages looked at */
	/* Filled by the probe, which has a clock: */
	uint64_t cost_us;      /* CPU time of this host for this sample */
	uint64_t bootstrap_us; /* CPU time for finding kernel, symbols and types, once */
	uint64_t taken_ms;     /* monotonic clock of this host */
};

void mm_sample_free(struct mm_sample *sample);

/*
 * Whether a sample keeps to what any guest can say: ranges, terminated printable text, processes sorted by pid, none of which
 * twice. What passes may still be a lie. A sample with a reason other than MM_VMI_OK has no processes. Pure (sample.c).
 */
bool mm_sample_is_sane(const struct mm_sample *sample);

#define MM_PID_MAX	(4 * 1024 * 1024) /* PID_MAX_LIMIT: pids are below; so are counts of threads */
#define MM_VIRT_KIB_MAX (UINT64_C(1) << 47) /* an address space of 57 bits */

struct mm_vmi;

/*
 * Finds the kernel in `phys` (borrowed; must outlive the result). Returns MM_VMI_OK and *ret_vmi, or why not. Bounded work
 * (sweeps excepted: those cost a read per page of the guest). Nothing stays mapped afterwards.
 */
enum mm_vmi_reason mm_vmi_open(struct mm_phys *phys, struct mm_vmi **ret_vmi);

/*
 * Looks once. Fills *ret (zeroed first); with_processes also walks the tasks. Ends with phys' release. A list
 * that changes under the walk is tried again up to 3 times. Returns ret->reason; MM_VMI_DAMAGED means: open again.
 */
enum mm_vmi_reason mm_vmi_sample(struct mm_vmi *vmi, bool with_processes, struct mm_sample *ret);

void mm_vmi_free(struct mm_vmi *vmi);

#endif
