/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kallsyms by its form. In order of addresses, each at a multiple of 8, zeros between:
 *	until 6.1: offsets, relative base, number of symbols, names, markers, token table, token index
 *	since 6.5: number of symbols, names, markers, token table, token index, offsets, relative base
 * A marker is where every 256th name begins: the first is 0.
 */
#include "vmi/fallback.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/image.h"
#include "vmi/sweep.h"

#define TOKENS	    MM_KALLSYMS_TOKENS
#define TOKEN_MIN   2	/* bytes, with the NUL */
#define TOKEN_LONG  64	/* tokens are pieces of names: Debian's longest has 19 letters */
#define HITS_MAX    64	/* more are somebody's game */
#define STEP	    256 /* symbols from marker to marker */
#define MARKERS_MIN 4	/* a kernel has many thousand symbols */
#define MARKERS_MAX (MM_KALLSYMS_MAX / STEP + 1)
#define NAME_LONG   160 /* bytes of a packed name, on average over 256 of them */
#define STEP_BYTES  (STEP * NAME_LONG)
#define BASE_ALIGN  MM_PAGE_SIZE

struct search {
	struct mm_phys *phys;
	mm_fallback_try *try;
	void *arg;
	unsigned hits;
};

static uint64_t align8(uint64_t value)
{
	return (value + 7) & ~UINT64_C(7);
}

/* A number at addr; a failed read gives 0, which none of them is. */
static uint64_t read_number(struct mm_phys *phys, uint64_t addr, size_t size)
{
	uint64_t value = 0;

	return mm_image_read_phys(phys, addr, &value, size) == 0 ? value : 0;
}

/* 256 texts at `table`, each ending where the next one begins, and each digit standing for itself. */
static bool is_token_table(const char *table, size_t size, const uint16_t *index)
{
	size_t i, len;

	for (i = 0; i < TOKENS; i++) {
		len = strnlen(table + index[i], size - index[i]);
		if (!len || index[i] + len >= size)
			return false;
		if (i + 1 < TOKENS && index[i] + len + 1 != index[i + 1])
			return false;
		if (i >= '0' && i <= '9' && (len != 1 || (size_t)table[index[i]] != i))
			return false;
	}
	return true;
}

static bool is_rising(const uint16_t *index)
{
	size_t i;

	for (i = 1; i < TOKENS; i++)
		if (index[i] < index[i - 1] + TOKEN_MIN || index[i] > index[i - 1] + TOKEN_LONG)
			return false;
	return index[0] == 0;
}

/* Where the table of an index at `addr` begins: the last text's length is not known. 0: nowhere. */
static uint64_t find_token_table(struct mm_phys *phys, uint64_t addr)
{
	char window[TOKENS * TOKEN_LONG + TOKEN_LONG];
	uint16_t index[TOKENS];
	uint64_t start, first;
	size_t size, at;

	if (mm_image_read_phys(phys, addr, index, sizeof(index)) < 0 || !is_rising(index))
		return 0;
	size = (size_t)index[TOKENS - 1] + TOKEN_LONG; /* less than the window, as it rises */
	if (addr < size || mm_image_read_phys(phys, addr - size, window, size) < 0)
		return 0;
	first = addr - size;
	for (start = align8(first); start + index[TOKENS - 1] + TOKEN_MIN <= addr; start += 8) {
		at = (size_t)(start - first);
		if (is_token_table(window + at, size - at, index))
			return start;
	}
	return 0;
}

/*
 * The markers end where the token table begins (or 4 bytes before it). Counts them, back to the 0 of the first. Returns how many there
 * are, or 0, and the last one, and where the first is.
 */
static uint32_t find_markers(
	struct mm_phys *phys, uint64_t end, uint32_t *ret_last, uint64_t *ret_start)
{
	size_t size = MARKERS_MAX * sizeof(uint32_t), at;
	uint32_t *words, count = 0;

	if (size > end)
		size = (size_t)end & ~(size_t)7;
	words = malloc(size);
	if (!words || mm_image_read_phys(phys, end - size, words, size) < 0) {
		free(words);
		return 0;
	}
	at = size / sizeof(*words);
	if (at && !words[at - 1])
		at--; /* filled up to a multiple of 8 */
	*ret_last = at ? words[at - 1] : 0;
	for (; at; at--) {
		count++;
		if (!words[at - 1])
			break;
		if (at < 2 || words[at - 1] < words[at - 2] + STEP * TOKEN_MIN ||
			words[at - 1] - words[at - 2] > STEP_BYTES)
			at = 1; /* does not rise: no markers */
	}
	*ret_start = at ? end - size + (at - 1) * sizeof(*words) : 0;
	free(words);
	return at && count >= MARKERS_MIN ? count : 0;
}

/* True when the names after the last marker, `count` of them, fill the bytes up to the markers. */
static bool is_tail(const uint8_t *bytes, size_t size, uint32_t count)
{
	const uint8_t *tokens;
	size_t pos = 0;

	for (; count; count--)
		if (!mm_kallsyms_next(bytes, size, &pos, &tokens))
			return false;
	return size - pos < 8;
}

/*
 * The names end where the markers begin, and begin so that the last marker falls near there; before them is how many there are. Fills
 * names, names_end, count.
 */
static bool match_names(uint64_t markers, uint32_t marker_count, uint32_t last,
	const uint8_t *windows, struct mm_kallsyms_place *place)
{
	const uint8_t *tail = windows, *counts = windows + STEP_BYTES;
	uint64_t before = (uint64_t)(marker_count - 1) * STEP, names, count;
	size_t at; /* of the last marker's name, in the tail */

	for (at = STEP_BYTES - 1; at > 0; at--) {
		names = markers - STEP_BYTES + at - last;
		if (names % 8)
			continue;
		memcpy(&count, counts + at, sizeof(count));
		if (count <= before || count - before > STEP ||
			!is_tail(tail + at, STEP_BYTES - at, (uint32_t)(count - before)))
			continue;
		place->names = names;
		place->names_end = markers;
		place->count = (uint32_t)count;
		return true;
	}
	return false;
}

static bool find_names(struct mm_phys *phys, uint64_t markers, uint32_t marker_count, uint32_t last,
	struct mm_kallsyms_place *place)
{
	/* The bytes before the markers, and those where the count may be: 8 bytes before the first name. */
	uint64_t tail = markers - STEP_BYTES, counts = tail - last - 8;
	uint8_t *windows;
	bool is_found;

	if (markers < (uint64_t)last + STEP_BYTES + 8)
		return false;
	windows = malloc(2 * STEP_BYTES + 8);
	is_found = windows && mm_image_read_phys(phys, tail, windows, STEP_BYTES) == 0 &&
		   mm_image_read_phys(phys, counts, windows + STEP_BYTES, STEP_BYTES + 8) == 0 &&
		   match_names(markers, marker_count, last, windows, place);
	free(windows);
	return is_found;
}

static bool is_base(uint64_t value)
{
	return value >= MM_IMAGE_MAP && value - MM_IMAGE_MAP < MM_IMAGE_SPREAD &&
	       value % BASE_ALIGN == 0;
}

/* Tries the offsets where older kernels have them, and then where newer ones do. */
static int try_orders(struct search *search, struct mm_kallsyms_place *place)
{
	uint64_t size = align8(UINT64_C(4) * place->count);
	uint64_t base = place->names - 16;
	int r = 0;

	place->relative_base = read_number(search->phys, base, sizeof(uint64_t));
	place->offsets = base - size;
	if (base > size && is_base(place->relative_base))
		r = search->try(search->arg, place);
	if (r)
		return r;
	place->offsets = place->token_index + TOKENS * sizeof(uint16_t);
	place->relative_base = read_number(search->phys, place->offsets + size, sizeof(uint64_t));
	return is_base(place->relative_base) ? search->try(search->arg, place) : 0;
}

/* The index of a token table may be at addr. */
static int try_index(struct search *search, uint64_t addr)
{
	struct mm_kallsyms_place place = {.token_index = addr};
	uint32_t markers, last;
	uint64_t start;

	place.token_table = find_token_table(search->phys, addr);
	if (!place.token_table)
		return 0;
	if (++search->hits > HITS_MAX)
		return 1;
	markers = find_markers(search->phys, place.token_table, &last, &start);
	if (!markers || !find_names(search->phys, start, markers, last, &place))
		return 0;
	return try_orders(search, &place);
}

/* Four numbers that could begin an index: all that is looked at of nearly every place. */
static bool may_begin(uint64_t word)
{
	uint16_t a = (uint16_t)(word >> 16), b = (uint16_t)(word >> 32), c = (uint16_t)(word >> 48);

	return !(word & 0xffff) && a >= TOKEN_MIN && b >= a + TOKEN_MIN && c >= b + TOKEN_MIN &&
	       c <= 3 * TOKEN_LONG;
}

static int look_at_page(void *arg, uint64_t addr, const uint8_t *page)
{
	uint64_t word;
	size_t at;
	int r = 0;

	for (at = 0; at < MM_PAGE_SIZE && r == 0; at += sizeof(word)) {
		memcpy(&word, page + at, sizeof(word));
		if (may_begin(word))
			r = try_index(arg, addr + at);
	}
	return r;
}

int mm_fallback_find(
	struct mm_phys *phys, uint64_t start, uint64_t end, mm_fallback_try *try, void *arg)
{
	struct search search = {.phys = phys, .try = try, .arg = arg};
	int r = mm_sweep(phys, start & ~(MM_PAGE_SIZE - 1), end, look_at_page, &search);

	return r == 1 && search.hits > HITS_MAX ? 0 : r;
}
