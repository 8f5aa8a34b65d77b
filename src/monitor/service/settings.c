/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "xenmm/units.h"

#define AT(member) offsetof(struct mm_mon_settings, member)

#define SECOND_MS UINT64_C(1000)
#define HOUR_MS	  (3600 * SECOND_MS)

static const struct mm_mon_setting table[] = {
	{"listen", "ADDR:PORT", "where it answers [127.0.0.1:9092; controller: 127.0.0.1:9093]", 0,
		MM_MON_TEXT, true, AT(listen), 0, 0},
	{"interval", "TIME", "between two looks, 1s to 1h [10s]", 'i', MM_MON_DURATION, false,
		AT(interval_ms), SECOND_MS, HOUR_MS},
	{"processes", NULL, "per-process data too: it shows what runs in the guests", 0,
		MM_MON_FLAG, false, AT(with_processes), 0, 0},
	{"top", "COUNT", "processes of each guest in the metrics, 0 to 20 [5]", 0, MM_MON_NUMBER,
		false, AT(top), 0, 20},
	{"memory", "NAME=FILE", "look into this memory file, not into domains; repeatable", 0,
		MM_MON_LIST, true, 0, 0, 0},
	{"token-file", "FILE", "who may ask, a token in each line", 0, MM_MON_TEXT, false,
		AT(token_file), 0, 0},
	{"tls-cert", "FILE", "certificate chain, PEM: answers by HTTPS", 0, MM_MON_TEXT, true,
		AT(tls_cert), 0, 0},
	{"tls-key", "FILE", "its private key, PEM", 0, MM_MON_TEXT, true, AT(tls_key), 0, 0},
	{"insecure", NULL, "answer other machines without TLS or without tokens", 0, MM_MON_FLAG,
		true, AT(is_insecure), 0, 0},
	{"stale-after", "TIME", "older figures are marked stale, 1s to 24h [three intervals]", 0,
		MM_MON_DURATION, false, AT(stale_ms), SECOND_MS, 24 * HOUR_MS},
	{"timeout", "TIME", "controller: for a host's answer, 1s to 1m [5s]", 0, MM_MON_DURATION,
		false, AT(timeout_ms), SECOND_MS, 60 * SECOND_MS},
	{"verbose", NULL, "messages for finding faults", 'v', MM_MON_FLAG, false, AT(is_verbose), 0,
		0},
};

#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

const struct mm_mon_setting *mm_mon_setting(size_t i)
{
	return i < TABLE_COUNT ? &table[i] : NULL;
}

const char *mm_mon_setting_name(size_t i)
{
	return i < TABLE_COUNT ? table[i].name : NULL;
}

void mm_mon_settings_init(struct mm_mon_settings *settings)
{
	*settings = (struct mm_mon_settings){
		.interval_ms = 10 * SECOND_MS, .timeout_ms = 5 * SECOND_MS, .top = 5};
}

void mm_mon_settings_free(struct mm_mon_settings *settings)
{
	free(settings->memory);
	free(settings->hosts);
	settings->memory = NULL;
	settings->hosts = NULL;
	settings->memory_count = settings->host_count = 0;
}

const char *mm_mon_listen(const struct mm_mon_settings *settings)
{
	if (*settings->listen)
		return settings->listen;
	return settings->is_controller ? MM_MON_CONTROLLER_DEFAULT : MM_MON_CLIENT_DEFAULT;
}

uint64_t mm_mon_stale_ms(const struct mm_mon_settings *settings)
{
	return settings->stale_ms ? settings->stale_ms : 3 * settings->interval_ms;
}

/* ---- single values --------------------------------------------------------------------------- */

static int set_duration(const struct mm_mon_setting *setting, uint64_t *at, const char *value,
	char *err, size_t err_size)
{
	uint64_t ms;

	if (mm_parse_duration(value, &ms))
		ms = 0;
	if (ms < setting->min || ms > setting->max) {
		snprintf(err, err_size, "%s: '%s' is not a time from 1s to %s", setting->name,
			value,
			setting->max == HOUR_MS		 ? "1h"
			: setting->max == 60 * SECOND_MS ? "1m"
							 : "24h");
		return -EINVAL;
	}
	*at = ms;
	return 0;
}

static int set_text(const struct mm_mon_setting *setting, char *at, const char *value, char *err,
	size_t err_size)
{
	if (!*value || strlen(value) >= MM_MON_TEXT_MAX) {
		snprintf(err, err_size, "%s: must have 1 to %d bytes", setting->name,
			MM_MON_TEXT_MAX - 1);
		return -EINVAL;
	}
	strcpy(at, value);
	return 0;
}

static bool is_name(const char *text, size_t len)
{
	if (len == 0 || len >= MM_MON_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return true;
}

static int add_memory(
	struct mm_mon_settings *settings, const char *value, char *err, size_t err_size)
{
	const char *equals = strchr(value, '=');
	size_t len = equals ? (size_t)(equals - value) : 0;
	struct mm_mon_memory *memory;

	if (equals && len && !is_name(value, len)) {
		snprintf(err, err_size,
			"memory: '%s': a name has 1 to %d printable ASCII characters, no blank",
			value, MM_MON_NAME_MAX - 1);
		return -EINVAL;
	}
	if (!len || !equals[1] || strlen(equals + 1) >= MM_MON_TEXT_MAX) {
		snprintf(err, err_size,
			"memory: '%s' is not NAME=FILE with a name of 1 to %d bytes", value,
			MM_MON_NAME_MAX - 1);
		return -EINVAL;
	}
	for (size_t i = 0; i < settings->memory_count; i++)
		if (!strncmp(settings->memory[i].name, value, len) &&
			!settings->memory[i].name[len]) {
			snprintf(err, err_size, "memory: %s is there twice",
				settings->memory[i].name);
			return -EINVAL;
		}
	if (settings->memory_count == MM_MON_MEMORY_MAX) {
		snprintf(err, err_size, "memory: more than %d files", MM_MON_MEMORY_MAX);
		return -EINVAL;
	}
	memory = reallocarray(
		settings->memory, settings->memory_count + 1, sizeof(*settings->memory));
	if (!memory) {
		snprintf(err, err_size, "memory: out of memory");
		return -ENOMEM;
	}
	settings->memory = memory;
	memory += settings->memory_count++;
	memset(memory, 0, sizeof(*memory));
	memcpy(memory->name, value, len);
	strcpy(memory->file, equals + 1);
	return 0;
}

int mm_mon_set(struct mm_mon_settings *settings, const struct mm_mon_setting *setting,
	const char *value, char *err, size_t err_size)
{
	char *at = (char *)settings + setting->offset;

	switch (setting->type) {
	case MM_MON_TEXT:
		return set_text(setting, at, value, err, err_size);
	case MM_MON_DURATION:
		return set_duration(setting, (uint64_t *)(void *)at, value, err, err_size);
	case MM_MON_LIST:
		return add_memory(settings, value, err, err_size);
	case MM_MON_NUMBER:
		if (!mm_parse_u64(value, strlen(value), setting->max, (uint64_t *)(void *)at))
			return 0;
		snprintf(err, err_size, "%s: '%s' is not a number from 0 to %u", setting->name,
			value, (unsigned)setting->max);
		return -EINVAL;
	case MM_MON_FLAG:
		*(bool *)at = !strcmp(value, "yes");
		if (*(bool *)at || !strcmp(value, "no"))
			return 0;
		snprintf(err, err_size, "%s: '%s' is neither yes nor no", setting->name, value);
		return -EINVAL;
	}
	return -EINVAL;
}

/* ---- against each other ---------------------------------------------------------------------- */

static int check_exposed(const struct mm_mon_settings *settings, char *err, size_t err_size)
{
	const char *missing = !*settings->tls_cert     ? "tls-cert and tls-key"
			      : !*settings->token_file ? "token-file"
						       : NULL;

	if (!missing || settings->is_insecure)
		return 0;
	snprintf(err, err_size,
		"listen: other machines reach %s, so %s must be set; or insecure, if you mean it",
		mm_mon_listen(settings), missing);
	return -EINVAL;
}

int mm_mon_check(const struct mm_mon_settings *settings, char *err, size_t err_size)
{
	const char *listen = mm_mon_listen(settings);
	union mm_web_address where;

	if (mm_web_address_parse(listen, &where)) {
		snprintf(err, err_size,
			"listen: '%s' is not an address and port such as %s or "
			"[::1]:9092",
			listen, MM_MON_CLIENT_DEFAULT);
		return -EINVAL;
	}
	if (!*settings->tls_cert != !*settings->tls_key) {
		snprintf(err, err_size, "tls-cert and tls-key belong together: %s is missing",
			*settings->tls_cert ? "tls-key" : "tls-cert");
		return -EINVAL;
	}
	if (settings->host_count && !settings->is_controller) {
		snprintf(err, err_size, "host %s: only a controller gathers hosts (--controller)",
			settings->hosts[0].name);
		return -EINVAL;
	}
	if (settings->memory_count && settings->is_controller) {
		snprintf(err, err_size, "memory: a controller looks into no guest");
		return -EINVAL;
	}
	for (size_t i = 0; i < settings->host_count; i++)
		if (!*settings->hosts[i].url) {
			snprintf(err, err_size, "host %s: url is missing", settings->hosts[i].name);
			return -EINVAL;
		}
	if (!mm_web_address_is_loopback(&where))
		return check_exposed(settings, err, err_size);
	return 0;
}

/* ---- then and now ---------------------------------------------------------------------------- */

static void add_word(char list[256], const char *word)
{
	size_t used = strlen(list);

	snprintf(list + used, 256 - used, "%s%s", used ? ", " : "", word);
}

static bool is_same(const struct mm_mon_settings *a, const struct mm_mon_settings *b,
	const struct mm_mon_setting *setting)
{
	const char *x = (const char *)a + setting->offset, *y = (const char *)b + setting->offset;

	switch (setting->type) {
	case MM_MON_TEXT:
		return !strcmp(x, y);
	case MM_MON_FLAG:
		return *(const bool *)x == *(const bool *)y;
	case MM_MON_LIST:
		return a->memory_count == b->memory_count &&
		       (a->memory_count == 0 ||
			       !memcmp(a->memory, b->memory, a->memory_count * sizeof(*a->memory)));
	default:
		return !memcmp(x, y, sizeof(uint64_t));
	}
}

static bool are_hosts_same(const struct mm_mon_settings *a, const struct mm_mon_settings *b)
{
	if (a->host_count != b->host_count)
		return false;
	for (size_t i = 0; i < a->host_count; i++) {
		const struct mm_mon_host_entry *x = &a->hosts[i], *y = &b->hosts[i];

		if (strcmp(x->name, y->name) != 0 || strcmp(x->url, y->url) != 0 ||
			strcmp(x->token_file, y->token_file) != 0 ||
			strcmp(x->ca_file, y->ca_file) != 0)
			return false;
	}
	return true;
}

void mm_mon_compare(const struct mm_mon_settings *then, const struct mm_mon_settings *now,
	char ret_changed[256], char ret_fixed[256])
{
	ret_changed[0] = ret_fixed[0] = '\0';
	for (size_t i = 0; i < TABLE_COUNT; i++)
		if (!is_same(then, now, &table[i]))
			add_word(table[i].is_fixed ? ret_fixed : ret_changed, table[i].name);
	if (!are_hosts_same(then, now))
		add_word(ret_changed, "hosts");
}

void mm_mon_keep_fixed(struct mm_mon_settings *now, struct mm_mon_settings *then)
{
	struct mm_mon_memory *memory = now->memory;

	now->memory = then->memory;
	now->memory_count = then->memory_count;
	then->memory = memory;
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		char *at = (char *)now + table[i].offset;
		const char *from = (const char *)then + table[i].offset;

		if (table[i].is_fixed && table[i].type == MM_MON_TEXT)
			strcpy(at, from);
		else if (table[i].is_fixed && table[i].type == MM_MON_FLAG)
			*(bool *)at = *(const bool *)from;
	}
}
