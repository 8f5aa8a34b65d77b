/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guests that are looked into from outside: without an agent, beside one, and beside one that lies. */
#include "unit/test.h"

#include <string.h>

#include "harness.h"

static struct sim_run run;

static int teardown(void **state)
{
	(void)state;
	if (run.backend)
		sim_run_close(&run);
	run.backend = NULL;
	return 0;
}

#define open_scenario(file, introspection)                                                         \
	do {                                                                                       \
		sim_run_open(&run, file, 1);                                                       \
		sim_run_set(&run, "introspection", introspection);                                 \
	} while (0)

static const struct mm_domain *domain_of(const char *guest)
{
	const struct mm_domain *dom = mm_snapshot_find(&run.snap, sim_run_truth(&run, guest).domid);

	if (!dom)
		fail_msg("%s: %s is not in the snapshot", run.label, guest);
	return dom;
}

static void assert_source(const char *guest, enum mm_source source)
{
	enum mm_source is = domain_of(guest)->report.source;

	if (is != source)
		fail_msg("%s, %llu ms: %s is known from %s, not %s", run.label,
			(unsigned long long)run.snap.now_ms, guest, mm_source_name(is),
			mm_source_name(source));
}

static void assert_never_suffered(const char *guest)
{
	const struct mm_sim_guest_stats *s = sim_run_stats(&run, guest);

	if (s->swapout_pages || s->oom_kills || s->crashes)
		fail_msg("%s: %s suffered", run.label, guest);
}

static void assert_satisfied(const char *guest)
{
	struct mm_sim_truth truth = sim_run_truth(&run, guest);

	if (truth.held_kib < truth.need_kib)
		fail_msg("%s: %s holds %llu KiB, needs %llu", run.label, guest,
			(unsigned long long)truth.held_kib, (unsigned long long)truth.need_kib);
}

static void burst_without_agents(void **state)
{
	(void)state;
	open_scenario("agentless.scn", "on");
	sim_run_until(&run, 15000);
	assert_source("web", MM_SOURCE_INTROSPECTION);
	assert_source("batch", MM_SOURCE_INTROSPECTION);
	assert_string_equal(domain_of("web")->seen.state, "ok");
	assert_string_equal(domain_of("other")->seen.state, "no-btf");
	sim_run_until(&run, 40000);
	assert_satisfied("web");
	sim_run_until(&run, 110000); /* batch is another domain now */
	assert_source("batch", MM_SOURCE_INTROSPECTION);
	sim_run_to_end(&run);
	assert_never_suffered("db");
	assert_never_suffered("batch");
	assert_int_equal(sim_run_stats(&run, "web")->oom_kills, 0);
	assert_int_equal(sim_run_stats(&run, "other")->targets, 0);
	assert_int_equal(sim_run_entry(&run, "other")->reason, MM_REASON_NO_AGENT);
}

static void nobody_looks_unless_told(void **state)
{
	static const char *const guests[] = {"web", "db", "batch", "other"};

	(void)state;
	sim_run_open(&run, "agentless.scn", 1);
	sim_run_to_end(&run);
	for (size_t i = 0; i < ARRAY_SIZE(guests); i++) {
		assert_int_equal(sim_run_stats(&run, guests[i])->targets, 0);
		assert_string_equal(domain_of(guests[i])->seen.state, "");
	}
}

#define HOST "host total=1536M dom0=512M\nduration 90s\n"
#define GUESTS                                                                                     \
	"guest web memory=256M maxmem=896M use=60M cache=30M swap=512M%1$s\n"                      \
	"guest db memory=256M maxmem=896M use=70M cache=60M swap=512M%1$s\n"                       \
	"guest batch memory=256M maxmem=896M use=40M cache=20M swap=512M%1$s\n"
#define EVENTS "at 20s web use 410M over 6s\n"

static uint64_t longest_relief(const char *agents, uint64_t seed)
{
	char text[1024];
	uint64_t relief_ms;

	snprintf(text, sizeof(text), HOST GUESTS EVENTS, agents);
	sim_run_open_text(&run, *agents ? "without agents" : "with agents", text, seed);
	sim_run_set(&run, "introspection", *agents ? "on" : "off");
	sim_run_to_end(&run);
	relief_ms = sim_run_stats(&run, "web")->relief_max_ms;
	assert_int_equal(sim_run_stats(&run, "web")->oom_kills, 0);
	sim_run_close(&run);
	run.backend = NULL;
	return relief_ms;
}

/* Within twice the time that it takes with agents, and a look: what the agent says comes by itself. */
static void relief_is_near_the_agents(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		uint64_t with_ms = longest_relief("", seed);
		uint64_t seen_ms = longest_relief(" agent=none", seed);

		if (seen_ms > 2 * with_ms + MM_LOOK_QUICK_MS)
			fail_msg("seed %d: short for %d ms at most, with agents for %d", (int)seed,
				(int)seen_ms, (int)with_ms);
	}
}

/* db lies from 10 s on, until 120 s. */
static void liar_is_found_out(void **state)
{
	const struct mm_seen *seen;

	(void)state;
	open_scenario("liar.scn", "on");
	sim_run_until(&run, 9000);
	assert_false(domain_of("db")->seen.is_different);
	sim_run_until(&run, 40000);
	seen = &domain_of("db")->seen;
	assert_true(seen->is_different);
	assert_int_equal(seen->agent_avail_kib, 0);
	assert_true(seen->kernel_avail_kib > 60 * MIB);
	assert_false(domain_of("web")->seen.is_different);
	assert_source("db", MM_SOURCE_XENMM); /* the agent is believed all the same */
	sim_run_until(&run, 160000);
	assert_false(domain_of("db")->seen.is_different);
	assert_int_equal(domain_of("db")->seen.differences, 1);
	sim_run_to_end(&run);
	assert_int_equal(domain_of("web")->seen.differences, 0);
	assert_int_equal(domain_of("batch")->seen.differences, 0);
}

static void liar_gains_nothing_in_strict(void **state)
{
	uint64_t believed_kib;

	(void)state;
	open_scenario("liar.scn", "on");
	sim_run_until(&run, 100000);
	believed_kib = sim_run_truth(&run, "db").held_kib;
	sim_run_close(&run);
	open_scenario("liar.scn", "strict");
	sim_run_until(&run, 40000);
	assert_source("db", MM_SOURCE_INTROSPECTION);
	assert_source("web", MM_SOURCE_XENMM);
	sim_run_until(&run, 100000);
	assert_satisfied("web");
	assert_true(sim_run_truth(&run, "db").held_kib + 64 * MIB < believed_kib);
	sim_run_until(&run, 160000);
	assert_source("db", MM_SOURCE_XENMM);
	sim_run_to_end(&run);
	assert_never_suffered("web");
	assert_never_suffered("db");
}

/* db's agent is silent from 10 s to 120 s. */
static void silent_agent_is_replaced(void **state)
{
	(void)state;
	open_scenario("silent.scn", "agentless");
	sim_run_until(&run, 9000);
	assert_source("db", MM_SOURCE_XENMM);
	assert_string_equal(domain_of("db")->seen.state, "");
	sim_run_until(&run, 60000);
	assert_source("db", MM_SOURCE_INTROSPECTION);
	assert_string_equal(domain_of("web")->seen.state, "");
	sim_run_until(&run, 130000);
	assert_source("db", MM_SOURCE_XENMM);
	assert_string_equal(domain_of("db")->seen.state, "");
	sim_run_to_end(&run);
	assert_never_suffered("db");
}

/* A minute-old pair of numbers does not stand against what its kernel says now. */
static void kernel_before_xenserver(void **state)
{
	(void)state;
	open_scenario("xenserver.scn", "on");
	sim_run_until(&run, 100000);
	assert_source("web", MM_SOURCE_INTROSPECTION);
	assert_false(domain_of("web")->seen.is_different);
	sim_run_to_end(&run);
	assert_int_equal(sim_run_stats(&run, "web")->oom_kills, 0);
}

/* Guests that boot, hold pages to be populated on demand, are saved, restored and go: nothing is seen of them meanwhile. */
static void states_that_are_not_looked_at(void **state)
{
	static const char *const files[] = {
		"pvh-boot.scn", "save-restore.scn", "come-and-go.scn", "stuck.scn"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		open_scenario(files[i], "on");
		while (!run.is_over) {
			sim_run_round(&run);
			for (size_t k = 0; k < run.snap.count && !run.is_over; k++) {
				const struct mm_domain *dom = &run.snap.domains[k];

				if ((dom->state != MM_DOM_RUNNING || dom->pod_kib) &&
					!strcmp(dom->seen.state, "ok"))
					fail_msg("%s: domain %u is seen", files[i], dom->domid);
			}
		}
		sim_run_close(&run);
		run.backend = NULL;
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(burst_without_agents),
		TEST(nobody_looks_unless_told),
		TEST(relief_is_near_the_agents),
		TEST(liar_is_found_out),
		TEST(liar_gains_nothing_in_strict),
		TEST(silent_agent_is_replaced),
		TEST(kernel_before_xenserver),
		TEST(states_that_are_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
