/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the administrator asked for, as far as decisions depend on it. One table (config.c) drives parsing,
 * --help and what a trace records.
 */
#ifndef XENMM_CONFIG_H
#define XENMM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xenmm/guest_policy.h"
#include "xenmm/introspection.h"
#include "xenmm/snapshot.h"

/* Tax rates are parts per million, so that targets stay integers. */
#define MM_TAU_ONE UINT32_C(1000000)

#define MM_EXCLUDE_MAX 64
#define MM_PATTERN_MAX MM_NAME_MAX

/* Rules for guests: an administrator's file, not a database. */
#define MM_RULE_MAX 256

enum mm_policy {
	MM_POLICY_NEED,	       /* by estimated need; the default */
	MM_POLICY_TAX,	       /* the first xenmm's tax rate */
	MM_POLICY_COORDINATOR, /* thresholds and steps, as memory_coordinator */
	MM_POLICY_COUNT
};

/* Whether idle guests are pressed gently to learn their working set. */
enum mm_probing {
	MM_PROBING_AUTO, /* but not guests that swap slowly */
	MM_PROBING_ON,
	MM_PROBING_OFF,
	MM_PROBING_COUNT
};

/* What holds for the guests that `match` fits: a shell pattern on the name, or a uuid. */
struct mm_rule {
	char match[MM_PATTERN_MAX];
	struct mm_guest_policy policy;
};

struct mm_config {
	enum mm_policy policy;
	uint64_t
		budget_kib; /* -N: shared by all balanced guests; 0: what they hold and the host can spare */
	uint64_t free_kib; /* -f: memory that the biggest user shall have free (tax AUTO) */
	bool is_equal;	   /* -r: everybody the same, tau 0 */
	bool is_tax_auto;
	uint32_t tax_ppm;     /* fixed tau in parts per million of 1, when not AUTO */
	uint64_t min_kib;     /* no balanced guest gets less ... */
	uint64_t max_kib;     /* ... nor more; 0: its static maximum alone */
	uint64_t reserve_kib; /* host memory never handed out */
	uint64_t interval_ms; /* the floor round */
	uint32_t
		burst_percent; /* of the surplus, kept by the host to answer bursts at once (need) */
	enum mm_probing probing;
	enum mm_introspection introspection; /* the back end's to follow */
	size_t exclude_count;
	char exclude[MM_EXCLUDE_MAX][MM_PATTERN_MAX]; /* shell patterns on the name */
	size_t rule_count;
	struct mm_rule rules[MM_RULE_MAX]; /* in order: later ones win */
	uint32_t
		generation; /* changes with every reload, so that what was derived is derived anew */
};

/* The defaults; every constant's origin stands in config.c. */
void mm_config_init(struct mm_config *cfg);

/*
 * Sets one setting from text. `name` is the long option's name without dashes. On failure returns
 * -ENOENT (no such setting) or -EINVAL/-ERANGE, and err (of err_size) holds one line for the person that
 * names the value and the limit. cfg is unchanged then.
 */
int mm_config_set(
	struct mm_config *cfg, const char *name, const char *value, char *err, size_t err_size);

/* Checks what single settings cannot (min against max). Same errors as mm_config_set. */
int mm_config_check(const struct mm_config *cfg, char *err, size_t err_size);

/* One row of the settings table, for --help and the command line. */
struct mm_setting_info {
	const char *name; /* long option */
	char letter;	  /* short option or 0 */
	const char *arg;  /* name of its argument in --help; NULL: a flag */
	const char *help; /* one line, with the default */
};

/* Row i of the table, or NULL past the last. */
const struct mm_setting_info *mm_setting_info(size_t i);

/* Writes setting i as text that mm_config_set() takes back to the same value. Returns 0 or -ENOSPC. */
int mm_config_get(const struct mm_config *cfg, size_t i, char *buf, size_t size);

/* Whether the administrator excluded a guest of that name with --exclude. */
bool mm_config_is_excluded(const struct mm_config *cfg, const char *name);

/*
 * Adds a rule: `match` is a name pattern or a uuid, `words` a policy as mm_guest_policy_parse() takes it. Errors
 * as mm_config_set(); cfg is unchanged then.
 */
int mm_config_add_rule(
	struct mm_config *cfg, const char *match, const char *words, char *err, size_t err_size);

/*
 * What holds for a domain: the general settings, then every rule that matches in its order, then the domain's own
 * key. All fields of *ret_policy are set, but `probing` stays MM_CHOICE_UNSET for "auto". Looks at every rule: the
 * result is worth keeping while cfg->generation, the domain's name, uuid and own key are the same.
 */
void mm_config_guest(const struct mm_config *cfg, const struct mm_domain *dom,
	struct mm_guest_policy *ret_policy);

const char *mm_policy_name(enum mm_policy policy);
const char *mm_probing_name(enum mm_probing probing);

#endif
