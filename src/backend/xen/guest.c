/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One guest as the store shows it. See guest.h. */
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For how long a guest that floods its keys is not heard. It is looked at when that is over. */
#define BOX_MS 1000u

/* A record is not read before its round more often than this. */
#define PEEK_MS 1000u

static void format_uuid(char buf[MM_UUID_LEN + 1], const xen_domain_handle_t handle)
{
	char *at = buf;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		at += sprintf(at, "%02x", handle[i]);
	}
}

struct mm_guest *mm_guest_new(uint32_t domid, const xen_domain_handle_t handle, uint32_t serial)
{
	struct mm_guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return NULL;
	guest->domid = domid;
	guest->serial = serial;
	guest->dirty = MM_DIRTY_ALL;
	memcpy(guest->handle, handle, sizeof(guest->handle));
	format_uuid(guest->uuid, handle);
	return guest;
}

static void watch_names(const struct mm_guest *guest, enum mm_watch watch, char path[MM_PATH_MAX],
	char token[MM_TOKEN_MAX])
{
	mm_store_path(path, guest->domid, mm_watch_path(watch));
	mm_token_format(token, watch, guest->domid, guest->serial);
}

static void unwatch(struct mm_guest *guest, struct mm_store *store, bool guests_only)
{
	char path[MM_PATH_MAX], token[MM_TOKEN_MAX];

	for (int watch = 0; watch < MM_WATCH_GUEST_COUNT; watch++) {
		if (guests_only && !mm_watch_is_guests((enum mm_watch)watch))
			continue;
		watch_names(guest, (enum mm_watch)watch, path, token);
		mm_store_unwatch(store, path, token);
	}
	guest->is_watched = false;
}

void mm_guest_free(struct mm_guest *guest, struct mm_store *store)
{
	if (!guest)
		return;
	mm_inside_free(guest->inside);
	unwatch(guest, store, false);
	free(guest);
}

void mm_guest_forget_watches(struct mm_guest *guest)
{
	guest->is_watched = false;
	guest->boxed_ms = 0;
}

int mm_guest_watch(struct mm_guest *guest, struct mm_store *store, uint64_t now_ms)
{
	char path[MM_PATH_MAX], token[MM_TOKEN_MAX];

	if (guest->is_watched || now_ms < guest->boxed_ms)
		return 0;
	for (int watch = 0; watch < MM_WATCH_GUEST_COUNT; watch++) {
		int r;

		watch_names(guest, (enum mm_watch)watch, path, token);
		r = mm_store_watch(store, path, token);
		if (r < 0)
			return r;
		if (r > 0)
			guest->initial |= 1u << watch;
	}
	guest->is_watched = true;
	guest->boxed_ms = 0;
	/* whatever was written while nobody watched */
	guest->dirty |= MM_DIRTY_ALL;
	return 0;
}

/* A guest's agent wrote something new, not just our registration told of it. */
static void note_write(struct mm_guest *guest, unsigned int dirty, uint64_t now_ms)
{
	if (dirty & MM_DIRTY_RECORD)
		guest->written_ms[MM_SOURCE_XENMM] = now_ms;
	if (dirty & MM_DIRTY_PAIR)
		guest->written_ms[MM_SOURCE_SEED] = now_ms;
	if (dirty & MM_DIRTY_XS)
		guest->written_ms[MM_SOURCE_XENSERVER] = now_ms;
}

/* Than the two numbers of other agents. */
static bool knows_better(const struct mm_guest *guest, uint64_t now_ms)
{
	return mm_agent_is_fresh(&guest->agent, MM_SOURCE_XENMM, now_ms) ||
	       mm_agent_is_fresh(&guest->agent, MM_SOURCE_INTROSPECTION, now_ms);
}

/* Of what became dirty just now: is it worth a round before the next one is due? */
static bool deserves_round(const struct mm_guest *guest, unsigned int fresh, uint64_t now_ms)
{
	if (fresh & (MM_DIRTY_RECORD | MM_DIRTY_SHUTDOWN | MM_DIRTY_POLICY))
		return true;
	if (fresh &
		MM_DIRTY_TARGET) /* of a running guest that is our own doing, mostly; it can wait */
		return !guest->has_target;
	/* mmclient writes these beside its record */
	if (fresh & (MM_DIRTY_PAIR | MM_DIRTY_XS))
		return !knows_better(guest, now_ms);
	return false;
}

static int refresh_record(struct mm_guest *guest, struct mm_store *store, uint64_t now_ms);

/*
 * A record that says nothing but that the guest lives needs no round of its own: a thousand guests say so a
 * hundred times a second. It is read at once to find out; of one that writes often, not each time.
 */
static bool is_sign_of_life(struct mm_guest *guest, struct mm_store *store, uint64_t now_ms)
{
	const struct mm_report *report = &guest->agent.heard[MM_SOURCE_XENMM].report;
	struct mm_report before = *report;

	if (now_ms < guest->peek_ms + PEEK_MS ||
		!mm_agent_is_fresh(&guest->agent, MM_SOURCE_XENMM, now_ms))
		return false;
	guest->peek_ms = now_ms;
	guest->dirty &= ~(unsigned int)MM_DIRTY_RECORD;
	if (refresh_record(guest, store, now_ms) == 0)
		return !mm_report_is_news(&before, report);
	guest->dirty |= MM_DIRTY_RECORD; /* the round will see why */
	return false;
}

bool mm_guest_event(struct mm_guest *guest, struct mm_store *store, enum mm_watch watch,
	const char *path, uint64_t now_ms)
{
	unsigned int dirty = mm_watch_dirty(watch, path);
	unsigned int fresh = dirty & ~guest->dirty;

	if (guest->initial & 1u << watch) { /* all was read after the watch was registered */
		guest->initial &= ~(1u << watch);
		return false;
	}
	if (mm_watch_is_guests(watch) && mm_flood_count(&guest->flood, now_ms) &&
		guest->is_watched) {
		unwatch(guest, store, true);
		guest->boxed_ms = now_ms + BOX_MS;
	}
	guest->dirty |= dirty;
	note_write(guest, dirty, now_ms);
	return deserves_round(guest, fresh, now_ms) &&
	       !(fresh == MM_DIRTY_RECORD && is_sign_of_life(guest, store, now_ms));
}

/* ---- reading -------------------------------------------------------------------- */

static int read_key(struct mm_guest *guest, struct mm_store *store, const char *key,
	char **ret_text, size_t *ret_len)
{
	char path[MM_PATH_MAX];

	mm_store_path(path, guest->domid, key);
	return mm_store_read(store, XBT_NULL, path, ret_text, ret_len);
}

static void hear(struct mm_guest *guest, const struct mm_report *report, uint64_t now_ms)
{
	uint64_t *written_ms = &guest->written_ms[report->source];

	if (report->source == MM_SOURCE_XENMM && *written_ms)
		mm_witness_hear(&guest->witness, report, *written_ms);
	mm_agent_hear(&guest->agent, report, *written_ms, now_ms);
	*written_ms = 0;
}

static int refresh_record(struct mm_guest *guest, struct mm_store *store, uint64_t now_ms)
{
	struct mm_report report;
	char *text;
	size_t len;
	int r = read_key(guest, store, MM_KEY_RECORD, &text, &len);

	if (r < 0)
		return r;
	if (mm_report_parse(text, len, &report) == 0)
		hear(guest, &report, now_ms);
	free(text);
	return 0;
}

static int refresh_pair(
	struct mm_guest *guest, struct mm_store *store, enum mm_source source, uint64_t now_ms)
{
	bool is_seed = source == MM_SOURCE_SEED;
	char *free_text, *tot_text;
	size_t free_len, tot_len;
	struct mm_report report;
	int r = read_key(
		guest, store, is_seed ? MM_KEY_FREE : MM_KEY_XS_FREE, &free_text, &free_len);

	if (r == -ENOENT && is_seed)
		guest->has_keys =
			false; /* the guest may remove what is its own; it gets it again */
	if (r < 0)
		return r;
	r = read_key(guest, store, is_seed ? MM_KEY_TOT : MM_KEY_XS_TOTAL, &tot_text, &tot_len);
	if (r == 0) {
		if (mm_report_parse_pair(source, free_text, free_len, tot_text, tot_len, &report) ==
			0)
			hear(guest, &report, now_ms);
		free(tot_text);
	}
	free(free_text);
	return r;
}

/* The agents' keys, best source first: while its word is fresh the others can wait. */
static int refresh_reports(struct mm_guest *guest, struct mm_store *store, uint64_t now_ms)
{
	int r;

	if (guest->dirty & MM_DIRTY_RECORD) {
		guest->dirty &= ~MM_DIRTY_RECORD;
		r = refresh_record(guest, store, now_ms);
		if (r == -ENOTCONN)
			return r;
	}
	if (knows_better(guest, now_ms))
		return 0;
	if (guest->dirty & MM_DIRTY_PAIR) {
		guest->dirty &= ~MM_DIRTY_PAIR;
		r = refresh_pair(guest, store, MM_SOURCE_SEED, now_ms);
		if (r == -ENOTCONN)
			return r;
		if (r == -ENOENT) /* the guest may remove what is its own; it gets it again */
			guest->has_keys = false;
	}
	if (mm_agent_is_fresh(&guest->agent, MM_SOURCE_SEED, now_ms) ||
		!(guest->dirty & MM_DIRTY_XS))
		return 0;
	guest->dirty &= ~MM_DIRTY_XS;
	r = refresh_pair(guest, store, MM_SOURCE_XENSERVER, now_ms);
	return r == -ENOTCONN ? r : 0;
}

/* What the toolstack says: target, maximum, and what an HVM guest's screen takes. */
static int refresh_target(struct mm_guest *guest, struct mm_store *store)
{
	int r = mm_store_read_u64(store, guest->domid, "memory/target", &guest->target_kib);

	if (r == -ENOTCONN)
		return r;
	guest->has_target = r == 0;
	if (!guest->has_target)
		return 0;
	if (mm_store_read_u64(store, guest->domid, "memory/static-max", &guest->static_max_kib) ==
		-ENOTCONN)
		return -ENOTCONN;
	if (guest->is_hvm && !guest->had_target &&
		mm_store_read_u64(store, guest->domid, "memory/videoram", &guest->videoram_kib) ==
			-ENOTCONN)
		return -ENOTCONN;
	guest->had_target = true;
	return 0;
}

static int refresh_name(struct mm_guest *guest, struct mm_store *store)
{
	char *text;
	size_t len;
	int r = read_key(guest, store, "name", &text, &len);

	if (r < 0)
		return r;
	mm_name_copy(guest->name, text, len);
	guest->is_incoming = mm_name_is_incoming(text);
	guest->is_away = mm_name_is_away(text);
	free(text);
	return 0;
}

static int refresh_shutdown(struct mm_guest *guest, struct mm_store *store, uint64_t now_ms)
{
	char *text;
	size_t len;
	int r = read_key(guest, store, "control/shutdown", &text, &len);

	if (r < 0)
		return r;
	if (!strcmp(text, "suspend"))
		mm_suspend_asked(&guest->suspend, now_ms);
	free(text);
	return 0;
}

/* What dom0 wrote about this guest. A guest must never write its own weight. */
static int refresh_policy(struct mm_guest *guest, struct mm_store *store)
{
	char path[MM_PATH_MAX], *text;
	size_t len;
	int r;

	mm_store_path(path, guest->domid, MM_KEY_POLICY);
	r = mm_store_read(store, XBT_NULL, path, &text, &len);
	if (r == -ENOENT)
		mm_policy_key_clear(&guest->policy_key);
	if (r < 0)
		return r;
	r = mm_guest_is_dom0s(store, path);
	if (r > 0)
		mm_policy_key_hear(&guest->policy_key, text, len);
	else if (r == 0)
		mm_policy_key_refuse(&guest->policy_key);
	free(text);
	return r;
}

int mm_guest_refresh(struct mm_guest *guest, struct mm_store *store, uint64_t now_ms)
{
	int r = 0;

	if (guest->dirty & MM_DIRTY_TARGET)
		r = refresh_target(guest, store);
	if (r != -ENOTCONN && guest->dirty & MM_DIRTY_NAME)
		r = refresh_name(guest, store);
	if (r != -ENOTCONN && guest->dirty & MM_DIRTY_SHUTDOWN)
		r = refresh_shutdown(guest, store, now_ms);
	if (r != -ENOTCONN && guest->dirty & MM_DIRTY_POLICY)
		r = refresh_policy(guest, store);
	if (r == -ENOTCONN)
		return r;
	guest->dirty &= ~(MM_DIRTY_TARGET | MM_DIRTY_NAME | MM_DIRTY_SHUTDOWN | MM_DIRTY_POLICY);
	return refresh_reports(guest, store, now_ms);
}
