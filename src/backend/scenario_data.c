/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a parsed scenario is made of: its growing arrays, and the defaults of a guest. */
#include "scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xenmm/units.h"

struct mm_scn_guest mm_scn_guest_default(void)
{
	/* Rates as seen on emulated Xen 4.17 with Linux 6.1: 100 MiB down 0.8-1.2 s, up 0.25-0.35 s. */
	return (struct mm_scn_guest){
		.is_readable = true,
		.memory_kib = 256 * MM_KIB_PER_MIB,
		.use_kib = 60 * MM_KIB_PER_MIB,
		.cache_kib = 20 * MM_KIB_PER_MIB,
		.down_kib_s = 100 * MM_KIB_PER_MIB,
		.up_kib_s = 350 * MM_KIB_PER_MIB,
		.swap_kib_s = 40 * MM_KIB_PER_MIB,
		.read_kib_s = 100 * MM_KIB_PER_MIB,
		.hot_percent = 5,
		.latency_ms = 100,
		.boot_ms = 4000,
	};
}

/* Room for one more element; *array may move. */
static int reserve(void **array, size_t count, size_t *capacity, size_t limit, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 16;
	void *grown;

	if (count >= limit)
		return -E2BIG;
	if (count < *capacity)
		return 0;
	grown = reallocarray(*array, wanted, size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = wanted;
	return 0;
}

int mm_scenario_add_guest(struct mm_scenario *s, const struct mm_scn_guest *guest)
{
	void *array = s->guests;
	int r = reserve(
		&array, s->guest_count, &s->guest_capacity, MM_SCN_GUESTS_MAX, sizeof(*s->guests));

	if (r < 0)
		return r;
	s->guests = array;
	s->guests[s->guest_count++] = *guest;
	return 0;
}

int mm_scenario_add_event(struct mm_scenario *s, const struct mm_scn_event *event)
{
	void *array = s->events;
	int r = reserve(
		&array, s->event_count, &s->event_capacity, MM_SCN_EVENTS_MAX, sizeof(*s->events));

	if (r < 0)
		return r;
	s->events = array;
	s->events[s->event_count++] = *event;
	return 0;
}

static int compare_event(const void *a, const void *b)
{
	const struct mm_scn_event *x = *(const struct mm_scn_event *const *)a;
	const struct mm_scn_event *y = *(const struct mm_scn_event *const *)b;

	if (x->at_ms != y->at_ms)
		return x->at_ms > y->at_ms ? 1 : -1;
	return (x > y) - (x < y); /* place in the array: file order */
}

/* Through an array of pointers, since qsort() alone does not keep the order of equals. */
int mm_scenario_sort(struct mm_scenario *s)
{
	struct mm_scn_event *sorted;
	const struct mm_scn_event **order;
	int r = 0;

	if (s->event_count == 0)
		return 0;
	sorted = calloc(s->event_count, sizeof(*sorted));
	order = calloc(s->event_count, sizeof(*order));
	if (!sorted || !order) {
		r = -ENOMEM;
		goto out;
	}
	for (size_t i = 0; i < s->event_count; i++)
		order[i] = &s->events[i];
	qsort(order, s->event_count, sizeof(*order), compare_event);
	for (size_t i = 0; i < s->event_count; i++)
		sorted[i] = *order[i];
	memcpy(s->events, sorted, s->event_count * sizeof(*sorted));
out:
	free(order);
	free(sorted);
	return r;
}

int mm_scenario_copy(const struct mm_scenario *s, struct mm_scenario *ret_copy)
{
	struct mm_scenario copy = *s;

	copy.guests = calloc(s->guest_count + 1, sizeof(*copy.guests));
	copy.events = calloc(s->event_count + 1, sizeof(*copy.events));
	if (!copy.guests || !copy.events) {
		mm_scenario_free(&copy);
		return -ENOMEM;
	}
	copy.guest_capacity = s->guest_count + 1;
	copy.event_capacity = s->event_count + 1;
	if (s->guest_count)
		memcpy(copy.guests, s->guests, s->guest_count * sizeof(*copy.guests));
	if (s->event_count)
		memcpy(copy.events, s->events, s->event_count * sizeof(*copy.events));
	*ret_copy = copy;
	return 0;
}

void mm_scenario_free(struct mm_scenario *s)
{
	free(s->guests);
	free(s->events);
	*s = (struct mm_scenario){0};
}
