/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the settings say about one guest: patterns, rules, and the order in which they count. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "xenmm/config.h"

bool mm_config_is_excluded(const struct mm_config *cfg, const char *name)
{
	for (size_t i = 0; i < cfg->exclude_count; i++)
		if (fnmatch(cfg->exclude[i], name, 0) == 0)
			return true;
	return false;
}

int mm_config_add_rule(
	struct mm_config *cfg, const char *match, const char *words, char *err, size_t err_size)
{
	struct mm_rule *rule = &cfg->rules[cfg->rule_count];
	struct mm_guest_policy policy;
	int r;

	if (!*match) {
		snprintf(err, err_size, "guest: '' is not a name, pattern or uuid");
		return -EINVAL;
	}
	if (*match == '"') {
		snprintf(err, err_size, "guest: %s: names stand without quotes", match);
		return -EINVAL;
	}
	if (cfg->rule_count == MM_RULE_MAX) {
		snprintf(
			err, err_size, "guest: '%s' is one more than %d rules", match, MM_RULE_MAX);
		return -ERANGE;
	}
	r = mm_guest_policy_parse(words, &policy, err, err_size);
	if (r)
		return r;
	memset(rule, 0, sizeof(*rule));
	mm_name_copy(rule->match, match, strlen(match)); /* as the names that it is compared with */
	rule->policy = policy;
	cfg->rule_count++;
	return 0;
}

static bool is_match(const struct mm_rule *rule, const struct mm_domain *dom)
{
	return strcasecmp(rule->match, dom->uuid) == 0 || fnmatch(rule->match, dom->name, 0) == 0;
}

static enum mm_choice general_probing(enum mm_probing probing)
{
	if (probing == MM_PROBING_ON)
		return MM_CHOICE_YES;
	return probing == MM_PROBING_OFF ? MM_CHOICE_NO : MM_CHOICE_UNSET;
}

void mm_config_guest(const struct mm_config *cfg, const struct mm_domain *dom,
	struct mm_guest_policy *ret_policy)
{
	/* padding too, so that histories can be compared byte by byte */
	memset(ret_policy, 0, sizeof(*ret_policy));
	ret_policy->has_min = true;
	ret_policy->has_max = true;
	ret_policy->min_kib = cfg->min_kib;
	ret_policy->max_kib = cfg->max_kib;
	ret_policy->weight = MM_WEIGHT_DEFAULT;
	ret_policy->exclude = mm_config_is_excluded(cfg, dom->name) ? MM_CHOICE_YES : MM_CHOICE_NO;
	ret_policy->probing = general_probing(cfg->probing);
	for (size_t i = 0; i < cfg->rule_count; i++)
		if (is_match(&cfg->rules[i], dom))
			mm_guest_policy_merge(ret_policy, &cfg->rules[i].policy);
	mm_guest_policy_merge(ret_policy, &dom->policy);
}
