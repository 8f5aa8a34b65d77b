/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl why: the last decisions about a guest, as sentences. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "show.h"
#include "xenmm/units.h"

#define COUNT_DEFAULT 10
#define COUNT_MAX     32

static const struct mm_ctl_option options[] = {
	{"count", 'n', "N", "so many decisions, the last ones; 1 to 32 [10]"}, MM_CLIENT_JSON,
	MM_CLIENT_SOCKET, {0}};

static void print_why(const json_t *answer)
{
	const json_t *guest = json_object_get(answer, "guest");
	const json_t *now = json_object_get(answer, "now");
	const json_t *decisions = json_object_get(answer, "decisions");
	char outside[MM_SHOW_OUTSIDE_MAX];

	printf("%s (domain %" PRIu64 ")", mm_client_text(guest, "name"),
		mm_client_kib(guest, "domid"));
	if (json_is_object(now))
		printf(" holds %" PRIu64 " KiB, target %" PRIu64 ": %s\n",
			mm_client_kib(now, "held_kib"), mm_client_kib(now, "target_kib"),
			mm_client_text(now, "reason_text"));
	else
		printf(" is gone\n");
	if (*mm_show_outside(outside, sizeof(outside), now))
		printf("%s\n", outside);
	for (size_t i = json_array_size(decisions); i-- > 0;) { /* the last one last, as in a log */
		mm_show_decision(stdout, json_array_get(decisions, i), NULL);
		putchar('\n');
	}
}

static int run(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct mm_client client = {.command = command};
	uint64_t count = COUNT_DEFAULT;
	json_t *answer;
	int option, r;

	while ((option = mm_ctl_next(command, argc, argv)) >= 0) {
		if (mm_client_option(&client, option, optarg))
			continue;
		if (mm_parse_u64(optarg, strlen(optarg), COUNT_MAX, &count) || count == 0) {
			mm_ctl_say(command, "count: '%s' is not a number from 1 to %d", optarg,
				COUNT_MAX);
			return MM_EXIT_MISUSE;
		}
	}
	if (option != MM_CTL_END)
		return option == MM_CTL_DONE ? mm_ctl_finish(command, 0) : MM_EXIT_MISUSE;
	if (argc - optind != 1) {
		mm_ctl_say(command, "needs one guest: its name, domain id or uuid");
		return MM_EXIT_MISUSE;
	}
	r = mm_client_ask(&client,
		json_pack("{ss ss sI}", "request", "why", "guest", argv[optind], "count",
			(json_int_t)count),
		0, &answer);
	if (client.is_json && answer)
		mm_client_print(answer);
	else if (r == MM_EXIT_OK)
		print_why(answer);
	json_decref(answer);
	mm_client_close(&client);
	return mm_ctl_finish(command, r);
}

const struct mm_ctl_command mm_ctl_why = {
	.name = "why",
	.args = "[OPTION]... GUEST",
	.help = "tell what was decided about a guest lately, and why",
	.options = options,
	.run = run,
};
