/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An answer of mmprobe that is read is a sane sample, and is written to the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probe/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* abort() and not assert(): the check must hold in builds with NDEBUG too. */
static void require(int condition)
{
	if (!condition)
		abort();
}

static void read_answer(const uint8_t *data, size_t size)
{
	struct mm_sample sample;
	uint8_t *again;
	size_t len;

	if (mm_wire_read(data, size, &sample) < 0)
		return;
	require(mm_sample_is_sane(&sample));
	require(mm_wire_write(&sample, &again, &len) == 0);
	require(len == size && memcmp(again, data, size) == 0);
	free(again);
	mm_sample_free(&sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t question[MM_WIRE_QUESTION_SIZE];
	bool with_processes;
	size_t len;

	if (size >= MM_WIRE_QUESTION_SIZE && mm_wire_read_question(data, &with_processes) == 0) {
		mm_wire_write_question(question, with_processes);
		require(memcmp(question, data, sizeof(question)) == 0);
	}
	if (size >= MM_WIRE_HEADER_SIZE && mm_wire_length(data, &len) == 0)
		require(len >= MM_WIRE_HEADER_SIZE && len <= MM_WIRE_ANSWER_MAX);
	read_answer(data, size);
	return 0;
}
