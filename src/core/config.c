/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The settings table: it drives parsing, --help and what a trace records. A setting is added here
 * and in struct mm_config, nowhere else.
 */
#include "xenmm/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xenmm/snapshot.h"
#include "xenmm/units.h"

#ifndef XENMM_TAX_RATE
#define XENMM_TAX_RATE "0.75"
#endif

/* The first xenmm's round. Rounds in between come from events. */
#define INTERVAL_DEFAULT_MS 2000
#define INTERVAL_MIN_MS	    100
#define INTERVAL_MAX_MS	    60000

/*
 * Host memory that is never handed out. XenServer had starts of guests fail with 9 MiB and went to
 * 72 MiB, Xen's low-memory threshold (64 MiB) plus 8; the rest is room to start a small guest at
 * once.
 */
#define RESERVE_DEFAULT_KIB (192 * MM_KIB_PER_MIB)

/*
 * Half of what nobody needs stays with the host, to answer a burst at once; the other half is cache for the guests.
 * More than 90 % would leave guests without any.
 */
#define BURST_DEFAULT_PERCENT 50
#define BURST_MAX_PERCENT     90

/* Linux boots with 96 MiB in the lab but does little with less than this. */
#define MIN_DEFAULT_KIB (64 * MM_KIB_PER_MIB)

enum kind {
	KIND_SIZE,
	KIND_SIZE_OR_AUTO, /* "auto" stands for 0 */
	KIND_DURATION,
	KIND_PERCENT,
	KIND_FLAG,
	KIND_TAX,
	KIND_POLICY, /* these three: one of a list of words */
	KIND_PROBING,
	KIND_INTROSPECTION,
	KIND_PATTERN,
};

struct setting {
	struct mm_setting_info info;
	enum kind kind;
	size_t offset;
	uint64_t min, max; /* of sizes, durations and percentages; of choices, how many there are */
};

#define SIZE_ROW(field) offsetof(struct mm_config, field), 0, MM_SIZE_MAX_KIB

static const struct setting settings[] = {
	{{"budget", 'N', "SIZE",
		 "memory to share among all guests [what they hold and the host can spare]"},
		KIND_SIZE_OR_AUTO, SIZE_ROW(budget_kib)},
	{{"free", 'f', "SIZE",
		 "memory each guest shall have free [by its need; policy tax: 1/4 of an equal "
		 "share]"},
		KIND_SIZE_OR_AUTO, SIZE_ROW(free_kib)},
	{{"equal", 'r', NULL, "give all guests the same, but none less than it uses"}, KIND_FLAG,
		offsetof(struct mm_config, is_equal), 0, 0},
	{{"tax-rate", 't', "RATE",
		 "AUTO, or 0.0 to 1.0: what idle memory is worth less [" XENMM_TAX_RATE "]"},
		KIND_TAX, 0, 0, 0},
	{{"policy", 'p', "NAME", "how memory is shared: need, tax or coordinator [need]"},
		KIND_POLICY, offsetof(struct mm_config, policy), 0, MM_POLICY_COUNT},
	{{"min", 'm', "SIZE", "no guest gets less [64M]"}, KIND_SIZE, SIZE_ROW(min_kib)},
	{{"max", 'M', "SIZE", "no guest gets more [its own maximum]"}, KIND_SIZE_OR_AUTO,
		SIZE_ROW(max_kib)},
	{{"reserve", 'R', "SIZE", "host memory that is never handed out [192M]"}, KIND_SIZE,
		SIZE_ROW(reserve_kib)},
	{{"exclude", 'x', "NAME", "leave alone guests of that name or pattern; may be repeated"},
		KIND_PATTERN, 0, 0, 0},
	{{"interval", 'i', "SEC", "longest time between two rounds, 0.1 to 60 [2]"}, KIND_DURATION,
		offsetof(struct mm_config, interval_ms), INTERVAL_MIN_MS, INTERVAL_MAX_MS},
	{{"burst-pool", 0, "PERCENT",
		 "share of the surplus kept for bursts, 0 to 90; policy need [50]"},
		KIND_PERCENT, offsetof(struct mm_config, burst_percent), 0, BURST_MAX_PERCENT},
	{{"probing", 0, "WHEN",
		 "press idle guests gently: auto (no slow swap), on or off; policy need [auto]"},
		KIND_PROBING, offsetof(struct mm_config, probing), 0, MM_PROBING_COUNT},
	{{"introspection", 0, "WHOM",
		 "look into guests from outside: off, agentless (those without mmclient), on (all) "
		 "or "
		 "strict (all, and doubt agents that differ) [off]"},
		KIND_INTROSPECTION, offsetof(struct mm_config, introspection), 0,
		MM_INTROSPECTION_COUNT},
};

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

void mm_config_init(struct mm_config *cfg)
{
	char err[1];

	memset(cfg, 0, sizeof(*cfg));
	cfg->policy = MM_POLICY_NEED;
	cfg->min_kib = MIN_DEFAULT_KIB;
	cfg->reserve_kib = RESERVE_DEFAULT_KIB;
	cfg->interval_ms = INTERVAL_DEFAULT_MS;
	cfg->burst_percent = BURST_DEFAULT_PERCENT;
	cfg->probing = MM_PROBING_AUTO;
	(void)mm_config_set(
		cfg, "tax-rate", XENMM_TAX_RATE, err, sizeof(err)); /* CMake checked it */
}

const char *mm_policy_name(enum mm_policy policy)
{
	static const char *const names[MM_POLICY_COUNT] = {
		[MM_POLICY_NEED] = "need",
		[MM_POLICY_TAX] = "tax",
		[MM_POLICY_COORDINATOR] = "coordinator",
	};

	return policy < MM_POLICY_COUNT ? names[policy] : "unknown";
}

const char *mm_probing_name(enum mm_probing probing)
{
	static const char *const names[MM_PROBING_COUNT] = {
		[MM_PROBING_AUTO] = "auto",
		[MM_PROBING_ON] = "on",
		[MM_PROBING_OFF] = "off",
	};

	return probing < MM_PROBING_COUNT ? names[probing] : "unknown";
}

const struct mm_setting_info *mm_setting_info(size_t i)
{
	return i < SETTING_COUNT ? &settings[i].info : NULL;
}

static uint64_t *field(struct mm_config *cfg, const struct setting *setting)
{
	return (uint64_t *)((char *)cfg + setting->offset);
}

static int set_size(struct mm_config *cfg, const struct setting *setting, const char *value,
	char *err, size_t err_size)
{
	uint64_t kib = 0;
	int r = 0;

	if (setting->kind != KIND_SIZE_OR_AUTO || strcmp(value, "auto")) {
		r = mm_parse_size(value, &kib);
		if (!r && setting->kind == KIND_SIZE_OR_AUTO && kib == 0)
			r = -ERANGE;
	}
	if (r) {
		snprintf(err, err_size,
			"%s: '%s' is not a size from %s to 16384T, such as 768M or 4G",
			setting->info.name, value, setting->kind == KIND_SIZE ? "0" : "1K");
		return r;
	}
	*field(cfg, setting) = kib;
	return 0;
}

static int set_duration(struct mm_config *cfg, const struct setting *setting, const char *value,
	char *err, size_t err_size)
{
	uint64_t ms = 0;
	int r = mm_parse_duration(value, &ms);

	if (!r && (ms < setting->min || ms > setting->max))
		r = -ERANGE;
	if (r) {
		snprintf(err, err_size, "%s: '%s' is not a time from %g to %g seconds",
			setting->info.name, value, (double)setting->min / 1000,
			(double)setting->max / 1000);
		return r;
	}
	*field(cfg, setting) = ms;
	return 0;
}

static int bad_tax(const char *value, char *err, size_t err_size, int r)
{
	snprintf(err, err_size, "tax-rate: '%s' is neither AUTO nor a number from 0.0 to 1.0",
		value);
	return r;
}

/* Digits, optionally a point and up to six more: parts per million without floating point. */
static int set_tax(struct mm_config *cfg, const char *value, char *err, size_t err_size)
{
	const char *point = strchr(value, '.');
	size_t whole_len = point ? (size_t)(point - value) : strlen(value);
	size_t part_len = point ? strlen(point + 1) : 0;
	uint64_t whole = 0;
	uint64_t part = 0;

	if (!strcmp(value, "AUTO") || !strcmp(value, "auto")) {
		cfg->is_tax_auto = true;
		return 0;
	}
	if (part_len > 6 || (point && part_len == 0) || mm_parse_u64(value, whole_len, 1, &whole))
		return bad_tax(value, err, err_size, -EINVAL);
	if (point && mm_parse_u64(point + 1, part_len, MM_TAU_ONE, &part))
		return bad_tax(value, err, err_size, -EINVAL);
	for (size_t i = part_len; i < 6; i++)
		part *= 10;
	part += whole * MM_TAU_ONE;
	if (part > MM_TAU_ONE)
		return bad_tax(value, err, err_size, -ERANGE);
	cfg->is_tax_auto = false;
	cfg->tax_ppm = (uint32_t)part;
	return 0;
}

/*
 * Names are compared as mm_name_copy() leaves them: cut, and with '?' for blanks and whatever is not
 * printable ASCII. The pattern gets the same treatment; '?' matches any character, so "my vm" finds it.
 */
static int add_pattern(struct mm_config *cfg, const char *pattern, char *err, size_t err_size)
{
	if (!*pattern) {
		snprintf(err, err_size, "exclude: '' is not a name or pattern");
		return -EINVAL;
	}
	if (*pattern == '"') {
		snprintf(err, err_size, "exclude: %s: names stand without quotes", pattern);
		return -EINVAL;
	}
	if (cfg->exclude_count == MM_EXCLUDE_MAX) {
		snprintf(err, err_size, "exclude: '%s' is one more than %d patterns", pattern,
			MM_EXCLUDE_MAX);
		return -ERANGE;
	}
	mm_name_copy(cfg->exclude[cfg->exclude_count++], pattern, strlen(pattern));
	return 0;
}

static int set_flag(struct mm_config *cfg, const struct setting *setting, const char *value,
	char *err, size_t err_size)
{
	bool is_yes = !strcmp(value, "yes");

	if (!is_yes && strcmp(value, "no")) {
		snprintf(
			err, err_size, "%s: '%s' is neither yes nor no", setting->info.name, value);
		return -EINVAL;
	}
	*(bool *)((char *)cfg + setting->offset) = is_yes;
	return 0;
}

static int set_percent(struct mm_config *cfg, const struct setting *setting, const char *value,
	char *err, size_t err_size)
{
	size_t len = strlen(value);
	uint64_t percent = 0;
	uint32_t narrow;
	int r;

	if (len > 1 && value[len - 1] == '%')
		len--;
	r = mm_parse_u64(value, len, setting->max, &percent);
	if (r) {
		snprintf(err, err_size, "%s: '%s' is not a percentage from 0 to %u",
			setting->info.name, value, (unsigned int)setting->max);
		return r;
	}
	narrow = (uint32_t)percent;
	memcpy((char *)cfg + setting->offset, &narrow, sizeof(narrow));
	return 0;
}

static bool is_choice(const struct setting *setting)
{
	return setting->kind == KIND_POLICY || setting->kind == KIND_PROBING ||
	       setting->kind == KIND_INTROSPECTION;
}

/* Word i of a choice, in the order of its enum. */
static const char *word_of(const struct setting *setting, unsigned int i)
{
	if (setting->kind == KIND_INTROSPECTION)
		return mm_introspection_name((enum mm_introspection)i);
	return setting->kind == KIND_POLICY ? mm_policy_name((enum mm_policy)i)
					    : mm_probing_name((enum mm_probing)i);
}

/* "need, tax or coordinator", for the person that typed none of them. */
static void list_words(const struct setting *setting, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < setting->max && used < size; i++) {
		const char *before = i + 1 == setting->max ? " or " : ", ";
		int n = snprintf(
			buf + used, size - used, "%s%s", i ? before : "", word_of(setting, i));

		used += n > 0 ? (size_t)n : 0;
	}
}

static int set_choice(struct mm_config *cfg, const struct setting *setting, const char *value,
	char *err, size_t err_size)
{
	char list[64];

	for (unsigned int i = 0; i < setting->max; i++)
		if (!strcmp(value, word_of(setting, i))) {
			/* an enum of ours is an unsigned int */
			memcpy((char *)cfg + setting->offset, &i, sizeof(i));
			return 0;
		}
	list_words(setting, list, sizeof(list));
	snprintf(err, err_size, "%s: '%s' is not %s", setting->info.name, value, list);
	return -EINVAL;
}

static int set_value(struct mm_config *cfg, const struct setting *setting, const char *value,
	char *err, size_t err_size)
{
	switch (setting->kind) {
	case KIND_SIZE:
	case KIND_SIZE_OR_AUTO:
		return set_size(cfg, setting, value, err, err_size);
	case KIND_DURATION:
		return set_duration(cfg, setting, value, err, err_size);
	case KIND_FLAG:
		return set_flag(cfg, setting, value, err, err_size);
	case KIND_TAX:
		return set_tax(cfg, value, err, err_size);
	case KIND_PATTERN:
		return add_pattern(cfg, value, err, err_size);
	case KIND_PERCENT:
		return set_percent(cfg, setting, value, err, err_size);
	case KIND_POLICY:
	case KIND_PROBING:
	case KIND_INTROSPECTION:
		return set_choice(cfg, setting, value, err, err_size);
	}
	return -EINVAL;
}

int mm_config_set(
	struct mm_config *cfg, const char *name, const char *value, char *err, size_t err_size)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (!strcmp(settings[i].info.name, name))
			return set_value(cfg, &settings[i], value, err, err_size);
	snprintf(err, err_size, "%s: no such setting", name);
	return -ENOENT;
}

int mm_config_check(const struct mm_config *cfg, char *err, size_t err_size)
{
	char min[32], max[32];

	if (!cfg->max_kib || cfg->min_kib <= cfg->max_kib)
		return 0;
	snprintf(err, err_size, "min: %s is above max, %s",
		mm_format_size(min, sizeof(min), cfg->min_kib),
		mm_format_size(max, sizeof(max), cfg->max_kib));
	return -EINVAL;
}

/* All patterns in one value, with blanks between them. */
static int get_patterns(const struct mm_config *cfg, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < cfg->exclude_count; i++) {
		size_t len = strlen(cfg->exclude[i]);

		if (used + len + 2 > size)
			return -ENOSPC;
		if (used)
			buf[used++] = ' ';
		memcpy(buf + used, cfg->exclude[i], len + 1);
		used += len;
	}
	return 0;
}

static int get_number(
	const struct mm_config *cfg, const struct setting *setting, char *buf, size_t size)
{
	const char *at = (const char *)cfg + setting->offset;
	unsigned long long shown;
	char text[32];
	uint64_t value;
	uint32_t narrow;

	if (setting->kind == KIND_PERCENT) {
		memcpy(&narrow, at, sizeof(narrow));
		return snprintf(buf, size, "%u", narrow);
	}
	memcpy(&value, at, sizeof(value));
	shown = value;
	if (setting->kind == KIND_DURATION)
		return value % 1000 ? snprintf(buf, size, "%llums", shown)
				    : snprintf(buf, size, "%llus", shown / 1000);
	if (setting->kind == KIND_SIZE_OR_AUTO && value == 0)
		return snprintf(buf, size, "auto");
	return snprintf(buf, size, "%s", mm_format_exact(text, sizeof(text), value));
}

int mm_config_get(const struct mm_config *cfg, size_t i, char *buf, size_t size)
{
	const struct setting *setting = &settings[i];
	unsigned int choice;
	int n = 0;

	if (setting->kind == KIND_PATTERN)
		return get_patterns(cfg, buf, size);
	if (setting->kind == KIND_FLAG)
		n = snprintf(buf, size, "%s", cfg->is_equal ? "yes" : "no");
	else if (is_choice(setting)) {
		memcpy(&choice, (const char *)cfg + setting->offset, sizeof(choice));
		n = snprintf(buf, size, "%s", word_of(setting, choice));
	} else if (setting->kind == KIND_TAX && cfg->is_tax_auto)
		n = snprintf(buf, size, "AUTO");
	else if (setting->kind == KIND_TAX)
		n = snprintf(
			buf, size, "%u.%06u", cfg->tax_ppm / MM_TAU_ONE, cfg->tax_ppm % MM_TAU_ONE);
	else
		n = get_number(cfg, setting, buf, size);
	return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}
