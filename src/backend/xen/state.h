/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From what Xen, the store and dom0's processes say of a domain to its state. Pure. */
#ifndef XENMM_XEN_STATE_H
#define XENMM_XEN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "xenmm/snapshot.h"

struct mm_dom_facts {
	bool is_dying;	     /* Xen: being destroyed */
	bool is_shutdown;    /* Xen: stopped by itself ... */
	bool is_suspended;   /* ... in order to be saved */
	bool is_paused;	     /* Xen: by the toolstack */
	bool has_run;	     /* Xen: has used the CPU */
	bool has_target;     /* store: memory/target is there */
	bool had_target;     /* ... or was, once */
	bool is_saved;	     /* dom0: a helper is writing it out */
	bool is_restored;    /* dom0: a helper is reading it in */
	bool is_suspend_due; /* store: asked to suspend, a moment ago */
	bool is_incoming;    /* name: being received ... */
	bool is_away;	     /* ... or gone to another host */
	bool is_foreign;     /* libxl refused to set its target, a moment ago */
};

enum mm_dom_state mm_dom_state_of(const struct mm_dom_facts *facts);

/* What a domain's name, as long as it may be, says of its way between hosts. */
bool mm_name_is_incoming(const char *name);
bool mm_name_is_away(const char *name);

/*
 * The request to suspend stands in control/shutdown, which the guest can write, too. It is believed
 * for as long as a toolstack needs from there to its next step, and then not again for a while:
 * otherwise a guest could stay exempt from sharing for ever.
 */
struct mm_suspend {
	uint64_t asked_ms; /* 0: never */
};

void mm_suspend_asked(struct mm_suspend *suspend, uint64_t now_ms);
bool mm_suspend_is_due(const struct mm_suspend *suspend, uint64_t now_ms);

#endif
