/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * look [-b BELOW_MIB] [-n SAMPLES] [-s CENSUS] FILE: looks into the guest whose memory is FILE, with the library alone (no
 * probe, no sandbox). Prints the last sample as text, and what looking cost.
 *
 * With -s a storm (inside/storm.c) runs in the guest, and CENSUS is what the guest's /proc said before it: every process of
 * every sample must be one of those, or one that a storm can have. Prints figures instead; ends with 1 if one was wrong.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "print.h"

#define WRONG_SHOWN 20

struct known {
	int32_t pid;
	char name[256];
};

struct census {
	struct known *list;
	size_t count;
};

struct tally {
	uint64_t samples, processes, children, partial, retries, torn, damaged, other, wrong;
	size_t least, most;
};

static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int read_census(const char *path, struct census *ret)
{
	FILE *file = fopen(path, "r");
	static char line[1024];
	const char *comm;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		struct known k;

		comm = strstr(line, " comm=");
		if (sscanf(line, "process pid=%" SCNd32, &k.pid) != 1 || !comm)
			continue;
		snprintf(k.name, sizeof(k.name), "%.*s", (int)strcspn(comm + 6, "\n"), comm + 6);
		ret->list = realloc(ret->list, (ret->count + 1) * sizeof(k));
		if (!ret->list)
			abort();
		ret->list[ret->count++] = k;
	}
	fclose(file);
	return ret->count ? 0 : -ENODATA;
}

/* A kernel thread's name in /proc is longer than in its task: cut names, and workers' present work. */
static bool is_same_name(const char *known, const char *name, bool is_kernel)
{
	size_t len = strlen(name);

	return !strcmp(known, name) ||
	       (is_kernel && !strncmp(known, name, len) &&
		       (len == MM_COMM_LEN - 1 || strchr("-+", known[len])));
}

static bool is_known(const struct census *census, const struct mm_process *p)
{
	char name[BENCH_NAME_LEN];

	bench_name(p->comm, name);
	for (size_t i = 0; i < census->count; i++) {
		const struct known *k = &census->list[i];

		/* Workers end and begin as the kernel likes; their pids may be a child's later. */
		if (k->pid == p->pid && strncmp(k->name, "kworker/", 8) != 0)
			return is_same_name(k->name, name, p->is_kernel);
	}
	return p->is_kernel && !strncmp(name, "kworker/", 8);
}

/* What storm.c promises of its own; the shell that started it comes before it, after the census. */
static bool can_be_storm(const struct mm_process *p)
{
	uint32_t own = (uint32_t)p->pid & 0x7fff;
	char name[16];

	snprintf(name, sizeof(name), "s%d", p->pid);
	if (p->is_kernel)
		return false;
	if (!strcmp(p->comm, "storm") || !strcmp(p->comm, "sh"))
		return p->uid == 0;
	if (!strcmp(p->comm, name))
		return p->uid == 0 || p->uid == own;
	return !strcmp(p->comm, "true") && p->uid == own;
}

/* Its parent may have gone from the list since. Nobody but the first two has none. */
static bool has_sane_parent(const struct mm_process *p)
{
	return p->parent > 0 ? p->parent != p->pid : p->pid <= 2;
}

static void judge(const struct census *census, const struct mm_sample *s, struct tally *t)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct mm_process *p = &s->processes[i];
		char name[BENCH_NAME_LEN];

		t->processes++;
		t->children += p->comm[0] == 's' && p->comm[1] >= '0' && p->comm[1] <= '9';
		if (has_sane_parent(p) && (is_known(census, p) || can_be_storm(p)))
			continue;
		/* A mark says: of two moments. That is told, and not wrong. */
		if (p->is_torn)
			continue;
		t->wrong++;
		if (t->wrong <= WRONG_SHOWN)
			printf("WRONG: sample %" PRIu64
			       ": pid %d parent %d uid %u kernel %d name %s\n",
				t->samples, p->pid, p->parent, p->uid, p->is_kernel,
				bench_name(p->comm, name));
	}
}

static void count_sample(const struct mm_sample *s, struct tally *t)
{
	t->samples++;
	t->partial += s->is_partial;
	t->retries += s->retries;
	t->torn += s->torn;
	t->damaged += s->reason == MM_VMI_DAMAGED;
	t->other += s->reason != MM_VMI_OK && s->reason != MM_VMI_DAMAGED;
	if (s->reason != MM_VMI_OK)
		return;
	if (!t->least || s->count < t->least)
		t->least = s->count;
	if (s->count > t->most)
		t->most = s->count;
}

static int report(const struct tally *t, uint64_t us)
{
	printf("storm: %" PRIu64 " samples of %zu to %zu processes, %" PRIu64
	       " processes seen, %" PRIu64 " of them named children\n",
		t->samples, t->least, t->most, t->processes, t->children);
	printf("storm: %" PRIu64 " wrong, %" PRIu64 " torn (left out or marked), %" PRIu64
	       " partial samples, %" PRIu64 " walks begun again, %" PRIu64 " damaged, %" PRIu64
	       " other failures\n",
		t->wrong, t->torn, t->partial, t->retries, t->damaged, t->other);
	printf("storm: %.3f ms of CPU a sample\n", (double)us / 1000 / (double)t->samples);
	if (!t->children)
		printf("FAILED: no child of a storm was seen: does one run?\n");
	if (t->damaged + t->other > t->samples / 100)
		printf("FAILED: more than 1 %% of the samples failed\n");
	return t->wrong || !t->children || t->damaged + t->other > t->samples / 100;
}

static enum mm_vmi_reason look_once(
	struct mm_phys *phys, struct mm_vmi **vmi, struct mm_sample *s, uint64_t *bootstrap)
{
	enum mm_vmi_reason reason = MM_VMI_OK;
	uint64_t start = cpu_us();

	memset(s, 0, sizeof(*s));
	if (!*vmi) {
		reason = mm_vmi_open(phys, vmi);
		*bootstrap = cpu_us() - start;
		start = cpu_us();
	}
	s->reason = reason;
	if (reason == MM_VMI_OK)
		reason = mm_vmi_sample(*vmi, true, s);
	s->bootstrap_us = *bootstrap;
	s->cost_us = cpu_us() - start;
	if (reason == MM_VMI_DAMAGED) {
		mm_vmi_free(*vmi);
		*vmi = NULL;
	}
	return reason;
}

static int look(struct mm_phys *phys, long samples, const struct census *census)
{
	struct tally tally = {0};
	struct mm_vmi *vmi = NULL;
	struct mm_sample s = {0};
	uint64_t spent = 0, bootstrap = 0;

	for (long i = 0; i < samples; i++) {
		mm_sample_free(&s);
		look_once(phys, &vmi, &s, &bootstrap);
		spent += s.cost_us;
		count_sample(&s, &tally);
		if (!mm_sample_is_sane(&s)) {
			printf("FAILED: sample %ld is not sane\n", i);
			tally.wrong++;
		}
		if (census)
			judge(census, &s, &tally);
		if (!vmi && s.reason != MM_VMI_DAMAGED)
			break;
	}
	mm_vmi_free(vmi);
	if (!census)
		bench_print_sample(stdout, &s);
	mm_sample_free(&s);
	return census ? report(&tally, spent) : s.reason != MM_VMI_OK || tally.wrong;
}

int main(int argc, char **argv)
{
	struct census census = {0};
	struct mm_phys *phys = NULL;
	const char *before = NULL;
	uint64_t below = 0;
	long samples = 1;
	int opt, r;

	while ((opt = getopt(argc, argv, "b:n:s:")) != -1) {
		if (opt == 'b')
			below = strtoull(optarg, NULL, 10) << 20;
		else if (opt == 'n')
			samples = strtol(optarg, NULL, 10);
		else if (opt == 's')
			before = optarg;
		else
			return 2;
	}
	if (optind + 1 != argc || samples < 1) {
		fprintf(stderr, "usage: look [-b BELOW_MIB] [-n SAMPLES] [-s CENSUS] FILE\n");
		return 2;
	}
	if (before && read_census(before, &census)) {
		fprintf(stderr, "look: %s: no census\n", before);
		return 2;
	}
	r = mm_phys_file_open(argv[optind], below, &phys);
	if (r < 0) {
		fprintf(stderr, "look: %s: %s\n", argv[optind], strerror(-r));
		return 2;
	}
	r = look(phys, samples, before ? &census : NULL);
	phys->ops->close(phys);
	free(census.list);
	return r;
}
