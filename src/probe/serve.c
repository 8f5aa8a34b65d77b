/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "probe/sandbox.h"
#include "probe/wire.h"

/* The rest is more than the longest look may take, see MM_PROBE_BOOTSTRAP_MS. */
#define CPU_ENOUGH_US ((uint64_t)MM_SANDBOX_CPU_S * 1000000 / 10 * 8)

static uint64_t read_clock_us(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* CPU time of this process, user and system: what the look costs the host. */
static uint64_t cpu_us(void)
{
	return read_clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

/* Returns 0, -EPIPE at the end, -EPROTO. */
static int read_question(bool *ret_with_processes)
{
	uint8_t question[MM_WIRE_QUESTION_SIZE];
	size_t have = 0;

	while (have < sizeof(question)) {
		ssize_t n = read(STDIN_FILENO, question + have, sizeof(question) - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return have ? -EPROTO : -EPIPE;
		have += (size_t)n;
	}
	return mm_wire_read_question(question, ret_with_processes);
}

static int write_all(const uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EPIPE;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_answer(const struct mm_sample *sample)
{
	const struct mm_sample plain = {.reason = MM_VMI_LIMIT};
	uint8_t *buf;
	size_t len;
	int r = mm_wire_write(sample, &buf, &len);

	if (r == -ENOMEM) /* then without what takes memory */
		r = mm_wire_write(&plain, &buf, &len);
	if (r < 0)
		return r;
	r = write_all(buf, len);
	free(buf);
	return r;
}

struct look {
	struct mm_phys *phys;
	struct mm_vmi *vmi;
	enum mm_vmi_reason reason;
	uint64_t bootstrap_us;
};

static void bootstrap(struct look *look)
{
	uint64_t start = cpu_us();

	look->reason = mm_vmi_open(look->phys, &look->vmi);
	look->bootstrap_us = cpu_us() - start;
}

static void take_sample(struct look *look, bool with_processes, struct mm_sample *ret_sample)
{
	uint64_t start;

	*ret_sample = (struct mm_sample){0};
	if (look->reason == MM_VMI_OK && !look->vmi)
		bootstrap(look);
	start = cpu_us();
	if (look->reason == MM_VMI_OK)
		look->reason = mm_vmi_sample(look->vmi, with_processes, ret_sample);
	if (look->reason != MM_VMI_OK)
		mm_sample_free(ret_sample);
	/* A guest that goes away under the walk looks damaged. */
	if (look->reason != MM_VMI_OK && look->phys && look->phys->is_gone)
		look->reason = MM_VMI_GONE;
	ret_sample->reason = look->reason;
	ret_sample->cost_us = cpu_us() - start;
	ret_sample->bootstrap_us = look->bootstrap_us;
	ret_sample->taken_ms = read_clock_us(CLOCK_MONOTONIC) / 1000;
}

int mm_probe_serve(struct mm_phys *phys, enum mm_vmi_reason opened)
{
	struct look look = {.phys = phys, .reason = opened};
	int r = 0;

	while (r == 0) {
		struct mm_sample sample;
		bool with_processes;

		r = read_question(&with_processes);
		if (r < 0)
			break;
		take_sample(&look, with_processes, &sample);
		r = write_answer(&sample);
		mm_sample_free(&sample);
		if (look.reason != MM_VMI_OK || cpu_us() >= CPU_ENOUGH_US)
			break;
	}
	mm_vmi_free(look.vmi);
	return r < 0 && r != -EPIPE ? 1 : 0;
}
