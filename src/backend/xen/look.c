/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looking into guests from outside: into whom, what is made of it, and what is told. The looking itself is done by
 * probes, see inside.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "xen_private.h"
#include "xenmm/units.h"

/* Whether rules leave a guest alone is looked up so often at most: there may be hundreds of both. */
#define CHECK_MS 5000u

/* The same guest's difference is told no more often. */
#define TELL_MS (10u * 60 * 1000)

/* ---- settings -------------------------------------------------------------------------------- */

static void on_look(
	void *arg, void *owner, const struct mm_report *report, uint64_t at_ms, bool is_news)
{
	struct mm_xen *x = arg;
	struct mm_guest *guest = owner;
	bool has_changed =
		mm_witness_look(&guest->witness, report, at_ms, mm_inside_seen(guest->inside));

	mm_agent_hear(&guest->agent, report, at_ms, at_ms);
	guest->has_difference |= has_changed;
	if (is_news || has_changed)
		mm_xen_call_round(x, mm_xen_now_ms());
}

static void stop_looking(struct mm_xen *x)
{
	for (size_t i = 0; i < x->guest_count; i++) {
		mm_inside_free(x->guests[i]->inside);
		x->guests[i]->inside = NULL;
		memset(&x->guests[i]->agent.heard[MM_SOURCE_INTROSPECTION], 0,
			sizeof(struct mm_heard));
	}
	mm_insides_free(x->insides);
	x->insides = NULL;
}

void mm_xen_configure(struct mm_backend *b, const struct mm_config *cfg)
{
	struct mm_xen *x = (struct mm_xen *)b;
	bool is_on = cfg->introspection != MM_INTROSPECTION_OFF;

	x->config = *cfg;
	for (size_t i = 0; i < x->guest_count; i++)
		x->guests[i]->check_ms = 0;
	if (!is_on && x->insides)
		stop_looking(x);
	if (is_on && !x->insides) /* without memory for it nobody is looked into */
		(void)mm_insides_new(on_look, x, &x->insides);
}

/* ---- each round ------------------------------------------------------------------------------ */

static bool is_left_alone(const struct mm_xen *x, struct mm_guest *guest,
	const struct mm_domain *dom, uint64_t now_ms)
{
	struct mm_guest_policy policy;

	if (guest->check_ms && now_ms < guest->check_ms + CHECK_MS)
		return guest->is_left_alone;
	mm_config_guest(&x->config, dom, &policy);
	guest->is_left_alone = policy.exclude == MM_CHOICE_YES;
	guest->check_ms = now_ms;
	return guest->is_left_alone;
}

static enum mm_inside_wish wish_of(const struct mm_xen *x, struct mm_guest *guest,
	const struct mm_domain *dom, uint64_t now_ms)
{
	bool has_agent = mm_agent_is_fresh(&guest->agent, MM_SOURCE_XENMM, now_ms);

	if (dom->state != MM_DOM_RUNNING && dom->state != MM_DOM_PAUSED)
		return MM_INSIDE_LEAVE;
	if (is_left_alone(x, guest, dom, now_ms))
		return MM_INSIDE_LEAVE;
	if (has_agent && x->config.introspection == MM_INTROSPECTION_AGENTLESS)
		return MM_INSIDE_LEAVE;
	if (dom->state == MM_DOM_PAUSED)
		return MM_INSIDE_REST;
	return has_agent ? MM_INSIDE_CHECK : MM_INSIDE_WATCH;
}

static void look(struct mm_xen *x, struct mm_guest *guest, struct mm_domain *dom, uint64_t now_ms)
{
	struct mm_seen *seen;

	if (!guest->inside && mm_inside_new(x->insides, guest->domid, guest, &guest->inside) < 0)
		return;
	mm_inside_wish(guest->inside, wish_of(x, guest, dom, now_ms));
	seen = mm_inside_seen(guest->inside);
	if (!mm_agent_is_fresh(&guest->agent, MM_SOURCE_XENMM, now_ms))
		(void)mm_witness_rest(&guest->witness, seen);
	dom->seen = *seen;
}

void mm_xen_look(struct mm_xen *x, struct mm_guest *guest, struct mm_domain *dom, uint64_t now_ms)
{
	const struct mm_heard *heard;
	bool is_doubted;

	if (x->insides)
		look(x, guest, dom, now_ms);
	is_doubted = dom->seen.is_different && x->config.introspection == MM_INTROSPECTION_STRICT;
	heard = is_doubted ? mm_agent_best_doubted(&guest->agent, now_ms)
			   : mm_agent_best(&guest->agent, now_ms);
	if (!heard)
		return;
	dom->report = heard->report;
	dom->report_ms = heard->report_ms;
}

/* ---- what is told ---------------------------------------------------------------------------- */

bool mm_xen_look_note(struct mm_xen *x, struct mm_note *ret_note)
{
	if (!x->insides || !mm_insides_take_missing(x->insides))
		return false;
	snprintf(ret_note->text, sizeof(ret_note->text),
		"introspection = %s, but mmprobe is not installed: guests without an agent are "
		"left "
		"alone (it is in the package of mmmon)",
		mm_introspection_name(x->config.introspection));
	ret_note->is_warning = true;
	return true;
}

/* Its end is not told: the status says how it is. */
bool mm_guest_look_note(
	struct mm_guest *guest, const struct mm_config *cfg, struct mm_note *ret_note)
{
	const struct mm_seen *seen;
	char difference[160];
	uint64_t now_ms;

	if (!guest->has_difference || !guest->inside)
		return false;
	guest->has_difference = false;
	now_ms = mm_xen_now_ms();
	seen = mm_inside_seen(guest->inside);
	if (!seen->is_different ||
		(guest->difference_ms && now_ms < guest->difference_ms + TELL_MS))
		return false;
	guest->difference_ms = now_ms;
	snprintf(ret_note->text, sizeof(ret_note->text),
		"%s (domain %" PRIu32 "): %s; %s is believed (introspection = %s)", guest->name,
		guest->domid, mm_seen_difference(seen, difference, sizeof(difference)),
		cfg->introspection == MM_INTROSPECTION_STRICT ? "the kernel" : "the agent",
		mm_introspection_name(cfg->introspection));
	ret_note->is_warning = true;
	return true;
}
