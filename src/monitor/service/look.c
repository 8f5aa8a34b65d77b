/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/service/look.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "log.h"
#include "monitor/process_json.h"
#include "monitor/service/uuid.h"
#include "monitor/text.h"
#include "probe/fleet.h"
#include "vmi/xen/guests.h"
#include "xenmm/units.h"

struct guest {
	struct mm_look_guest shown; /* first: what others see of it */
	const char *file;	    /* NULL: a domain */
	uint64_t taken_ms;	    /* of the last sample that was counted */
	uint32_t failures;	    /* in a row, as the fleet said last */
	bool has_tried;
	const char *told; /* why it cannot be read, as the log said last; NULL: it can */
	uint64_t told_ms;
};

struct mm_look {
	const struct mm_mon_settings *settings;
	struct mm_fleet *fleet;
	struct event *tick;	/* the list is due */
	struct event *readable; /* the fleet has something to do */
	struct event *due;	/* ... or will have */
	struct guest *guests;	/* by domid; of files by their order */
	size_t count;
	uint64_t round_ms, told_ms, many_told_ms;
};

static uint64_t now_ms(void)
{
	return mm_clock_us() / 1000;
}

static void call_after(struct event *event, uint64_t ms)
{
	const struct timeval tv = {
		.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	(void)event_add(event, &tv); /* without memory for it the next one does it */
}

/* ---- what the fleet knows -------------------------------------------------------------------- */

static const struct {
	int error;
	const char *reason, *text;
} faults[] = {
	{-ENOENT, "no-probe", "the program mmprobe is not there: is xenmm-monitor installed?"},
	{-ETIMEDOUT, "probe-late", "the look took too long and was given up"},
	{-EPROTO, "probe-nonsense", "mmprobe said what makes no sense, and was ended"},
	{-EPIPE, "probe-died", "mmprobe ended while it looked into this guest"},
	{0, "probe-failed", "mmprobe could not be started or asked"},
};

static void explain(struct guest *guest, const struct mm_fleet_view *view)
{
	size_t i = 0;

	guest->shown.reason = guest->shown.reason_text = NULL;
	if (view->error) {
		while (faults[i].error && faults[i].error != view->error)
			i++;
		guest->shown.reason = faults[i].reason;
		guest->shown.reason_text = faults[i].text;
	} else if (view->reason != MM_VMI_OK) {
		guest->shown.reason = mm_vmi_reason_name(view->reason);
		guest->shown.reason_text = mm_vmi_reason_text(view->reason);
	} else if (!view->sample) {
		guest->shown.reason = "not-yet";
		guest->shown.reason_text = "the first look is still under way";
	}
}

/* A guest that boots, or ends, does so for a while. */
static bool is_usual(const char *reason)
{
	return !strcmp(reason, mm_vmi_reason_name(MM_VMI_NOT_BOOTED)) ||
	       !strcmp(reason, mm_vmi_reason_name(MM_VMI_GONE));
}

/* One line for each change, and one at a time: what goes to and fro is told of again when its time has come. */
static void tell(struct guest *guest)
{
	const struct mm_look_guest *shown = &guest->shown;
	const char *called = *shown->name ? shown->name : shown->uuid;
	char name[MM_TEXT_SIZE(MM_NAME_MAX)];

	if (!guest->has_tried || shown->reason == guest->told)
		return;
	(void)mm_text_plain(name, sizeof(name), called, MM_NAME_MAX);
	if (!shown->reason)
		mm_log(MM_LOG_INFO, "guest %s: can be read again", name);
	else if (!mm_log_is_due(&guest->told_ms, now_ms()))
		return;
	else
		mm_log(is_usual(shown->reason) ? MM_LOG_INFO : MM_LOG_WARN,
			"guest %s: cannot be read (%s): %s", name, shown->reason,
			shown->reason_text);
	guest->told = shown->reason;
}

static void refresh(struct mm_look *look, struct guest *guest)
{
	struct mm_fleet_view view;
	struct mm_look_guest *shown = &guest->shown;

	shown->now = shown->before = NULL;
	if (mm_fleet_look(look->fleet, shown->uuid, now_ms(), &view))
		return; /* without memory for it; the next list brings it */
	guest->has_tried = view.has_tried;
	explain(guest, &view);
	tell(guest);
	if (view.failures > guest->failures)
		shown->failures += view.failures - guest->failures;
	guest->failures = view.failures;
	shown->now = view.sample;
	shown->age_ms = view.age_ms;
	/* a guest that booted again has other processes of the same numbers */
	if (view.sample && view.previous &&
		view.previous->counters.uptime_ms <= view.sample->counters.uptime_ms)
		shown->before = view.previous;
	if (view.sample && view.sample->taken_ms != guest->taken_ms) {
		guest->taken_ms = view.sample->taken_ms;
		shown->samples++;
		shown->cost_us += view.sample->cost_us;
	}
}

void mm_look_refresh(struct mm_look *look)
{
	for (size_t i = 0; i < look->count; i++)
		refresh(look, &look->guests[i]);
}

/* ---- the fleet in the loop ------------------------------------------------------------------- */

static void run_fleet(struct mm_look *look)
{
	uint64_t now = now_ms();
	uint64_t due_ms = mm_fleet_run(look->fleet, now);

	mm_look_refresh(look); /* each new sample is counted once */
	if (due_ms == UINT64_MAX)
		(void)event_del(look->due);
	else
		call_after(look->due, mm_sub_floor(due_ms, now));
}

static void on_fleet(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run_fleet(arg);
}

static int update_fleet(struct mm_look *look)
{
	struct mm_fleet_want *wants = calloc(look->count + 1, sizeof(*wants));
	size_t n = 0;
	int r;

	if (!wants)
		return -ENOMEM;
	for (size_t i = 0; i < look->count; i++) {
		const struct guest *guest = &look->guests[i];

		if (!strcmp(guest->shown.state, "dying"))
			continue; /* what maps its memory keeps it from going away */
		wants[n++] = (struct mm_fleet_want){
			.target = {.domid = guest->shown.domid, .file = guest->file},
			.uuid = guest->shown.uuid,
			.with_processes = look->settings->with_processes,
			.interval_ms = look->settings->interval_ms,
		};
	}
	r = mm_fleet_update(look->fleet, wants, n, now_ms());
	free(wants);
	run_fleet(look);
	return r;
}

/* ---- who is there ---------------------------------------------------------------------------- */

/* Whether b is the one of two with the same uuid that is shown. */
static bool is_better(const struct mm_guest_info *a, const struct mm_guest_info *b)
{
	if ((a->state == MM_GUEST_RUNNING) != (b->state == MM_GUEST_RUNNING))
		return b->state == MM_GUEST_RUNNING;
	return b->domid > a->domid;
}

static bool is_hidden(const struct mm_guest_info *list, size_t count, size_t i)
{
	for (size_t k = 0; k < count; k++)
		if (k != i && !strcmp(list[k].uuid, list[i].uuid) && is_better(&list[i], &list[k]))
			return true;
	return false;
}

static void describe(struct guest *guest, const struct mm_guest_info *info)
{
	guest->shown.domid = info->domid;
	memcpy(guest->shown.uuid, info->uuid, sizeof(guest->shown.uuid));
	memcpy(guest->shown.name, info->name, sizeof(guest->shown.name));
	guest->shown.type = mm_guest_type_name(info->type);
	guest->shown.state = mm_guest_state_name(info->state);
}

/* The same domain keeps its counts. */
static void take_over(const struct mm_look *look, struct guest *guest)
{
	for (size_t i = 0; i < look->count; i++) {
		const struct guest *old = &look->guests[i];

		if (old->shown.domid != guest->shown.domid ||
			strcmp(old->shown.uuid, guest->shown.uuid) != 0)
			continue;
		guest->shown.samples = old->shown.samples;
		guest->shown.failures = old->shown.failures;
		guest->shown.cost_us = old->shown.cost_us;
		guest->taken_ms = old->taken_ms;
		guest->failures = old->failures;
		guest->has_tried = old->has_tried;
		guest->told = old->told;
		guest->told_ms = old->told_ms;
		return;
	}
}

static void tell_of_many(struct mm_look *look, const struct mm_guest_info *first)
{
	char name[MM_TEXT_SIZE(MM_NAME_MAX)];

	if (mm_log_is_due(&look->many_told_ms, now_ms()))
		mm_log(MM_LOG_WARN, "more than %d guests: %s is not looked into",
			MM_LOOK_GUESTS_MAX,
			mm_text_plain(name, sizeof(name), first->name, sizeof(first->name)));
}

static int set_guests(struct mm_look *look, const struct mm_guest_info *list, size_t count)
{
	struct guest *guests = calloc(count + 1, sizeof(*guests));
	size_t n = 0;

	if (!guests)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (is_hidden(list, count, i))
			continue;
		if (n == MM_LOOK_GUESTS_MAX) {
			tell_of_many(look, &list[i]);
			break;
		}
		describe(&guests[n], &list[i]);
		take_over(look, &guests[n++]);
	}
	free(look->guests);
	look->guests = guests;
	look->count = n;
	return update_fleet(look);
}

static int list_domains(struct mm_look *look)
{
	struct mm_guest_info *list = NULL;
	size_t count = 0;
	int r = mm_guests_list(&list, &count);

	if (!r)
		r = set_guests(look, list, count);
	free(list);
	return r;
}

static int add_files(struct mm_look *look)
{
	const struct mm_mon_settings *settings = look->settings;

	look->guests = calloc(settings->memory_count, sizeof(*look->guests));
	if (!look->guests)
		return -ENOMEM;
	for (size_t i = 0; i < settings->memory_count; i++) {
		struct guest *guest = &look->guests[look->count++];

		guest->file = settings->memory[i].file;
		guest->shown.domid = MM_NO_DOMID;
		guest->shown.type = "file";
		guest->shown.state = "running";
		strcpy(guest->shown.name, settings->memory[i].name);
		mm_uuid_of(guest->shown.name, guest->shown.uuid);
	}
	return 0;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct mm_look *look = arg;
	int r = look->settings->memory_count ? update_fleet(look) : list_domains(look);

	(void)fd;
	(void)what;
	if (!r)
		look->round_ms = now_ms();
	else if (mm_log_is_due(&look->told_ms, now_ms()))
		mm_log(MM_LOG_WARN, "the guests cannot be listed: %s; trying again", strerror(-r));
	call_after(look->tick, look->settings->interval_ms);
}

/* ---- for others ------------------------------------------------------------------------------ */

static const char *why_not(int error)
{
	switch (error) {
	case -ENOSYS:
		return "this build knows no Xen: name memory files with --memory NAME=FILE";
	case -EACCES:
		return "the guests cannot be listed: mmmon must run in dom0, as root";
	default:
		return strerror(-error);
	}
}

static int open_parts(struct mm_look *look, struct event_base *base)
{
	int r = mm_fleet_new(MM_LOOK_AT_ONCE, MM_LOOK_PROCESSES_MAX, &look->fleet);

	if (r)
		return r;
	look->tick = evtimer_new(base, on_tick, look);
	look->due = evtimer_new(base, on_fleet, look);
	look->readable =
		event_new(base, mm_fleet_fd(look->fleet), EV_READ | EV_PERSIST, on_fleet, look);
	if (!look->tick || !look->due || !look->readable || event_add(look->readable, NULL))
		return -ENOMEM;
	if (!look->settings->memory_count)
		return list_domains(look);
	r = add_files(look);
	return r ? r : update_fleet(look);
}

int mm_look_open(const struct mm_mon_settings *settings, struct event_base *base, char *err,
	size_t err_size, struct mm_look **ret_look)
{
	struct mm_look *look = calloc(1, sizeof(*look));
	int r = -ENOMEM;

	if (look) {
		look->settings = settings;
		r = open_parts(look, base);
	}
	if (r) {
		snprintf(err, err_size, "%s", why_not(r));
		mm_look_close(look);
		return r;
	}
	look->round_ms = now_ms();
	call_after(look->tick, settings->interval_ms);
	*ret_look = look;
	return 0;
}

size_t mm_look_count(const struct mm_look *look)
{
	return look->count;
}

const struct mm_look_guest *mm_look_guest(const struct mm_look *look, size_t i)
{
	return &look->guests[i].shown;
}

const struct mm_look_guest *mm_look_find(const struct mm_look *look, const char *uuid)
{
	for (size_t i = 0; i < look->count; i++)
		if (!strcasecmp(look->guests[i].shown.uuid, uuid))
			return &look->guests[i].shown;
	return NULL;
}

bool mm_look_is_complete(const struct mm_look *look)
{
	for (size_t i = 0; i < look->count; i++)
		if (!look->guests[i].has_tried && strcmp(look->guests[i].shown.state, "dying") != 0)
			return false;
	return true;
}

uint64_t mm_look_round_ms(const struct mm_look *look)
{
	return look->round_ms;
}

void mm_look_again(struct mm_look *look)
{
	call_after(look->tick, 0);
}

void mm_look_close(struct mm_look *look)
{
	struct event *events[3];

	if (!look)
		return;
	events[0] = look->tick;
	events[1] = look->due;
	events[2] = look->readable;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i])
			event_free(events[i]);
	mm_fleet_free(look->fleet);
	free(look->guests);
	free(look);
}
