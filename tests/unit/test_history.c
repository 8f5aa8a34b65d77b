/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "progress.h"
#include "unit/world.h"

/* A snapshot of the domains in `ids`, a character each: its letter is the uuid, its place in a..z the domid. */
static void fill(struct mm_snapshot *snap, const char *ids)
{
	mm_snapshot_clear(snap);
	for (; *ids; ids++) {
		struct mm_domain *dom;

		assert_int_equal(mm_snapshot_add(snap, &dom), 0);
		/* Capital letters: the same domid, another uuid. */
		dom->domid = (uint32_t)((*ids | 0x20) - 'a' + 1);
		snprintf(dom->uuid, sizeof(dom->uuid), "uuid-%c", *ids);
	}
	mm_snapshot_sort(snap);
}

static void check(const struct mm_history *hist, const struct mm_snapshot *snap, const char *marked,
	const char *name)
{
	assert_int_equal(hist->count, snap->count);
	for (size_t i = 0; i < hist->count; i++) {
		const struct mm_track *track = &hist->tracks[i];
		char letter = track->uuid[5];

		if (track->domid != snap->domains[i].domid ||
			strcmp(track->uuid, snap->domains[i].uuid))
			fail_msg("%s: track %zu is not of its domain", name, i);
		if (mm_history_find(hist, track->domid) != track)
			fail_msg("%s: track %zu is not found", name, i);
		/* first_ms carries a mark: tracks that lived on keep it, new ones have none. */
		if (track->first_ms != (strchr(marked, letter) ? (uint64_t)letter : 0))
			fail_msg("%s: track %c has the wrong past", name, letter);
	}
}

static void test_match(void **state)
{
	static const struct {
		const char *name, *before, *after, *kept;
	} cases[] = {
		{"nothing", "", "", ""},
		{"the first", "", "m", ""},
		{"the last goes", "m", "", ""},
		{"one in front", "m", "am", "m"},
		{"one behind", "m", "mz", "m"},
		{"one between", "az", "amz", "az"},
		{"all but the middle go", "amz", "m", "m"},
		{"all go, others come", "bdf", "ace", ""},
		{"alternately", "bdf", "abcdefg", "bdf"},
		{"id reused by another uuid", "am", "aM", "a"},
		{"all ids reused", "amz", "AMZ", ""},
		{"one goes, one comes, one is reused", "abcd", "aCdz", "ad"},
		{"more than it had room for", "m", "abcdefghijklmnopqrstuvwxyz", "m"},
		{"many to few", "abcdefghijklmnopqrstuvwxyz", "cx", "cx"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mm_snapshot snap = {0};
		struct mm_history hist = {0};

		fill(&snap, cases[i].before);
		assert_int_equal(mm_history_match(&hist, &snap), 0);
		for (size_t k = 0; k < hist.count; k++)
			hist.tracks[k].first_ms = (uint64_t)hist.tracks[k].uuid[5];
		fill(&snap, cases[i].after);
		assert_int_equal(mm_history_match(&hist, &snap), 0);
		check(&hist, &snap, cases[i].kept, cases[i].name);
		mm_history_free(&hist);
		mm_snapshot_free(&snap);
	}
}

static void test_find(void **state)
{
	struct mm_snapshot snap = {0};
	struct mm_history hist = {0};

	(void)state;
	assert_null(mm_history_find(&hist, 1));
	fill(&snap, "bdf");
	assert_int_equal(mm_history_match(&hist, &snap), 0);
	assert_null(mm_history_find(&hist, 1));
	assert_null(mm_history_find(&hist, 3));
	assert_null(mm_history_find(&hist, UINT32_MAX));
	assert_non_null(mm_history_find(&hist, 6));
	mm_history_free(&hist);
	assert_int_equal(hist.count, 0);
	mm_history_free(&hist);
	mm_snapshot_free(&snap);
}

/* Random comings and goings against a plain list. */
static void test_random_populations(void **state)
{
	uint64_t random = random_seed(3);
	struct mm_snapshot snap = {0};
	struct mm_history hist = {0};
	char marked[32] = "";

	(void)state;
	for (int n = 0; n < 2000; n++) {
		char ids[32] = "";
		char kept[32] = "";
		size_t len = 0;
		size_t kept_len = 0;

		for (char c = 'a'; c <= 'z'; c++) {
			char id = random_below(&random, 4) ? c : (char)(c - 0x20);

			if (random_below(&random, 2))
				continue;
			ids[len++] = id;
			if (strchr(marked, id))
				kept[kept_len++] = id;
		}
		fill(&snap, ids);
		assert_int_equal(mm_history_match(&hist, &snap), 0);
		check(&hist, &snap, kept, ids);
		for (size_t k = 0; k < hist.count; k++)
			hist.tracks[k].first_ms = (uint64_t)hist.tracks[k].uuid[5];
		memcpy(marked, ids, sizeof(marked));
	}
	mm_history_free(&hist);
	mm_snapshot_free(&snap);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(mm_progress_name(MM_PROGRESS_SETTLED), "settled");
	assert_string_equal(mm_progress_name(MM_PROGRESS_MOVING), "moving");
	assert_string_equal(mm_progress_name(MM_PROGRESS_LAGGING), "lagging");
	assert_string_equal(mm_progress_name(MM_PROGRESS_STUCK), "stuck");
	assert_string_equal(mm_progress_name(MM_PROGRESS_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_random_populations),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
