/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stands in for mmprobe ($XENMM_PROBE): looks at nothing, and answers what its target's name says. "mmprobe --memory
 * FOLDER/NAME": NAME is one of `acts`, or a reason why a guest cannot be read; or as-told: the file holds the name.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe/wire.h"

static uint64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- samples --------------------------------------------------------------------------------- */

static void begin(struct mm_sample *s, size_t count)
{
	*s = (struct mm_sample){
		.processes = calloc(count + 1, sizeof(struct mm_process)),
		.count = count,
		.reads = 1234,
		.cost_us = 3140,
		.bootstrap_us = 41000,
		.taken_ms = clock_ms(),
		.counters =
			{
				.release = "6.1.0-42-amd64",
				.uptime_ms = 11520000,
				.cpus = 2,
				.total_kib = 524288,
				.free_kib = 31949,
				.avail_kib = 207974,
				.anon_kib = 122880,
				.file_kib = 184320,
				.shmem_kib = 12288,
				.slab_reclaimable_kib = 30720,
				.slab_unreclaimable_kib = 10240,
				.committed_kib = 307200,
				.swap_total_kib = 262144,
				.swap_free_kib = 256000,
				.swapin_pages = 12,
				.swapout_pages = 1536,
				.majfaults = 345,
				.psi_some_us = 1260000,
				.psi_some_avg10_pct100 = 117,
				.load_milli = {1230, 500, 70},
				.balloon_current_kib = 524288,
				.balloon_target_kib = 491520,
				.has_psi = true,
				.has_balloon = true,
			},
	};
	if (!s->processes)
		abort();
}

static void add(struct mm_sample *s, size_t i, struct mm_process p, const char *comm)
{
	p.start_ns = (uint64_t)p.pid * 1000000;
	memcpy(p.comm, comm, strnlen(comm, sizeof(p.comm) - 1));
	if (!p.state)
		p.state = 'S';
	p.threads += !p.threads;
	s->processes[i] = p;
}

/* What a guest of some processes would look like; each question is a moment later. */
static void answer_sample(struct mm_sample *s, unsigned int question)
{
	begin(s, 5);
	add(s, 0,
		(struct mm_process){
			.pid = 1, .rss_anon_kib = 9216, .rss_file_kib = 2048, .vm_kib = 102400},
		"systemd");
	add(s, 1, (struct mm_process){.pid = 2, .is_kernel = true, .state = 'I'}, "kthreadd");
	add(s, 2,
		(struct mm_process){.pid = 310,
			.parent = 1,
			.uid = 106,
			.threads = 12,
			.rss_anon_kib = 65536,
			.swap_kib = 6144,
			.cpu_ns = UINT64_C(3725) * 1000000000},
		"mariadbd");
	add(s, 3,
		(struct mm_process){
			.pid = 412, .parent = 1, .uid = 1000, .rss_anon_kib = 512, .is_torn = true},
		"bash");
	/* More than both CPUs can give in any time: exactly what they can is shown. */
	add(s, 4,
		(struct mm_process){.pid = 65000,
			.parent = 412,
			.uid = 1000,
			.state = 'R',
			.threads = 4,
			.rss_shmem_kib = 1024,
			.cpu_ns = question * UINT64_C(1000000000000)},
		"burn");
	s->torn = 1;
}

static void answer_hostile(struct mm_sample *s, unsigned int question)
{
	static const char *const names[] = {"\033[2J\033]0;owned\a", "a\nb\rc\td", "\xff\xfe\x80",
		"\xc3\xb6\xc3\x9f", "\xe2\x82", "\"\\}],{", "", "%s%n%x"};
	size_t count = sizeof(names) / sizeof(names[0]);

	(void)question;
	begin(s, count);
	for (size_t i = 0; i < count; i++)
		add(s, i,
			(struct mm_process){.pid = (int32_t)i + 1,
				.parent = (int32_t)((i + 1) % count) + 1,
				.uid = UINT32_MAX,
				.threads = MM_PID_MAX,
				.rss_anon_kib = UINT64_C(1) << 44,
				.rss_file_kib = UINT64_C(1) << 44,
				.vm_kib = MM_VIRT_KIB_MAX,
				.cpu_ns = INT64_MAX},
			names[i]);
	s->counters.committed_kib = MM_VIRT_KIB_MAX;
	s->counters.uptime_ms = 0;
	s->is_partial = true;
	s->torn = UINT32_MAX;
	s->retries = 3;
}

static void answer_many(struct mm_sample *s, unsigned int question)
{
	(void)question;
	begin(s, MM_VMI_TASKS_MAX);
	for (size_t i = 0; i < s->count; i++)
		add(s, i,
			(struct mm_process){.pid = (int32_t)i + 1,
				.parent = (int32_t)i,
				.rss_anon_kib = i * 7919 % 65521},
			"fork");
}

/* On a host whose clock of CPU time is coarse. */
static void answer_quick(struct mm_sample *s, unsigned int question)
{
	answer_sample(s, question);
	s->cost_us = s->bootstrap_us = 0;
}

/* Found without symbols. */
static void answer_bare(struct mm_sample *s, unsigned int question)
{
	answer_sample(s, question);
	s->counters = (struct mm_counters){.release = "5.10.0-30-amd64", .cpus = 2};
}

static void answer_empty(struct mm_sample *s, unsigned int question)
{
	(void)question;
	begin(s, 0);
}

/* ---- what else can happen -------------------------------------------------------------------- */

static void answer_die(struct mm_sample *s, unsigned int question)
{
	(void)s;
	(void)question;
	abort();
}

static void answer_twice(struct mm_sample *s, unsigned int question)
{
	if (question > 1)
		abort();
	answer_sample(s, question);
}

static void answer_hang(struct mm_sample *s, unsigned int question)
{
	if (question > 1)
		(void)sleep(600); /* killed before */
	answer_sample(s, question);
}

static void answer_nonsense(struct mm_sample *s, unsigned int question)
{
	char page[4096];

	(void)question;
	memset(page, 'x', sizeof(page));
	(void)!write(STDOUT_FILENO, page, sizeof(page));
	begin(s, 0);
}

static const struct {
	const char *name;
	void (*answer)(struct mm_sample *s, unsigned int question);
} acts[] = {
	{"sample", answer_sample},
	{"hostile", answer_hostile},
	{"many", answer_many},
	{"empty", answer_empty},
	{"quick", answer_quick},
	{"bare", answer_bare},
	{"dies", answer_die},
	{"dies-later", answer_twice},
	{"hangs-later", answer_hang},
	{"nonsense", answer_nonsense},
};

static void answer(struct mm_sample *s, const char *name, unsigned int question)
{
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(name, acts[i].name) != 0)
			continue;
		acts[i].answer(s, question);
		return;
	}
	begin(s, 0);
	for (int i = 0; i < MM_VMI_REASON_COUNT; i++)
		if (!strcmp(name, mm_vmi_reason_name((enum mm_vmi_reason)i)))
			s->reason = (enum mm_vmi_reason)i;
}

/* What its target is called, for now. */
static const char *name_of(const char *path)
{
	static char told[32];
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : "";
	FILE *file = strcmp(name, "as-told") ? NULL : fopen(path, "r");

	if (!file)
		return name;
	if (!fgets(told, sizeof(told), file))
		told[0] = '\0';
	(void)fclose(file);
	told[strcspn(told, "\n")] = '\0';
	return told;
}

static int write_all(const uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, buf, len);

		if (n <= 0)
			return -1;
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint8_t asked[MM_WIRE_QUESTION_SIZE];

	for (unsigned int question = 1; read(STDIN_FILENO, asked, sizeof(asked)) == sizeof(asked);
		question++) {
		bool with_processes;
		struct mm_sample sample;
		uint8_t *buf;
		size_t len;

		if (mm_wire_read_question(asked, &with_processes) < 0)
			return 1;
		answer(&sample, argc > 2 ? name_of(argv[2]) : "", question);
		if (!with_processes)
			mm_sample_free(&sample);
		if (mm_wire_write(&sample, &buf, &len) < 0 || write_all(buf, len) < 0)
			return 1;
		free(buf);
		if (sample.reason != MM_VMI_OK)
			return 0;
		mm_sample_free(&sample);
	}
	return 0;
}
