/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include "fixture.h"

#include <string.h>

struct mm_backend *sim;
struct mm_snapshot snap;

void sim_open(const char *text)
{
	struct mm_backend_options options = {0};
	char err[256] = "";

	if (mm_sim_open_text("test", text, strlen(text), &options, err, sizeof(err), &sim) < 0)
		fail_msg("%s", err);
}

int sim_close(void **state)
{
	(void)state;
	if (sim)
		sim->ops->close(sim);
	sim = NULL;
	mm_snapshot_free(&snap);
	return 0;
}

void sim_run_to(uint64_t ms)
{
	if (mm_sim_run(sim, ms) < 0)
		fail_msg("%s", mm_sim_error(sim));
}

struct mm_sim_truth sim_truth_of(const char *name)
{
	struct mm_sim_truth t;

	assert_int_equal(mm_sim_truth(sim, name, &t), 0);
	return t;
}

const struct mm_domain *sim_look(const char *name)
{
	assert_int_equal(sim->ops->sample(sim, &snap), 0);
	return mm_snapshot_find(&snap, sim_truth_of(name).domid);
}

int sim_set(const char *name, uint64_t kib)
{
	return sim->ops->set_target(sim, sim_truth_of(name).domid, kib);
}

void sim_assert_between(uint64_t value, uint64_t low, uint64_t high)
{
	if (value < low || value > high)
		fail_msg("%llu is not between %llu and %llu", (unsigned long long)value,
			(unsigned long long)low, (unsigned long long)high);
}
