/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the simulator tells about a run: figures for programs, a summary for people. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_private.h"
#include "xenmm/units.h"

static const struct mm_sim *sim_of(const struct mm_backend *b)
{
	return (const struct mm_sim *)(const void *)b;
}

const struct mm_sim_stats *mm_sim_stats(const struct mm_backend *b)
{
	return &sim_of(b)->stats;
}

size_t mm_sim_guest_count(const struct mm_backend *b)
{
	return sim_of(b)->scenario.guest_count;
}

const char *mm_sim_guest_name(const struct mm_backend *b, size_t i)
{
	return i < mm_sim_guest_count(b) ? sim_of(b)->scenario.guests[i].name : NULL;
}

const struct mm_sim_guest_stats *mm_sim_guest_stats(const struct mm_backend *b, size_t i)
{
	return i < mm_sim_guest_count(b) ? &sim_of(b)->guests[i].stats : NULL;
}

const char *mm_sim_error(const struct mm_backend *b)
{
	return sim_of(b)->error;
}

static struct mm_sim_truth truth_of(const struct sim_guest *g)
{
	return (struct mm_sim_truth){
		.is_there = g->life == SIM_PRESENT,
		.domid = g->domid,
		.state = g->state,
		.held_kib = g->held_kib,
		.target_kib = g->target_kib,
		.free_kib = sim_guest_free(g),
		.avail_kib = sim_guest_avail(g),
		.anon_kib = g->anon_kib,
		.swapped_kib = g->swapped_kib,
		.cache_kib = g->cache_kib,
		.hard_kib = g->spec->kernel_kib + g->anon_kib + g->swapped_kib,
		.need_kib = sim_guest_need(g),
		.least_kib = sim_guest_least(g),
		.killable_kib = g->demand_kib > g->spec->use_kib ? g->demand_kib - g->spec->use_kib
								 : g->demand_kib / 2,
	};
}

const struct mm_scenario *mm_sim_scenario(const struct mm_backend *b)
{
	return &sim_of(b)->scenario;
}

struct mm_sim_truth mm_sim_truth_at(const struct mm_backend *b, size_t i)
{
	return truth_of(&sim_of(b)->guests[i]);
}

int mm_sim_truth(const struct mm_backend *b, const char *name, struct mm_sim_truth *ret_truth)
{
	const struct mm_sim *sim = sim_of(b);

	for (size_t i = 0; i < sim->scenario.guest_count; i++) {
		if (strcmp(sim->scenario.guests[i].name, name) != 0)
			continue;
		*ret_truth = truth_of(&sim->guests[i]);
		return 0;
	}
	return -ENOENT;
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t mm_sim_relief_percentile(const struct mm_sim_stats *stats, unsigned int percent)
{
	uint64_t sorted[MM_SIM_RELIEFS_MAX];
	size_t count = stats->relief_count;

	if (count == 0)
		return 0;
	memcpy(sorted, stats->reliefs_ms, count * sizeof(sorted[0]));
	qsort(sorted, count, sizeof(sorted[0]), compare_u64);
	return sorted[(count - 1) * mm_min_u64(percent, 100) / 100];
}

/* ---- summary --------------------------------------------------------------------------------- */

static void print_time(FILE *out, const char *label, uint64_t ms)
{
	fprintf(out, "%s%" PRIu64 ".%03" PRIu64 " s", label, ms / 1000, ms % 1000);
}

static void print_guest(FILE *out, const struct sim_guest *g)
{
	const struct mm_sim_guest_stats *s = &g->stats;
	uint64_t unmet_ppm =
		s->need_kib_ms / 1000000 ? s->unmet_kib_ms / (s->need_kib_ms / 1000000) : 0;

	fprintf(out, "%-16s %8" PRIu64 " %8" PRIu64 " %4" PRIu64 " %6" PRIu64, g->spec->name,
		s->swapout_pages, s->swapin_pages, s->oom_kills + s->crashes, s->shortages);
	fprintf(out, " %5" PRIu64 ".%03" PRIu64, s->relief_max_ms / 1000, s->relief_max_ms % 1000);
	fprintf(out, " %4" PRIu64 ".%03" PRIu64, unmet_ppm / 10000, unmet_ppm / 10 % 1000);
	fprintf(out, " %6" PRIu64 " %6" PRIu64 " %7" PRIu64 "\n", s->grown_kib / MM_KIB_PER_MIB,
		s->shrunk_kib / MM_KIB_PER_MIB, s->targets);
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

int mm_sim_summary(struct mm_backend *b, FILE *out)
{
	const struct mm_sim *sim = sim_of(b);
	const struct mm_sim_stats *s = &sim->stats;
	char lowest[16];

	fprintf(out, "sim: seed %" PRIu64 ", ", s->seed);
	print_time(out, "", s->now_ms);
	fprintf(out,
		" of virtual time, %" PRIu64 " round%s, %" PRIu64 " target%s written, %" PRIu64
		" refused, host free at least %s",
		s->samples, plural(s->samples), s->targets, plural(s->targets), s->refused,
		mm_format_size(lowest, sizeof(lowest), s->lowest_free_kib));
	if (s->creations_failed)
		fprintf(out, ", %" PRIu64 " guest%s not created for lack of memory",
			s->creations_failed, plural(s->creations_failed));
	print_time(out, "\nsim: relief p50 ", mm_sim_relief_percentile(s, 50));
	print_time(out, ", p99 ", mm_sim_relief_percentile(s, 99));
	fprintf(out, "\n%-16s %8s %8s %4s %6s %9s %8s %6s %6s %7s\n", "guest", "swap-out",
		"swap-in", "oom", "short", "longest s", "unmet %", "up MiB", "down", "targets");
	for (size_t i = 0; i < sim->scenario.guest_count; i++)
		print_guest(out, &sim->guests[i]);
	if (sim->is_broken)
		fprintf(out, "sim: broken rule: %s\n", sim->error);
	if (fflush(out) != 0 || ferror(out))
		return -EIO;
	return sim->is_broken ? -EPROTO : 0;
}
