/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bits flipped at random all over a synthetic guest, its page tables too: a sample that is sane, or a reason; bounded reads. */
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "lib/image.h"

#define MEMORY	  ((size_t)256 << 10)
#define RUNS	  4000
#define PROCESSES 20
#define SEED	  UINT64_C(0x666c697073)
#define READS_MAX 1000000 /* the budget of a sample in take.c */

static uint64_t random_state = SEED;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static struct image *make(bool is_percpu)
{
	const struct image_options options = {.bytes = MEMORY, .is_percpu_rss = is_percpu};
	struct image *image = image_new(&options);
	uint64_t first = 0;

	for (uint32_t i = 0; i < PROCESSES; i++) {
		struct image_process p = {.pid = i + 1,
			.uid = i,
			.state = 1,
			.start_ns = i * UINT64_C(1000000),
			.runtime_ns = 5000000,
			.pages = {1, 2, 3, 4},
			.vm_pages = 100,
			.parent = first,
			.more_threads = i % 5 ? 0 : 2,
			.comm = "process"};
		uint64_t task = image_add(image, &p);

		if (!i)
			first = task;
	}
	return image;
}

static void flip(struct image *image, uint64_t from, uint64_t to, uint64_t bits)
{
	for (; bits; bits--) {
		uint64_t bit = (from + next_random() % (to - from)) * 8 + next_random() % 8;

		image->mem[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

struct totals {
	uint64_t samples, whole, processes, reads_max;
};

static void take_sample(struct image *image, struct totals *totals)
{
	struct mm_sample sample;
	enum mm_vmi_reason reason;

	image->released = 0;
	reason = mm_vmi_sample(&image->vmi, true, &sample);
	assert_true(mm_sample_is_sane(&sample));
	assert_int_equal(image->released, 1);
	assert_true(sample.reads <= READS_MAX);
	totals->samples += reason == MM_VMI_OK;
	totals->whole += reason == MM_VMI_OK && sample.count == PROCESSES;
	totals->processes += sample.count;
	if (sample.reads > totals->reads_max)
		totals->reads_max = sample.reads;
	mm_sample_free(&sample);
}

/* Bits from `from` on; the more are flipped, the less is left, and a few cost little. */
static void flip_and_look(const char *where, uint64_t from, bool is_percpu, uint64_t bits_max)
{
	struct image *image = make(is_percpu);
	uint8_t *kept = malloc(MEMORY);
	struct totals totals = {0};

	assert_non_null(kept);
	memcpy(kept, image->mem, MEMORY);
	for (int i = 0; i < RUNS; i++) {
		flip(image, from ? from : 1, image->next, 1 + next_random() % bits_max);
		take_sample(image, &totals);
		memcpy(image->mem, kept, MEMORY);
	}
	print_message("%s, up to %llu bits: of %d samples %llu, of which %llu whole, %llu of %d "
		      "processes; at most %llu reads\n",
		where, (unsigned long long)bits_max, RUNS, (unsigned long long)totals.samples,
		(unsigned long long)totals.whole, (unsigned long long)totals.processes,
		RUNS * PROCESSES, (unsigned long long)totals.reads_max);
	assert_true(totals.samples > RUNS / 10);
	/* After all that, the memory as it was gives the whole list: nothing was kept. */
	totals = (struct totals){0};
	take_sample(image, &totals);
	assert_int_equal(totals.whole, 1);
	image_free(image);
	free(kept);
}

static void test_flips(void **state)
{
	const struct image_options options = {.bytes = MEMORY};
	struct image *empty = image_new(&options);
	uint64_t tasks =
		empty->tasks.size +
		image_at(empty, empty->vmi.symbol[MM_SYMBOL_INIT_TASK], MM_FIELD_TASK_STATE) -
		UINT64_C(0xffff888000000000);

	(void)state;
	image_free(empty);
	flip_and_look("tasks", tasks, false, 8);
	flip_and_look("tasks", tasks, true, 64);
	flip_and_look("all memory", 0, false, 8);
	flip_and_look("all memory", 0, true, 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
