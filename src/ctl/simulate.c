/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl simulate: what would happen on a host, under each policy. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "ctl.h"
#include "xenmm/units.h"

enum choice { OPT_POLICY, OPT_SET, OPT_SEED, OPT_JSON, OPT_PLOT, OPT_LIST };

static const struct mm_ctl_option options[] = {
	[OPT_POLICY] = {"policy", 'p', "NAME[,SET=VAL]",
		"try that policy: need, tax or coordinator; several times [all]"},
	[OPT_SET] = {"set", 's', "SETTING=VALUE",
		"a setting of mmserver for all policies; several times"},
	[OPT_SEED] = {"seed", 0, "NUMBER", "start of the random numbers [the scenario's, or 1]"},
	[OPT_JSON] = {"json", 'j', NULL, "print the figures as JSON"},
	[OPT_PLOT] = {"plot", 0, "FILE",
		"draw the figures into FILE.png or FILE.svg (needs gnuplot)"},
	[OPT_LIST] = {"list", 'l', NULL, "list the scenarios that come with mmctl, and exit"},
	{0},
};

#define SETS_MAX 64

struct simulation {
	const struct mm_ctl_command *command;
	const char *sets[SETS_MAX];
	size_t set_count;
	const char *policies[MM_TRIALS_MAX];
	size_t policy_count;
	struct mm_trial trials[MM_TRIALS_MAX];
	bool has_seed;
	uint64_t seed;
	bool is_list;
	bool is_json;
	const char *plot; /* NULL: none */
	struct mm_comparison *done;
	size_t done_count;
};

static int take_word(
	const char **words, size_t *count, size_t max, const char *what, char *err, size_t err_size)
{
	if (*count == max) {
		snprintf(err, err_size, "%s: given more than %zu times", what, max);
		return -EINVAL;
	}
	words[(*count)++] = optarg;
	return 0;
}

static int set_option(struct simulation *s, int option, char *err, size_t err_size)
{
	switch ((enum choice)option) {
	case OPT_POLICY:
		return take_word(
			s->policies, &s->policy_count, MM_TRIALS_MAX, "policy", err, err_size);
	case OPT_SET:
		return take_word(s->sets, &s->set_count, SETS_MAX, "set", err, err_size);
	case OPT_JSON:
		s->is_json = true;
		return 0;
	case OPT_PLOT:
		s->plot = optarg;
		return 0;
	case OPT_LIST:
		s->is_list = true;
		return 0;
	case OPT_SEED:
		s->has_seed = true;
		if (mm_parse_u64(optarg, strlen(optarg), UINT64_MAX, &s->seed) == 0)
			return 0;
		snprintf(err, err_size, "seed: '%s' is not a number from 0 to 18446744073709551615",
			optarg);
		return -EINVAL;
	}
	return -EINVAL;
}

static void choose_all(struct simulation *s)
{
	for (int i = 0; i < MM_POLICY_COUNT; i++)
		s->policies[s->policy_count++] = mm_policy_name((enum mm_policy)i);
}

/* The settings of each trial: the defaults or those of the recorded run, then --set, then what stands behind --policy. */
static int make_trials(
	struct simulation *s, const struct mm_input *input, char *err, size_t err_size)
{
	struct mm_config base;
	int r = 0;

	mm_trial_base(input, &base);
	for (size_t i = 0; r == 0 && i < s->set_count; i++)
		r = mm_trial_set(&base, s->sets[i], err, err_size);
	if (r == 0)
		r = mm_config_check(&base, err, err_size);
	for (size_t i = 0; r == 0 && i < s->policy_count; i++)
		r = mm_trial_parse(s->policies[i], &base, &s->trials[i], err, err_size);
	return r < 0 ? -EINVAL : 0;
}

/* ---- running --------------------------------------------------------------------------------- */

static int list_shipped(void)
{
	char err[256] = "";

	for (size_t i = 0; i < mm_shipped_count; i++) {
		struct mm_input input;

		if (mm_input_open_shipped(&mm_shipped_scenarios[i], &input, err, sizeof(err)) < 0)
			continue; /* a test sees to it that all can be read */
		printf("%-20s %s\n", input.name, input.story);
		mm_input_free(&input);
	}
	return 0;
}

static int play_input(struct simulation *s, const struct mm_input *input, char *err, size_t n)
{
	struct mm_comparison *grown = reallocarray(s->done, s->done_count + 1, sizeof(*s->done));
	int r;

	if (!grown) {
		snprintf(err, n, "out of memory");
		return -ENOMEM;
	}
	s->done = grown;
	r = make_trials(s, input, err, n);
	if (r < 0)
		return r;
	r = mm_compare(input, s->trials, s->policy_count, s->has_seed, s->seed,
		&s->done[s->done_count], err, n);
	if (r < 0)
		return r;
	if (!s->is_json && s->done_count > 0)
		putchar('\n');
	if (!s->is_json)
		mm_compare_print(stdout, &s->done[s->done_count]);
	s->done_count++;
	return fflush(stdout) == 0 ? 0 : -EIO;
}

static int play_file(struct simulation *s, const char *path)
{
	struct mm_input input;
	char err[512] = "";
	int r = mm_input_open(path, &input, err, sizeof(err));

	if (r < 0) {
		mm_ctl_say(s->command, "%s", err);
		return MM_EXIT_MISUSE;
	}
	r = play_input(s, &input, err, sizeof(err));
	mm_input_free(&input);
	if (r < 0 && r != -EIO)
		mm_ctl_say(s->command, "%s", err);
	return r == 0 ? MM_EXIT_OK : r == -EINVAL ? MM_EXIT_MISUSE : MM_EXIT_FAILED;
}

static int play_all(struct simulation *s, char **files, size_t count)
{
	int status = MM_EXIT_OK;

	for (size_t i = 0; status == MM_EXIT_OK && i < count; i++)
		status = play_file(s, files[i]);
	for (size_t i = 0; status == MM_EXIT_OK && count == 0 && i < mm_shipped_count; i++)
		status = play_file(s, mm_shipped_scenarios[i].name);
	return status;
}

static int print_json(struct simulation *s)
{
	json_t *list = json_array(), *whole;
	bool is_whole = true;
	int r;

	for (size_t i = 0; i < s->done_count; i++)
		is_whole &= json_array_append_new(list, mm_compare_json(&s->done[i])) == 0;
	whole = json_pack("{s:o}", "scenarios", list);
	r = is_whole && whole ? json_dumpf(whole, stdout, JSON_INDENT(2)) : -1;
	json_decref(whole);
	if (r < 0 && !ferror(stdout)) {
		mm_ctl_say(s->command, "out of memory");
		return MM_EXIT_FAILED;
	}
	putchar('\n');
	return MM_EXIT_OK;
}

/* What is shown when all has been played. */
static int show(struct simulation *s)
{
	int status = s->is_json ? print_json(s) : MM_EXIT_OK;
	char err[512] = "";
	int r = 0;

	if (status == MM_EXIT_OK && s->plot)
		r = mm_compare_plot(s->plot, s->done, s->done_count, err, sizeof(err));
	if (r == 0)
		return status;
	mm_ctl_say(s->command, "%s", err);
	return r == -EINVAL ? MM_EXIT_MISUSE : MM_EXIT_FAILED;
}

static int run(const struct mm_ctl_command *command, int argc, char **argv)
{
	static struct simulation s; /* zeroed, and too large for a stack */
	char err[512] = "";
	int option, status;

	s.command = command;
	while ((option = mm_ctl_next(command, argc, argv)) >= 0) {
		if (set_option(&s, option, err, sizeof(err)) < 0)
			goto misuse;
	}
	if (option != MM_CTL_END)
		return option == MM_CTL_DONE ? mm_ctl_finish(command, 0) : MM_EXIT_MISUSE;
	if (s.policy_count == 0)
		choose_all(&s);
	if (make_trials(&s, NULL, err, sizeof(err)) < 0) /* before anything is played */
		goto misuse;
	if (s.is_list)
		return mm_ctl_finish(command, list_shipped());
	status = play_all(&s, argv + optind, (size_t)(argc - optind));
	if (status == MM_EXIT_OK)
		status = show(&s);
	free(s.done);
	return mm_ctl_finish(command, status);
misuse:
	mm_ctl_say(command, "%s", err);
	return MM_EXIT_MISUSE;
}

const struct mm_ctl_command mm_ctl_simulate = {
	.name = "simulate",
	.args = "[OPTION]... [FILE]...",
	.help = "play scenarios under several policies, to see what each would do",
	.more = "FILE is a scenario, see xenmm-scenario(5); the name of one that comes with mmctl; "
		"or a trace\n"
		"of mmserver --record, which keeps its settings. Without FILE all that come with "
		"mmctl are\n"
		"played. tax has TAX_RATE AUTO here.\n",
	.options = options,
	.run = run,
};
