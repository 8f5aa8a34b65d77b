/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "show.h"

#include <inttypes.h>

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
