/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking up a guest kernel's types, with libbpf. */
#include "vmi/btf.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/names.h"

#define NESTING	  16 /* of anonymous structs, and of typedefs and qualifiers: kernels have up to 6 */
#define NAME_LONG 64	  /* no wanted name is: see names.h */
#define STEPS_MAX 4000000 /* members looked at for one set of queries: 6.1 needs some thousand */

struct lookup {
	struct btf *btf;
	struct mm_btf_query *queries;
	size_t count;
	uint32_t *ids; /* of each query's struct; 0: not seen */
	const char **types, **values;
	struct mm_names type_names, value_names;
	size_t steps;
};

static int ignore_print(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/*
 * libbpf 1.1 checks the sections against each other but trusts hdr_len, swaps the bytes of foreign ones before it has seen how long
 * they are, and steps over types by their own word; so only the plain form goes there.
 */
int mm_btf_check(const void *data, size_t size)
{
	struct btf_header header;
	const char *strings;
	uint64_t body;

	if (size < sizeof(header))
		return -EINVAL;
	memcpy(&header, data, sizeof(header));
	body = size - sizeof(header);
	if (header.magic != BTF_MAGIC || header.version != BTF_VERSION || header.flags ||
		header.hdr_len != sizeof(header))
		return -EINVAL;
	if (header.type_off % 4 || !header.type_len || !header.str_len ||
		(uint64_t)header.type_off + header.type_len > header.str_off ||
		(uint64_t)header.str_off + header.str_len > body)
		return -EINVAL;
	strings = (const char *)data + sizeof(header) + header.str_off;
	return strings[0] || strings[header.str_len - 1] ? -EINVAL : 0;
}

/* The type itself, without names for it and qualifiers. NULL: nothing there, or too deep. */
static const struct btf_type *strip(const struct lookup *look, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(look->btf, id);
	unsigned depth;

	for (depth = 0; type && depth < NESTING; depth++) {
		if (!btf_is_mod(type) && !btf_is_typedef(type))
			return type;
		type = btf__type_by_id(look->btf, type->type);
	}
	return NULL;
}

/* Bytes of one element and how many there are; arrays of arrays are one array. False: not of a size. */
static bool measure(const struct lookup *look, const struct btf_type *type, struct mm_field_at *at)
{
	uint64_t count = 1, size;
	unsigned depth;

	for (depth = 0; type && btf_is_array(type) && depth < NESTING; depth++) {
		count *= btf_array(type)->nelems;
		if (count > UINT32_MAX)
			return false;
		type = strip(look, btf_array(type)->type);
	}
	if (!type || btf_is_array(type))
		return false;
	if (btf_is_ptr(type))
		size = sizeof(uint64_t);
	else if (btf_is_int(type) || btf_is_any_enum(type) || btf_is_composite(type))
		size = type->size;
	else
		return false;
	if (size * count > UINT32_MAX)
		return false;
	at->is_struct = btf_is_composite(type);
	at->count = (uint32_t)count;
	at->size = (uint32_t)(size * count);
	return true;
}

/* The struct that a path goes on through: the member's own type, or that of an array's elements. */
static const struct btf_type *enter(const struct lookup *look, const struct btf_type *type)
{
	unsigned depth;

	for (depth = 0; type && btf_is_array(type) && depth < NESTING; depth++)
		type = strip(look, btf_array(type)->type);
	return type && btf_is_composite(type) ? type : NULL;
}

static bool is_named(const struct lookup *look, uint32_t name_off, const char *name, size_t len)
{
	const char *have = btf__name_by_offset(look->btf, name_off);

	return have && strncmp(have, name, len) == 0 && !have[len];
}

struct found {
	const struct btf_type *type; /* of the member, stripped */
	uint64_t bit;		     /* from the start of the outermost struct */
	uint32_t bits;		     /* of a bit field, otherwise 0 */
};

/* Finds a member by its name, also within anonymous structs and unions. Returns 0, -ENOENT, -EDQUOT. */
static int find_member(struct lookup *look, const struct btf_type *owner, const char *name,
	size_t len, struct found *found, unsigned depth)
{
	const struct btf_member *members = btf_members(owner);
	const struct btf_type *type;
	uint64_t start = found->bit;
	uint32_t i;
	int r;

	for (i = 0; i < btf_vlen(owner); i++) {
		if (look->steps++ >= STEPS_MAX)
			return -EDQUOT;
		found->bit = start + btf_member_bit_offset(owner, i);
		if (is_named(look, members[i].name_off, name, len)) {
			found->type = strip(look, members[i].type);
			found->bits = btf_member_bitfield_size(owner, i);
			return 0;
		}
		if (members[i].name_off || depth >= NESTING)
			continue;
		type = strip(look, members[i].type);
		if (!type || !btf_is_composite(type))
			continue;
		r = find_member(look, type, name, len, found, depth + 1);
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

/* Follows a path from a struct on. Returns 0 with the answer, absent or not, or -EDQUOT. */
static int find_field(struct lookup *look, uint32_t id, struct mm_btf_query *query)
{
	struct found found = {.type = btf__type_by_id(look->btf, id)};
	struct mm_field_at at = {.offset = MM_ABSENT};
	const char *name = query->path;
	size_t len;
	int r;

	for (;;) {
		len = strcspn(name, ".");
		found.type = enter(look, found.type);
		if (!found.type || !len)
			return 0;
		r = find_member(look, found.type, name, len, &found, 0);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		if (!name[len])
			break;
		name += len + 1;
	}
	if (found.bit % 8 || found.bits % 8 || found.bit / 8 >= MM_ABSENT ||
		!measure(look, found.type, &at))
		return 0;
	at.offset = (uint32_t)(found.bit / 8);
	if (found.bits)
		at.size = found.bits / 8;
	query->at = at;
	return 0;
}

static void note_struct(struct lookup *look, uint32_t id, const struct btf_type *type)
{
	const char *name = btf__name_by_offset(look->btf, type->name_off);
	size_t len, i;

	if (!name || !*name || !type->size)
		return;
	len = strnlen(name, NAME_LONG); /* hostile ones may be of megabytes, millions of times */
	for (i = mm_names_find(&look->type_names, name, len, 0); i < look->count;
		i = mm_names_find(&look->type_names, name, len, i + 1))
		if (!look->ids[i])
			look->ids[i] = id;
}

static void note_value(struct lookup *look, uint32_t name_off, uint64_t value)
{
	const char *name = btf__name_by_offset(look->btf, name_off);
	size_t len, i;

	if (!name || !*name || value >= MM_ABSENT)
		return;
	len = strnlen(name, NAME_LONG); /* hostile ones may be of megabytes, millions of times */
	for (i = mm_names_find(&look->value_names, name, len, 0); i < look->count;
		i = mm_names_find(&look->value_names, name, len, i + 1))
		if (look->queries[i].at.offset == MM_ABSENT)
			look->queries[i].at.offset = (uint32_t)value;
}

static void note_enum(struct lookup *look, const struct btf_type *type)
{
	uint32_t i;

	for (i = 0; i < btf_vlen(type); i++)
		if (btf_is_enum(type))
			note_value(
				look, btf_enum(type)[i].name_off, (uint64_t)btf_enum(type)[i].val);
		else
			note_value(look, btf_enum64(type)[i].name_off,
				btf_enum64_value(&btf_enum64(type)[i]));
}

/* All types once: which of them are asked for. */
static void note_types(struct lookup *look)
{
	const struct btf_type *type;
	uint32_t id, end = btf__type_cnt(look->btf);

	for (id = 1; id < end; id++) {
		type = btf__type_by_id(look->btf, id);
		if (type && btf_is_composite(type))
			note_struct(look, id, type);
		else if (type && btf_is_any_enum(type))
			note_enum(look, type);
	}
}

static int answer(struct lookup *look)
{
	struct mm_btf_query *query;
	size_t i;
	int r;

	note_types(look);
	for (i = 0; i < look->count; i++) {
		query = &look->queries[i];
		if (!look->ids[i])
			continue;
		if (query->kind == MM_BTF_STRUCT) {
			query->at.offset = 0;
			query->at.size = btf__type_by_id(look->btf, look->ids[i])->size;
			continue;
		}
		r = find_field(look, look->ids[i], query);
		if (r < 0)
			return r;
	}
	return 0;
}

static int prepare(struct lookup *look)
{
	size_t i;

	look->ids = calloc(look->count, sizeof(*look->ids));
	look->types = calloc(look->count, sizeof(*look->types));
	look->values = calloc(look->count, sizeof(*look->values));
	if (!look->ids || !look->types || !look->values)
		return -ENOMEM;
	for (i = 0; i < look->count; i++) {
		look->queries[i].at = (struct mm_field_at){.offset = MM_ABSENT};
		if (look->queries[i].kind == MM_BTF_VALUE)
			look->values[i] = look->queries[i].name;
		else
			look->types[i] = look->queries[i].name;
	}
	mm_names_init(&look->type_names, look->types, look->count);
	mm_names_init(&look->value_names, look->values, look->count);
	return 0;
}

int mm_btf_resolve(const void *data, size_t size, struct mm_btf_query *queries, size_t count)
{
	struct lookup look = {.queries = queries, .count = count};
	int r;

	if (size > MM_BTF_MAX)
		return -E2BIG;
	r = mm_btf_check(data, size);
	if (r < 0)
		return r;
	libbpf_set_print(ignore_print);
	look.btf = btf__new(data, (uint32_t)size);
	if (!look.btf)
		return errno == ENOMEM ? -ENOMEM : -EINVAL;
	r = prepare(&look);
	if (!r)
		r = answer(&look);
	btf__free(look.btf);
	free(look.ids);
	free(look.types);
	free(look.values);
	return r;
}
