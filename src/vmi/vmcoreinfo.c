/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The vmcoreinfo page: lines of "key=value", of which a few are wanted. */
#include "vmi/vmcoreinfo.h"

#include <errno.h>
#include <string.h>

static const struct key {
	const char *name;
	size_t at;
	bool is_hex;	  /* otherwise decimal, or hexadecimal after 0x */
	bool is_required; /* of several with the same place, one is */
} keys[] = {
	{"SYMBOL(_stext)", offsetof(struct mm_vmcoreinfo, stext), true, true},
	/* Two names for the same table: the first in all kernels, the second on x86 alone. */
	{"SYMBOL(swapper_pg_dir)", offsetof(struct mm_vmcoreinfo, init_top_pgt), true, true},
	{"SYMBOL(init_top_pgt)", offsetof(struct mm_vmcoreinfo, init_top_pgt), true, true},
	{"SYMBOL(kallsyms_names)", offsetof(struct mm_vmcoreinfo, kallsyms_names), true, false},
	{"SYMBOL(kallsyms_num_syms)", offsetof(struct mm_vmcoreinfo, kallsyms_num_syms), true,
		false},
	{"SYMBOL(kallsyms_token_table)", offsetof(struct mm_vmcoreinfo, kallsyms_token_table), true,
		false},
	{"SYMBOL(kallsyms_token_index)", offsetof(struct mm_vmcoreinfo, kallsyms_token_index), true,
		false},
	{"SYMBOL(kallsyms_offsets)", offsetof(struct mm_vmcoreinfo, kallsyms_offsets), true, false},
	{"SYMBOL(kallsyms_relative_base)", offsetof(struct mm_vmcoreinfo, kallsyms_relative_base),
		true, false},
	{"NUMBER(phys_base)", offsetof(struct mm_vmcoreinfo, phys_base), false, true},
	{"NUMBER(pgtable_l5_enabled)", offsetof(struct mm_vmcoreinfo, l5_enabled), false, false},
	{"NUMBER(sme_mask)", offsetof(struct mm_vmcoreinfo, sme_mask), false, false},
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* A whole text of one number. Negative ones wrap, as the kernel's own arithmetic does. */
static int parse_number(const char *text, size_t len, bool is_hex, uint64_t *ret_value)
{
	bool is_negative = !is_hex && len && *text == '-';
	uint64_t value = 0, base = is_hex ? 16 : 10;
	size_t i = is_negative;
	int digit;

	if (len - i > 2 && text[i] == '0' && text[i + 1] == 'x') {
		base = 16;
		i += 2;
	}
	if (i >= len)
		return -EINVAL;
	for (; i < len; i++) {
		digit = digit_value(text[i]);
		if (digit < 0 || (uint64_t)digit >= base ||
			value > (UINT64_MAX - (uint64_t)digit) / base)
			return -EINVAL;
		value = value * base + (uint64_t)digit;
	}
	*ret_value = is_negative ? 0 - value : value;
	return 0;
}

static int take_release(const char *text, size_t len, struct mm_vmcoreinfo *info)
{
	size_t i;

	if (!len || len >= sizeof(info->release))
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return -EINVAL;
	memcpy(info->release, text, len);
	return 0;
}

static int take_line(const char *line, size_t len, struct mm_vmcoreinfo *info, bool seen[KEY_COUNT])
{
	const char *equals = memchr(line, '=', len);
	size_t name_len, i;

	if (!equals)
		return 0;
	name_len = (size_t)(equals - line);
	for (i = 0; i < KEY_COUNT; i++) {
		if (strlen(keys[i].name) != name_len || memcmp(keys[i].name, line, name_len) != 0)
			continue;
		if (seen[i])
			return 0;
		seen[i] = true;
		return parse_number(equals + 1, len - name_len - 1, keys[i].is_hex,
			(uint64_t *)((char *)info + keys[i].at));
	}
	return 0;
}

/* A key that is needed has been seen, or another one for the same thing. */
static bool is_satisfied(size_t at, const bool seen[KEY_COUNT])
{
	size_t i;

	for (i = 0; i < KEY_COUNT; i++)
		if (keys[i].at == at && seen[i])
			return true;
	return false;
}

int mm_vmcoreinfo_parse(const char *text, size_t size, struct mm_vmcoreinfo *ret_info)
{
	struct mm_vmcoreinfo info = {.release = ""};
	bool seen[KEY_COUNT] = {false};
	const char *end = memchr(text, '\0', size), *line = text, *stop;
	size_t i;
	int r;

	if (!end)
		end = text + size;
	if ((size_t)(end - text) < MM_VMCOREINFO_MARK_SIZE ||
		memcmp(text, MM_VMCOREINFO_MARK, MM_VMCOREINFO_MARK_SIZE) != 0)
		return -EINVAL;
	for (; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			stop = end;
		if (line == text)
			r = take_release(line + MM_VMCOREINFO_MARK_SIZE,
				(size_t)(stop - line) - MM_VMCOREINFO_MARK_SIZE, &info);
		else
			r = take_line(line, (size_t)(stop - line), &info, seen);
		if (r < 0)
			return r;
		if (stop == end)
			break;
	}
	for (i = 0; i < KEY_COUNT; i++)
		if (keys[i].is_required && !is_satisfied(keys[i].at, seen))
			return -EINVAL;
	*ret_info = info;
	return 0;
}
