/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probe/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define QUESTION_MAGIC UINT32_C(0x51706d6d) /* "mmpQ" */
#define ANSWER_MAGIC   UINT32_C(0x41706d6d) /* "mmpA" */
#define VERSION	       1u
#define WITH_PROCESSES 1u
#define RELEASE_ROOM   72u /* of the 65 bytes of a release */
#define FLAG_PARTIAL   1u
#define FLAG_PSI       2u
#define FLAG_BALLOON   4u
#define FLAGS_ALL      7u
#define PROCESS_KERNEL 1u
#define PROCESS_TORN   2u
#define PROCESS_ALL    3u
#define COUNT_OFFSET   16u

/* What is copied as it is. The order is the format's: a change is a new VERSION. */
#define SAMPLE_U32(X)                                                                              \
	X(retries)                                                                                 \
	X(torn)                                                                                    \
	X(counters.cpus)                                                                           \
	X(counters.psi_some_avg10_pct100)

#define SAMPLE_U64(X)                                                                              \
	X(reads)                                                                                   \
	X(cost_us)                                                                                 \
	X(bootstrap_us)                                                                            \
	X(taken_ms)                                                                                \
	X(counters.uptime_ms)                                                                      \
	X(counters.total_kib)                                                                      \
	X(counters.free_kib)                                                                       \
	X(counters.avail_kib)                                                                      \
	X(counters.anon_kib)                                                                       \
	X(counters.file_kib)                                                                       \
	X(counters.shmem_kib)                                                                      \
	X(counters.slab_reclaimable_kib)                                                           \
	X(counters.slab_unreclaimable_kib)                                                         \
	X(counters.page_tables_kib)                                                                \
	X(counters.kernel_stack_kib)                                                               \
	X(counters.committed_kib)                                                                  \
	X(counters.swap_total_kib)                                                                 \
	X(counters.swap_free_kib)                                                                  \
	X(counters.swapin_pages)                                                                   \
	X(counters.swapout_pages)                                                                  \
	X(counters.majfaults)                                                                      \
	X(counters.oom_kills)                                                                      \
	X(counters.refault_anon)                                                                   \
	X(counters.refault_file)                                                                   \
	X(counters.psi_some_us)                                                                    \
	X(counters.psi_full_us)                                                                    \
	X(counters.load_milli[0])                                                                  \
	X(counters.load_milli[1])                                                                  \
	X(counters.load_milli[2])                                                                  \
	X(counters.balloon_current_kib)                                                            \
	X(counters.balloon_target_kib)

#define PROCESS_U64(X)                                                                             \
	X(start_ns)                                                                                \
	X(rss_anon_kib)                                                                            \
	X(rss_file_kib)                                                                            \
	X(rss_shmem_kib)                                                                           \
	X(swap_kib)                                                                                \
	X(vm_kib)                                                                                  \
	X(cpu_ns)

#define ADD_4(field) +4
#define ADD_8(field) +8
_Static_assert(20 SAMPLE_U32(ADD_4) SAMPLE_U64(ADD_8) + RELEASE_ROOM <= MM_WIRE_HEADER_SIZE,
	"the header's size");
_Static_assert(24 PROCESS_U64(ADD_8) + MM_COMM_LEN == MM_WIRE_PROCESS_SIZE, "a record's size");
_Static_assert(sizeof(((struct mm_counters *)NULL)->release) <= RELEASE_ROOM, "the release fits");

static void put(uint8_t **at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		*(*at)++ = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t **at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t) * (*at)++ << (8 * i);
	return value;
}

/* ---- questions --------------------------------------------------------------------------------- */

void mm_wire_write_question(uint8_t buf[MM_WIRE_QUESTION_SIZE], bool with_processes)
{
	put(&buf, QUESTION_MAGIC, 4);
	put(&buf, VERSION, 2);
	put(&buf, with_processes ? WITH_PROCESSES : 0, 2);
}

int mm_wire_read_question(const uint8_t buf[MM_WIRE_QUESTION_SIZE], bool *ret_with_processes)
{
	uint64_t flags;

	if (get(&buf, 4) != QUESTION_MAGIC || get(&buf, 2) != VERSION)
		return -EPROTO;
	flags = get(&buf, 2);
	if (flags & ~(uint64_t)WITH_PROCESSES)
		return -EPROTO;
	*ret_with_processes = flags & WITH_PROCESSES;
	return 0;
}

/* ---- answers, written -------------------------------------------------------------------------- */

static void write_header(uint8_t *at, const struct mm_sample *sample)
{
	const struct mm_counters *c = &sample->counters;
	unsigned flags = (sample->is_partial ? FLAG_PARTIAL : 0) | (c->has_psi ? FLAG_PSI : 0) |
			 (c->has_balloon ? FLAG_BALLOON : 0);

	put(&at, ANSWER_MAGIC, 4);
	put(&at, VERSION, 4);
	put(&at, sample->reason, 4);
	put(&at, flags, 4);
	put(&at, sample->count, 4);
#define PUT_4(field) put(&at, sample->field, 4);
#define PUT_8(field) put(&at, sample->field, 8);
	SAMPLE_U32(PUT_4)
	SAMPLE_U64(PUT_8)
	memcpy(at, c->release, strnlen(c->release, sizeof(c->release)));
}

static void write_process(uint8_t *at, const struct mm_process *sample)
{
	put(&at, (uint32_t)sample->pid, 4);
	put(&at, (uint32_t)sample->parent, 4);
	put(&at, sample->uid, 4);
	put(&at, sample->threads, 4);
	put(&at, (uint8_t)sample->state, 4);
	put(&at, (sample->is_kernel ? PROCESS_KERNEL : 0) | (sample->is_torn ? PROCESS_TORN : 0),
		4);
	PROCESS_U64(PUT_8)
	memcpy(at, sample->comm, strnlen(sample->comm, sizeof(sample->comm)));
}

int mm_wire_write(const struct mm_sample *sample, uint8_t **ret_buf, size_t *ret_len)
{
	struct mm_sample damaged = {.reason = MM_VMI_DAMAGED};
	size_t len;
	uint8_t *buf;

	if (!mm_sample_is_sane(sample))
		sample = &damaged;
	len = MM_WIRE_HEADER_SIZE + sample->count * MM_WIRE_PROCESS_SIZE;
	buf = calloc(1, len); /* what is not used is 0 */
	if (!buf)
		return -ENOMEM;
	write_header(buf, sample);
	for (size_t i = 0; i < sample->count; i++)
		write_process(buf + MM_WIRE_HEADER_SIZE + i * MM_WIRE_PROCESS_SIZE,
			&sample->processes[i]);
	*ret_buf = buf;
	*ret_len = len;
	return 0;
}

/* ---- answers, read ----------------------------------------------------------------------------- */

int mm_wire_length(const uint8_t header[MM_WIRE_HEADER_SIZE], size_t *ret_len)
{
	const uint8_t *at = header;
	uint64_t count;

	if (get(&at, 4) != ANSWER_MAGIC || get(&at, 4) != VERSION)
		return -EPROTO;
	at = header + COUNT_OFFSET;
	count = get(&at, 4);
	if (count > MM_VMI_TASKS_MAX)
		return -EPROTO;
	*ret_len = MM_WIRE_HEADER_SIZE + (size_t)count * MM_WIRE_PROCESS_SIZE;
	return 0;
}

static bool are_zeros(const uint8_t *from, const uint8_t *end)
{
	while (from < end)
		if (*from++)
			return false;
	return true;
}

static int read_header(const uint8_t *buf, struct mm_sample *sample)
{
	struct mm_counters *c = &sample->counters;
	const uint8_t *at = buf + 8;
	uint64_t reason = get(&at, 4), flags = get(&at, 4);

	if (reason >= MM_VMI_REASON_COUNT || flags & ~(uint64_t)FLAGS_ALL)
		return -EPROTO;
	sample->reason = (enum mm_vmi_reason)reason;
	sample->is_partial = flags & FLAG_PARTIAL;
	c->has_psi = flags & FLAG_PSI;
	c->has_balloon = flags & FLAG_BALLOON;
	at += 4; /* the count, taken from the length */
#define GET_4(field) sample->field = (uint32_t)get(&at, 4);
#define GET_8(field) sample->field = get(&at, 8);
	SAMPLE_U32(GET_4)
	SAMPLE_U64(GET_8)
	memcpy(c->release, at, sizeof(c->release));
	if (!memchr(c->release, '\0', sizeof(c->release)) ||
		!are_zeros(at + strlen(c->release), buf + MM_WIRE_HEADER_SIZE))
		return -EPROTO;
	return 0;
}

static int read_process(const uint8_t *at, struct mm_process *sample)
{
	uint64_t state, flags;

	sample->pid = (int32_t)get(&at, 4);
	sample->parent = (int32_t)get(&at, 4);
	sample->uid = (uint32_t)get(&at, 4);
	sample->threads = (uint32_t)get(&at, 4);
	state = get(&at, 4);
	flags = get(&at, 4);
	if (state > 0x7f || flags & ~(uint64_t)PROCESS_ALL)
		return -EPROTO;
	sample->state = (char)state;
	sample->is_kernel = flags & PROCESS_KERNEL;
	sample->is_torn = flags & PROCESS_TORN;
	PROCESS_U64(GET_8)
	memcpy(sample->comm, at, sizeof(sample->comm));
	if (sample->comm[MM_COMM_LEN - 1] ||
		!are_zeros(at + strlen(sample->comm), at + MM_COMM_LEN))
		return -EPROTO;
	return 0;
}

static int read_all(const uint8_t *buf, struct mm_sample *sample)
{
	int r = read_header(buf, sample);

	for (size_t i = 0; r == 0 && i < sample->count; i++)
		r = read_process(buf + MM_WIRE_HEADER_SIZE + i * MM_WIRE_PROCESS_SIZE,
			&sample->processes[i]);
	if (r == 0 && !mm_sample_is_sane(sample))
		r = -EPROTO;
	return r;
}

int mm_wire_read(const uint8_t *buf, size_t len, struct mm_sample *ret_sample)
{
	struct mm_sample sample = {0};
	size_t needed;
	int r;

	if (len < MM_WIRE_HEADER_SIZE || mm_wire_length(buf, &needed) < 0 || needed != len)
		return -EPROTO;
	sample.count = (len - MM_WIRE_HEADER_SIZE) / MM_WIRE_PROCESS_SIZE;
	if (sample.count) {
		sample.processes = calloc(sample.count, sizeof(*sample.processes));
		if (!sample.processes)
			return -ENOMEM;
	}
	r = read_all(buf, &sample);
	if (r < 0)
		mm_sample_free(&sample);
	else
		*ret_sample = sample;
	return r;
}
