/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The record a guest publishes: one table drives both directions, so that what is formatted parses.
 * The parser reads bytes a hostile guest chose; it neither allocates nor assumes a terminator.
 */
#include "xenmm/guest_proto.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "xenmm/units.h"

/* What is no news: a 128th of the guest, a few pages and a few ms in ten seconds. */
#define NEWS_PART     128
#define NEWS_REFAULTS 16
#define NEWS_STALL_US 5000

/* A report with the one field that is not a number in struct mm_report held as a number. */
struct record {
	struct mm_report report;
	uint64_t moving;
};

struct field {
	const char *key;
	size_t offset; /* of a uint64_t in struct record */
	uint64_t max;
};

enum field_id {
	FIELD_SEQ,
	FIELD_UP,
	FIELD_TOT,
	FIELD_FREE,
	FIELD_AVAIL,
	FIELD_CUR,
	FIELD_MOV,
	FIELD_SWT,
	FIELD_SWF,
	FIELD_SI,
	FIELD_SO,
	FIELD_MF,
	FIELD_RA,
	FIELD_RF,
	FIELD_PS,
	FIELD_PF,
	FIELD_COUNT
};

#define REPORT_FIELD(name) (offsetof(struct record, report) + offsetof(struct mm_report, name))
#define BIT(id)		   (1U << (id))
#define REQUIRED_FIELDS	   (BIT(FIELD_SEQ) | BIT(FIELD_TOT) | BIT(FIELD_FREE) | BIT(FIELD_AVAIL))
#define PSI_FIELDS	   (BIT(FIELD_PS) | BIT(FIELD_PF))

static const struct field fields[FIELD_COUNT] = {
	[FIELD_SEQ] = {"seq", REPORT_FIELD(seq), MM_COUNTER_MAX},
	[FIELD_UP] = {"up", REPORT_FIELD(uptime_ms), MM_COUNTER_MAX},
	[FIELD_TOT] = {"tot", REPORT_FIELD(total_kib), MM_SIZE_MAX_KIB},
	[FIELD_FREE] = {"free", REPORT_FIELD(free_kib), MM_SIZE_MAX_KIB},
	[FIELD_AVAIL] = {"avail", REPORT_FIELD(avail_kib), MM_SIZE_MAX_KIB},
	[FIELD_CUR] = {"cur", REPORT_FIELD(balloon_kib), MM_SIZE_MAX_KIB},
	[FIELD_MOV] = {"mov", offsetof(struct record, moving), 1},
	[FIELD_SWT] = {"swt", REPORT_FIELD(swap_total_kib), MM_SIZE_MAX_KIB},
	[FIELD_SWF] = {"swf", REPORT_FIELD(swap_free_kib), MM_SIZE_MAX_KIB},
	[FIELD_SI] = {"si", REPORT_FIELD(swapin_pages), MM_COUNTER_MAX},
	[FIELD_SO] = {"so", REPORT_FIELD(swapout_pages), MM_COUNTER_MAX},
	[FIELD_MF] = {"mf", REPORT_FIELD(majfaults), MM_COUNTER_MAX},
	[FIELD_RA] = {"ra", REPORT_FIELD(refault_anon), MM_COUNTER_MAX},
	[FIELD_RF] = {"rf", REPORT_FIELD(refault_file), MM_COUNTER_MAX},
	[FIELD_PS] = {"ps", REPORT_FIELD(psi_some_us), MM_COUNTER_MAX},
	[FIELD_PF] = {"pf", REPORT_FIELD(psi_full_us), MM_COUNTER_MAX},
};

/* A span of untrusted bytes, cut from the front as it is read. */
struct span {
	const char *text;
	size_t len;
};

static uint64_t *field_of(struct record *record, size_t id)
{
	return (uint64_t *)(void *)((char *)record + fields[id].offset);
}

/*
 * Cuts the next word off. Words are separated by one space each: "a  b" and "a " hold an empty
 * word.
 */
static bool next_word(struct span *rest, struct span *ret_word)
{
	const char *space;

	if (!rest->text)
		return false;
	space = memchr(rest->text, ' ', rest->len);
	ret_word->text = rest->text;
	ret_word->len = space ? (size_t)(space - rest->text) : rest->len;
	rest->len -= ret_word->len + (space ? 1 : 0);
	rest->text = space ? space + 1 : NULL;
	return true;
}

static int check_version(const struct span *word)
{
	uint64_t version;
	int r = mm_parse_u64(word->text, word->len, UINT64_MAX, &version);

	if (r < 0)
		return r;
	return version == MM_PROTO_VERSION ? 0 : -EPROTONOSUPPORT;
}

/* What a later version may put behind a key we do not know: any visible ASCII. */
static int check_unknown_value(const struct span *value)
{
	if (value->len == 0)
		return -EINVAL;
	for (size_t i = 0; i < value->len; i++) {
		if (value->text[i] <= ' ' || value->text[i] > '~')
			return -EINVAL;
	}
	return 0;
}

static size_t find_field(const char *key, size_t len)
{
	size_t id;

	for (id = 0; id < FIELD_COUNT; id++) {
		if (strlen(fields[id].key) == len && memcmp(fields[id].key, key, len) == 0)
			break;
	}
	return id;
}

static bool is_key(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!(text[i] >= 'a' && text[i] <= 'z') && !(text[i] >= '0' && text[i] <= '9') &&
			text[i] != '_')
			return false;
	}
	return len > 0;
}

/* Reads one "key=value" into record and notes it in *seen. */
static int parse_pair(const struct span *word, struct record *record, unsigned int *seen)
{
	const char *equals = memchr(word->text, '=', word->len);
	struct span value;
	size_t key_len;
	size_t id;

	if (!equals)
		return -EINVAL;
	key_len = (size_t)(equals - word->text);
	value.text = equals + 1;
	value.len = word->len - key_len - 1;
	if (!is_key(word->text, key_len))
		return -EINVAL;
	id = find_field(word->text, key_len);
	if (id == FIELD_COUNT)
		return check_unknown_value(&value);
	if (*seen & BIT(id))
		return -EINVAL;
	*seen |= BIT(id);
	return mm_parse_u64(value.text, value.len, fields[id].max, field_of(record, id));
}

/* The rules between fields, the same for what we read and what we write. */
static int check_report(const struct mm_report *report)
{
	if (report->total_kib == 0 || report->free_kib > report->total_kib ||
		report->avail_kib > report->total_kib ||
		report->swap_free_kib > report->swap_total_kib)
		return -ERANGE;
	return 0;
}

int mm_report_parse(const char *untrusted_text, size_t len, struct mm_report *ret_report)
{
	struct record record = {.report = {.source = MM_SOURCE_XENMM}};
	struct span rest = {untrusted_text, len};
	struct span word;
	unsigned int seen = 0;
	int r;

	if (len > MM_RECORD_MAX)
		return -EMSGSIZE;
	if (len == 0 || !next_word(&rest, &word))
		return -EINVAL;
	r = check_version(&word);
	if (r < 0)
		return r;
	while (next_word(&rest, &word)) {
		r = parse_pair(&word, &record, &seen);
		if (r < 0)
			return r;
	}
	if ((seen & REQUIRED_FIELDS) != REQUIRED_FIELDS)
		return -EINVAL;
	if ((seen & PSI_FIELDS) != 0 && (seen & PSI_FIELDS) != PSI_FIELDS)
		return -EINVAL;
	record.report.has_psi = (seen & PSI_FIELDS) != 0;
	record.report.is_moving = record.moving != 0;
	r = check_report(&record.report);
	if (r < 0)
		return r;
	*ret_report = record.report;
	return 0;
}

int mm_report_parse_pair(enum mm_source source, const char *untrusted_free, size_t free_len,
	const char *untrusted_tot, size_t tot_len, struct mm_report *ret_report)
{
	struct mm_report report = {.source = source};
	int r;

	if (source != MM_SOURCE_SEED && source != MM_SOURCE_XENSERVER)
		return -EINVAL;
	r = mm_parse_u64(untrusted_free, free_len, MM_SIZE_MAX_KIB, &report.free_kib);
	if (r < 0)
		return r;
	r = mm_parse_u64(untrusted_tot, tot_len, MM_SIZE_MAX_KIB, &report.total_kib);
	if (r < 0)
		return r;
	/* Both writers already count what can be reclaimed as free. */
	report.avail_kib = report.free_kib;
	r = check_report(&report);
	if (r < 0)
		return r;
	*ret_report = report;
	return 0;
}

int mm_report_format(const struct mm_report *report, char *buf, size_t size)
{
	struct record record = {.report = *report, .moving = report->is_moving ? 1 : 0};
	size_t used;
	int r = check_report(report);

	if (r < 0)
		return r;
	r = snprintf(buf, size, "%d", MM_PROTO_VERSION);
	used = (size_t)r;
	for (size_t id = 0; id < FIELD_COUNT && used < size; id++) {
		uint64_t value = *field_of(&record, id);

		if ((BIT(id) & PSI_FIELDS) && !report->has_psi)
			continue;
		if (value > fields[id].max)
			return -ERANGE;
		r = snprintf(buf + used, size - used, " %s=%" PRIu64, fields[id].key, value);
		used += (size_t)r;
	}
	return used < size ? (int)used : -ENOSPC;
}

const char *mm_source_name(enum mm_source source)
{
	static const char *const names[MM_SOURCE_COUNT] = {
		[MM_SOURCE_NONE] = "none",
		[MM_SOURCE_XENSERVER] = "xenserver",
		[MM_SOURCE_SEED] = "seed",
		[MM_SOURCE_INTROSPECTION] = "introspection",
		[MM_SOURCE_XENMM] = "xenmm",
	};

	return (unsigned int)source < MM_SOURCE_COUNT ? names[source] : "none";
}

static bool has_moved(uint64_t before_kib, uint64_t after_kib, uint64_t grain_kib)
{
	return before_kib + grain_kib < after_kib || after_kib + grain_kib < before_kib;
}

bool mm_report_is_news(const struct mm_report *before, const struct mm_report *after)
{
	uint64_t grain_kib = mm_max_u64(after->total_kib / NEWS_PART, MM_KIB_PER_MIB);

	return before->source != after->source || before->is_moving != after->is_moving ||
	       has_moved(before->total_kib, after->total_kib, MM_KIB_PER_MIB) ||
	       has_moved(before->balloon_kib, after->balloon_kib, MM_KIB_PER_MIB) ||
	       has_moved(before->avail_kib, after->avail_kib, grain_kib) ||
	       before->swapin_pages != after->swapin_pages ||
	       before->swapout_pages != after->swapout_pages ||
	       has_moved(before->refault_file, after->refault_file, NEWS_REFAULTS) ||
	       has_moved(before->psi_some_us, after->psi_some_us, NEWS_STALL_US);
}
