/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for mmprobe in tests: behaves, or misbehaves, as fake_mmprobe.h says. */
#include "unit/fake_mmprobe.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/wire.h"

extern char **environ;

static void write_all(const uint8_t *buf, size_t len, size_t at_once)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, buf, len < at_once ? len : at_once);

		if (n <= 0)
			_exit(0);
		buf += n;
		len -= (size_t)n;
	}
}

static uint32_t count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint32_t count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		(void)closedir(dir);
	return count - 3; /* ".", "..", and the folder's own */
}

static void look_round(struct mm_process *process)
{
	process->uid = count_descriptors();
	process->threads = 0;
	for (char **var = environ; var && *var; var++)
		process->threads++;
}

static void fill(struct mm_sample *sample, enum fake_kind kind, bool with_processes)
{
	size_t count = kind == FAKE_FULL ? MM_VMI_TASKS_MAX : 3;

	strcpy(sample->counters.release, "6.1.0-fake");
	sample->counters.cpus = 1;
	sample->counters.total_kib = 1000;
	sample->counters.free_kib = sample->counters.avail_kib = 500;
	sample->cost_us = 7;
	sample->taken_ms = kind == FAKE_FUTURE ? UINT64_MAX : 0;
	if (kind == FAKE_NO_BTF)
		sample->reason = MM_VMI_NO_BTF;
	if (kind == FAKE_NO_BTF || !(with_processes || kind == FAKE_TOO_MUCH))
		return;
	sample->processes = calloc(count, sizeof(*sample->processes));
	sample->count = sample->processes ? count : 0;
	for (size_t i = 0; i < sample->count; i++) {
		sample->processes[i].pid = (int32_t)i + 1;
		sample->processes[i].threads = 1;
		sample->processes[i].state = 'S';
		strcpy(sample->processes[i].comm, "fake");
	}
	if (kind == FAKE_LOOKS_ROUND && sample->count)
		look_round(&sample->processes[0]);
}

static void answer(enum fake_kind kind, bool with_processes)
{
	struct mm_sample sample = {0};
	uint8_t *buf;
	size_t len;

	fill(&sample, kind, with_processes);
	if (mm_wire_write(&sample, &buf, &len) < 0)
		_exit(1);
	if (kind == FAKE_NONSENSE)
		memset(buf, 'x', len);
	if (kind == FAKE_DIES)
		len /= 2;
	if (kind == FAKE_CLOSES_INPUT)
		(void)close(STDIN_FILENO);
	write_all(buf, len, kind == FAKE_SLOW ? 1 : len);
	while (kind == FAKE_FLOODS)
		write_all(buf, len, len);
	free(buf);
	mm_sample_free(&sample);
}

int main(int argc, char **argv)
{
	enum fake_kind kind = FAKE_WELL;
	uint8_t question[MM_WIRE_QUESTION_SIZE];
	bool with_processes;

	if (argc == 2)
		kind = (enum fake_kind)atoi(argv[1]);
	if (kind == FAKE_ENDS)
		return 0;
	if (kind == FAKE_UNASKED)
		write_all((const uint8_t *)"hello", 5, 5);
	while (read(STDIN_FILENO, question, sizeof(question)) == (ssize_t)sizeof(question)) {
		if (mm_wire_read_question(question, &with_processes) < 0)
			return 1;
		if (kind == FAKE_HANGS)
			for (;;)
				pause();
		answer(kind, with_processes);
		if (kind == FAKE_DIES || kind == FAKE_NO_BTF || kind == FAKE_ONCE)
			return 0;
	}
	if (kind == FAKE_CLOSES_INPUT)
		for (;;)
			pause();
	return 0;
}
