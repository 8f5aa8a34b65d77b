/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The asking side against a child that behaves, and against all that do not. */
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/probe.h"
#include "unit/fake_mmprobe.h"

#define PATIENCE_MS 30000 /* of the real clock: for a child that shall do something */

/* In the place of the library's kill(): a service without CAP_KILL may not end a child that became another user. */
static bool may_kill = true;
int __real_kill(pid_t pid, int number);
int __wrap_kill(pid_t pid, int number);

int __wrap_kill(pid_t pid, int number)
{
	if (may_kill)
		return __real_kill(pid, number);
	errno = EPERM;
	return -1;
}

static struct mm_probe *start(uint32_t kind)
{
	const struct mm_probe_target target = {.domid = kind};
	struct mm_probe *probe;

	assert_int_equal(mm_probe_start(&target, &probe), 0);
	return probe;
}

/* Until there is a result; the clock that the probe sees stands still at now_ms. */
static int await(struct mm_probe *probe, uint64_t now_ms, struct mm_sample *ret_sample)
{
	struct pollfd fd = {.fd = mm_probe_fd(probe), .events = POLLIN};
	int r;

	while ((r = mm_probe_read(probe, now_ms, ret_sample)) == -EAGAIN)
		if (poll(&fd, 1, PATIENCE_MS) != 1)
			fail_msg("nothing came within %d ms", PATIENCE_MS);
	return r;
}

/* Asks, and says how that ends. */
static int ask(struct mm_probe *probe, bool with_processes, struct mm_sample *ret_sample)
{
	int r = mm_probe_ask(probe, with_processes, 100);

	return r < 0 ? r : await(probe, 200, ret_sample);
}

static void assert_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_answers(void **state)
{
	struct mm_probe *probe = start(FAKE_WELL);
	struct mm_sample sample;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(probe, true, &sample), 0);
		assert_int_equal(sample.reason, MM_VMI_OK);
		assert_int_equal(sample.count, 3);
		assert_string_equal(sample.processes[2].comm, "fake");
		assert_int_equal(sample.counters.total_kib, 1000);
		assert_int_equal(sample.cost_us, 7);
		mm_sample_free(&sample);
		assert_int_equal(ask(probe, false, &sample), 0);
		assert_int_equal(sample.count, 0);
		assert_null(sample.processes);
	}
	mm_probe_free(probe);
	assert_no_child();
}

static void test_memory_file(void **state)
{
	const struct mm_probe_target target = {.file = "/nonexistent", .below = UINT64_MAX};
	struct mm_probe *probe;
	struct mm_sample sample;

	(void)state;
	assert_int_equal(mm_probe_start(&target, &probe), 0);
	assert_int_equal(ask(probe, false, &sample), 0);
	mm_probe_free(probe);
	assert_no_child();
}

static void test_one_question_at_a_time(void **state)
{
	struct mm_probe *probe = start(FAKE_WELL);
	struct mm_sample sample;

	(void)state;
	assert_true(mm_probe_deadline(probe) == UINT64_MAX);
	assert_int_equal(mm_probe_ask(probe, false, 100), 0);
	assert_int_equal(mm_probe_ask(probe, false, 100), -EBUSY);
	assert_int_equal(mm_probe_deadline(probe), 100 + MM_PROBE_BOOTSTRAP_MS);
	assert_int_equal(await(probe, 100, &sample), 0);
	assert_int_equal(mm_probe_ask(probe, false, 500), 0);
	assert_int_equal(mm_probe_deadline(probe), 500 + MM_PROBE_SAMPLE_MS);
	mm_probe_free(probe); /* in the middle of a question */
	assert_no_child();
}

static void test_hangs(void **state)
{
	struct mm_probe *probe = start(FAKE_HANGS);
	struct mm_sample sample;

	(void)state;
	assert_int_equal(mm_probe_ask(probe, true, 1000), 0);
	assert_int_equal(mm_probe_read(probe, 1000 + MM_PROBE_BOOTSTRAP_MS - 1, &sample), -EAGAIN);
	assert_int_equal(mm_probe_read(probe, 1000 + MM_PROBE_BOOTSTRAP_MS, &sample), -ETIMEDOUT);
	assert_no_child();
	assert_int_equal(mm_probe_ask(probe, true, 99999), -EPIPE);
	assert_int_equal(mm_probe_read(probe, 99999, &sample), -EPIPE);
	mm_probe_free(probe);
}

static const struct {
	const char *name;
	enum fake_kind kind;
	bool with_processes;
	int error;
} faults[] = {
	{"ends at once", FAKE_ENDS, true, -EPIPE},
	{"dies in its answer", FAKE_DIES, true, -EPIPE},
	{"nonsense", FAKE_NONSENSE, true, -EPROTO},
	{"processes unasked for", FAKE_TOO_MUCH, false, -EPROTO},
	{"talks unasked", FAKE_UNASKED, false, -EPROTO},
};

static void test_faults(void **state)
{
	struct mm_sample sample;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct mm_probe *probe = start(faults[i].kind);
		int r = ask(probe, faults[i].with_processes, &sample);

		if (r != faults[i].error)
			fail_msg("%s: %d instead of %d", faults[i].name, r, faults[i].error);
		assert_no_child();
		assert_int_equal(mm_probe_ask(probe, true, 300), -EPIPE);
		mm_probe_free(probe);
	}
}

/* The first answer may be a good one; what comes behind it was not asked for. */
static void test_floods(void **state)
{
	struct mm_probe *probe = start(FAKE_FLOODS);
	struct mm_sample sample;

	(void)state;
	assert_int_equal(ask(probe, true, &sample), 0);
	mm_sample_free(&sample);
	assert_int_equal(await(probe, 300, &sample), -EPROTO);
	assert_no_child();
	mm_probe_free(probe);
}

static void test_slow_and_long(void **state)
{
	struct mm_probe *probe = start(FAKE_SLOW);
	struct mm_sample sample;

	(void)state;
	assert_int_equal(ask(probe, true, &sample), 0);
	assert_int_equal(sample.count, 3);
	mm_sample_free(&sample);
	mm_probe_free(probe);
	probe = start(FAKE_FULL);
	assert_int_equal(ask(probe, true, &sample), 0);
	assert_int_equal(sample.count, MM_VMI_TASKS_MAX);
	mm_sample_free(&sample);
	mm_probe_free(probe);
	assert_no_child();
}

static void test_says_why_not(void **state)
{
	struct mm_probe *probe = start(FAKE_NO_BTF);
	struct mm_sample sample;

	(void)state;
	assert_int_equal(ask(probe, true, &sample), 0);
	assert_int_equal(sample.reason, MM_VMI_NO_BTF);
	assert_no_child();
	assert_int_equal(mm_probe_ask(probe, true, 300), -EPIPE);
	mm_probe_free(probe);
}

/* An idle probe's end is seen as well: its descriptor becomes readable. */
static void test_end_between_questions(void **state)
{
	struct mm_probe *probe = start(FAKE_ONCE);
	struct mm_sample sample;

	(void)state;
	assert_int_equal(ask(probe, false, &sample), 0);
	assert_int_equal(await(probe, 300, &sample), -EPIPE);
	mm_probe_free(probe);
	probe = start(FAKE_CLOSES_INPUT);
	assert_int_equal(ask(probe, false, &sample), 0);
	assert_int_equal(mm_probe_ask(probe, false, 300), -EPIPE); /* and no SIGPIPE for us */
	assert_no_child();
	mm_probe_free(probe);
}

/* Three descriptors and no environment, whatever its parent has open. */
static void test_what_a_child_gets(void **state)
{
	int leak = fcntl(STDIN_FILENO, F_DUPFD, 40); /* without O_CLOEXEC */
	struct mm_probe *probe;
	struct mm_sample sample;

	(void)state;
	assert_true(leak >= 40);
	probe = start(FAKE_LOOKS_ROUND);
	assert_int_equal(ask(probe, true, &sample), 0);
	assert_int_equal(sample.processes[0].uid, 3);
	assert_int_equal(sample.processes[0].threads, 0);
	mm_sample_free(&sample);
	mm_probe_free(probe);
	(void)close(leak);
}

static void test_its_clock_is_not_believed(void **state)
{
	struct mm_probe *probe = start(FAKE_FUTURE);
	struct mm_sample sample;

	(void)state;
	assert_int_equal(ask(probe, false, &sample), 0);
	assert_int_equal(sample.taken_ms, 200);
	mm_probe_free(probe);
	probe = start(FAKE_WELL); /* says 0 */
	assert_int_equal(ask(probe, false, &sample), 0);
	assert_int_equal(sample.taken_ms, 100);
	mm_probe_free(probe);
}

static bool has_child(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* One that cannot be ended, hung in the kernel or another user's, is not waited for; it is reaped when it has gone. */
static void test_cannot_be_ended(void **state)
{
	struct mm_probe *hung = start(FAKE_HANGS), *idle = start(FAKE_WELL);
	struct mm_sample sample;

	(void)state;
	assert_int_equal(ask(idle, false, &sample), 0);
	assert_int_equal(mm_probe_ask(hung, true, 1000), 0);
	may_kill = false;
	mm_probe_free(idle); /* it ends with its input */
	assert_int_equal(mm_probe_read(hung, 1000 + MM_PROBE_BOOTSTRAP_MS, &sample), -ETIMEDOUT);
	mm_probe_free(hung);
	assert_true(has_child());
	may_kill = true;
	while (has_child())
		mm_probe_free(start(FAKE_WELL));
}

static void test_no_program(void **state)
{
	const struct mm_probe_target target = {.domid = FAKE_WELL};
	char *was = strdup(getenv("XENMM_PROBE"));
	struct mm_probe *probe;

	(void)state;
	setenv("XENMM_PROBE", "/nonexistent/mmprobe", 1);
	assert_int_equal(mm_probe_start(&target, &probe), -ENOENT);
	setenv("XENMM_PROBE", was, 1);
	free(was);
	mm_probe_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_memory_file),
		cmocka_unit_test(test_one_question_at_a_time),
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_floods),
		cmocka_unit_test(test_slow_and_long),
		cmocka_unit_test(test_says_why_not),
		cmocka_unit_test(test_end_between_questions),
		cmocka_unit_test(test_what_a_child_gets),
		cmocka_unit_test(test_its_clock_is_not_believed),
		cmocka_unit_test(test_cannot_be_ended),
		cmocka_unit_test(test_no_program),
	};

	setenv("XENMM_PROBE", FAKE_MMPROBE, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
