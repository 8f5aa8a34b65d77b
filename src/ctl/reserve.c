/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reserve.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "show.h"
#include "xenmm/units.h"

#define WAIT_MAX_MS	UINT64_C(3600000) /* the server's limits */
#define HOLD_MAX_MS	UINT64_C(3600000)
#define HOLD_MIN_MS	1000
#define HOLD_DEFAULT_MS 60000

static const struct mm_ctl_option options[] = {
	{"wait", 'w', "SEC", "give up after so long, at most 1h [10]"},
	{"hold", 'H', "SEC", "keep it so long for a guest to start, at most 1h [60]"},
	{"for", 'f', "NAME", "for the guest of that name [the next one that is started]"},
	MM_CLIENT_JSON, MM_CLIENT_SOCKET, {0}};

/* ---- asking ---------------------------------------------------------------------------------- */

static void tell_wait(const json_t *answer)
{
	const json_t *offer = json_object_get(answer, "offer");
	char size[MM_SHOW_MAX], now[MM_SHOW_MAX], possible[MM_SHOW_MAX];

	fprintf(stderr, "waiting for %s: %s free now, %s possible",
		mm_show_size(size, answer, "kib"), mm_show_size(now, offer, "now_kib"),
		mm_show_size(possible, offer, "possible_kib"));
	if (json_is_integer(json_object_get(offer, "eta_ms")))
		fprintf(stderr, " in about %" PRIu64 " s,",
			(mm_client_kib(offer, "eta_ms") + 999) / 1000);
	mm_show_donors(stderr, offer);
	fputc('\n', stderr);
}

static void tell_success(const json_t *answer, const struct mm_reservation *wanted)
{
	uint64_t ms = mm_client_kib(answer, "waited_ms");
	char size[MM_SHOW_MAX];

	printf("lease %" PRIu64 ": %s set aside for %s after %" PRIu64 ".%" PRIu64 " s",
		mm_client_kib(answer, "id"), mm_show_size(size, answer, "kib"),
		wanted->name ? wanted->name : "the next guest", ms / 1000, ms % 1000 / 100);
	if (ms > 0)
		mm_show_donors(stdout, json_object_get(answer, "offer"));
	if (wanted->hold_ms)
		printf(", for %" PRIu64 " s", wanted->hold_ms / 1000);
	putchar('\n');
}

static json_t *request_json(const struct mm_client *client, const struct mm_reservation *wanted)
{
	json_t *request =
		json_pack("{ss sI sI sb}", "request", "reserve", "kib", (json_int_t)wanted->kib,
			"wait_ms", (json_int_t)wanted->wait_ms, "tell", !client->is_json);

	if (!request)
		return NULL;
	if (wanted->hold_ms)
		(void)json_object_set_new(
			request, "hold_ms", json_integer((json_int_t)wanted->hold_ms));
	else
		(void)json_object_set_new(request, "tied", json_true());
	if (wanted->name && json_object_set_new(request, "guest", json_string(wanted->name))) {
		json_decref(request);
		return NULL;
	}
	return request;
}

int mm_reserve(struct mm_client *client, const struct mm_reservation *wanted)
{
	json_t *answer;
	int r = mm_client_ask(client, request_json(client, wanted), wanted->wait_ms, &answer);

	if (r == MM_EXIT_OK && json_is_true(json_object_get(answer, "waiting"))) {
		tell_wait(answer);
		json_decref(answer);
		r = mm_client_more(client, wanted->wait_ms, &answer);
	}
	if (client->is_json && answer)
		mm_client_print(answer);
	else if (r == MM_EXIT_OK)
		tell_success(answer, wanted);
	else if (answer)
		mm_show_refused(stderr, answer);
	json_decref(answer);
	fflush(stdout); /* a program that is started now may write there too */
	return r;
}

int mm_reserve_time(const struct mm_ctl_command *command, const char *name, const char *text,
	uint64_t max_ms, uint64_t *ret_ms)
{
	if (!mm_parse_duration(text, ret_ms) && *ret_ms <= max_ms)
		return 0;
	mm_ctl_say(command, "%s: '%s' is not a time of at most %" PRIu64 " s, such as 10 or 500ms",
		name, text, max_ms / 1000);
	return -1;
}

/* ---- running --------------------------------------------------------------------------------- */

static volatile sig_atomic_t child_pid;

static void hand_on(int number)
{
	int saved = errno;

	if (child_pid > 0)
		(void)kill(child_pid, number);
	errno = saved;
}

static void start(const struct mm_ctl_command *command, char *const *argv)
{
	int error;

	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	execvp(argv[0], argv);
	error = errno;
	mm_ctl_say(command, "cannot run '%s': %s", argv[0], strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

int mm_reserve_run(const struct mm_ctl_command *command, char *const *argv)
{
	struct sigaction action = {.sa_handler = hand_on, .sa_flags = SA_RESTART};
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		mm_ctl_say(command, "cannot run '%s': %s", argv[0], strerror(errno));
		return 126;
	}
	if (pid == 0)
		start(command, argv);
	child_pid = (sig_atomic_t)pid;
	/* the terminal sends these to the program too: it decides what they mean */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	child_pid = 0;
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int take_option(struct mm_client *client, struct mm_reservation *wanted, int option)
{
	const struct mm_ctl_command *command = client->command;

	if (mm_client_option(client, option, optarg))
		return 0;
	switch (command->options[option].letter) {
	case 'w':
		return mm_reserve_time(command, "wait", optarg, WAIT_MAX_MS, &wanted->wait_ms);
	case 'H':
		if (mm_reserve_time(command, "hold", optarg, HOLD_MAX_MS, &wanted->hold_ms))
			return -1;
		if (wanted->hold_ms >= HOLD_MIN_MS)
			return 0;
		mm_ctl_say(command, "hold: '%s' is less than a second", optarg);
		return -1;
	default:
		wanted->name = optarg;
		return 0;
	}
}

static int take_size(
	const struct mm_ctl_command *command, const char *text, struct mm_reservation *wanted)
{
	if (!text)
		mm_ctl_say(command, "needs a size, such as 512M");
	else if (mm_parse_size(text, &wanted->kib) || wanted->kib == 0)
		mm_ctl_say(command, "'%s' is not a size of 1K to 16384T", text);
	else
		return 0;
	return -1;
}

/* A command stands behind "--" alone: the "MB" of "10 MB" must not be run. */
static int check_words(const struct mm_ctl_command *command, int argc, char **argv)
{
	bool has_dashes = optind > 0 && !strcmp(argv[optind - 1], "--");

	if (has_dashes && optind + 1 >= argc)
		mm_ctl_say(command, "'--' needs a command behind it");
	else if (!has_dashes && optind + 1 < argc)
		mm_ctl_say(command, "'%s' is one word too many; a command to run stands behind --",
			argv[optind + 1]);
	else
		return 0;
	return -1;
}

static int run(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct mm_client client = {.command = command};
	struct mm_reservation wanted = {.wait_ms = MM_RESERVE_WAIT_MS, .hold_ms = HOLD_DEFAULT_MS};
	int option, r;

	while ((option = mm_ctl_next(command, argc, argv)) >= 0)
		if (take_option(&client, &wanted, option))
			return MM_EXIT_MISUSE;
	if (option != MM_CTL_END)
		return option == MM_CTL_DONE ? mm_ctl_finish(command, 0) : MM_EXIT_MISUSE;
	if (check_words(command, argc, argv) ||
		take_size(command, optind < argc ? argv[optind] : NULL, &wanted))
		return MM_EXIT_MISUSE;
	optind++;
	if (optind < argc)
		wanted.hold_ms = 0; /* the lease lives as long as the program */
	r = mm_reserve(&client, &wanted);
	if (r == MM_EXIT_OK && optind < argc)
		r = mm_reserve_run(command, argv + optind);
	mm_client_close(&client);
	return mm_ctl_finish(command, r);
}

const struct mm_ctl_command mm_ctl_reserve = {
	.name = "reserve",
	.args = "[OPTION]... SIZE [-- COMMAND...]",
	.help = "set memory aside for a guest that is about to start",
	.more = "With COMMAND the memory is kept for as long as that runs, and mmctl ends with its "
		"status.\n",
	.options = options,
	.run = run,
};
