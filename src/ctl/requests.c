/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands that are a plain request: leases, release, pause, resume. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "show.h"
#include "xenmm/units.h"

static const struct mm_ctl_option options[] = {MM_CLIENT_JSON, MM_CLIENT_SOCKET, {0}};

static const struct mm_ctl_option release_options[] = {
	{"for", 'f', "NAME", "the leases for that guest, instead of one by its number"},
	MM_CLIENT_JSON, MM_CLIENT_SOCKET, {0}};

/* Takes the options. Returns MM_CTL_END, or the exit status to end with. */
static int take_options(
	struct mm_client *client, int argc, char **argv, const char **ret_for, int words)
{
	const struct mm_ctl_command *command = client->command;
	int option;

	while ((option = mm_ctl_next(command, argc, argv)) >= 0)
		if (!mm_client_option(client, option, optarg))
			*ret_for = optarg;
	if (option == MM_CTL_DONE)
		return mm_ctl_finish(command, MM_EXIT_OK);
	if (option != MM_CTL_END)
		return MM_EXIT_MISUSE;
	if (argc - optind > words) {
		mm_ctl_say(command, "unexpected '%s'; see mmctl %s --help", argv[optind + words],
			command->name);
		return MM_EXIT_MISUSE;
	}
	return MM_CTL_END;
}

/* Asks, and prints the answer: as JSON, or with `show`. */
static int ask(struct mm_client *client, json_t *request, void (*show)(const json_t *answer))
{
	json_t *answer;
	int r = mm_client_ask(client, request, 0, &answer);

	if (client->is_json && answer)
		mm_client_print(answer);
	else if (r == MM_EXIT_OK && show)
		show(answer);
	json_decref(answer);
	mm_client_close(client);
	return mm_ctl_finish(client->command, r);
}

static void show_leases(const json_t *answer)
{
	mm_show_leases(stdout, json_object_get(answer, "leases"));
}

static int run_leases(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct mm_client client = {.command = command};
	const char *name = NULL;
	int r = take_options(&client, argc, argv, &name, 0);

	return r == MM_CTL_END ? ask(&client, json_pack("{ss}", "request", "leases"), show_leases)
			       : r;
}

static bool was_paused(const json_t *answer)
{
	return json_is_true(json_object_get(answer, "was_paused"));
}

static void show_pause(const json_t *answer)
{
	printf("%s: no target is set until 'mmctl resume'\n",
		was_paused(answer) ? "was paused already" : "paused");
}

static void show_resume(const json_t *answer)
{
	printf(was_paused(answer) ? "resumed: targets are set again\n" : "was not paused\n");
}

/* pause and resume are named like their requests. */
static int run_named(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct mm_client client = {.command = command};
	const char *name = NULL;
	int r = take_options(&client, argc, argv, &name, 0);

	return r == MM_CTL_END ? ask(&client, json_pack("{ss}", "request", command->name),
					 command == &mm_ctl_pause ? show_pause : show_resume)
			       : r;
}

static int run_release(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct mm_client client = {.command = command};
	const char *name = NULL;
	uint64_t id = 0;
	int r = take_options(&client, argc, argv, &name, 1);

	if (r != MM_CTL_END)
		return r;
	if ((optind < argc) == (name != NULL)) {
		mm_ctl_say(command, "needs the number of a lease, or --for NAME");
		return MM_EXIT_MISUSE;
	}
	if (name)
		return ask(
			&client, json_pack("{ss ss}", "request", "release", "guest", name), NULL);
	if (mm_parse_u64(argv[optind], strlen(argv[optind]), UINT32_MAX, &id) || id == 0) {
		mm_ctl_say(command, "'%s' is not the number of a lease", argv[optind]);
		return MM_EXIT_MISUSE;
	}
	return ask(&client, json_pack("{ss sI}", "request", "release", "id", (json_int_t)id), NULL);
}

const struct mm_ctl_command mm_ctl_leases = {
	.name = "leases",
	.args = "[OPTION]...",
	.help = "list the memory set aside for guests that are about to start",
	.options = options,
	.run = run_leases,
};

const struct mm_ctl_command mm_ctl_release = {
	.name = "release",
	.args = "[OPTION]... ID",
	.help = "give memory back that was set aside",
	.options = release_options,
	.run = run_release,
};

const struct mm_ctl_command mm_ctl_pause = {
	.name = "pause",
	.args = "[OPTION]...",
	.help = "let mmserver set no target until 'mmctl resume'",
	.options = options,
	.run = run_named,
};

const struct mm_ctl_command mm_ctl_resume = {
	.name = "resume",
	.args = "[OPTION]...",
	.help = "let mmserver balance again",
	.options = options,
	.run = run_named,
};
