/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "setup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "http.h"
#include "log.h"
#include "text_file.h"

/* 256 rules with a page of comment each fit; what is larger is something else. */
#define FILE_MAX ((size_t)1 << 20)

/* ---- the file -------------------------------------------------------------------------------- */

/* A file that others can change is theirs, not the administrator's. */
static void warn_of_writers(const char *path, const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		mm_log(MM_LOG_WARN, "%s: belongs to user %u, who can change the balancing", path,
			(unsigned int)st->st_uid);
	else if (S_ISREG(st->st_mode) && (st->st_mode & S_IWOTH))
		mm_log(MM_LOG_WARN, "%s: everybody may write it, and so change the balancing",
			path);
}

static int load(const char *path, const struct mm_config *base, struct mm_config_file *ret_file,
	char *err, size_t err_size)
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
	warn_of_writers(path, &st);
	r = mm_config_file_parse(text, len, base, ret_file, &fault);
	free(text);
	if (r)
		snprintf(err, err_size, "%s:%zu: %s", path, fault.line, fault.text);
	return r;
}

/* ---- both together --------------------------------------------------------------------------- */

/* Settings against each other. Where the file alone is wrong, its line is named. */
static enum mm_options_result check(const struct mm_setup *setup, const struct mm_config_file *file,
	const struct mm_options *options, char *err, size_t err_size)
{
	char why[256] = "";

	if (mm_config_check(&options->config, err, err_size) == 0) {
		if (!options->http || !mm_http_check(options->http, why, sizeof(why)))
			return MM_OPTIONS_RUN;
		if (options->http != file->http) {
			snprintf(err, err_size, "%s", why);
			return MM_OPTIONS_WRONG;
		}
		snprintf(err, err_size, "%s:%zu: %s", setup->path, file->http_line, why);
		return MM_OPTIONS_FAULT;
	}
	if (!file->bounds_line || mm_config_check(&file->config, why, sizeof(why)) == 0)
		return MM_OPTIONS_WRONG;
	snprintf(err, err_size, "%s:%zu: %s", setup->path, file->bounds_line, why);
	return MM_OPTIONS_FAULT;
}

/* The command line over a file that was read. */
static enum mm_options_result combine(const struct mm_setup *setup,
	const struct mm_config_file *file, struct mm_options *ret_options, char *err,
	size_t err_size)
{
	enum mm_options_result result =
		mm_options_parse(setup->argc, setup->argv, file, ret_options, err, err_size);

	return result == MM_OPTIONS_RUN ? check(setup, file, ret_options, err, err_size) : result;
}

enum mm_options_result mm_setup_start(struct mm_setup *setup, int argc, char **argv,
	struct mm_options *ret_options, char *err, size_t err_size)
{
	enum mm_options_result result =
		mm_options_parse(argc, argv, NULL, ret_options, err, err_size);
	int r;

	if (result != MM_OPTIONS_RUN)
		return result;
	memset(setup, 0, sizeof(*setup));
	setup->argc = argc;
	setup->argv = argv;
	setup->is_named = ret_options->config_file != NULL;
	setup->path = ret_options->config_file;
	if (!setup->path && !strcmp(ret_options->backend, "xen"))
		setup->path = XENMM_CONFIG_FILE;
	mm_config_init(&setup->file.config);
	if (setup->path) {
		r = load(setup->path, NULL, &setup->file, err, err_size);
		if (r && (r != -ENOENT || setup->is_named))
			return MM_OPTIONS_FAULT;
		setup->is_read = r == 0;
	}
	return combine(setup, &setup->file, ret_options, err, err_size);
}

int mm_setup_rebase(struct mm_setup *setup, const struct mm_config *recorded,
	struct mm_options *options, char *err, size_t err_size)
{
	struct mm_config_file file = setup->file;
	struct mm_options fresh;

	file.config = *recorded;
	if (setup->is_read && load(setup->path, recorded, &file, err, err_size))
		return -EINVAL;
	if (combine(setup, &file, &fresh, err, err_size) != MM_OPTIONS_RUN)
		return -EINVAL;
	fresh.config.generation = options->config.generation + 1;
	options->config = fresh.config;
	return 0;
}

/* ---- reloading ------------------------------------------------------------------------------- */

/* A list of words in a line, ", " between them. */
static void add_word(char *list, size_t size, const char *word)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? ", " : "", word);
}

static bool is_rule_same(const struct mm_rule *a, const struct mm_rule *b)
{
	char words_a[MM_POLICY_TEXT_MAX] = "", words_b[MM_POLICY_TEXT_MAX] = "";

	(void)mm_guest_policy_format(&a->policy, words_a, sizeof(words_a));
	(void)mm_guest_policy_format(&b->policy, words_b, sizeof(words_b));
	return !strcmp(a->match, b->match) && !strcmp(words_a, words_b);
}

static bool are_rules_same(const struct mm_config *a, const struct mm_config *b)
{
	if (a->rule_count != b->rule_count)
		return false;
	for (size_t i = 0; i < a->rule_count; i++)
		if (!is_rule_same(&a->rules[i], &b->rules[i]))
			return false;
	return true;
}

static void list_changes(
	const struct mm_options *then, const struct mm_options *now, char *list, size_t size)
{
	const struct mm_setting_info *info;

	list[0] = '\0';
	for (size_t i = 0; (info = mm_setting_info(i)); i++) {
		char a[MM_EXCLUDE_MAX * MM_PATTERN_MAX] = "";
		char b[MM_EXCLUDE_MAX * MM_PATTERN_MAX] = "";

		(void)mm_config_get(&then->config, i, a, sizeof(a)); /* that size suffices */
		(void)mm_config_get(&now->config, i, b, sizeof(b));
		if (strcmp(a, b) != 0)
			add_word(list, size, info->name);
	}
	if (then->is_verbose != now->is_verbose)
		add_word(list, size, "verbose");
	if (!are_rules_same(&then->config, &now->config))
		add_word(list, size, "the guests' rules");
}

static bool is_text_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* What was opened at the start stays open as it is. */
static void warn_of_fixed(
	const char *path, const struct mm_options *then, const struct mm_options *now)
{
	char list[64] = "";

	if (!is_text_same(then->log_dir, now->log_dir))
		add_word(list, sizeof(list), "log-dir");
	if (!is_text_same(then->http, now->http))
		add_word(list, sizeof(list), "http");
	if (!is_text_same(then->control, now->control))
		add_word(list, sizeof(list), "control");
	if (then->is_dry_run != now->is_dry_run)
		add_word(list, sizeof(list), "dry-run");
	if (*list)
		mm_log(MM_LOG_WARN, "%s: %s: needs a restart of mmserver", path, list);
}

bool mm_setup_reload(const struct mm_setup *setup, struct mm_options *options)
{
	struct mm_config_file file = {.http = ""};
	struct mm_options fresh;
	char err[512] = "", list[256];
	int r;

	if (!setup->path) {
		mm_log(MM_LOG_INFO, "there is no configuration file to read again");
		return false;
	}
	r = load(setup->path, NULL, &file, err, sizeof(err));
	if (r == -ENOENT && !setup->is_named && !setup->is_read) {
		mm_log(MM_LOG_INFO, "%s is not there; the settings stay as they are", setup->path);
		return false;
	}
	if (r || combine(setup, &file, &fresh, err, sizeof(err)) != MM_OPTIONS_RUN) {
		mm_log(MM_LOG_ERR, "%s; the settings stay as they are", err);
		return false;
	}
	list_changes(options, &fresh, list, sizeof(list));
	mm_log(MM_LOG_INFO, "%s read again: %s%s", setup->path,
		*list ? "changed " : "nothing changed", list);
	warn_of_fixed(setup->path, options, &fresh);
	if (!*list)
		return false;
	fresh.config.generation = options->config.generation + 1;
	options->config = fresh.config;
	options->is_verbose = fresh.is_verbose;
	return true;
}

/* ---- for people ------------------------------------------------------------------------------ */

static int copy_own(char dst[MM_INI_LINE_MAX + 1], const char *name, const char *value, char *err,
	size_t err_size)
{
	if (strlen(value) > MM_INI_LINE_MAX) {
		snprintf(err, err_size, "%s: longer than %d bytes, which a file cannot hold", name,
			MM_INI_LINE_MAX);
		return -EINVAL;
	}
	strcpy(dst, value);
	return 0;
}

int mm_setup_print(const struct mm_options *options, FILE *out, char *err, size_t err_size)
{
	bool is_xen = !strcmp(options->backend, "xen");
	struct mm_config_file file = {
		.is_verbose = options->is_verbose, .is_dry_run = options->is_dry_run};
	const char *control = is_xen ? MM_CONTROL_DEFAULT : "off";
	struct mm_ini_fault fault = {.line = 0};
	int r;

	file.config = options->config;
	if (copy_own(file.log_dir, "log-dir", options->log_dir ? options->log_dir : ".", err,
		    err_size) ||
		copy_own(file.http, "http", options->http ? options->http : "off", err, err_size) ||
		copy_own(file.control, "control", options->control ? options->control : control,
			err, err_size))
		return -EINVAL;
	fprintf(out, "# The settings of mmserver %s; see mmserver.conf(5)\n", XENMM_VERSION);
	r = mm_config_file_write(out, &file, &fault);
	if (r)
		snprintf(err, err_size, "%s", *fault.text ? fault.text : strerror(-r));
	return r;
}

void mm_setup_describe(const struct mm_setup *setup, FILE *out)
{
	size_t rules = setup->file.config.rule_count;

	if (!setup->path)
		fprintf(out, "no configuration file is read\n");
	else if (!setup->is_read)
		fprintf(out, "%s: not there; the defaults hold\n", setup->path);
	else
		fprintf(out, "%s: understood, %zu section%s for guests\n", setup->path, rules,
			rules == 1 ? "" : "s");
}

void mm_setup_greet(const struct mm_options *options)
{
	const struct mm_config *config = &options->config;
	const struct mm_setting_info *info;
	char budget[32] = "";

	for (size_t i = 0; (info = mm_setting_info(i)); i++)
		if (!strcmp(info->name, "budget"))
			(void)mm_config_get(config, i, budget, sizeof(budget)); /* that suffices */
	mm_log(MM_LOG_INFO, "version %s: policy %s, budget %s; page at http://%s/%s", XENMM_VERSION,
		mm_policy_name(config->policy), budget, options->http,
		options->is_dry_run ? "; dry run: nothing is changed" : "");
}
