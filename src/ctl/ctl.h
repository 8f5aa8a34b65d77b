/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mmctl's frame: a table of commands, each with its options, out of which --help and the complaints are made.
 * A command is a row in ctl.c and a file of its own.
 */
#ifndef XENMM_CTL_H
#define XENMM_CTL_H

#include <stdbool.h>
#include <stddef.h>

#define MM_EXIT_OK	  0
#define MM_EXIT_FAILED	  1 /* it was asked for rightly and could not be done */
#define MM_EXIT_MISUSE	  2
#define MM_EXIT_NO_SERVER 3

/* One option of a command. The table of them ends with a zeroed row; --help is not listed, every command has it. */
struct mm_ctl_option {
	const char *name; /* long, without dashes */
	char letter;	  /* short, or 0 */
	const char *arg;  /* name of its value in --help; NULL: it takes none */
	const char *help; /* one line */
};

struct mm_ctl_command {
	const char *name;
	const char *args; /* as in the usage line: "[OPTION]... [FILE]..." */
	const char *help; /* one line, no capital, no full stop */
	const char *more; /* what --help says below the options, or NULL; ends with a newline */
	const struct mm_ctl_option *options; /* or NULL */
	bool is_ordered; /* options end at the first word that is none: more may follow for another program */
	/* argv[0] is the command's name. Returns mmctl's exit status. */
	int (*run)(const struct mm_ctl_command *command, int argc, char **argv);
};

/* What mm_ctl_next() returns besides an option's place in the table. */
#define MM_CTL_END   (-1) /* no option any more: argv[optind] is the first word that is none */
#define MM_CTL_DONE  (-2) /* --help was asked for and printed: end with MM_EXIT_OK */
#define MM_CTL_WRONG (-3) /* said why on stderr: end with MM_EXIT_MISUSE */

/*
 * Next option of argv: its row in command->options, with its value, if any, in getopt's `optarg`. Options may stand
 * before and after other words.
 */
int mm_ctl_next(const struct mm_ctl_command *command, int argc, char **argv);

/* One line on stderr, "mmctl COMMAND: ...". */
__attribute__((format(printf, 2, 3))) void mm_ctl_say(
	const struct mm_ctl_command *command, const char *format, ...);

/* Flushes stdout. Returns status, or MM_EXIT_FAILED with a line on stderr when it could not be written. */
int mm_ctl_finish(const struct mm_ctl_command *command, int status);

/* All of mmctl. Returns its exit status. */
int mm_ctl_main(int argc, char **argv);

/* ---- the commands, each in its file ------------------------------------------------------------ */

extern const struct mm_ctl_command mm_ctl_create;
extern const struct mm_ctl_command mm_ctl_history;
extern const struct mm_ctl_command mm_ctl_leases;
extern const struct mm_ctl_command mm_ctl_pause;
extern const struct mm_ctl_command mm_ctl_plot;
extern const struct mm_ctl_command mm_ctl_release;
extern const struct mm_ctl_command mm_ctl_reserve;
extern const struct mm_ctl_command mm_ctl_resume;
extern const struct mm_ctl_command mm_ctl_simulate;
extern const struct mm_ctl_command mm_ctl_status;
extern const struct mm_ctl_command mm_ctl_top;
extern const struct mm_ctl_command mm_ctl_watch;
extern const struct mm_ctl_command mm_ctl_why;

#endif
