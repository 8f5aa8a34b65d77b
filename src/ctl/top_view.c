/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "top_view.h"

#include <string.h>

/* ---- the guest chosen ------------------------------------------------------------------------ */

static void choose(
	struct mm_top_view *view, const struct mm_top_status *status, size_t shown, size_t i)
{
	view->selected = i < shown ? i : shown ? shown - 1 : 0;
	if (shown > 0)
		memcpy(view->uuid, status->rows[view->selected].uuid, sizeof(view->uuid));
}

void mm_top_view_settle(
	struct mm_top_view *view, const struct mm_top_status *status, size_t shown, size_t room)
{
	size_t i = 0;

	while (i < shown && strcmp(status->rows[i].uuid, view->uuid) != 0)
		i++;
	if (view->mode == MM_TOP_MODE_GUEST && i == shown)
		return; /* its page says that it is gone */
	choose(view, status, shown, !view->is_chosen ? 0 : i < shown ? i : view->selected);
	if (room == 0)
		room = 1;
	if (view->selected < view->first)
		view->first = view->selected;
	if (view->selected >= view->first + room)
		view->first = view->selected - room + 1;
	if (view->first + room > shown)
		view->first = shown > room ? shown - room : 0;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* A place in a list after a key that moves; SIZE_MAX: that key does not. */
static size_t moved(size_t place, int key, size_t room, size_t count)
{
	switch (key) {
	case MM_TOP_KEY_UP:
	case 'k':
		return place > 0 ? place - 1 : 0;
	case MM_TOP_KEY_DOWN:
	case 'j':
		return place + 1;
	case MM_TOP_KEY_PAGE_UP:
		return place > room ? place - room : 0;
	case MM_TOP_KEY_PAGE_DOWN:
		return place + room;
	case MM_TOP_KEY_HOME:
		return 0;
	case MM_TOP_KEY_END:
		return count;
	default:
		return SIZE_MAX;
	}
}

static void sort_beside(struct mm_top_order *order, int step)
{
	int column = (int)order->column;

	do {
		column += step;
		if (column < 0 || column >= MM_TOP_COLUMN_COUNT)
			return; /* there is none further on */
	} while (!mm_top_column_key((enum mm_top_column)column));
	order->column = (enum mm_top_column)column;
	order->is_reverse = false;
}

static void type_filter(struct mm_top_view *view, int key)
{
	char *filter = view->order.filter;
	size_t len = strlen(filter);

	if (key == MM_TOP_KEY_ENTER) {
		view->mode = MM_TOP_MODE_LIST;
	} else if (key == MM_TOP_KEY_ESCAPE) {
		filter[0] = '\0';
		view->mode = MM_TOP_MODE_LIST;
	} else if (key == MM_TOP_KEY_RUBOUT) {
		if (len > 0)
			filter[len - 1] = '\0';
	} else if (key >= ' ' && key <= '~' && len + 1 < MM_TOP_FILTER_MAX) {
		filter[len] = (char)key;
		filter[len + 1] = '\0';
	}
}

static void open_page(struct mm_top_view *view, enum mm_top_mode mode)
{
	view->mode = mode;
	view->scroll = 0;
}

/* Keys of the list that do not move. */
static void take_order(struct mm_top_view *view, int key)
{
	const char name[2] = {key >= 'A' && key <= 'Z' ? (char)key : '\0', '\0'};
	enum mm_top_column column = mm_top_column_named(name);

	if (column != MM_TOP_COLUMN_COUNT) {
		view->order.column = column;
		view->order.is_reverse = false;
	} else if (key == '<' || key == '>') {
		sort_beside(&view->order, key == '<' ? -1 : 1);
	} else if (key == 'r' || key == 'R' || key == 'I') {
		view->order.is_reverse = !view->order.is_reverse;
	} else if (key == '/') {
		view->mode = MM_TOP_MODE_FILTER;
	} else if (key == MM_TOP_KEY_ESCAPE) {
		view->order.filter[0] = '\0';
	} else if (key == MM_TOP_KEY_ENTER && *view->uuid) {
		open_page(view, MM_TOP_MODE_GUEST);
		view->is_chosen = true;
		view->is_due = true;
	} else if (key == 'q') {
		view->is_over = true;
	}
}

static void take_page_key(struct mm_top_view *view, int key, size_t room)
{
	size_t to = moved(view->scroll, key, room, view->scroll);

	if (to != SIZE_MAX)
		view->scroll = to; /* who draws knows where the end is */
	else if (key == 'q' || key == MM_TOP_KEY_ESCAPE || key == MM_TOP_KEY_ENTER ||
		 view->mode == MM_TOP_MODE_HELP)
		view->mode = MM_TOP_MODE_LIST;
}

void mm_top_view_key(struct mm_top_view *view, int key, const struct mm_top_status *status,
	size_t shown, size_t room)
{
	size_t to;

	if (key == MM_TOP_KEY_NONE || key == MM_TOP_KEY_REDRAW)
		return;
	if (view->mode == MM_TOP_MODE_FILTER) {
		type_filter(view, key);
		return;
	}
	if (key == ' ') {
		view->is_due = true;
		return;
	}
	if (key == MM_TOP_KEY_HELP || key == 'h' || key == '?') {
		open_page(view, MM_TOP_MODE_HELP);
		return;
	}
	if (view->mode != MM_TOP_MODE_LIST) {
		take_page_key(view, key, room);
		return;
	}
	to = moved(view->selected, key, room, shown);
	if (to != SIZE_MAX) {
		choose(view, status, shown, to);
		view->is_chosen = key != MM_TOP_KEY_HOME;
	} else {
		take_order(view, key);
	}
}
