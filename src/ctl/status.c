/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl status: host and guests in a table. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "show.h"
#include "xenmm/units.h"

#define NAME_WIDTH_MAX 32

static const struct mm_ctl_option options[] = {MM_CLIENT_JSON, MM_CLIENT_SOCKET, {0}};

static void print_host(const json_t *answer)
{
	const json_t *host = json_object_get(answer, "host");
	const json_t *server = json_object_get(answer, "server");
	const char *name = mm_client_text(server, "host");
	char a[MM_SHOW_MAX], b[MM_SHOW_MAX], c[MM_SHOW_MAX], d[MM_SHOW_MAX], e[MM_SHOW_MAX];

	printf("host%s%s: %s, free %s (reserve %s, claimed %s, set aside %s", *name ? " " : "",
		name, mm_show_size(a, host, "total_kib"), mm_show_size(b, host, "free_kib"),
		mm_show_size(c, host, "reserve_kib"), mm_show_size(d, host, "claims_kib"),
		mm_show_size(e, host, "reserved_kib"));
	printf(", spare %s), burst pool %s\n", mm_show_size(a, host, "spare_kib"),
		mm_show_size(b, host, "pool_kib"));
	printf("budget %s, policy %s%s%s%s\n", mm_show_size(a, host, "budget_kib"),
		mm_client_text(server, "policy"),
		json_is_true(json_object_get(host, "overcommitted"))
			? "; OVERCOMMITTED: they use more than that"
			: "",
		json_is_true(json_object_get(server, "paused")) ? "; PAUSED: no target is set" : "",
		json_is_true(json_object_get(server, "dry_run")) ? "; dry run: no target is set"
								 : "");
}

static int name_width(const json_t *guests)
{
	const json_t *guest;
	size_t i, width = 4;

	json_array_foreach(guests, i, guest)
	{
		size_t len = strlen(mm_client_text(guest, "name"));

		if (len > width)
			width = len;
	}
	return width < NAME_WIDTH_MAX ? (int)width : NAME_WIDTH_MAX;
}

/* A size, or a dash where the guest takes no part. */
static void print_size(const json_t *object, const char *name, bool is_there)
{
	char size[MM_SHOW_MAX];

	printf(" %7s", is_there ? mm_show_size(size, object, name) : "-");
}

static void print_guest(const json_t *guest, int width)
{
	const json_t *need = json_object_get(guest, "need");
	bool is_balanced = json_is_true(json_object_get(guest, "balanced"));
	uint64_t stall = mm_client_kib(need, "pressure_ppm") / 1000; /* tenths of a percent */

	printf("%5" PRIu64 " %-*.*s %-8.8s", mm_client_kib(guest, "domid"), width, width,
		mm_client_text(guest, "name"), mm_client_text(guest, "state"));
	print_size(guest, "held_kib", true);
	print_size(guest, "target_kib", mm_client_kib(guest, "target_kib") > 0);
	print_size(guest, "wish_kib", is_balanced);
	print_size(need, "hard_kib", is_balanced);
	print_size(need, "warm_kib", is_balanced);
	print_size(need, "headroom_kib", is_balanced);
	if (is_balanced)
		printf(" %3" PRIu64 ".%" PRIu64, stall / 10, stall % 10);
	else
		printf("     -");
	print_size(guest, "min_kib", is_balanced);
	print_size(guest, "max_kib", is_balanced);
	printf(" %6" PRIu64 " %s%s\n", mm_client_kib(guest, "weight"),
		mm_client_text(guest, "reason_text"), mm_show_outside_short(guest));
}

static void print_status(const json_t *answer)
{
	const json_t *guests = json_object_get(answer, "guests");
	const json_t *leases = json_object_get(answer, "leases");
	int width = name_width(guests);
	const json_t *guest;
	size_t i;

	print_host(answer);
	if (json_array_size(leases) > 0)
		mm_show_leases(stdout, leases);
	if (json_array_size(guests) == 0) {
		printf("no guests\n");
		return;
	}
	printf("\n%5s %-*s %-8s %7s %7s %7s %7s %7s %7s %5s %7s %7s %6s %s\n", "ID", width, "NAME",
		"STATE", "HELD", "TARGET", "GOAL", "HARD", "WARM", "ROOM", "STALL", "MIN", "MAX",
		"WEIGHT", "WHY");
	json_array_foreach(guests, i, guest) print_guest(guest, width);
}

static int run(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct mm_client client = {.command = command};
	json_t *answer;
	int option, r;

	while ((option = mm_ctl_next(command, argc, argv)) >= 0)
		(void)mm_client_option(&client, option, optarg); /* it has no others */
	if (option != MM_CTL_END)
		return option == MM_CTL_DONE ? mm_ctl_finish(command, 0) : MM_EXIT_MISUSE;
	if (optind < argc) {
		mm_ctl_say(command, "unexpected '%s'; see mmctl status --help", argv[optind]);
		return MM_EXIT_MISUSE;
	}
	r = mm_client_ask(&client, json_pack("{ss}", "request", "status"), 0, &answer);
	if (client.is_json && answer)
		mm_client_print(answer);
	else if (r == MM_EXIT_OK)
		print_status(answer);
	json_decref(answer);
	mm_client_close(&client);
	return mm_ctl_finish(command, r);
}

const struct mm_ctl_command mm_ctl_status = {
	.name = "status",
	.args = "[OPTION]...",
	.help = "show the host's memory, and what every guest holds, needs and shall have",
	.more = "GOAL is what the guest shall hold in the end. It needs HARD (what it cannot give "
		"back), WARM (cache in "
		"use)\nand ROOM (to grow into); STALL is the percentage of time for which it waits "
		"for memory.\n",
	.options = options,
	.run = run,
};
