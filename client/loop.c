/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loop.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "guest.h"
#include "log.h"
#include "meminfo.h"
#include "publish.h"
#include "signals.h"
#include "xenmm/units.h"

struct loop {
	const struct mm_client_options *options;
	struct mm_sampler *sampler;
	struct mm_publisher publisher;
	int signal_fd;
	int trigger_fd;
	struct mm_report prev; /* last sample */
	bool has_prev;
	uint64_t sampled_ms;
	struct mm_report published; /* what dom0 has */
	bool has_published;
	uint64_t published_ms;
	bool is_forced;	   /* publish the next sample in any case */
	uint64_t delay_ms; /* between the last sample and the next */
	int sample_error;
};

static uint64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- one round ------------------------------------------------------------------ */

static int take_sample(struct loop *loop, uint64_t now_ms, struct mm_report *ret_report)
{
	int r = mm_sampler_read(loop->sampler, ret_report);

	if (r < 0 && r != loop->sample_error)
		mm_log(MM_LOG_ERR, "cannot read %s/proc/meminfo: %s", loop->options->root,
			strerror(-r));
	loop->sample_error = r;
	ret_report->uptime_ms = now_ms;
	return r;
}

static int publish(struct loop *loop, const struct mm_report *now, enum mm_publish_reason reason,
	uint64_t now_ms)
{
	int r = mm_publisher_publish(&loop->publisher, now, now_ms);

	if (r < 0) {
		/* The retry must write, whatever the sample says by then. */
		loop->is_forced = true;
		return r;
	}
	mm_log(MM_LOG_DEBUG, "seq %" PRIu64 " (%s%s): avail %" PRIu64 " of %" PRIu64 " KiB",
		loop->publisher.seq, mm_publish_reason_name(reason),
		loop->is_forced ? ", asked" : "", now->avail_kib, now->total_kib);
	loop->published = *now;
	loop->has_published = true;
	loop->published_ms = now_ms;
	loop->is_forced = false;
	return 0;
}

/* Samples, publishes if it is worth it, and sets the delay to the next sample. */
static int run_round(struct loop *loop, uint64_t now_ms)
{
	const struct mm_report *prev = loop->has_prev ? &loop->prev : NULL;
	enum mm_publish_reason reason;
	struct mm_report now;
	int r = take_sample(loop, now_ms, &now);

	if (r < 0) {
		loop->delay_ms = loop->options->interval_ms;
		loop->sampled_ms = now_ms;
		return r;
	}
	reason = mm_should_publish(loop->has_published ? &loop->published : NULL, prev, &now,
		now_ms - loop->published_ms);
	if (reason != MM_PUBLISH_NO || loop->is_forced)
		r = publish(loop, &now, reason, now_ms);
	loop->delay_ms = mm_next_sample_ms(
		prev, &now, now_ms - loop->sampled_ms, loop->delay_ms, loop->options->interval_ms);
	loop->prev = now;
	loop->has_prev = true;
	loop->sampled_ms = now_ms;
	return r;
}

/* ---- waiting -------------------------------------------------------------------- */

/* When to look next: the sample is due, or the sign of life, or a retry. Never quicker than the quickest. */
static uint64_t next_round_ms(const struct loop *loop)
{
	uint64_t next_ms = loop->sampled_ms + loop->delay_ms;

	if (loop->has_published)
		next_ms = mm_min_u64(next_ms, loop->published_ms + MM_PUBLISH_MAX_MS);
	next_ms = mm_min_u64(next_ms, mm_publisher_retry_ms(&loop->publisher));
	return mm_max_u64(next_ms, loop->sampled_ms + MM_SAMPLE_FAST_MS);
}

static void handle_trigger(struct loop *loop, short revents)
{
	if (revents & (POLLERR | POLLNVAL)) {
		mm_log(MM_LOG_WARN, "the kernel took its memory pressure trigger back");
		(void)close(loop->trigger_fd);
		loop->trigger_fd = -1;
	} else if (revents & POLLPRI) {
		loop->is_forced = true;
	}
}

static void handle_store(struct loop *loop, uint64_t now_ms)
{
	unsigned int events = mm_publisher_events(&loop->publisher, now_ms);

	if (events & MM_EVENT_LOST)
		loop->has_published = false;
	/* The balloon moves within milliseconds: watch it from the first page. */
	if (events & MM_EVENT_TARGET)
		loop->delay_ms = MM_SAMPLE_FAST_MS;
}

/* Waits for the next round. Returns 1 to go on, 0 when a signal asked us to end, or -errno. */
static int wait_for_round(struct loop *loop)
{
	enum { SIGNAL, TRIGGER, STORE, COUNT };
	struct pollfd fds[COUNT] = {
		[SIGNAL] = {.fd = loop->signal_fd, .events = POLLIN},
		[TRIGGER] = {.fd = loop->trigger_fd, .events = POLLPRI},
		[STORE] = {.fd = mm_publisher_fd(&loop->publisher), .events = POLLIN},
	};
	uint64_t wait_ms = mm_sub_floor(next_round_ms(loop), clock_ms());

	/* A trigger that was taken back is -1, and so is a store that is closed: poll() skips them. */
	if (poll(fds, COUNT, (int)mm_min_u64(wait_ms, MM_PUBLISH_MAX_MS)) < 0)
		return errno == EINTR ? 1 : -errno;
	if (fds[SIGNAL].revents)
		return 0;
	if (fds[TRIGGER].revents)
		handle_trigger(loop, fds[TRIGGER].revents);
	if (fds[STORE].revents)
		handle_store(loop, clock_ms());
	return 1;
}

static int run_loop(struct loop *loop)
{
	int r;

	do {
		/* A failed round was logged; the next one tries again. */
		r = run_round(loop, clock_ms());
		if (loop->options->is_dry_run && r == -EIO)
			return r;
		r = wait_for_round(loop);
	} while (r > 0);
	if (r == 0)
		mm_log(MM_LOG_INFO, "ending");
	return r;
}

/* ---- start and end -------------------------------------------------------------- */

static int open_loop(struct loop *loop)
{
	loop->signal_fd = mm_signals_open();
	if (loop->signal_fd < 0) {
		mm_log(MM_LOG_ERR, "cannot catch signals: %s", strerror(-loop->signal_fd));
		return loop->signal_fd;
	}
	loop->trigger_fd = mm_guest_open_trigger(loop->options->root);
	if (loop->trigger_fd < 0)
		mm_log(MM_LOG_INFO, "no memory pressure trigger (%s): sampling alone",
			strerror(-loop->trigger_fd));
	if (!loop->options->is_dry_run)
		mm_guest_protect_self();
	return 0;
}

int mm_client_run(const struct mm_client_options *options)
{
	struct loop loop = {.options = options, .signal_fd = -1, .trigger_fd = -1};
	int r;

	/*
	 * libxenstore's reader thread would get a malloc arena of its own, for a few bytes a
	 * message.
	 */
	(void)mallopt(M_ARENA_MAX, 1);
	if (!options->is_dry_run && !mm_guest_is_xen(options->root)) {
		mm_log(MM_LOG_ERR, "this is not a Xen guest; --dry-run works anywhere");
		return -ENODEV;
	}
	r = mm_sampler_new(options->root, &loop.sampler);
	if (r < 0) {
		mm_log(MM_LOG_ERR, "cannot start: %s", strerror(-r));
		return r;
	}
	mm_publisher_init(&loop.publisher, options->is_dry_run);
	if (options->is_once) {
		r = run_round(&loop, clock_ms());
	} else {
		r = open_loop(&loop);
		if (r == 0)
			r = run_loop(&loop);
	}
	mm_publisher_close(&loop.publisher);
	mm_sampler_free(loop.sampler);
	return r;
}
