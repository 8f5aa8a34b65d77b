/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl simulate: what would happen on a host, under each policy. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "backend/sim.h"
#include "ctl.h"
#include "play.h"
#include "xenmm/units.h"

enum choice { OPT_POLICY, OPT_SEED };

static const struct mm_ctl_option options[] = {
	[OPT_POLICY] = {"policy", 'p', "NAME", "a policy to try; may be given several times"},
	[OPT_SEED] = {"seed", 0, "NUMBER", "start of the random numbers [the scenario's, or 1]"},
	{0},
};

struct simulation {
	const struct mm_ctl_command *command;
	struct mm_backend_options world;
	bool is_chosen[MM_POLICY_COUNT];
};

static int choose_policy(struct simulation *s, const char *name)
{
	struct mm_config cfg;
	char err[256];

	mm_config_init(&cfg);
	if (mm_config_set(&cfg, "policy", name, err, sizeof(err)) < 0) {
		mm_ctl_say(s->command, "%s", err);
		return -EINVAL;
	}
	s->is_chosen[cfg.policy] = true;
	return 0;
}

static int set_option(struct simulation *s, int option)
{
	if (option == OPT_POLICY)
		return choose_policy(s, optarg);
	s->world.has_seed = true;
	if (mm_parse_u64(optarg, strlen(optarg), UINT64_MAX, &s->world.seed) == 0)
		return 0;
	mm_ctl_say(s->command, "seed: '%s' is not a number from 0 to 18446744073709551615", optarg);
	return -EINVAL;
}

static int play_policy(struct simulation *s, enum mm_policy policy)
{
	struct mm_backend *b;
	struct mm_config cfg;
	char err[256] = "";
	int r = mm_backend_open("sim", &s->world, err, sizeof(err), &b);

	if (r < 0) {
		mm_ctl_say(s->command, "%s", err);
		return r;
	}
	mm_config_init(&cfg);
	cfg.policy = policy;
	cfg.is_tax_auto = true;
	printf("policy %s\n", mm_policy_name(policy));
	r = mm_play(b, &cfg);
	if (r == 0 || r == -EPROTO)
		r = b->ops->summary(b, stdout);
	b->ops->close(b);
	return r;
}

static int run(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct simulation s = {.command = command};
	int r = 0, option;

	while ((option = mm_ctl_next(command, argc, argv)) >= 0) {
		if (set_option(&s, option) < 0)
			return MM_EXIT_MISUSE;
	}
	if (option != MM_CTL_END)
		return option == MM_CTL_DONE ? mm_ctl_finish(command, 0) : MM_EXIT_MISUSE;
	if (!s.is_chosen[MM_POLICY_NEED] && !s.is_chosen[MM_POLICY_COORDINATOR])
		s.is_chosen[MM_POLICY_TAX] = true;
	do {
		s.world.file = argv[optind];
		for (int i = 0; r == 0 && i < MM_POLICY_COUNT; i++) {
			if (s.is_chosen[i])
				r = play_policy(&s, (enum mm_policy)i);
		}
	} while (r == 0 && ++optind < argc);
	if (r == -EINVAL || r == -ENOENT)
		return MM_EXIT_MISUSE;
	return mm_ctl_finish(command, r < 0 ? MM_EXIT_FAILED : MM_EXIT_OK);
}

const struct mm_ctl_command mm_ctl_simulate = {
	.name = "simulate",
	.args = "[OPTION]... [FILE]...",
	.help = "play scenarios under several policies, to see what each would do",
	.options = options,
	.run = run,
};
