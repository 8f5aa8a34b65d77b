/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "top_screen.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "top_view.h"
#include "xenmm/units.h"

#define SIZE_LIMIT 1000 /* of lines and columns; what is shown has 320 columns at most */
#define ESCAPE_MS  25	/* what a terminal needs at most to send the rest of a key */

/* Pairs of colours, on the terminal's own background. */
enum { PAIR_GOOD = 1, PAIR_WARN, PAIR_BAD, PAIR_HARD, PAIR_WARM, PAIR_ROOM };

static SCREEN *screen;
static bool has_colour;

static void set_colours(void)
{
	const char *none = getenv("NO_COLOR");

	has_colour = !(none && *none) && has_colors() && start_color() == OK;
	if (!has_colour)
		return;
	if (use_default_colors() != OK)
		(void)assume_default_colors(COLOR_WHITE, COLOR_BLACK);
	init_pair(PAIR_GOOD, COLOR_GREEN, -1);
	init_pair(PAIR_WARN, COLOR_YELLOW, -1);
	init_pair(PAIR_BAD, COLOR_RED, -1);
	init_pair(PAIR_HARD, COLOR_BLUE, -1);
	init_pair(PAIR_WARM, COLOR_YELLOW, -1);
	init_pair(PAIR_ROOM, COLOR_CYAN, -1);
}

/* curses refuses to start with some sizes, and takes others as they are. */
static void ignore_nonsense(const char *variable)
{
	const char *text = getenv(variable);
	uint64_t size;

	if (text && (mm_parse_u64(text, strlen(text), SIZE_LIMIT, &size) || size == 0))
		(void)unsetenv(variable);
}

const char *mm_top_screen_open(void)
{
	const char *cursor;

	ignore_nonsense("LINES");
	ignore_nonsense("COLUMNS");
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return "is not known, or can show no page";
	set_term(screen);
	cursor = tigetstr("cup");
	if (!cursor || cursor == (const char *)-1) { /* curses would draw, and nothing be seen */
		mm_top_screen_close();
		return "cannot move its cursor";
	}
	set_colours();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	(void)curs_set(0);
	return 0;
}

void mm_top_screen_close(void)
{
	if (!screen)
		return;
	endwin();
	delscreen(screen);
	screen = NULL;
}

void mm_top_screen_size(int *ret_rows, int *ret_columns)
{
	getmaxyx(stdscr, *ret_rows, *ret_columns);
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* What carries the meaning is the characters; colours and weight only help. */
static attr_t look_of(enum mm_top_style style)
{
	static const struct {
		attr_t plain;
		attr_t coloured;
		int pair;
	} looks[MM_TOP_STYLE_COUNT] = {
		[MM_TOP_FAINT] = {A_NORMAL, A_DIM, 0},
		[MM_TOP_BOLD] = {A_BOLD, A_BOLD, 0},
		[MM_TOP_HEAD] = {A_REVERSE, A_REVERSE, 0},
		[MM_TOP_HEAD_SORT] = {A_REVERSE | A_BOLD, A_REVERSE | A_BOLD, PAIR_ROOM},
		[MM_TOP_PART_HARD] = {A_NORMAL, A_BOLD, PAIR_HARD},
		[MM_TOP_PART_WARM] = {A_NORMAL, A_NORMAL, PAIR_WARM},
		[MM_TOP_PART_ROOM] = {A_NORMAL, A_NORMAL, PAIR_ROOM},
		[MM_TOP_PART_IDLE] = {A_NORMAL, A_DIM, 0},
		[MM_TOP_GOOD] = {A_NORMAL, A_NORMAL, PAIR_GOOD},
		[MM_TOP_WARN] = {A_NORMAL, A_NORMAL, PAIR_WARN},
		[MM_TOP_BAD] = {A_BOLD, A_BOLD, PAIR_BAD},
		[MM_TOP_ALARM] = {A_REVERSE | A_BOLD, A_REVERSE | A_BOLD, PAIR_BAD},
	};

	return has_colour ? looks[style].coloured | (attr_t)COLOR_PAIR(looks[style].pair)
			  : looks[style].plain;
}

static void draw_line(int y, const struct mm_top_line *line, bool is_marked, int columns)
{
	move(y, 0);
	for (int x = 0; x < columns && (x < line->len || is_marked); x++) {
		enum mm_top_style style =
			x < line->len ? (enum mm_top_style)line->style[x] : MM_TOP_PLAIN;

		addch((chtype)(unsigned char)(x < line->len ? line->text[x] : ' ') |
			(is_marked ? A_REVERSE : look_of(style)));
	}
}

void mm_top_screen_draw(const struct mm_top_picture *p)
{
	int rows, columns, y = 0;
	size_t next = p->fixed + p->first;

	getmaxyx(stdscr, rows, columns);
	erase();
	for (size_t i = 0; i < p->head->count && y < rows; i++)
		draw_line(y++, &p->head->lines[i], false, columns);
	for (size_t i = 0; i < p->fixed && i < p->body->count && y < rows; i++)
		draw_line(y++, &p->body->lines[i], false, columns);
	for (; next < p->body->count && y < rows; next++)
		draw_line(y++, &p->body->lines[next], next == p->marked, columns);
	refresh();
}

/* ---- keys ------------------------------------------------------------------------------------ */

static bool is_hung_up(void)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLHUP | POLLERR | POLLNVAL));
}

int mm_top_screen_key(bool *ret_is_gone)
{
	int key = getch();

	switch (key) {
	case ERR:
		*ret_is_gone = is_hung_up();
		return MM_TOP_KEY_NONE;
	case KEY_UP:
		return MM_TOP_KEY_UP;
	case KEY_DOWN:
		return MM_TOP_KEY_DOWN;
	case KEY_PPAGE:
		return MM_TOP_KEY_PAGE_UP;
	case KEY_NPAGE:
		return MM_TOP_KEY_PAGE_DOWN;
	case KEY_HOME:
		return MM_TOP_KEY_HOME;
	case KEY_END:
		return MM_TOP_KEY_END;
	case KEY_ENTER:
	case '\r':
	case '\n':
		return MM_TOP_KEY_ENTER;
	case '\033':
		return MM_TOP_KEY_ESCAPE;
	case KEY_BACKSPACE:
	case '\b':
	case 0x7f:
		return MM_TOP_KEY_RUBOUT;
	case KEY_F(1):
		return MM_TOP_KEY_HELP;
	case KEY_F(10):
		return 'q';
	default:
		return key >= ' ' && key <= '~' ? key : MM_TOP_KEY_REDRAW;
	}
}
