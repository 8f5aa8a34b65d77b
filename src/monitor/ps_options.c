/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of options, out of which getopt's and --help are made; what was seen of them; and which do not go together. */
#include "monitor/ps_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "monitor/ps_look.h"
#include "monitor/text.h"
#include "vmi/phys.h"
#include "xenmm/units.h"

#define INTERVAL_MIN_MS	    50 /* shorter ones measure the guest's tick */
#define INTERVAL_MAX_MS	    (60 * 60 * 1000)
#define INTERVAL_DEFAULT_MS 1000
#define WATCH_MIN_MS	    100
#define WATCH_MAX_MS	    (24 * 60 * 60 * 1000)
#define WATCH_DEFAULT_MS    2000
#define BLOCKS_MAX	    UINT64_C(1000000000)
#define BELOW_MAX_KIB	    (UINT64_C(4) << 20) /* the hole for devices ends at 4 GiB */

/* The rows of the table; the bit of one is set in `seen`. */
enum {
	OPT_KERNEL,
	OPT_SORT,
	OPT_LIMIT,
	OPT_TREE,
	OPT_INTERVAL,
	OPT_WATCH,
	OPT_COUNT,
	OPT_JSON,
	OPT_NO_HEADER,
	OPT_MEMORY,
	OPT_BELOW,
	OPT_NAMES,
	OPT_REASONS,
	OPT_VERSION,
	OPT_HELP,
	OPT_END
};

static const struct {
	const char *name;
	char letter;
	const char *arg; /* in brackets: it may be left out */
	const char *help;
} table[OPT_END] = {
	[OPT_KERNEL] = {"kernel", 'k', NULL, "show the kernel's own threads as well"},
	[OPT_SORT] = {"sort", 's', "KEY", "order: " MM_SORT_WORDS " [rss]"},
	[OPT_LIMIT] = {"limit", 'n', "N", "show the first N processes only"},
	[OPT_TREE] = {"tree", 't', NULL, "show children below their parents"},
	[OPT_INTERVAL] = {"interval", 'i', "TIME",
		"look twice, so far apart, for shares of CPU [with --sort cpu: 1 s]"},
	[OPT_WATCH] = {"watch", 'w', "[SECONDS]", "look again and again, that often [2]"},
	[OPT_COUNT] = {"count", 'c', "N", "with --watch: end after N times"},
	[OPT_JSON] = {"json", 'j', NULL, "print JSON, for programs; with --watch a line each time"},
	[OPT_NO_HEADER] = {"no-header", 0, NULL, "print the rows of the table only"},
	[OPT_MEMORY] = {"memory", 'm', "FILE",
		"look into a file of a machine's memory, not into a guest"},
	[OPT_BELOW] = {"below", 0, "SIZE",
		"with --memory: how much of it lies below 4 GiB, or 'all' [as QEMU has it]"},
	[OPT_NAMES] = {"names", 0, NULL, "list the guests' names only, look into none"},
	[OPT_REASONS] = {"reasons", 0, NULL,
		"list the reasons why a guest cannot be read, and exit"},
	[OPT_VERSION] = {"version", 'V', NULL, "print the version and exit"},
	[OPT_HELP] = {"help", 'h', NULL, "print this help and exit"},
};

/* ---- what is only printed -------------------------------------------------------------------- */

static void print_help(void)
{
	printf("Usage: mmps [OPTION]... [GUEST]\n"
	       "Shows the processes and the memory of a Linux guest in which nothing is installed: "
	       "GUEST is a "
	       "name, domid\nor uuid. Without one, a line for each guest of this host.\n\n"
	       "Options:\n");
	for (int i = 0; i < OPT_END; i++) {
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", table[i].letter ? '-' : ' ',
			table[i].letter ? table[i].letter : ' ', table[i].letter ? "," : " ",
			table[i].name, table[i].arg ? " " : "", table[i].arg ? table[i].arg : "");
		printf("  %-26s %s\n", left, table[i].help);
	}
	printf("\nTIME is a number of seconds, or has ms, s, m or h behind it. See mmps(8).\n");
}

static void print_reasons(void)
{
	const char *word, *text;

	for (size_t i = 0; (word = mm_look_reason_word(i, &text)); i++)
		printf("%-20s %s\n", word, text);
}

int mm_ps_finish(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return MM_PS_OK;
	fprintf(stderr, "mmps: cannot write to stdout: %s\n", strerror(errno));
	return MM_PS_FAILED;
}

/* ---- complaints ------------------------------------------------------------------------------ */

__attribute__((format(printf, 1, 2))) static int refuse(const char *format, ...)
{
	va_list args;

	fputs("mmps: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return MM_PS_MISUSE;
}

/* What was typed, on one line whatever is in it. */
static const char *shown(const char *typed)
{
	static char buf[MM_TEXT_SIZE(100)];

	return mm_text_plain(buf, sizeof(buf), typed, 100);
}

/* ---- values ---------------------------------------------------------------------------------- */

static int read_number(int row, const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value;

	if (mm_parse_u64(text, strlen(text), max, &value) < 0 || value == 0)
		return refuse("--%s: '%s' is no number from 1 to %llu", table[row].name,
			shown(text), (unsigned long long)max);
	*ret = value;
	return MM_PS_OK;
}

static int read_time(int row, const char *text, uint64_t min_ms, uint64_t max_ms, uint64_t *ret_ms)
{
	uint64_t ms;

	if (mm_parse_duration(text, &ms) < 0 || ms < min_ms || ms > max_ms)
		return refuse("--%s: '%s' is no time from %llums to %lluh", table[row].name,
			shown(text), (unsigned long long)min_ms,
			(unsigned long long)(max_ms / 1000 / 3600));
	*ret_ms = ms;
	return MM_PS_OK;
}

static int read_below(const char *text, uint64_t *ret)
{
	uint64_t kib;

	if (!strcmp(text, "all") || !strcmp(text, "none")) { /* of the memory; or no hole */
		*ret = UINT64_MAX;
		return MM_PS_OK;
	}
	if (mm_parse_size(text, &kib) < 0 || kib == 0 || kib > BELOW_MAX_KIB ||
		kib % MM_KIB_PER_PAGE != 0)
		return refuse("--below: '%s' is neither 'all' nor a size of whole pages up to 4G",
			shown(text));
	*ret = kib * 1024;
	return MM_PS_OK;
}

static int read_limit(const char *text, size_t *ret)
{
	uint64_t value;
	int r = read_number(OPT_LIMIT, text, MM_VMI_TASKS_MAX, &value);

	if (r == MM_PS_OK)
		*ret = (size_t)value;
	return r;
}

static int take(struct mm_ps_options *o, int row, const char *value)
{
	switch (row) {
	case OPT_KERNEL:
		o->with_kernel = true;
		break;
	case OPT_SORT:
		if (mm_sort_parse(value, &o->sort) < 0)
			return refuse("--sort: '%s' is none of " MM_SORT_WORDS, shown(value));
		break;
	case OPT_LIMIT:
		return read_limit(value, &o->limit);
	case OPT_TREE:
		o->is_tree = true;
		break;
	case OPT_INTERVAL:
		return read_time(row, value, INTERVAL_MIN_MS, INTERVAL_MAX_MS, &o->interval_ms);
	case OPT_WATCH:
		o->watch_ms = WATCH_DEFAULT_MS;
		return value ? read_time(row, value, WATCH_MIN_MS, WATCH_MAX_MS, &o->watch_ms)
			     : MM_PS_OK;
	case OPT_COUNT:
		return read_number(row, value, BLOCKS_MAX, &o->blocks);
	case OPT_JSON:
		o->is_json = true;
		break;
	case OPT_NO_HEADER:
		o->is_bare = true;
		break;
	case OPT_NAMES:
		o->is_names = true;
		break;
	case OPT_MEMORY:
		o->file = value;
		break;
	case OPT_BELOW:
		return read_below(value, &o->below);
	default:
		break;
	}
	return MM_PS_OK;
}

/* ---- what does not go together --------------------------------------------------------------- */

static int check(const struct mm_ps_options *o, unsigned int seen)
{
	static const int of_processes[] = {OPT_KERNEL, OPT_SORT, OPT_LIMIT, OPT_TREE, OPT_INTERVAL};
	static const int clashes[][2] = {{OPT_JSON, OPT_TREE}, {OPT_JSON, OPT_NO_HEADER},
		{OPT_NAMES, OPT_JSON}, {OPT_NAMES, OPT_WATCH}, {OPT_NAMES, OPT_MEMORY},
		{OPT_INTERVAL, OPT_WATCH}};
	static const int needs[][2] = {{OPT_COUNT, OPT_WATCH}, {OPT_BELOW, OPT_MEMORY}};

	if (o->guest && o->file)
		return refuse("a guest ('%s') and --memory do not go together", shown(o->guest));
	if (o->guest && !*o->guest)
		return refuse("the guest's name is empty");
	if (o->guest && o->is_names)
		return refuse("a guest ('%s') and --names do not go together", shown(o->guest));
	if (o->file && !*o->file)
		return refuse("--memory: the file's name is empty");
	for (size_t i = 0; i < sizeof(clashes) / sizeof(clashes[0]); i++)
		if (seen & 1U << clashes[i][0] && seen & 1U << clashes[i][1])
			return refuse("--%s and --%s do not go together", table[clashes[i][0]].name,
				table[clashes[i][1]].name);
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (seen & 1U << needs[i][0] && !(seen & 1U << needs[i][1]))
			return refuse("--%s needs --%s", table[needs[i][0]].name,
				table[needs[i][1]].name);
	for (size_t i = 0; i < sizeof(of_processes) / sizeof(of_processes[0]); i++)
		if (seen & 1U << of_processes[i] && !o->guest && !o->file)
			return refuse("--%s needs a guest: without one, no processes are shown",
				table[of_processes[i]].name);
	return -1;
}

/* ---- getopt ---------------------------------------------------------------------------------- */

struct tables {
	struct option longs[OPT_END + 1];
	char shorts[3 * OPT_END + 2];
};

#define FIRST_VALUE 0x100 /* of getopt: rows of the table start here */

static void build_tables(struct tables *t)
{
	char *shorts = t->shorts;

	*shorts++ = ':'; /* report a missing value as such */
	for (int i = 0; i < OPT_END; i++) {
		int has = !table[i].arg		   ? no_argument
			  : table[i].arg[0] == '[' ? optional_argument
						   : required_argument;

		t->longs[i] = (struct option){table[i].name, has, NULL, FIRST_VALUE + i};
		if (!table[i].letter)
			continue;
		*shorts++ = table[i].letter;
		for (int colons = has; colons > 0; colons--)
			*shorts++ = ':';
	}
	t->longs[OPT_END] = (struct option){0};
	*shorts = '\0';
}

static int row_of(int value)
{
	for (int i = 0; i < OPT_END; i++)
		if (value == FIRST_VALUE + i || (value && value == table[i].letter))
			return i;
	return -1;
}

static int complain(int kind, char **argv)
{
	const char *word = shown(argv[optind - 1]);

	if (kind == ':')
		return refuse("option '%s' needs a value", word);
	if (row_of(optopt) >= 0)
		return refuse("option '%s' takes no value", word);
	if (optopt && (optopt < ' ' || optopt > '~'))
		return refuse("unknown option '%s'; see mmps --help", word);
	if (optopt)
		return refuse("unknown option '-%c'; see mmps --help", optopt);
	return refuse("unknown option '%s'; see mmps --help", word);
}

/* "--watch 5": getopt gives an optional value only behind '='. A number there is the value, not a domid. */
static const char *next_number(char **argv)
{
	const char *word = argv[optind];
	uint64_t ms;

	if (!word || !(*word >= '0' && *word <= '9') || mm_parse_duration(word, &ms) == -EINVAL)
		return NULL;
	optind++;
	return word;
}

static int read_options(
	int argc, char **argv, const struct tables *t, struct mm_ps_options *o, unsigned int *seen)
{
	int value;

	while ((value = getopt_long(argc, argv, t->shorts, t->longs, NULL)) != -1) {
		int row, r;

		if (value == '?' || value == ':')
			return complain(value, argv);
		row = row_of(value);
		if (row == OPT_WATCH && !optarg)
			optarg = (char *)(uintptr_t)next_number(argv);
		*seen |= 1U << row;
		r = take(o, row, optarg);
		if (r != MM_PS_OK)
			return r;
	}
	return MM_PS_OK;
}

static int print_only(unsigned int seen)
{
	if (seen & 1U << OPT_HELP)
		print_help();
	else if (seen & 1U << OPT_VERSION)
		printf("mmps (xenmm) %s\n", XENMM_VERSION);
	else if (seen & 1U << OPT_REASONS)
		print_reasons();
	else
		return -1;
	return mm_ps_finish();
}

int mm_ps_options_parse(int argc, char **argv, struct mm_ps_options *ret)
{
	struct mm_ps_options o = {
		.sort = MM_SORT_RSS, .limit = SIZE_MAX, .interval_ms = INTERVAL_DEFAULT_MS};
	struct tables t;
	unsigned int seen = 0;
	int r;

	build_tables(&t);
	opterr = 0;
	optind = 0; /* glibc: start anew */
	r = read_options(argc, argv, &t, &o, &seen);
	if (r != MM_PS_OK)
		return r;
	r = print_only(seen);
	if (r >= 0)
		return r;
	if (optind < argc)
		o.guest = argv[optind++];
	if (optind < argc)
		return refuse(
			"'%s' is one word too many: one guest at a time", shown(argv[optind]));
	o.with_shares = o.sort == MM_SORT_CPU || seen & 1U << OPT_INTERVAL;
	r = check(&o, seen);
	if (r < 0)
		*ret = o;
	return r;
}
