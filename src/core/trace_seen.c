/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line S of a trace: what is known of a domain from looking into it. */
#include <inttypes.h>
#include <string.h>

#include "trace_private.h"
#include "xenmm/units.h"

/* The line's numbers, in their order, behind the word for the state. */
#define NUMBERS(X)                                                                                 \
	X(at_ms, UINT64_MAX)                                                                       \
	X(total_kib, MM_SIZE_MAX_KIB)                                                              \
	X(avail_kib, MM_SIZE_MAX_KIB)                                                              \
	X(looks, MM_COUNTER_MAX)                                                                   \
	X(cost_us, MM_COUNTER_MAX)                                                                 \
	X(spent_us, MM_COUNTER_MAX)                                                                \
	X(start_us, MM_COUNTER_MAX)                                                                \
	X(share_ppm, MM_COUNTER_MAX)                                                               \
	X(differences, MM_COUNTER_MAX)                                                             \
	X(agent_total_kib, MM_SIZE_MAX_KIB)                                                        \
	X(agent_avail_kib, MM_SIZE_MAX_KIB)                                                        \
	X(kernel_total_kib, MM_SIZE_MAX_KIB)                                                       \
	X(kernel_avail_kib, MM_SIZE_MAX_KIB)

#define ROW(name, most) {#name, offsetof(struct mm_seen, name), most},

static const struct {
	const char *name;
	size_t offset;
	uint64_t max;
} numbers[] = {NUMBERS(ROW)};

#define NUMBER_COUNT (sizeof(numbers) / sizeof(numbers[0]))

void mm_trace_write_seen(FILE *out, const struct mm_seen *seen)
{
	if (!seen->state[0])
		return;
	fprintf(out, "S %s %s", seen->state, seen->is_different ? "differs" : "agrees");
	for (size_t i = 0; i < NUMBER_COUNT; i++) {
		uint64_t value;

		memcpy(&value, (const char *)seen + numbers[i].offset, sizeof(value));
		fprintf(out, " %" PRIu64, value);
	}
	fputc('\n', out);
}

static bool is_state(const char *word)
{
	return *word && strspn(word, "abcdefghijklmnopqrstuvwxyz-") == strlen(word);
}

static int read_words(struct mm_trace_reader *t, struct mm_line *line, struct mm_seen *seen)
{
	char word[MM_SEEN_STATE_MAX];
	int r = mm_trace_read_word(t, line, "state", seen->state, sizeof(seen->state));

	if (r == 0 && !is_state(seen->state))
		r = mm_trace_fail(t, "not a state: \"%s\"", seen->state);
	if (r == 0)
		r = mm_trace_read_word(t, line, "verdict", word, sizeof(word));
	if (r == 0 && strcmp(word, "differs") && strcmp(word, "agrees"))
		r = mm_trace_fail(t, "no verdict \"%s\"", word);
	if (r == 0)
		seen->is_different = word[0] == 'd';
	return r;
}

int mm_trace_read_seen(struct mm_trace_reader *t, struct mm_line *line, struct mm_seen *ret_seen)
{
	struct mm_seen seen = {.at_ms = 0};
	int r = read_words(t, line, &seen);

	for (size_t i = 0; r == 0 && i < NUMBER_COUNT; i++) {
		uint64_t value;

		r = mm_trace_read_number(t, line, numbers[i].name, numbers[i].max, &value);
		if (r == 0)
			memcpy((char *)&seen + numbers[i].offset, &value, sizeof(value));
	}
	if (r == 0)
		r = mm_trace_expect_end(t, line);
	if (r == 0)
		*ret_seen = seen;
	return r;
}
