/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wanted from a guest's kallsyms and BTF: one row each, from which the ids and the lookups are made. Kernels
 * 5.10 to 6.12; a row that only some of them have is optional, and its user decides by what is there, not by version.
 *
 *	MM_SYMBOLS(X): X(ID, "kallsyms name", required)
 *	MM_STRUCTS(X): X(ID, "struct name", required)
 *	MM_FIELDS(X):  X(ID, "struct name", "member" or "member.member", required)
 *	MM_VALUES(X):  X(ID, "enumerator", required)
 *
 * Required is what the list of processes can't do without. All counters are optional: one that is missing stays 0.
 */
#ifndef XENMM_VMI_WANTED_H
#define XENMM_VMI_WANTED_H

/*
 * vm_event_states is a per-CPU variable: kallsyms (absolute-percpu, before 6.15) gives its offset from the start of
 * a CPU's area, to which KASLR is not added; __per_cpu_offset[] gives the areas. It is the only one here.
 */
#define MM_SYMBOLS(X)                                                                              \
	X(INIT_TASK, "init_task", true)                                                            \
	X(TOTALRAM_PAGES, "_totalram_pages", false) /* atomic_long_t: MemTotal */                  \
	X(TOTALRESERVE_PAGES, "totalreserve_pages", false)                                         \
	X(VM_ZONE_STAT, "vm_zone_stat", false)	     /* atomic_long_t[], by enum zone_stat_item */ \
	X(VM_NODE_STAT, "vm_node_stat", false)	     /* atomic_long_t[], by enum node_stat_item */ \
	X(VM_EVENT_STATES, "vm_event_states", false) /* per CPU: unsigned long[] */                \
	X(VM_COMMITTED_AS, "vm_committed_as", false) /* struct percpu_counter */                   \
	X(TOTAL_SWAP_PAGES, "total_swap_pages", false)                                             \
	X(NR_SWAP_PAGES, "nr_swap_pages", false)       /* atomic_long_t: free ones */              \
	X(NODE_DATA, "node_data", false)	       /* struct pglist_data *[]: CONFIG_NUMA */   \
	X(CONTIG_PAGE_DATA, "contig_page_data", false) /* struct pglist_data: otherwise */         \
	X(NR_NODE_IDS, "nr_node_ids", false)	       /* unsigned int: CONFIG_NUMA */             \
	X(PER_CPU_OFFSET, "__per_cpu_offset", false)   /* unsigned long[] */                       \
	X(CPU_POSSIBLE_MASK, "__cpu_possible_mask", false)                                         \
	X(NR_CPU_IDS, "nr_cpu_ids", false) /* unsigned int; a constant in some builds since 6.2 */ \
	X(AVENRUN, "avenrun", false)	   /* unsigned long[3], fixed point of 11 bits */          \
	X(PSI_SYSTEM, "psi_system", false)                                                         \
	X(PSI_DISABLED, "psi_disabled", false) /* struct static_key_false: on with psi=0 */        \
	X(TK_CORE, "tk_core", false)	       /* a sequence number, then struct timekeeper */     \
	X(BALLOON_STATS, "balloon_stats", false)

#define MM_STRUCTS(X)                                                                              \
	X(TASK, "task_struct", true)                                                               \
	X(SIGNAL, "signal_struct", true)                                                           \
	X(MM, "mm_struct", true)                                                                   \
	X(CRED, "cred", true)                                                                      \
	X(PERCPU_COUNTER, "percpu_counter", false)                                                 \
	X(ZONE, "zone", false)

/*
 * - task_struct.state became __state in 5.14.
 * - mm_struct.rss_stat: until 6.1 a struct mm_rss_stat with an array `count`; since 6.2 an array of percpu_counter. Its
 *   element count tells: 1 or NR_MM_COUNTERS. /proc/PID leaves out what threads cached until 6.1 (task_struct.rss_stat).
 */
#define MM_FIELDS(X)                                                                               \
	X(TASK_TASKS, "task_struct", "tasks.next", true)                                           \
	X(TASK_TASKS_PREV, "task_struct", "tasks.prev", true)                                      \
	X(TASK_STATE, "task_struct", "__state", false)                                             \
	X(TASK_OLD_STATE, "task_struct", "state", false)                                           \
	X(TASK_EXIT_STATE, "task_struct", "exit_state", true)                                      \
	X(TASK_FLAGS, "task_struct", "flags", true)                                                \
	X(TASK_PID, "task_struct", "pid", true)                                                    \
	X(TASK_TGID, "task_struct", "tgid", true)                                                  \
	X(TASK_COMM, "task_struct", "comm", true)                                                  \
	X(TASK_MM, "task_struct", "mm", true)                                                      \
	X(TASK_SIGNAL, "task_struct", "signal", true)                                              \
	X(TASK_REAL_CRED, "task_struct", "real_cred", true)                                        \
	X(TASK_REAL_PARENT, "task_struct", "real_parent", true)                                    \
	X(TASK_START, "task_struct", "start_boottime", true)                                       \
	X(TASK_THREAD_NODE, "task_struct", "thread_node.next", true)                               \
	X(TASK_RUNTIME, "task_struct", "se.sum_exec_runtime", true)                                \
	X(SIGNAL_THREAD_HEAD, "signal_struct", "thread_head.next", true)                           \
	X(SIGNAL_NR_THREADS, "signal_struct", "nr_threads", true)                                  \
	X(SIGNAL_RUNTIME, "signal_struct", "sum_sched_runtime", true)                              \
	X(MM_RSS_STAT, "mm_struct", "rss_stat", true)                                              \
	X(MM_TOTAL_VM, "mm_struct", "total_vm", true)                                              \
	X(OLD_RSS_COUNT, "mm_rss_stat", "count", false)                                            \
	X(CRED_EUID, "cred", "euid", true)                                                         \
	X(PERCPU_COUNT, "percpu_counter", "count", false)                                          \
	X(PERCPU_COUNTERS, "percpu_counter", "counters", false)                                    \
	X(PGDAT_ZONES, "pglist_data", "node_zones", false)                                         \
	X(ZONE_WATERMARK, "zone", "_watermark", false)                                             \
	X(ZONE_BOOST, "zone", "watermark_boost", false)                                            \
	X(PSI_TOTAL, "psi_group", "total", false) /* u64[2][states - 1], averages first */         \
	X(PSI_AVG, "psi_group", "avg", false)	  /* unsigned long[states - 1][3], as avenrun */   \
	X(STATIC_KEY_ENABLED, "static_key", "enabled", false)                                      \
	X(TK_BASE, "timekeeper", "tkr_mono.base", false)                                           \
	X(TK_XTIME_NSEC, "timekeeper", "tkr_mono.xtime_nsec", false)                               \
	X(TK_SHIFT, "timekeeper", "tkr_mono.shift", false)                                         \
	X(TK_OFFS_BOOT, "timekeeper", "offs_boot", false)                                          \
	X(TK_KTIME_SEC, "timekeeper", "ktime_sec", false)                                          \
	X(BALLOON_CURRENT, "balloon_stats", "current_pages", false)                                \
	X(BALLOON_TARGET, "balloon_stats", "target_pages", false)

/* NR_PAGETABLE counts by zone in 5.10, by node since 5.11: by node where it is NR_VM_ZONE_STAT_ITEMS or more. */
#define MM_VALUES(X)                                                                               \
	X(FREE_PAGES, "NR_FREE_PAGES", false)                                                      \
	X(ZONE_ITEMS, "NR_VM_ZONE_STAT_ITEMS", false)                                              \
	X(NODE_ITEMS, "NR_VM_NODE_STAT_ITEMS", false)                                              \
	X(EVENT_ITEMS, "NR_VM_EVENT_ITEMS", false)                                                 \
	X(ACTIVE_FILE, "NR_ACTIVE_FILE", false)                                                    \
	X(INACTIVE_FILE, "NR_INACTIVE_FILE", false)                                                \
	X(ANON_MAPPED, "NR_ANON_MAPPED", false)                                                    \
	X(FILE_PAGES, "NR_FILE_PAGES", false)                                                      \
	X(SHMEM, "NR_SHMEM", false)                                                                \
	X(SLAB_RECLAIMABLE, "NR_SLAB_RECLAIMABLE_B", false)                                        \
	X(SLAB_UNRECLAIMABLE, "NR_SLAB_UNRECLAIMABLE_B", false)                                    \
	X(MISC_RECLAIMABLE, "NR_KERNEL_MISC_RECLAIMABLE", false)                                   \
	X(KERNEL_STACK_KB, "NR_KERNEL_STACK_KB", false)                                            \
	X(PAGETABLE, "NR_PAGETABLE", false)                                                        \
	X(REFAULT_ANON, "WORKINGSET_REFAULT_ANON", false)                                          \
	X(REFAULT_FILE, "WORKINGSET_REFAULT_FILE", false)                                          \
	X(PSWPIN, "PSWPIN", false)                                                                 \
	X(PSWPOUT, "PSWPOUT", false)                                                               \
	X(PGMAJFAULT, "PGMAJFAULT", false)                                                         \
	X(OOM_KILL, "OOM_KILL", false)                                                             \
	X(WMARK_LOW, "WMARK_LOW", false)                                                           \
	X(PSI_MEM_SOME, "PSI_MEM_SOME", false)                                                     \
	X(PSI_MEM_FULL, "PSI_MEM_FULL", false)                                                     \
	X(MM_FILEPAGES, "MM_FILEPAGES", true)                                                      \
	X(MM_ANONPAGES, "MM_ANONPAGES", true)                                                      \
	X(MM_SWAPENTS, "MM_SWAPENTS", true)                                                        \
	X(MM_SHMEMPAGES, "MM_SHMEMPAGES", true)

#define MM_SYMBOL_ID(id, name, required)      MM_SYMBOL_##id,
#define MM_STRUCT_ID(id, name, required)      MM_STRUCT_##id,
#define MM_FIELD_ID(id, type, path, required) MM_FIELD_##id,
#define MM_VALUE_ID(id, name, required)	      MM_VALUE_##id,

enum mm_symbol { MM_SYMBOLS(MM_SYMBOL_ID) MM_SYMBOL_COUNT };
enum mm_struct { MM_STRUCTS(MM_STRUCT_ID) MM_STRUCT_COUNT };
enum mm_field { MM_FIELDS(MM_FIELD_ID) MM_FIELD_COUNT };
enum mm_value { MM_VALUES(MM_VALUE_ID) MM_VALUE_COUNT };

#endif
