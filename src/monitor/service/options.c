/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "text_file.h"

/* 1,000 hosts with a page of comment each fit; what is larger is something else. */
#define FILE_MAX ((size_t)4 << 20)

#define OPTIONS_MAX 32
#define LONG_ONLY   0x100 /* values of options without a letter: rows of the table on top of this */

enum own_option { OPT_CONTROLLER = 0x200, OPT_CONFIG, OPT_CHECK_CONFIG, OPT_ONCE };

static const struct own_row {
	int value;
	const char *name, *arg, *help;
} own_rows[] = {
	{OPT_CONTROLLER, "controller", NULL, "gather other hosts' mmmon, instead of looking here"},
	{OPT_ONCE, "once", NULL, "one look, printed as JSON, then exit"},
	{OPT_CONFIG, "config", "FILE",
		"configuration [" XENMM_CONFIG_DIR "/mmmon.conf; controller: "
		"mmmon-controller.conf there]"},
	{OPT_CHECK_CONFIG, "check-config", NULL,
		"say whether the configuration is right, then exit"},
	{'h', "help", NULL, "print this help and exit"},
	{'V', "version", NULL, "print the version and exit"},
};

#define OWN_COUNT (sizeof(own_rows) / sizeof(own_rows[0]))

static void print_row(int letter, const char *name, const char *arg, const char *help)
{
	char left[48];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", letter ? '-' : ' ', letter ? letter : ' ',
		letter ? "," : " ", name, arg ? " " : "", arg ? arg : "");
	printf("  %-28s %s\n", left, help);
}

static void print_help(void)
{
	printf("Usage: mmmon [OPTION]...\n"
	       "Shows memory and processes of this host's guests by HTTP, without anything in the "
	       "guests. With --controller\nit gathers many hosts. Runs in the foreground.\n\n"
	       "Settings:\n");
	for (size_t i = 0; mm_mon_setting(i); i++)
		print_row(mm_mon_setting(i)->letter, mm_mon_setting(i)->name,
			mm_mon_setting(i)->arg, mm_mon_setting(i)->help);
	printf("\nRunning:\n");
	for (size_t i = 0; i < OWN_COUNT; i++)
		print_row(own_rows[i].value < LONG_ONLY ? own_rows[i].value : 0, own_rows[i].name,
			own_rows[i].arg, own_rows[i].help);
	printf("\nTIME is a number of seconds, or one with ms, s, m or h. See mmmon(8).\n");
}

static void build_tables(struct option *longs, char *shorts)
{
	size_t n = 0;

	*shorts++ = '+'; /* stop at the first word that is no option: it is a mistake */
	*shorts++ = ':'; /* report a missing argument as such */
	for (; mm_mon_setting(n); n++) {
		const struct mm_mon_setting *row = mm_mon_setting(n);

		longs[n] = (struct option){row->name, row->arg ? required_argument : no_argument,
			NULL, row->letter ? row->letter : LONG_ONLY + (int)n};
	}
	for (size_t i = 0; i < OWN_COUNT; i++)
		longs[n++] = (struct option){own_rows[i].name,
			own_rows[i].arg ? required_argument : no_argument, NULL, own_rows[i].value};
	longs[n] = (struct option){NULL, 0, NULL, 0};
	for (size_t i = 0; i < n; i++) {
		if (longs[i].val >= LONG_ONLY)
			continue;
		*shorts++ = (char)longs[i].val;
		if (longs[i].has_arg == required_argument)
			*shorts++ = ':';
	}
	*shorts = '\0';
}

static const struct mm_mon_setting *setting_of(int c)
{
	for (size_t i = 0; mm_mon_setting(i); i++)
		if (c == (mm_mon_setting(i)->letter ? mm_mon_setting(i)->letter
						    : LONG_ONLY + (int)i))
			return mm_mon_setting(i);
	return NULL;
}

static bool is_known(int value)
{
	for (size_t i = 0; i < OWN_COUNT; i++)
		if (own_rows[i].value == value)
			return true;
	return setting_of(value) != NULL;
}

static enum mm_mon_result complain(int c, char **argv, char *err, size_t err_size)
{
	const char *word = optind > 0 ? argv[optind - 1] : "";

	if (c == ':')
		snprintf(err, err_size, "option '%s' needs a value", word);
	else if (is_known(optopt)) /* a long option; getopt knows no other reason to refuse it */
		snprintf(err, err_size, "option '%s' takes no value", word);
	else if (optopt) /* a letter; while more letters follow, `word` is still the one before */
		snprintf(err, err_size, "unknown option '-%c'; see mmmon --help", optopt);
	else
		snprintf(err, err_size, "unknown option '%s'; see mmmon --help", word);
	return MM_MON_WRONG;
}

static enum mm_mon_result take(int c, struct mm_mon_options *options, char *err, size_t err_size)
{
	const struct mm_mon_setting *setting = setting_of(c);

	switch (c) {
	case 'h':
		print_help();
		return MM_MON_DONE;
	case 'V':
		printf("mmmon (xenmm) %s\n", XENMM_VERSION);
		return MM_MON_DONE;
	case OPT_CONTROLLER:
		options->settings.is_controller = true;
		return MM_MON_RUN;
	case OPT_ONCE:
		options->is_once = true;
		return MM_MON_RUN;
	case OPT_CHECK_CONFIG:
		options->is_check_config = true;
		return MM_MON_RUN;
	case OPT_CONFIG:
		options->path = optarg;
		options->is_named = true;
		return MM_MON_RUN;
	}
	if (!setting ||
		mm_mon_set(&options->settings, setting, optarg ? optarg : "yes", err, err_size))
		return MM_MON_WRONG;
	return MM_MON_RUN;
}

/* The command line over the settings that are there. */
static enum mm_mon_result parse(struct mm_mon_options *options, char *err, size_t err_size)
{
	struct option longs[OPTIONS_MAX];
	char shorts[2 * OPTIONS_MAX + 3];
	enum mm_mon_result result;
	int c;

	build_tables(longs, shorts);
	optind = 0; /* glibc: start anew, and forget the last argv */
	while ((c = getopt_long(options->argc, options->argv, shorts, longs, NULL)) != -1) {
		if (c == '?' || c == ':')
			return complain(c, options->argv, err, err_size);
		result = take(c, options, err, err_size);
		if (result != MM_MON_RUN)
			return result;
	}
	if (optind < options->argc) {
		snprintf(err, err_size, "unexpected '%s'; see mmmon --help", options->argv[optind]);
		return MM_MON_WRONG;
	}
	return MM_MON_RUN;
}

/* Returns 0; -ENOENT; or another -errno and a line in err. */
static int read_file(const char *path, struct mm_mon_settings *settings, char *err, size_t err_size)
{
	struct mm_ini_fault fault = {.line = 0};
	char *text = NULL;
	size_t len = 0;
	struct stat st;
	int r = mm_text_file_read(path, FILE_MAX, &text, &len, &st);

	if (r) {
		snprintf(err, err_size, "%s: %s", path, mm_text_file_error(r));
		return r;
	}
	if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH))
		mm_log(MM_LOG_WARN, "%s: everybody may write it, and so see what is in guests",
			path);
	r = mm_mon_read(settings, text, len, &fault);
	free(text);
	if (r)
		snprintf(err, err_size, "%s:%zu: %s", path, fault.line, fault.text);
	return r;
}

/* File and command line over the defaults; options->settings is theirs then, or as it was. */
static enum mm_mon_result combine(struct mm_mon_options *options, char *err, size_t err_size)
{
	struct mm_mon_options fresh = *options;
	enum mm_mon_result result = MM_MON_WRONG;
	int r;

	mm_mon_settings_init(&fresh.settings);
	r = read_file(options->path, &fresh.settings, err, err_size);
	if (!r || (r == -ENOENT && !options->is_named)) {
		fresh.is_read = r == 0;
		result = parse(&fresh, err, err_size);
	}
	if (result == MM_MON_RUN && mm_mon_check(&fresh.settings, err, err_size))
		result = MM_MON_WRONG;
	if (result != MM_MON_RUN) {
		mm_mon_settings_free(&fresh.settings);
		return result;
	}
	mm_mon_settings_free(&options->settings);
	*options = fresh;
	return MM_MON_RUN;
}

enum mm_mon_result mm_mon_options_read(
	int argc, char **argv, struct mm_mon_options *ret_options, char *err, size_t err_size)
{
	enum mm_mon_result result;

	memset(ret_options, 0, sizeof(*ret_options));
	ret_options->argc = argc;
	ret_options->argv = argv;
	mm_mon_settings_init(&ret_options->settings);
	result = parse(ret_options, err, err_size);
	if (result != MM_MON_RUN)
		return result;
	if (!ret_options->path)
		ret_options->path = ret_options->settings.is_controller
					    ? XENMM_CONFIG_DIR "/mmmon-controller.conf"
					    : XENMM_CONFIG_DIR "/mmmon.conf";
	return combine(ret_options, err, err_size);
}

bool mm_mon_options_reload(struct mm_mon_options *options)
{
	struct mm_mon_options before = *options;
	char err[512] = "", changed[256], fixed[256];

	memset(&options->settings, 0, sizeof(options->settings));
	if (combine(options, err, sizeof(err)) != MM_MON_RUN) {
		options->settings = before.settings;
		mm_log(MM_LOG_ERR, "%s; the settings stay as they are", err);
		return false;
	}
	mm_mon_compare(&before.settings, &options->settings, changed, fixed);
	mm_log(MM_LOG_INFO, "%s read again: %s%s", options->path,
		*changed ? "changed " : "nothing changed", changed);
	if (*fixed)
		mm_log(MM_LOG_WARN, "%s: %s: needs a restart of mmmon", options->path, fixed);
	mm_mon_keep_fixed(&options->settings, &before.settings);
	mm_mon_settings_free(&before.settings);
	return true;
}

void mm_mon_options_free(struct mm_mon_options *options)
{
	mm_mon_settings_free(&options->settings);
}
