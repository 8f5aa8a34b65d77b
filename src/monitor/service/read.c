/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmmon.conf: settings, then a section for each host of a controller. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/service/settings.h"
#include "suggest.h"

#define SEEN_MAX 32
#define BLANKS	 " \t"

struct reader {
	struct mm_ini ini;
	struct mm_mon_settings *settings;
	size_t seen[SEEN_MAX]; /* line of each setting; 0: not named yet */
	bool is_host;	       /* in a section */
};

/* Options that mean nothing in a file. */
static const char *const typed_only[] = {
	"controller", "once", "config", "check-config", "help", "version"};

static const struct host_key {
	const char *name;
	size_t offset;
} host_keys[] = {
	{"url", offsetof(struct mm_mon_host_entry, url)},
	{"token-file", offsetof(struct mm_mon_host_entry, token_file)},
	{"ca-file", offsetof(struct mm_mon_host_entry, ca_file)},
};

#define HOST_KEYS (sizeof(host_keys) / sizeof(host_keys[0]))

static const char *host_key_name(size_t i)
{
	return i < HOST_KEYS ? host_keys[i].name : NULL;
}

/* ---- sections -------------------------------------------------------------------------------- */

/* Letters, digits, '-', '.' and '_': it becomes a label and a part of a query. */
static bool is_host_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-._", name[i]))
			return false;
	return len > 0 && len < MM_MON_NAME_MAX;
}

static int open_host(struct reader *reader, const char *name)
{
	struct mm_mon_settings *settings = reader->settings;
	struct mm_mon_host_entry *host;

	if (!is_host_name(name))
		return mm_ini_fail(&reader->ini,
			"host '%s': a name has 1 to %d letters, digits, '-', '.' or '_'", name,
			MM_MON_NAME_MAX - 1);
	for (size_t i = 0; i < settings->host_count; i++)
		if (!strcmp(settings->hosts[i].name, name))
			return mm_ini_fail(&reader->ini,
				"host %s: has a section already, in line %zu", name,
				settings->hosts[i].line);
	if (settings->host_count == MM_MON_HOSTS_MAX)
		return mm_ini_fail(&reader->ini, "more than %d hosts", MM_MON_HOSTS_MAX);
	host = reallocarray(settings->hosts, settings->host_count + 1, sizeof(*host));
	if (!host)
		return mm_ini_fail(&reader->ini, "out of memory");
	settings->hosts = host;
	host += settings->host_count++;
	*host = (struct mm_mon_host_entry){.line = reader->ini.line};
	strcpy(host->name, name);
	reader->is_host = true;
	return 0;
}

static int on_section(void *arg, const char *name)
{
	struct reader *reader = arg;

	if (strncmp(name, "host", 4) != 0 || !name[4] || !strchr(BLANKS, name[4]))
		return mm_ini_fail(&reader->ini,
			"[%s]: the only sections are [host NAME]; general settings stand above "
			"the first",
			name);
	return open_host(reader, name + 4 + strspn(name + 4, BLANKS));
}

/* ---- keys ------------------------------------------------------------------------------------ */

static bool is_listed(const char *(*key_of)(size_t i), const char *key)
{
	for (size_t i = 0; key_of(i); i++)
		if (!strcmp(key_of(i), key))
			return true;
	return false;
}

static int fail_unknown(struct reader *reader, const char *(*key_of)(size_t i), const char *key)
{
	const char *near = mm_suggest(key_of, key);

	for (size_t i = 0; i < sizeof(typed_only) / sizeof(typed_only[0]); i++)
		if (!strcmp(key, typed_only[i]))
			return mm_ini_fail(&reader->ini, "%s: on the command line only", key);
	if (near)
		return mm_ini_fail(&reader->ini, "%s: no such key; did you mean '%s'?", key, near);
	if (reader->is_host && is_listed(mm_mon_setting_name, key))
		return mm_ini_fail(&reader->ini,
			"%s: a general setting; those stand above the first section", key);
	if (!reader->is_host && is_listed(host_key_name, key))
		return mm_ini_fail(&reader->ini, "%s: belongs into a section [host NAME]", key);
	return mm_ini_fail(&reader->ini, "%s: no such key", key);
}

/* "http://" or "https://", a host and no path: that is ours. */
static bool is_url(const char *url)
{
	size_t scheme = !strncmp(url, "https://", 8) ? 8 : !strncmp(url, "http://", 7) ? 7 : 0;

	if (!scheme || !url[scheme])
		return false;
	for (const char *c = url + scheme; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("/?#@\\\"<>", *c))
			return false;
	return true;
}

static int set_host(struct reader *reader, const char *key, const char *value)
{
	struct mm_mon_host_entry *host = &reader->settings->hosts[reader->settings->host_count - 1];
	size_t i = 0;
	char *at;

	while (i < HOST_KEYS && strcmp(host_keys[i].name, key) != 0)
		i++;
	if (i == HOST_KEYS)
		return fail_unknown(reader, host_key_name, key);
	at = (char *)host + host_keys[i].offset;
	if (*at)
		return mm_ini_fail(&reader->ini, "%s: given twice for host %s", key, host->name);
	if (!*value)
		return mm_ini_fail(&reader->ini, "%s: no value", key);
	if (i == 0 && !is_url(value))
		return mm_ini_fail(&reader->ini,
			"url: '%s' is not http[s]://HOST:PORT, without a path", value);
	strcpy(at, value); /* a line at most, and so is `at` */
	return 0;
}

static int on_value(void *arg, const char *key, const char *value)
{
	struct reader *reader = arg;
	char why[300] = "";
	size_t i = 0;

	if (reader->is_host)
		return set_host(reader, key, value);
	while (mm_mon_setting(i) && strcmp(mm_mon_setting(i)->name, key) != 0)
		i++;
	if (!mm_mon_setting(i) || i >= SEEN_MAX)
		return fail_unknown(reader, mm_mon_setting_name, key);
	if (reader->seen[i] && mm_mon_setting(i)->type != MM_MON_LIST)
		return mm_ini_fail(
			&reader->ini, "%s: given twice, first in line %zu", key, reader->seen[i]);
	reader->seen[i] = reader->ini.line;
	if (mm_mon_set(reader->settings, mm_mon_setting(i), value, why, sizeof(why)))
		return mm_ini_fail(&reader->ini, "%s", why);
	return 0;
}

int mm_mon_read(struct mm_mon_settings *settings, const char *text, size_t len,
	struct mm_ini_fault *ret_fault)
{
	static const struct mm_ini_calls calls = {
		.section_form = "a section is [host NAME], with nothing behind it",
		.section = on_section,
		.value = on_value,
	};
	struct reader reader = {
		.ini = {.calls = &calls, .text = text, .len = len}, .settings = settings};

	reader.ini.arg = &reader;
	if (mm_ini_read(&reader.ini)) {
		*ret_fault = reader.ini.fault;
		return -EINVAL;
	}
	return 0;
}
