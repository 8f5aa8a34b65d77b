/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "xenmm/units.h"

const char mm_client_help[] =
	"Usage: mmclient [OPTION]...\n"
	"Tells dom0 how much memory this Xen guest uses and needs, through xenstore, so\n"
	"that mmserver can balance it. Runs in the foreground until SIGTERM or SIGINT.\n"
	"\n"
	"  -i, --interval TIME  look this often when calm: 0.1 to 10 s, default 1 s\n"
	"                       (\"0.5\", \"250ms\"); up to ten times a second when memory runs "
	"out\n"
	"  -1, --once           publish one sample and end\n"
	"  -n, --dry-run        print what would be published; needs neither Xen nor root\n"
	"      --root DIR       read DIR/proc and DIR/sys instead of /proc and /sys\n"
	"  -v, --verbose        log every write and its reason\n"
	"  -V, --version        print the version and end\n"
	"  -h, --help           print this text and end\n"
	"\n"
	"Exit status: 0 when ended by a signal or after --once, 1 on failure (no Xen here),\n"
	"2 for a wrong command line.\n";

enum { OPT_ROOT = 256 };

static const struct option long_options[] = {
	{"interval", required_argument, NULL, 'i'},
	{"once", no_argument, NULL, '1'},
	{"dry-run", no_argument, NULL, 'n'},
	{"root", required_argument, NULL, OPT_ROOT},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static enum mm_client_action misuse(
	struct mm_client_options *options, const char *what, const char *value, const char *limit)
{
	(void)snprintf(
		options->error, sizeof(options->error), "%s '%.100s': %s", what, value, limit);
	return MM_CLIENT_MISUSE;
}

/*
 * A single letter is in optopt, and its word may hold more letters to come. In a long option that we do not
 * have optopt is 0, and in one that got a value it should not have it is that option's own letter.
 */
static enum mm_client_action unknown_option(struct mm_client_options *options, const char *word)
{
	const char letter[] = {'-', (char)optopt, '\0'};
	bool is_letter = optopt != 0;

	for (const struct option *known = long_options; known->name; known++) {
		if (known->val == optopt)
			is_letter = false;
	}
	return misuse(options, "option", is_letter ? letter : word,
		"unknown, or takes no value; see --help");
}

static enum mm_client_action set_interval(struct mm_client_options *options, const char *text)
{
	uint64_t ms;

	if (mm_parse_duration(text, &ms) < 0 || ms < MM_INTERVAL_MIN_MS || ms > MM_INTERVAL_MAX_MS)
		return misuse(options, "--interval", text, "must be a time from 0.1 to 10 s");
	options->interval_ms = ms;
	return MM_CLIENT_RUN;
}

static enum mm_client_action set_root(struct mm_client_options *options, const char *text)
{
	if (text[0] == '\0' || strlen(text) > 3000)
		return misuse(options, "--root", text, "must name a folder");
	options->root = strcmp(text, "/") == 0 ? "" : text;
	return MM_CLIENT_RUN;
}

static enum mm_client_action apply(struct mm_client_options *options, int option)
{
	switch (option) {
	case 'i':
		return set_interval(options, optarg);
	case OPT_ROOT:
		return set_root(options, optarg);
	case '1':
		options->is_once = true;
		return MM_CLIENT_RUN;
	case 'n':
		options->is_dry_run = true;
		return MM_CLIENT_RUN;
	case 'v':
		options->is_verbose = true;
		return MM_CLIENT_RUN;
	case 'V':
		return MM_CLIENT_VERSION;
	default:
		return MM_CLIENT_HELP;
	}
}

enum mm_client_action mm_client_options_parse(
	int argc, char *const argv[], struct mm_client_options *ret_options)
{
	enum mm_client_action action = MM_CLIENT_RUN;
	int option;

	memset(ret_options, 0, sizeof(*ret_options));
	ret_options->interval_ms = MM_SAMPLE_CALM_MS;
	ret_options->root = "";
	opterr = 0;
	optind = 0; /* glibc: start anew, also when called twice */
	while (action == MM_CLIENT_RUN &&
		(option = getopt_long(argc, argv, ":i:1nvVh", long_options, NULL)) != -1) {
		if (option == ':')
			return misuse(ret_options, "option", argv[optind - 1], "needs a value");
		if (option == '?')
			return unknown_option(ret_options, argv[optind - 1]);
		action = apply(ret_options, option);
	}
	if (action == MM_CLIENT_RUN && optind < argc)
		return misuse(
			ret_options, "argument", argv[optind], "none is expected; see --help");
	return action;
}
