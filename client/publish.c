/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "publish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "log.h"
#include "xenmm/units.h"

#define RETRY_MIN_MS UINT64_C(100)
#define RETRY_MAX_MS UINT64_C(10000)

/*
 * The old keys: a watch says when they come, so the retry is only for a store that lost our
 * watches.
 */
#define SEED_RETRY_MAX_MS UINT64_C(60000)

/* Servers that read the old keys do so every 2 s. */
#define SEED_WRITE_MIN_MS UINT64_C(1000)

/* The same trouble is logged again only after this time. */
#define LOG_AGAIN_MS UINT64_C(60000)

/*
 * Nobody writes a domain's own "domid" while it lives, but the kernel sets all watches anew after a
 * restore or a migration, and a watch that is set fires: so this one tells that the store content
 * is gone.
 */
#define KEY_DOMID  "domid"
#define KEY_TARGET "memory/target"

static void back_off(struct mm_backoff *backoff, uint64_t now_ms, uint64_t max_ms)
{
	backoff->delay_ms = backoff->delay_ms == 0 ? RETRY_MIN_MS : 2 * backoff->delay_ms;
	backoff->delay_ms = mm_min_u64(backoff->delay_ms, max_ms);
	backoff->retry_at_ms = now_ms + backoff->delay_ms;
}

static bool is_backing_off(const struct mm_backoff *backoff, uint64_t now_ms)
{
	return backoff->delay_ms != 0 && now_ms < backoff->retry_at_ms;
}

/* Answers of a store that works: the connection is good, the request was refused. */
static bool is_refusal(int error)
{
	switch (-error) {
	case EAGAIN:
	case EBUSY:
	case EACCES:
	case EPERM:
	case ENOENT:
	case E2BIG:
	case ENOSPC:
	case EDQUOT:
	case ENOMEM:
		return true;
	default:
		return false;
	}
}

/* One line when a trouble begins or changes its kind, and once a minute while it lasts. */
static void note_failure(
	struct mm_publisher *publisher, const char *action, int error, uint64_t now_ms)
{
	publisher->failures++;
	if (error != publisher->error || now_ms - publisher->logged_ms >= LOG_AGAIN_MS) {
		mm_log(MM_LOG_WARN, "%s: %s", action, strerror(-error));
		publisher->logged_ms = now_ms;
	}
	publisher->error = error;
	back_off(&publisher->backoff, now_ms, RETRY_MAX_MS);
}

static void note_success(struct mm_publisher *publisher)
{
	if (publisher->seq == 1)
		mm_log(MM_LOG_INFO, "publishing in " MM_KEY_RECORD);
	else if (publisher->failures > 0)
		mm_log(MM_LOG_INFO, MM_KEY_RECORD " written again after %" PRIu64 " failures",
			publisher->failures);
	publisher->failures = 0;
	publisher->error = 0;
	memset(&publisher->backoff, 0, sizeof(publisher->backoff));
}

void mm_publisher_init(struct mm_publisher *publisher, bool is_dry_run)
{
	memset(publisher, 0, sizeof(*publisher));
	publisher->is_dry_run = is_dry_run;
}

void mm_publisher_close(struct mm_publisher *publisher)
{
	mm_store_close(publisher->store);
	publisher->store = NULL;
	publisher->is_watching = false;
	/* Watches went with the connection; what is in the store has to be found out anew. */
	memset(&publisher->seed, 0, sizeof(publisher->seed));
}

static void set_watch(struct mm_publisher *publisher, const char *key)
{
	int r = mm_store_watch(publisher->store, key);

	/* Without it (quota of watches) we are only slower: the sign of life every 10 s remains. */
	if (r < 0)
		mm_log(MM_LOG_DEBUG, "cannot watch %s: %s", key, strerror(-r));
}

static int open_store(struct mm_publisher *publisher, uint64_t now_ms)
{
	int r;

	if (publisher->store)
		return 0;
	r = mm_store_open(&publisher->store);
	if (r < 0) {
		note_failure(publisher, "cannot open xenstore", r, now_ms);
		return r;
	}
	set_watch(publisher, KEY_DOMID);
	set_watch(publisher, KEY_TARGET);
	return 0;
}

/* ---- the keys of the first xenmm ------------------------------------------------ */

static void wait_for_seed_keys(struct mm_publisher *publisher, uint64_t now_ms)
{
	struct mm_seed_keys *seed = &publisher->seed;

	if (!seed->is_waiting) {
		mm_log(MM_LOG_INFO, "%s and %s are not there: dom0 has to make them", MM_KEY_FREE,
			MM_KEY_TOT);
		set_watch(publisher, MM_KEY_FREE);
		set_watch(publisher, MM_KEY_TOT);
	}
	seed->is_waiting = true;
	seed->is_written = false;
	back_off(&seed->backoff, now_ms, SEED_RETRY_MAX_MS);
}

static void found_seed_keys(struct mm_publisher *publisher)
{
	struct mm_seed_keys *seed = &publisher->seed;

	if (seed->is_waiting) {
		mm_log(MM_LOG_INFO, "writing %s and %s", MM_KEY_FREE, MM_KEY_TOT);
		/* Our own writes would wake us from now on. */
		(void)mm_store_unwatch(publisher->store, MM_KEY_FREE);
		(void)mm_store_unwatch(publisher->store, MM_KEY_TOT);
	}
	seed->is_waiting = false;
	memset(&seed->backoff, 0, sizeof(seed->backoff));
}

static int write_number(struct mm_publisher *publisher, const char *key, uint64_t value)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64, value);

	return mm_store_write(publisher->store, key, text, (size_t)len);
}

static bool is_seed_due(
	const struct mm_seed_keys *seed, const struct mm_report *report, uint64_t now_ms)
{
	uint64_t threshold = mm_change_threshold_kib(report);

	if (is_backing_off(&seed->backoff, now_ms))
		return false;
	if (!seed->is_written)
		return true;
	if (now_ms - seed->written_ms < SEED_WRITE_MIN_MS)
		return false;
	return report->avail_kib > seed->free_kib + threshold ||
	       report->avail_kib + threshold < seed->free_kib ||
	       report->total_kib > seed->total_kib + threshold ||
	       report->total_kib + threshold < seed->total_kib;
}

/* free is what the guest could give. In two writes: who needs both at one moment reads the record. */
static void publish_seed(
	struct mm_publisher *publisher, const struct mm_report *report, uint64_t now_ms)
{
	struct mm_seed_keys *seed = &publisher->seed;
	int r;

	if (!is_seed_due(seed, report, now_ms))
		return;
	r = write_number(publisher, MM_KEY_FREE, report->avail_kib);
	if (r == 0)
		r = write_number(publisher, MM_KEY_TOT, report->total_kib);
	if (r < 0) {
		wait_for_seed_keys(publisher, now_ms);
		return;
	}
	found_seed_keys(publisher);
	seed->is_written = true;
	seed->free_kib = report->avail_kib;
	seed->total_kib = report->total_kib;
	seed->written_ms = now_ms;
}

/* ---- the record ----------------------------------------------------------------- */

static int print_record(const char *text)
{
	if (puts(text) < 0 || fflush(stdout) != 0)
		return -EIO;
	return 0;
}

int mm_publisher_publish(
	struct mm_publisher *publisher, const struct mm_report *report, uint64_t now_ms)
{
	struct mm_report numbered = *report;
	char text[MM_RECORD_MAX];
	int len;
	int r;

	numbered.seq = publisher->seq + 1;
	len = mm_report_format(&numbered, text, sizeof(text));
	if (len < 0)
		return len;
	if (publisher->is_dry_run) {
		publisher->seq++;
		return print_record(text);
	}
	if (is_backing_off(&publisher->backoff, now_ms))
		return -EAGAIN;
	r = open_store(publisher, now_ms);
	if (r < 0)
		return r;
	r = mm_store_write(publisher->store, MM_KEY_RECORD, text, (size_t)len);
	if (r < 0) {
		note_failure(publisher, "cannot write " MM_KEY_RECORD, r, now_ms);
		if (!is_refusal(r))
			mm_publisher_close(publisher);
		return r;
	}
	publisher->seq++;
	publisher->last = *report;
	note_success(publisher);
	publish_seed(publisher, report, now_ms);
	return 0;
}

uint64_t mm_publisher_retry_ms(const struct mm_publisher *publisher)
{
	return publisher->backoff.delay_ms != 0 ? publisher->backoff.retry_at_ms : UINT64_MAX;
}

/* ---- events --------------------------------------------------------------------- */

int mm_publisher_fd(const struct mm_publisher *publisher)
{
	int fd = publisher->store ? mm_store_fd(publisher->store) : -1;

	return fd < 0 ? -1 : fd;
}

/* An event that only this file cares about: memory/free or memory/tot was made. */
#define EVENT_SEED_KEYS 0x100U

static unsigned int event_of(struct mm_publisher *publisher, const char *key)
{
	if (strcmp(key, KEY_TARGET) == 0)
		return MM_EVENT_TARGET;
	if (strcmp(key, KEY_DOMID) != 0)
		return EVENT_SEED_KEYS;
	if (publisher->is_watching)
		return MM_EVENT_LOST;
	publisher->is_watching = true;
	return 0;
}

unsigned int mm_publisher_events(struct mm_publisher *publisher, uint64_t now_ms)
{
	unsigned int events = 0;
	char key[64];
	int r;

	if (!publisher->store)
		return 0;
	while ((r = mm_store_next_event(publisher->store, key, sizeof(key))) == 0)
		events |= event_of(publisher, key);
	if (r != -EAGAIN) {
		note_failure(publisher, "lost xenstore", r, now_ms);
		mm_publisher_close(publisher);
		return MM_EVENT_LOST;
	}
	if (events & MM_EVENT_LOST) {
		/* The new directory has neither our record nor, until dom0 makes them, the old keys. */
		mm_log(MM_LOG_INFO, "the domain was restored or moved: publishing again");
		publisher->seed.is_written = false;
		memset(&publisher->backoff, 0, sizeof(publisher->backoff));
	}
	if ((events & EVENT_SEED_KEYS) && publisher->seed.is_waiting) {
		memset(&publisher->seed.backoff, 0, sizeof(publisher->seed.backoff));
		publish_seed(publisher, &publisher->last, now_ms);
	}
	return events & (MM_EVENT_LOST | MM_EVENT_TARGET);
}
