/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One guest's policy as words: read, written, and laid on top of another. */
#include "xenmm/guest_policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "xenmm/units.h"

/* Nothing runs in less; "max = 2" means 2G, not 2 KiB. */
#define MAX_LEAST_KIB MM_KIB_PER_MIB

#define BLANKS	 " \t"
#define WORD_MAX 64 /* "min=" and the longest size that anybody types are far shorter */

struct complaint {
	char *err;
	size_t size;
};

__attribute__((format(printf, 3, 4))) static int complain(
	const struct complaint *complaint, int r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(complaint->err, complaint->size, format, args);
	va_end(args);
	return r;
}

static int set_min(
	struct mm_guest_policy *policy, const char *value, const struct complaint *complaint)
{
	int r = mm_parse_size(value, &policy->min_kib);

	if (r)
		return complain(complaint, r,
			"min: '%s' is not a size from 0 to 16384T, such as 768M or 4G", value);
	policy->has_min = true;
	return 0;
}

static int set_max(
	struct mm_guest_policy *policy, const char *value, const struct complaint *complaint)
{
	uint64_t kib = 0;
	int r = strcmp(value, "auto") ? mm_parse_size(value, &kib) : 0;

	if (!r && kib < MAX_LEAST_KIB && strcmp(value, "auto"))
		r = -ERANGE;
	if (r)
		return complain(complaint, r,
			"max: '%s' is neither auto nor a size from 1M to 16384T, such as 768M or "
			"4G",
			value);
	policy->max_kib = kib;
	policy->has_max = true;
	return 0;
}

static int set_weight(
	struct mm_guest_policy *policy, const char *value, const struct complaint *complaint)
{
	uint64_t weight = 0;
	int r = mm_parse_u64(value, strlen(value), MM_WEIGHT_MAX, &weight);

	if (!r && !weight)
		r = -ERANGE;
	if (r)
		return complain(complaint, r, "weight: '%s' is not a number from 1 to %d", value,
			MM_WEIGHT_MAX);
	policy->weight = (uint32_t)weight;
	return 0;
}

static int set_exclude(
	struct mm_guest_policy *policy, const char *value, const struct complaint *complaint)
{
	bool is_yes = !strcmp(value, "yes");

	if (!is_yes && strcmp(value, "no"))
		return complain(complaint, -EINVAL, "exclude: '%s' is neither yes nor no", value);
	policy->exclude = is_yes ? MM_CHOICE_YES : MM_CHOICE_NO;
	return 0;
}

static int set_probing(
	struct mm_guest_policy *policy, const char *value, const struct complaint *complaint)
{
	bool is_on = !strcmp(value, "on");

	if (!is_on && strcmp(value, "off"))
		return complain(complaint, -EINVAL, "probing: '%s' is neither on nor off", value);
	policy->probing = is_on ? MM_CHOICE_YES : MM_CHOICE_NO;
	return 0;
}

static const struct row {
	const char *name;
	int (*set)(struct mm_guest_policy *policy, const char *value,
		const struct complaint *complaint);
} rows[] = {
	{"min", set_min},
	{"max", set_max},
	{"weight", set_weight},
	{"exclude", set_exclude},
	{"probing", set_probing},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

const char *mm_guest_policy_key(size_t i)
{
	return i < ROW_COUNT ? rows[i].name : NULL;
}

/* One word, of len bytes. `seen` has a bit for every row that was set. */
static int set_word(struct mm_guest_policy *policy, const char *text, size_t len,
	unsigned int *seen, const struct complaint *complaint)
{
	char word[WORD_MAX];
	char *value;

	if (len >= sizeof(word))
		return complain(complaint, -EINVAL, "'%.*s...' is longer than %d bytes", 16, text,
			WORD_MAX - 1);
	memcpy(word, text, len);
	word[len] = '\0';
	value = strchr(word, '=');
	if (!value)
		return complain(complaint, -EINVAL, "'%s' is not of the form KEY=VALUE", word);
	*value++ = '\0';
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (strcmp(word, rows[i].name) != 0)
			continue;
		if (*seen & (1u << i))
			return complain(complaint, -EINVAL, "%s: given twice", word);
		*seen |= 1u << i;
		return rows[i].set(policy, value, complaint);
	}
	return complain(
		complaint, -EINVAL, "'%s' is none of min, max, weight, exclude and probing", word);
}

static bool is_crossed(const struct mm_guest_policy *policy)
{
	return policy->has_min && policy->has_max && policy->max_kib &&
	       policy->min_kib > policy->max_kib;
}

int mm_guest_policy_parse(
	const char *text, struct mm_guest_policy *ret_policy, char *err, size_t err_size)
{
	const struct complaint complaint = {err, err_size};
	struct mm_guest_policy policy;
	char min[32], max[32];
	unsigned int seen = 0;

	memset(&policy, 0,
		sizeof(policy)); /* the padding too: policies are compared by their bytes */
	for (text += strspn(text, BLANKS); *text; text += strspn(text, BLANKS)) {
		size_t len = strcspn(text, BLANKS);
		int r = set_word(&policy, text, len, &seen, &complaint);

		if (r)
			return r;
		text += len;
	}
	if (is_crossed(&policy))
		return complain(&complaint, -EINVAL, "min: %s is above max, %s",
			mm_format_exact(min, sizeof(min), policy.min_kib),
			mm_format_exact(max, sizeof(max), policy.max_kib));
	*ret_policy = policy;
	return 0;
}

/* Appends a word, behind a blank unless it is the first. */
__attribute__((format(printf, 4, 5))) static void append(
	char *buf, size_t size, size_t *used, const char *format, ...)
{
	va_list args;
	int n;

	if (*used && *used < size)
		buf[(*used)++] = ' ';
	if (*used >= size)
		return;
	va_start(args, format);
	n = vsnprintf(buf + *used, size - *used, format, args);
	va_end(args);
	*used = n < 0 ? size : *used + (size_t)n;
}

int mm_guest_policy_format(const struct mm_guest_policy *policy, char *buf, size_t size)
{
	char kib[32];
	size_t used = 0;

	if (!size)
		return -ENOSPC;
	buf[0] = '\0';
	if (policy->has_min)
		append(buf, size, &used, "min=%s",
			mm_format_exact(kib, sizeof(kib), policy->min_kib));
	if (policy->has_max)
		append(buf, size, &used, "max=%s",
			policy->max_kib ? mm_format_exact(kib, sizeof(kib), policy->max_kib)
					: "auto");
	if (policy->weight)
		append(buf, size, &used, "weight=%u", policy->weight);
	if (policy->exclude != MM_CHOICE_UNSET)
		append(buf, size, &used, "exclude=%s",
			policy->exclude == MM_CHOICE_YES ? "yes" : "no");
	if (policy->probing != MM_CHOICE_UNSET)
		append(buf, size, &used, "probing=%s",
			policy->probing == MM_CHOICE_YES ? "on" : "off");
	return used < size ? 0 : -ENOSPC;
}

void mm_guest_policy_merge(struct mm_guest_policy *policy, const struct mm_guest_policy *over)
{
	if (over->has_min) {
		policy->has_min = true;
		policy->min_kib = over->min_kib;
	}
	if (over->has_max) {
		policy->has_max = true;
		policy->max_kib = over->max_kib;
	}
	/* "max=32M" below a general minimum of 64M means 32M: the newer word bends the older one. */
	if (is_crossed(policy) && over->has_max)
		policy->min_kib = policy->max_kib;
	else if (is_crossed(policy))
		policy->max_kib = policy->min_kib;
	if (over->weight)
		policy->weight = over->weight;
	if (over->exclude != MM_CHOICE_UNSET)
		policy->exclude = over->exclude;
	if (over->probing != MM_CHOICE_UNSET)
		policy->probing = over->probing;
}
