/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scenario text to data, line by line. Nothing is printed and no file is read here. */
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario_private.h"
#include "xenmm/units.h"

#define DEFAULT_DURATION_MS 120000
#define DEFAULT_STEP_MS	    10
#define DEFAULT_SET_COST_MS 15 /* libxl_set_memory_target() took 10-20 ms in emulated Xen */
#define MAX_STEP_MS	    50 /* coarser and the fast sampling of agents blurs */

/* ---- lines ----------------------------------------------------------------------------------- */

static int parse_host(struct scn_parser *p)
{
	struct mm_scenario *s = p->scenario;
	const struct scn_setting settings[] = {
		{"total", SCN_KIND_SIZE, &s->total_kib, NULL},
		{"dom0", SCN_KIND_SIZE, &s->dom0_kib, NULL},
		{"set-cost", SCN_KIND_DURATION, &s->set_cost_ms, NULL},
		{"step", SCN_KIND_DURATION, &s->step_ms, NULL},
	};
	int r = scn_settings(p, settings, sizeof(settings) / sizeof(settings[0]));

	if (r < 0)
		return r;
	if (s->step_ms < 1 || s->step_ms > MAX_STEP_MS)
		return scn_fail(p, "step must be 1ms to %dms", MAX_STEP_MS);
	if (s->dom0_kib >= s->total_kib)
		return scn_fail(p, "dom0 must be smaller than total");
	return 0;
}

static int parse_duration_line(struct scn_parser *p)
{
	int r = scn_need_word(p, "a duration");

	if (r == 0)
		r = scn_duration(p, &p->scenario->duration_ms);
	return r < 0 ? r : scn_expect_end(p);
}

static int parse_seed(struct scn_parser *p)
{
	int r = scn_need_word(p, "a number");

	if (r == 0)
		r = scn_number(p, UINT64_MAX, &p->scenario->seed);
	return r < 0 ? r : scn_expect_end(p);
}

static int parse_random(struct scn_parser *p)
{
	struct mm_scn_random *random = &p->scenario->random;
	uint64_t has_faults = 0;
	const struct scn_setting settings[] = {
		{"guests", SCN_KIND_NUMBER, &random->guests, NULL},
		{"memory", SCN_KIND_SIZE, &random->memory_kib, NULL},
		{"period", SCN_KIND_DURATION, &random->period_ms, NULL},
		{"until", SCN_KIND_DURATION, &random->until_ms, NULL},
		{"faults", SCN_KIND_SWITCH, &has_faults, NULL},
	};
	int r;

	if (random->is_on)
		return scn_fail(p, "a second random line");
	*random = (struct mm_scn_random){
		.is_on = true,
		.guests = 4,
		.memory_kib = 256 * MM_KIB_PER_MIB,
		.period_ms = 10000,
		.until_ms = UINT64_MAX,
	};
	r = scn_settings(p, settings, sizeof(settings) / sizeof(settings[0]));
	if (r < 0)
		return r;
	random->has_faults = has_faults != 0;
	if (random->guests < 1 || random->guests > 1000)
		return scn_fail(p, "guests must be 1 to 1000");
	if (random->period_ms < 1000)
		return scn_fail(p, "period must be at least 1s");
	if (random->memory_kib < 128 * MM_KIB_PER_MIB)
		return scn_fail(p, "memory must be at least 128M");
	return 0;
}

static size_t find_guest(const struct mm_scenario *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->guest_count; i++) {
		if (strcmp(s->guests[i].name, name) == 0)
			break;
	}
	return i;
}

/* What a line of settings cannot say one by one. */
static int check_guest(struct scn_parser *p, struct mm_scn_guest *g)
{
	if (g->maxmem_kib == 0)
		g->maxmem_kib = g->memory_kib;
	if (g->memory_kib < 32 * MM_KIB_PER_MIB)
		return scn_fail(p, "memory must be at least 32M");
	if (g->maxmem_kib < g->memory_kib)
		return scn_fail(p, "maxmem is smaller than memory");
	if (!g->has_kernel) /* 57 MiB seen at maxmem 512M: a page has 64 bytes of description */
		g->kernel_kib = 49 * MM_KIB_PER_MIB + g->maxmem_kib / 64;
	if (g->kernel_kib + 8 * MM_KIB_PER_MIB > g->memory_kib)
		return scn_fail(p, "memory leaves less than 8M above the kernel's own part");
	if (!g->has_offset)
		g->offset_kib = g->type == MM_DOM_HVM ? MM_KIB_PER_MIB : 0;
	if (g->offset_kib >= g->memory_kib)
		return scn_fail(p, "offset must be smaller than memory");
	if (g->boot_ms == 0 || g->latency_ms > 60000)
		return scn_fail(p, "boot must be above 0, latency at most 60s");
	return 0;
}

static int read_guest_settings(struct scn_parser *p, struct mm_scn_guest *g, uint64_t *ret_count)
{
	uint64_t type = g->type, agent = g->agent, balloon = g->balloon;
	uint64_t is_readable = g->is_readable;
	const struct scn_setting settings[] = {
		{"memory", SCN_KIND_SIZE, &g->memory_kib, NULL},
		{"maxmem", SCN_KIND_SIZE, &g->maxmem_kib, NULL},
		{"kernel", SCN_KIND_SIZE, &g->kernel_kib, &g->has_kernel},
		{"offset", SCN_KIND_SIZE, &g->offset_kib, &g->has_offset},
		{"use", SCN_KIND_SIZE, &g->use_kib, NULL},
		{"cache", SCN_KIND_SIZE, &g->cache_kib, NULL},
		{"warm", SCN_KIND_SIZE, &g->warm_kib, &g->has_warm},
		{"swap", SCN_KIND_SIZE, &g->swap_kib, NULL},
		{"noise", SCN_KIND_SIZE, &g->noise_kib, NULL},
		{"rate-down", SCN_KIND_RATE, &g->down_kib_s, NULL},
		{"rate-up", SCN_KIND_RATE, &g->up_kib_s, NULL},
		{"swap-rate", SCN_KIND_RATE, &g->swap_kib_s, NULL},
		{"read-rate", SCN_KIND_RATE, &g->read_kib_s, NULL},
		{"hot", SCN_KIND_PERCENT, &g->hot_percent, NULL},
		{"latency", SCN_KIND_DURATION, &g->latency_ms, NULL},
		{"boot", SCN_KIND_DURATION, &g->boot_ms, NULL},
		{"wait", SCN_KIND_DURATION, &g->wait_ms, NULL},
		{"type", SCN_KIND_TYPE, &type, NULL},
		{"agent", SCN_KIND_AGENT, &agent, NULL},
		{"balloon", SCN_KIND_BALLOON, &balloon, NULL},
		{"introspection", SCN_KIND_SWITCH, &is_readable, NULL},
		{"count", SCN_KIND_NUMBER, ret_count, NULL},
	};
	int r = scn_settings(p, settings, sizeof(settings) / sizeof(settings[0]));

	if (r < 0)
		return r;
	g->type = (enum mm_dom_type)type;
	g->agent = (enum mm_scn_agent)agent;
	g->balloon = (enum mm_scn_balloon)balloon;
	g->is_readable = is_readable != 0;
	return check_guest(p, g);
}

static int add_guest(struct scn_parser *p, const struct mm_scn_guest *g)
{
	int r;

	if (find_guest(p->scenario, g->name) < p->scenario->guest_count)
		return scn_fail(p, "a second guest \"%s\"", g->name);
	r = mm_scenario_add_guest(p->scenario, g);
	if (r == -E2BIG)
		return scn_fail(p, "more than %d guests", MM_SCN_GUESTS_MAX);
	return r;
}

/* "guest NAME key=value..." and "at T create NAME key=value...", both behind their first words. */
static int parse_guest(struct scn_parser *p, bool is_at_start)
{
	struct mm_scn_guest g = mm_scn_guest_default();
	char name[MM_NAME_MAX - 10]; /* room for a number */
	uint64_t count = 1;
	int r = scn_need_word(p, "a guest's name");

	if (r < 0)
		return r;
	if (strlen(p->word) >= sizeof(name) || strchr(p->word, '=') ||
		strcmp(p->word, "create") == 0 || strcmp(p->word, "every") == 0)
		return scn_fail(p, "\"%s\" is no guest's name", p->word);
	strcpy(name, p->word);
	g.is_at_start = is_at_start;
	r = read_guest_settings(p, &g, &count);
	if (r < 0)
		return r;
	if (count < 1 || count > MM_SCN_GUESTS_MAX || (count > 1 && !is_at_start))
		return scn_fail(p, "count must be 1 to %d, and 1 for create", MM_SCN_GUESTS_MAX);
	for (uint64_t i = 1; r == 0 && i <= count; i++) {
		if (count == 1)
			snprintf(g.name, sizeof(g.name), "%s", name);
		else
			snprintf(g.name, sizeof(g.name), "%s%u", name, (unsigned)i);
		r = add_guest(p, &g);
	}
	return r;
}

/* When something happens: once, or again and again. */
struct when {
	uint64_t at_ms;
	uint64_t every_ms; /* 0: once */
	uint64_t until_ms;
};

static int add_event(struct scn_parser *p, const struct when *when, struct mm_scn_event *event)
{
	uint64_t at = when->at_ms;

	do {
		int r;

		event->at_ms = at;
		r = mm_scenario_add_event(p->scenario, event);
		if (r == -E2BIG)
			return scn_fail(p, "more than %d events", MM_SCN_EVENTS_MAX);
		if (r < 0)
			return r;
		at += when->every_ms;
	} while (when->every_ms && at <= when->until_ms);
	return 0;
}

enum argument {
	ARG_NONE,
	ARG_SIZE,
	ARG_SIZE_OVER,
};

static const struct {
	const char *word;
	enum mm_scn_action action;
	enum argument argument;
} actions[] = {
	{"use", MM_SCN_USE, ARG_SIZE_OVER},
	{"cache", MM_SCN_CACHE, ARG_SIZE},
	{"warm", MM_SCN_WARM, ARG_SIZE},
	{"stuck", MM_SCN_STUCK, ARG_NONE},
	{"unstick", MM_SCN_UNSTICK, ARG_NONE},
	{"intermittent", MM_SCN_INTERMITTENT, ARG_NONE},
	{"floor", MM_SCN_FLOOR, ARG_SIZE},
	{"ceiling", MM_SCN_CEILING, ARG_SIZE},
	{"silent", MM_SCN_SILENT, ARG_NONE},
	{"talk", MM_SCN_TALK, ARG_NONE},
	{"lie", MM_SCN_LIE, ARG_NONE},
	{"flood", MM_SCN_FLOOD, ARG_NONE},
	{"honest", MM_SCN_HONEST, ARG_NONE},
	{"pause", MM_SCN_PAUSE, ARG_NONE},
	{"unpause", MM_SCN_UNPAUSE, ARG_NONE},
	{"save", MM_SCN_SAVE, ARG_NONE},
	{"restore", MM_SCN_RESTORE, ARG_NONE},
	{"start", MM_SCN_CREATE, ARG_NONE},
	{"destroy", MM_SCN_DESTROY, ARG_NONE},
	{"vanish", MM_SCN_VANISH, ARG_NONE},
};

/* "over DURATION", or nothing more. */
static int parse_over(struct scn_parser *p, uint64_t *ret_span_ms)
{
	int r = scn_next_word(p);

	if (r <= 0)
		return r;
	if (strcmp(p->word, "over") != 0)
		return scn_fail(p, "\"over\" or the end of the line expected");
	r = scn_need_word(p, "a duration");
	return r < 0 ? r : scn_duration(p, ret_span_ms);
}

static int parse_action(struct scn_parser *p, const struct when *when, size_t guest)
{
	struct mm_scn_event event = {.guest = guest};
	size_t i;
	int r = scn_need_word(p, "what happens");

	if (r < 0)
		return r;
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(p->word, actions[i].word) == 0)
			break;
	}
	if (i == sizeof(actions) / sizeof(actions[0]))
		return scn_fail(p, "nothing called \"%s\" can happen", p->word);
	event.action = actions[i].action;
	if (actions[i].argument != ARG_NONE) {
		r = scn_need_word(p, "a size");
		if (r == 0)
			r = scn_size(p, &event.value_kib);
	}
	if (r == 0 && actions[i].argument == ARG_SIZE_OVER)
		r = parse_over(p, &event.span_ms);
	if (r == 0)
		r = scn_expect_end(p);
	return r < 0 ? r : add_event(p, when, &event);
}

static int parse_create(struct scn_parser *p, const struct when *when)
{
	struct mm_scn_event event = {.guest = p->scenario->guest_count, .action = MM_SCN_CREATE};
	int r = parse_guest(p, false);

	return r < 0 ? r : add_event(p, when, &event);
}

/* "every DURATION until TIME", of which the first word has been read. */
static int parse_every(struct scn_parser *p, struct when *when)
{
	int r = scn_need_word(p, "a duration");

	if (r == 0)
		r = scn_duration(p, &when->every_ms);
	if (r == 0 && when->every_ms == 0)
		return scn_fail(p, "must be above 0");
	if (r == 0)
		r = scn_need_word(p, "\"until\"");
	if (r == 0 && strcmp(p->word, "until") != 0)
		return scn_fail(p, "\"until\" expected");
	if (r == 0)
		r = scn_need_word(p, "a time");
	return r < 0 ? r : scn_duration(p, &when->until_ms);
}

static int parse_at(struct scn_parser *p)
{
	struct when when = {0};
	size_t guest;
	int r = scn_need_word(p, "a time");

	if (r == 0)
		r = scn_duration(p, &when.at_ms);
	if (r == 0)
		r = scn_need_word(p, "a guest's name or \"create\"");
	if (r == 0 && strcmp(p->word, "every") == 0) {
		r = parse_every(p, &when);
		if (r == 0)
			r = scn_need_word(p, "a guest's name");
	}
	if (r < 0)
		return r;
	if (strcmp(p->word, "create") == 0)
		return parse_create(p, &when);
	guest = find_guest(p->scenario, p->word);
	if (guest == p->scenario->guest_count)
		return scn_fail(p, "no guest \"%s\" above this line", p->word);
	return parse_action(p, &when, guest);
}

static int parse_guest_line(struct scn_parser *p)
{
	return parse_guest(p, true);
}

static const struct {
	const char *word;
	int (*parse)(struct scn_parser *p);
} statements[] = {
	{"host", parse_host},
	{"duration", parse_duration_line},
	{"seed", parse_seed},
	{"random", parse_random},
	{"guest", parse_guest_line},
	{"at", parse_at},
};

static int parse_line(struct scn_parser *p)
{
	int r = scn_next_word(p);

	if (r <= 0)
		return r;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (strcmp(p->word, statements[i].word) == 0)
			return statements[i].parse(p);
	}
	return scn_fail(p, "\"%s\": must be host, duration, seed, random, guest or at", p->word);
}

static int parse_lines(struct scn_parser *p, const char *text, size_t len)
{
	size_t start = 0;
	int r = 0;

	while (r >= 0 && start < len) {
		const char *end = memchr(text + start, '\n', len - start);

		p->line = text + start;
		p->len = end ? (size_t)(end - p->line) : len - start;
		p->pos = 0;
		p->column = 1;
		p->number++;
		if (p->len > MM_SCN_LINE_MAX)
			return scn_fail(p, "line longer than %d characters", MM_SCN_LINE_MAX);
		r = parse_line(p);
		start += p->len + 1;
	}
	return r < 0 ? r : 0;
}

/* The guests that run at the start must fit the host. */
static int check_whole(const struct mm_scenario *s, char *err, size_t err_size)
{
	uint64_t held = s->dom0_kib;

	for (size_t i = 0; i < s->guest_count; i++) {
		if (s->guests[i].is_at_start)
			held += s->guests[i].memory_kib;
	}
	if (held > s->total_kib) {
		snprintf(err, err_size,
			"dom0 and the guests that run at the start hold %llu KiB, the host has "
			"%llu",
			(unsigned long long)held, (unsigned long long)s->total_kib);
		return -EINVAL;
	}
	return 0;
}

int mm_scenario_parse(
	const char *text, size_t len, struct mm_scenario *ret_scenario, char *err, size_t err_size)
{
	struct mm_scenario scenario = {
		.seed = 1,
		.duration_ms = DEFAULT_DURATION_MS,
		.step_ms = DEFAULT_STEP_MS,
		.set_cost_ms = DEFAULT_SET_COST_MS,
		.total_kib = 4 * MM_KIB_PER_MIB * 1024,
		.dom0_kib = 512 * MM_KIB_PER_MIB,
	};
	struct scn_parser p = {.scenario = &scenario, .err = err, .err_size = err_size};
	int r;

	if (len > MM_SCN_TEXT_MAX) {
		snprintf(err, err_size, "scenario larger than %d bytes", MM_SCN_TEXT_MAX);
		return -EINVAL;
	}
	r = parse_lines(&p, text, len);
	if (r == 0)
		r = check_whole(&scenario, err, err_size);
	if (r == 0)
		r = mm_scenario_sort(&scenario);
	if (r == -ENOMEM)
		snprintf(err, err_size, "out of memory");
	if (r < 0) {
		mm_scenario_free(&scenario);
		return r;
	}
	*ret_scenario = scenario;
	return 0;
}
