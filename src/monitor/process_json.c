/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/process_json.h"

#include <ctype.h>
#include <string.h>

#include "monitor/text.h"
#include "xenmm/units.h"

#define NS_PER_MS  UINT64_C(1000000)
#define NUMBER_MAX ((uint64_t)INT64_MAX) /* what JSON's integers hold here */

/* Of a name or sentence: those that occur are shorter. */
#define NAME_MAX_BYTES 512

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)mm_min_u64(value, NUMBER_MAX));
}

static json_t *text(const char *bytes, size_t len)
{
	char buf[MM_TEXT_SIZE(NAME_MAX_BYTES)];

	return bytes ? json_string(mm_text_utf8(buf, sizeof(buf), bytes, len)) : json_null();
}

/* Puts a new reference into `object`, or nothing where memory has run out: finish() sees that. */
static void put(json_t *object, const char *key, json_t *value)
{
	(void)json_object_set_new(object, key, value);
}

/* The object, or NULL where it lacks one of its `count` members. */
static json_t *finish(json_t *object, size_t count)
{
	if (object && json_object_size(object) == count)
		return object;
	json_decref(object);
	return NULL;
}

/* ---- a process ------------------------------------------------------------------------------- */

static json_t *share_json(uint32_t share)
{
	return share == MM_SHARE_UNKNOWN ? json_null() : json_real(share / 100.0);
}

json_t *mm_process_json(const struct mm_process *p, uint32_t share)
{
	char state[2] = {isalpha((unsigned char)p->state) ? p->state : '?'};
	json_t *o = json_object();

	put(o, "pid", json_integer(p->pid));
	put(o, "ppid", json_integer(p->parent));
	put(o, "uid", json_integer(p->uid));
	put(o, "name", text(p->comm, sizeof(p->comm)));
	put(o, "state", json_string(state));
	put(o, "kernel", json_boolean(p->is_kernel));
	put(o, "threads", json_integer(p->threads));
	put(o, "rss_kib", number(mm_process_rss_kib(p)));
	put(o, "rss_anon_kib", number(p->rss_anon_kib));
	put(o, "rss_file_kib", number(p->rss_file_kib));
	put(o, "rss_shmem_kib", number(p->rss_shmem_kib));
	put(o, "swap_kib", number(p->swap_kib));
	put(o, "vm_kib", number(p->vm_kib));
	put(o, "cpu_ms", number(p->cpu_ns / NS_PER_MS));
	put(o, "cpu_percent", share_json(share));
	put(o, "start_ms", number(p->start_ns / NS_PER_MS));
	put(o, "torn", json_boolean(p->is_torn));
	return finish(o, 17);
}

/* ---- a guest --------------------------------------------------------------------------------- */

static json_t *memory_json(const struct mm_counters *c)
{
	const struct {
		const char *key;
		uint64_t value;
	} members[] = {
		{"total_kib", c->total_kib},
		{"free_kib", c->free_kib},
		{"available_kib", c->avail_kib},
		{"anon_kib", c->anon_kib},
		{"file_kib", c->file_kib},
		{"shmem_kib", c->shmem_kib},
		{"slab_kib", mm_min_u64(c->slab_reclaimable_kib, NUMBER_MAX) +
				     mm_min_u64(c->slab_unreclaimable_kib, NUMBER_MAX)},
		{"committed_kib", c->committed_kib},
		{"swap_total_kib", c->swap_total_kib},
		{"swap_free_kib", c->swap_free_kib},
	};
	size_t count = sizeof(members) / sizeof(members[0]);
	json_t *o = json_object();

	for (size_t i = 0; i < count; i++)
		put(o, members[i].key, number(members[i].value));
	return finish(o, count);
}

static json_t *counters_json(const struct mm_counters *c)
{
	json_t *o = json_object();

	put(o, "swapin_pages", number(c->swapin_pages));
	put(o, "swapout_pages", number(c->swapout_pages));
	put(o, "majfaults", number(c->majfaults));
	put(o, "oom_kills", number(c->oom_kills));
	put(o, "refault_anon", number(c->refault_anon));
	put(o, "refault_file", number(c->refault_file));
	return finish(o, 6);
}

static json_t *psi_json(const struct mm_counters *c)
{
	json_t *o;

	if (!c->has_psi)
		return json_null();
	o = json_object();
	put(o, "some_us", number(c->psi_some_us));
	put(o, "full_us", number(c->psi_full_us));
	put(o, "some_avg10", json_real(c->psi_some_avg10_pct100 / 100.0));
	return finish(o, 3);
}

static json_t *load_json(const struct mm_counters *c)
{
	json_t *array = json_array();

	for (size_t i = 0; i < 3; i++)
		(void)json_array_append_new(array, json_real((double)c->load_milli[i] / 1000.0));
	if (json_array_size(array) == 3)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *balloon_json(const struct mm_counters *c)
{
	json_t *o;

	if (!c->has_balloon)
		return json_null();
	o = json_object();
	put(o, "current_kib", number(c->balloon_current_kib));
	put(o, "target_kib", number(c->balloon_target_kib));
	return finish(o, 2);
}

/* What the guest's kernel says; all of it null without a sample that could be read. */
static void put_figures(json_t *o, const struct mm_sample *s)
{
	/* A kernel that was found without its symbols shows its processes only. */
	const struct mm_counters *c = s && s->counters.total_kib ? &s->counters : NULL;

	put(o, "kernel", s ? text(s->counters.release, sizeof(s->counters.release)) : json_null());
	put(o, "uptime_ms", c ? number(c->uptime_ms) : json_null());
	put(o, "cpus", c ? json_integer(c->cpus) : json_null());
	put(o, "memory", c ? memory_json(c) : json_null());
	put(o, "counters", c ? counters_json(c) : json_null());
	put(o, "psi", c ? psi_json(c) : json_null());
	put(o, "load", c ? load_json(c) : json_null());
	put(o, "balloon", c ? balloon_json(c) : json_null());
	put(o, "processes", s && s->processes ? number(s->count) : json_null());
	put(o, "partial", s ? json_boolean(s->is_partial) : json_null());
	put(o, "torn", s ? json_integer(s->torn) : json_null());
	put(o, "retries", s ? json_integer(s->retries) : json_null());
}

#define GUEST_MEMBERS 22

json_t *mm_guest_json(const struct mm_guest_view *view)
{
	const struct mm_sample *s = view->sample;
	bool has_figures = s && s->reason == MM_VMI_OK;
	const char *reason = view->reason, *reason_text = view->reason_text;
	json_t *o = json_object();

	if (!reason && s) {
		reason = mm_vmi_reason_name(s->reason);
		reason_text = mm_vmi_reason_text(s->reason);
	}
	put(o, "domid", view->domid == MM_NO_DOMID ? json_null() : json_integer(view->domid));
	put(o, "uuid", text(view->uuid, NAME_MAX_BYTES));
	put(o, "name", text(view->name, NAME_MAX_BYTES));
	put(o, "type", text(view->type, NAME_MAX_BYTES));
	put(o, "readable", json_boolean(has_figures && !view->reason));
	put(o, "reason", text(reason, NAME_MAX_BYTES));
	put(o, "reason_text", text(reason_text, NAME_MAX_BYTES));
	put_figures(o, has_figures ? s : NULL);
	put(o, "cost_us", s ? number(s->cost_us) : json_null());
	put(o, "bootstrap_us", s ? number(s->bootstrap_us) : json_null());
	put(o, "age_ms", s ? number(mm_sub_floor(view->now_ms, s->taken_ms)) : json_null());
	return finish(o, GUEST_MEMBERS);
}
