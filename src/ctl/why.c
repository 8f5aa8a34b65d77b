/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl why: the last decisions about a guest, as sentences. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "show.h"
#include "xenmm/units.h"

#define COUNT_DEFAULT 10
#define COUNT_MAX     32

static const struct mm_ctl_option options[] = {
	{"count", 'n', "N", "so many decisions, the last ones; 1 to 32 [10]"}, MM_CLIENT_JSON,
	MM_CLIENT_SOCKET, {0}};

/* The hour alone for what was today. */
static void print_time(uint64_t time_ms)
{
	time_t then = (time_t)(time_ms / 1000), now = time(NULL);
	struct tm then_day, now_day;
	char text[32];

	localtime_r(&then, &then_day);
	localtime_r(&now, &now_day);
	strftime(text, sizeof(text),
		then_day.tm_yday == now_day.tm_yday && then_day.tm_year == now_day.tm_year
			? "%H:%M:%S"
			: "%Y-%m-%d %H:%M:%S",
		&then_day);
	fputs(text, stdout);
}

/* What happened to its target, or would have. */
static void print_change(const json_t *decision)
{
	static const struct {
		const char *outcome, *grew, *shrank, *behind;
	} words[] = {
		{"set", "grew", "shrank", ""},
		{"dry-run", "would grow", "would shrink", " (dry run)"},
		{"paused", "would grow", "would shrink", " (balancing is paused)"},
		{"refused", "was to grow", "was to shrink", " (Xen refused)"},
	};
	const char *outcome = mm_client_text(decision, "outcome");
	uint64_t old_kib = mm_client_kib(decision, "old_kib");
	uint64_t new_kib = mm_client_kib(decision, "new_kib");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(outcome, words[i].outcome)) {
			printf("%s %" PRIu64 " -> %" PRIu64 " KiB%s",
				new_kib > old_kib ? words[i].grew : words[i].shrank, old_kib,
				new_kib, words[i].behind);
			return;
		}
	printf("stays at %" PRIu64 " KiB", new_kib);
}

/* One decision. A guest that took no part has no need to show. */
static void print_decision(const json_t *decision)
{
	const json_t *need = json_object_get(decision, "need");
	uint64_t stall = mm_client_kib(need, "pressure_ppm") / 1000; /* tenths of a percent */

	print_time(mm_client_kib(decision, "time_ms"));
	putchar(' ');
	print_change(decision);
	printf(": %s; holds %" PRIu64, mm_client_text(decision, "reason_text"),
		mm_client_kib(decision, "held_kib"));
	if (mm_client_kib(decision, "max_kib") > 0) {
		printf(", uses %" PRIu64, mm_client_kib(decision, "use_kib"));
		printf(", needs %" PRIu64 " (hard) + %" PRIu64 " warm + %" PRIu64 " headroom",
			mm_client_kib(need, "hard_kib"), mm_client_kib(need, "warm_kib"),
			mm_client_kib(need, "headroom_kib"));
		printf(", stalls %" PRIu64 ".%" PRIu64 " %%, shall hold %" PRIu64 " of %" PRIu64
		       " to %" PRIu64 ", weight %" PRIu64,
			stall / 10, stall % 10, mm_client_kib(decision, "wish_kib"),
			mm_client_kib(decision, "min_kib"), mm_client_kib(decision, "max_kib"),
			mm_client_kib(decision, "weight"));
	}
	printf("; all guests share %" PRIu64 "%s, the host has %" PRIu64 " to spare\n",
		mm_client_kib(decision, "budget_kib"),
		json_is_true(json_object_get(decision, "overcommitted")) ? ", less than they use"
									 : "",
		mm_client_kib(decision, "spare_kib"));
}

static void print_why(const json_t *answer)
{
	const json_t *guest = json_object_get(answer, "guest");
	const json_t *now = json_object_get(answer, "now");
	const json_t *decisions = json_object_get(answer, "decisions");

	printf("%s (domain %" PRIu64 ")", mm_client_text(guest, "name"),
		mm_client_kib(guest, "domid"));
	if (json_is_object(now))
		printf(" holds %" PRIu64 " KiB, target %" PRIu64 ": %s\n",
			mm_client_kib(now, "held_kib"), mm_client_kib(now, "target_kib"),
			mm_client_text(now, "reason_text"));
	else
		printf(" is gone\n");
	for (size_t i = json_array_size(decisions); i-- > 0;) /* the last one last, as in a log */
		print_decision(json_array_get(decisions, i));
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
