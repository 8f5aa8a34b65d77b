/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl create: sets the memory of a guest aside, lets xl create it, and hands over its policy. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "reserve.h"
#include "xenmm/guest_policy.h"
#include "xenmm/snapshot.h"
#include "xenmm/units.h"
#include "xlcfg.h"

#define WAIT_MAX_MS UINT64_C(3600000)
#define FILE_MAX    ((size_t)1024 * 1024)

static const struct mm_ctl_option options[] = {
	{"wait", 'w', "SEC", "give up after so long, at most 1h [10]"}, MM_CLIENT_SOCKET, {0}};

/* The file, and xl's way: words like key=value behind it are more lines of it. NULL after a line on stderr. */
static char *read_text(
	const struct mm_ctl_command *command, const char *path, char **more, size_t *ret_len)
{
	FILE *in = fopen(path, "re");
	char *text = in ? malloc(FILE_MAX) : NULL;
	size_t len = text ? fread(text, 1, FILE_MAX, in) : 0;
	bool is_wrong = !text || ferror(in) || len == FILE_MAX;

	if (is_wrong)
		mm_ctl_say(command, "cannot read '%s': %s", path,
			len == FILE_MAX ? "longer than 1M" : strerror(errno));
	if (in)
		(void)fclose(in); /* only read from */
	for (; !is_wrong && *more; more++) {
		if (!strchr(*more, '='))
			continue;
		if (len + strlen(*more) + 1 >= FILE_MAX) {
			mm_ctl_say(command, "'%s' and what stands behind it is too long", path);
			is_wrong = true;
			break;
		}
		text[len++] = '\n';
		memcpy(text + len, *more, strlen(*more));
		len += strlen(*more);
	}
	if (is_wrong) {
		free(text);
		return NULL;
	}
	*ret_len = len;
	return text;
}

static int read_config(const struct mm_ctl_command *command, const char *path, char **more,
	struct mm_xlcfg *ret_cfg)
{
	struct mm_guest_policy policy;
	char err[800] = "";
	size_t len = 0;
	char *text = read_text(command, path, more, &len);
	int r;

	if (!text)
		return -1;
	r = mm_xlcfg_parse(text, len, ret_cfg, err, sizeof(err));
	free(text);
	if (!r)
		r = mm_guest_policy_parse(ret_cfg->xenmm, &policy, err, sizeof(err));
	if (r)
		mm_ctl_say(command, "'%s': %s", path, err);
	return r;
}

/* "xl create FILE WORDS..." */
static int run_xl(const struct mm_ctl_command *command, char **words, int count)
{
	char **argv = calloc((size_t)count + 3, sizeof(*argv));
	int r;

	if (!argv) {
		mm_ctl_say(command, "out of memory");
		return MM_EXIT_FAILED;
	}
	argv[0] = (char *)"xl";
	argv[1] = (char *)"create";
	memcpy(argv + 2, words, (size_t)count * sizeof(*argv));
	r = mm_reserve_run(command, argv);
	free(argv);
	return r;
}

/* The id of the guest of that name, by xl. Returns 0 or -1. */
static int find_domid(const char *name, uint64_t *ret_domid)
{
	char text[32];
	size_t len = 0;
	int out[2], status = -1;
	ssize_t n;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(out[1], STDOUT_FILENO);
		execlp("xl", "xl", "domid", name, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	while (pid > 0 && len < sizeof(text) &&
		(n = read(out[0], text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	close(out[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return -1;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	return mm_parse_u64(text, len, UINT16_MAX, ret_domid) ? -1 : 0;
}

/* The guest's policy, where mmserver looks for it. The guest runs already: what fails is told, and no more. */
static int write_policy(const struct mm_ctl_command *command, const struct mm_xlcfg *cfg)
{
	char key[64];
	char *argv[] = {(char *)"xenstore-write", key, (char *)cfg->xenmm, NULL};
	uint64_t domid = 0;

	if (!cfg->xenmm[0])
		return MM_EXIT_OK;
	if (!find_domid(cfg->name, &domid)) {
		snprintf(key, sizeof(key), "/local/domain/%u/" MM_KEY_POLICY, (unsigned int)domid);
		if (!mm_reserve_run(command, argv))
			return MM_EXIT_OK;
	}
	mm_ctl_say(command, "%s runs, but its policy '%s' could not be written", cfg->name,
		cfg->xenmm);
	return MM_EXIT_FAILED;
}

static int create(struct mm_client *client, uint64_t wait_ms, char **words, int count)
{
	struct mm_xlcfg cfg;
	struct mm_reservation wanted = {.wait_ms = wait_ms};
	char name[MM_NAME_MAX];
	int r;

	if (read_config(client->command, words[0], words + 1, &cfg))
		return MM_EXIT_MISUSE;
	wanted.kib = mm_xlcfg_need_kib(&cfg);
	mm_name_copy(name, cfg.name, strlen(cfg.name)); /* as mmserver knows it */
	wanted.name = name;
	r = mm_reserve(client, &wanted);
	if (r)
		return r;
	if (run_xl(client->command, words, count))
		return MM_EXIT_FAILED; /* xl said why */
	return write_policy(client->command, &cfg);
}

/* Whether it is an option of ours: --wait, --wait=5, -w or -w5, but none of xl's. */
static bool is_ours(const struct mm_ctl_command *command, const char *word)
{
	if (!strcmp(word, "--help"))
		return true;
	for (const struct mm_ctl_option *o = command->options; o->name; o++) {
		size_t len = strlen(o->name);

		if (o->letter && word[0] == '-' && word[1] == o->letter)
			return true;
		if (!strncmp(word, "--", 2) && !strncmp(word + 2, o->name, len) &&
			(word[2 + len] == '\0' || word[2 + len] == '='))
			return true;
	}
	return false;
}

/* Takes the option at optind. Returns 0, MM_CTL_END, MM_CTL_DONE or MM_CTL_WRONG. */
static int take_option(struct mm_client *client, uint64_t *wait_ms, int argc, char **argv)
{
	int option = mm_ctl_next(client->command, argc, argv);

	if (option < 0 || mm_client_option(client, option, optarg))
		return option < 0 ? option : 0;
	return mm_reserve_time(client->command, "wait", optarg, WAIT_MAX_MS, wait_ms) ? MM_CTL_WRONG
										      : 0;
}

/*
 * Behind the file: options of ours up to a "--"; all other words are moved together, for xl. Returns 0 and how many,
 * or as take_option().
 */
static int take_words(
	struct mm_client *client, uint64_t *wait_ms, int argc, char **argv, int *ret_count)
{
	bool is_xls = !strcmp(argv[optind - 1], "--");
	char **words = argv + optind;
	int count = 0, r = 0;

	while (r == 0 && optind < argc) {
		if (count == 0 || is_xls)
			words[count++] = argv[optind++];
		else if (!strcmp(argv[optind], "--"))
			is_xls = optind++ > 0;
		else if (is_ours(client->command, argv[optind]))
			r = take_option(client, wait_ms, argc, argv);
		else
			words[count++] = argv[optind++];
	}
	*ret_count = count;
	return r;
}

static int run(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct mm_client client = {.command = command};
	uint64_t wait_ms = MM_RESERVE_WAIT_MS;
	int count = 0, r = 0;
	char **words;

	while (r == 0)
		r = take_option(&client, &wait_ms, argc, argv);
	words = argv + optind;
	if (r == MM_CTL_END)
		r = take_words(&client, &wait_ms, argc, argv, &count);
	if (r)
		return r == MM_CTL_DONE ? mm_ctl_finish(command, 0) : MM_EXIT_MISUSE;
	if (count == 0) {
		mm_ctl_say(command, "needs the guest's configuration file");
		return MM_EXIT_MISUSE;
	}
	r = create(&client, wait_ms, words, count);
	mm_client_close(&client);
	return mm_ctl_finish(command, r);
}

const struct mm_ctl_command mm_ctl_create = {
	.name = "create",
	.args = "[OPTION]... FILE.cfg [XL-ARGUMENT]...",
	.help = "set a guest's memory aside, then start it with 'xl create'",
	.more = "Options may stand behind FILE.cfg too; behind '--' all words are xl's.\n"
		"A line xenmm = \"min=256M weight=200\" of the configuration is the guest's "
		"policy, see mmserver(8).\n",
	.options = options,
	.is_ordered = true,
	.run = run,
};
