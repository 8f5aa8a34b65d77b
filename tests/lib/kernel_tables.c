/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packs symbols and types. */
#include "lib/kernel_tables.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKENS 256
#define STEP   256

/* ---- kallsyms */

struct writer {
	uint8_t *bytes;
	size_t size, at;
};

static void put(struct writer *w, const void *data, size_t len)
{
	if (len > w->size - w->at)
		abort();
	memcpy(w->bytes + w->at, data, len);
	w->at += len;
}

static size_t align(struct writer *w)
{
	static const uint8_t zeros[8];

	put(w, zeros, -w->at % 8);
	return w->at;
}

/* What a code stands for: printable characters for themselves, some for what names often have, others for nothing in use. */
static const char *token(unsigned code)
{
	static const char *const common[] = {
		"filler_", "D__", "Dv", "vm_", "_st", "init_", "page", "at", "in", "ta", "er"};
	static char text[8];

	if (code > 32 && code < 127)
		snprintf(text, sizeof(text), "%c", (char)code);
	else if (code >= 128 && code < 128 + sizeof(common) / sizeof(common[0]))
		return common[code - 128];
	else
		snprintf(text, sizeof(text), "~%02x", code);
	return text;
}

/* The code of the longest token that the text begins with. */
static unsigned best_code(const char *text)
{
	unsigned best = (unsigned char)*text;
	size_t len, most = 1;

	for (unsigned code = 128; code < 140; code++) {
		len = strlen(token(code));
		if (*token(code) != '~' && len > most && strncmp(text, token(code), len) == 0) {
			most = len;
			best = code;
		}
	}
	return best;
}

static void put_name(struct writer *w, const char *name)
{
	char text[64];
	uint8_t packed[64];
	size_t len = 0, at = 0;

	snprintf(text, sizeof(text), "D%s", name);
	while (text[at]) {
		packed[++len] = (uint8_t)best_code(text + at);
		at += strlen(token(packed[len]));
	}
	packed[0] = (uint8_t)len;
	put(w, packed, len + 1);
}

static void put_names(
	struct writer *w, const struct kernel_row *rows, size_t count, uint32_t *markers)
{
	size_t start = w->at;

	for (size_t i = 0; i < count; i++) {
		if (i % STEP == 0)
			markers[i / STEP] = (uint32_t)(w->at - start);
		put_name(w, rows[i].name);
	}
}

static void put_tokens(struct writer *w, struct kernel_tables *tables)
{
	uint16_t index[TOKENS];

	tables->token_table = align(w);
	for (unsigned code = 0; code < TOKENS; code++) {
		index[code] = (uint16_t)(w->at - tables->token_table);
		put(w, token(code), strlen(token(code)) + 1);
	}
	tables->token_index = align(w);
	put(w, index, sizeof(index));
}

static void put_offsets(struct writer *w, const struct kernel_options *options,
	const struct kernel_row *rows, size_t count, uint64_t base, struct kernel_tables *tables)
{
	tables->offsets = align(w);
	for (size_t i = 0; i < count; i++) {
		uint32_t offset = (uint32_t)(rows[i].value - base);

		if (!options->is_relative)
			offset = rows[i].is_percpu ? (uint32_t)rows[i].value : ~offset;
		put(w, &offset, sizeof(offset));
	}
	tables->relative_base = align(w);
	put(w, &base, sizeof(base));
}

struct kernel_tables kernel_put_kallsyms(uint8_t *bytes, size_t size,
	const struct kernel_options *options, const struct kernel_row *rows, size_t count,
	uint64_t base)
{
	struct writer w = {.bytes = bytes, .size = size};
	uint32_t markers[64], number = (uint32_t)count;
	struct kernel_tables tables;
	static const uint8_t seqs[3 * 8192];

	if (options->order != KERNEL_NEW)
		put_offsets(&w, options, rows, count, base, &tables);
	tables.num_syms = align(&w);
	put(&w, &number, sizeof(number));
	tables.names = align(&w);
	put_names(&w, rows, count, markers);
	align(&w);
	put(&w, markers, (count + STEP - 1) / STEP * sizeof(*markers));
	if (options->order == KERNEL_SEQS) {
		align(&w);
		put(&w, seqs, 3 * count);
	}
	put_tokens(&w, &tables);
	if (options->order == KERNEL_NEW)
		put_offsets(&w, options, rows, count, base, &tables);
	tables.end = align(&w);
	return tables;
}

/* ---- BTF */

struct wish {
	const char *type, *path;
};

#define FIELD_WISH(id, type, path, required) {type, path},
#define STRUCT_WISH(id, name, required)	     {name, "unknown"},
#define VALUE_NAME(id, name, required)	     name,

static const struct wish wishes[] = {MM_FIELDS(FIELD_WISH) MM_STRUCTS(STRUCT_WISH)};
static const char *const values[] = {MM_VALUES(VALUE_NAME)};

#define WISHES (sizeof(wishes) / sizeof(wishes[0]))

static void check(int id)
{
	if (id < 0)
		abort();
}

/* True for the first wish of the type, or of the type and the path's first part. */
static bool is_first(size_t wish, size_t part)
{
	for (size_t i = 0; i < wish; i++)
		if (strcmp(wishes[i].type, wishes[wish].type) == 0 &&
			(!part || (strncmp(wishes[i].path, wishes[wish].path, part) == 0 &&
					  !strchr("abcdefghijklmnopqrstuvwxyz_",
						  wishes[i].path[part]))))
			return false;
	return true;
}

/* A struct for the members that a path leads on to. Returns its id; sub-members are 8 bytes each. */
static int add_inner(struct btf *btf, size_t wish, size_t part)
{
	uint32_t count = 0;
	int id = btf__add_struct(btf, NULL, 64);

	check(id);
	for (size_t i = 0; i < WISHES; i++)
		if (strcmp(wishes[i].type, wishes[wish].type) == 0 &&
			strncmp(wishes[i].path, wishes[wish].path, part + 1) == 0)
			check(btf__add_field(btf, wishes[i].path + part + 1, 1, 64 * count++, 0));
	return id;
}

static void add_type(struct btf *btf, size_t wish)
{
	const char *type = wishes[wish].type;
	int inner[WISHES] = {0};
	uint32_t at = 0;
	size_t part;

	for (size_t i = 0; i < WISHES; i++) {
		part = strcspn(wishes[i].path, ".");
		if (strcmp(wishes[i].type, type) == 0 && wishes[i].path[part] && is_first(i, part))
			inner[i] = add_inner(btf, i, part);
	}
	check(btf__add_struct(btf, type, 64 * WISHES));
	for (size_t i = 0; i < WISHES; i++) {
		char name[40];

		part = strcspn(wishes[i].path, ".");
		if (strcmp(wishes[i].type, type) != 0 || !is_first(i, part))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)part, wishes[i].path);
		check(btf__add_field(btf, name, inner[i] ? inner[i] : 1, 512 * at++, 0));
	}
}

size_t kernel_put_btf(uint8_t *bytes, size_t size, const struct kernel_options *options)
{
	struct btf *btf = btf__new_empty();
	const void *data;
	uint32_t len;

	if (!btf)
		abort();
	check(btf__add_int(btf, "long", 8, 0));
	for (size_t i = 0; i < WISHES; i++)
		if (is_first(i, 0) &&
			(!options->no_row || strcmp(wishes[i].type, options->no_row) != 0))
			add_type(btf, i);
	check(btf__add_enum(btf, "items", 4));
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		check(btf__add_enum_value(btf, values[i], (int64_t)i + 100));
	data = btf__raw_data(btf, &len);
	if (!data || len > size)
		abort();
	memcpy(bytes, data, len);
	btf__free(btf);
	return len;
}
