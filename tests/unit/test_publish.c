/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The publisher against a store of the test's own, which stands in for client/store.c at link time. */
#include "unit/test.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "publish.h"
#include "store.h"

/* ---- a store with troubles, and a log that counts ----------------------------------------------------- */

#define EVENTS_MAX  8
#define WATCHES_MAX 4

static struct {
	int open_error;
	int record_error; /* what a write of the record gives */
	int seed_error;	  /* what a write of memory/free or memory/tot gives */
	int watch_error;
	int event_error; /* what comes behind the events; -EAGAIN when all is well */
	bool is_open;
	unsigned int opens;
	unsigned int record_writes;
	unsigned int seed_writes; /* tries, also those that failed */
	char record[MM_RECORD_MAX];
	char free[32];
	char tot[32];
	char watches[WATCHES_MAX][32];
	const char *events[EVENTS_MAX];
	unsigned int log_lines;
	char log[512];
} fake;

struct mm_store {
	int unused;
};

static struct mm_store the_store;

int mm_store_open(struct mm_store **ret_store)
{
	fake.opens++;
	if (fake.open_error)
		return fake.open_error;
	fake.is_open = true;
	*ret_store = &the_store;
	return 0;
}

void mm_store_close(struct mm_store *store)
{
	if (!store)
		return;
	assert_true(fake.is_open);
	fake.is_open = false;
	memset(fake.watches, 0, sizeof(fake.watches));
}

int mm_store_write(struct mm_store *store, const char *key, const char *value, size_t len)
{
	char *kept = strcmp(key, MM_KEY_FREE) == 0 ? fake.free : fake.tot;

	assert_ptr_equal(store, &the_store);
	if (strcmp(key, MM_KEY_RECORD) == 0) {
		if (fake.record_error)
			return fake.record_error;
		fake.record_writes++;
		(void)snprintf(fake.record, sizeof(fake.record), "%.*s", (int)len, value);
		return 0;
	}
	fake.seed_writes++;
	if (fake.seed_error)
		return fake.seed_error;
	(void)snprintf(kept, sizeof(fake.free), "%.*s", (int)len, value);
	return 0;
}

static char *find_watch(const char *key)
{
	for (size_t i = 0; i < WATCHES_MAX; i++) {
		if (strcmp(fake.watches[i], key) == 0)
			return fake.watches[i];
	}
	return NULL;
}

int mm_store_watch(struct mm_store *store, const char *key)
{
	char *slot = find_watch("");

	(void)store;
	if (fake.watch_error)
		return fake.watch_error;
	assert_non_null(slot);
	assert_null(find_watch(key));
	(void)snprintf(slot, sizeof(fake.watches[0]), "%s", key);
	return 0;
}

int mm_store_unwatch(struct mm_store *store, const char *key)
{
	char *slot = find_watch(key);

	(void)store;
	if (!slot)
		return -ENOENT;
	slot[0] = '\0';
	return 0;
}

int mm_store_fd(struct mm_store *store)
{
	(void)store;
	return 42;
}

int mm_store_next_event(struct mm_store *store, char *key, size_t size)
{
	const char *event = fake.events[0];

	(void)store;
	if (!event)
		return fake.event_error ? fake.event_error : -EAGAIN;
	(void)snprintf(key, size, "%s", event);
	memmove(fake.events, fake.events + 1, sizeof(fake.events) - sizeof(fake.events[0]));
	return 0;
}

void mm_log(enum mm_log_level level, const char *format, ...)
{
	va_list args;

	if (level == MM_LOG_DEBUG)
		return;
	va_start(args, format);
	(void)vsnprintf(fake.log, sizeof(fake.log), format, args);
	va_end(args);
	fake.log_lines++;
}

/* ---- tests -------------------------------------------------------------------------------------------- */

static const struct mm_report sample = {
	.total_kib = 262144, .free_kib = 1000, .avail_kib = 180000, .balloon_kib = 300000};

static int start_fake(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return 0;
}

static void test_writes_all_keys(void **state)
{
	struct mm_publisher publisher;
	struct mm_report back;

	(void)state;
	mm_publisher_init(&publisher, false);
	assert_int_equal(mm_publisher_fd(&publisher), -1);
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 1000), 0);
	assert_int_equal(mm_report_parse(fake.record, strlen(fake.record), &back), 0);
	assert_int_equal(back.seq, 1);
	assert_int_equal(back.avail_kib, sample.avail_kib);
	assert_string_equal(fake.free, "180000"); /* what the guest could give, not MemFree */
	assert_string_equal(fake.tot, "262144");
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 2000), 0);
	assert_int_equal(mm_report_parse(fake.record, strlen(fake.record), &back), 0);
	assert_int_equal(back.seq, 2);
	assert_int_equal(mm_publisher_fd(&publisher), 42);
	assert_true(mm_publisher_retry_ms(&publisher) == UINT64_MAX);
	mm_publisher_close(&publisher);
	assert_false(fake.is_open);
}

/* The old keys: only when they changed by as much as a record would need, and once a second at most. */
static void test_seed_keys_are_spared(void **state)
{
	struct mm_publisher publisher;
	struct mm_report report = sample;

	(void)state;
	mm_publisher_init(&publisher, false);
	assert_int_equal(mm_publisher_publish(&publisher, &report, 1000), 0);
	assert_int_equal(fake.seed_writes, 2);
	report.avail_kib -= 4096;
	assert_int_equal(mm_publisher_publish(&publisher, &report, 11000), 0);
	assert_int_equal(fake.seed_writes, 2); /* too little */
	report.avail_kib -= 1;
	assert_int_equal(mm_publisher_publish(&publisher, &report, 21000), 0);
	assert_int_equal(fake.seed_writes, 4);
	report.avail_kib -= 50000;
	assert_int_equal(mm_publisher_publish(&publisher, &report, 21900), 0);
	assert_int_equal(fake.seed_writes, 4); /* too soon */
	assert_int_equal(mm_publisher_publish(&publisher, &report, 22000), 0);
	assert_int_equal(fake.seed_writes, 6);
	report.total_kib += 5000;
	assert_int_equal(mm_publisher_publish(&publisher, &report, 24000), 0);
	assert_string_equal(fake.tot, "267144");
	assert_int_equal(fake.record_writes, 6);
	mm_publisher_close(&publisher);
}

static void test_seed_keys_come_later(void **state)
{
	struct mm_publisher publisher;

	(void)state;
	fake.seed_error = -EACCES;
	mm_publisher_init(&publisher, false);
	for (uint64_t now_ms = 0; now_ms < 600 * 1000; now_ms += 10000)
		assert_int_equal(mm_publisher_publish(&publisher, &sample, now_ms), 0);
	assert_int_equal(fake.record_writes, 60);
	assert_in_range(fake.seed_writes, 5, 20); /* not at every record */
	assert_non_null(find_watch(MM_KEY_FREE));
	assert_non_null(find_watch(MM_KEY_TOT));
	assert_int_equal(fake.log_lines, 2); /* "publishing", "are not there" */

	/* dom0 makes the first, then the second: written at once, without a further record. */
	fake.events[0] = MM_KEY_FREE;
	assert_int_equal(mm_publisher_events(&publisher, 600000), 0);
	assert_string_equal(fake.free, "");
	fake.seed_error = 0;
	fake.events[0] = MM_KEY_TOT;
	assert_int_equal(mm_publisher_events(&publisher, 600001), 0);
	assert_string_equal(fake.free, "180000");
	assert_string_equal(fake.tot, "262144");
	assert_int_equal(fake.record_writes, 60);
	assert_null(find_watch(MM_KEY_FREE));
	assert_null(find_watch(MM_KEY_TOT));
	assert_int_equal(fake.log_lines, 3);
	mm_publisher_close(&publisher);
}

struct trouble_case {
	const char *name;
	int open_error;
	int record_error;
	bool is_reopened; /* the connection counts as lost */
};

static const struct trouble_case trouble_cases[] = {
	{"no xenbus yet", -ENOENT, 0, true},
	{"no right to open it", -EACCES, 0, true},
	{"quota of nodes", 0, -ENOSPC, false},
	{"quota of bytes", 0, -E2BIG, false},
	{"busy", 0, -EAGAIN, false},
	{"no right to write", 0, -EACCES, false},
	{"connection broken", 0, -EIO, true},
	{"connection closed", 0, -EBADF, true},
	{"pipe", 0, -EPIPE, true},
};

/* Two minutes of trouble: few tries, at most 10 s apart, three log lines, and then it works again. */
static void check_trouble(const struct trouble_case *c)
{
	struct mm_publisher publisher;
	unsigned int tries = 0;
	uint64_t now_ms = 5000;

	memset(&fake, 0, sizeof(fake));
	fake.open_error = c->open_error;
	fake.record_error = c->record_error;
	mm_publisher_init(&publisher, false);
	while (now_ms < 125000) {
		int r = mm_publisher_publish(&publisher, &sample, now_ms);
		uint64_t retry_ms = mm_publisher_retry_ms(&publisher);

		if (r == 0 || retry_ms <= now_ms || retry_ms > now_ms + 10000)
			fail_msg("%s: returned %d, retry at %llu", c->name, r,
				(unsigned long long)retry_ms);
		assert_int_equal(mm_publisher_publish(&publisher, &sample, retry_ms - 1), -EAGAIN);
		now_ms = retry_ms;
		tries++;
	}
	assert_in_range(tries, 15, 22);
	if (fake.opens != (c->is_reopened ? tries : 1))
		fail_msg("%s: opened %u times in %u tries", c->name, fake.opens, tries);
	assert_in_range(fake.log_lines, 2, 3);
	fake.open_error = fake.record_error = 0;
	assert_int_equal(mm_publisher_publish(&publisher, &sample, now_ms), 0);
	assert_int_equal(fake.record_writes, 1);
	assert_true(mm_publisher_retry_ms(&publisher) == UINT64_MAX);
	mm_publisher_close(&publisher);
}

static void test_troubles(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(trouble_cases); i++)
		check_trouble(&trouble_cases[i]);
}

static void test_trouble_changes_kind(void **state)
{
	struct mm_publisher publisher;

	(void)state;
	mm_publisher_init(&publisher, false);
	fake.open_error = -ENOENT;
	(void)mm_publisher_publish(&publisher, &sample, 0);
	(void)mm_publisher_publish(&publisher, &sample, 1000);
	assert_int_equal(fake.log_lines, 1);
	fake.open_error = 0;
	fake.record_error = -ENOSPC;
	(void)mm_publisher_publish(&publisher, &sample, 10000);
	assert_int_equal(fake.log_lines, 2);
	assert_non_null(strstr(fake.log, "No space left"));
	fake.record_error = 0;
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 20000), 0);
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 30000), 0);
	fake.record_error = -EAGAIN;
	(void)mm_publisher_publish(&publisher, &sample, 40000);
	fake.record_error = 0;
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 50000), 0);
	assert_non_null(strstr(fake.log, "written again after 1 failure"));
	mm_publisher_close(&publisher);
}

static void test_restored(void **state)
{
	struct mm_publisher publisher;
	unsigned int lines;

	(void)state;
	mm_publisher_init(&publisher, false);
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 1000), 0);
	/* Both watches fire once because they were set: no news. */
	fake.events[0] = "domid";
	fake.events[1] = "memory/target";
	assert_int_equal(mm_publisher_events(&publisher, 1001), MM_EVENT_TARGET);
	assert_int_equal(mm_publisher_events(&publisher, 1002), 0);
	lines = fake.log_lines;

	/* Another host: an empty directory, without the old keys. */
	fake.seed_error = -EACCES;
	fake.events[0] = "domid";
	fake.events[1] = "memory/target";
	assert_int_equal(mm_publisher_events(&publisher, 5000), MM_EVENT_LOST | MM_EVENT_TARGET);
	assert_int_equal(fake.log_lines, lines + 1);
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 5001), 0);
	assert_non_null(find_watch(MM_KEY_FREE));
	fake.seed_error = 0;
	fake.free[0] = '\0';
	fake.events[0] = MM_KEY_FREE;
	assert_int_equal(mm_publisher_events(&publisher, 6000), 0);
	assert_string_equal(fake.free, "180000");
	mm_publisher_close(&publisher);
}

/* A restore in the middle of a back-off ends the waiting: the new store has not refused anything yet. */
static void test_restored_while_backing_off(void **state)
{
	struct mm_publisher publisher;

	(void)state;
	mm_publisher_init(&publisher, false);
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 0), 0);
	fake.events[0] = "domid";
	(void)mm_publisher_events(&publisher, 1);
	fake.record_error = -ENOSPC;
	for (uint64_t now_ms = 0; now_ms < 60000; now_ms += 100)
		(void)mm_publisher_publish(&publisher, &sample, now_ms);
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 60000), -EAGAIN);
	fake.record_error = 0;
	fake.events[0] = "domid";
	assert_int_equal(mm_publisher_events(&publisher, 60001), MM_EVENT_LOST);
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 60002), 0);
	mm_publisher_close(&publisher);
}

static void test_connection_lost_in_events(void **state)
{
	struct mm_publisher publisher;

	(void)state;
	mm_publisher_init(&publisher, false);
	assert_int_equal(mm_publisher_events(&publisher, 0), 0); /* not open yet */
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 1000), 0);
	fake.event_error = -EIO;
	assert_int_equal(mm_publisher_events(&publisher, 2000), MM_EVENT_LOST);
	assert_false(fake.is_open);
	fake.event_error = 0;
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 3000), 0);
	assert_int_equal(fake.opens, 2);
	assert_int_equal(fake.seed_writes, 4); /* the old keys too are written anew */
	mm_publisher_close(&publisher);
}

/* A quota of watches is no reason to be silent. */
static void test_no_watches(void **state)
{
	struct mm_publisher publisher;

	(void)state;
	fake.watch_error = -E2BIG;
	fake.seed_error = -EACCES;
	mm_publisher_init(&publisher, false);
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 1000), 0);
	fake.seed_error = 0;
	assert_int_equal(mm_publisher_publish(&publisher, &sample, 11000), 0);
	assert_string_equal(fake.free, "180000");
	mm_publisher_close(&publisher);
}

static void test_bad_report(void **state)
{
	struct mm_publisher publisher;
	struct mm_report report = sample;

	(void)state;
	report.avail_kib = report.total_kib + 1;
	mm_publisher_init(&publisher, false);
	assert_int_equal(mm_publisher_publish(&publisher, &report, 1000), -ERANGE);
	assert_int_equal(fake.opens, 0);
	mm_publisher_close(&publisher);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_writes_all_keys, start_fake),
		cmocka_unit_test_setup(test_seed_keys_are_spared, start_fake),
		cmocka_unit_test_setup(test_seed_keys_come_later, start_fake),
		cmocka_unit_test_setup(test_troubles, start_fake),
		cmocka_unit_test_setup(test_trouble_changes_kind, start_fake),
		cmocka_unit_test_setup(test_restored, start_fake),
		cmocka_unit_test_setup(test_restored_while_backing_off, start_fake),
		cmocka_unit_test_setup(test_connection_lost_in_events, start_fake),
		cmocka_unit_test_setup(test_no_watches, start_fake),
		cmocka_unit_test_setup(test_bad_report, start_fake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
