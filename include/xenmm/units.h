/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Units of the whole tree: memory is uint64_t KiB (`_kib`), time is uint64_t ms (`_ms`). Text is
 * turned into them here and nowhere else.
 */
#ifndef XENMM_UNITS_H
#define XENMM_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* Largest size we handle: 16 PiB in KiB. No host is near it, and sums of 2^16 of them still fit. */
#define MM_SIZE_MAX_KIB (UINT64_C(1) << 44)

/* Longest duration anyone may type: a year. */
#define MM_DURATION_MAX_MS (UINT64_C(366) * 24 * 3600 * 1000)

#define MM_KIB_PER_MIB	UINT64_C(1024)
#define MM_KIB_PER_PAGE UINT64_C(4) /* x86: 4 KiB pages, also in Xen's interface */

/*
 * Strict decimal: one or more digits, nothing else, at most `max`. `len` bytes of `text` are looked at;
 * it need not be terminated. Returns 0, -EINVAL (not a number) or -ERANGE (above max).
 */
int mm_parse_u64(const char *text, size_t len, uint64_t max, uint64_t *ret_value);

/*
 * A size as people type it: digits with an optional k, m, g, t (either case; powers of 1024), an
 * optional fraction ("1.5G", rounded down to a KiB; not with k or a bare number), and an optional "iB" or
 * "B" behind the letter. A bare number is KiB, as in the first xenmm. Returns 0, -EINVAL or -ERANGE (above
 * MM_SIZE_MAX_KIB); *ret_kib is untouched on failure.
 */
int mm_parse_size(const char *text, uint64_t *ret_kib);

/*
 * A duration as people type it: "2", "0.5", "10s", "250ms", "1m", "1h"; a bare number is seconds. Returns 0,
 * -EINVAL or -ERANGE (above MM_DURATION_MAX_MS); *ret_ms is untouched on failure.
 */
int mm_parse_duration(const char *text, uint64_t *ret_ms);

/*
 * Writes kib as "768M", "1.5G", "12K" for people, rounded to a tenth; terminated as long as size > 0; 16
 * bytes hold every size. Returns buf.
 */
char *mm_format_size(char *buf, size_t size, uint64_t kib);

/* As above, but exact, so that mm_parse_size() gives the same back: "768M", "1025K"; 24 bytes hold every size. */
char *mm_format_exact(char *buf, size_t size, uint64_t kib);

/* The integer square root, rounded down: Linux's watermarks go by it. n below 2^64. */
uint64_t mm_root_u64(uint64_t n);

static inline uint64_t mm_min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t mm_max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* a - b, or 0 where b is larger: what is left of a after b was taken. */
static inline uint64_t mm_sub_floor(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

#endif
