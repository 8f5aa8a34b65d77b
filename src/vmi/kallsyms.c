/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Symbols from a guest kernel's kallsyms tables. */
#include "vmi/kallsyms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/image.h"
#include "vmi/names.h"

#define TABLE_MAX    8192		  /* bytes of tokens: Debian's have about 920 */
#define NAMES_MAX    (UINT64_C(64) << 20) /* bytes: 6.1 has 1.5 MiB with its markers */
#define NAME_MAX_LEN 64			  /* a wanted name is shorter */
#define NOT_FOUND    UINT32_MAX

struct tables {
	uint8_t *names;
	size_t names_size;
	char tokens[TABLE_MAX];
	uint16_t index[MM_KALLSYMS_TOKENS];
	uint8_t token_len[MM_KALLSYMS_TOKENS];
};

size_t mm_kallsyms_next(const uint8_t *names, size_t size, size_t *pos, const uint8_t **ret_tokens)
{
	size_t at = *pos, count;

	if (at >= size)
		return 0;
	count = names[at++];
	if (count & 0x80) {
		if (at >= size)
			return 0;
		count = (count & 0x7f) | (size_t)names[at++] << 7;
	}
	if (!count || count > size - at)
		return 0;
	*ret_tokens = names + at;
	*pos = at + count;
	return count;
}

/* Tokens are short texts; a table in which one has no end, or is longer than any symbol, is none. */
static int load_tokens(
	struct mm_phys *phys, const struct mm_kallsyms_place *place, struct tables *tables)
{
	uint64_t size = place->token_index - place->token_table;
	const char *token, *end;
	size_t i;
	int r;

	if (place->token_index <= place->token_table || size > TABLE_MAX)
		return -EINVAL;
	r = mm_image_read_phys(phys, place->token_table, tables->tokens, (size_t)size);
	if (!r)
		r = mm_image_read_phys(
			phys, place->token_index, tables->index, sizeof(tables->index));
	for (i = 0; !r && i < MM_KALLSYMS_TOKENS; i++) {
		if (tables->index[i] >= size)
			return -EINVAL;
		token = tables->tokens + tables->index[i];
		end = memchr(token, '\0', (size_t)size - tables->index[i]);
		if (!end || end - token > UINT8_MAX)
			return -EINVAL;
		tables->token_len[i] = (uint8_t)(end - token);
	}
	return r;
}

static int load_names(
	struct mm_phys *phys, const struct mm_kallsyms_place *place, struct tables *tables)
{
	uint64_t size = place->names_end - place->names;

	if (place->names_end <= place->names)
		return -EINVAL;
	if (size > NAMES_MAX || place->count > MM_KALLSYMS_MAX)
		return -E2BIG;
	tables->names_size = (size_t)size;
	tables->names = malloc(tables->names_size);
	if (!tables->names)
		return -ENOMEM;
	return mm_image_read_phys(phys, place->names, tables->names, tables->names_size);
}

/* Length of an unpacked name, its type letter included, and its second letter: the first of the name itself. */
static size_t measure(
	const struct tables *tables, const uint8_t *tokens, size_t count, unsigned char *ret_first)
{
	size_t len = 0, before, i;

	*ret_first = 0;
	for (i = 0; i < count; i++) {
		before = len;
		len += tables->token_len[tokens[i]];
		if (before < 2 && len >= 2)
			*ret_first = (unsigned char)
					     tables->tokens[tables->index[tokens[i]] + 1 - before];
	}
	return len;
}

/* Unpacks a name of `len` letters in all. */
static void unpack(const struct tables *tables, const uint8_t *tokens, size_t count, char *ret_name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		memcpy(ret_name, tables->tokens + tables->index[tokens[i]],
			tables->token_len[tokens[i]]);
		ret_name += tables->token_len[tokens[i]];
	}
}

/* One pass over all names: which symbol each wanted name is. */
static int find_names(const struct tables *tables, uint32_t symbols, const struct mm_names *wanted,
	uint32_t *ret_index)
{
	const uint8_t *tokens = NULL;
	char name[NAME_MAX_LEN];
	unsigned char first;
	size_t pos = 0, count, len, row;
	uint32_t i;

	for (i = 0; i < symbols; i++) {
		count = mm_kallsyms_next(tables->names, tables->names_size, &pos, &tokens);
		if (!count)
			return -EINVAL;
		len = measure(tables, tokens, count, &first);
		if (len < 2 || len > sizeof(name) || !mm_names_may_have(wanted, first, len - 1))
			continue;
		unpack(tables, tokens, count, name);
		for (row = mm_names_find(wanted, name + 1, len - 1, 0); row < wanted->count;
			row = mm_names_find(wanted, name + 1, len - 1, row + 1))
			if (ret_index[row] == NOT_FOUND)
				ret_index[row] = i;
	}
	return 0;
}

/*
 * The two ways of x86 kernels until 6.15: with "absolute percpu" an offset that is not negative is an address (of per-CPU symbols, counted
 * from 0), a negative one counts from the base, -1 being the base itself. Otherwise all count from the base.
 */
static uint64_t make_address(uint64_t base, uint32_t offset, bool is_percpu_absolute)
{
	if (!is_percpu_absolute)
		return base + offset;
	return offset >> 31 ? base + ~offset : offset;
}

static int read_offset(struct mm_phys *phys, const struct mm_kallsyms_place *place, uint32_t index,
	uint32_t *ret_offset)
{
	return mm_image_read_phys(
		phys, place->offsets + UINT64_C(4) * index, ret_offset, sizeof(*ret_offset));
}

/* Which of the two ways it is: the one by which _stext is where it must be, or at the base where that is not known. */
static int choose_way(struct mm_phys *phys, const struct mm_kallsyms_place *place, uint32_t index,
	bool *ret_is_percpu)
{
	uint64_t stext = place->stext ? place->stext : place->relative_base;
	uint32_t offset;
	int r = read_offset(phys, place, index, &offset);

	if (r < 0)
		return r;
	*ret_is_percpu = true;
	if (make_address(place->relative_base, offset, true) == stext)
		return 0;
	*ret_is_percpu = false;
	return make_address(place->relative_base, offset, false) == stext ? 0 : -EINVAL;
}

static int find_addresses(struct mm_phys *phys, const struct mm_kallsyms_place *place,
	const uint32_t *index, size_t count, uint64_t *ret_addrs)
{
	bool is_percpu = false;
	uint32_t offset;
	size_t i;
	int r;

	/* The last one is _stext: see mm_kallsyms_resolve(). */
	if (index[count] == NOT_FOUND)
		return -EINVAL;
	r = choose_way(phys, place, index[count], &is_percpu);
	for (i = 0; !r && i < count; i++) {
		ret_addrs[i] = 0;
		if (index[i] == NOT_FOUND)
			continue;
		r = read_offset(phys, place, index[i], &offset);
		if (!r)
			ret_addrs[i] = make_address(place->relative_base, offset, is_percpu);
	}
	return r;
}

static int resolve(struct mm_phys *phys, const struct mm_kallsyms_place *place,
	const struct mm_names *wanted, uint32_t *index)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	int r;

	if (!tables)
		return -ENOMEM;
	r = load_tokens(phys, place, tables);
	if (!r)
		r = load_names(phys, place, tables);
	if (!r)
		r = find_names(tables, place->count, wanted, index);
	free(tables->names);
	free(tables);
	return r;
}

int mm_kallsyms_resolve(struct mm_phys *phys, const struct mm_kallsyms_place *place,
	const char *const *names, size_t count, uint64_t *ret_addrs)
{
	const char **all = calloc(count + 1, sizeof(*all));
	uint32_t *index = calloc(count + 1, sizeof(*index));
	struct mm_names wanted;
	int r = -ENOMEM;

	if (all && index) {
		memcpy(all, names, count * sizeof(*all));
		all[count] = "_stext";
		memset(index, 0xff, (count + 1) * sizeof(*index)); /* NOT_FOUND */
		mm_names_init(&wanted, all, count + 1);
		r = resolve(phys, place, &wanted, index);
		if (!r)
			r = find_addresses(phys, place, index, count, ret_addrs);
	}
	free(all);
	free(index);
	return r;
}
