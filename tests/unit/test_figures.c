/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <string.h>

#include "compare.h"
#include "recorded.h"

static void test_percentiles(void **state)
{
	struct mm_reliefs r = {0};

	(void)state;
	assert_int_equal(mm_reliefs_percentile(&r, 50), 0);
	assert_int_equal(mm_reliefs_add(&r, 70), 0);
	assert_int_equal(mm_reliefs_percentile(&r, 0), 70);
	assert_int_equal(mm_reliefs_percentile(&r, 99), 70);
	mm_reliefs_free(&r);
	for (uint64_t i = 200; i > 0; i--)
		assert_int_equal(mm_reliefs_add(&r, i), 0);
	assert_int_equal(mm_reliefs_percentile(&r, 50), 100);
	assert_int_equal(mm_reliefs_percentile(&r, 99), 198);
	assert_int_equal(mm_reliefs_percentile(&r, 100), 200);
	assert_int_equal(mm_reliefs_percentile(&r, 1000), 200);
	mm_reliefs_free(&r);
}

static void test_unmet_share(void **state)
{
	struct mm_figures f = {0};

	(void)state;
	assert_int_equal(mm_figures_unmet_ppm(&f), 0);
	f.need_kib_ms = UINT64_C(1) << 60;
	f.unmet_kib_ms = f.need_kib_ms / 4;
	assert_int_equal(mm_figures_unmet_ppm(&f), 250000);
}

/* ---- what is to be tried --------------------------------------------------------------------- */

static void test_trials(void **state)
{
	struct mm_config base;
	struct mm_trial trial;
	char err[256] = "";

	(void)state;
	mm_config_init(&base);
	base.is_tax_auto = true;
	assert_int_equal(mm_trial_parse("tax", &base, &trial, err, sizeof(err)), 0);
	assert_true(trial.cfg.policy == MM_POLICY_TAX && trial.cfg.is_tax_auto);
	assert_int_equal(
		mm_trial_parse("tax,tax-rate=0.5,budget=768M", &base, &trial, err, sizeof(err)), 0);
	assert_false(trial.cfg.is_tax_auto);
	assert_int_equal(trial.cfg.tax_ppm, 500000);
	assert_int_equal(trial.cfg.budget_kib, 768 * 1024);
	assert_string_equal(trial.label, "tax,tax-rate=0.5,budget=768M");
}

static void test_wrong_trials(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{"", "policy"},
		{",", "policy"},
		{"taxes", "'taxes'"},
		{"tax,", NULL},
		{"tax,budget", "'budget' is not SETTING=VALUE"},
		{"tax,=5", "'=5' is not SETTING=VALUE"},
		{"tax,budget=x", "'x'"},
		{"tax,nonsense=1", "nonsense"},
		{"tax,policy=need", "--policy"},
		{"tax,min=2G,max=1G", "min"},
	};
	struct mm_config base;
	struct mm_trial trial;

	(void)state;
	mm_config_init(&base);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char err[256] = "";
		int r = mm_trial_parse(cases[i].text, &base, &trial, err, sizeof(err));

		if (!cases[i].says) {
			assert_int_equal(r, 0); /* nothing behind the comma is no setting */
			continue;
		}
		if (r != -EINVAL || !strstr(err, cases[i].says))
			fail_msg("\"%s\": %d, \"%s\"", cases[i].text, r, err);
	}
}

/* ---- traces ---------------------------------------------------------------------------------- */

#define HEAD                                                                                       \
	"xenmm-trace 2\nC budget 768M\nC free auto\nC equal no\nC tax-rate AUTO\nC policy tax\n"   \
	"C min 64M\nC max auto\nC reserve 100M\nC interval 2s\n"
#define WEB "D 3 8c5c906b-1aeb-45f8-ae12-5d006cd3d6af pv running 262144 262144 917504 0 "
#define DB  "D 4 71c18690-ee42-490b-a71b-54d8d101b5b9 pv running 131072 131072 524288 0 "

static struct mm_scenario turn(const char *text, struct mm_config *cfg)
{
	struct mm_scenario s;
	char err[256] = "";

	if (mm_recorded_scenario(text, strlen(text), &s, cfg, err, sizeof(err)) < 0)
		fail_msg("%s", err);
	return s;
}

static void test_a_recorded_guest(void **state)
{
	struct mm_config cfg;
	struct mm_scenario s = turn(HEAD
		"T 5000 2097152 1048576 0 0\n" WEB "5000 xenmm web\n"
		"R 1 seq=1 up=83250 tot=196608 free=51200 avail=120000 cur=262144 mov=0 swt=40960 "
		"swf=40960\n.\n"
		"T 7000 2097152 1048576 0 0\n" WEB "6900 xenmm web\n"
		"R 1 seq=2 up=85250 tot=196608 free=20000 avail=30000 cur=262144 mov=0 swt=40960 "
		"swf=20480\n" DB "7000 xenmm db\nR 1 seq=1 up=9 tot=100000 free=50000 avail=60000 "
		"cur=131072 mov=0\n.\n"
		"T 9000 2097152 1048576 0 0\n" DB "7000 xenmm db\nR 1 seq=1 up=9 tot=100000 "
		"free=50000 avail=60000 cur=131072 mov=0\n.\n",
		&cfg);
	const struct mm_scn_guest *web = &s.guests[0];

	(void)state;
	assert_int_equal(cfg.budget_kib, 768 * 1024);
	assert_int_equal(s.total_kib, 2097152);
	assert_int_equal(s.dom0_kib, 2097152 - 1048576 - 262144);
	assert_int_equal(s.duration_ms, 4000 + 2000);
	assert_int_equal(s.guest_count, 2);
	assert_string_equal(web->name, "web");
	assert_true(web->is_at_start && !s.guests[1].is_at_start);
	assert_int_equal(web->memory_kib, 262144);
	assert_int_equal(web->maxmem_kib, 917504);
	assert_int_equal(web->kernel_kib, 262144 - 196608);
	assert_int_equal(web->swap_kib, 40960);
	assert_int_equal(web->cache_kib, 120000 - 51200);
	/* 262144 - 120000 less the kernel's part, less 6 roots of that. */
	assert_int_equal(web->use_kib, 76608 - 6 * 276);

	/* In the order of time: web grows, its cache shrinks, db is created, web goes. */
	assert_int_equal(s.event_count, 4);
	assert_int_equal(s.events[0].action, MM_SCN_USE);
	assert_int_equal(s.events[0].at_ms, 900);
	assert_int_equal(s.events[0].span_ms, 1000);
	assert_int_equal(s.events[0].value_kib, 187088 - 6 * 432); /* swapped: 20480 */
	assert_int_equal(s.events[1].action, MM_SCN_CACHE);
	assert_int_equal(s.events[1].value_kib, 10000);
	assert_int_equal(s.events[2].action, MM_SCN_CREATE);
	assert_int_equal(s.events[2].guest, 1);
	assert_int_equal(s.events[3].action, MM_SCN_DESTROY);
	assert_int_equal(s.events[3].at_ms, 4000);
	mm_scenario_free(&s);
}

static void test_two_guests_of_one_name(void **state)
{
	struct mm_config cfg;
	struct mm_scenario s =
		turn(HEAD "T 5000 2097152 1048576 0 0\n" WEB "0 none same\n" DB "0 none same\n.\n",
			&cfg);

	(void)state;
	assert_string_equal(s.guests[0].name, "same");
	assert_string_equal(s.guests[1].name, "same#1");
	assert_int_equal(s.guests[0].agent, MM_SCN_AGENT_NONE);
	mm_scenario_free(&s);
}

static void test_wrong_traces(void **state)
{
	static const char *const texts[] = {
		"xenmm-trace 9\n",
		HEAD,
		HEAD "T 5000 2097152 1048576 0 0\n.\n",
		HEAD "T 5000 2097152 1048576 0 0\nnonsense\n.\n",
		"xenmm-trace ",
	};
	struct mm_scenario s;
	struct mm_config cfg;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char err[256] = "";

		assert_true(mm_is_trace(texts[i], strlen(texts[i])));
		assert_int_equal(mm_recorded_scenario(
					 texts[i], strlen(texts[i]), &s, &cfg, err, sizeof(err)),
			-EINVAL);
		assert_true(err[0] != '\0');
	}
	assert_false(mm_is_trace("host total=1G", 13));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_unmet_share),
		cmocka_unit_test(test_trials),
		cmocka_unit_test(test_wrong_trials),
		cmocka_unit_test(test_a_recorded_guest),
		cmocka_unit_test(test_two_guests_of_one_name),
		cmocka_unit_test(test_wrong_traces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
