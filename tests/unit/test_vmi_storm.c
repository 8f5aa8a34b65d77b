/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A fork storm: between any two reads of a walk, and within one, processes begin, call exec(), get and lose threads, end
 * and are reaped, and their memory is others' at once. 10,000 samples: each process reported is one that was, with these
 * figures; who lived all through a sample is in it.
 */
#include "unit/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/image.h"

#define SAMPLES	    10000
#define MEMORY	    ((size_t)2 << 20)
#define SEED	    UINT64_C(0x6d6d766d69)
#define LIVE_FIRST  30
#define LIVE_MAX    60
#define LIVES_MAX   2000000
#define STEP_NS	    1000 /* between the starts of two: a start tells the life */
#define PAGES_MAX   200	 /* of one kind: less than the guest has */
#define FACES	    3	 /* a life's names and sizes: as forked, and after each exec() */
#define THREADS_MAX 4	 /* at once */
#define THREAD_NS   1000000
#define USERS	    2 /* it is, once each: the kernel frees no struct twice while we read one process */
#define PIDS	    1000

struct life {
	uint32_t pid, parent;
	uint64_t began, ended; /* in turns of the storm; 0: it lives */
	uint32_t threads,
		threads_before; /* that it ever had besides the first; as the sample began */
	uint8_t faces, users;
};

struct storm {
	struct image *image;
	uint64_t random, turns;
	uint32_t rate; /* one deed in so many turns */
	struct life *lives;
	uint32_t count;		 /* lives until now; the first is pid 1 and never ends */
	uint32_t live[LIVE_MAX]; /* in the ring, by life */
	uint64_t tasks[LIVE_MAX];
	bool is_zombie[LIVE_MAX];
	unsigned live_count;
};

static uint64_t next_random(struct storm *storm)
{
	storm->random ^= storm->random << 13;
	storm->random ^= storm->random >> 7;
	storm->random ^= storm->random << 17;
	return storm->random;
}

/* A life's figures follow from its number, so none need be kept. */
static uint64_t pages_of(uint32_t life, unsigned face)
{
	return (life * 2654435761u >> 7) % (PAGES_MAX - FACES) + face + 1;
}

static uint64_t runtime_of(uint32_t life)
{
	return (life % 1000 + 1) * UINT64_C(1000000);
}

static uint32_t uid_of(uint32_t life, unsigned user)
{
	return life * USERS + user;
}

static void name_of(uint32_t life, unsigned face, char *comm)
{
	memset(comm, 0, MM_COMM_LEN);
	snprintf(comm, MM_COMM_LEN, "p%u-%u", life, face);
}

/* Pids come round, as in a guest that is up for long; no two at once. */
static uint32_t free_pid(const struct storm *storm)
{
	uint32_t pid = storm->count % PIDS + 1;

	for (unsigned i = 0; i < storm->live_count; i++) {
		if (storm->lives[storm->live[i]].pid != pid)
			continue;
		pid = pid % PIDS + 1;
		i = UINT_MAX; /* from the first again */
	}
	return pid;
}

static void begin_life(struct storm *storm, unsigned parent)
{
	uint32_t number = storm->count;
	struct life *life = &storm->lives[number];
	struct image_process p = {.state = 1, .vm_pages = 1};

	if (storm->live_count >= LIVE_MAX || number >= LIVES_MAX)
		return;
	*life = (struct life){.pid = free_pid(storm), .began = storm->turns, .faces = 1};
	storm->count++;
	p.pid = life->pid;
	p.uid = uid_of(number, 0);
	p.start_ns = (uint64_t)(number + 1) * STEP_NS;
	p.runtime_ns = runtime_of(number);
	p.pages[1] = (int64_t)pages_of(number, 0);
	name_of(number, 0, p.comm);
	if (storm->live_count) {
		p.parent = storm->tasks[parent];
		life->parent = storm->lives[storm->live[parent]].pid;
	}
	storm->live[storm->live_count] = number;
	storm->is_zombie[storm->live_count] = false;
	storm->tasks[storm->live_count++] = image_add(storm->image, &p);
}

static void exec_life(struct storm *storm, unsigned at)
{
	uint32_t number = storm->live[at];
	struct life *life = &storm->lives[number];
	uint64_t task = storm->tasks[at];
	uint64_t old = image_get_field(storm->image, task, MM_FIELD_TASK_MM);
	int64_t pages[IMAGE_KINDS] = {0};

	if (life->faces >= FACES || storm->is_zombie[at])
		return;
	pages[1] = (int64_t)pages_of(number, life->faces);
	image_put_field(storm->image, task, MM_FIELD_TASK_MM,
		image_add_mm(storm->image, pages, life->faces + 1u));
	image_free_mm(storm->image, old);
	name_of(number, life->faces,
		(char *)image_mem(storm->image, image_at(storm->image, task, MM_FIELD_TASK_COMM),
			MM_COMM_LEN));
	life->faces++;
}

/* setuid(): the old struct is another's. */
static void change_user(struct storm *storm, unsigned at)
{
	struct life *life = &storm->lives[storm->live[at]];
	struct image *image = storm->image;
	uint64_t old = image_get_field(image, storm->tasks[at], MM_FIELD_TASK_REAL_CRED);

	if (life->users + 1 >= USERS)
		return;
	life->users++;
	image_put_field(image, storm->tasks[at], MM_FIELD_TASK_REAL_CRED,
		image_add_cred(image, uid_of(storm->live[at], life->users)));
	image_free_cred(image, old);
}

static void end_life(struct storm *storm, unsigned at)
{
	uint64_t task = storm->tasks[at];
	uint64_t mm = image_get_field(storm->image, task, MM_FIELD_TASK_MM);

	if (storm->is_zombie[at])
		return;
	image_put_field(storm->image, task, MM_FIELD_TASK_MM, 0);
	image_put_field(storm->image, task, MM_FIELD_TASK_EXIT_STATE, 0x20);
	image_free_mm(storm->image, mm);
	storm->is_zombie[at] = true;
}

/* Its children are the first process' from now on. */
static void reap_life(struct storm *storm, unsigned at)
{
	uint64_t task = storm->tasks[at];

	if (!storm->is_zombie[at])
		return;
	for (unsigned i = 0; i < storm->live_count; i++)
		if (image_get_field(storm->image, storm->tasks[i], MM_FIELD_TASK_REAL_PARENT) ==
			task)
			image_put_field(storm->image, storm->tasks[i], MM_FIELD_TASK_REAL_PARENT,
				storm->tasks[0]);
	storm->lives[storm->live[at]].ended = storm->turns;
	image_remove(storm->image, task);
	image_free_task(storm->image, task);
	storm->live_count--;
	storm->live[at] = storm->live[storm->live_count];
	storm->tasks[at] = storm->tasks[storm->live_count];
	storm->is_zombie[at] = storm->is_zombie[storm->live_count];
}

/* fork() begins with a copy of all of the parent, links and pid too, where a task that ended was. */
static void copy_task(struct storm *storm, unsigned at)
{
	struct image_pool *pool = &storm->image->tasks;

	if (pool->count)
		memcpy(image_mem(storm->image, pool->free[pool->count - 1], pool->size),
			image_mem(storm->image, storm->tasks[at], pool->size), pool->size);
}

/* A thread ends and its time moves on, a new one begins, or both: then there are as many as before. */
static void change_threads(struct storm *storm, unsigned at)
{
	struct image *image = storm->image;
	uint64_t task = storm->tasks[at];
	uint64_t signal = image_get_field(image, task, MM_FIELD_TASK_SIGNAL);
	uint64_t threads = image_get_field(image, signal, MM_FIELD_SIGNAL_NR_THREADS);
	uint64_t choice = next_random(storm) % 3;

	if (storm->is_zombie[at])
		return;
	if (threads > 1 && choice != 1)
		image_end_thread(image, task);
	if (threads < THREADS_MAX && choice != 0) {
		image_add_thread(image, task, THREAD_NS);
		storm->lives[storm->live[at]].threads++;
	}
}

static void act(struct storm *storm)
{
	/* The first process only ever forks. */
	unsigned at = (unsigned)(next_random(storm) % storm->live_count);
	unsigned other = at ? at : 1;

	switch (next_random(storm) % 9) {
	case 0:
	case 1:
		begin_life(storm, at);
		break;
	case 2:
		exec_life(storm, other);
		break;
	case 3:
		copy_task(storm, at);
		break;
	case 4:
		change_threads(storm, other);
		break;
	case 5:
		change_user(storm, other);
		break;
	case 6:
	case 7:
		if (storm->live_count > 5)
			end_life(storm, other);
		break;
	default:
		reap_life(storm, other);
	}
}

static void storm_on(struct image *image, void *arg)
{
	struct storm *storm = arg;

	(void)image;
	storm->turns++;
	if (next_random(storm) % storm->rate)
		return;
	for (uint64_t i = next_random(storm) % 4 + 1; i; i--)
		act(storm);
}

/* One process of a sample is one that was, with figures that it had at one time. */
static void check_process(
	const struct storm *storm, const struct mm_process *p, uint64_t began, bool *ret_seen)
{
	uint64_t number = p->start_ns / STEP_NS - 1;
	const struct life *life = &storm->lives[number];
	bool is_face = false;
	char comm[MM_COMM_LEN];

	assert_true(p->start_ns % STEP_NS == 0 && number < storm->count);
	assert_true(!life->ended || life->ended >= began);
	assert_int_equal(p->pid, life->pid);
	assert_in_range(p->uid, uid_of((uint32_t)number, 0), uid_of((uint32_t)number, life->users));
	if (!p->is_torn) {
		uint64_t threads = (p->cpu_ns - runtime_of((uint32_t)number)) / THREAD_NS;

		assert_int_equal((p->cpu_ns - runtime_of((uint32_t)number)) % THREAD_NS, 0);
		assert_in_range(threads, life->threads_before, life->threads);
	}
	if (!p->is_torn || p->parent)
		assert_true((uint32_t)p->parent == life->parent || p->parent == 1);
	for (unsigned face = 0; face < life->faces; face++) {
		name_of((uint32_t)number, face, comm);
		is_face |= !strcmp(comm, p->comm) &&
			   (p->rss_anon_kib == 4 * pages_of((uint32_t)number, face) ||
				   (p->state == 'Z' && !p->rss_anon_kib));
	}
	if (!is_face)
		fail_msg("pid %d is not %s with %llu KiB (%c)", p->pid, p->comm,
			(unsigned long long)p->rss_anon_kib, p->state);
	ret_seen[number % LIVES_MAX] = true;
}

struct totals {
	uint64_t processes, torn, partial, retries, missed;
};

static void take_sample(struct storm *storm, bool *seen, struct totals *totals)
{
	uint64_t began = storm->turns;
	uint32_t live[LIVE_MAX];
	unsigned live_count = storm->live_count;
	struct mm_sample sample;

	memcpy(live, storm->live, sizeof(live));
	for (unsigned i = 0; i < live_count; i++)
		storm->lives[live[i]].threads_before = storm->lives[live[i]].threads;
	assert_int_equal(mm_vmi_sample(&storm->image->vmi, true, &sample), MM_VMI_OK);
	assert_true(mm_sample_is_sane(&sample));
	for (size_t i = 0; i < sample.count; i++)
		check_process(storm, &sample.processes[i], began, seen);
	for (unsigned i = 0; i < live_count; i++) {
		if (storm->lives[live[i]].ended || seen[live[i]])
			continue;
		/* It was there from before the sample until after it: then the sample says that it lacks some. */
		totals->missed++;
		assert_true(sample.is_partial || sample.torn);
	}
	for (size_t i = 0; i < sample.count; i++)
		seen[sample.processes[i].start_ns / STEP_NS - 1] = false;
	totals->processes += sample.count;
	totals->torn += sample.torn;
	totals->partial += sample.is_partial;
	totals->retries += sample.retries;
	mm_sample_free(&sample);
}

static void run_storm(uint32_t rate, uint64_t samples, struct totals *totals)
{
	const struct image_options options = {.bytes = MEMORY};
	struct storm storm = {.random = SEED + rate, .rate = rate};
	bool *seen = calloc(LIVES_MAX, sizeof(*seen));

	*totals = (struct totals){0};
	storm.image = image_new(&options);
	storm.lives = calloc(LIVES_MAX, sizeof(*storm.lives));
	assert_non_null(storm.lives);
	assert_non_null(seen);
	while (storm.live_count < LIVE_FIRST)
		begin_life(&storm, 0);
	storm.image->before_read = storm_on;
	storm.image->arg = &storm;
	storm.image->is_torn = true;
	for (uint64_t i = 0; i < samples; i++)
		take_sample(&storm, seen, totals);
	print_message("1 deed in %u reads: %llu samples, %llu processes of %u lives; torn %llu, "
		      "begun again %llu, partial %llu, "
		      "left out though alive %llu\n",
		rate, (unsigned long long)samples, (unsigned long long)totals->processes,
		storm.count, (unsigned long long)totals->torn, (unsigned long long)totals->retries,
		(unsigned long long)totals->partial, (unsigned long long)totals->missed);
	assert_true(storm.count < LIVES_MAX); /* the storm went on to the end */
	assert_true(totals->missed * 1000 <= totals->processes);
	image_free(storm.image);
	free(storm.lives);
	free(seen);
}

static void test_storms(void **state)
{
	struct totals totals;

	(void)state;
	run_storm(200, SAMPLES * 6 / 10, &totals);
	assert_true(totals.torn > 0);
	run_storm(20, SAMPLES * 3 / 10, &totals);
	assert_true(totals.torn > 0);
	run_storm(2, SAMPLES / 10, &totals);
	assert_true(totals.torn > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
