/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl watch: a line for each decision, as it is made. */
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "show.h"
#include "xenmm/units.h"

#define LAST_DEFAULT 10
#define FEED_MAX     1000 /* what an answer may hold; the server keeps few more */
#define POLL_MS	     1000

enum { OPTION_LINES, OPTION_LAST };

static const struct mm_ctl_option options[] = {
	[OPTION_LINES] = {"lines", 'n', "N", "end after so many lines"},
	[OPTION_LAST] = {"last", 'l', "N", "begin with the last N decisions, 0 to 1000 [10]"},
	{"json", 'j', NULL, "print JSON, an object a line"},
	MM_CLIENT_SOCKET,
	{0},
};

struct watch {
	struct mm_client client;
	char why[512];
	const char *guest; /* NULL: all */
	uint64_t lines;	   /* still to print; 0: without end */
	uint64_t last;
	uint64_t seq;	   /* of the last decision printed */
	uint64_t start_ms; /* of the server that numbered it */
	bool is_lost;
	bool is_over;
};

/* ---- printing -------------------------------------------------------------------------------- */

static void end_line(struct watch *w)
{
	putchar('\n');
	fflush(stdout);
	w->is_over = ferror(stdout) || (w->lines > 0 && --w->lines == 0);
}

static void print_object(struct watch *w, const json_t *object)
{
	(void)json_dumpf(object, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
	end_line(w);
}

static void print_decision(struct watch *w, const json_t *decision)
{
	if (w->is_over)
		return;
	if (w->client.is_json) {
		print_object(w, decision);
		return;
	}
	mm_show_decision(stdout, decision, mm_client_text(decision, "name"));
	end_line(w);
}

/* Something about the feed itself, in its place among the decisions. */
__attribute__((format(printf, 2, 3))) static void notice(struct watch *w, const char *format, ...)
{
	uint64_t time_ms = (uint64_t)time(NULL) * 1000;
	char text[640];
	va_list args;

	if (w->is_over)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (w->client.is_json) {
		json_t *object =
			json_pack("{sI ss}", "time_ms", (json_int_t)time_ms, "notice", text);

		print_object(w, object);
		json_decref(object);
		return;
	}
	mm_show_time(stdout, time_ms);
	printf(" -- %s", text);
	end_line(w);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* As mm_client_ask(), but what is wrong goes to w->why. */
static int ask(struct watch *w, json_t *request, json_t **ret_answer)
{
	int r;

	w->client.why = w->why;
	w->client.why_size = sizeof(w->why);
	r = mm_client_ask(&w->client, request, 0, ret_answer);
	if (r && !*ret_answer)
		mm_client_close(
			&w->client); /* what comes late must not be taken for the next answer */
	return r;
}

static json_t *request(const struct watch *w, uint64_t count)
{
	json_t *r = json_pack("{ss sI sI}", "request", "decisions", "since", (json_int_t)w->seq,
		"count", (json_int_t)count);

	if (r && w->guest && json_object_set_new(r, "guest", json_string(w->guest))) {
		json_decref(r);
		return NULL;
	}
	return r;
}

/* Which server is it? Its decisions are numbered from 1. */
static int meet_server(struct watch *w)
{
	uint64_t start_ms;
	json_t *answer;
	int r = ask(w, json_pack("{ss}", "request", "status"), &answer);

	start_ms = mm_client_kib(json_object_get(answer, "server"), "start_ms");
	json_decref(answer);
	if (r)
		return r;
	if (w->is_lost) {
		notice(w, start_ms != w->start_ms ? "mmserver was started anew"
						  : "mmserver answers again");
		if (start_ms != w->start_ms)
			w->seq = 0;
	}
	w->is_lost = false;
	w->start_ms = start_ms;
	return MM_EXIT_OK;
}

/* Prints an answer, oldest first. */
static void print_answer(struct watch *w, const json_t *answer)
{
	const json_t *decisions = json_object_get(answer, "decisions");
	uint64_t last_seq = mm_client_kib(answer, "last_seq");
	size_t count = json_array_size(decisions);
	uint64_t first = mm_client_kib(json_array_get(decisions, count - 1), "seq");

	if (!w->guest && count > 0 && first > w->seq + 1)
		notice(w, "%" PRIu64 " decisions are missing: more than mmserver keeps",
			first - w->seq - 1);
	else if (w->guest && count == FEED_MAX)
		notice(w, "decisions may be missing: more than mmserver keeps");
	while (count-- > 0)
		print_decision(w, json_array_get(decisions, count));
	w->seq = last_seq;
}

/* The decisions since the last time. */
static int poll_feed(struct watch *w)
{
	json_t *answer;
	int r = MM_EXIT_OK;

	if (!mm_client_is_open(&w->client))
		r = meet_server(w);
	if (!r)
		r = ask(w, request(w, FEED_MAX), &answer);
	else
		answer = NULL;
	if (!r)
		print_answer(w, answer);
	else if (answer)
		r = MM_EXIT_OK; /* a new server may not have seen that guest yet */
	json_decref(answer);
	return r;
}

/* What was decided before. Afterwards w->seq is where the rest begins. */
static int begin(struct watch *w)
{
	json_t *answer = NULL;
	int r = meet_server(w);

	if (!r)
		r = ask(w, request(w, w->last ? w->last : 1), &answer);
	if (r) {
		mm_ctl_say(w->client.command, "%s", w->why);
	} else if (w->last > 0) {
		const json_t *decisions = json_object_get(answer, "decisions");

		for (size_t i = json_array_size(decisions); i-- > 0;)
			print_decision(w, json_array_get(decisions, i));
	}
	w->seq = mm_client_kib(answer, "last_seq");
	json_decref(answer);
	return r;
}

static int follow(struct watch *w)
{
	int r = begin(w);

	while (!r && !w->is_over) {
		(void)poll(NULL, 0, POLL_MS);
		if (!poll_feed(w) || w->is_lost)
			continue;
		w->is_lost = true;
		notice(w, "%s; waiting for it", w->why);
	}
	return r;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Returns false after a complaint. */
static bool take_option(struct watch *w, int option, const char *value)
{
	bool is_last = option == OPTION_LAST;
	uint64_t *number = is_last ? &w->last : &w->lines;

	if (mm_client_option(&w->client, option, value))
		return true;
	if (!mm_parse_u64(value, strlen(value), is_last ? FEED_MAX : UINT32_MAX, number) &&
		(is_last || *number > 0))
		return true;
	mm_ctl_say(w->client.command, "%s: '%s' is not a number from %s", options[option].name,
		value, is_last ? "0 to 1000" : "1 on");
	return false;
}

static int run(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct watch w = {.client.command = command, .last = LAST_DEFAULT};
	int option, r;

	while ((option = mm_ctl_next(command, argc, argv)) >= 0)
		if (!take_option(&w, option, optarg))
			return MM_EXIT_MISUSE;
	if (option != MM_CTL_END)
		return option == MM_CTL_DONE ? mm_ctl_finish(command, 0) : MM_EXIT_MISUSE;
	if (argc - optind > 1) {
		mm_ctl_say(command, "unexpected '%s'; see mmctl watch --help", argv[optind + 1]);
		return MM_EXIT_MISUSE;
	}
	w.guest = argv[optind];
	r = follow(&w);
	mm_client_close(&w.client);
	return mm_ctl_finish(command, r);
}

const struct mm_ctl_command mm_ctl_watch = {
	.name = "watch",
	.args = "[OPTION]... [GUEST]",
	.help = "print what is decided, about one guest or all, as it happens",
	.options = options,
	.run = run,
};
