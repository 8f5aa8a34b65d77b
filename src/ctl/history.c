/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl history: how a guest, or the host, fared lately, as a table, CSV or JSON. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "show.h"
#include "xenmm/units.h"

#define SINCE_DEFAULT_MS 300000
#define SINCE_MIN_MS	 1000
#define SINCE_MAX_MS	 86400000 /* what mmserver keeps */

enum { OPTION_SINCE, OPTION_CSV };

static const struct mm_ctl_option options[] = {
	[OPTION_SINCE] = {"since", 's', "TIME",
		"so far back: each second up to 5m, each 10 up to 1h, each minute up to 24h [5m]"},
	[OPTION_CSV] = {"csv", 0, NULL,
		"print comma-separated numbers, for gnuplot and spreadsheets"},
	MM_CLIENT_JSON,
	MM_CLIENT_SOCKET,
	{0},
};

/* Titles of columns, as in mmctl status. */
static const struct {
	const char *column, *title;
} titles[] = {
	{"time_ms", "TIME"},
	{"target_kib", "TARGET"},
	{"held_kib", "HELD"},
	{"used_kib", "USED"},
	{"hard_kib", "HARD"},
	{"warm_kib", "WARM"},
	{"headroom_kib", "ROOM"},
	{"pressure_ppm", "STALL%"},
	{"total_kib", "TOTAL"},
	{"free_kib", "FREE"},
	{"budget_kib", "BUDGET"},
	{"pool_kib", "POOL"},
};

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

static const char *title_of(const char *column)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (!strcmp(titles[i].column, column))
			return titles[i].title;
	return column;
}

/* ---- table ----------------------------------------------------------------------------------- */

static void print_value(const char *column, const json_t *value)
{
	uint64_t number = json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
	char size[MM_SHOW_MAX];

	if (!strcmp(column, "time_ms"))
		mm_show_time(stdout, number);
	else if (!json_is_integer(value))
		printf(" %8s", "-");
	else if (ends_with(column, "_kib"))
		printf(" %8s", mm_format_size(size, sizeof(size), number));
	else if (ends_with(column, "_ppm"))
		printf(" %6" PRIu64 ".%" PRIu64, number / 10000, number / 1000 % 10);
	else
		printf(" %8" PRIu64, number);
}

static void print_table(const json_t *answer)
{
	const json_t *columns = json_object_get(answer, "columns"), *column, *row, *value;
	const json_t *rows = json_object_get(answer, "rows");
	const json_t *guest = json_object_get(answer, "domain");
	size_t i, k;

	if (json_is_object(guest))
		printf("%s (domain %" PRIu64 ")", mm_client_text(guest, "name"),
			mm_client_kib(guest, "domid"));
	else
		printf("host");
	printf(", a row for each %" PRIu64 " s\n", mm_client_kib(answer, "step_ms") / 1000);
	json_array_foreach(columns, i, column) printf(i ? " %8s" : "%-8s",
		title_of(json_string_value(column) ? json_string_value(column) : ""));
	putchar('\n');
	json_array_foreach(rows, i, row)
	{
		json_array_foreach(row, k, value)
		{
			const char *name = json_string_value(json_array_get(columns, k));

			print_value(name ? name : "", value);
		}
		putchar('\n');
	}
	if (json_array_size(rows) == 0)
		printf("nothing is known of that time\n");
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void print_csv(const json_t *answer)
{
	const json_t *columns = json_object_get(answer, "columns"), *column, *row, *value;
	size_t i, k;

	json_array_foreach(columns, i, column) printf(
		"%s%s", i ? "," : "", json_string_value(column) ? json_string_value(column) : "");
	putchar('\n');
	json_array_foreach(json_object_get(answer, "rows"), i, row)
	{
		json_array_foreach(row, k, value)
		{
			fputs(k ? "," : "", stdout);
			if (json_is_integer(value))
				printf("%" PRIi64, (int64_t)json_integer_value(value));
		}
		putchar('\n');
	}
}

/* ---- the command ----------------------------------------------------------------------------- */

static json_t *request(const char *guest, uint64_t since_ms)
{
	if (!guest)
		return json_pack("{ss sI}", "request", "history", "since", -(json_int_t)since_ms);
	return json_pack(
		"{ss ss sI}", "request", "history", "guest", guest, "since", -(json_int_t)since_ms);
}

static int ask(struct mm_client *client, const char *guest, uint64_t since_ms, bool is_csv)
{
	json_t *answer;
	int r = mm_client_ask(client, request(guest, since_ms), 0, &answer);

	if (client->is_json && answer)
		mm_client_print(answer);
	else if (r == MM_EXIT_OK && is_csv)
		print_csv(answer);
	else if (r == MM_EXIT_OK)
		print_table(answer);
	json_decref(answer);
	mm_client_close(client);
	return mm_ctl_finish(client->command, r);
}

static int run(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct mm_client client = {.command = command};
	uint64_t since_ms = SINCE_DEFAULT_MS;
	bool is_csv = false;
	int option;

	while ((option = mm_ctl_next(command, argc, argv)) >= 0) {
		if (mm_client_option(&client, option, optarg))
			continue;
		if (option == OPTION_CSV) {
			is_csv = true;
		} else if (mm_parse_duration(optarg, &since_ms) || since_ms < SINCE_MIN_MS ||
			   since_ms > SINCE_MAX_MS) {
			mm_ctl_say(command, "since: '%s' is not a time from 1s to 24h", optarg);
			return MM_EXIT_MISUSE;
		}
	}
	if (option != MM_CTL_END)
		return option == MM_CTL_DONE ? mm_ctl_finish(command, 0) : MM_EXIT_MISUSE;
	if (is_csv && client.is_json) {
		mm_ctl_say(command, "--csv and --json do not go together");
		return MM_EXIT_MISUSE;
	}
	if (argc - optind > 1) {
		mm_ctl_say(command, "unexpected '%s'; see mmctl history --help", argv[optind + 1]);
		return MM_EXIT_MISUSE;
	}
	return ask(&client, argv[optind], since_ms, is_csv);
}

const struct mm_ctl_command mm_ctl_history = {
	.name = "history",
	.args = "[OPTION]... [GUEST]",
	.help = "show what the host, or a guest, held and needed in the last minutes or hours",
	.more = "In rows of more than a second TARGET and HELD are the last, all others the "
		"largest of that time.\n",
	.options = options,
	.run = run,
};
