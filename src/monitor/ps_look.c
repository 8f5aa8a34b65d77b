/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/ps_look.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "xenmm/units.h"

#define AT_ONCE 4 /* dom0 often has no more CPUs, and they have other things to do */

uint64_t mm_look_clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void mm_look_sleep(uint64_t ms)
{
	struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* ---- one guest ------------------------------------------------------------------------------- */

/* It is over with this child; the next look begins with another. */
static void give_up(struct mm_look *look, int error)
{
	mm_probe_free(look->probe);
	look->probe = NULL;
	look->is_asked = false;
	look->error = error;
}

static void ask(struct mm_look *look)
{
	int r = 0;

	look->error = 0;
	if (!look->probe)
		r = mm_probe_start(&look->target, &look->probe);
	if (r == 0)
		r = mm_probe_ask(look->probe, true, mm_look_clock_ms());
	if (r == 0)
		look->is_asked = true;
	else
		give_up(look, r);
}

static void keep(struct mm_look *look, const struct mm_sample *sample)
{
	if (look->has_before)
		mm_sample_free(&look->before);
	look->before = look->now;
	look->has_before = look->has_now;
	look->now = *sample;
	look->has_now = true;
	look->is_asked = false;
	if (sample->reason != MM_VMI_OK)
		give_up(look, 0); /* the child has ended as well */
}

static void take(struct mm_look *look)
{
	struct mm_sample sample;
	int r = mm_probe_read(look->probe, mm_look_clock_ms(), &sample);

	if (r == 0)
		keep(look, &sample);
	else if (r != -EAGAIN)
		give_up(look, r);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Waits until one of those under way has something to say, or is late. */
static void wait_for_some(struct mm_look *const *busy, size_t count)
{
	struct pollfd fds[AT_ONCE];
	uint64_t now_ms = mm_look_clock_ms(), until_ms = UINT64_MAX;

	for (size_t i = 0; i < count; i++) {
		fds[i] = (struct pollfd){.fd = mm_probe_fd(busy[i]->probe), .events = POLLIN};
		until_ms = mm_min_u64(until_ms, mm_probe_deadline(busy[i]->probe));
	}
	/* A signal, or nothing to read: take() finds out what is the matter. */
	(void)poll(fds, count, (int)mm_min_u64(mm_sub_floor(until_ms, now_ms), 60000));
	for (size_t i = 0; i < count; i++)
		take(busy[i]);
}

void mm_look_all(struct mm_look *const *looks, size_t count)
{
	struct mm_look *busy[AT_ONCE];
	size_t next = 0, n = 0;

	while (next < count || n > 0) {
		size_t left = 0;

		while (next < count && n < AT_ONCE) {
			ask(looks[next]);
			if (looks[next]->is_asked)
				busy[n++] = looks[next];
			next++;
		}
		if (n > 0)
			wait_for_some(busy, n);
		for (size_t i = 0; i < n; i++)
			if (busy[i]->is_asked)
				busy[left++] = busy[i];
		n = left;
	}
}

void mm_look_end(struct mm_look *look)
{
	mm_probe_free(look->probe);
	if (look->has_now)
		mm_sample_free(&look->now);
	if (look->has_before)
		mm_sample_free(&look->before);
	*look = (struct mm_look){.target = look->target};
}

/* ---- what came of it ------------------------------------------------------------------------- */

static const struct {
	int error;
	const char *word, *text;
} errors[] = {
	{-ENOENT, "no-probe", "the program mmprobe, which looks, is not installed beside mmps"},
	{-ETIMEDOUT, "probe-late",
		"it took too long: the host is busy, or the guest is not to be trusted; try again"},
	{-EPROTO, "probe-nonsense",
		"mmprobe gave no sensible answer: another version than mmps, or the guest is not "
		"to be "
		"trusted"},
	{-EPIPE, "probe-died",
		"mmprobe ended before it answered: the host is short of memory, or the guest is "
		"not to be "
		"trusted; try again"},
	{-ENOMEM, "no-memory", "this host is short of memory"},
	{-EAGAIN, "no-process", "this host has too many processes"},
	{-EMFILE, "no-files", "too many files are open: raise the limit (ulimit -n)"},
	{0, "probe-failed", "mmprobe cannot be started"},
};

static size_t row_of(int error)
{
	size_t i = 0;

	while (errors[i].error && errors[i].error != error)
		i++;
	return i;
}

bool mm_look_is_good(const struct mm_look *look)
{
	return !look->error && look->has_now && look->now.reason == MM_VMI_OK;
}

const char *mm_look_reason(const struct mm_look *look)
{
	return look->error || !look->has_now ? errors[row_of(look->error)].word
					     : mm_vmi_reason_name(look->now.reason);
}

const char *mm_look_reason_text(const struct mm_look *look)
{
	return look->error || !look->has_now ? errors[row_of(look->error)].text
					     : mm_vmi_reason_text(look->now.reason);
}

const char *mm_look_reason_word(size_t i, const char **ret_text)
{
	size_t of_vmi = MM_VMI_REASON_COUNT - 1; /* less MM_VMI_OK, the first */

	if (i < of_vmi) {
		*ret_text = mm_vmi_reason_text((enum mm_vmi_reason)(i + 1));
		return mm_vmi_reason_name((enum mm_vmi_reason)(i + 1));
	}
	i -= of_vmi;
	if (i >= sizeof(errors) / sizeof(errors[0]))
		return NULL;
	*ret_text = errors[i].text;
	return errors[i].word;
}
