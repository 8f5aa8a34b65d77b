/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walk over a guest's tasks and counters: whatever stands in its memory, is changed between two reads, cannot be read, or
 * is claimed by its BTF and kallsyms, a sample is sane and its reads are bounded. The input is a list of deeds, nine bytes each,
 * done to a small synthetic guest.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/image.h"

#define MEMORY	   ((size_t)192 << 10)
#define PROCESSES  6
#define DEEDS_MAX  64
#define READS_MAX  1000000 /* the budget of a sample in take.c */
#define DEED_BYTES 9

struct deed {
	uint64_t at; /* before this read; 0: before the first sample */
	uint8_t kind;
	uint8_t a;
	uint16_t b;
	uint32_t c;
};

struct run {
	struct image *image;
	uint64_t tasks[PROCESSES];
	struct deed deeds[DEEDS_MAX];
	size_t count;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small values are as likely as large ones, and addresses within the guest. */
static uint64_t make_value(const struct run *run, uint16_t how, uint32_t c)
{
	switch (how % 8) {
	case 0:
		return c;
	case 1:
		return -(uint64_t)c;
	case 2:
		return (uint64_t)c << 32 | c;
	case 3:
		return UINT64_C(0xffff888000000000) + c % MEMORY;
	case 4:
		return (UINT64_C(0xffff888000000000) + c % MEMORY) & ~UINT64_C(7);
	case 5:
		return run->tasks[c % PROCESSES];
	case 6:
		return image_at(run->image, run->tasks[c % PROCESSES], MM_FIELD_TASK_TASKS);
	default:
		return UINT64_MAX - c % 64;
	}
}

static void put_field(struct run *run, const struct deed *deed)
{
	enum mm_field field = deed->a % MM_FIELD_COUNT;
	uint64_t task = run->tasks[(deed->b >> 3) % PROCESSES];
	uint64_t offset = run->image->vmi.field[field].offset;

	/* Of whatever struct the field is: what lies there in a task. */
	if (offset <= 128 - sizeof(uint64_t))
		image_put(run->image, task + offset, sizeof(uint64_t),
			make_value(run, deed->b, deed->c));
}

static void do_deed(struct run *run, const struct deed *deed)
{
	struct mm_vmi *vmi = &run->image->vmi;
	struct mm_field_at *field = &vmi->field[deed->a % MM_FIELD_COUNT];

	switch (deed->kind) {
	case 0:
		run->image->mem[deed->c % MEMORY] = deed->a;
		break;
	case 1:
		image_put(run->image,
			UINT64_C(0xffff888000000000) + (deed->c % (MEMORY - 8) & ~UINT64_C(7)), 8,
			make_value(run, deed->a, deed->b));
		break;
	case 2:
		put_field(run, deed);
		break;
	case 3:
		run->image->fail_at = run->image->reads + deed->b;
		run->image->fail_with = deed->a % 4 ? -ENXIO : deed->a & 4 ? -EIO : -EPERM;
		break;
	case 4:
		field->offset = deed->c % 16 ? deed->c & 0x3ff : deed->c;
		break;
	case 5:
		field->size = deed->c % 16 ? deed->c & 0xff : deed->c;
		field->count = deed->b;
		break;
	case 6:
		vmi->value[deed->a % MM_VALUE_COUNT] = deed->c % 16 ? deed->c & 0x3ff : deed->c;
		break;
	default:
		vmi->symbol[deed->a % MM_SYMBOL_COUNT] = make_value(run, deed->b, deed->c);
	}
}

static void before_read(struct image *image, void *arg)
{
	struct run *run = arg;

	for (size_t i = 0; i < run->count; i++)
		if (run->deeds[i].at == image->reads)
			do_deed(run, &run->deeds[i]);
}

static void build(struct run *run, uint8_t flags)
{
	const struct image_options options = {.bytes = MEMORY,
		.is_percpu_rss = flags & 1,
		.is_old = flags & 2,
		.cpus = 1 + (flags >> 2) % 2,
		.has_no_psi = flags & 8};

	run->image = image_new(&options);
	for (uint32_t i = 0; i < PROCESSES; i++) {
		struct image_process p = {.pid = i + 1,
			.uid = i,
			.state = 1,
			.start_ns = i * UINT64_C(1000000),
			.runtime_ns = 5000,
			.pages = {1, 2, 3, 4},
			.vm_pages = i,
			.parent = i ? run->tasks[i / 2] : 0,
			.more_threads = i == 3 ? 3 : 0,
			.comm = "fuzz"};

		run->tasks[i] = image_add(run->image, &p);
	}
}

static void read_deeds(struct run *run, const uint8_t *data, size_t size)
{
	while (size >= DEED_BYTES && run->count < DEEDS_MAX) {
		struct deed *deed = &run->deeds[run->count++];

		deed->kind = data[1] % 8;
		/* What a bootstrap found does not change under a sample. */
		deed->at = deed->kind < 4 ? data[0] : 0;
		deed->a = data[2];
		memcpy(&deed->b, data + 3, sizeof(deed->b));
		memcpy(&deed->c, data + 5, sizeof(deed->c));
		data += DEED_BYTES;
		size -= DEED_BYTES;
	}
}

static void take_sample(struct run *run, bool with_processes)
{
	struct mm_sample sample;
	enum mm_vmi_reason reason;

	run->image->released = 0;
	reason = mm_vmi_sample(&run->image->vmi, with_processes, &sample);
	if (reason != sample.reason || !mm_sample_is_sane(&sample) || sample.reads > READS_MAX ||
		run->image->released != 1 || (!with_processes && sample.processes))
		abort();
	mm_sample_free(&sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = {0};

	if (size < 1)
		return 0;
	build(&run, data[0]);
	read_deeds(&run, data + 1, size - 1);
	for (size_t i = 0; i < run.count; i++)
		if (!run.deeds[i].at)
			do_deed(&run, &run.deeds[i]);
	run.image->before_read = before_read;
	run.image->arg = &run;
	take_sample(&run, true);
	take_sample(&run, false);
	take_sample(&run, true);
	image_free(run.image);
	return 0;
}
