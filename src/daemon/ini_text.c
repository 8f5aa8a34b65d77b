/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libinih splits lines into key and value. It is lenient: it cuts long lines, joins indented ones to the value before,
 * ignores what follows a section's ']', and ends at a zero byte. So each line is made plain, or refused, before it
 * gets there, and sections are read here.
 */
#include "ini_text.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

int mm_ini_fail(struct mm_ini *ini, const char *format, ...)
{
	va_list args;

	if (ini->has_failed)
		return -EINVAL;
	ini->has_failed = true;
	ini->fault.line = ini->line;
	va_start(args, format);
	vsnprintf(ini->fault.text, sizeof(ini->fault.text), format, args);
	va_end(args);
	return -EINVAL;
}

/* ---- lines ----------------------------------------------------------------------------------- */

struct slice {
	const char *text;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice trim(struct slice s)
{
	while (s.len && is_blank(s.text[0])) {
		s.text++;
		s.len--;
	}
	while (s.len && is_blank(s.text[s.len - 1]))
		s.len--;
	return s;
}

/* Without the comment, which begins at the start or behind a blank. */
static struct slice cut_comment(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.text[i] == '#' || s.text[i] == ';') && (i == 0 || is_blank(s.text[i - 1])))
			s.len = i;
	return trim(s);
}

/* Cuts the next line off, if it holds nothing odd. Returns 1, 0 at the end, or -EINVAL. */
static int cut_line(struct mm_ini *ini, struct slice *ret_line)
{
	const char *start = ini->text + ini->pos;
	const char *end = ini->pos < ini->len ? memchr(start, '\n', ini->len - ini->pos) : NULL;
	struct slice s = {start, end ? (size_t)(end - start) : ini->len - ini->pos};

	if (ini->pos >= ini->len)
		return 0;
	ini->pos += s.len + 1;
	ini->line++;
	if (s.len && s.text[s.len - 1] == '\r')
		s.len--;
	if (ini->line == 1 && s.len >= 3 && !memcmp(s.text, BYTE_ORDER_MARK, 3))
		s = (struct slice){s.text + 3, s.len - 3};
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.text[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return mm_ini_fail(ini, "byte 0x%02x: not a line of text", c);
	}
	*ret_line = trim(s);
	return 1;
}

/* Copies a slice into a text of MM_INI_LINE_MAX + 1 bytes. */
static int copy_line(struct mm_ini *ini, struct slice s, char *dst)
{
	if (s.len > MM_INI_LINE_MAX)
		return mm_ini_fail(ini, "longer than %d bytes", MM_INI_LINE_MAX);
	memcpy(dst, s.text, s.len);
	dst[s.len] = '\0';
	return 0;
}

/* ---- sections -------------------------------------------------------------------------------- */

/* It ends at the first ']' with nothing but a comment behind: "[guest [a-c]*] # three". 0: it does not end. */
static size_t find_section_end(struct slice s)
{
	for (size_t i = 1; i < s.len; i++) {
		struct slice rest = {s.text + i + 1, s.len - i - 1};

		if (s.text[i] == ']' &&
			(rest.len == 0 || (is_blank(rest.text[0]) && cut_comment(rest).len == 0)))
			return i;
	}
	return 0;
}

static int read_section(struct mm_ini *ini, struct slice line)
{
	size_t end = find_section_end(line);
	char name[MM_INI_LINE_MAX + 1] = "";

	if (!end)
		return mm_ini_fail(ini, "%s", ini->calls->section_form);
	if (copy_line(ini, trim((struct slice){line.text + 1, end - 1}), name))
		return -EINVAL;
	return ini->calls->section(ini->arg, name);
}

/* ---- libinih's calls -------------------------------------------------------------------------- */

/* What is left of a line once blanks, comments and sections are gone: "" or "key = value". */
static int make_plain(struct mm_ini *ini, struct slice line, char *dst)
{
	const char *equals, *colon;

	dst[0] = '\0';
	if (line.len && line.text[0] == '[')
		return read_section(ini, line);
	if (copy_line(ini, cut_comment(line), dst) || !*dst)
		return ini->has_failed ? -EINVAL : 0;
	equals = strchr(dst, '=');
	colon = strchr(dst, ':'); /* libinih would take that for a '=' */
	if (!equals || equals == dst || (colon && colon < equals))
		return mm_ini_fail(ini, "not of the form KEY = VALUE");
	return 0;
}

/* In fgets' place: one plain line for each of the file, so that only what has a key reaches on_value(). */
static char *on_read(char *dst, int size, void *arg)
{
	char plain[MM_INI_LINE_MAX + 1] = "";
	struct mm_ini *ini = arg;
	struct slice line = {"", 0};

	if (ini->has_failed || cut_line(ini, &line) <= 0 || make_plain(ini, line, plain))
		return NULL;
	if (size < 2 || strlen(plain) + 2 > (size_t)size) {
		(void)mm_ini_fail(ini, "longer than %d bytes", size - 2);
		return NULL;
	}
	memcpy(dst, plain, strlen(plain) + 1);
	strcat(dst, "\n");
	return dst;
}

static int on_value(void *arg, const char *section, const char *key, const char *value)
{
	struct mm_ini *ini = arg;

	(void)section; /* it knows of none */
	return ini->calls->value(ini->arg, key, value) == 0;
}

int mm_ini_read(struct mm_ini *ini)
{
	int r = ini_parse_stream(on_read, ini, on_value, ini);

	if (r && !ini->has_failed)
		(void)mm_ini_fail(ini, "not of the form KEY = VALUE");
	return ini->has_failed ? -EINVAL : 0;
}
