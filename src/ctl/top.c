/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl top: host and guests on the whole screen, or as text again and again. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "top_feed.h"
#include "top_layout.h"
#include "top_screen.h"
#include "top_view.h"
#include "xenmm/units.h"

#define DELAY_DEFAULT_MS 1000
#define DELAY_MIN_MS	 100
#define DELAY_MAX_MS	 3600000
#define BATCH_WIDTH	 200  /* without COLUMNS: room for the longest reason */
#define REDRAW_MS	 1000 /* so often, as long as figures are old, their age is drawn anew */

enum { OPTION_BATCH, OPTION_ITERATIONS, OPTION_DELAY, OPTION_SORT, OPTION_REVERSE, OPTION_FILTER };

static const struct mm_ctl_option options[] = {
	[OPTION_BATCH] = {"batch", 'b', NULL, "print plain text, for files and pipes"},
	[OPTION_ITERATIONS] = {"iterations", 'n', "N", "end after having shown it so often"},
	[OPTION_DELAY] = {"delay", 'd', "SECONDS", "look so often, 0.1 to 3600 [1]"},
	[OPTION_SORT] = {"sort", 's', "COLUMN",
		"sort by it: ID, NAME, STATE, HELD, TARGET, USED, NEED, STALL%, AGE or WHY; or its "
		"key [STALL%]"},
	[OPTION_REVERSE] = {"reverse", 'r', NULL, "sort the other way round"},
	[OPTION_FILTER] = {"filter", 'f', "TEXT",
		"only guests whose name, state or reason holds it"},
	MM_CLIENT_SOCKET,
	{0},
};

struct top {
	const struct mm_ctl_command *command;
	struct mm_top_feed feed;
	struct mm_top_status status; /* of feed.status */
	struct mm_top_view view;
	size_t shown;
	uint64_t delay_ms;
	uint64_t iterations; /* 0: until the user quits */
	bool is_batch;
	char host[65];
};

static volatile sig_atomic_t is_told_to_end;

static void on_signal(int signal_number)
{
	(void)signal_number;
	is_told_to_end = 1;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- options --------------------------------------------------------------------------------- */

static int wrong(const struct top *top, const char *option, const char *value, const char *limit)
{
	mm_ctl_say(top->command, "%s: '%s' %s", option, value, limit);
	return MM_EXIT_MISUSE;
}

static int take_sort(struct top *top, const char *value)
{
	char names[160] = "";
	size_t used = 0;

	top->view.order.column = mm_top_column_named(value);
	if (top->view.order.column != MM_TOP_COLUMN_COUNT)
		return MM_EXIT_OK;
	for (int i = 0; i < MM_TOP_COLUMN_COUNT && used < sizeof(names); i++)
		if (mm_top_column_key((enum mm_top_column)i))
			used += (size_t)snprintf(names + used, sizeof(names) - used, " %s",
				mm_top_column_title((enum mm_top_column)i));
	mm_ctl_say(top->command, "sort: '%s' is no column; there are%s", value, names);
	return MM_EXIT_MISUSE;
}

static int take_option(struct top *top, int option, const char *value)
{
	switch (option) {
	case OPTION_BATCH:
		top->is_batch = true;
		return MM_EXIT_OK;
	case OPTION_ITERATIONS:
		if (mm_parse_u64(value, strlen(value), UINT32_MAX, &top->iterations) ||
			top->iterations == 0)
			return wrong(top, "iterations", value, "is not a number from 1 on");
		return MM_EXIT_OK;
	case OPTION_DELAY:
		if (mm_parse_duration(value, &top->delay_ms) || top->delay_ms < DELAY_MIN_MS ||
			top->delay_ms > DELAY_MAX_MS)
			return wrong(top, "delay", value, "is not a time from 0.1 to 3600 seconds");
		return MM_EXIT_OK;
	case OPTION_SORT:
		return take_sort(top, value);
	case OPTION_REVERSE:
		top->view.order.is_reverse = true;
		return MM_EXIT_OK;
	case OPTION_FILTER:
		if (strlen(value) >= MM_TOP_FILTER_MAX)
			return wrong(top, "filter", value, "is longer than 47 bytes");
		strcpy(top->view.order.filter, value);
		return MM_EXIT_OK;
	default:
		(void)mm_client_option(&top->feed.client, option, value);
		return MM_EXIT_OK;
	}
}

/* Returns MM_CTL_END, or the exit status to end with. */
static int take_options(struct top *top, int argc, char **argv)
{
	int option;

	while ((option = mm_ctl_next(top->command, argc, argv)) >= 0)
		if (take_option(top, option, optarg))
			return MM_EXIT_MISUSE;
	if (option != MM_CTL_END)
		return option == MM_CTL_DONE ? mm_ctl_finish(top->command, 0) : MM_EXIT_MISUSE;
	if (optind < argc) {
		mm_ctl_say(top->command, "unexpected '%s'; see mmctl top --help", argv[optind]);
		return MM_EXIT_MISUSE;
	}
	return MM_CTL_END;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* Takes over what the feed has got. */
static void take_status(struct top *top)
{
	mm_top_status_free(&top->status);
	if (mm_top_read(top->feed.status, &top->status))
		top->status = (struct mm_top_status){0};
}

static void fill_scene(struct top *top, struct mm_top_scene *scene, char clock[16])
{
	time_t then = (time_t)(top->status.time_ms / 1000);
	struct tm day;

	localtime_r(&then, &day);
	strftime(clock, 16, "%H:%M:%S", &day);
	top->shown = mm_top_arrange(&top->status, &top->view.order);
	*scene = (struct mm_top_scene){
		.host = top->host, .clock = clock, .shown = top->shown, .order = top->view.order};
	scene->trouble = mm_top_feed_trouble(&top->feed, now(), &scene->trouble_ms);
}

/* ---- batch ----------------------------------------------------------------------------------- */

static void print_page(const struct mm_top_page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		const struct mm_top_line *line = &page->lines[i];
		int len = line->len;

		while (len > 0 && line->text[len - 1] == ' ')
			len--;
		printf("%.*s\n", len, line->text);
	}
}

static int batch_width(void)
{
	const char *columns = getenv("COLUMNS");
	uint64_t width;

	if (columns && !mm_parse_u64(columns, strlen(columns), MM_TOP_WIDTH_MAX, &width) &&
		width >= 40)
		return (int)width;
	return BATCH_WIDTH;
}

/* Waits for a status, or until it is clear that there is none. */
static void wait_for_status(struct top *top)
{
	uint64_t answers = top->feed.answers, end_ms = now() + 10000;

	mm_top_feed_ask(&top->feed, now());
	while (top->feed.asked != MM_TOP_ASKED_NOTHING && top->feed.answers == answers &&
		now() < end_ms && !is_told_to_end) {
		struct pollfd fd = {.fd = top->feed.client.fd, .events = POLLIN};

		if (poll(&fd, 1, 1000) > 0)
			(void)mm_top_feed_read(&top->feed, now());
	}
	if (top->feed.answers != answers)
		take_status(top);
}

static int run_batch(struct top *top)
{
	struct mm_top_page page = {.width = batch_width()};
	struct mm_top_scene scene;
	char clock[16];

	for (uint64_t i = 0; !is_told_to_end && !ferror(stdout); i++) {
		if (i > 0) {
			(void)poll(NULL, 0, (int)top->delay_ms);
			if (is_told_to_end)
				break;
			wait_for_status(top);
			putchar('\n');
		}
		mm_top_page_clear(&page);
		fill_scene(top, &scene, clock);
		mm_top_head(&page, &top->status, &scene);
		mm_top_add(&page);
		mm_top_list(&page, &top->status, &scene);
		print_page(&page);
		fflush(stdout);
		if (i + 1 == top->iterations)
			break;
	}
	mm_top_page_free(&page);
	return top->feed.is_lost ? MM_EXIT_NO_SERVER : MM_EXIT_OK;
}

/* ---- screen ---------------------------------------------------------------------------------- */

static const json_t *guest_of(const struct top *top)
{
	const json_t *guests = json_object_get(top->feed.status, "guests"), *guest;
	size_t i;

	json_array_foreach(guests, i, guest)
	{
		if (!strcmp(mm_client_text(guest, "uuid"), top->feed.guest))
			return guest;
	}
	return NULL;
}

/* Pages that are longer than the screen end with their last line at its bottom. */
static void limit_scroll(struct top *top, const struct mm_top_page *page, size_t room)
{
	size_t most = page->count > room ? page->count - room : 0;

	if (top->view.scroll > most)
		top->view.scroll = most;
}

/* Room for rows of the table, or lines of another page. */
static size_t room_of(const struct top *top, int rows)
{
	int head =
		top->view.mode == MM_TOP_MODE_LIST || top->view.mode == MM_TOP_MODE_FILTER ? 5 : 1;

	return rows > head ? (size_t)(rows - head) : 0;
}

static void draw_list(struct top *top, struct mm_top_page *head, struct mm_top_page *body,
	struct mm_top_scene *scene, size_t room)
{
	struct mm_top_picture picture = {head, body, 1, 0, SIZE_MAX};
	char typed[MM_TOP_FILTER_MAX + 16];

	if (top->view.mode == MM_TOP_MODE_FILTER) {
		snprintf(typed, sizeof(typed), "Show only: %s_", top->view.order.filter);
		scene->remark = typed;
	}
	mm_top_view_settle(&top->view, &top->status, top->shown, room);
	mm_top_head(head, &top->status, scene);
	mm_top_list(body, &top->status, scene);
	scene->remark = NULL;
	picture.first = top->view.first;
	if (top->shown > 0)
		picture.marked = 1 + top->view.selected;
	mm_top_screen_draw(&picture);
}

static void draw_other(struct top *top, struct mm_top_page *head, struct mm_top_page *body,
	const struct mm_top_scene *scene, size_t room)
{
	struct mm_top_picture picture = {head, body, 0, 0, SIZE_MAX};

	mm_top_head(head, &top->status, scene);
	head->count = head->count > 0 ? 1 : 0; /* which server, or that there is none */
	if (top->view.mode == MM_TOP_MODE_GUEST)
		mm_top_detail(body, guest_of(top), top->feed.history, top->feed.decisions,
			top->status.time_ms);
	else
		mm_top_help(body);
	limit_scroll(top, body, room);
	picture.first = top->view.scroll;
	mm_top_screen_draw(&picture);
}

static void draw(struct top *top)
{
	struct mm_top_page head = {0}, body = {0};
	struct mm_top_scene scene;
	int rows, columns;
	char clock[16];

	mm_top_screen_size(&rows, &columns);
	head.width = body.width = columns;
	fill_scene(top, &scene, clock);
	if (top->view.mode == MM_TOP_MODE_LIST || top->view.mode == MM_TOP_MODE_FILTER)
		draw_list(top, &head, &body, &scene, room_of(top, rows));
	else
		draw_other(top, &head, &body, &scene, room_of(top, rows));
	mm_top_page_free(&head);
	mm_top_page_free(&body);
}

/* All keys that were pressed. Returns false when it is time to end. */
static bool take_keys(struct top *top)
{
	bool is_gone = false;
	int rows, columns, key;

	mm_top_screen_size(&rows, &columns);
	while (!top->view.is_over && (key = mm_top_screen_key(&is_gone)) != MM_TOP_KEY_NONE)
		mm_top_view_key(&top->view, key, &top->status, top->shown, room_of(top, rows));
	mm_top_feed_guest(&top->feed, top->view.mode == MM_TOP_MODE_GUEST ? top->view.uuid : "");
	return !top->view.is_over && !is_gone;
}

/* Waits for a key, an answer, or until then. Returns true when an answer came. */
static bool wait_until(struct top *top, uint64_t until_ms)
{
	uint64_t begin_ms = now();
	uint64_t wait_ms = mm_min_u64(mm_sub_floor(until_ms, begin_ms), REDRAW_MS);
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = mm_client_is_open(&top->feed.client) ? top->feed.client.fd : -1,
			.events = POLLIN}};
	uint64_t answers = top->feed.answers;

	if (poll(fds, 2, (int)wait_ms) <= 0 || !fds[1].revents ||
		!mm_top_feed_read(&top->feed, now()) || top->feed.answers == answers)
		return false;
	take_status(top);
	return true;
}

static int run_screen(struct top *top)
{
	uint64_t next_ms = now() + top->delay_ms;
	const char *wrong_with_it;
	uint64_t shown = 1;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		mm_ctl_say(top->command, "this is no terminal; --batch prints plain text");
		return MM_EXIT_FAILED;
	}
	wrong_with_it = mm_top_screen_open();
	if (wrong_with_it) {
		mm_ctl_say(top->command, "the terminal '%s' (TERM) %s; --batch prints plain text",
			getenv("TERM") ? getenv("TERM") : "", wrong_with_it);
		return MM_EXIT_FAILED;
	}
	do {
		draw(top);
		if (top->iterations > 0 && shown > top->iterations)
			break;
		if (top->view.is_due || now() >= next_ms) {
			top->view.is_due = false;
			next_ms = now() + top->delay_ms;
			mm_top_feed_ask(&top->feed, now());
		}
		shown += wait_until(top, next_ms);
	} while (!is_told_to_end && take_keys(top));
	mm_top_screen_close();
	return MM_EXIT_OK;
}

/* ---- the command ----------------------------------------------------------------------------- */

static void catch_signals(void)
{
	const struct sigaction end = {.sa_handler = on_signal}; /* interrupts poll() */

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
}

static int run(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct top top = {.command = command,
		.delay_ms = DELAY_DEFAULT_MS,
		.view.order.column = MM_TOP_STALL,
		.feed.client.command = command};
	int r = take_options(&top, argc, argv);

	if (r != MM_CTL_END)
		return r;
	(void)gethostname(top.host, sizeof(top.host) - 1);
	top.feed.delay_ms = top.delay_ms;
	catch_signals();
	wait_for_status(&top);
	if (top.feed.answers > 0) {
		r = top.is_batch ? run_batch(&top) : run_screen(&top);
	} else if (is_told_to_end) {
		r = MM_EXIT_OK;
	} else {
		r = top.feed.is_lost ? MM_EXIT_NO_SERVER : MM_EXIT_FAILED;
		mm_ctl_say(
			command, "%s", *top.feed.why ? top.feed.why : "the server does not answer");
	}
	mm_top_status_free(&top.status);
	mm_top_feed_free(&top.feed);
	return mm_ctl_finish(command, r);
}

const struct mm_ctl_command mm_ctl_top = {
	.name = "top",
	.args = "[OPTION]...",
	.help = "show host and guests on the whole screen, as they are now",
	.more = "Keys: P M N T ... < > sort, r reverses, / filters, Enter shows one guest, h tells "
		"about all "
		"keys, q quits.\n",
	.options = options,
	.run = run,
};
