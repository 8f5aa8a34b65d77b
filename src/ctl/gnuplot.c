/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * In double quotes, not in single ones: gnuplot 5.4 takes two quotes at the beginning of those for an empty text, and the
 * rest for commands. What it may expand is written as a number.
 */
static void put_quoted(FILE *script, const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f || strchr("\"\\'`@", *text))
			fprintf(script, "\\%03o", (unsigned char)*text);
		else
			fputc(*text, script);
}

void mm_gnuplot_quote(FILE *script, const char *text)
{
	fputc('"', script);
	for (; *text; text++) {
		const char byte[2] = {
			(unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, '\0'};

		put_quoted(script, byte);
	}
	fputc('"', script);
}

/* At the beginning of a file's name gnuplot takes | for a command and ~ for a home; behind a folder it does not. */
static void put_path(FILE *script, const char *path)
{
	fputs(*path == '/' ? "\"" : "\"./", script);
	put_quoted(script, path);
	fputs("\"\n", script);
}

/* An empty file beside the picture, which nobody else has. */
static int make_file(struct mm_gnuplot *g, const char *path, char *err, size_t err_size)
{
	int fd;

	if (asprintf(&g->unfinished, "%s.XXXXXX", path) < 0) {
		g->unfinished = NULL;
		snprintf(err, err_size, "plot: out of memory");
		return -EIO;
	}
	fd = mkstemp(g->unfinished);
	if (fd >= 0 && !access(path, F_OK) && access(path, W_OK)) {
		close(fd);
		unlink(g->unfinished);
		errno = EACCES;
		fd = -1;
	}
	if (fd < 0) {
		snprintf(err, err_size, "plot: cannot write '%s': %s", path, strerror(errno));
		free(g->unfinished);
		g->unfinished = NULL;
		return -EIO;
	}
	close(fd);
	return 0;
}

/* gnuplot reads the script from a pipe; what it says goes nowhere. */
static int spawn(struct mm_gnuplot *g, int script)
{
	static char name[] = "gnuplot";
	char *const argv[] = {name, NULL};
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, script, STDIN_FILENO);
	if (!r)
		r = posix_spawn_file_actions_addopen(
			&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (!r)
		r = posix_spawnp(&g->pid, name, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int start(struct mm_gnuplot *g)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	r = spawn(g, ends[0]);
	close(ends[0]);
	g->script = r ? NULL : fdopen(ends[1], "w");
	if (!g->script)
		close(ends[1]);
	return r || g->script ? r : -ENOMEM;
}

int mm_gnuplot_begin(struct mm_gnuplot *gnuplot, const char *path, int width, int height,
	int font_size, char *err, size_t err_size)
{
	size_t len = strlen(path);
	int r;

	*gnuplot = (struct mm_gnuplot){.path = path};
	if (len < 5 || (strcmp(path + len - 4, ".png") && strcmp(path + len - 4, ".svg"))) {
		snprintf(err, err_size, "plot: '%s' must end with .png or .svg", path);
		return -EINVAL;
	}
	gnuplot->is_svg = !strcmp(path + len - 4, ".svg");
	r = make_file(gnuplot, path, err, err_size);
	if (r)
		return r;
	(void)signal(SIGPIPE, SIG_IGN); /* when gnuplot fails, nobody reads; its status tells */
	r = start(gnuplot);
	if (r) {
		if (r == -ENOENT)
			snprintf(err, err_size,
				"plot: gnuplot is not installed (on Debian: apt-get install "
				"gnuplot-nox)");
		else
			snprintf(err, err_size, "plot: cannot start gnuplot: %s", strerror(-r));
		unlink(gnuplot->unfinished);
		free(gnuplot->unfinished);
		return -EIO;
	}
	fprintf(gnuplot->script,
		"set terminal %s noenhanced font 'sans,%d' size %d,%d\nset output ",
		gnuplot->is_svg ? "svg background 'white'" : "pngcairo", font_size, width, height);
	put_path(gnuplot->script, gnuplot->unfinished);
	return 0;
}

/* With the rights that a new file has. */
static int take_place(const struct mm_gnuplot *g)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	if (chmod(g->unfinished, 0666 & ~mask))
		return -1;
	return rename(g->unfinished, g->path);
}

/* Returns whether it failed. */
static bool wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return true;
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

int mm_gnuplot_end(struct mm_gnuplot *gnuplot, char *err, size_t err_size)
{
	bool is_written;
	int r = -EIO;

	fputs("unset output\n", gnuplot->script);
	is_written = fclose(gnuplot->script) == 0;
	if (wait_for(gnuplot->pid) || !is_written)
		snprintf(err, err_size, "plot: gnuplot failed");
	else if (take_place(gnuplot))
		snprintf(err, err_size, "plot: cannot write '%s': %s", gnuplot->path,
			strerror(errno));
	else
		r = 0;
	if (r)
		(void)unlink(gnuplot->unfinished);
	free(gnuplot->unfinished);
	gnuplot->unfinished = NULL;
	return r;
}
