/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mmps does: finds out whom to look at, looks, prints, and again with --watch. */
#include "monitor/ps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "monitor/ps_guests.h"
#include "monitor/ps_options.h"
#include "monitor/ps_screen.h"
#include "monitor/ps_show.h"
#include "monitor/text.h"

#define TYPED_BYTES 200 /* of what was typed, in messages */

struct run {
	struct mm_ps_options options;
	struct mm_ps_guests guests;
	uint64_t block; /* from 0 */
};

/* ---- complaints ------------------------------------------------------------------------------ */

static int complain_typed(const char *typed, const char *before, const char *behind)
{
	char text[MM_TEXT_SIZE(TYPED_BYTES)];

	mm_text_plain(text, sizeof(text), typed, TYPED_BYTES);
	fprintf(stderr, "mmps: %s%s%s\n", before, text, behind);
	return MM_PS_FAILED;
}

static int complain_list(int error)
{
	const char *text = strerror(-error);

	if (error == -EACCES)
		text = geteuid() ? "only root may, in dom0"
				 : "this is not dom0 of a Xen host, or its xenstored is not there";
	else if (error == -ENOSYS)
		text = "this mmps was built without Xen; mmps --memory FILE needs none";
	fprintf(stderr, "mmps: cannot list this host's guests: %s\n", text);
	return MM_PS_FAILED;
}

/* A file whose parts are taken for lying at other addresses than they did looks like this. */
static bool may_lie_elsewhere(const struct mm_look *look)
{
	enum mm_vmi_reason reason = look->has_now ? look->now.reason : MM_VMI_OK;

	return look->target.file && !look->error &&
	       (reason == MM_VMI_NO_SYMBOLS || reason == MM_VMI_NOT_LINUX);
}

/* One line for a guest that cannot be read, on stderr. */
static void complain_guest(const struct mm_ps_guest *guest)
{
	char label[MM_TEXT_SIZE(TYPED_BYTES)];

	fprintf(stderr, "mmps: %s cannot be read (%s): %s%s\n",
		mm_ps_guest_label(label, sizeof(label), guest), mm_look_reason(&guest->look),
		mm_look_reason_text(&guest->look),
		may_lie_elsewhere(&guest->look) ? "; is --below right for this file?" : "");
}

/* ---- whom to look at ------------------------------------------------------------------------- */

static int open_file(struct run *run)
{
	const char *path = run->options.file;
	struct stat st;

	if (access(path, R_OK) < 0 || stat(path, &st) < 0) {
		char why[128];

		snprintf(why, sizeof(why), ": %s", strerror(errno));
		return complain_typed(path, "", why);
	}
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return complain_typed(path, "",
			S_ISREG(st.st_mode) ? ": this file is empty" : ": not a file of memory");
	if (mm_ps_guests_file(&run->guests, path, run->options.below) < 0) {
		fprintf(stderr, "mmps: this host is short of memory\n");
		return MM_PS_FAILED;
	}
	return MM_PS_OK;
}

/* The guest that was asked for, in scene; none in later blocks, when it is gone and may come back. */
static int choose(const struct run *run, struct mm_ps_scene *scene)
{
	const char *typed = run->options.guest;
	int i = mm_ps_guests_find(&run->guests, typed);

	if (i == -EEXIST)
		return complain_typed(typed, "several guests are called '",
			"': give the domid or uuid, see 'mmps'");
	if (i < 0 && run->block == 0)
		return complain_typed(typed, "there is no guest '", "'; 'mmps' lists them");
	scene->guests = i < 0 ? NULL : &run->guests.list[i];
	scene->count = i < 0 ? 0 : 1;
	return MM_PS_OK;
}

static int find_guests(struct run *run, struct mm_ps_scene *scene)
{
	const struct mm_ps_options *o = &run->options;
	int r;

	if (o->file && run->block == 0) {
		r = open_file(run);
		if (r != MM_PS_OK)
			return r;
	} else if (!o->file) {
		r = mm_ps_guests_update(&run->guests);
		if (r < 0)
			return complain_list(r);
	}
	scene->guests = run->guests.list;
	scene->count = run->guests.count;
	scene->is_list = !o->file && !o->guest;
	return o->guest ? choose(run, scene) : MM_PS_OK;
}

/* One line each, for scripts and for completion: nothing is looked into. */
static int print_names(struct run *run)
{
	char name[MM_TEXT_SIZE(TYPED_BYTES)];
	int r = mm_ps_guests_update(&run->guests);

	if (r < 0)
		return complain_list(r);
	for (size_t i = 0; i < run->guests.count; i++)
		printf("%s\n",
			mm_text_plain(name, sizeof(name), run->guests.list[i].name, TYPED_BYTES));
	mm_ps_guests_free(&run->guests);
	return mm_ps_finish();
}

/* ---- looking --------------------------------------------------------------------------------- */

static int look(const struct run *run, const struct mm_ps_scene *scene)
{
	struct mm_look **looks = calloc(scene->count + 1, sizeof(struct mm_look *));

	if (!looks)
		return -ENOMEM;
	for (size_t i = 0; i < scene->count; i++)
		looks[i] = (struct mm_look *)&scene->guests[i].look;
	mm_look_all(looks, scene->count);
	if (run->options.with_shares && run->block == 0 && scene->count &&
		mm_look_is_good(looks[0])) {
		mm_look_sleep(run->options.interval_ms);
		mm_look_all(looks, scene->count);
	}
	free(looks);
	return 0;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void put_time(FILE *out, const struct mm_ps_scene *scene)
{
	time_t now = (time_t)(scene->wall_ms / 1000);
	char text[32] = "";
	struct tm tm;

	if (localtime_r(&now, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(out, "%s\n", text);
}

static int write_block(FILE *out, const struct run *run, const struct mm_ps_scene *scene)
{
	const struct mm_ps_options *o = &run->options;

	if (o->is_json)
		return mm_ps_show_json(out, scene);
	if (o->watch_ms && !o->is_bare)
		put_time(out, scene);
	return mm_ps_show_text(out, scene);
}

static int print_block(const struct run *run, struct mm_ps_scene *scene)
{
	const struct mm_ps_options *o = &run->options;
	size_t rows = 0, columns = 0, size;
	bool is_screen = o->watch_ms && !o->is_json && mm_ps_screen_size(&rows, &columns);
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	int r;

	if (!out)
		return -errno;
	scene->width = columns;
	r = write_block(out, run, scene);
	if (fclose(out) != 0 && r == 0)
		r = -ENOMEM;
	if (r == 0 && is_screen) {
		mm_ps_screen_draw(text, rows);
		if (run->block + 1 == o->blocks)
			fputc('\n', stdout); /* what comes after it has a line of its own */
	} else if (r == 0) {
		/* Blocks of text in a pipe stand apart. */
		if (run->block > 0 && !o->is_json && !o->is_bare)
			fputc('\n', stdout);
		fputs(text, stdout);
	}
	free(text);
	return r;
}

/* One guest that cannot be read is told of on stderr, instead of a block; JSON says it as well. */
static int show(const struct run *run, struct mm_ps_scene *scene)
{
	bool is_good = scene->is_list || (scene->count && mm_look_is_good(&scene->guests->look));
	int r = 0;

	if (is_good || run->options.is_json || run->options.watch_ms)
		r = print_block(run, scene);
	if (r == 0 && !is_good && !run->options.watch_ms)
		complain_guest(scene->guests);
	if (scene->is_list && !scene->count && !run->options.watch_ms && !run->options.is_json)
		fprintf(stderr, "mmps: no guest runs on this host\n");
	if (r < 0) {
		fprintf(stderr, "mmps: %s\n", strerror(-r));
		return MM_PS_FAILED;
	}
	if (mm_ps_finish() != MM_PS_OK)
		return -1; /* and no further block either */
	return is_good ? MM_PS_OK : MM_PS_FAILED;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static uint64_t wall_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* *ret_may_go_on: another block may follow. */
static int run_block(struct run *run, bool *ret_may_go_on)
{
	struct mm_ps_scene scene = {.options = &run->options};
	int status = find_guests(run, &scene);

	*ret_may_go_on = false;
	if (status != MM_PS_OK)
		return status;
	if (look(run, &scene) < 0) {
		fprintf(stderr, "mmps: this host is short of memory\n");
		return MM_PS_FAILED;
	}
	scene.now_ms = mm_look_clock_ms();
	scene.wall_ms = wall_ms();
	status = show(run, &scene);
	*ret_may_go_on = status >= 0;
	return status < 0 ? MM_PS_FAILED : status;
}

int mm_ps_main(int argc, char **argv)
{
	struct run run = {0};
	const struct mm_ps_options *o = &run.options;
	bool may_go_on = true;
	uint64_t next_ms = 0;
	int status = mm_ps_options_parse(argc, argv, &run.options);

	if (status >= 0)
		return status;
	if (o->is_names)
		return print_names(&run);
	for (;;) {
		uint64_t now_ms;

		status = run_block(&run, &may_go_on);
		run.block++;
		if (!may_go_on || o->watch_ms == 0 || run.block == o->blocks)
			break;
		now_ms = mm_look_clock_ms();
		if (run.block == 1)
			next_ms =
				now_ms; /* it may have taken a while: the kernel had to be found */
		next_ms += o->watch_ms;
		if (next_ms > now_ms)
			mm_look_sleep(next_ms - now_ms);
		else
			next_ms = now_ms; /* looks take longer: no hurry afterwards */
	}
	mm_ps_guests_free(&run.guests);
	return status;
}
