/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grammar is libxlu's: NAME = VALUE or NAME += VALUE, ended by a line's end or ';'; a value is a number, a string in
 * single or double quotes without a line's end in it, or a list in brackets, which may go over lines; '#' begins a
 * comment. A number may stand in quotes.
 */
#include "xlcfg.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "xenmm/units.h"

#define WORD_MAX 512

/* Guests of more than a PiB are a typing error. */
#define MIB_MAX	  (UINT64_C(1) << 30)
#define VCPUS_MAX 4096

struct reader {
	const char *at, *end;
	unsigned int line;
	char *err;
	size_t err_size;
};

static int complain(const struct reader *r, const char *what)
{
	snprintf(r->err, r->err_size, "line %u: %s", r->line, what);
	return -EINVAL;
}

static bool is_over(const struct reader *r)
{
	return r->at == r->end;
}

static char peek(const struct reader *r)
{
	return is_over(r) ? '\n' : *r->at;
}

static void step(struct reader *r)
{
	if (!is_over(r) && *r->at++ == '\n')
		r->line++;
}

static void skip_comment(struct reader *r)
{
	while (!is_over(r) && *r->at != '\n')
		r->at++;
}

/* Blanks and comments; also line ends where they do not end anything. */
static void skip_blanks(struct reader *r, bool may_end_line)
{
	while (!is_over(r)) {
		if (*r->at == '#')
			skip_comment(r);
		else if (*r->at == ' ' || *r->at == '\t' || *r->at == '\r' ||
			 (may_end_line && *r->at == '\n'))
			step(r);
		else
			return;
	}
}

/* A quoted string into word (of WORD_MAX), which may be NULL: a backslash takes the next character as it is. */
static int take_string(struct reader *r, char *word)
{
	char quote = peek(r);
	size_t len = 0;

	for (step(r); !is_over(r) && peek(r) != quote; step(r)) {
		if (peek(r) == '\\')
			step(r);
		if (peek(r) == '\n' || peek(r) == '\0')
			return complain(r, "a string does not end in its line");
		if (len + 1 == WORD_MAX)
			return complain(r, "a string is too long");
		if (word)
			word[len++] = peek(r);
	}
	if (is_over(r))
		return complain(r, "a string does not end");
	step(r);
	if (word)
		word[len] = '\0';
	return 0;
}

/* Name or number: letters, digits, underscores. */
static int take_bare(struct reader *r, char *word)
{
	size_t len = 0;

	for (; isalnum((unsigned char)peek(r)) || peek(r) == '_'; step(r)) {
		if (len + 1 == WORD_MAX)
			return complain(r, "a word is too long");
		word[len++] = peek(r);
	}
	word[len] = '\0';
	return len ? 0 : complain(r, "a name, number or string was expected");
}

/* Lists, also in lists, matter to us only as far as their end. */
static int skip_list(struct reader *r)
{
	unsigned int depth = 0;

	do {
		char c = peek(r);

		if (c == '\'' || c == '"') {
			if (take_string(r, NULL))
				return -EINVAL;
		} else {
			depth += c == '[';
			depth -= c == ']';
			step(r);
		}
		skip_blanks(r, depth > 0);
	} while (depth > 0 && !is_over(r));
	return depth ? complain(r, "a list does not end") : 0;
}

/* A value as text; "" for a list. */
static int take_value(struct reader *r, char word[WORD_MAX])
{
	char c = peek(r);

	word[0] = '\0';
	if (c == '\'' || c == '"')
		return take_string(r, word);
	return c == '[' ? skip_list(r) : take_bare(r, word);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static int to_number(const struct reader *r, const char *name, const char *word, uint64_t max,
	uint64_t *ret_value)
{
	char what[2 * WORD_MAX + 160];

	/* libxlu takes hexadecimal and octal too, which nobody writes for memory: rather none than a wrong one */
	if ((word[0] != '0' || !word[1]) && !mm_parse_u64(word, strlen(word), max, ret_value))
		return 0;
	snprintf(what, sizeof(what), "%s: '%s' is not a decimal number up to %" PRIu64, name, word,
		max);
	return complain(r, what);
}

static int to_text(
	const struct reader *r, const char *name, const char *word, char *into, size_t size)
{
	char what[WORD_MAX + 160];

	if (strlen(word) < size) {
		strcpy(into, word);
		return 0;
	}
	snprintf(what, sizeof(what), "%s: longer than %zu characters", name, size - 1);
	return complain(r, what);
}

static int take_type(const struct reader *r, const char *word, struct mm_xlcfg *cfg)
{
	if (strcmp(word, "pv") != 0 && strcmp(word, "pvh") != 0 && strcmp(word, "hvm") != 0)
		return complain(r, "type: must be pv, pvh or hvm");
	cfg->is_pv = !strcmp(word, "pv");
	return 0;
}

static int take_key(
	const struct reader *r, const char *name, const char *word, struct mm_xlcfg *cfg)
{
	const struct {
		const char *name;
		uint64_t max;
		uint64_t *into;
	} numbers[] = {
		{"memory", MIB_MAX, &cfg->memory_mib},
		{"maxmem", MIB_MAX, &cfg->maxmem_mib},
		{"vcpus", VCPUS_MAX, &cfg->vcpus},
		{"maxvcpus", VCPUS_MAX, &cfg->maxvcpus},
		{"shadow_memory", MIB_MAX, &cfg->shadow_mib},
		{"stubdomain_memory", MIB_MAX, &cfg->stubdomain_mib},
	};
	uint64_t flag = 0;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(name, numbers[i].name))
			return to_number(r, name, word, numbers[i].max, numbers[i].into);
	if (!strcmp(name, "name"))
		return to_text(r, name, word, cfg->name, sizeof(cfg->name));
	if (!strcmp(name, "xenmm"))
		return to_text(r, name, word, cfg->xenmm, sizeof(cfg->xenmm));
	if (!strcmp(name, "type"))
		return take_type(r, word, cfg);
	if (!strcmp(name, "builder") && (!strcmp(word, "hvm") || !strcmp(word, "generic")))
		cfg->is_pv = strcmp(word, "hvm") != 0;
	if (!strcmp(name, "pvh") && to_number(r, name, word, 1, &flag))
		return -EINVAL;
	if (flag)
		cfg->is_pv = false;
	if (!strcmp(name, "device_model_stubdomain_override"))
		cfg->has_stubdomain = !strcmp(word, "1");
	return 0;
}

static int take_assignment(struct reader *r, struct mm_xlcfg *cfg)
{
	char name[WORD_MAX], word[WORD_MAX];
	bool is_more;

	if (take_bare(r, name))
		return -EINVAL;
	skip_blanks(r, false);
	is_more = peek(r) == '+';
	if (is_more)
		step(r);
	if (peek(r) != '=')
		return complain(r, "'=' was expected");
	step(r);
	skip_blanks(r, false);
	if (take_value(r, word))
		return -EINVAL;
	/* more of a list: none of ours is one */
	return is_more ? 0 : take_key(r, name, word, cfg);
}

static int check(const struct reader *r, struct mm_xlcfg *cfg)
{
	if (!cfg->name[0])
		snprintf(r->err, r->err_size, "there is no name=");
	else if (!cfg->memory_mib)
		snprintf(r->err, r->err_size, "there is no memory=");
	else if (cfg->maxmem_mib && cfg->maxmem_mib < cfg->memory_mib)
		snprintf(r->err, r->err_size, "maxmem=%" PRIu64 " is less than memory=%" PRIu64,
			cfg->maxmem_mib, cfg->memory_mib);
	else
		return 0;
	return -EINVAL;
}

int mm_xlcfg_parse(
	const char *text, size_t len, struct mm_xlcfg *ret_cfg, char *err, size_t err_size)
{
	struct reader r = {
		.at = text, .end = text + len, .line = 1, .err = err, .err_size = err_size};
	struct mm_xlcfg cfg = {.is_pv = true};

	for (;;) {
		skip_blanks(&r, true);
		if (is_over(&r))
			break;
		if (peek(&r) == ';') {
			step(&r);
			continue;
		}
		if (take_assignment(&r, &cfg))
			return -EINVAL;
		skip_blanks(&r, false);
		if (peek(&r) != '\n' && peek(&r) != ';')
			return complain(&r, "a line's end was expected behind the value");
	}
	if (check(&r, &cfg))
		return -EINVAL;
	*ret_cfg = cfg;
	return 0;
}

/* ---- what it takes --------------------------------------------------------------------------- */

/*
 * libxl_domain_need_memory() of Xen 4.17: target, paging memory (256 pages a vcpu, a page for each MiB of the maximum for
 * the map of physical to machine memory, and one more), 2 MiB (PV: 1 MiB) for Xen's own tables, 32 MiB for a stub domain,
 * rounded up to 2 MiB. A Linux stub domain's memory is counted in full.
 */
#define EXTRA_KIB      2048
#define EXTRA_PV_KIB   1024
#define STUBDOMAIN_KIB (32 * MM_KIB_PER_MIB)
#define ROUND_KIB      2048

uint64_t mm_xlcfg_need_kib(const struct mm_xlcfg *cfg)
{
	uint64_t max_mib = cfg->maxmem_mib ? cfg->maxmem_mib : cfg->memory_mib;
	uint64_t vcpus = mm_max_u64(mm_max_u64(cfg->vcpus, cfg->maxvcpus), 1);
	uint64_t paging_kib = cfg->shadow_mib ? cfg->shadow_mib * MM_KIB_PER_MIB
					      : MM_KIB_PER_PAGE * (256 * vcpus + 2 * max_mib);
	uint64_t kib = cfg->memory_mib * MM_KIB_PER_MIB + paging_kib;

	kib += cfg->is_pv ? EXTRA_PV_KIB : EXTRA_KIB;
	if (!cfg->is_pv && cfg->has_stubdomain)
		kib += mm_max_u64(STUBDOMAIN_KIB, cfg->stubdomain_mib * MM_KIB_PER_MIB);
	return (kib + ROUND_KIB - 1) / ROUND_KIB * ROUND_KIB;
}
