/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config_file.h"

#include <errno.h>
#include <string.h>

#include "suggest.h"

#define BLANKS	      " \t"
#define GUEST_SECTION "guest"

/* Keys of the file are the rows of the settings table, then these. */
static const struct own_key {
	const char *name;
	bool is_flag;
	size_t offset;
} own_keys[] = {
	{"log-dir", false, offsetof(struct mm_config_file, log_dir)},
	{"http", false, offsetof(struct mm_config_file, http)},
	{"control", false, offsetof(struct mm_config_file, control)},
	{"verbose", true, offsetof(struct mm_config_file, is_verbose)},
	{"dry-run", true, offsetof(struct mm_config_file, is_dry_run)},
};

#define OWN_COUNT (sizeof(own_keys) / sizeof(own_keys[0]))
#define VALUE_MAX                                                                                  \
	(MM_INI_LINE_MAX - strlen("log-dir = ")) /* of the own keys; that is the longest */
#define SEEN_MAX 64				 /* keys that may be named once */

/* Options that mean nothing in a file. */
static const char *const typed_only[] = {"backend", "seed", "pace", "record", "once", "config",
	"check-config", "print-config", "help", "version"};

struct parser {
	struct mm_ini ini;
	bool is_guest;	       /* in a section */
	size_t seen[SEEN_MAX]; /* line of each key, 0: not named yet */
	size_t rule_line[MM_RULE_MAX];
	size_t first_rule;		/* those before are of the settings below the file */
	char words[MM_POLICY_TEXT_MAX]; /* of the rule under way */
	struct mm_config_file file;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

#define fail(parser, ...) mm_ini_fail(&(parser)->ini, __VA_ARGS__)

/* ---- sections -------------------------------------------------------------------------------- */

static int open_guest(struct parser *p, const char *match)
{
	struct mm_config *cfg = &p->file.config;
	size_t last = cfg->rule_count;
	char why[200] = "";

	if (mm_config_add_rule(cfg, match, "", why, sizeof(why)))
		return fail(p, "%s", why);
	for (size_t i = p->first_rule; i < last; i++)
		if (!strcmp(cfg->rules[i].match, cfg->rules[last].match))
			return fail(p, "guest %s: has a section already, in line %zu", match,
				p->rule_line[i]);
	p->rule_line[last] = p->ini.line;
	p->words[0] = '\0';
	p->is_guest = true;
	return 0;
}

static int on_section(void *arg, const char *name)
{
	const size_t prefix = strlen(GUEST_SECTION);
	struct parser *p = arg;

	if (strncmp(name, GUEST_SECTION, prefix) != 0 || (name[prefix] && !is_blank(name[prefix])))
		return fail(p,
			"[%s]: the only sections are [guest NAME]; general settings stand "
			"above the first",
			name);
	return open_guest(p, name + prefix + strspn(name + prefix, BLANKS));
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Key i of a general section: the settings, then our own; NULL past the last. */
static const char *general_key(size_t i)
{
	size_t settings = 0;

	while (mm_setting_info(settings))
		settings++;
	if (i < settings)
		return mm_setting_info(i)->name;
	return i - settings < OWN_COUNT ? own_keys[i - settings].name : NULL;
}

static bool is_listed(const char *(*key_of)(size_t i), const char *key)
{
	for (size_t i = 0; key_of(i); i++)
		if (!strcmp(key_of(i), key))
			return true;
	return false;
}

static int fail_unknown(struct parser *p, const char *(*key_of)(size_t i), const char *key)
{
	const char *near = mm_suggest(key_of, key);

	for (size_t i = 0; i < sizeof(typed_only) / sizeof(typed_only[0]); i++)
		if (!strcmp(key, typed_only[i]))
			return fail(p, "%s: on the command line only", key);
	if (near)
		return fail(p, "%s: no such key; did you mean '%s'?", key, near);
	if (p->is_guest && is_listed(general_key, key))
		return fail(p, "%s: a general setting; those stand above the first section", key);
	if (!p->is_guest && is_listed(mm_guest_policy_key, key))
		return fail(p, "%s: belongs into a section [guest NAME]", key);
	return fail(p, "%s: no such key", key);
}

static int set_guest(struct parser *p, const char *key, const char *value)
{
	struct mm_rule *rule = &p->file.config.rules[p->file.config.rule_count - 1];
	size_t used = strlen(p->words);
	char why[200] = "";
	int n;

	if (!is_listed(mm_guest_policy_key, key))
		return fail_unknown(p, mm_guest_policy_key, key);
	if (!*value || strpbrk(value, BLANKS))
		return fail(p, "%s: '%s' is not one value", key, value);
	n = snprintf(p->words + used, sizeof(p->words) - used, " %s=%s", key, value);
	if (n < 0 || used + (size_t)n >= sizeof(p->words))
		return fail(p, "%s: '%s' is too long", key, value);
	if (mm_guest_policy_parse(p->words, &rule->policy, why, sizeof(why)))
		return fail(p, "%s", why);
	return 0;
}

static int set_own(struct parser *p, const struct own_key *own, const char *value)
{
	char *at = (char *)&p->file + own->offset;

	if (!own->is_flag) {
		if (!*value)
			return fail(p, "%s: no value", own->name);
		if (strlen(value) > VALUE_MAX)
			return fail(p, "%s: longer than %zu bytes", own->name, VALUE_MAX);
		strcpy(at, value); /* as long as a line at most, and so is `at` */
		return 0;
	}
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return fail(p, "%s: '%s' is neither yes nor no", own->name, value);
	*(bool *)at = !strcmp(value, "yes");
	return 0;
}

static int set_general(struct parser *p, const char *key, const char *value)
{
	char why[256] = "";
	size_t i = 0;

	while (general_key(i) && strcmp(general_key(i), key) != 0)
		i++;
	if (!general_key(i) || i >= SEEN_MAX)
		return fail_unknown(p, general_key, key);
	if (p->seen[i] && strcmp(key, "exclude") != 0)
		return fail(p, "%s: given twice, first in line %zu", key, p->seen[i]);
	p->seen[i] = p->ini.line;
	if (!strcmp(key, "min") || !strcmp(key, "max"))
		p->file.bounds_line = p->ini.line;
	if (!strcmp(key, "http"))
		p->file.http_line = p->ini.line;
	for (size_t k = 0; k < OWN_COUNT; k++)
		if (!strcmp(own_keys[k].name, key))
			return set_own(p, &own_keys[k], value);
	if (mm_config_set(&p->file.config, key, value, why, sizeof(why)))
		return fail(p, "%s", why);
	return 0;
}

static int on_value(void *arg, const char *key, const char *value)
{
	struct parser *p = arg;

	return p->is_guest ? set_guest(p, key, value) : set_general(p, key, value);
}

int mm_config_file_parse(const char *text, size_t len, const struct mm_config *base,
	struct mm_config_file *ret_file, struct mm_ini_fault *ret_fault)
{
	static const struct mm_ini_calls calls = {
		.section_form = "a section is [guest NAME], with nothing behind it",
		.section = on_section,
		.value = on_value,
	};
	struct parser p = {.ini = {.calls = &calls, .text = text, .len = len}};

	p.ini.arg = &p;
	if (base)
		p.file.config = *base;
	else
		mm_config_init(&p.file.config);
	p.first_rule = p.file.config.rule_count;
	if (mm_ini_read(&p.ini)) {
		*ret_fault = p.ini.fault;
		return -EINVAL;
	}
	*ret_file = p.file;
	return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* A value that begins like a comment is one unless it follows the '=' at once. */
static void write_line(FILE *out, const char *key, const char *value)
{
	fprintf(out, "%s =%s%s\n", key, *value == '#' || *value == ';' ? "" : " ", value);
}

/* A list has a line for each member. */
static int write_setting(FILE *out, const struct mm_config *cfg, size_t i)
{
	char value[MM_EXCLUDE_MAX * MM_PATTERN_MAX];
	char *rest = value, *word;
	int r = mm_config_get(cfg, i, value, sizeof(value));

	while (!r && *value && (word = strsep(&rest, " ")))
		write_line(out, mm_setting_info(i)->name, word);
	return r;
}

static void write_rule(FILE *out, const struct mm_rule *rule)
{
	char words[MM_POLICY_TEXT_MAX] = "";
	char *rest = words, *word;

	fprintf(out, "\n[" GUEST_SECTION " %s]\n", rule->match);
	(void)mm_guest_policy_format(&rule->policy, words, sizeof(words)); /* that size suffices */
	while (*words && (word = strsep(&rest, " "))) {
		const char *key = strsep(&word, "=");

		write_line(out, key, word);
	}
}

/* Whether a line can hold the value, without a line end or a " #" in it. */
static bool is_writable(const char *value)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
		if ((c == '#' || c == ';') && i > 0 && is_blank(value[i - 1]))
			return false;
	}
	return len && len <= VALUE_MAX && !is_blank(value[0]) && !is_blank(value[len - 1]);
}

int mm_config_file_write(
	FILE *out, const struct mm_config_file *file, struct mm_ini_fault *ret_fault)
{
	for (size_t i = 0; mm_setting_info(i); i++) {
		int r = write_setting(out, &file->config, i);

		if (r)
			return r;
	}
	for (size_t i = 0; i < OWN_COUNT; i++) {
		const char *at = (const char *)file + own_keys[i].offset;
		const char *value = at;

		if (own_keys[i].is_flag)
			value = *(const bool *)at ? "yes" : "no";
		if (!*value)
			continue;
		if (!is_writable(value)) {
			ret_fault->line = 0;
			snprintf(ret_fault->text, sizeof(ret_fault->text),
				"%s: '%.200s' cannot be written in a file", own_keys[i].name,
				value);
			return -EINVAL;
		}
		write_line(out, own_keys[i].name, value);
	}
	for (size_t i = 0; i < file->config.rule_count; i++)
		write_rule(out, &file->config.rules[i]);
	errno = 0;
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
