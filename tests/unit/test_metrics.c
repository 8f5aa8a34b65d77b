/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exposition.h"
#include "journal.h"
#include "metrics.h"

#define GUESTS_MAX 4

static struct mm_snapshot snap;
static struct mm_plan_entry entries[GUESTS_MAX];
static struct mm_plan plan;
static struct mm_config config;
static struct mm_journal journal;
static const struct mm_http_count requests[] = {{200, 17}, {404, 2}};
static char *text;

static int setup(void **state)
{
	(void)state;
	memset(entries, 0, sizeof(entries));
	plan = (struct mm_plan){
		.entries = entries, .budget_kib = 3000, .spare_kib = 70, .pool_kib = 35};
	config.reserve_kib = 192;
	snap.now_ms = 20000;
	snap.host = (struct mm_host){
		.total_kib = 4096, .free_kib = 1024, .claims_kib = 5, .reserved_kib = 7};
	journal = (struct mm_journal){.is_kept = true};
	journal.view = (struct mm_view){
		.snap = &snap, .plan = &plan, .config = &config, .timing = &journal.timing};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	mm_journal_free(&journal);
	mm_snapshot_free(&snap);
	return 0;
}

static struct mm_domain *add(uint32_t domid, const char *name, const char *uuid)
{
	struct mm_domain *dom;

	assert_int_equal(mm_snapshot_add(&snap, &dom), 0);
	dom->domid = domid;
	strcpy(dom->name, name);
	strcpy(dom->uuid, uuid);
	dom->current_kib = 1000;
	entries[plan.count++] =
		(struct mm_plan_entry){.domid = domid, .reason = MM_REASON_NO_AGENT};
	return dom;
}

/* A guest of which everything is known. */
static void add_known(void)
{
	struct mm_domain *dom = add(3, "web", "u-web");
	struct mm_plan_entry *entry = &entries[plan.count - 1];

	dom->report =
		(struct mm_report){.source = MM_SOURCE_XENMM, .total_kib = 900, .avail_kib = 600};
	dom->report_ms = 18500;
	dom->seen = (struct mm_seen){
		.state = MM_SEEN_OK, .is_different = true, .looks = 4, .spent_us = 1500000};
	*entry = (struct mm_plan_entry){.domid = 3,
		.reason = MM_REASON_GROW,
		.is_balanced = true,
		.is_change = true,
		.need = {400, 30, 2, 12500},
		.min_kib = 64,
		.max_kib = 2000,
		.old_kib = 1000,
		.new_kib = 1100};
}

static void look(void)
{
	const struct timespec wall = {.tv_sec = 1700000000, .tv_nsec = 250000000};

	mm_journal_decided(&journal, &wall);
}

static void write_text(bool is_open_metrics)
{
	const struct mm_metrics_view view = {.journal = &journal,
		.event_streams = 2,
		.requests = requests,
		.request_count = ARRAY_SIZE(requests)};
	size_t len = 0;

	free(text);
	text = mm_metrics_text(&view, is_open_metrics, &len);
	assert_non_null(text);
	assert_int_equal(len, strlen(text));
}

static size_t lines_with(const char *start)
{
	size_t count = 0, len = strlen(start);

	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		count += !strncmp(line, start, len);
	return count;
}

static void assert_line(const char *want)
{
	const char *at = strstr(text, want);
	size_t len = strlen(want);

	while (at && ((at > text && at[-1] != '\n') || at[len] != '\n'))
		at = strstr(at + 1, want);
	if (!at)
		fail_msg("no line '%s' in\n%s", want, text);
}

static void test_values(void **state)
{
	(void)state;
	add_known();
	look();
	write_text(false);
	assert_line("# HELP xenmm_host_memory_total_bytes Memory of the host.");
	assert_line("# TYPE xenmm_host_memory_total_bytes gauge");
	assert_line("xenmm_host_memory_total_bytes 4194304");
	assert_line("xenmm_host_memory_free_bytes 1048576");
	assert_line("xenmm_host_memory_claims_bytes 5120");
	assert_line("xenmm_host_memory_reserve_bytes 196608");
	assert_line("xenmm_host_memory_leased_bytes 7168");
	assert_line("xenmm_host_memory_spare_bytes 71680");
	assert_line("xenmm_host_memory_pool_bytes 35840");
	assert_line("xenmm_host_memory_budget_bytes 3072000");
	assert_line("xenmm_host_overcommitted 0");
	assert_line("xenmm_paused 0");
	assert_line("xenmm_build_info{version=\"" XENMM_VERSION "\"} 1");
	assert_line("xenmm_domain_info{uuid=\"u-web\",name=\"web\",domid=\"3\",type=\"pv\"} 1");
	assert_line("xenmm_domain_state{uuid=\"u-web\",state=\"running\"} 1");
	assert_line("xenmm_domain_memory_bytes{uuid=\"u-web\"} 1024000");
	assert_line("xenmm_domain_memory_target_bytes{uuid=\"u-web\"} 1126400");
	assert_line("xenmm_domain_memory_minimum_bytes{uuid=\"u-web\"} 65536");
	assert_line("xenmm_domain_memory_maximum_bytes{uuid=\"u-web\"} 2048000");
	assert_line("xenmm_domain_memory_used_bytes{uuid=\"u-web\"} 307200");
	assert_line("xenmm_domain_memory_need_bytes{uuid=\"u-web\",part=\"hard\"} 409600");
	assert_line("xenmm_domain_memory_need_bytes{uuid=\"u-web\",part=\"warm\"} 30720");
	assert_line("xenmm_domain_memory_need_bytes{uuid=\"u-web\",part=\"headroom\"} 2048");
	assert_line("xenmm_domain_memory_pressure_ratio{uuid=\"u-web\"} 0.0125");
	assert_line("xenmm_domain_agent_age_seconds{uuid=\"u-web\"} 1.5");
	assert_line("xenmm_domain_agent_differs{uuid=\"u-web\"} 1");
	assert_line("xenmm_domain_introspection_readable{uuid=\"u-web\"} 1");
	assert_line("xenmm_domain_introspection_cpu_seconds_total{uuid=\"u-web\"} 1.5");
	assert_line("xenmm_domain_target_changes_total{uuid=\"u-web\"} 1");
	assert_line("# TYPE xenmm_decisions_total counter");
	assert_line("xenmm_decisions_total{reason=\"grow\"} 1");
	assert_line("xenmm_decisions_total{reason=\"steady\"} 0");
	assert_line("xenmm_rounds_total 1");
	assert_line("xenmm_last_round_timestamp_seconds 1700000000.25");
	assert_line("xenmm_event_streams 2");
	assert_line("xenmm_http_requests_total{code=\"404\"} 2");
	assert_int_equal(lines_with("xenmm_decisions_total{"), MM_REASON_COUNT);
	assert_null(strstr(text, "# UNIT"));
	assert_null(strstr(text, "# EOF"));
}

static void test_open_metrics(void **state)
{
	(void)state;
	add_known();
	look();
	write_text(true);
	assert_line("# TYPE xenmm_rounds counter");
	assert_line("xenmm_rounds_total 1");
	assert_line("# TYPE xenmm_domain info");
	assert_line("# TYPE xenmm_domain_memory_need_bytes gauge");
	assert_line("# UNIT xenmm_domain_memory_need_bytes bytes");
	assert_line("# UNIT xenmm_domain_memory_pressure_ratio ratio");
	assert_line("# UNIT xenmm_round_duration_seconds seconds");
	assert_string_equal(text + strlen(text) - 7, "\n# EOF\n");
}

/* One that nobody reports for, that has no target and no bounds. */
static void test_unknown(void **state)
{
	(void)state;
	add(5, "mute", "u-mute");
	look();
	write_text(false);
	assert_line("xenmm_domain_memory_bytes{uuid=\"u-mute\"} 1024000");
	assert_int_equal(lines_with("xenmm_domain_memory_minimum_bytes"), 0);
	assert_int_equal(lines_with("xenmm_domain_memory_target_bytes"), 0);
	assert_int_equal(lines_with("xenmm_domain_memory_maximum_bytes"), 0);
	assert_int_equal(lines_with("xenmm_domain_memory_used_bytes"), 0);
	assert_int_equal(lines_with("xenmm_domain_memory_need_bytes"), 0);
	assert_int_equal(lines_with("xenmm_domain_memory_pressure_ratio"), 0);
	assert_int_equal(lines_with("xenmm_domain_agent_age_seconds"), 0);
	assert_int_equal(lines_with("xenmm_domain_agent_differs"), 0); /* nobody looks */
	assert_line("# TYPE xenmm_domain_agent_age_seconds gauge");
}

/* Before a round, and after a look that failed, zeros would be lies. */
static void test_no_round(void **state)
{
	(void)state;
	snap.host = (struct mm_host){0};
	write_text(false);
	assert_int_equal(lines_with("xenmm_host_memory_"), 1);
	assert_line("xenmm_host_memory_reserve_bytes 196608");
	assert_int_equal(lines_with("xenmm_last_round"), 0);
	assert_int_equal(lines_with("xenmm_domain_"), 0);
	assert_line("xenmm_rounds_total 0");
}

static void test_state(void **state)
{
	(void)state;
	plan.is_overcommitted = true;
	add_known();
	look();
	journal.view.is_paused = journal.view.is_dry_run = true;
	journal.timing.failed = 3;
	mm_journal_refused(&journal, 3);
	write_text(false);
	assert_line("xenmm_host_overcommitted 1");
	assert_line("xenmm_paused 1");
	assert_line("xenmm_dry_run 1");
	assert_line("xenmm_rounds_failed_total 3");
	assert_line("xenmm_targets_refused_total 1");
	assert_line("xenmm_domain_target_changes_total{uuid=\"u-web\"} 0");
}

/* Names are visible ASCII; even if they were not, no line could be made of one. */
static void test_hostile(void **state)
{
	(void)state;
	add(1, "a\"} 1", "u-1");
	add(2, "b\\", "u-2");
	add(3, "c\nxenmm_paused 1", "u-3");
	add(4, "{\"},#<'", "u\\4");
	look();
	write_text(true);
	assert_line("xenmm_domain_info{uuid=\"u-1\",name=\"a\\\"} 1\",domid=\"1\",type=\"pv\"} 1");
	assert_line("xenmm_domain_info{uuid=\"u-2\",name=\"b\\\\\",domid=\"2\",type=\"pv\"} 1");
	assert_line("xenmm_domain_info{uuid=\"u-3\",name=\"c\\nxenmm_paused "
		    "1\",domid=\"3\",type=\"pv\"} 1");
	assert_line(
		"xenmm_domain_info{uuid=\"u\\\\4\",name=\"{\\\"},#<'\",domid=\"4\",type=\"pv\"} 1");
	assert_line("xenmm_paused 0");
	assert_int_equal(lines_with("xenmm_paused"), 1);
}

/* A guest that is migrated within its host is there twice for a while. */
static void test_twins(void **state)
{
	(void)state;
	add(1, "web", "u-web")->state = MM_DOM_SAVING;
	add(2, "web--incoming", "u-web")->state = MM_DOM_BUILDING;
	add(3, "db", "u-db")->state = MM_DOM_DYING;
	add(4, "db", "u-db");
	look();
	write_text(false);
	assert_int_equal(lines_with("xenmm_domain_info"), 2);
	assert_int_equal(lines_with("xenmm_domain_memory_bytes"), 2);
	assert_line("xenmm_domain_info{uuid=\"u-web\",name=\"web\",domid=\"1\",type=\"pv\"} 1");
	assert_line("xenmm_domain_info{uuid=\"u-db\",name=\"db\",domid=\"4\",type=\"pv\"} 1");
	assert_line("xenmm_domain_target_changes_total{uuid=\"u-db\"} 0");
}

static void test_histogram(void **state)
{
	static const uint64_t us[] = {50, 100, 101, 1000000, 2500000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(us); i++) {
		mm_timing_begin(&journal.timing, 1000000);
		mm_timing_end(&journal.timing, 1000000 + us[i], false);
	}
	write_text(false);
	assert_line("# TYPE xenmm_round_duration_seconds histogram");
	assert_line("xenmm_round_duration_seconds_bucket{le=\"0.0001\"} 2");
	assert_line("xenmm_round_duration_seconds_bucket{le=\"0.00025\"} 3");
	assert_line("xenmm_round_duration_seconds_bucket{le=\"0.5\"} 3");
	assert_line("xenmm_round_duration_seconds_bucket{le=\"1.0\"} 4");
	assert_line("xenmm_round_duration_seconds_bucket{le=\"+Inf\"} 5");
	assert_line("xenmm_round_duration_seconds_sum 3.500251");
	assert_line("xenmm_round_duration_seconds_count 5");
	assert_line("xenmm_round_lag_seconds_count 0");
}

static void test_decimal(void **state)
{
	static const struct {
		uint64_t value;
		unsigned decimals;
		const char *want;
	} rows[] = {
		{0, 0, "0.0"},
		{0, 6, "0.0"},
		{1, 6, "0.000001"},
		{100000, 6, "0.1"},
		{1000000, 6, "1.0"},
		{1050, 3, "1.05"},
		{UINT64_MAX, 0, "18446744073709551615.0"},
		{UINT64_MAX, 6, "18446744073709.551615"},
	};
	char buf[MM_DECIMAL_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(
			mm_exposition_decimal(buf, rows[i].value, rows[i].decimals), rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_metrics, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_round, setup, teardown),
		cmocka_unit_test_setup_teardown(test_state, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_twins, setup, teardown),
		cmocka_unit_test_setup_teardown(test_histogram, setup, teardown),
		cmocka_unit_test(test_decimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
