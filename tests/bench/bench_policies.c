/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All shipped scenarios under need, tax AUTO and coordinator, beside the clairvoyant bound, and what need has to reach. With arguments:
 * only these scenarios. Ends with status 1 when something is not met.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "xenmm/units.h"

enum { NEED, TAX, COORDINATOR, TRIALS };

#define SCENARIOS_MAX 64

static const char *const policies[TRIALS] = {
	[NEED] = "need", [TAX] = "tax", [COORDINATOR] = "coordinator"};

struct bench {
	struct mm_trial trials[TRIALS];
	struct mm_comparison *rows;
	size_t count;
	unsigned int failures;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_policies: %s\n", what);
	exit(2);
}

static void play(struct bench *b, const char *name)
{
	struct mm_config base;
	struct mm_input input;
	char err[512] = "";

	if (b->count == SCENARIOS_MAX)
		die("too many scenarios");
	if (mm_input_open(name, &input, err, sizeof(err)) < 0)
		die(err);
	mm_trial_base(&input, &base);
	for (int i = 0; i < TRIALS; i++)
		if (mm_trial_parse(policies[i], &base, &b->trials[i], err, sizeof(err)) < 0)
			die(err);
	if (mm_compare(&input, b->trials, TRIALS, false, 0, &b->rows[b->count], err, sizeof(err)) <
		0)
		die(err);
	mm_input_free(&input);
	mm_compare_print(stdout, &b->rows[b->count++]);
	putchar('\n');
}

static uint64_t mib_s(uint64_t kib_ms)
{
	return kib_ms / MM_KIB_PER_MIB / 1000;
}

/* One requirement: the scenarios that break it, or how it stands in all. */
static void begin(const char *what)
{
	printf("%s\n", what);
}

static void end(struct bench *b, unsigned int broken, const char *note)
{
	printf("    %s%s%s\n", broken ? "NOT MET" : "ok", *note ? ": " : "", note);
	b->failures += broken > 0;
}

static void check_least(struct bench *b)
{
	unsigned int broken = 0;

	begin("need has the least unmet need of all policies in every scenario");
	for (size_t i = 0; i < b->count; i++) {
		const struct mm_figures *f = b->rows[i].figures;

		for (int other = TAX; other < TRIALS; other++) {
			if (f[NEED].unmet_kib_ms <= f[other].unmet_kib_ms)
				continue;
			broken++;
			printf("    %s: need %" PRIu64 " MiB*s, %s %" PRIu64 "\n", b->rows[i].name,
				mib_s(f[NEED].unmet_kib_ms), b->trials[other].label,
				mib_s(f[other].unmet_kib_ms));
		}
	}
	end(b, broken, "");
}

static void check_sum(struct bench *b)
{
	uint64_t need = 0, tax = 0, bound = 0, need_ppm = 0, tax_ppm = 0;
	char note[256];

	begin("in the sum of all scenarios at most a third of tax AUTO");
	for (size_t i = 0; i < b->count; i++) {
		need += b->rows[i].figures[NEED].unmet_kib_ms;
		tax += b->rows[i].figures[TAX].unmet_kib_ms;
		bound += b->rows[i].bounds[NEED].unmet_kib_ms;
		need_ppm += mm_figures_unmet_ppm(&b->rows[i].figures[NEED]);
		tax_ppm += mm_figures_unmet_ppm(&b->rows[i].figures[TAX]);
	}
	snprintf(note, sizeof(note),
		"need %" PRIu64 " MiB*s, tax %" PRIu64 ", bound %" PRIu64
		"; shares of need added up: need %" PRIu64 ".%02" PRIu64 " %%, tax %" PRIu64
		".%02" PRIu64 " %%",
		mib_s(need), mib_s(tax), mib_s(bound), need_ppm / 10000, need_ppm / 100 % 100,
		tax_ppm / 10000, tax_ppm / 100 % 100);
	end(b, need > tax / 3, note);
}

static void check_bound(struct bench *b)
{
	unsigned int broken = 0;

	begin("at most 1.2 times the clairvoyant bound where that is not zero");
	for (size_t i = 0; i < b->count; i++) {
		uint64_t unmet = b->rows[i].figures[NEED].unmet_kib_ms;
		uint64_t bound = b->rows[i].bounds[NEED].unmet_kib_ms;

		if (bound == 0)
			continue;
		printf("    %s: %" PRIu64 ".%03" PRIu64 " times\n", b->rows[i].name, unmet / bound,
			unmet % bound * 1000 / bound);
		broken += unmet > bound + bound / 5;
	}
	end(b, broken, "");
}

static void check_kills(struct bench *b)
{
	unsigned int broken = 0;

	begin("never an OOM kill that the bound does not have");
	for (size_t i = 0; i < b->count; i++) {
		uint64_t kills = b->rows[i].figures[NEED].kills;

		if (kills <= b->rows[i].bounds[NEED].kills)
			continue;
		broken++;
		printf("    %s: %" PRIu64 ", the bound %" PRIu64 "\n", b->rows[i].name, kills,
			b->rows[i].bounds[NEED].kills);
	}
	end(b, broken, "");
}

static void check_churn(struct bench *b)
{
	uint64_t need_kib = 0, tax_kib = 0, need_targets = 0, tax_targets = 0;
	char note[160];

	begin("churn no more than tax's: MiB moved and targets written, in the sum");
	for (size_t i = 0; i < b->count; i++) {
		const struct mm_figures *f = b->rows[i].figures;

		need_kib += f[NEED].moved_kib;
		tax_kib += f[TAX].moved_kib;
		need_targets += f[NEED].targets;
		tax_targets += f[TAX].targets;
		if (f[NEED].moved_kib > f[TAX].moved_kib || f[NEED].targets > f[TAX].targets)
			printf("    more in %s: %" PRIu64 " MiB and %" PRIu64
			       " targets, tax %" PRIu64 " and %" PRIu64 "\n",
				b->rows[i].name, f[NEED].moved_kib / MM_KIB_PER_MIB,
				f[NEED].targets, f[TAX].moved_kib / MM_KIB_PER_MIB, f[TAX].targets);
	}
	snprintf(note, sizeof(note),
		"need %" PRIu64 " MiB and %" PRIu64 " targets, tax %" PRIu64 " and %" PRIu64,
		need_kib / MM_KIB_PER_MIB, need_targets, tax_kib / MM_KIB_PER_MIB, tax_targets);
	end(b, need_kib > tax_kib || need_targets > tax_targets, note);
}

int main(int argc, char **argv)
{
	struct bench b = {.rows = calloc(SCENARIOS_MAX, sizeof(*b.rows))};

	if (!b.rows)
		die("out of memory");
	for (int i = 1; i < argc; i++)
		play(&b, argv[i]);
	for (size_t i = 0; argc == 1 && i < mm_shipped_count; i++)
		play(&b, mm_shipped_scenarios[i].name);
	check_least(&b);
	check_sum(&b);
	check_bound(&b);
	check_kills(&b);
	check_churn(&b);
	free(b.rows);
	return b.failures > 0;
}
