/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kallsyms by its form. In order of addresses, each at a multiple of 8, zeros between:
 *	until 6.4: offsets, relative base, number of symbols, names, markers, token table, token index
 *	since 6.5: number of symbols, names, markers, token table, token index, offsets, relative base
 * Markers, and what follows them in some kernels (Debian's 6.1 too), are not needed. The base is an address of a kernel's
 * start, which is rare enough to tell the rest by.
 */
#include "vmi/fallback.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/image.h"
#include "vmi/sweep.h"

#define TOKENS	    MM_KALLSYMS_TOKENS
#define TOKEN_MIN   2	 /* bytes, with the NUL */
#define TOKEN_LONG  64	 /* tokens are pieces of names: Debian's longest has 19 letters */
#define TRIES_MAX   16	 /* indexes looked into, and finds tried: more are somebody's game */
#define RISES_MAX   4096 /* lists of 256 rising numbers: the same */
#define SYMBOLS_MIN 1000 /* a kernel has many thousand */
#define NAMES_SPAN                                                                                 \
	(UINT64_C(8) << 20) /* bytes between the count and the token table: 6.1 has 1.5 MiB */
#define RISE_SEEN 256
#define CHUNK_MIN (RISE_SEEN * sizeof(uint32_t))
#define CHUNK	  (UINT64_C(64) << 10)

struct search {
	struct mm_phys *phys;
	mm_fallback_try *try;
	void *arg;
	unsigned rises, indexes, tries;
};

static uint64_t align8(uint64_t value)
{
	return (value + 7) & ~UINT64_C(7);
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
		return 0;			       /* changed meanwhile */
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

static bool is_base(uint64_t value)
{
	return value >= MM_IMAGE_MAP && value - MM_IMAGE_MAP < MM_IMAGE_SPREAD &&
	       value % MM_PAGE_SIZE == 0;
}

static int try_place(struct search *search, const struct mm_kallsyms_place *place)
{
	if (++search->tries > TRIES_MAX)
		return 1;
	return search->try(search->arg, place);
}

/*
 * Offsets rise with the symbols' addresses: those that are not negative first, then from -1 on down. Tells from the first ones what
 * else may follow an index, without going on through megabytes of it.
 */
static bool may_be_offsets(const uint64_t *chunk)
{
	uint32_t offsets[RISE_SEEN], i;
	uint64_t key, before = 0;

	memcpy(offsets, chunk, sizeof(offsets));
	for (i = 0; i < RISE_SEEN; i++) {
		key = offsets[i] >> 31 ? (UINT64_C(1) << 32) + ~offsets[i] : offsets[i];
		if (key < before)
			return false;
		before = key;
	}
	return before > 0;
}

/*
 * Newer kernels: the offsets follow the index, and the base follows them. (No two offsets, taken as one number, look like it: they
 * are small, or rise towards lower addresses from -1.) Fills offsets, relative_base, and count with the upper one of two possible
 * ones. Returns false where there is none.
 */
static bool find_newer(struct mm_phys *phys, struct mm_kallsyms_place *place, uint64_t *chunk)
{
	uint64_t start = place->token_index + TOKENS * sizeof(uint16_t), addr = start, count, i;
	uint64_t stop = start + MM_KALLSYMS_MAX * sizeof(uint32_t), size;

	for (; addr < stop && addr < phys->end; addr += size) {
		size = phys->end - addr < CHUNK ? phys->end - addr : CHUNK;
		if (mm_image_read_phys(phys, addr, chunk, (size_t)size) < 0 ||
			(addr == start && (size < CHUNK_MIN || !may_be_offsets(chunk))))
			return false;
		for (i = 0; i < size / sizeof(*chunk); i++) {
			count = (addr + i * sizeof(*chunk) - start) / sizeof(uint32_t);
			if (!is_base(chunk[i]) || count < SYMBOLS_MIN || count > MM_KALLSYMS_MAX)
				continue;
			place->offsets = start;
			place->relative_base = chunk[i];
			place->count = (uint32_t)count;
			return true;
		}
	}
	return false;
}

/* The word at addr, and the one before it: a count of symbols, after which the names begin? */
static int try_count(struct search *search, uint64_t addr, uint64_t before, uint64_t count,
	const struct mm_kallsyms_place *newer)
{
	struct mm_kallsyms_place place = *newer;
	uint64_t size;

	if (count < SYMBOLS_MIN || count > MM_KALLSYMS_MAX)
		return 0;
	place.names = addr + sizeof(count);
	place.names_end = place.token_table;
	/* An odd count is filled up with 4 bytes. */
	if (newer->count && (count == newer->count || count + 1 == newer->count)) {
		place.count = (uint32_t)count;
		return try_place(search, &place);
	}
	size = align8(count * sizeof(uint32_t));
	if (!is_base(before) || addr < size + sizeof(before))
		return 0;
	place.count = (uint32_t)count;
	place.relative_base = before;
	place.offsets = addr - sizeof(before) - size;
	return try_place(search, &place);
}

/* From the token table backwards, to the count of symbols. */
static int try_table(struct search *search, struct mm_kallsyms_place *newer, uint64_t *chunk)
{
	uint64_t end = newer->token_table, low = end > NAMES_SPAN ? end - NAMES_SPAN : 0, i;
	uint64_t size;
	int r = 0;

	if (!find_newer(search->phys, newer, chunk))
		newer->count = 0;
	/* Chunks overlap by a word: the one before a count is looked at together with it. */
	for (; r == 0 && end > low + sizeof(*chunk); end -= size - sizeof(*chunk)) {
		size = end - low < CHUNK ? end - low : CHUNK;
		if (mm_image_read_phys(search->phys, end - size, chunk, (size_t)size) < 0)
			break;
		for (i = size / sizeof(*chunk) - 1; i > 0 && r == 0; i--)
			r = try_count(search, end - size + i * sizeof(*chunk), chunk[i - 1],
				chunk[i], newer);
	}
	return r;
}

/* The index of a token table may be at addr. */
static int try_index(struct search *search, uint64_t addr)
{
	struct mm_kallsyms_place place = {.token_index = addr};
	uint64_t *chunk;
	int r;

	if (++search->rises > RISES_MAX)
		return 1;
	place.token_table = find_token_table(search->phys, addr);
	if (!place.token_table)
		return 0;
	if (++search->indexes > TRIES_MAX)
		return 1;
	chunk = malloc(CHUNK);
	if (!chunk)
		return -ENOMEM;
	r = try_table(search, &place, chunk);
	free(chunk);
	return r;
}

/* Four numbers that could begin an index: all that is looked at of nearly every place. */
static bool may_begin(uint64_t word)
{
	uint16_t a = (uint16_t)(word >> 16), b = (uint16_t)(word >> 32), c = (uint16_t)(word >> 48);

	return !(word & 0xffff) && a >= TOKEN_MIN && b >= a + TOKEN_MIN && c >= b + TOKEN_MIN &&
	       c <= 3 * TOKEN_LONG;
}

/* The numbers at `at` of a page rise as an index does: as far as the page goes, and then on. */
static bool may_be_index(struct mm_phys *phys, uint64_t addr, const uint8_t *page, size_t at)
{
	uint16_t index[TOKENS];
	uint64_t word;

	memcpy(&word, page + at, sizeof(word));
	if (!may_begin(word))
		return false;
	if (at <= MM_PAGE_SIZE - sizeof(index))
		memcpy(index, page + at, sizeof(index));
	else if (mm_image_read_phys(phys, addr + at, index, sizeof(index)) < 0)
		return false;
	return is_rising(index);
}

static int look_at_page(void *arg, uint64_t addr, const uint8_t *page)
{
	struct search *search = arg;
	size_t at;
	int r = 0;

	for (at = 0; at < MM_PAGE_SIZE && r == 0; at += sizeof(uint64_t))
		if (may_be_index(search->phys, addr, page, at))
			r = try_index(search, addr + at);
	return r;
}

int mm_fallback_find(
	struct mm_phys *phys, uint64_t start, uint64_t end, mm_fallback_try *try, void *arg)
{
	struct search search = {.phys = phys, .try = try, .arg = arg};
	int r = mm_sweep(phys, start & ~(MM_PAGE_SIZE - 1), end, look_at_page, &search);

	if (search.rises > RISES_MAX || search.indexes > TRIES_MAX || search.tries > TRIES_MAX)
		return r == 1 ? 0 : r;
	return r;
}
