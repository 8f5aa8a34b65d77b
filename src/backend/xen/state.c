/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A domain's state. See state.h. */
#include "state.h"

#include <string.h>

/* How long a request to suspend is believed, and the time from one to the next that is. */
#define SUSPEND_HOLD_MS	 10000u
#define SUSPEND_AGAIN_MS 60000u

/* xl's names for a domain on its way between hosts. */
#define SUFFIX_INCOMING "--incoming"
#define SUFFIX_AWAY	"--migratedaway"

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	return len > tail && !strcmp(name + len - tail, suffix);
}

bool mm_name_is_incoming(const char *name)
{
	return has_suffix(name, SUFFIX_INCOMING);
}

bool mm_name_is_away(const char *name)
{
	return has_suffix(name, SUFFIX_AWAY);
}

enum mm_dom_state mm_dom_state_of(const struct mm_dom_facts *f)
{
	if (f->is_dying || (f->is_shutdown && !f->is_suspended))
		return MM_DOM_DYING;
	/* the toolstack takes the store directory away before it destroys the domain */
	if (!f->has_target && f->had_target)
		return MM_DOM_DYING;
	if (f->is_restored || !f->has_target || f->is_incoming)
		return MM_DOM_BUILDING;
	if (f->is_suspended || f->is_saved || f->is_suspend_due || f->is_away)
		return MM_DOM_SAVING;
	if (f->is_paused)
		return f->has_run ? MM_DOM_PAUSED : MM_DOM_BUILDING;
	return f->is_foreign ? MM_DOM_FOREIGN : MM_DOM_RUNNING;
}

void mm_suspend_asked(struct mm_suspend *suspend, uint64_t now_ms)
{
	if (!suspend->asked_ms || now_ms - suspend->asked_ms >= SUSPEND_AGAIN_MS)
		suspend->asked_ms = now_ms;
}

bool mm_suspend_is_due(const struct mm_suspend *suspend, uint64_t now_ms)
{
	return suspend->asked_ms && now_ms - suspend->asked_ms < SUSPEND_HOLD_MS;
}
