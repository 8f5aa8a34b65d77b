/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "client.h"
#include "xenmm/units.h"

char *mm_show_size(char buf[MM_SHOW_MAX], const json_t *object, const char *name)
{
	return mm_format_size(buf, MM_SHOW_MAX, mm_client_kib(object, name));
}

void mm_show_donors(FILE *out, const json_t *offer)
{
	const json_t *from = json_object_get(offer, "from");
	const json_t *donor;
	char size[MM_SHOW_MAX];
	size_t i;

	json_array_foreach(from, i, donor) fprintf(out, "%s%s (%s)", i ? ", " : " from ",
		mm_client_text(donor, "name"), mm_show_size(size, donor, "kib"));
}

void mm_show_refused(FILE *out, const json_t *answer)
{
	const json_t *refused = json_object_get(answer, "refused");
	char held[MM_SHOW_MAX], kept[MM_SHOW_MAX];
	const json_t *guest;
	size_t i;

	json_array_foreach(refused, i, guest) fprintf(out,
		"  %s holds %s and could do without %s: %s\n", mm_client_text(guest, "name"),
		mm_show_size(held, guest, "held_kib"), mm_show_size(kept, guest, "kept_kib"),
		mm_client_text(guest, "reason_text"));
}

void mm_show_leases(FILE *out, const json_t *leases)
{
	char size[MM_SHOW_MAX], left[MM_SHOW_MAX];
	const json_t *lease;
	size_t i;

	if (json_array_size(leases) == 0)
		fprintf(out, "no leases\n");
	json_array_foreach(leases, i, lease)
	{
		const json_t *expires = json_object_get(lease, "expires_in_ms");
		const char *name = mm_client_text(lease, "name");

		fprintf(out, "lease %" PRIu64 ": %s for %s, %s", mm_client_kib(lease, "id"),
			mm_show_size(size, lease, "kib"), *name ? name : "the next guest",
			json_is_true(json_object_get(lease, "granted")) ? "set aside" : "waiting");
		if (json_is_integer(json_object_get(lease, "domid")))
			fprintf(out, ", domain %" PRIu64 " is being built, %s to come",
				mm_client_kib(lease, "domid"),
				mm_show_size(left, lease, "left_kib"));
		if (json_is_integer(expires))
			fprintf(out, ", ends in %" PRIu64 " s\n",
				(mm_client_kib(lease, "expires_in_ms") + 999) / 1000);
		else
			fprintf(out, ", ends with its client\n");
	}
}

void mm_show_time(FILE *out, uint64_t time_ms)
{
	time_t then = (time_t)(time_ms / 1000), now = time(NULL);
	struct tm then_day, now_day;
	char text[32];

	localtime_r(&then, &then_day);
	localtime_r(&now, &now_day);
	strftime(text, sizeof(text),
		then_day.tm_yday == now_day.tm_yday && then_day.tm_year == now_day.tm_year
			? "%H:%M:%S"
			: "%Y-%m-%d %H:%M:%S",
		&then_day);
	fputs(text, out);
}

/* What happened to its target, or would have. */
static void show_change(FILE *out, const json_t *decision)
{
	static const struct {
		const char *outcome, *grew, *shrank, *behind;
	} words[] = {
		{"set", "grew", "shrank", ""},
		{"dry-run", "would grow", "would shrink", " (dry run)"},
		{"paused", "would grow", "would shrink", " (balancing is paused)"},
		{"refused", "was to grow", "was to shrink", " (Xen refused)"},
	};
	const char *outcome = mm_client_text(decision, "outcome");
	uint64_t old_kib = mm_client_kib(decision, "old_kib");
	uint64_t new_kib = mm_client_kib(decision, "new_kib");

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(outcome, words[i].outcome)) {
			fprintf(out, "%s %" PRIu64 " -> %" PRIu64 " KiB%s",
				new_kib > old_kib ? words[i].grew : words[i].shrank, old_kib,
				new_kib, words[i].behind);
			return;
		}
	fprintf(out, "stays at %" PRIu64 " KiB", new_kib);
}

/* What the host had at that moment. */
static void show_host(FILE *out, const json_t *decision)
{
	fprintf(out, "; all guests share %" PRIu64 "%s, the host could give %" PRIu64,
		mm_client_kib(decision, "budget_kib"),
		json_is_true(json_object_get(decision, "overcommitted")) ? ", less than they use"
									 : "",
		mm_client_kib(decision, "available_kib"));
}

/* One decision. A guest that took no part has no need to show. */
void mm_show_decision(FILE *out, const json_t *decision, const char *name)
{
	const json_t *need = json_object_get(decision, "need");
	uint64_t stall = mm_client_kib(need, "pressure_ppm") / 1000; /* tenths of a percent */

	mm_show_time(out, mm_client_kib(decision, "time_ms"));
	fprintf(out, " %s%s", name ? name : "", name ? " " : "");
	show_change(out, decision);
	fprintf(out, ": %s; holds %" PRIu64, mm_client_text(decision, "reason_text"),
		mm_client_kib(decision, "held_kib"));
	if (mm_client_kib(decision, "max_kib") > 0) {
		fprintf(out, ", uses %" PRIu64, mm_client_kib(decision, "use_kib"));
		fprintf(out, ", needs %" PRIu64 " (hard) + %" PRIu64 " warm + %" PRIu64 " headroom",
			mm_client_kib(need, "hard_kib"), mm_client_kib(need, "warm_kib"),
			mm_client_kib(need, "headroom_kib"));
		fprintf(out,
			", stalls %" PRIu64 ".%" PRIu64 " %%, shall hold %" PRIu64 " of %" PRIu64
			" to %" PRIu64 ", weight %" PRIu64,
			stall / 10, stall % 10, mm_client_kib(decision, "wish_kib"),
			mm_client_kib(decision, "min_kib"), mm_client_kib(decision, "max_kib"),
			mm_client_kib(decision, "weight"));
	}
	show_host(out, decision);
}

static bool is_seen_only(const json_t *guest)
{
	return !strcmp(mm_client_text(json_object_get(guest, "agent"), "source"), "introspection");
}

const char *mm_show_outside(char *buf, size_t size, const json_t *guest)
{
	const json_t *seen = json_object_get(guest, "introspection");
	const char *difference = mm_client_text(seen, "difference");
	const char *state = mm_client_text(seen, "state"), *text = mm_client_text(seen, "text");
	uint64_t share = mm_client_kib(seen, "share_ppm") / 100; /* hundredths of a percent */
	char avail[MM_SHOW_MAX], total[MM_SHOW_MAX];

	buf[0] = '\0';
	if (*difference)
		snprintf(buf, size, "%s; %s is believed", difference,
			is_seen_only(guest) ? "the kernel" : "the agent");
	else if (!strcmp(state, "ok"))
		snprintf(buf, size,
			"its kernel, %" PRIu64 " ms ago: %s of %s available; a look costs %" PRIu64
			" us, all of them %" PRIu64 ".%02" PRIu64 " %% of a CPU",
			mm_client_kib(seen, "age_ms"), mm_show_size(avail, seen, "available_kib"),
			mm_show_size(total, seen, "total_kib"), mm_client_kib(seen, "cost_us"),
			share / 100, share % 100);
	else if (!strcmp(state, "waiting"))
		snprintf(buf, size, "is not looked into yet, or not just now");
	else if (*state)
		snprintf(
			buf, size, "cannot be looked into: %s%s%s", state, *text ? ": " : "", text);
	return buf;
}

const char *mm_show_outside_short(const json_t *guest)
{
	const json_t *seen = json_object_get(guest, "introspection");
	const char *state = mm_client_text(seen, "state");

	if (json_is_string(json_object_get(seen, "difference")))
		return "; its agent differs from its kernel";
	/* Where its agent speaks for it, it does not matter. */
	if (*state && strcmp(state, "ok") != 0 && strcmp(state, "waiting") != 0 &&
		!json_is_true(json_object_get(guest, "balanced")))
		return "; cannot be looked into";
	return is_seen_only(guest) ? "; seen from outside" : "";
}
