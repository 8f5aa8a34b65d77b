/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of commands, and all that is the same for each: help, options, complaints. */
#include "ctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX  32
#define HELP_VALUE   0x200 /* of getopt: --help */
#define FIRST_VALUE  0x100 /* of getopt: rows of the table start here */
#define HELP_COLUMNS 28

static const struct mm_ctl_command *const commands[] = {
	&mm_ctl_status,
	&mm_ctl_top,
	&mm_ctl_why,
	&mm_ctl_watch,
	&mm_ctl_history,
	&mm_ctl_create,
	&mm_ctl_reserve,
	&mm_ctl_release,
	&mm_ctl_leases,
	&mm_ctl_pause,
	&mm_ctl_resume,
	&mm_ctl_plot,
	&mm_ctl_simulate,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct mm_ctl_option general_options[] = {
	{"help", 'h', NULL, "print this help and exit; behind a command: that command's"},
	{"version", 'V', NULL, "print the version and exit"},
	{0},
};

/* ---- help ------------------------------------------------------------------------------------ */

static void print_option(const struct mm_ctl_option *o)
{
	char left[64];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", o->letter ? '-' : ' ',
		o->letter ? o->letter : ' ', o->letter ? "," : " ", o->name, o->arg ? " " : "",
		o->arg ? o->arg : "");
	printf("  %-*s %s\n", HELP_COLUMNS, left, o->help);
}

static void print_help(void)
{
	printf("Usage: mmctl COMMAND [OPTION]...\n"
	       "The administrator's hand on xenmm.\n\n"
	       "Commands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-*s %s\n", HELP_COLUMNS, commands[i]->name, commands[i]->help);
	printf("\nOptions:\n");
	for (size_t i = 0; general_options[i].name; i++)
		print_option(&general_options[i]);
	printf("\n'mmctl COMMAND --help' tells about one of them. See mmctl(8).\n");
}

static void print_command_help(const struct mm_ctl_command *c)
{
	static const struct mm_ctl_option help = {"help", 'h', NULL, "print this help and exit"};

	printf("Usage: mmctl %s%s%s\n%c%s.\n\nOptions:\n", c->name, *c->args ? " " : "", c->args,
		c->help[0] - 'a' + 'A', c->help + 1);
	for (size_t i = 0; c->options && c->options[i].name; i++)
		print_option(&c->options[i]);
	print_option(&help);
	if (c->more)
		printf("\n%s", c->more);
}

/* ---- messages -------------------------------------------------------------------------------- */

void mm_ctl_say(const struct mm_ctl_command *command, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "mmctl %s: ", command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int mm_ctl_finish(const struct mm_ctl_command *command, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	mm_ctl_say(command, "cannot write to stdout: %s", strerror(errno));
	return MM_EXIT_FAILED;
}

/* ---- options --------------------------------------------------------------------------------- */

struct tables {
	struct option longs[OPTIONS_MAX + 3];
	char shorts[2 * OPTIONS_MAX + 8];
};

static void build_tables(const struct mm_ctl_command *c, struct tables *t)
{
	struct option alias = {0};
	char *shorts = t->shorts;
	size_t n = 0;

	if (c->is_ordered)
		*shorts++ = '+';
	*shorts++ = ':'; /* report a missing value as such */
	for (; c->options && c->options[n].name && n < OPTIONS_MAX; n++) {
		const struct mm_ctl_option *o = &c->options[n];

		t->longs[n] = (struct option){o->name, o->arg ? required_argument : no_argument,
			NULL, FIRST_VALUE + (int)n};
		if (!o->letter)
			continue;
		*shorts++ = o->letter;
		if (o->arg)
			*shorts++ = ':';
	}
	for (size_t i = 0; i < n; i++) /* who has just typed it for mmserver types it again */
		if (!strcmp(c->options[i].name, "socket"))
			alias = (struct option){
				"control", required_argument, NULL, FIRST_VALUE + (int)i};
	if (alias.name)
		t->longs[n++] = alias;
	t->longs[n++] = (struct option){"help", no_argument, NULL, HELP_VALUE};
	t->longs[n] = (struct option){0};
	*shorts++ = 'h';
	*shorts = '\0';
}

static int row_of(const struct mm_ctl_command *c, int value)
{
	for (int i = 0; c->options && c->options[i].name; i++) {
		if (value == FIRST_VALUE + i || (value && value == c->options[i].letter))
			return i;
	}
	return MM_CTL_WRONG;
}

static int complain(const struct mm_ctl_command *c, int kind, char **argv)
{
	const char *word = argv[optind - 1];

	if (kind == ':')
		mm_ctl_say(c, "option '%s' needs a value", word);
	else if (row_of(c, optopt) >= 0 || optopt == HELP_VALUE)
		mm_ctl_say(c, "option '%s' takes no value", word);
	else if (optopt)
		mm_ctl_say(c, "unknown option '-%c'; see mmctl %s --help", optopt, c->name);
	else
		mm_ctl_say(c, "unknown option '%s'; see mmctl %s --help", word, c->name);
	return MM_CTL_WRONG;
}

int mm_ctl_next(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct tables t;
	int value;

	build_tables(command, &t);
	value = getopt_long(argc, argv, t.shorts, t.longs, NULL);
	if (value == -1)
		return MM_CTL_END;
	if (value == '?' || value == ':')
		return complain(command, value, argv);
	if (value == 'h' || value == HELP_VALUE) {
		print_command_help(command);
		return MM_CTL_DONE;
	}
	return row_of(command, value);
}

/* ---- main ------------------------------------------------------------------------------------ */

static int flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return MM_EXIT_OK;
	fprintf(stderr, "mmctl: cannot write to stdout: %s\n", strerror(errno));
	return MM_EXIT_FAILED;
}

static int run_general(const char *word)
{
	if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
		print_help();
		return flush();
	}
	if (!strcmp(word, "-V") || !strcmp(word, "--version")) {
		printf("mmctl (xenmm) %s\n", XENMM_VERSION);
		return flush();
	}
	fprintf(stderr, "mmctl: unknown option '%s'; see mmctl --help\n", word);
	return MM_EXIT_MISUSE;
}

int mm_ctl_main(int argc, char **argv)
{
	opterr = 0;
	if (argc < 2) {
		fprintf(stderr, "mmctl: no command; see mmctl --help\n");
		return MM_EXIT_MISUSE;
	}
	if (argv[1][0] == '-')
		return run_general(argv[1]);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[1], commands[i]->name) != 0)
			continue;
		optind = 0; /* glibc: start anew */
		return commands[i]->run(commands[i], argc - 1, argv + 1);
	}
	fprintf(stderr, "mmctl: unknown command '%s'; see mmctl --help\n", argv[1]);
	return MM_EXIT_MISUSE;
}
