/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which of a guest's agents the Xen back end believes. */
#include "unit/test.h"

#include "xenmm/source.h"

#define NOW UINT64_C(1000000)

static struct mm_report make_report(enum mm_source source, uint64_t seq)
{
	struct mm_report report = {.source = source,
		.seq = seq,
		.total_kib = 200000,
		.free_kib = 1000 + seq,
		.avail_kib = 2000};

	return report;
}

static void hear(struct mm_agent *agent, enum mm_source source, uint64_t seq, uint64_t written_ms,
	uint64_t now_ms)
{
	struct mm_report report = make_report(source, seq);

	mm_agent_hear(agent, &report, written_ms, now_ms);
}

static void test_nothing_heard(void **state)
{
	struct mm_agent agent = {0};

	(void)state;
	assert_null(mm_agent_best(&agent, NOW));
	assert_false(mm_agent_is_fresh(&agent, MM_SOURCE_XENMM, NOW));
}

static void test_highest_fresh_source(void **state)
{
	struct mm_agent agent = {0};

	(void)state;
	hear(&agent, MM_SOURCE_XENMM, 1, NOW, NOW);
	hear(&agent, MM_SOURCE_SEED, 0, NOW + 5000, NOW + 5000);
	hear(&agent, MM_SOURCE_XENSERVER, 0, NOW + 9000, NOW + 9000);
	assert_int_equal(mm_agent_best(&agent, NOW + 9000)->report.source, MM_SOURCE_XENMM);
	assert_int_equal(mm_agent_best(&agent, NOW + 29999)->report.source, MM_SOURCE_XENMM);
	/* mmclient has stopped; what goes on is believed instead */
	assert_int_equal(mm_agent_best(&agent, NOW + 30000)->report.source, MM_SOURCE_SEED);
	assert_int_equal(mm_agent_best(&agent, NOW + 40000)->report.source, MM_SOURCE_XENSERVER);
	/* all have stopped: the youngest, with its age */
	assert_int_equal(mm_agent_best(&agent, NOW + 900000)->report.source, MM_SOURCE_XENSERVER);
	assert_int_equal(mm_agent_best(&agent, NOW + 900000)->report_ms, NOW + 9000);
}

static void test_found_in_store_is_trusted_for_an_interval(void **state)
{
	struct mm_agent agent = {0};

	(void)state;
	hear(&agent, MM_SOURCE_XENMM, 7, 0, NOW);
	assert_true(mm_agent_is_fresh(&agent, MM_SOURCE_XENMM, NOW + 9999));
	assert_false(mm_agent_is_fresh(&agent, MM_SOURCE_XENMM, NOW + 10000));
	/* found again, as after a lost connection: no sign of life */
	hear(&agent, MM_SOURCE_XENMM, 7, 0, NOW + 15000);
	assert_false(mm_agent_is_fresh(&agent, MM_SOURCE_XENMM, NOW + 15000));
	/* found changed: it was written meanwhile */
	hear(&agent, MM_SOURCE_XENMM, 8, 0, NOW + 20000);
	assert_int_equal(agent.heard[MM_SOURCE_XENMM].report_ms, NOW + 20000);
}

static void test_rewritten_is_a_sign_of_life(void **state)
{
	struct mm_agent agent = {0};

	(void)state;
	hear(&agent, MM_SOURCE_XENMM, 7, NOW, NOW);
	hear(&agent, MM_SOURCE_XENMM, 7, NOW + 1000, NOW + 1010);
	assert_int_equal(agent.heard[MM_SOURCE_XENMM].report_ms, NOW + 1000);
	/* an agent that started again */
	hear(&agent, MM_SOURCE_XENMM, 1, NOW + 2000, NOW + 2010);
	assert_int_equal(agent.heard[MM_SOURCE_XENMM].report.seq, 1);
}

static void test_just_after_boot(void **state)
{
	struct mm_agent agent = {0};

	(void)state;
	/* the clock is younger than the age we would give the report */
	hear(&agent, MM_SOURCE_XENMM, 7, 0, 3000);
	assert_int_equal(agent.heard[MM_SOURCE_XENMM].report_ms, 0);
	assert_true(mm_agent_is_fresh(&agent, MM_SOURCE_XENMM, 3000));
}

/* It knows swap and stalls, as mmclient does and the others do not. */
static void test_seen_from_outside(void **state)
{
	struct mm_agent agent = {0};

	(void)state;
	hear(&agent, MM_SOURCE_SEED, 0, NOW + 1000, NOW + 1000);
	hear(&agent, MM_SOURCE_INTROSPECTION, 1, NOW, NOW);
	assert_int_equal(mm_agent_best(&agent, NOW + 1000)->report.source, MM_SOURCE_INTROSPECTION);
	hear(&agent, MM_SOURCE_XENMM, 1, NOW - 5000, NOW);
	assert_int_equal(mm_agent_best(&agent, NOW + 1000)->report.source, MM_SOURCE_XENMM);
	assert_int_equal(
		mm_agent_best_doubted(&agent, NOW + 1000)->report.source, MM_SOURCE_INTROSPECTION);
	/* the agent has gone silent; then nobody looks any more either */
	hear(&agent, MM_SOURCE_INTROSPECTION, 2, NOW + 28000, NOW + 28000);
	assert_int_equal(
		mm_agent_best(&agent, NOW + 28000)->report.source, MM_SOURCE_INTROSPECTION);
	assert_int_equal(
		mm_agent_best_doubted(&agent, NOW + 90000)->report.source, MM_SOURCE_INTROSPECTION);
	hear(&agent, MM_SOURCE_XENMM, 2, NOW + 60000, NOW + 60000);
	assert_int_equal(
		mm_agent_best_doubted(&agent, NOW + 60000)->report.source, MM_SOURCE_XENMM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_heard),
		cmocka_unit_test(test_highest_fresh_source),
		cmocka_unit_test(test_found_in_store_is_trusted_for_an_interval),
		cmocka_unit_test(test_rewritten_is_a_sign_of_life),
		cmocka_unit_test(test_just_after_boot),
		cmocka_unit_test(test_seen_from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
