/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pipes' format: what is written is read again, and nothing else is. */
#include "unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probe/wire.h"
#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

/* xorshift: the same numbers in every run. */
static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Each 64-bit number within the sizes' limit, so that every field differs from its neighbours. */
static void fill_words(void *from, void *end, uint64_t *seed)
{
	for (uint64_t *at = from; (void *)at < end; at++)
		*at = next_random(seed) % MM_SIZE_MAX_KIB;
}

static void fill_process(struct mm_process *p, int32_t pid, uint64_t *seed)
{
	fill_words(&p->start_ns, p + 1, seed);
	p->pid = pid;
	p->parent = (int32_t)(next_random(seed) % MM_PID_MAX);
	p->uid = (uint32_t)next_random(seed);
	p->threads = (uint32_t)(next_random(seed) % MM_PID_MAX);
	p->state = "RSDTtZXI"[next_random(seed) % 8];
	p->is_kernel = next_random(seed) & 1;
	p->is_torn = next_random(seed) & 1;
	for (size_t i = 0; i < next_random(seed) % MM_COMM_LEN; i++)
		p->comm[i] = (char)(1 + next_random(seed) % 255);
}

static void fill_sample(struct mm_sample *sample, size_t count, uint64_t *seed)
{
	struct mm_counters *c = &sample->counters;

	memset(sample, 0, sizeof(*sample));
	fill_words(&c->total_kib, &c->psi_some_avg10_pct100, seed);
	fill_words(c->load_milli, &c->has_psi, seed);
	strcpy(c->release, "6.1.0-37-amd64");
	c->uptime_ms = next_random(seed) % MM_COUNTER_MAX;
	c->cpus = 1 + (uint32_t)(next_random(seed) % MM_VMI_CPUS_MAX);
	c->psi_some_avg10_pct100 = (uint32_t)(next_random(seed) % 10001);
	c->has_psi = next_random(seed) & 1;
	c->has_balloon = next_random(seed) & 1;
	sample->is_partial = next_random(seed) & 1;
	sample->retries = (uint32_t)next_random(seed);
	sample->torn = (uint32_t)next_random(seed);
	fill_words(&sample->reads, sample + 1, seed);
	sample->count = count;
	sample->processes = count ? calloc(count, sizeof(*sample->processes)) : NULL;
	for (size_t i = 0; i < count; i++)
		fill_process(&sample->processes[i], (int32_t)(i * 3 + 1), seed);
}

static void assert_same_process(const struct mm_process *a, const struct mm_process *b)
{
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->parent, b->parent);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->threads, b->threads);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->is_kernel, b->is_kernel);
	assert_int_equal(a->is_torn, b->is_torn);
	assert_string_equal(a->comm, b->comm);
	assert_memory_equal(
		&a->start_ns, &b->start_ns, sizeof(*a) - offsetof(struct mm_process, start_ns));
}

static void assert_same_counters(const struct mm_counters *a, const struct mm_counters *b)
{
	assert_string_equal(a->release, b->release);
	assert_int_equal(a->uptime_ms, b->uptime_ms);
	assert_int_equal(a->cpus, b->cpus);
	assert_memory_equal(&a->total_kib, &b->total_kib,
		offsetof(struct mm_counters, psi_some_avg10_pct100) -
			offsetof(struct mm_counters, total_kib));
	assert_int_equal(a->psi_some_avg10_pct100, b->psi_some_avg10_pct100);
	assert_memory_equal(a->load_milli, b->load_milli, sizeof(a->load_milli));
	assert_int_equal(a->balloon_current_kib, b->balloon_current_kib);
	assert_int_equal(a->balloon_target_kib, b->balloon_target_kib);
	assert_int_equal(a->has_psi, b->has_psi);
	assert_int_equal(a->has_balloon, b->has_balloon);
}

static void round_trip(size_t count, uint64_t *seed)
{
	struct mm_sample sample, again;
	uint8_t *buf;
	size_t len, told;

	fill_sample(&sample, count, seed);
	assert_true(mm_sample_is_sane(&sample));
	assert_int_equal(mm_wire_write(&sample, &buf, &len), 0);
	assert_int_equal(mm_wire_length(buf, &told), 0);
	assert_int_equal(told, len);
	assert_int_equal(mm_wire_read(buf, len, &again), 0);
	assert_same_counters(&sample.counters, &again.counters);
	assert_int_equal(again.reason, sample.reason);
	assert_int_equal(again.is_partial, sample.is_partial);
	assert_int_equal(again.retries, sample.retries);
	assert_int_equal(again.torn, sample.torn);
	assert_memory_equal(
		&again.reads, &sample.reads, sizeof(sample) - offsetof(struct mm_sample, reads));
	assert_int_equal(again.count, count);
	for (size_t i = 0; i < count; i++)
		assert_same_process(&again.processes[i], &sample.processes[i]);
	mm_sample_free(&again);
	mm_sample_free(&sample);
	free(buf);
}

static void test_round_trip(void **state)
{
	uint64_t seed = 42;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		round_trip(i % 50, &seed);
	round_trip(MM_VMI_TASKS_MAX, &seed);
}

/* The writer does not send what the reader would refuse. */
static void test_insane_becomes_damaged(void **state)
{
	struct mm_sample sample, again;
	uint64_t seed = 7;
	uint8_t *buf;
	size_t len;

	(void)state;
	fill_sample(&sample, 3, &seed);
	sample.counters.total_kib = UINT64_MAX;
	assert_int_equal(mm_wire_write(&sample, &buf, &len), 0);
	assert_int_equal(mm_wire_read(buf, len, &again), 0);
	assert_int_equal(again.reason, MM_VMI_DAMAGED);
	assert_int_equal(again.count, 0);
	assert_null(again.processes);
	free(buf);
	mm_sample_free(&sample);
}

/* Where things are in an answer of one process. */
enum {
	AT_MAGIC = 0,
	AT_VERSION = 4,
	AT_REASON = 8,
	AT_FLAGS = 12,
	AT_COUNT = 16,
	AT_CPUS = 28,
	AT_TOTAL = 76,
	AT_RELEASE = 284,
	AT_PADDING = 359,
	AT_PID = MM_WIRE_HEADER_SIZE,
	AT_STATE = MM_WIRE_HEADER_SIZE + 16,
	AT_PROCESS_FLAGS = MM_WIRE_HEADER_SIZE + 20,
	AT_RSS = MM_WIRE_HEADER_SIZE + 32,
	AT_COMM = MM_WIRE_HEADER_SIZE + 80,
	AT_COMM_END = MM_WIRE_HEADER_SIZE + 95,
};

static const struct {
	const char *name;
	size_t offset;
	uint8_t byte;
} wrongs[] = {
	{"magic", AT_MAGIC, 0},
	{"version", AT_VERSION, 9},
	{"reason unknown", AT_REASON, MM_VMI_REASON_COUNT},
	{"reason huge", AT_REASON + 3, 1},
	{"processes with a reason", AT_REASON, MM_VMI_NO_BTF},
	{"unknown flag", AT_FLAGS, 0x80},
	{"count too small", AT_COUNT, 0},
	{"count too large", AT_COUNT, 2},
	{"count huge", AT_COUNT + 3, 0xff},
	{"CPUs", AT_CPUS + 2, 1},
	{"size", AT_TOTAL + 7, 1},
	{"release unprintable", AT_RELEASE, 7},
	{"release empty", AT_RELEASE, 0},
	{"something behind the release", AT_RELEASE + 60, 'x'},
	{"padding", AT_PADDING, 1},
	{"pid negative", AT_PID + 3, 0x80},
	{"state", AT_STATE, '?'},
	{"state wide", AT_STATE + 1, 1},
	{"process flags", AT_PROCESS_FLAGS, 4},
	{"RSS", AT_RSS + 6, 0xff},
	{"something behind the name", AT_COMM + 10, 'x'},
	{"name not terminated", AT_COMM_END, 'x'},
};

static void test_wrong_bytes(void **state)
{
	struct mm_sample sample, again;
	uint64_t seed = 3;
	uint8_t *buf;
	size_t len;

	(void)state;
	fill_sample(&sample, 1, &seed);
	memset(sample.processes[0].comm, 0, MM_COMM_LEN);
	strcpy(sample.processes[0].comm, "init");
	assert_int_equal(mm_wire_write(&sample, &buf, &len), 0);
	assert_int_equal(buf[AT_COMM], 'i');
	assert_int_equal(buf[AT_RELEASE], '6');
	for (size_t i = 0; i < ARRAY_SIZE(wrongs); i++) {
		uint8_t before = buf[wrongs[i].offset];

		assert_int_not_equal(before, wrongs[i].byte);
		buf[wrongs[i].offset] = wrongs[i].byte;
		if (mm_wire_read(buf, len, &again) != -EPROTO)
			fail_msg("passes: %s", wrongs[i].name);
		buf[wrongs[i].offset] = before;
	}
	assert_int_equal(mm_wire_read(buf, len, &again), 0);
	mm_sample_free(&again);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(mm_wire_read(buf, cut, &again), -EPROTO);
	mm_sample_free(&sample);
	free(buf);
}

static void test_question(void **state)
{
	uint8_t buf[MM_WIRE_QUESTION_SIZE];
	bool with;

	(void)state;
	for (int i = 0; i < 2; i++) {
		mm_wire_write_question(buf, i);
		assert_int_equal(mm_wire_read_question(buf, &with), 0);
		assert_int_equal(with, i);
	}
	for (size_t i = 0; i < sizeof(buf); i++) {
		buf[i] ^= 0x40;
		assert_int_equal(mm_wire_read_question(buf, &with), -EPROTO);
		buf[i] ^= 0x40;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_insane_becomes_damaged),
		cmocka_unit_test(test_wrong_bytes),
		cmocka_unit_test(test_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
