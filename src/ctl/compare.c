/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compare.h"

#include <errno.h>
#include <string.h>

#include "play.h"

#define WORD_MAX 256

void mm_trial_base(const struct mm_input *input, struct mm_config *ret_base)
{
	if (input && input->is_recorded)
		*ret_base = input->cfg;
	else
		mm_config_init(ret_base);
	ret_base->is_equal = false;
	ret_base->is_tax_auto = true;
}

int mm_trial_set(struct mm_config *cfg, const char *text, char *err, size_t err_size)
{
	const char *equals = strchr(text, '=');
	char name[WORD_MAX];

	if (!equals || equals == text || (size_t)(equals - text) >= sizeof(name)) {
		snprintf(err, err_size, "'%s' is not SETTING=VALUE, such as budget=768M", text);
		return -EINVAL;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
	if (!strcmp(name, "policy")) {
		snprintf(err, err_size, "'%s': policies are chosen with --policy", text);
		return -EINVAL;
	}
	return mm_config_set(cfg, name, equals + 1, err, err_size) < 0 ? -EINVAL : 0;
}

int mm_trial_parse(const char *text, const struct mm_config *base, struct mm_trial *ret_trial,
	char *err, size_t err_size)
{
	struct mm_trial trial = {.cfg = *base};
	char words[WORD_MAX];
	char *rest = NULL, *word;
	int r;

	if (strlen(text) >= sizeof(words)) {
		snprintf(err, err_size, "policy: longer than %d characters", WORD_MAX - 1);
		return -EINVAL;
	}
	strcpy(words, text);
	word = strtok_r(words, ",", &rest);
	r = mm_config_set(&trial.cfg, "policy", word ? word : "", err, err_size);
	while (r == 0 && (word = strtok_r(NULL, ",", &rest)))
		r = mm_trial_set(&trial.cfg, word, err, err_size);
	if (r == 0)
		r = mm_config_check(&trial.cfg, err, err_size);
	if (r < 0)
		return -EINVAL;
	snprintf(trial.label, sizeof(trial.label), "%s", text);
	*ret_trial = trial;
	return 0;
}

int mm_compare(const struct mm_input *input, const struct mm_trial *trials, size_t trial_count,
	bool has_seed, uint64_t seed, struct mm_comparison *ret, char *err, size_t err_size)
{
	const struct mm_play play = {
		.name = input->name,
		.scenario = &input->scenario,
		.has_seed = has_seed,
		.seed = seed,
	};
	int r = 0;

	*ret = (struct mm_comparison){
		.seed = has_seed ? seed : input->scenario.seed,
		.duration_ms = input->scenario.duration_ms,
		.guest_count = input->scenario.guest_count,
		.trials = trials,
		.trial_count = trial_count,
	};
	memcpy(ret->name, input->name, sizeof(ret->name));
	memcpy(ret->story, input->story, sizeof(ret->story));
	for (size_t i = 0; r == 0 && i < trial_count; i++)
		r = mm_play(
			&play, &trials[i].cfg, &ret->figures[i], &ret->bounds[i], err, err_size);
	return r;
}
