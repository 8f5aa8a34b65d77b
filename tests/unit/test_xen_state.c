/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state the Xen back end gives a domain. */
#include "unit/test.h"

#include "backend/xen/state.h"

static const struct {
	const char *what;
	struct mm_dom_facts facts;
	enum mm_dom_state state;
} rows[] = {
	{"runs", {.has_run = true, .has_target = true}, MM_DOM_RUNNING},
	{"has not run yet, but may", {.has_target = true}, MM_DOM_RUNNING},
	{"paused while it ran", {.has_run = true, .is_paused = true, .has_target = true},
		MM_DOM_PAUSED},
	{"made, not started", {.is_paused = true, .has_target = true}, MM_DOM_BUILDING},
	{"no target yet", {.has_run = true}, MM_DOM_BUILDING},
	{"target taken away", {.has_run = true, .had_target = true, .is_paused = true},
		MM_DOM_DYING},
	{"being received", {.has_run = true, .has_target = true, .is_incoming = true},
		MM_DOM_BUILDING},
	{"being read in", {.is_paused = true, .has_target = true, .is_restored = true},
		MM_DOM_BUILDING},
	{"being copied out", {.has_run = true, .has_target = true, .is_saved = true},
		MM_DOM_SAVING},
	{"asked to suspend", {.has_run = true, .has_target = true, .is_suspend_due = true},
		MM_DOM_SAVING},
	{"suspended",
		{.has_run = true, .has_target = true, .is_shutdown = true, .is_suspended = true},
		MM_DOM_SAVING},
	{"migrated away", {.has_run = true, .has_target = true, .is_paused = true, .is_away = true},
		MM_DOM_SAVING},
	{"powered off", {.has_run = true, .has_target = true, .is_shutdown = true}, MM_DOM_DYING},
	{"destroyed while saved",
		{.has_run = true,
			.has_target = true,
			.is_dying = true,
			.is_shutdown = true,
			.is_suspended = true,
			.is_saved = true},
		MM_DOM_DYING},
};

static void test_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (mm_dom_state_of(&rows[i].facts) != rows[i].state)
			fail_msg("%s: %s, not %s", rows[i].what,
				mm_dom_state_name(mm_dom_state_of(&rows[i].facts)),
				mm_dom_state_name(rows[i].state));
}

static void test_names(void **state)
{
	(void)state;
	assert_true(mm_name_is_incoming("web--incoming"));
	assert_true(mm_name_is_away("web--migratedaway"));
	assert_false(mm_name_is_incoming("web"));
	assert_false(mm_name_is_incoming("--incoming")); /* a name, if an odd one */
	assert_false(mm_name_is_away("web--migratedaway2"));
	assert_false(mm_name_is_away(""));
}

/* A guest that keeps writing "suspend" to be left alone wins ten seconds in sixty. */
static void test_suspend_is_believed_for_a_while(void **state)
{
	struct mm_suspend suspend = {0};
	unsigned int believed = 0;

	(void)state;
	assert_false(mm_suspend_is_due(&suspend, 5000));
	for (uint64_t ms = 1000; ms < 601000; ms += 1000) {
		mm_suspend_asked(&suspend, ms);
		believed += mm_suspend_is_due(&suspend, ms);
	}
	assert_int_equal(believed, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_suspend_is_believed_for_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
