/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mmctl plot: finds a run's data logs and has them drawn. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl.h"
#include "run_picture.h"
#include "runlog.h"

#define RUN_ID_MAX 40 /* "26_11_21_999999999" */

enum { OPTION_OUTPUT, OPTION_RUN };

static const struct mm_ctl_option options[] = {
	[OPTION_OUTPUT] = {"output", 'o', "FILE",
		"where to: a file that ends with .png or .svg [DIR/<date>_<k>.png]"},
	[OPTION_RUN] = {"run", 0, "K",
		"of a folder not its newest run, but that one: K, or <date>_<k>"},
	{0},
};

struct job {
	const struct mm_ctl_command *command;
	const char *output, *wanted;
	char id[RUN_ID_MAX]; /* of the run chosen, "<date>_<k>" */
	struct mm_run run;
};

/* ---- a folder's runs ------------------------------------------------------------------------- */

/* "26_11_21_1_3.log" into "26_11_21", 1 and 3. */
struct log_name {
	char date[12];
	unsigned long k, domid;
};

static bool read_digits(const char **text, size_t max, char behind, unsigned long *ret_value)
{
	size_t n = strspn(*text, "0123456789");

	if (n == 0 || n > max || (*text)[n] != behind)
		return false;
	*ret_value = strtoul(*text, NULL, 10);
	*text += n + (behind != 0);
	return true;
}

static bool read_name(const char *name, struct log_name *ret_name)
{
	const char *text = name;
	unsigned long part;

	for (int i = 0; i < 3; i++)
		if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1]) ||
			!read_digits(&text, 2, '_', &part))
			return false;
	memcpy(ret_name->date, name, 8);
	ret_name->date[8] = '\0';
	return read_digits(&text, 9, '_', &ret_name->k) &&
	       read_digits(&text, 9, '.', &ret_name->domid) && !strcmp(text, "log");
}

static int compare_runs(const struct log_name *a, const struct log_name *b)
{
	int r = strcmp(a->date, b->date);

	return r ? r : a->k < b->k ? -1 : a->k > b->k;
}

static int compare_names(const void *a, const void *b)
{
	const struct log_name *x = a, *y = b;
	int r = compare_runs(x, y);

	return r ? r : x->domid < y->domid ? -1 : x->domid > y->domid;
}

/* Whether that run is the one wanted: "2", or "26_11_21_2". */
static bool is_wanted(const struct job *job, const struct log_name *name)
{
	char id[RUN_ID_MAX];

	snprintf(id, sizeof(id), "%s_%lu", name->date, name->k);
	return !job->wanted || !strcmp(job->wanted, strchr(job->wanted, '_') ? id : id + 9);
}

/* The names of all data logs of a folder, sorted; *ret_names is the caller's. Returns 0 or -errno. */
static int list_folder(const char *path, struct log_name **ret_names, size_t *ret_count)
{
	struct log_name *names = NULL;
	size_t count = 0, capacity = 0;
	DIR *dir = opendir(path);
	struct dirent *item;

	if (!dir)
		return -errno;
	while ((item = readdir(dir))) {
		if (count == capacity) {
			struct log_name *more;

			capacity = capacity ? 2 * capacity : 64;
			more = realloc(names, capacity * sizeof(*names));
			if (!more)
				break;
			names = more;
		}
		count += read_name(item->d_name, &names[count]);
	}
	closedir(dir);
	if (item) {
		free(names);
		return -ENOMEM;
	}
	if (count > 0)
		qsort(names, count, sizeof(*names), compare_names);
	*ret_names = names;
	*ret_count = count;
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Returns an exit status. */
static int read_log(struct job *job, const char *path)
{
	int r = mm_run_read(&job->run, path);

	if (r < 0) {
		mm_ctl_say(job->command, "cannot read '%s': %s", path, strerror(-r));
		return MM_EXIT_MISUSE;
	}
	if (r == 0)
		mm_ctl_say(job->command, "no data in %s, left out", path);
	return MM_EXIT_OK;
}

static int read_folder(struct job *job, const char *folder)
{
	struct log_name *names = NULL;
	const struct log_name *newest = NULL;
	size_t count = 0;
	int status = MM_EXIT_OK, r = list_folder(folder, &names, &count);

	if (r) {
		mm_ctl_say(job->command, "cannot read the folder '%s': %s", folder, strerror(-r));
		return MM_EXIT_MISUSE;
	}
	for (size_t i = 0; i < count; i++)
		if (is_wanted(job, &names[i]))
			newest = &names[i];
	if (!newest) {
		mm_ctl_say(job->command,
			"no run%s%s in %s (data logs are named <date>_<k>_<domid>.log)",
			job->wanted ? " " : "", job->wanted ? job->wanted : "", folder);
		free(names);
		return MM_EXIT_MISUSE;
	}
	snprintf(job->id, sizeof(job->id), "%s_%lu", newest->date, newest->k);
	for (size_t i = 0; i < count && !status; i++) {
		char path[PATH_MAX];

		if (compare_runs(&names[i], newest) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s_%lu.log", folder, job->id, names[i].domid);
		status = read_log(job, path);
	}
	free(names);
	return status;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* Where the picture goes, unless that was said: into the folder, or named like the first log. */
static void default_output(const struct job *job, const char *input, char *path, size_t size)
{
	const char *base = strrchr(input, '/') ? strrchr(input, '/') + 1 : input;
	size_t len = strlen(base);

	if (*job->id)
		snprintf(path, size, "%s/%s.png", input, job->id);
	else
		snprintf(path, size, "%.*s.png",
			(int)(len > 4 && !strcmp(base + len - 4, ".log") ? len - 4 : len), base);
}

static int draw(struct job *job, const char *input, int inputs)
{
	char path[PATH_MAX], title[64], err[512];

	if (job->run.count == 0) {
		if (*job->id || inputs > 1)
			mm_ctl_say(job->command, "no data in any of these logs");
		return MM_EXIT_MISUSE;
	}
	if (job->run.count > MM_RUN_GUESTS_MAX) {
		mm_ctl_say(job->command,
			"%zu guests are too many for a picture: at most %d; name some logs",
			job->run.count, MM_RUN_GUESTS_MAX);
		return MM_EXIT_MISUSE;
	}
	if (*job->id)
		snprintf(title, sizeof(title), "Run %s", job->id);
	else
		snprintf(title, sizeof(title), "%d log%s", inputs, inputs == 1 ? "" : "s");
	default_output(job, input, path, sizeof(path));
	if (mm_run_draw(&job->run, title, job->output ? job->output : path, err, sizeof(err))) {
		/* it begins with "plot: ", as the command's messages do */
		mm_ctl_say(job->command, "%s", err + strlen("plot: "));
		return job->output && strstr(err, "must end") ? MM_EXIT_MISUSE : MM_EXIT_FAILED;
	}
	printf("%zu guest%s: %s\n", job->run.count, job->run.count == 1 ? "" : "s",
		job->output ? job->output : path);
	return MM_EXIT_OK;
}

static int read_inputs(struct job *job, int count, char **inputs)
{
	struct stat st;
	int r = MM_EXIT_OK;

	if (count == 1 && !stat(inputs[0], &st) && S_ISDIR(st.st_mode))
		return read_folder(job, inputs[0]);
	if (job->wanted) {
		mm_ctl_say(job->command, "--run goes with one folder");
		return MM_EXIT_MISUSE;
	}
	for (int i = 0; i < count && !r; i++)
		r = read_log(job, inputs[i]);
	return r;
}

static int run(const struct mm_ctl_command *command, int argc, char **argv)
{
	struct job job = {.command = command};
	int option, r;

	while ((option = mm_ctl_next(command, argc, argv)) >= 0)
		*(option == OPTION_OUTPUT ? &job.output : &job.wanted) = optarg;
	if (option != MM_CTL_END)
		return option == MM_CTL_DONE ? mm_ctl_finish(command, 0) : MM_EXIT_MISUSE;
	if (optind == argc) {
		mm_ctl_say(
			command, "needs a folder with data logs, or logs; see mmctl plot --help");
		return MM_EXIT_MISUSE;
	}
	r = read_inputs(&job, argc - optind, argv + optind);
	if (!r)
		r = draw(&job, argv[optind], argc - optind);
	mm_run_free(&job.run);
	return mm_ctl_finish(command, r);
}

const struct mm_ctl_command mm_ctl_plot = {
	.name = "plot",
	.args = "[OPTION]... DIR | LOG...",
	.help = "draw the data logs of a run: the host, and a panel for each guest",
	.more = "DIR is a folder with mmserver's data logs, of which the newest run is drawn. "
		"Needs gnuplot.\n",
	.options = options,
	.run = run,
};
