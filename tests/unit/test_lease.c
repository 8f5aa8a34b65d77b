/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/lease.h"
#include "xenmm/units.h"

#define MIB(n) ((uint64_t)(n)*MM_KIB_PER_MIB)

struct bench {
	struct mm_leases leases;
	struct mm_snapshot snap;
	struct mm_plan plan;
	struct mm_plan_entry entries[8];
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	*state = b;
	if (!b)
		return -1;
	b->snap.now_ms = 1000;
	b->plan.entries = b->entries;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	mm_leases_clear(&b->leases);
	mm_snapshot_free(&b->snap);
	free(b);
	return 0;
}

/* Valid until the next one is added. */
static struct mm_domain *add_domain(
	struct bench *b, uint32_t domid, const char *name, enum mm_dom_state state)
{
	struct mm_domain *dom;

	assert_int_equal(mm_snapshot_add(&b->snap, &dom), 0);
	dom->domid = domid;
	dom->state = state;
	strcpy(dom->name, name);
	snprintf(dom->uuid, sizeof(dom->uuid), "%08u-0000-0000-0000-000000000000", domid);
	mm_snapshot_sort(&b->snap);
	return dom;
}

static struct mm_domain *domain(struct bench *b, uint32_t domid)
{
	for (size_t i = 0; i < b->snap.count; i++)
		if (b->snap.domains[i].domid == domid)
			return &b->snap.domains[i];
	fail_msg("no domain %u", domid);
	return NULL;
}

static void remove_domain(struct bench *b, uint32_t domid)
{
	size_t i = (size_t)(domain(b, domid) - b->snap.domains);

	b->snap.count--;
	memmove(&b->snap.domains[i], &b->snap.domains[i + 1],
		(b->snap.count - i) * sizeof(b->snap.domains[0]));
}

static uint32_t add_lease(struct bench *b, uint64_t kib, const char *name)
{
	uint32_t id = 0;

	assert_int_equal(mm_lease_add(&b->leases, kib, name, MM_LEASE_NEVER, &id), 0);
	assert_int_not_equal(id, 0);
	return id;
}

/* A round in which the host has that much to spare. Returns what is reserved. */
static uint64_t look(struct bench *b, uint64_t spare_kib)
{
	mm_lease_update(&b->leases, &b->snap);
	b->plan.spare_kib = spare_kib;
	mm_lease_grant(&b->leases, &b->snap, &b->plan);
	return b->snap.host.reserved_kib;
}

/* A guest that could give that much. */
static void have_donor(struct bench *b, uint64_t kib)
{
	b->plan.count = 1;
	b->entries[0] = (struct mm_plan_entry){.is_balanced = true, .current_kib = kib};
}

static const struct mm_lease *lease(struct bench *b, uint32_t id)
{
	const struct mm_lease *found = mm_lease_find(&b->leases, id);

	if (!found)
		fail_msg("lease %u is gone", id);
	return found;
}

static void test_add_and_release(void **state)
{
	struct bench *b = *state;
	uint32_t id, first = add_lease(b, MIB(1), NULL);

	assert_int_equal(mm_lease_add(&b->leases, 0, NULL, 1, &id), -EINVAL);
	for (size_t i = 1; i < MM_LEASE_MAX; i++)
		(void)add_lease(b, MIB(1), "x");
	assert_int_equal(mm_lease_add(&b->leases, 1, NULL, 1, &id), -ENOSPC);
	assert_int_equal(mm_lease_release(&b->leases, first), 0);
	assert_int_equal(mm_lease_release(&b->leases, first), -ENOENT);
	assert_null(mm_lease_find(&b->leases, first));
	/* an id does not come again */
	assert_int_equal(add_lease(b, MIB(1), NULL), MM_LEASE_MAX + 1);
	mm_leases_clear(&b->leases);
	assert_int_equal(add_lease(b, MIB(1), NULL), MM_LEASE_MAX + 2);
}

/* The oldest first, and a small one does not overtake a large one that waits. */
static void test_grant_in_order(void **state)
{
	struct bench *b = *state;
	uint32_t first = add_lease(b, MIB(100), NULL);
	uint32_t second = add_lease(b, MIB(500), NULL);
	uint32_t third = add_lease(b, MIB(10), NULL);

	have_donor(b, MIB(600));
	assert_int_equal(look(b, MIB(99)), MIB(610));
	assert_false(lease(b, first)->is_granted);
	(void)look(b, MIB(300));
	assert_true(lease(b, first)->is_granted);
	assert_false(lease(b, second)->is_granted);
	assert_false(lease(b, third)->is_granted);
	assert_int_equal(mm_lease_ahead(&b->leases, second), MIB(100));
	assert_int_equal(mm_lease_ahead(&b->leases, 0), MIB(610));
	/* what was granted stays granted, and comes first */
	(void)look(b, MIB(50));
	assert_true(lease(b, first)->is_granted);
	(void)look(b, MIB(610));
	assert_true(lease(b, third)->is_granted);
}

/* What could not be had anyway is taken from nobody, and keeps nobody waiting. */
static void test_hopeless(void **state)
{
	struct bench *b = *state;
	uint32_t large = add_lease(b, MIB(750), NULL);
	uint32_t small = add_lease(b, MIB(100), NULL);

	have_donor(b, MIB(600));
	b->plan.spare_kib = MIB(50);
	mm_lease_weigh(&b->leases, &b->snap, &b->plan);
	assert_int_equal(look(b, MIB(50)), MIB(100));
	assert_int_equal(mm_lease_ahead(&b->leases, small), 0);
	assert_int_equal(look(b, MIB(100)), MIB(100));
	assert_true(lease(b, small)->is_granted);
	assert_true(lease(b, large)->is_hopeless);
	/* 600 of the guest and what is there beyond the small one: now it can be waited for */
	assert_int_equal(look(b, MIB(249)), MIB(100));
	assert_int_equal(look(b, MIB(250)), MIB(100));
	assert_int_equal(look(b, MIB(250)), MIB(850));
	assert_false(lease(b, large)->is_granted);
	(void)look(b, MIB(850));
	assert_true(lease(b, large)->is_granted);
	/* what was granted is kept, whatever happens */
	have_donor(b, 0);
	assert_int_equal(look(b, MIB(10)), MIB(850));
	assert_int_equal(look(b, MIB(10)), MIB(850));
}

static void test_expiry(void **state)
{
	struct bench *b = *state;
	uint32_t id = add_lease(b, MIB(100), NULL);

	assert_int_equal(mm_lease_extend(&b->leases, id, 5000), 0);
	assert_int_equal(mm_lease_extend(&b->leases, id + 1, 5000), -ENOENT);
	b->snap.now_ms = 4999;
	assert_int_equal(look(b, 0), MIB(100));
	b->snap.now_ms = 5000;
	assert_int_equal(look(b, 0), 0);
	assert_null(mm_lease_find(&b->leases, id));
}

/* The next guest: not one that was there before, nor one that was being built already. */
static void test_next_guest(void **state)
{
	struct bench *b = *state;
	uint32_t id;

	add_domain(b, 1, "old", MM_DOM_RUNNING);
	add_domain(b, 2, "underway", MM_DOM_BUILDING);
	id = add_lease(b, MIB(512), NULL);
	(void)look(b, MIB(600));
	assert_true(lease(b, id)->is_granted);
	assert_int_equal(look(b, MIB(600)), MIB(512));
	assert_int_equal(lease(b, id)->domid, 0);

	/* It takes over as it is filled; what is claimed for it counts as taken. */
	add_domain(b, 7, "new", MM_DOM_BUILDING);
	assert_int_equal(look(b, MIB(600)), MIB(512));
	assert_int_equal(lease(b, id)->domid, 7);
	domain(b, 7)->current_kib = MIB(100);
	assert_int_equal(look(b, MIB(500)), MIB(412));
	domain(b, 7)->claim_kib = MIB(400);
	assert_int_equal(look(b, MIB(100)), MIB(12));
	domain(b, 7)->claim_kib = 0;
	domain(b, 7)->target_kib = MIB(512);
	assert_int_equal(look(b, MIB(100)), 0);
	assert_non_null(mm_lease_find(&b->leases, id));

	/* What is left over when it runs ends the lease. */
	domain(b, 7)->state = MM_DOM_RUNNING;
	assert_int_equal(look(b, MIB(100)), 0);
	assert_null(mm_lease_find(&b->leases, id));
}

/* While somebody waits for memory, a guest that another starts does not use it up. */
static void test_waiting_lease_stays(void **state)
{
	struct bench *b = *state;
	uint32_t id = add_lease(b, MIB(512), NULL);

	have_donor(b, MIB(600));
	(void)look(b, MIB(100));
	add_domain(b, 3, "stranger", MM_DOM_BUILDING);
	assert_int_equal(look(b, MIB(600)), MIB(512));
	assert_int_equal(lease(b, id)->domid, 0);
	(void)look(b, MIB(600));
	assert_int_equal(lease(b, id)->domid, 0); /* and not later either: it began before */
}

/* A guest that reboots has another domid, and is none that starts. */
static void test_reboot_takes_no_lease(void **state)
{
	struct bench *b = *state;
	struct mm_domain *dom;
	uint32_t id;

	add_domain(b, 3, "old", MM_DOM_RUNNING);
	(void)look(b, MIB(600));
	id = add_lease(b, MIB(512), NULL);
	(void)look(b, MIB(600));
	assert_true(lease(b, id)->is_granted);
	mm_snapshot_clear(&b->snap);
	(void)look(b, MIB(600));
	dom = add_domain(b, 4, "old", MM_DOM_BUILDING);
	strcpy(dom->uuid, "00000003-0000-0000-0000-000000000000");
	(void)look(b, MIB(600));
	assert_int_equal(lease(b, id)->domid, 0);
	add_domain(b, 5, "new", MM_DOM_BUILDING);
	(void)look(b, MIB(600));
	assert_int_equal(lease(b, id)->domid, 5);
}

static void test_named(void **state)
{
	struct bench *b = *state;
	uint32_t any = add_lease(b, MIB(100), NULL);
	uint32_t named = add_lease(b, MIB(200), "web");

	(void)look(b, MIB(900));
	add_domain(b, 4, "web", MM_DOM_BUILDING);
	(void)look(b, MIB(900));
	assert_int_equal(lease(b, named)->domid, 4);
	assert_int_equal(lease(b, any)->domid, 0);
	add_domain(b, 5, "db", MM_DOM_BUILDING);
	(void)look(b, MIB(900));
	assert_int_equal(lease(b, any)->domid, 5);

	/* An older one of that name that runs is not meant; one that is being built is. */
	add_domain(b, 6, "old", MM_DOM_RUNNING);
	add_domain(b, 8, "restored", MM_DOM_BUILDING);
	(void)look(b, MIB(900));
	any = add_lease(b, MIB(10), "old");
	named = add_lease(b, MIB(10), "restored");
	(void)look(b, MIB(900));
	(void)look(b, MIB(900));
	assert_int_equal(lease(b, any)->domid, 0);
	assert_int_equal(lease(b, named)->domid, 8);
}

/* A guest that is up before anybody looked has used its lease all the same. */
static void test_quick_guest(void **state)
{
	struct bench *b = *state;
	uint32_t id = add_lease(b, MIB(100), NULL);

	(void)look(b, MIB(900));
	add_domain(b, 4, "quick", MM_DOM_RUNNING);
	assert_int_equal(look(b, MIB(900)), 0);
	assert_null(mm_lease_find(&b->leases, id));
}

/* A guest that could not be built gives its lease back, for another try. */
static void test_failed_start(void **state)
{
	struct bench *b = *state;
	uint32_t id = add_lease(b, MIB(100), "web");

	(void)look(b, MIB(900));
	add_domain(b, 4, "web", MM_DOM_BUILDING)->current_kib = MIB(60);
	assert_int_equal(look(b, MIB(900)), MIB(40));
	domain(b, 4)->state = MM_DOM_DYING;
	assert_int_equal(look(b, MIB(900)), MIB(100));
	assert_int_equal(lease(b, id)->domid, 0);
	remove_domain(b, 4);
	add_domain(b, 5, "web", MM_DOM_BUILDING);
	(void)look(b, MIB(900));
	assert_int_equal(lease(b, id)->domid, 5);
	/* the same id with another uuid is another domain */
	strcpy(domain(b, 5)->uuid, "another");
	domain(b, 5)->state = MM_DOM_PAUSED;
	domain(b, 5)->name[0] = 'x';
	assert_int_equal(look(b, MIB(900)), MIB(100));
	assert_int_equal(lease(b, id)->domid, 0);
}

/* One guest uses one lease. */
static void test_one_each(void **state)
{
	struct bench *b = *state;
	uint32_t first = add_lease(b, MIB(100), NULL), second = add_lease(b, MIB(100), NULL);

	(void)look(b, MIB(900));
	add_domain(b, 4, "a", MM_DOM_BUILDING);
	(void)look(b, MIB(900));
	(void)look(b, MIB(900));
	assert_int_equal(lease(b, first)->domid, 4);
	assert_int_equal(lease(b, second)->domid, 0);
	add_domain(b, 5, "b", MM_DOM_BUILDING);
	(void)look(b, MIB(900));
	assert_int_equal(lease(b, second)->domid, 5);
}

static void add_entry(struct bench *b, uint32_t domid, uint64_t held, uint64_t need, uint64_t min)
{
	struct mm_plan_entry *entry = &b->entries[b->plan.count++];

	add_domain(b, domid, "x", MM_DOM_RUNNING)->current_kib = held;
	*entry = (struct mm_plan_entry){
		.domid = domid,
		.is_balanced = true,
		.current_kib = held,
		.need = {.hard_kib = need / 2, .warm_kib = need / 4, .headroom_kib = need / 4},
		.min_kib = min,
	};
}

static void test_offer(void **state)
{
	struct bench *b = *state;
	struct mm_donor donors[2];
	struct mm_offer offer;

	add_entry(b, 1, MIB(300), MIB(200), MIB(64));  /* gives 100 */
	add_entry(b, 2, MIB(600), MIB(200), MIB(64));  /* gives 400 */
	add_entry(b, 3, MIB(300), MIB(100), MIB(150)); /* gives 150: its minimum */
	add_entry(b, 4, MIB(100), MIB(200), MIB(64));  /* nothing */
	add_entry(b, 5, MIB(900), MIB(100), MIB(64));  /* nothing: not balanced */
	b->entries[4].is_balanced = false;
	add_entry(b, 6, MIB(50), 0, 0); /* dying: all of it */
	b->entries[5].is_balanced = false;
	domain(b, 6)->state = MM_DOM_DYING;
	b->plan.spare_kib = MIB(120);

	mm_lease_offer(&b->snap, &b->plan, 0, MIB(100), donors, 2, &offer);
	assert_int_equal(offer.now_kib, MIB(100));
	assert_int_equal(offer.eta_ms, 0);
	assert_int_equal(offer.possible_kib, MIB(820));
	assert_int_equal(offer.donor_count, 2);
	assert_int_equal(donors[0].domid, 2);
	assert_int_equal(donors[0].kib, MIB(400));
	assert_int_equal(donors[1].domid, 3);
	assert_int_equal(donors[1].kib, MIB(150));

	/* 120 are there and 50 come; three guests give 100 MiB/s each: 430 - 170 = 260 take 0.867 s */
	mm_lease_offer(&b->snap, &b->plan, 0, MIB(430), donors, 2, &offer);
	assert_int_equal(offer.now_kib, MIB(120));
	assert_int_equal(offer.eta_ms, 867);

	/* others come first */
	mm_lease_offer(&b->snap, &b->plan, MIB(100), MIB(430), donors, 2, &offer);
	assert_int_equal(offer.now_kib, MIB(20));
	assert_int_equal(offer.possible_kib, MIB(720));
	assert_int_equal(offer.eta_ms, 1300); /* 100 each in a second, then two of them 30 more */

	mm_lease_offer(&b->snap, &b->plan, 0, MIB(821), donors, 0, &offer);
	assert_true(offer.eta_ms == UINT64_MAX);
	assert_int_equal(offer.donor_count, 0);
}

/* With all guests gone; below the reserve there is nothing. */
static void test_limit(void **state)
{
	struct bench *b = *state;

	b->snap.host.free_kib = MIB(300);
	add_domain(b, 1, "web", MM_DOM_RUNNING)->current_kib = MIB(500);
	add_domain(b, 2, "old", MM_DOM_PAUSED)->current_kib = MIB(100);
	assert_int_equal(mm_lease_limit(&b->snap, MIB(192)), MIB(708));
	assert_int_equal(mm_lease_limit(&b->snap, MIB(900)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_add_and_release, setup, teardown),
		cmocka_unit_test_setup_teardown(test_grant_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hopeless, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_next_guest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting_lease_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_named, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reboot_takes_no_lease, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quick_guest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_each, setup, teardown),
		cmocka_unit_test_setup_teardown(test_offer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
