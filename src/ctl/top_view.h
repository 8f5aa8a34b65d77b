/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the user of mmctl top has chosen: page, guest, order, filter; and what keys make of it. Pure. */
#ifndef XENMM_CTL_TOP_VIEW_H
#define XENMM_CTL_TOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "top_rows.h"

/* Keys besides printable ASCII, which stands for itself. */
enum mm_top_key {
	MM_TOP_KEY_NONE = 0x100,
	MM_TOP_KEY_UP,
	MM_TOP_KEY_DOWN,
	MM_TOP_KEY_PAGE_UP,
	MM_TOP_KEY_PAGE_DOWN,
	MM_TOP_KEY_HOME,
	MM_TOP_KEY_END,
	MM_TOP_KEY_ENTER,
	MM_TOP_KEY_ESCAPE,
	MM_TOP_KEY_RUBOUT,
	MM_TOP_KEY_HELP,
	MM_TOP_KEY_REDRAW, /* the window has another size */
};

enum mm_top_mode { MM_TOP_MODE_LIST, MM_TOP_MODE_FILTER, MM_TOP_MODE_GUEST, MM_TOP_MODE_HELP };

struct mm_top_view {
	enum mm_top_mode mode;
	struct mm_top_order order;
	char uuid[40];	 /* of the guest chosen, or the first ... */
	bool is_chosen;	 /* ... and then whichever is the first later on */
	size_t selected; /* its place among the rows shown */
	size_t first;	 /* the first row on the screen */
	size_t scroll;	 /* the same on the other pages */
	bool is_due;	 /* look again at once */
	bool is_over;
};

/* Takes a key. `shown` rows of the status are shown (mm_top_arrange()), `room` of them fit the screen. */
void mm_top_view_key(struct mm_top_view *view, int key, const struct mm_top_status *status,
	size_t shown, size_t room);

/* After rows have changed their places, or the window its size: finds the guest chosen, and has it on the screen. */
void mm_top_view_settle(
	struct mm_top_view *view, const struct mm_top_status *status, size_t shown, size_t room);

#endif
