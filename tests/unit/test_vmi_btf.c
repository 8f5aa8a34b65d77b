/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/btf.h"

enum { INT_32 = 1, INT_64, LIST_HEAD, POINTER };

static void add(int id)
{
	if (id < 0)
		fail_msg("libbpf: %d", id);
}

static void field(struct btf *btf, const char *name, int type, uint32_t byte)
{
	add(btf__add_field(btf, name, type, byte * 8, 0));
}

/* Basic types, and a struct of them with all that a path may lead through. */
static struct btf *make_types(void)
{
	struct btf *btf = btf__new_empty();
	int inner, deeper, typedefed, constant, array, matrix, heads, end;

	assert_non_null(btf);
	add(btf__add_int(btf, "int", 4, BTF_INT_SIGNED));
	add(btf__add_int(btf, "long", 8, 0));
	add(btf__add_struct(btf, "list_head", 16));
	field(btf, "next", POINTER, 0);
	field(btf, "prev", POINTER, 8);
	add(btf__add_ptr(btf, LIST_HEAD));

	deeper = btf__add_struct(btf, NULL, 16);
	field(btf, "deep", INT_32, 4);
	field(btf, "deep_list", LIST_HEAD, 8);
	inner = btf__add_union(btf, NULL, 24);
	field(btf, "first", INT_64, 0);
	field(btf, NULL, deeper, 0);
	typedefed = btf__add_typedef(btf, "pid_t", INT_32);
	constant = btf__add_const(btf, btf__add_volatile(btf, typedefed));
	array = btf__add_array(btf, INT_32, INT_32, 16);
	matrix = btf__add_array(btf, INT_32, btf__add_array(btf, INT_32, INT_64, 3), 6);
	heads = btf__add_array(btf, INT_32, LIST_HEAD, 5);
	end = btf__add_array(btf, INT_32, INT_32, 0);
	assert_int_equal(btf__add_struct(btf, "task", 600), end + 1);
	field(btf, "state", INT_32, 0);
	field(btf, "tasks", LIST_HEAD, 8);
	field(btf, NULL, inner, 40);
	field(btf, "pid", constant, 64);
	field(btf, "comm", array, 68);
	field(btf, "table", matrix, 136);
	field(btf, "heads", heads, 280);
	field(btf, "owner", POINTER, 360);
	add(btf__add_field(btf, "flag", INT_32, 368 * 8 + 3, 1));
	add(btf__add_field(btf, "byte", INT_32, 369 * 8, 8));
	field(btf, "end", end, 600);
	add(btf__add_struct(btf, "task", 8)); /* one of the same name comes later */
	field(btf, "later", INT_32, 0);
	add(btf__add_fwd(btf, "promised", BTF_FWD_STRUCT));
	add(btf__add_enum(btf, "items", 4));
	add(btf__add_enum_value(btf, "NR_FREE_PAGES", 0));
	add(btf__add_enum_value(btf, "NR_ITEMS", 44));
	add(btf__add_enum_value(btf, "NR_NEGATIVE", -1));
	add(btf__add_enum64(btf, "wide", 8, false));
	add(btf__add_enum64_value(btf, "WIDE_SMALL", 7));
	add(btf__add_enum64_value(btf, "WIDE_LARGE", UINT64_C(1) << 40));
	add(btf__add_enum(btf, NULL, 4));
	add(btf__add_enum_value(btf, "NR_ITEMS", 45));
	return btf;
}

#define ABSENT                                                                                     \
	{                                                                                          \
		MM_ABSENT, 0, 0, false                                                             \
	}

static const struct row {
	enum mm_btf_kind kind;
	const char *name, *path;
	struct mm_field_at at;
} rows[] = {
	{MM_BTF_FIELD, "task", "state", {0, 4, 1, false}},
	{MM_BTF_FIELD, "task", "tasks", {8, 16, 1, true}},
	{MM_BTF_FIELD, "task", "tasks.prev", {16, 8, 1, false}},
	{MM_BTF_FIELD, "task", "first", {40, 8, 1, false}},
	{MM_BTF_FIELD, "task", "deep", {44, 4, 1, false}},
	{MM_BTF_FIELD, "task", "deep_list.prev", {56, 8, 1, false}},
	{MM_BTF_FIELD, "task", "pid", {64, 4, 1, false}},
	{MM_BTF_FIELD, "task", "comm", {68, 64, 16, false}},
	{MM_BTF_FIELD, "task", "table", {136, 144, 18, false}},
	{MM_BTF_FIELD, "task", "heads", {280, 80, 5, true}},
	{MM_BTF_FIELD, "task", "heads.prev", {288, 8, 1, false}},
	{MM_BTF_FIELD, "task", "owner", {360, 8, 1, false}},
	{MM_BTF_FIELD, "task", "owner.next", ABSENT}, /* not through pointers */
	{MM_BTF_FIELD, "task", "flag", ABSENT},	      /* bits */
	{MM_BTF_FIELD, "task", "byte", {369, 1, 1, false}},
	{MM_BTF_FIELD, "task", "end", {600, 0, 0, false}},
	{MM_BTF_FIELD, "task", "later", ABSENT}, /* of the second one */
	{MM_BTF_FIELD, "task", "stat", ABSENT},
	{MM_BTF_FIELD, "task", "states", ABSENT},
	{MM_BTF_FIELD, "task", "", ABSENT},
	{MM_BTF_FIELD, "task", "tasks.", ABSENT},
	{MM_BTF_FIELD, "task", "state.x", ABSENT},
	{MM_BTF_FIELD, "nothing", "state", ABSENT},
	{MM_BTF_STRUCT, "task", NULL, {0, 600, 0, false}},
	{MM_BTF_STRUCT, "list_head", NULL, {0, 16, 0, false}},
	{MM_BTF_STRUCT, "promised", NULL, ABSENT},
	{MM_BTF_STRUCT, "NR_ITEMS", NULL, ABSENT},
	{MM_BTF_VALUE, "NR_FREE_PAGES", NULL, {0, 0, 0, false}},
	{MM_BTF_VALUE, "NR_ITEMS", NULL, {44, 0, 0, false}},
	{MM_BTF_VALUE, "NR_NEGATIVE", NULL, ABSENT},
	{MM_BTF_VALUE, "WIDE_SMALL", NULL, {7, 0, 0, false}},
	{MM_BTF_VALUE, "WIDE_LARGE", NULL, ABSENT},
	{MM_BTF_VALUE, "task", NULL, ABSENT},
};

static void test_rows(void **state)
{
	struct btf *btf = make_types();
	struct mm_btf_query queries[ARRAY_SIZE(rows)];
	uint32_t size;
	const void *data = btf__raw_data(btf, &size);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		queries[i] = (struct mm_btf_query){
			.kind = rows[i].kind, .name = rows[i].name, .path = rows[i].path};
	assert_int_equal(mm_btf_resolve(data, size, queries, ARRAY_SIZE(rows)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct mm_field_at *got = &queries[i].at, *want = &rows[i].at;

		if (got->offset != want->offset || got->size != want->size ||
			got->count != want->count || got->is_struct != want->is_struct)
			fail_msg("%s %s: %u, size %u, count %u, struct %d", rows[i].name,
				rows[i].path ? rows[i].path : "", got->offset, got->size,
				got->count, got->is_struct);
	}
	btf__free(btf);
}

static const struct {
	const char *name;
	size_t at, size;
	uint64_t value;
} damages[] = {
	{"magic", 0, 2, 0x1234},
	{"magic of the other byte order", 0, 2, 0x9feb},
	{"version", 2, 1, 2},
	{"flags", 3, 1, 1},
	{"header too long", 4, 4, 28},
	{"header too short", 4, 4, 20},
	{"header of all", 4, 4, UINT32_MAX},
	{"types not aligned", 8, 4, 2},
	{"types begin far off", 8, 4, 0xfffffffc},
	{"types end far off", 12, 4, UINT32_MAX},
	{"no types", 12, 4, 0},
	{"names begin among the types", 16, 4, 0},
	{"names begin far off", 16, 4, UINT32_MAX},
	{"names end far off", 20, 4, UINT32_MAX},
	{"no names", 20, 4, 0},
	{"one name less", 20, 4, 3},
};

/* A header that does not fit its bytes is refused before libbpf sees it. */
static void test_header(void **state)
{
	struct btf *btf = make_types();
	struct mm_btf_query query = {MM_BTF_STRUCT, "task", NULL, {0}};
	uint32_t size;
	const void *data = btf__raw_data(btf, &size);
	uint8_t *copy = malloc(size);

	(void)state;
	assert_non_null(copy);
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		memcpy(copy, data, size);
		memcpy(copy + damages[i].at, &damages[i].value, damages[i].size);
		if (mm_btf_check(copy, size) != -EINVAL)
			fail_msg("%s: taken", damages[i].name);
		if (mm_btf_resolve(copy, size, &query, 1) != -EINVAL)
			fail_msg("%s: looked into", damages[i].name);
	}
	memcpy(copy, data, size);
	for (size_t cut = 0; cut < size; cut++)
		if (mm_btf_check(copy, cut) != -EINVAL)
			fail_msg("%zu of %u bytes: taken", cut, size);
	assert_int_equal(mm_btf_check(copy, size), 0);
	free(copy);
	btf__free(btf);
}

/* A blob of these types and one name, "x", as BTF; what libbpf itself would not write. */
static int resolve_types(const void *types, uint32_t types_size, struct mm_btf_query *query)
{
	struct btf_header header = {.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = types_size,
		.str_off = types_size,
		.str_len = 3};
	uint8_t *blob = malloc(sizeof(header) + types_size + 3);
	int r;

	assert_non_null(blob);
	memcpy(blob, &header, sizeof(header));
	memcpy(blob + sizeof(header), types, types_size);
	memcpy(blob + sizeof(header) + types_size, "\0x", 3);
	r = mm_btf_resolve(blob, sizeof(header) + types_size + 3, query, 1);
	free(blob);
	return r;
}

#define INFO(kind, count) ((uint32_t)BTF_KIND_##kind << 24 | (count))

static const struct {
	const char *name;
	uint32_t types[24], words;
} tangles[] = {
	{"a struct within itself", {1, INFO(STRUCT, 1), 8, 1, 1, 0}, 6},
	{"a typedef of itself", {1, INFO(STRUCT, 1), 8, 1, 2, 0, 1, INFO(TYPEDEF, 0), 2}, 9},
	{"constants of each other",
		{1, INFO(STRUCT, 1), 8, 1, 2, 0, 0, INFO(CONST, 0), 3, 0, INFO(VOLATILE, 0), 2},
		12},
	{"an array of itself", {1, INFO(STRUCT, 1), 8, 1, 2, 0, 0, INFO(ARRAY, 0), 0, 2, 2, 9}, 12},
	{"an array of all memory, twice",
		{1, INFO(STRUCT, 1), 8, 1, 2, 0, 0, INFO(ARRAY, 0), 0, 3, 3, UINT32_MAX, 0,
			INFO(ARRAY, 0), 0, 1, 1, UINT32_MAX},
		18},
	{"a type that is not there", {1, INFO(STRUCT, 1), 8, 1, 77, 0}, 6},
	{"void", {1, INFO(STRUCT, 1), 8, 1, 0, 0}, 6},
	{"a name that is not there", {1, INFO(STRUCT, 2), 8, 99, 1, 0, 0x7fffffff, 1, 0}, 9},
};

static void test_tangles(void **state)
{
	struct mm_btf_query query;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tangles); i++) {
		query = (struct mm_btf_query){MM_BTF_FIELD, "x", "x.x.y", {0}};
		if (resolve_types(tangles[i].types, tangles[i].words * 4, &query) != 0)
			fail_msg("%s: refused", tangles[i].name);
		if (query.at.offset != MM_ABSENT)
			fail_msg("%s: found at %u", tangles[i].name, query.at.offset);
	}
}

/* Anonymous structs that hold each other a thousand times: a search through all of them would never end. */
static void test_flood(void **state)
{
	enum { MEMBERS = 1000 };
	static uint32_t types[3 + 3 * MEMBERS] = {1, INFO(STRUCT, MEMBERS), 8};
	struct mm_btf_query query = {MM_BTF_FIELD, "x", "y", {0}};

	(void)state;
	for (size_t i = 0; i < MEMBERS; i++)
		types[3 + 3 * i + 1] = 1;
	assert_int_equal(resolve_types(types, sizeof(types), &query), -EDQUOT);
}

/* One name of megabytes, that every type has: what is read of it is little. */
static void test_long_name(void **state)
{
	enum { TYPES = 1 << 20, NAME = 16 << 20, SIZE = TYPES * 12 };
	struct btf_header header = {.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = SIZE,
		.str_off = SIZE,
		.str_len = NAME};
	struct mm_btf_query query = {MM_BTF_STRUCT, "x", NULL, {0}};
	uint8_t *blob = malloc(sizeof(header) + SIZE + NAME);
	const uint32_t type[3] = {1, INFO(STRUCT, 0), 8};

	(void)state;
	assert_non_null(blob);
	memcpy(blob, &header, sizeof(header));
	for (size_t i = 0; i < TYPES; i++)
		memcpy(blob + sizeof(header) + i * sizeof(type), type, sizeof(type));
	memset(blob + sizeof(header) + SIZE, 'x', NAME);
	blob[sizeof(header) + SIZE] = blob[sizeof(header) + SIZE + NAME - 1] = 0;
	assert_int_equal(mm_btf_resolve(blob, sizeof(header) + SIZE + NAME, &query, 1), 0);
	assert_int_equal(query.at.offset, MM_ABSENT);
	free(blob);
}

static const struct {
	const char *name;
	uint32_t types[8], words;
} unknown[] = {
	{"a kind from the future", {1, 30u << 24, 8}, 3},
	{"members that are not there", {1, INFO(STRUCT, 9), 8, 1, 0, 0}, 6},
	{"half a type", {1, INFO(STRUCT, 0)}, 2},
};

static void test_unknown(void **state)
{
	struct mm_btf_query query = {MM_BTF_STRUCT, "x", NULL, {0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		if (resolve_types(unknown[i].types, unknown[i].words * 4, &query) != -EINVAL)
			fail_msg("%s: taken", unknown[i].name);
	assert_int_equal(mm_btf_resolve(unknown, MM_BTF_MAX + 1, &query, 1), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_tangles),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
