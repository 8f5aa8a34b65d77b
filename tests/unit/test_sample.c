/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sample may say. */
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "vmi/vmi.h"
#include "xenmm/guest_proto.h"
#include "xenmm/units.h"

static struct mm_process two[2];
static struct mm_sample sample;

static int set_up(void **state)
{
	(void)state;
	memset(two, 0, sizeof(two));
	for (int i = 0; i < 2; i++) {
		two[i].pid = i + 1;
		two[i].threads = 1;
		two[i].state = 'S';
		strcpy(two[i].comm, "init");
	}
	memset(&sample, 0, sizeof(sample));
	strcpy(sample.counters.release, "6.1.0-1-amd64");
	sample.counters.cpus = 1;
	sample.processes = two;
	sample.count = 2;
	return 0;
}

#define WRONG(change)                                                                              \
	do {                                                                                       \
		set_up(NULL);                                                                      \
		assert_true(mm_sample_is_sane(&sample));                                           \
		change;                                                                            \
		if (mm_sample_is_sane(&sample))                                                    \
			fail_msg("passes: %s", #change);                                           \
	} while (0)

static void test_what_is_refused(void **state)
{
	struct mm_counters *c = &sample.counters;

	(void)state;
	WRONG(sample.reason = MM_VMI_REASON_COUNT);
	WRONG(sample.reason = MM_VMI_GONE); /* with processes */
	WRONG(sample.count = MM_VMI_TASKS_MAX + 1);
	WRONG(sample.cost_us = MM_COUNTER_MAX + 1);
	WRONG(c->release[0] = '\0');
	WRONG(c->release[3] = '\x1b');
	WRONG(memset(c->release, 'x', sizeof(c->release)));
	WRONG(c->cpus = 0);
	WRONG(c->cpus = MM_VMI_CPUS_MAX + 1);
	WRONG(c->total_kib = MM_SIZE_MAX_KIB + 1);
	WRONG(c->balloon_target_kib = UINT64_MAX);
	WRONG(c->committed_kib = MM_VIRT_KIB_MAX + 1);
	WRONG(c->load_milli[2] = UINT64_MAX);
	WRONG(c->psi_some_avg10_pct100 = 10001);
	WRONG(two[0].pid = 0);
	WRONG(two[1].pid = MM_PID_MAX);
	WRONG(two[1].pid = 1); /* twice */
	WRONG(two[0].pid = 3); /* not sorted */
	WRONG(two[0].parent = -1);
	WRONG(two[0].threads = MM_PID_MAX + 1);
	WRONG(two[0].state = '\n');
	WRONG(memset(two[0].comm, 'x', MM_COMM_LEN));
	WRONG(two[0].rss_shmem_kib = MM_SIZE_MAX_KIB + 1);
	WRONG(two[0].vm_kib = MM_VIRT_KIB_MAX + 1);
	WRONG(two[0].start_ns = UINT64_MAX);
	WRONG(two[0].cpu_ns = UINT64_MAX);
}

static void test_what_passes(void **state)
{
	(void)state;
	memset(two[1].comm, '\x1b', MM_COMM_LEN - 1); /* escaped where it is printed */
	two[1].cpu_ns = INT64_MAX;
	sample.counters.committed_kib = MM_VIRT_KIB_MAX;
	assert_true(mm_sample_is_sane(&sample));
	sample.count = 0;
	assert_true(mm_sample_is_sane(&sample));
	sample.reason = MM_VMI_NO_BTF;
	memset(&sample.counters, 0xff, sizeof(sample.counters)); /* not looked at */
	assert_true(mm_sample_is_sane(&sample));
}

static void test_freeing(void **state)
{
	(void)state;
	sample.processes = calloc(2, sizeof(*sample.processes));
	mm_sample_free(&sample);
	assert_null(sample.processes);
	assert_int_equal(sample.count, 0);
	mm_sample_free(&sample);
	mm_sample_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_is_refused, set_up),
		cmocka_unit_test_setup(test_what_passes, set_up),
		cmocka_unit_test_setup(test_freeing, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
