/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/read_file.h"
#include "recorded.h"

#define FILE_MAX ((size_t)1 << 30) /* as the replay of traces; scenarios have their own limit */
#define LICENCE	 "SPDX-License-Identifier"

/* A path's last part without its ending. */
static void name_of(const char *path, char *name, size_t size)
{
	const char *slash = strrchr(path, '/');
	char *dot;

	snprintf(name, size, "%s", slash && slash[1] ? slash + 1 : path);
	dot = strrchr(name, '.');
	if (dot && dot > name)
		*dot = '\0';
}

/* What is printed, also as JSON: nothing but ASCII that can be seen. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			*text = '?';
	}
}

/* The comment that the file begins with: its first line that is no licence. */
static void story_of(const char *text, size_t len, char *story, size_t size)
{
	const char *end = text + len;

	story[0] = '\0';
	while (text < end && *text == '#') {
		const char *next = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((next ? next : end) - text);

		while (length > 0 && (*text == '#' || *text == ' ')) {
			text++;
			length--;
		}
		if (length > 0 && strncmp(text, LICENCE, strlen(LICENCE)) != 0) {
			snprintf(story, size, "%.*s", (int)length, text);
			return;
		}
		if (!next)
			return;
		text = next + 1;
	}
}

static int take_text(const char *name, const char *text, size_t len, struct mm_input *ret_input,
	char *err, size_t err_size)
{
	struct mm_input input = {0};
	char reason[256] = "";
	int r;

	input.is_recorded = mm_is_trace(text, len);
	if (input.is_recorded)
		r = mm_recorded_scenario(
			text, len, &input.scenario, &input.cfg, reason, sizeof(reason));
	else
		r = mm_scenario_parse(text, len, &input.scenario, reason, sizeof(reason));
	if (r < 0) {
		snprintf(err, err_size, "%s: %s", name, reason);
		return r;
	}
	name_of(name, input.name, sizeof(input.name));
	story_of(text, len, input.story, sizeof(input.story));
	make_printable(input.name);
	make_printable(input.story);
	*ret_input = input;
	return 0;
}

int mm_input_open_shipped(
	const struct mm_shipped *shipped, struct mm_input *ret_input, char *err, size_t err_size)
{
	int r = take_text(shipped->name, shipped->text, shipped->len, ret_input, err, err_size);

	if (r == 0 && *shipped->story)
		snprintf(ret_input->story, sizeof(ret_input->story), "%s", shipped->story);
	return r;
}

int mm_input_open(const char *path, struct mm_input *ret_input, char *err, size_t err_size)
{
	char *text = NULL;
	size_t len;
	int r;

	for (size_t i = 0; access(path, F_OK) < 0 && i < mm_shipped_count; i++) {
		if (!strcmp(path, mm_shipped_scenarios[i].name))
			return mm_input_open_shipped(
				&mm_shipped_scenarios[i], ret_input, err, err_size);
	}
	r = mm_read_file(path, FILE_MAX, &text, &len, err, err_size);
	if (r < 0)
		return r;
	r = take_text(path, text, len, ret_input, err, err_size);
	free(text);
	return r;
}

void mm_input_free(struct mm_input *input)
{
	mm_scenario_free(&input->scenario);
}
