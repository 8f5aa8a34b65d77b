/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A synthetic Linux guest in memory, for tests: page tables, per-CPU data, counters, the ring of tasks with their threads, memory
 * and users. Its mm_phys can fail, be changed between two reads, and counts them. The structs' offsets are
 * its own: what a bootstrap would have found is filled in.
 */
#ifndef XENMM_TEST_IMAGE_H
#define XENMM_TEST_IMAGE_H

#include "vmi/guest.h"

#define IMAGE_CPUS_MAX	8
#define IMAGE_KINDS	4
#define IMAGE_HZ_NS	UINT64_C(4000000)
#define IMAGE_UPTIME_MS UINT64_C(1000000)
#define IMAGE_KTHREAD	0x00200000u

struct image_options {
	size_t bytes;	     /* of the guest's memory, whole pages */
	unsigned cpus;	     /* 0: 2 */
	unsigned levels;     /* of page tables; 0: 4 */
	bool is_percpu_rss;  /* as since 6.2 */
	bool is_old;	     /* as 5.10: `state`, page tables counted by zone */
	bool is_wide;	     /* offsets and sizes as large as real ones; otherwise small */
	bool has_no_psi;     /* booted with psi=0 */
	bool has_no_balloon; /* a guest of another hypervisor */
};

/* What a process is made of. Pages by kind: file, anon, swap, shmem, as the kernel numbers them. */
struct image_process {
	uint32_t pid, uid;
	uint32_t flags, state, exit_state;
	uint64_t parent; /* a task's address; 0: the idle task */
	uint64_t mm;	 /* shared with another process; 0: its own, or none with no pages in it */
	uint64_t start_ns, runtime_ns, dead_runtime_ns;
	int64_t pages[IMAGE_KINDS];
	uint64_t vm_pages;
	uint32_t more_threads;	    /* besides the leader */
	uint64_t thread_runtime_ns; /* of each of these */
	char comm[MM_COMM_LEN];
};

/* Objects of one kind that were freed: the next one made takes the place of the last one freed, as in a slab. */
struct image_pool {
	uint64_t *free;
	size_t count, capacity;
	uint32_t size;
};

struct image {
	struct mm_phys phys; /* first: its ops get this struct */
	struct mm_vmi vmi;
	struct image_options options;
	uint8_t *mem;
	uint64_t next; /* the first guest-physical address not yet in use */
	struct image_pool tasks, signals, mms, creds;
	uint64_t percpu_next; /* the first per-CPU offset not yet in use */
	uint64_t reads, released, expected;
	uint64_t fail_at; /* this read fails, counted from 1; 0: none */
	int fail_with;	  /* -ENXIO, -EIO, ... */
	bool is_torn;	  /* a read copies its second half after the guest had its turn again */
	void (*before_read)(struct image *image, void *arg); /* may change the guest */
	void *arg;
};

/* Makes a guest with an idle task alone. Aborts where there is no memory: it is for tests. */
struct image *image_new(const struct image_options *options);
void image_free(struct image *image);

/* Adds a process at the end of the ring. Returns its task's address. */
uint64_t image_add(struct image *image, const struct image_process *process);

/*
 * Takes it out of the ring, as the kernel does: who stands on it still finds the way on. Its memory may be had by the next one that is
 * added when it is freed.
 */
void image_remove(struct image *image, uint64_t task);
void image_free_task(struct image *image, uint64_t task);

/* A thread more, which ran for so long at once; one thread less, the last one, whose time is the signal struct's then. */
void image_add_thread(struct image *image, uint64_t task, uint64_t runtime_ns);
void image_end_thread(struct image *image, uint64_t task);

/* An mm_struct, and a user's struct, of its own, and their end. */
uint64_t image_add_mm(struct image *image, const int64_t *pages, uint64_t vm_pages);
void image_free_mm(struct image *image, uint64_t mm);
uint64_t image_add_cred(struct image *image, uint32_t uid);
void image_free_cred(struct image *image, uint64_t cred);

/* The address of a field of the struct at vaddr; numbers in the guest's memory, by size. */
uint64_t image_at(const struct image *image, uint64_t vaddr, enum mm_field field);
uint64_t image_get(const struct image *image, uint64_t vaddr, size_t size);
void image_put(struct image *image, uint64_t vaddr, size_t size, uint64_t value);
uint64_t image_get_field(const struct image *image, uint64_t vaddr, enum mm_field field);
void image_put_field(struct image *image, uint64_t vaddr, enum mm_field field, uint64_t value);

/* Sets an item of vm_node_stat, vm_zone_stat, or of one CPU's vm_event_states. */
void image_set_node(struct image *image, enum mm_value item, uint64_t value);
void image_set_zone(struct image *image, enum mm_value item, uint64_t value);
void image_set_event(struct image *image, unsigned cpu, enum mm_value item, uint64_t value);

/* Memory of the guest where vaddr is; aborts where nothing is. */
uint8_t *image_mem(const struct image *image, uint64_t vaddr, size_t len);

/* Has the guest read through another back end that holds the same bytes. */
int image_use(struct image *image, struct mm_phys *phys);

#endif
