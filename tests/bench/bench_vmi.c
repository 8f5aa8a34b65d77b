/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench_vmi [RUNS [MEMORY-FILE [BELOW]]]: CPU time of samples of 50, 500 and 5,000 processes (medians), all read from a file as a
 * QEMU guest's memory is: of synthetic guests with structs as large as those of Linux 6.1 and 6.12, and of the guest whose memory is
 * given (BELOW as in phys.h), which is bootstrapped first. The limits beside them: bootstrap 2 s, 100 processes 10 ms.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/image.h"

#define RUNS_DEFAULT 21
#define RUNS_MAX     1000
#define BYTES_FIRST  (8u << 20)
#define BYTES_EACH                                                                                 \
	14336 /* task, signal, mm and cred of one process, and its part of the page tables */
#define BOOTSTRAP_MS	2000
#define SAMPLE_100_MS	10
#define LIMIT_PROCESSES 100

struct figures {
	double counters_ms, sample_ms;
	uint64_t counters_reads, sample_reads;
	size_t processes, kept_kib;
	bool is_partial;
};

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static size_t heap_kib(void)
{
	struct mallinfo2 info = mallinfo2();

	return (info.uordblks + info.hblkhd) / 1024;
}

static int measure(struct mm_vmi *vmi, size_t runs, bool with_processes, struct figures *f)
{
	double ms[RUNS_MAX];
	struct mm_sample sample;
	size_t before = heap_kib();

	for (size_t i = 0; i < runs; i++) {
		double begin = cpu_ms();
		enum mm_vmi_reason reason = mm_vmi_sample(vmi, with_processes, &sample);

		ms[i] = cpu_ms() - begin;
		if (reason != MM_VMI_OK) {
			fprintf(stderr, "bench_vmi: %s\n", mm_vmi_reason_text(reason));
			return -1;
		}
		if (with_processes) {
			f->kept_kib = heap_kib() - before;
			f->processes = sample.count;
			f->sample_reads = sample.reads;
			f->is_partial = sample.is_partial;
		} else {
			f->counters_reads = sample.reads;
		}
		mm_sample_free(&sample);
	}
	qsort(ms, runs, sizeof(ms[0]), compare);
	*(with_processes ? &f->sample_ms : &f->counters_ms) = ms[runs / 2];
	return 0;
}

static int report(const char *name, struct mm_vmi *vmi, size_t runs)
{
	struct figures f = {0};

	if (measure(vmi, runs, false, &f) || measure(vmi, runs, true, &f))
		return -1;
	printf("%-10s %9zu %10.3f ms %7llu %9.3f ms %7llu %8zu KiB   %.2f ms of %d\n", name,
		f.processes, f.counters_ms, (unsigned long long)f.counters_reads, f.sample_ms,
		(unsigned long long)f.sample_reads, f.kept_kib,
		f.processes ? f.sample_ms * LIMIT_PROCESSES / (double)f.processes : 0,
		SAMPLE_100_MS);
	return f.is_partial ? -1 : 0;
}

static struct image *make_guest(uint32_t processes, bool is_percpu)
{
	const struct image_options options = {.bytes = BYTES_FIRST + (size_t)processes * BYTES_EACH,
		.is_wide = true,
		.is_percpu_rss = is_percpu,
		.cpus = 4};
	struct image *image = image_new(&options);

	for (uint32_t i = 1; i <= processes; i++) {
		struct image_process p = {.pid = i,
			.uid = 1000,
			.state = 1,
			.start_ns = i,
			.runtime_ns = 1000000,
			.pages = {100, 200, 0, 50},
			.vm_pages = 5000,
			.more_threads = 0,
			.comm = "process"};

		image_add(image, &p);
	}
	return image;
}

/* The guest's memory into a file of its own, which has no name any more when it is read. */
static int write_memory(const struct image *image, struct mm_phys **ret_phys)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd, r;
	bool is_written;

	snprintf(path, sizeof(path), "%s/bench_vmi.XXXXXX", folder ? folder : "/tmp");
	fd = mkstemp(path);
	if (fd < 0)
		return -errno;
	is_written = write(fd, image->mem, image->options.bytes) == (ssize_t)image->options.bytes;
	r = is_written ? mm_phys_file_open(path, UINT64_MAX, ret_phys) : -EIO;
	close(fd);
	unlink(path);
	return r;
}

static int bench_synthetic(uint32_t processes, bool is_percpu, size_t runs)
{
	struct image *image = make_guest(processes, is_percpu);
	struct mm_phys *phys;
	int r = write_memory(image, &phys);

	if (r < 0) {
		fprintf(stderr, "bench_vmi: no file for a guest's memory: %s\n", strerror(-r));
		image_free(image);
		return -1;
	}
	r = image_use(image, phys);
	if (r == 0)
		r = report(is_percpu ? "as 6.12" : "as 6.1", &image->vmi, runs);
	phys->ops->close(phys);
	image_free(image);
	return r;
}

static int bench_guest(const char *path, uint64_t below, size_t runs)
{
	struct mm_phys *phys;
	struct mm_vmi *vmi;
	enum mm_vmi_reason reason;
	double begin = cpu_ms();
	int r = mm_phys_file_open(path, below, &phys);

	if (r < 0) {
		fprintf(stderr, "bench_vmi: %s: %s\n", path, strerror(-r));
		return -1;
	}
	reason = mm_vmi_open(phys, &vmi);
	if (reason == MM_VMI_OK) {
		printf("bootstrap of %s: %.1f ms of %d\n", vmi->release, cpu_ms() - begin,
			BOOTSTRAP_MS);
		r = report("the guest", vmi, runs);
		mm_vmi_free(vmi);
	} else {
		fprintf(stderr, "bench_vmi: %s: %s\n", path, mm_vmi_reason_text(reason));
		r = -1;
	}
	phys->ops->close(phys);
	return r;
}

int main(int argc, char **argv)
{
	static const uint32_t crowds[] = {50, 500, 5000};
	long runs = argc > 1 ? strtol(argv[1], NULL, 10) : RUNS_DEFAULT;
	int faults = 0;

	if (runs < 1 || runs > RUNS_MAX || argc > 4) {
		fprintf(stderr, "usage: bench_vmi [RUNS [MEMORY-FILE [BELOW]]] (1 to %d runs)\n",
			RUNS_MAX);
		return 2;
	}
	printf("%-10s %9s %13s %7s %12s %7s %12s   per %d processes\n", "guest", "processes",
		"counters", "reads", "sample", "reads", "memory", LIMIT_PROCESSES);
	for (size_t i = 0; i < sizeof(crowds) / sizeof(crowds[0]); i++) {
		faults += bench_synthetic(crowds[i], false, (size_t)runs) != 0;
		faults += bench_synthetic(crowds[i], true, (size_t)runs) != 0;
	}
	if (argc > 2)
		faults += bench_guest(argv[2], argc > 3 ? strtoull(argv[3], NULL, 0) : 0,
				  (size_t)runs) != 0;
	return faults ? 1 : 0;
}
