/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sample as text. */
#include "print.h"

#include <inttypes.h>

const char *bench_name(const char *comm, char name[BENCH_NAME_LEN])
{
	size_t len = 0;

	for (size_t i = 0; i < MM_COMM_LEN && comm[i]; i++) {
		if (comm[i] > ' ' && comm[i] < 127 && comm[i] != '\\')
			name[len++] = comm[i];
		else
			len += (size_t)snprintf(name + len, BENCH_NAME_LEN - len, "\\x%02x",
				(unsigned char)comm[i]);
	}
	name[len] = '\0';
	return name;
}

static void print_counters(FILE *out, const struct mm_counters *c)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"uptime_ms", c->uptime_ms},
		{"cpus", c->cpus},
		{"total_kib", c->total_kib},
		{"free_kib", c->free_kib},
		{"avail_kib", c->avail_kib},
		{"anon_kib", c->anon_kib},
		{"file_kib", c->file_kib},
		{"shmem_kib", c->shmem_kib},
		{"slab_reclaimable_kib", c->slab_reclaimable_kib},
		{"slab_unreclaimable_kib", c->slab_unreclaimable_kib},
		{"page_tables_kib", c->page_tables_kib},
		{"kernel_stack_kib", c->kernel_stack_kib},
		{"committed_kib", c->committed_kib},
		{"swap_total_kib", c->swap_total_kib},
		{"swap_free_kib", c->swap_free_kib},
		{"swapin_pages", c->swapin_pages},
		{"swapout_pages", c->swapout_pages},
		{"majfaults", c->majfaults},
		{"oom_kills", c->oom_kills},
		{"refault_anon", c->refault_anon},
		{"refault_file", c->refault_file},
		{"psi_some_us", c->psi_some_us},
		{"psi_full_us", c->psi_full_us},
		{"psi_some_avg10_pct100", c->psi_some_avg10_pct100},
		{"load_milli0", c->load_milli[0]},
		{"load_milli1", c->load_milli[1]},
		{"load_milli2", c->load_milli[2]},
		{"balloon_current_kib", c->balloon_current_kib},
		{"balloon_target_kib", c->balloon_target_kib},
	};

	fprintf(out, "release %s\n", c->release);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(out, "counter %s %" PRIu64 "\n", rows[i].name, rows[i].value);
}

static void print_process(FILE *out, const struct mm_process *p)
{
	char name[BENCH_NAME_LEN];

	fprintf(out,
		"process pid=%d parent=%d uid=%u threads=%u state=%c kernel=%d anon_kib=%" PRIu64
		" file_kib=%" PRIu64 " shmem_kib=%" PRIu64 " swap_kib=%" PRIu64 " vm_kib=%" PRIu64
		" cpu_ms=%" PRIu64 " start_ms=%" PRIu64 " torn=%d comm=%s\n",
		p->pid, p->parent, p->uid, p->threads, p->state, p->is_kernel, p->rss_anon_kib,
		p->rss_file_kib, p->rss_shmem_kib, p->swap_kib, p->vm_kib, p->cpu_ns / 1000000,
		p->start_ns / 1000000, p->is_torn, bench_name(p->comm, name));
}

void bench_print_sample(FILE *out, const struct mm_sample *s)
{
	fprintf(out,
		"sample reason=%s count=%zu partial=%d retries=%u torn=%u reads=%" PRIu64
		" cost_us=%" PRIu64 " bootstrap_us=%" PRIu64 "\n",
		mm_vmi_reason_name(s->reason), s->count, s->is_partial, s->retries, s->torn,
		s->reads, s->cost_us, s->bootstrap_us);
	if (s->reason != MM_VMI_OK)
		return;
	print_counters(out, &s->counters);
	for (size_t i = 0; i < s->count; i++)
		print_process(out, &s->processes[i]);
	fprintf(out, "end\n");
}
