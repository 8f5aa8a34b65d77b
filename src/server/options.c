/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The settings come from the table in config.c, the options of the program itself from the one
 * here; both drive getopt and --help.
 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "http.h"
#include "xenmm/units.h"

#define OPTIONS_MAX 48
#define LONG_ONLY   0x100 /* values of options without a letter start here */

enum own_option {
	OPT_BACKEND = LONG_ONLY,
	OPT_SEED,
	OPT_PACE,
	OPT_RECORD,
	OPT_HTTP,
	OPT_CONTROL,
	OPT_CONFIG,
	OPT_CHECK_CONFIG,
	OPT_PRINT_CONFIG,
	OPT_SETTING = 0x200, /* settings without a letter: their row in the table on top of this */
};

static const struct own_row {
	int value; /* letter, or one of own_option */
	struct mm_setting_info info;
} own_rows[] = {
	{'d', {"log-dir", 'd', "DIR", "write the guests' data logs there [current directory]"}},
	{'v', {"verbose", 'v', NULL, "print total, used and free memory too, and debug messages"}},
	{'n', {"dry-run", 'n', NULL, "decide and print, but change nothing"}},
	{'1', {"once", '1', NULL, "one round, then exit"}},
	{OPT_CONFIG,
		{"config", 0, "FILE", "configuration [" XENMM_CONFIG_FILE "; sim, replay: none]"}},
	{OPT_CHECK_CONFIG,
		{"check-config", 0, NULL, "say whether the configuration is right, then exit"}},
	{OPT_PRINT_CONFIG,
		{"print-config", 0, NULL, "print what holds, as a configuration file, then exit"}},
	{OPT_RECORD, {"record", 0, "FILE", "write a trace of the run, for --backend replay:FILE"}},
	{OPT_HTTP, {"http", 0, "ADDR:PORT",
			   "page, JSON, metrics there, or off [127.0.0.1:9091; replay: off]"}},
	{OPT_CONTROL,
		{"control", 0, "PATH",
			"socket of mmctl, or off [" MM_CONTROL_DEFAULT "; sim, replay: off]"}},
	{OPT_BACKEND, {"backend", 0, "NAME[:FILE]",
			      "the world: xen, sim[:SCENARIO] or replay:TRACE [xen]"}},
	{OPT_SEED,
		{"seed", 0, "NUMBER", "sim: start of its random numbers [the scenario's, or 1]"}},
	{OPT_PACE, {"pace", 0, "PACE", "sim: virtual (as fast as it goes) or real [virtual]"}},
	{'h', {"help", 'h', NULL, "print this help and exit"}},
	{'V', {"version", 'V', NULL, "print the version and exit"}},
};

#define OWN_COUNT (sizeof(own_rows) / sizeof(own_rows[0]))

static void print_row(const struct mm_setting_info *info)
{
	char left[48];

	snprintf(left, sizeof(left), "%c%c%s --%s%s%s", info->letter ? '-' : ' ',
		info->letter ? info->letter : ' ', info->letter ? "," : " ", info->name,
		info->arg ? " " : "", info->arg ? info->arg : "");
	printf("  %-28s %s\n", left, info->help);
}

static void print_help(void)
{
	const struct mm_setting_info *info;

	printf("Usage: mmserver [OPTION]...\n"
	       "Balances memory among the guests of this Xen host. Runs in the foreground, in "
	       "dom0, as root.\n\n"
	       "Sharing:\n");
	for (size_t i = 0; (info = mm_setting_info(i)); i++)
		print_row(info);
	printf("\nRunning:\n");
	for (size_t i = 0; i < OWN_COUNT; i++)
		print_row(&own_rows[i].info);
	printf("\nSIZE is a number with k, M, G or T; a bare number is KiB. See mmserver(8).\n");
}

/* What getopt returns for setting i. */
static int setting_value(const struct mm_setting_info *info, size_t i)
{
	return info->letter ? info->letter : OPT_SETTING + (int)i;
}

/* getopt's tables, from both of ours. */
static void build_tables(struct option *longs, char *shorts)
{
	const struct mm_setting_info *info;
	size_t n = 0;

	*shorts++ = '+'; /* stop at the first word that is no option: it is a mistake */
	*shorts++ = ':'; /* report a missing argument as such */
	for (; (info = mm_setting_info(n)); n++)
		longs[n] = (struct option){info->name, info->arg ? required_argument : no_argument,
			NULL, setting_value(info, n)};
	for (size_t i = 0; i < OWN_COUNT; i++)
		longs[n++] = (struct option){own_rows[i].info.name,
			own_rows[i].info.arg ? required_argument : no_argument, NULL,
			own_rows[i].value};
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

static int set_backend(struct mm_options *options, const char *value, char *err, size_t err_size)
{
	const char *colon = strchr(value, ':');
	size_t len = colon ? (size_t)(colon - value) : strlen(value);

	if (len == 0 || len >= sizeof(options->backend)) {
		snprintf(err, err_size,
			"backend: '%s' is none of xen, sim[:SCENARIO], replay:TRACE", value);
		return -1;
	}
	memcpy(options->backend, value, len);
	options->backend[len] = '\0';
	options->world.file = colon ? colon + 1 : NULL;
	if (colon && (!colon[1] || !strcmp(options->backend, "xen"))) {
		snprintf(err, err_size, "backend: '%s' %s", value,
			colon[1] ? "takes no file" : "names no file behind the colon");
		return -1;
	}
	return 0;
}

static int set_own(
	struct mm_options *options, int value, const char *arg, char *err, size_t err_size)
{
	switch (value) {
	case 'd':
		options->log_dir = arg;
		return 0;
	case 'v':
		options->is_verbose = true;
		return 0;
	case 'n':
		options->is_dry_run = options->world.is_dry_run = true;
		return 0;
	case '1':
		options->is_once = true;
		return 0;
	case OPT_RECORD:
		options->record = arg;
		return 0;
	case OPT_HTTP:
		options->http = strcmp(arg, "off") ? arg : NULL;
		options->is_http_asked = true;
		return 0;
	case OPT_CONTROL:
		options->control = arg;
		return 0;
	case OPT_CONFIG:
		options->config_file = arg;
		return 0;
	case OPT_CHECK_CONFIG:
		options->is_check_config = true;
		return 0;
	case OPT_PRINT_CONFIG:
		options->is_print_config = true;
		return 0;
	case OPT_BACKEND:
		return set_backend(options, arg, err, err_size);
	case OPT_SEED:
		options->world.has_seed = true;
		if (!mm_parse_u64(arg, strlen(arg), UINT64_MAX, &options->world.seed))
			return 0;
		snprintf(err, err_size, "seed: '%s' is not a number from 0 to 18446744073709551615",
			arg);
		return -1;
	case OPT_PACE:
		options->world.is_real_pace = !strcmp(arg, "real");
		if (options->world.is_real_pace || !strcmp(arg, "virtual"))
			return 0;
		snprintf(err, err_size, "pace: '%s' is neither real nor virtual", arg);
		return -1;
	}
	return -1;
}

static const char *setting_name(int value)
{
	const struct mm_setting_info *info;

	for (size_t i = 0; (info = mm_setting_info(i)); i++)
		if (setting_value(info, i) == value)
			return info->name;
	return NULL;
}

static bool is_known(int value)
{
	for (size_t i = 0; i < OWN_COUNT; i++)
		if (own_rows[i].value == value)
			return true;
	return setting_name(value) != NULL;
}

static enum mm_options_result complain(int c, char **argv, char *err, size_t err_size)
{
	const char *word = optind > 0 ? argv[optind - 1] : "";

	if (c == ':')
		snprintf(err, err_size, "option '%s' needs a value", word);
	else if (is_known(optopt)) /* a long option; getopt knows no other reason to refuse it */
		snprintf(err, err_size, "option '%s' takes no value", word);
	else if (optopt) /* a letter; while more letters follow, `word` is still the one before */
		snprintf(err, err_size, "unknown option '-%c'; see mmserver --help", optopt);
	else
		snprintf(err, err_size, "unknown option '%s'; see mmserver --help", word);
	return MM_OPTIONS_WRONG;
}

static enum mm_options_result take(
	int c, char **argv, struct mm_options *options, char *err, size_t err_size)
{
	const char *name = setting_name(c);

	if (c == 'h') {
		print_help();
		return MM_OPTIONS_DONE;
	}
	if (c == 'V') {
		printf("mmserver (xenmm) %s\n", XENMM_VERSION);
		return MM_OPTIONS_DONE;
	}
	if (c == '?' || c == ':')
		return complain(c, argv, err, err_size);
	if (name ? mm_config_set(&options->config, name, optarg ? optarg : "yes", err, err_size)
		 : set_own(options, c, optarg, err, err_size))
		return MM_OPTIONS_WRONG;
	return MM_OPTIONS_RUN;
}

/* An option without effect is a mistake: somebody expects something of it. */
static int check_world(const struct mm_options *options, char *err, size_t err_size)
{
	bool is_sim = !strcmp(options->backend, "sim");

	if (is_sim || !(options->world.has_seed || options->world.is_real_pace))
		return 0;
	snprintf(err, err_size, "%s: only '--backend sim' takes it, not '%s'",
		options->world.has_seed ? "seed" : "pace", options->backend);
	return -1;
}

/* What holds before the first option. */
static void init_options(struct mm_options *options, const struct mm_config_file *base)
{
	memset(options, 0, sizeof(*options));
	strcpy(options->backend, "xen");
	options->http = mm_http_is_built() ? MM_HTTP_DEFAULT : NULL;
	if (!base) {
		mm_config_init(&options->config);
		return;
	}
	options->config = base->config;
	if (*base->log_dir && strcmp(base->log_dir, ".") != 0)
		options->log_dir = base->log_dir;
	options->is_http_asked = *base->http != '\0';
	if (options->is_http_asked)
		options->http = strcmp(base->http, "off") ? base->http : NULL;
	if (*base->control)
		options->control = base->control;
	options->is_verbose = base->is_verbose;
	options->is_dry_run = options->world.is_dry_run = base->is_dry_run;
}

enum mm_options_result mm_options_parse(int argc, char **argv, const struct mm_config_file *base,
	struct mm_options *ret_options, char *err, size_t err_size)
{
	struct option longs[OPTIONS_MAX];
	char shorts[2 * OPTIONS_MAX + 3];
	enum mm_options_result result;
	int c;

	init_options(ret_options, base);
	build_tables(longs, shorts);
	optind = 0; /* glibc: start anew, and forget the last argv */
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		result = take(c, argv, ret_options, err, err_size);
		if (result != MM_OPTIONS_RUN)
			return result;
	}
	if (optind < argc) {
		snprintf(err, err_size, "unexpected '%s'; see mmserver --help", argv[optind]);
		return MM_OPTIONS_WRONG;
	}
	return check_world(ret_options, err, err_size) ? MM_OPTIONS_WRONG : MM_OPTIONS_RUN;
}
