/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Xen's list of domains, our records of them, and the snapshot made of both. Two hypercalls a
 * round, however many domains there are (and one for each that still has populate-on-demand
 * entries).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xen_private.h"
#include "xenmm/units.h"

#define LIST_START 64u /* room for so many domains at first; doubles */

static int reserve_infos(struct mm_xen *x)
{
	unsigned int capacity = x->info_capacity ? 2 * x->info_capacity : LIST_START;
	xc_domaininfo_t *infos = realloc(x->infos, capacity * sizeof(*infos));

	if (!infos)
		return -ENOMEM;
	x->infos = infos;
	x->info_capacity = capacity;
	return 0;
}

/* Xen's list from domain 1 on. */
static int list_infos(struct mm_xen *x)
{
	uint32_t first = 1;

	x->info_count = 0;
	for (;;) {
		unsigned int room = x->info_capacity - x->info_count;
		int n;

		if (!room) {
			if (reserve_infos(x) < 0)
				return -ENOMEM;
			continue;
		}
		n = xc_domain_getinfolist(x->xc, first, room, x->infos + x->info_count);
		if (n < 0)
			return -EIO;
		x->info_count += (unsigned int)n;
		if ((unsigned int)n < room)
			return 0;
		first = x->infos[x->info_count - 1].domain + 1u;
	}
}

/* The store's own domain, where there is one, is no guest. */
static void drop_store_domain(struct mm_xen *x)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < x->info_count; i++)
		if (!(x->infos[i].flags & XEN_DOMINF_xs_domain))
			x->infos[kept++] = x->infos[i];
	x->info_count = kept;
}

static int reserve_guests(struct mm_xen *x, size_t count)
{
	struct mm_guest **guests;

	if (count <= x->guest_capacity)
		return 0;
	guests = realloc(x->guests, 2 * count * sizeof(struct mm_guest *));
	if (!guests)
		return -ENOMEM;
	x->guests = guests;
	guests = realloc(x->next_guests, 2 * count * sizeof(struct mm_guest *));
	if (!guests)
		return -ENOMEM;
	x->next_guests = guests;
	x->guest_capacity = 2 * count;
	return 0;
}

/* Whether a record is of that very domain: an id may be used again. */
static bool is_of(const struct mm_guest *guest, const xc_domaininfo_t *info)
{
	return guest->domid == info->domain &&
	       !memcmp(guest->handle, info->handle, sizeof(guest->handle));
}

/* Makes x->guests follow x->infos: both are sorted, so one walk does. */
static int match_guests(struct mm_xen *x)
{
	struct mm_guest **old = x->guests, **made = x->next_guests;
	size_t at = 0, count = 0;

	for (unsigned int i = 0; i < x->info_count; i++) {
		const xc_domaininfo_t *info = &x->infos[i];

		while (at < x->guest_count && old[at]->domid < info->domain)
			mm_guest_free(old[at++], &x->store);
		if (at < x->guest_count && is_of(old[at], info)) {
			made[count++] = old[at++];
			continue;
		}
		made[count] = mm_guest_new(info->domain, info->handle, x->next_serial++);
		if (!made[count])
			break;
		made[count]->is_hvm = info->flags & XEN_DOMINF_hvm_guest;
		count++;
	}
	while (at < x->guest_count)
		mm_guest_free(old[at++], &x->store);
	x->guests = made;
	x->next_guests = old;
	x->guest_count = count;
	return count == x->info_count ? 0 : -ENOMEM;
}

int mm_xen_list(struct mm_xen *x)
{
	int r = list_infos(x);

	if (r < 0)
		return r;
	drop_store_domain(x);
	r = reserve_guests(x, x->info_count);
	return r < 0 ? r : match_guests(x);
}

struct mm_guest *mm_xen_find(struct mm_xen *x, uint32_t domid)
{
	size_t low = 0, high = x->guest_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (x->guests[middle]->domid < domid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < x->guest_count && x->guests[low]->domid == domid ? x->guests[low] : NULL;
}

/* ---- the snapshot --------------------------------------------------------------- */

static int fill_host(struct mm_xen *x, struct mm_host *host)
{
	xc_physinfo_t info = {0};

	if (xc_physinfo(x->xc, &info) < 0)
		return -EIO;
	host->total_kib = info.total_pages * MM_KIB_PER_PAGE;
	host->free_kib = (info.free_pages + info.scrub_pages) * MM_KIB_PER_PAGE;
	x->free_kib = host->free_kib;
	host->claims_kib = info.outstanding_pages * MM_KIB_PER_PAGE;
	return 0;
}

static enum mm_dom_state domain_state(struct mm_xen *x, const xc_domaininfo_t *info,
	const struct mm_guest *guest, uint64_t now_ms)
{
	const struct mm_helper *helper = mm_saving_find(&x->saving, guest->domid);
	unsigned int reason = info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
	struct mm_dom_facts facts = {
		.is_dying = info->flags & XEN_DOMINF_dying,
		.is_shutdown = info->flags & XEN_DOMINF_shutdown,
		.is_paused = info->flags & XEN_DOMINF_paused,
		.has_run = info->cpu_time > 0,
		.has_target = guest->has_target,
		.had_target = guest->had_target,
		.is_saved = helper && !helper->is_restore,
		.is_restored = helper && helper->is_restore,
		.is_suspend_due = mm_suspend_is_due(&guest->suspend, now_ms),
		.is_incoming = guest->is_incoming,
		.is_away = guest->is_away,
		.is_foreign = now_ms < guest->foreign_ms,
	};

	facts.is_suspended = facts.is_shutdown && reason == SHUTDOWN_suspend;
	return mm_dom_state_of(&facts);
}

/*
 * Populate-on-demand entries that Xen holds no page for: until the balloon has taken as many from
 * the guest, touching one may kill it. The entries themselves stay for as long as the guest leaves
 * them untouched, and Xen does not make the cache behind them smaller when a target falls below
 * what the domain holds; so once a running domain has its entries covered it need not be asked
 * again.
 */
static uint64_t pod_kib(struct mm_xen *x, struct mm_guest *guest, enum mm_dom_state state)
{
	uint64_t pages, cache, entries;

	if (!guest->is_hvm || guest->is_pod_done || state == MM_DOM_DYING)
		return 0;
	if (xc_domain_get_pod_target(x->xc, guest->domid, &pages, &cache, &entries) < 0)
		return 0;
	guest->is_pod_done = entries <= cache && state == MM_DOM_RUNNING;
	return mm_sub_floor(entries, cache) * MM_KIB_PER_PAGE;
}

static int add_domain(struct mm_xen *x, unsigned int i, struct mm_snapshot *snap, uint64_t now_ms)
{
	struct mm_guest *guest = x->guests[i];
	struct mm_domain *dom;
	int r = mm_snapshot_add(snap, &dom);

	if (r < 0)
		return r;
	dom->domid = guest->domid;
	memcpy(dom->uuid, guest->uuid, sizeof(dom->uuid));
	memcpy(dom->name, guest->name, sizeof(dom->name));
	dom->type = guest->is_hvm ? MM_DOM_HVM : MM_DOM_PV;
	dom->state = domain_state(x, &x->infos[i], guest, now_ms);
	dom->current_kib = x->infos[i].tot_pages * MM_KIB_PER_PAGE;
	dom->target_kib = guest->has_target ? guest->target_kib : 0;
	dom->claim_kib = x->infos[i].outstanding_pages * MM_KIB_PER_PAGE;
	dom->static_max_kib = guest->static_max_kib;
	dom->pod_kib = pod_kib(x, guest, dom->state);
	dom->policy = guest->policy_key.policy;
	mm_xen_look(x, guest, dom, now_ms);
	return 0;
}

int mm_xen_fill(struct mm_xen *x, struct mm_snapshot *snap, uint64_t now_ms)
{
	int r = fill_host(x, &snap->host);

	for (unsigned int i = 0; r == 0 && i < x->info_count; i++)
		r = add_domain(x, i, snap, now_ms);
	if (r < 0)
		return r;
	mm_snapshot_sort(snap);
	return 0;
}
